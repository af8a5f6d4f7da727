//! `evaluate/results.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::attack::{Attacks, Class, HELD_BACK, Source};
use crate::judge::{CRS, Judges, NAMES, SETS};
use crate::offence::Detection;
use crate::peace::{Alarm, Calm, PROBES, by_rule};
use crate::tally::{Count, sum};
use crate::whole::Whole;

/// Everything a run found out.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) command: String,
    pub(crate) attacks: Attacks,
    pub(crate) detection: Option<Detection>,
    pub(crate) corpus: Option<Calm>,
    pub(crate) lists: Option<Calm>,
    pub(crate) csic: [Option<Calm>; 2],
    /// Requests written by hand: attacks, benign ones.
    pub(crate) whole: Option<[Whole; 2]>,
    /// CPU time of the text model in microseconds for 1,024 bytes.
    pub(crate) weighing: f64,
    /// Data that is not there.
    pub(crate) skipped: Vec<String>,
}

const ABOUT: &str = "Both rule sets judge the same bytes in the same engine; a request counts as blocked when \
the rule set alone would refuse it in `enforce` mode (no lists of paths, agents or networks, no limits). \
Figures are percent of requests. `CRS for an API` is CRS 3.3.4 at paranoia level 1 with the methods, \
content types and character sets allowed that APIs and browsers use (its defaults forbid PUT, PATCH, DELETE and \
text/plain, among others), so that what it blocks is about attacks.\n";

/// The whole report.
pub(crate) fn write(found: &Findings, judges: &Judges) -> String {
    let columns: Vec<usize> = (0..SETS).filter(|set| judges.has(*set)).collect();
    let mut text = format!(
        "# What the built-in rules find, and what they leave alone\n\n\
         Written by `{}`; not edited by hand. {ABOUT}",
        found.command
    );
    let table = Writer { columns: &columns };
    summary(&mut text, found, &table);
    if let Some(detection) = &found.detection {
        detections(&mut text, detection, &table);
    }
    if let Some(calm) = &found.corpus {
        corpus(&mut text, calm, &table);
    }
    others(&mut text, found, &table);
    written(&mut text, found, &table);
    split(&mut text, found);
    text
}

struct Writer<'a> {
    columns: &'a [usize],
}

impl Writer<'_> {
    fn head(&self, text: &mut String, first: &str) {
        write!(text, "\n| {first} | requests |").ok();
        for name in self.columns.iter().filter_map(|set| NAMES.get(*set)) {
            write!(text, " {name} |").ok();
        }
        let rule = "---|".repeat(self.columns.len() + 2);
        writeln!(text, "\n|{rule}").ok();
    }

    fn row(&self, text: &mut String, name: &str, count: &Count, places: usize) {
        write!(text, "| {name} | {} |", count.requests).ok();
        for &set in self.columns {
            write!(text, " {:.places$} |", count.percent(set)).ok();
        }
        text.push('\n');
    }
}

type Halves = BTreeMap<(Source, Class), [Count; 2]>;

/// The sum of real attacks: without lists of probes, and without the mixed list, whose lines are
/// partly none.
fn attacks_of(table: &Halves, half: usize) -> Count {
    let real = table
        .iter()
        .filter(|((_, class), _)| !matches!(class, Class::Probe | Class::Mixed));
    sum(real.filter_map(|(_, halves)| halves.get(half)))
}

fn summary(text: &mut String, found: &Findings, table: &Writer<'_>) {
    text.push_str("\n## In short\n");
    table.head(text, "");
    if let Some(detection) = &found.detection {
        for (half, name) in [(0, "tuning part"), (1, "held-back part")] {
            let plain = attacks_of(&detection.plain, half);
            table.row(
                text,
                &format!("attacks found, sent plainly, {name}"),
                &plain,
                1,
            );
            let encoded = attacks_of(&detection.encoded, half);
            table.row(
                text,
                &format!("attacks found, encoded further, {name}"),
                &encoded,
                1,
            );
        }
    }
    if let Some([attacks, benign]) = &found.whole {
        let sum = |whole: &Whole| sum(whole.kinds.values());
        table.row(
            text,
            "whole attacks written by hand, found",
            &sum(attacks),
            1,
        );
        table.row(
            text,
            "whole benign requests written by hand, blocked",
            &sum(benign),
            3,
        );
    }
    if let Some(calm) = &found.corpus {
        table.row(text, "benign corpus blocked", &calm.total(), 3);
    }
    if let Some(calm) = &found.lists {
        table.row(text, "benign lists blocked", &calm.total(), 3);
    }
    if let Some(calm) = &found.csic[0] {
        table.row(text, "CSIC normal blocked", &calm.total(), 3);
    }
    if let Some(calm) = &found.csic[1] {
        table.row(text, "CSIC anomalous blocked (see below)", &calm.total(), 1);
    }
    costs(text, found, table);
}

fn costs(text: &mut String, found: &Findings, table: &Writer<'_>) {
    if let Some(calm) = &found.corpus {
        text.push_str("\nCPU time of one decision on the benign corpus, in µs:\n\n");
        text.push_str("| | median | mean | p99 |\n|---|---|---|---|\n");
        for set in [0, CRS]
            .into_iter()
            .filter(|set| table.columns.contains(set))
        {
            let (Some(name), Some(times)) = (NAMES.get(set), calm.times.get(set)) else {
                continue;
            };
            let (median, mean, p99) = (times.quantile(500), times.mean(), times.quantile(990));
            writeln!(text, "| {name} | {median:.1} | {mean:.1} | {p99:.1} |").ok();
        }
    }
    if found.weighing.is_finite() {
        writeln!(
            text,
            "\nThe text model takes {:.1} µs of CPU time for 1,024 bytes of a finding; it reads at most 336 \
             bytes of one, and only where a detector found something.",
            found.weighing
        )
        .ok();
    }
}

fn detections(text: &mut String, detection: &Detection, table: &Writer<'_>) {
    text.push_str("\n## Attacks by class\n");
    for (title, halves) in [
        (
            "Sent plainly (encoded only as a client must)",
            &detection.plain,
        ),
        ("Encoded further", &detection.encoded),
    ] {
        writeln!(text, "\n### {title}").ok();
        table.head(text, "list, class");
        for ((source, class), [tuning, held]) in halves {
            let name = format!("{}, {}", source.name(), class.name());
            table.row(text, &name, tuning, 1);
            table.row(text, &format!("{name}, held back"), held, 1);
        }
    }
    text.push_str("\n### By place, sent plainly, both parts\n");
    table.head(text, "place");
    for (context, count) in &detection.contexts {
        table.row(text, context.name(), count, 1);
    }
    text.push_str("\n### By encoding, every place, both parts\n");
    table.head(text, "encoding");
    for (encoding, count) in &detection.encodings {
        table.row(text, encoding.name(), count, 1);
    }
    writeln!(text, "\nMisses of the tuning part at level 1, by cause:\n").ok();
    let mut causes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for miss in &detection.misses {
        *causes
            .entry((miss.class.name(), miss.encoding.name()))
            .or_default() += 1;
    }
    text.push_str("| class | encoding | misses |\n|---|---|---|\n");
    for ((class, encoding), count) in causes {
        writeln!(text, "| {class} | {encoding} | {count} |").ok();
    }
}

fn corpus(text: &mut String, calm: &Calm, table: &Writer<'_>) {
    let middle = calm
        .bytes
        .get(calm.bytes.len() / 2)
        .copied()
        .unwrap_or_default();
    let largest = calm.bytes.last().copied().unwrap_or_default();
    writeln!(
        text,
        "\n## Benign corpus\n\n{} distinct requests of {} kinds, {middle} bytes in the median, {largest} \
         at most. Hard are free text, code, query languages and markup. Twins are the bytes of an attack \
         sent with good intent (a question that quotes one, a page with scripts), which nobody can tell \
         apart by content; they are no part of the sum.",
        calm.bytes.len(),
        calm.kinds.len()
    )
    .ok();
    table.head(text, "kind");
    let [ordinary, hard, twin] = &calm.ease;
    table.row(text, "ordinary", ordinary, 3);
    table.row(text, "hard", hard, 3);
    table.row(text, "twins, not in the sum", twin, 3);
    for (kind, count) in &calm.kinds {
        table.row(text, kind, count, 2);
    }
    causes(text, &calm.alarms);
}

fn causes(text: &mut String, alarms: &[Alarm]) {
    if alarms.is_empty() {
        return;
    }
    writeln!(text, "\nBlocked at level 1, by the rules that matched:\n").ok();
    text.push_str("| rules | requests | message of the first |\n|---|---|---|\n");
    for (rules, group) in by_rule(alarms) {
        let first = group.first().and_then(|alarm| alarm.findings.first());
        let message = first.map(|finding| finding.message.replace('|', "\\|"));
        writeln!(
            text,
            "| {rules} | {} | {} |",
            group.len(),
            message.unwrap_or_default()
        )
        .ok();
    }
}

fn others(text: &mut String, found: &Findings, table: &Writer<'_>) {
    if let Some(calm) = &found.lists {
        text.push_str(
            "\n## Benign lists\n\n`paths.txt` is what a public list calls ordinary paths; some fifty of its \
             lines are probes of scanners (`?page=http://…/rfiinc.txt?`, `art=|id|`). They are named in \
             `evaluate/probes.txt` by line and reason, and counted apart.\n",
        );
        table.head(text, "list");
        for (kind, count) in &calm.kinds {
            table.row(text, kind, count, 2);
        }
        let ordinary = calm.alarms.iter().filter(|own| !own.kind.contains(PROBES));
        causes(text, &ordinary.cloned().collect::<Vec<_>>());
    }
    let [normal, anomalous] = &found.csic;
    if normal.is_some() || anomalous.is_some() {
        text.push_str(
            "\n## CSIC 2010\n\nThe label `anomalous` is not `attack`: it also holds wrong types, unknown \
             parameters and misspelt names, which no rule without knowledge of that shop can or should \
             block. The figure for it is therefore no detection rate; it is there to compare.\n",
        );
        table.head(text, "label");
        for (name, calm) in [("normal", normal), ("anomalous", anomalous)] {
            if let Some(calm) = calm {
                table.row(text, name, &calm.total(), 2);
            }
        }
        if let Some(normal) = normal {
            causes(text, &normal.alarms);
        }
    }
}

fn written(text: &mut String, found: &Findings, table: &Writer<'_>) {
    let Some([attacks, benign]) = &found.whole else {
        return;
    };
    text.push_str(
        "\n## Whole requests written by hand\n\nExploits of real products and harmless requests that look \
         like them (`evaluate/requests`). They were written before anybody looked at what the rules say of \
         them, and are used for tuning since.\n",
    );
    table.head(text, "attacks");
    for (kind, count) in &attacks.kinds {
        table.row(text, kind, count, 1);
    }
    table.head(text, "benign");
    for (kind, count) in &benign.kinds {
        table.row(text, kind, count, 1);
    }
    for (title, whole) in [
        ("Attacks that pass level 1", attacks),
        ("Benign requests it blocks", benign),
    ] {
        if !whole.wrong.is_empty() {
            writeln!(text, "\n{title}:\n").ok();
        }
        for own in &whole.wrong {
            writeln!(text, "- {}: {}", own.kind, own.name).ok();
        }
    }
}

fn split(text: &mut String, found: &Findings) {
    let held = found
        .attacks
        .list
        .iter()
        .filter(|attack| attack.held)
        .count();
    writeln!(
        text,
        "\n## What was used for tuning\n\n\
         - Attack lists (`payloads/*`, `libinjection/data`): {} lines, of which {held} are held back by a \
         hash of the line ({HELD_BACK} %). The held-back part is counted and never printed. Lists hold \
         variants of one attack, so a held-back line may resemble one that was looked at.\n\
         - Left out: {} lines that are no attack by themselves (a bare word, one or two \
         characters, a word among signs such as `29%`, the name of a file in its own folder, an XML document \
         that declares and includes nothing), {} \
         that another list of the class has.\n\
         - `mixed` holds one query each of any sort; `probe` holds paths that scanners ask for, which \
         `block.paths` refuses and no rule can. Lines of either list go where they belong: to `probe` those \
         that are a path and plain parameters and nothing else. Both are left out of the sums.\n\
         - The benign corpus is generated by templates that developers see; requests of the reported seed \
         are not looked at one by one except where they are blocked.\n\
         - CSIC and the benign lists: not used for tuning.",
        found.attacks.list.len(),
        found.attacks.inert,
        found.attacks.repeated
    )
    .ok();
    if !found.skipped.is_empty() {
        writeln!(
            text,
            "- Skipped, since absent: {}.",
            found.skipped.join(", ")
        )
        .ok();
    }
}
