//! Whole requests written by hand, and what the rule sets say of them.

use std::path::Path;

use babyshield_evaluate::written::{self, Written};
use babyshield_model::Finding;

use crate::judge::Judges;
use crate::tally::{Table, blocked};
use crate::work;

/// A request that level 1 judges wrongly.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) score: u32,
    pub(crate) findings: Vec<Finding>,
}

/// What was counted of one folder.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub(crate) kinds: Table<String>,
    pub(crate) wrong: Vec<Wrong>,
}

/// The folder of attacks and that of benign requests below `folder`.
pub(crate) fn run(folder: &Path, judges: &Judges, level: usize) -> Result<[Whole; 2], String> {
    let one = |name: &str, attacks| {
        let folder = folder.join(name);
        let all = written::read(&folder);
        let all = all.map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok::<_, String>(ask(&all, attacks, judges, level))
    };
    Ok([one("attacks", true)?, one("benign", false)?])
}

fn ask(all: &[Written], attacks: bool, judges: &Judges, level: usize) -> Whole {
    let results = work::each(all.len(), |at| {
        let verdicts = judges.ask(&all.get(at)?.message);
        let who = blocked(&verdicts);
        let own = verdicts.into_iter().nth(level).flatten();
        Some((who, own.filter(|own| own.blocked != attacks)))
    });
    let mut whole = Whole::default();
    for (written, result) in all.iter().zip(results) {
        let Some((who, wrong)) = result else { continue };
        whole
            .kinds
            .entry(written.kind.clone())
            .or_default()
            .add(who);
        whole.wrong.extend(wrong.map(|verdict| Wrong {
            kind: written.kind.clone(),
            name: written.name.clone(),
            score: verdict.score,
            findings: verdict.findings,
        }));
    }
    whole
}
