//! False positives: requests that nobody may block, and who does.

use std::collections::BTreeMap;
use std::path::Path;

use babyshield_corpus::{Corpus, Message};
use babyshield_model::Finding;
use serde_json::Value;

use crate::judge::{Judges, SETS, Verdict};
use crate::place::{get, post, with};
use crate::tally::{Count, Table, Times, blocked};
use crate::work;

/// The corpus that is reported; tuning looks at other seeds.
pub(crate) const SEED: u64 = 1;

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
    /// Ordinary and hard kinds.
    pub(crate) ease: [Count; 2],
    pub(crate) times: [Times; SETS],
    pub(crate) bytes: Vec<usize>,
    pub(crate) alarms: Vec<Alarm>,
}

/// A request with its kind and whether it is hard.
struct Item {
    kind: String,
    hard: bool,
    message: Message,
}

/// What a line becomes: requests, each with a word for the place.
type Make = dyn Fn(&[u8]) -> Vec<(&'static str, Message)>;

/// Asks about the corpus.
pub(crate) fn corpus(seed: u64, count: u64, judges: &Judges, level: usize) -> Result<Calm, String> {
    let corpus = Corpus::new(seed).map_err(|fault| fault.to_string())?;
    let items: Vec<Item> = corpus
        .distinct(count)
        .map(|sample| Item {
            kind: sample.kind.name.clone(),
            hard: sample.kind.hard,
            message: sample.message,
        })
        .collect();
    Ok(ask(&items, judges, level))
}

/// Asks about benign lists: paths, user agents, values that others took for attacks. The second
/// value names the lists that are not there.
pub(crate) fn lists(data: &Path, judges: &Judges, level: usize) -> (Calm, Vec<String>) {
    let mut items = Vec::new();
    let mut absent = Vec::new();
    let mut add = |file: &str, make: &Make| {
        let Ok(text) = std::fs::read(data.join(file)) else {
            absent.push(file.to_owned());
            return;
        };
        let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
            items.extend(make(line).into_iter().map(|(place, message)| Item {
                kind: format!("{file} ({place})"),
                hard: false,
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
            hard: false,
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
        let micros: [f64; SETS] = std::array::from_fn(|set| {
            let verdict = verdicts.get(set).and_then(Option::as_ref);
            verdict.map_or(0.0, |verdict| verdict.micros)
        });
        let who = blocked(&verdicts);
        let own = verdicts.into_iter().nth(level).flatten();
        Some((who, micros, own.filter(|own| own.blocked)))
    });
    let mut calm = Calm::default();
    for (item, result) in items.iter().zip(results) {
        if let Some((who, micros, alarm)) = result {
            calm.add(item, who, micros, alarm);
        }
    }
    calm.times.iter_mut().for_each(Times::sort);
    calm.bytes.sort_unstable();
    calm
}

impl Calm {
    fn add(&mut self, item: &Item, who: [bool; SETS], micros: [f64; SETS], alarm: Option<Verdict>) {
        self.kinds.entry(item.kind.clone()).or_default().add(who);
        let [ordinary, hard] = &mut self.ease;
        let ease = if item.hard { hard } else { ordinary };
        ease.add(who);
        for (times, micros) in self.times.iter_mut().zip(micros) {
            times.add(micros);
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

    pub(crate) fn total(&self) -> Count {
        crate::tally::sum(&self.ease)
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
    fn recorded_requests_are_taken_apart() {
        let message = recorded("POST http://h:1/a?b HTTP/1.1\nContent-Length: 9\n\nx=1\n");
        assert_eq!(message.target, b"http://h:1/a?b");
        assert_eq!(message.body, b"x=1");
        assert_eq!(message.header("content-length"), Some(&b"3"[..]));
    }
}
