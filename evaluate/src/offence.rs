//! Detection: attacks placed in requests, and who blocks them.

use std::collections::BTreeMap;

use crate::attack::{Attack, Class, Source, hash};
use crate::encoding::Encoding;
use crate::judge::{Judges, SETS};
use crate::place::{Context, place};
use crate::tally::{Table, blocked};
use crate::work;

/// What of all combinations is tried.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) classes: Vec<Class>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) encodings: Vec<Encoding>,
    /// Every context with every encoding for every line.
    pub(crate) full: bool,
    /// Lines of a list at most.
    pub(crate) lines: usize,
}

/// Requests that a small list is to give at least, by further contexts and encodings.
const LEAST: usize = 2000;

/// One attack in one place.
#[derive(Clone, Copy, Debug)]
struct Case<'a> {
    attack: &'a Attack,
    context: Context,
    encoding: Encoding,
}

/// A case of the tuning part that level 1 lets through.
#[derive(Clone, Debug)]
pub(crate) struct Miss {
    pub(crate) source: Source,
    pub(crate) class: Class,
    pub(crate) context: Context,
    pub(crate) encoding: Encoding,
    pub(crate) value: String,
    pub(crate) score: u32,
    /// Rules that matched all the same.
    pub(crate) rules: Vec<String>,
    /// Whether the CRS, set up for an API, blocks it.
    pub(crate) crs: bool,
}

/// Everything counted.
#[derive(Debug, Default)]
pub(crate) struct Detection {
    /// By source and class, sent plainly: the tuning part, the held-back part.
    pub(crate) plain: BTreeMap<(Source, Class), [crate::tally::Count; 2]>,
    /// The same in any other encoding.
    pub(crate) encoded: BTreeMap<(Source, Class), [crate::tally::Count; 2]>,
    pub(crate) contexts: Table<Context>,
    pub(crate) encodings: Table<Encoding>,
    pub(crate) misses: Vec<Miss>,
}

/// Places the attacks and asks every rule set.
pub(crate) fn run(attacks: &[Attack], choice: &Choice, judges: &Judges, level: usize) -> Detection {
    let cases = cases(attacks, choice);
    let results = work::each(cases.len(), |at| {
        let case = cases.get(at)?;
        Some(judge(case, judges, level))
    });
    let mut detection = Detection::default();
    for (case, result) in cases.iter().zip(results) {
        if let Some((blocked, miss)) = result {
            detection.add(case, blocked);
            detection.misses.extend(miss.filter(|_| !case.attack.held));
        }
    }
    detection
}

fn judge(case: &Case<'_>, judges: &Judges, level: usize) -> ([bool; SETS], Option<Miss>) {
    let message = place(case.attack, case.context, case.encoding);
    let verdicts = judges.ask(&message);
    let who = blocked(&verdicts);
    let own = verdicts.get(level).and_then(Option::as_ref);
    let miss = own.filter(|verdict| !verdict.blocked).map(|verdict| Miss {
        source: case.attack.source,
        class: case.attack.class,
        context: case.context,
        encoding: case.encoding,
        value: String::from_utf8_lossy(&case.attack.value).into_owned(),
        score: verdict.score,
        rules: verdict
            .findings
            .iter()
            .map(|finding| finding.rule.clone())
            .collect(),
        crs: who.last().copied().unwrap_or_default(),
    });
    (who, miss)
}

impl Detection {
    fn add(&mut self, case: &Case<'_>, blocked: [bool; SETS]) {
        let plain = case.encoding == Encoding::Plain;
        let table = if plain {
            &mut self.plain
        } else {
            &mut self.encoded
        };
        let halves = table
            .entry((case.attack.source, case.attack.class))
            .or_default();
        let [tuning, held] = halves;
        let half = if case.attack.held { held } else { tuning };
        half.add(blocked);
        // Probes are no attacks and would only blur places and encodings.
        if case.attack.class == Class::Probe {
            return;
        }
        if plain {
            self.contexts.entry(case.context).or_default().add(blocked);
        }
        self.encodings
            .entry(case.encoding)
            .or_default()
            .add(blocked);
    }
}

/// The combinations to try, chosen by the line alone: the same in every run.
fn cases<'a>(attacks: &'a [Attack], choice: &Choice) -> Vec<Case<'a>> {
    let mut lists: BTreeMap<(Source, Class), Vec<&Attack>> = BTreeMap::new();
    for attack in attacks
        .iter()
        .filter(|attack| choice.classes.contains(&attack.class))
    {
        lists
            .entry((attack.source, attack.class))
            .or_default()
            .push(attack);
    }
    let mut cases = Vec::new();
    for list in lists.values_mut() {
        list.sort_by_key(|attack| hash(&attack.value));
        list.truncate(choice.lines);
        let each = (LEAST / list.len().max(1)).max(2);
        for attack in list {
            let mut own = combinations(attack, choice);
            if !choice.full {
                own = sample(own, attack, each);
            }
            cases.extend(own);
        }
    }
    cases
}

fn combinations<'a>(attack: &'a Attack, choice: &Choice) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for &encoding in choice
        .encodings
        .iter()
        .filter(|own| own.suits(attack.class))
    {
        let contexts = choice
            .contexts
            .iter()
            .filter(|own| own.suits(attack, encoding));
        cases.extend(contexts.map(|&context| Case {
            attack,
            context,
            encoding,
        }));
    }
    cases
}

/// Half of them plain, half encoded, in an order that depends on the line.
fn sample<'a>(mut cases: Vec<Case<'a>>, attack: &Attack, each: usize) -> Vec<Case<'a>> {
    let seed = hash(&attack.value);
    cases.sort_by_key(|case| {
        let name = format!("{seed}{}{}", case.context.name(), case.encoding.name());
        hash(name.as_bytes())
    });
    let (plain, encoded): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .partition(|case| case.encoding == Encoding::Plain);
    let half = each.div_ceil(2);
    plain
        .into_iter()
        .take(half)
        .chain(encoded.into_iter().take(half))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attacks() -> Vec<Attack> {
        let one = |(at, value): (usize, &str)| Attack {
            source: Source::Payloads,
            class: Class::Sqli,
            value: value.into(),
            line: value.into(),
            held: at == 1,
        };
        ["1' union select password from users--", "' or sleep(5)#"]
            .into_iter()
            .enumerate()
            .map(one)
            .collect()
    }

    fn choice() -> Choice {
        Choice {
            classes: Class::ALL.to_vec(),
            contexts: Context::ALL.to_vec(),
            encodings: Encoding::ALL.to_vec(),
            full: false,
            lines: 10,
        }
    }

    #[test]
    fn the_sample_is_the_same_in_every_run() {
        let attacks = attacks();
        let names = || -> Vec<_> {
            let cases = cases(&attacks, &choice());
            cases
                .iter()
                .map(|case| (case.context, case.encoding))
                .collect()
        };
        assert_eq!(names(), names());
        assert!(names().len() > 50, "{}", names().len());
    }

    #[test]
    fn misses_of_the_held_back_part_are_counted_and_never_kept() {
        let judges = Judges::load("builtin".as_ref(), &[1], None).unwrap();
        let mut choice = choice();
        choice.encodings = vec![Encoding::Plain];
        choice.contexts = vec![Context::Query];
        let mut attacks = attacks();
        attacks[0].value = b"perfectly ordinary".to_vec();
        attacks[1].value = b"as ordinary".to_vec();
        let detection = run(&attacks, &choice, &judges, 0);
        let [tuning, held] = detection.plain[&(Source::Payloads, Class::Sqli)];
        assert_eq!((tuning.requests, held.requests), (1, 1));
        assert_eq!((tuning.blocked[0], held.blocked[0]), (0, 0));
        let missed: Vec<&str> = detection
            .misses
            .iter()
            .map(|miss| miss.value.as_str())
            .collect();
        assert_eq!(missed, ["perfectly ordinary"]);
    }
}
