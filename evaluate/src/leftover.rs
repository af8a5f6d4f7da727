//! Files for whoever tunes the rules: what is still missed, what is blocked wrongly, by cause.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::offence::Miss;
use crate::peace::{Alarm, by_rule};
use crate::whole::Whole;

/// Examples of a group.
const EXAMPLES: usize = 1000;

/// Characters of a value.
const LONGEST: usize = 300;

/// Misses of the tuning part, by list, class, encoding and context.
pub(crate) fn misses(misses: &[Miss]) -> String {
    let mut groups: BTreeMap<String, Vec<&Miss>> = BTreeMap::new();
    for miss in misses {
        let name = format!(
            "{} / {} / {}",
            miss.source.name(),
            miss.class.name(),
            miss.encoding.name()
        );
        groups.entry(name).or_default().push(miss);
    }
    let mut text = format!("# Misses of the tuning part: {}\n", misses.len());
    for (name, group) in groups {
        let mut contexts: BTreeMap<&str, usize> = BTreeMap::new();
        group
            .iter()
            .for_each(|miss| *contexts.entry(miss.context.name()).or_default() += 1);
        let crs = group.iter().filter(|miss| miss.crs).count();
        // Writing to a string cannot fail.
        write!(
            text,
            "\n## {name}: {} (CRS finds {crs})\n\nby context:",
            group.len()
        )
        .ok();
        for (context, count) in contexts {
            write!(text, " {context} {count}").ok();
        }
        text.push('\n');
        for miss in group.iter().take(EXAMPLES) {
            let mark = if miss.crs { "CRS" } else { "" };
            let rules = miss.rules.join(",");
            let value = clip(&miss.value);
            writeln!(
                text,
                "{:<12} {:>2} {mark:<3} [{rules}] {value}",
                miss.context.name(),
                miss.score
            )
            .ok();
        }
    }
    text
}

/// Wrongly blocked requests, by the rules that matched.
pub(crate) fn alarms(alarms: &[Alarm]) -> String {
    let mut text = format!("# Benign requests blocked: {}\n", alarms.len());
    for (rules, group) in by_rule(alarms) {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        group
            .iter()
            .for_each(|alarm| *kinds.entry(&alarm.kind).or_default() += 1);
        write!(text, "\n## {rules}: {}\n\nby kind:", group.len()).ok();
        for (kind, count) in kinds {
            write!(text, " {kind} {count}").ok();
        }
        text.push('\n');
        for alarm in group.iter().take(EXAMPLES) {
            writeln!(text, "- {} (score {})", alarm.kind, alarm.score).ok();
            for finding in alarm
                .findings
                .iter()
                .filter(|own| !own.rule.starts_with("10900"))
            {
                let (rule, message, field) = (&finding.rule, &finding.message, &finding.field);
                let (matched, value) = (clip(&finding.matched), clip(&finding.value));
                writeln!(
                    text,
                    "    {rule} {message}\n      {field}: «{matched}» in «{value}»"
                )
                .ok();
            }
            let line = alarm.request.lines().next().unwrap_or_default();
            writeln!(text, "    {}", clip(line)).ok();
        }
    }
    text
}

/// Requests written by hand that are judged wrongly: attacks that pass, benign ones that do not.
pub(crate) fn wrong(whole: &[Whole; 2]) -> String {
    let mut text = String::new();
    for (title, whole) in ["Attacks that pass", "Benign requests blocked"]
        .iter()
        .zip(whole)
    {
        writeln!(text, "# {title}: {}\n", whole.wrong.len()).ok();
        for own in &whole.wrong {
            writeln!(text, "{}: {} (score {})", own.kind, own.name, own.score).ok();
            for finding in &own.findings {
                let (rule, field) = (&finding.rule, &finding.field);
                let (matched, value) = (clip(&finding.matched), clip(&finding.value));
                writeln!(text, "    {rule} {field}: «{matched}» in «{value}»").ok();
            }
        }
        text.push('\n');
    }
    text
}

fn clip(text: &str) -> String {
    let mut out: String = text.chars().take(LONGEST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out.escape_debug()
        .to_string()
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}
