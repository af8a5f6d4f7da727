//! The rule sets, and what they say of one request: the engine alone, as `babyshield replay` asks
//! it, without the layers before it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use babyshield_corpus::Message;
use babyshield_evaluate::decide::decide;
use babyshield_model::Finding;
use babyshield_waf::source::{Disk, Memory};
use babyshield_waf::{Files, Plan, Spec};
use rustix::time::{ClockId, clock_gettime};

/// The rule sets compared: the built-in one at each level, then the CRS at level 1 as it comes and
/// as somebody with an API would set it up.
pub(crate) const SETS: usize = 6;

/// The place of the CRS among the sets.
pub(crate) const CRS: usize = 4;

/// The sets' names.
pub(crate) const NAMES: [&str; SETS] = [
    "level 1",
    "level 2",
    "level 3",
    "level 4",
    "CRS 3.3.4 PL1",
    "CRS for an API",
];

/// Methods, types and headers that CRS 3.3.4 forbids unless told otherwise, and that ordinary
/// traffic is full of. Without this most of what it blocks would say nothing of its detection.
const FOR_AN_API: &str = r#"SecAction "id:80010,phase:1,pass,nolog,\
    setvar:'tx.allowed_methods=GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND REPORT MKCOL COPY MOVE',\
    setvar:'tx.restricted_headers=/proxy/',\
    setvar:'tx.allowed_request_content_type_charset=utf-8|iso-8859-1|iso-8859-15|windows-1252|utf-16|gbk|euc-kr|shift_jis|windows-1251'"
"#;

/// What is taken out again.
const NOT_FOR_AN_API: &str = "SecRuleRemoveById 920420\n";

/// The rule sets that take part; one that is absent, or not asked for, is `None`.
#[derive(Debug)]
pub(crate) struct Judges([Option<Arc<Plan>>; SETS]);

/// What one rule set said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) blocked: bool,
    pub(crate) findings: Vec<Finding>,
    pub(crate) score: u32,
}

impl Judges {
    /// Compiles rules, such as `builtin`, at the levels asked for, and the CRS of a folder.
    pub(crate) fn load(rules: &Path, levels: &[u8], crs: Option<&Path>) -> Result<Self, String> {
        let mut sets = [const { None }; SETS];
        for (level, set) in (1..=4_u8).zip(&mut sets) {
            if levels.contains(&level) {
                *set = Some(compile(vec![rules.to_owned()], level, "")?);
            }
        }
        if let (Some(folder), Some([as_it_comes, for_an_api])) = (crs, sets.get_mut(CRS..)) {
            *as_it_comes = Some(compile(vec![folder.to_owned()], 1, "")?);
            let setup = PathBuf::from(SETUP);
            *for_an_api = Some(compile(vec![setup, folder.to_owned()], 1, NOT_FOR_AN_API)?);
        }
        Ok(Self(sets))
    }

    pub(crate) fn has(&self, set: usize) -> bool {
        self.0.get(set).is_some_and(Option::is_some)
    }

    /// CPU time of one decision of a set, in microseconds; 0 of one that does not take part.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a decision takes far less than 2^52 ns"
    )]
    pub(crate) fn time(&self, set: usize, message: &Message) -> f64 {
        let Some(plan) = self.0.get(set).and_then(Option::as_ref) else {
            return 0.0;
        };
        let before = clock_gettime(ClockId::ThreadCPUTime);
        verdict(plan, message);
        let after = clock_gettime(ClockId::ThreadCPUTime);
        let (seconds, nanos) = (after.tv_sec - before.tv_sec, after.tv_nsec - before.tv_nsec);
        seconds as f64 * 1e6 + nanos as f64 / 1e3
    }

    /// What every set says; `None` of those that do not take part.
    pub(crate) fn ask(&self, message: &Message) -> [Option<Verdict>; SETS] {
        std::array::from_fn(|set| {
            let plan = self.0.get(set).and_then(Option::as_ref)?;
            Some(verdict(plan, message))
        })
    }
}

/// The disk, and the set-up above as a file of its own.
struct WithSetup(Memory);

const SETUP: &str = "for-an-api.conf";

impl Files for WithSetup {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.0.read(path).or_else(|_| Disk.read(path))
    }

    fn glob(&self, pattern: &Path) -> std::io::Result<Vec<PathBuf>> {
        let own = self.0.glob(pattern)?;
        if own.is_empty() {
            Disk.glob(pattern)
        } else {
            Ok(own)
        }
    }
}

fn compile(rules: Vec<PathBuf>, level: u8, after: &str) -> Result<Arc<Plan>, String> {
    let spec = Spec {
        rules,
        inline: vec![("after".to_owned(), after.to_owned())],
        level: Some(level),
        ..Spec::default()
    };
    let setup = (PathBuf::from(SETUP), FOR_AN_API.into());
    let files = WithSetup(Memory([setup].into()));
    match Plan::compile(&spec, &files) {
        Ok(compiled) => Ok(Arc::new(compiled.plan)),
        Err(faults) => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Err(format!("the rules do not load:\n{}", lines.join("\n")))
        }
    }
}

fn verdict(plan: &Arc<Plan>, message: &Message) -> Verdict {
    let (blocked, outcome) = decide(plan, message);
    Verdict {
        blocked,
        findings: outcome.findings,
        score: outcome.score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::get;

    #[test]
    fn an_attack_is_blocked_and_an_ordinary_request_is_not() {
        let judges = Judges::load(Path::new("builtin"), &[1], None).unwrap();
        assert!(judges.has(0) && !judges.has(CRS));
        let blocked = |target: &str| judges.ask(&get(target.into()))[0].clone().unwrap().blocked;
        assert!(blocked(
            "/?q=1'%20union%20select%20password%20from%20users--"
        ));
        assert!(!blocked("/?q=apples"));
    }
}
