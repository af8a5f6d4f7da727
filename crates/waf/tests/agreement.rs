//! The plan agrees with the naive reading of the rules, on everything.
//!
//! Requests are those of the CRS suites, changed at random, and requests made of whole cloth for
//! rule sets made of whole cloth. Runs are the same each time; `BABYSHIELD_SEED` gives another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    reason = "a test"
)]

mod reference;
mod requests;
mod rulesets;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use babyshield_waf::hir::Input;
use babyshield_waf::source::Files;
use babyshield_waf::{Limits, Plan, Spec, builtin, source};
use reference::{Reference, Request, planned};
use requests::Random;

/// The plan, the plan without its shortcuts, and the reference, of one rule set.
struct Judges {
    plan: Arc<Plan>,
    plain: Arc<Plan>,
    reference: Reference,
}

impl Judges {
    fn new(inline: Vec<(String, String)>, files: &dyn Files) -> Self {
        let limits = Limits {
            time: std::time::Duration::MAX,
            ..Limits::default()
        };
        let inputs: Vec<Input> = inline
            .iter()
            .map(|(name, text)| Input::Text(name.clone(), text.clone()))
            .collect();
        let spec = Spec {
            rules: Vec::new(),
            inline,
            limits: limits.clone(),
            ..Spec::default()
        };
        let compile = || match Plan::compile(&spec, files) {
            Ok(compiled) => compiled.plan,
            Err(faults) => {
                let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                panic!("{}", lines.join("\n"))
            }
        };
        Self {
            plan: Arc::new(compile()),
            plain: Arc::new(compile().without_shortcuts()),
            reference: Reference::new(&inputs, files, limits),
        }
    }

    /// Panics where they differ.
    fn agree(&self, request: &Request, about: &str) -> usize {
        let wanted = self.reference.judge(request);
        for (which, plan) in [
            ("plan", &self.plan),
            ("plan without shortcuts", &self.plain),
        ] {
            let own = planned(plan, request);
            if own != wanted {
                panic!(
                    "{about}: the {which} differs from the reference\n{}\n{own:#?}\n{wanted:#?}",
                    show(request)
                );
            }
        }
        wanted.findings.len()
    }
}

fn show(request: &Request) -> String {
    let mut text = String::new();
    for part in [&request.method, &request.target, &request.version] {
        text.push_str(&format!("{} ", part.escape_ascii()));
    }
    for (name, value) in &request.headers {
        text.push_str(&format!(
            "\n{}: {}",
            name.escape_ascii(),
            value.escape_ascii()
        ));
    }
    text.push_str(&format!("\n\n{}", request.body.escape_ascii()));
    text
}

/// The files of a CRS checkout or installation, watching or not.
fn crs(setup: &Path, rules: &Path) -> Option<Vec<(String, String)>> {
    let text = |path: &Path| std::fs::read_to_string(path).ok();
    let level = "SecAction \"id:80003,phase:1,pass,nolog,setvar:tx.paranoia_level=4,\
                 setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4\"\n";
    let mut inline = vec![
        (setup.display().to_string(), text(setup)?),
        ("level.conf".to_owned(), level.to_owned()),
    ];
    let mut files: Vec<PathBuf> = std::fs::read_dir(rules)
        .ok()?
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "conf"))
        .collect();
    files.sort();
    for path in files {
        inline.push((path.display().to_string(), text(&path)?));
    }
    Some(inline)
}

/// Every `every`th case of a suite as it is, and once changed at random.
fn suite(name: &str, cases: &Path, inline: Option<Vec<(String, String)>>, every: usize) {
    let (Some(inline), true) = (inline, cases.exists()) else {
        println!("skipped: the rules or the cases of {name} are absent");
        return;
    };
    let judges = Judges::new(inline, &source::Disk);
    let mut random = Random::seeded();
    let (mut run, mut found) = (0, 0);
    for (case, request) in requests::of_suite(cases) {
        run += 1;
        if run % every != 0 {
            continue;
        }
        found += judges.agree(&request, &case);
        let changed = requests::changed(&request, &mut random);
        found += judges.agree(&changed, &format!("{case}, changed"));
    }
    assert!(run > 1000 && found > 50, "{run} cases, {found} findings");
}

fn data(name: &str) -> PathBuf {
    #[allow(clippy::disallowed_methods, reason = "a test's own edge")]
    let folder = std::env::var("BABYSHIELD_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    folder.unwrap_or(beside).join(name)
}

#[test]
fn over_the_cases_of_crs_3() {
    let setup = Path::new("/etc/modsecurity/crs/crs-setup.conf");
    let rules = Path::new("/usr/share/modsecurity-crs/rules");
    suite(
        "CRS 3",
        &data("crs-3.3.4-tests"),
        crs(setup, rules),
        sample(),
    );
}

#[test]
fn over_the_cases_of_crs_4() {
    #[allow(clippy::disallowed_methods, reason = "a test's own edge")]
    let folder = std::env::var("BABYSHIELD_CRS4").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|_| data("crs-4.28.0"));
    let rules = crs(
        &folder.join("crs-setup.conf.example"),
        &folder.join("rules"),
    );
    suite("CRS 4", &data("crs-4.28.0-tests"), rules, sample());
}

/// The reference is slow: of a suite, one case in so many is judged. `BABYSHIELD_EVERY=1` for all.
fn sample() -> usize {
    #[allow(clippy::disallowed_methods, reason = "a test's own edge")]
    let every = std::env::var("BABYSHIELD_EVERY");
    every.ok().and_then(|own| own.parse().ok()).unwrap_or(100)
}

#[test]
fn over_the_builtin_rules() {
    let inline = builtin::FILES
        .iter()
        .map(|(name, text)| (format!("<builtin>/{name}"), (*text).to_owned()))
        .collect();
    let mut files = source::Memory::default();
    for (name, text) in builtin::DATA {
        let path = Path::new("<builtin>").join(name);
        files.0.insert(path, text.as_bytes().to_vec());
    }
    let judges = Judges::new(inline, &files);
    let mut random = Random::seeded();
    let mut found = 0;
    for _ in 0..60 {
        let request = requests::made(&mut random);
        found += judges.agree(&request, "made");
    }
    assert!(found > 10, "{found} findings");
}

#[test]
fn over_made_rules_and_made_requests() {
    let mut random = Random::seeded();
    let mut found = 0;
    for round in 0..rounds() {
        let rules = rulesets::made(&mut random);
        let judges = Judges::new(
            vec![("made.conf".to_owned(), rules.clone())],
            &source::Memory::default(),
        );
        for _ in 0..6 {
            let request = requests::made(&mut random);
            found += judges.agree(&request, &format!("round {round}\n{rules}"));
        }
    }
    assert!(found > 100, "{found} findings");
}

fn rounds() -> usize {
    #[allow(clippy::disallowed_methods, reason = "a test's own edge")]
    let rounds = std::env::var("BABYSHIELD_ROUNDS");
    rounds.ok().and_then(|own| own.parse().ok()).unwrap_or(400)
}
