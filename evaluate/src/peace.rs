//! False positives: requests that nobody may block, and who does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use babyshield_corpus::{Corpus, Ease, Kind, Message};
use babyshield_model::Finding;
use serde_json::Value;

use crate::judge::{CRS, Judges, SETS, Verdict};
use crate::place::{get, post, with};
use crate::tally::{Count, Table, Times, blocked};
use crate::work;

/// Requests of the corpus whose decisions are timed: one rule set after the other, each alone on one
/// thread, as it would run in production.
const TIMED: usize = 10_000;

/// A benign request that level 1 blocks.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    /// What it belongs to: a kind of the corpus, or a list.
    pub(crate) kind: String,
    pub(crate) request: String,
    pub(crate) score: u32,
    pub(crate) findings: Vec<Finding>,
}

/// What was counted of one body of benign requests.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    pub(crate) kinds: Table<String>,
    /// Ordinary kinds, hard kinds, twins of attacks.
    pub(crate) ease: [Count; 3],
    /// What a decision costs, where that was measured.
    pub(crate) times: [Times; SETS],
    pub(crate) bytes: Vec<usize>,
    pub(crate) alarms: Vec<Alarm>,
}

/// A request with its kind.
struct Item {
    kind: String,
    ease: Ease,
    message: Message,
}

/// What is drawn of the corpus.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    pub(crate) seed: u64,
    pub(crate) count: u64,
    /// Only kinds whose names begin so, all alike; otherwise all, as common as they are.
    pub(crate) kinds: Vec<String>,
}

/// Asks about the corpus.
pub(crate) fn corpus(draw: &Draw, judges: &Judges, level: usize) -> Result<Calm, String> {
    let corpus = Corpus::new(draw.seed).map_err(|fault| fault.to_string())?;
    let items = drawn(&corpus, draw);
    let mut calm = ask(&items, judges, level);
    let timed = items.get(..TIMED).unwrap_or(&items);
    for (set, times) in calm.times.iter_mut().enumerate() {
        for item in timed.iter().filter(|_| set == 0 || set == CRS) {
            times.add(judges.time(set, &item.message));
        }
        times.sort();
    }
    Ok(calm)
}

fn drawn(corpus: &Corpus, draw: &Draw) -> Vec<Item> {
    let item = |kind: &Kind, message| Item {
        kind: kind.name.clone(),
        ease: kind.ease,
        message,
    };
    if draw.kinds.is_empty() {
        let samples = corpus.distinct(draw.count);
        return samples.map(|own| item(own.kind, own.message)).collect();
    }
    let wanted = |kind: &&Kind| {
        draw.kinds
            .iter()
            .any(|own| kind.name.starts_with(own.as_str()))
    };
    let kinds: Vec<&Kind> = corpus.kinds().iter().filter(wanted).collect();
    let each = draw.count / (kinds.len() as u64).max(1);
    let numbers = (0..each).flat_map(|number| kinds.iter().map(move |kind| (number, *kind)));
    numbers
        .map(|(number, kind)| item(kind, corpus.of_kind(kind, number)))
        .collect()
}

/// Lines of benign lists that are probes of scanners, and why.
const PROBED: &str = include_str!("../probes.txt");

/// What is told of such a line.
pub(crate) const PROBES: &str = ", probes of scanners";

/// The lists and lines that are named as probes.
fn probes(text: &str) -> BTreeSet<(&str, usize)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.splitn(3, ' ');
            Some((words.next()?, words.next()?.parse().ok()?))
        })
        .collect()
}

/// What a line becomes: requests, each with a word for the place.
type Make = dyn Fn(&[u8]) -> Vec<(&'static str, Message)>;

/// Asks about benign lists: paths, user agents, values that others took for attacks. The second
/// value names the lists that are not there.
pub(crate) fn lists(data: &Path, judges: &Judges, level: usize) -> (Calm, Vec<String>) {
    let mut items = Vec::new();
    let mut absent = Vec::new();
    let probes = probes(PROBED);
    let mut add = |file: &str, make: &Make| {
        let Ok(text) = std::fs::read(data.join(file)) else {
            absent.push(file.to_owned());
            return;
        };
        let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let lines = (1..).zip(lines);
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
        {
            let probe = probes.contains(&(file, number));
            let (what, ease) = match probe {
                true => (PROBES, Ease::Twin),
                false => ("", Ease::Ordinary),
            };
            items.extend(make(line).into_iter().map(|(place, message)| Item {
                kind: format!("{file}{what} ({place})"),
                ease,
                message,
            }));
        }
    };
    add("benign/paths.txt", &|line| {
        let slash: &[u8] = if line.starts_with(b"/") { b"" } else { b"/" };
        vec![("path", get([slash, line].concat()))]
    });
    add("benign/user-agents.txt", &|line| {
        vec![("user agent", with("User-Agent", line.to_vec()))]
    });
    add("libinjection/data/false_positives.txt", &|line| {
        let value = crate::encoding::percent(line, b"-_.!~*'()");
        let text = Value::from(String::from_utf8_lossy(line)).to_string();
        vec![
            ("query", get([b"/search?q=", &value[..]].concat())),
            (
                "form",
                post(
                    "application/x-www-form-urlencoded",
                    [b"q=", &value[..]].concat(),
                ),
            ),
            (
                "json",
                post("application/json", format!("{{\"q\":{text}}}").into_bytes()),
            ),
        ]
    });
    (ask(&items, judges, level), absent)
}

/// Asks about one part of CSIC: `normal` or `anomalous`.
pub(crate) fn csic(data: &Path, label: &str, judges: &Judges, level: usize) -> Option<Calm> {
    let text = std::fs::read_to_string(data.join("csic-2010-dev.jsonl")).ok()?;
    let items: Vec<Item> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|record| record.get("label").and_then(Value::as_str) == Some(label))
        .filter_map(|record| record.get("request").and_then(Value::as_str).map(recorded))
        .map(|message| Item {
            kind: label.to_owned(),
            ease: Ease::Ordinary,
            message,
        })
        .collect();
    Some(ask(&items, judges, level))
}

/// A request as CSIC records it: absolute target, version, bodies without their exact length.
fn recorded(text: &str) -> Message {
    let mut message = Message::of_template(text.as_bytes());
    let end = message
        .target
        .windows(6)
        .rposition(|part| part == b" HTTP/");
    message.target.truncate(end.unwrap_or(message.target.len()));
    let body = message.body.trim_ascii_end().len();
    message.body.truncate(body);
    for (name, value) in &mut message.headers {
        if name.eq_ignore_ascii_case(b"content-length") {
            *value = body.to_string().into_bytes();
        }
    }
    message
}

fn ask(items: &[Item], judges: &Judges, level: usize) -> Calm {
    let results = work::each(items.len(), |at| {
        let item = items.get(at)?;
        let verdicts = judges.ask(&item.message);
        let who = blocked(&verdicts);
        let own = verdicts.into_iter().nth(level).flatten();
        Some((who, own.filter(|own| own.blocked)))
    });
    let mut calm = Calm::default();
    for (item, result) in items.iter().zip(results) {
        if let Some((who, alarm)) = result {
            calm.add(item, who, alarm);
        }
    }
    calm.bytes.sort_unstable();
    calm
}

impl Calm {
    fn add(&mut self, item: &Item, who: [bool; SETS], alarm: Option<Verdict>) {
        self.kinds.entry(item.kind.clone()).or_default().add(who);
        let [ordinary, hard, twin] = &mut self.ease;
        match item.ease {
            Ease::Ordinary => ordinary.add(who),
            Ease::Hard => hard.add(who),
            Ease::Twin => twin.add(who),
        }
        let wire = item.message.to_bytes();
        self.bytes.push(wire.len());
        self.alarms.extend(alarm.map(|verdict| Alarm {
            kind: item.kind.clone(),
            request: String::from_utf8_lossy(wire.get(..4000).unwrap_or(&wire)).into_owned(),
            score: verdict.score,
            findings: verdict.findings,
        }));
    }

    /// Ordinary and hard requests; twins are attacks by content.
    pub(crate) fn total(&self) -> Count {
        let [ordinary, hard, _] = &self.ease;
        crate::tally::sum([ordinary, hard])
    }
}

/// Alarms by the rule that gave the most points' first finding, most frequent first.
pub(crate) fn by_rule(alarms: &[Alarm]) -> Vec<(String, Vec<&Alarm>)> {
    let mut groups: BTreeMap<String, Vec<&Alarm>> = BTreeMap::new();
    for alarm in alarms {
        let mut rules: Vec<&str> = alarm.findings.iter().map(|own| own.rule.as_str()).collect();
        rules.dedup();
        // The decision itself is no cause.
        rules.retain(|rule| !rule.starts_with("10900"));
        groups.entry(rules.join(" + ")).or_default().push(alarm);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, alarms)| std::cmp::Reverse(alarms.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_is_named_with_its_line_and_a_reason() {
        let lines = PROBED.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().all(|line| line.split(' ').count() > 2));
        assert_eq!(probes(PROBED).len(), lines.count());
    }

    #[test]
    fn recorded_requests_are_taken_apart() {
        let message = recorded("POST http://h:1/a?b HTTP/1.1\nContent-Length: 9\n\nx=1\n");
        assert_eq!(message.target, b"http://h:1/a?b");
        assert_eq!(message.body, b"x=1");
        assert_eq!(message.header("content-length"), Some(&b"3"[..]));
    }
}
