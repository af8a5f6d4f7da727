use babyshield_waf::Wakes;
use babyshield_waf::explain::{Asked, Condition, Explainer, Explanation, Pattern};
use babyshield_waf::source::Disk;
use clap::Args;
use serde_json::json;

use super::Chosen;
use crate::output::{self, Exit, Failure, Format, Outcome};

/// Say in plain words what a rule looks for, what it does, and what changes it
///
/// What it looks at and leaves out, what it undoes first, what it asks (a pattern taken apart into
/// its alternatives and words), what a match does, which directives and which other rules change it,
/// and what the compiled rules make of it: whether it runs at all, what a value must hold for it to
/// be asked, and with how many rules it shares what it looks at.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 explained; 1 there is no such rule, or it was taken away; 2 \
                        the rules are wrong."
)]
pub(crate) struct Explain {
    /// Its id.
    id: u64,
    #[command(flatten)]
    pub(super) chosen: Chosen,
}

impl Explain {
    pub(super) fn execute(self) -> Outcome {
        let spec = self.chosen.loaded.spec()?;
        let rules = Explainer::new(&spec, &Disk).map_err(Failure::Faulty)?;
        let own = match rules.explain(self.id) {
            Asked::Rule(own) => own,
            Asked::Removed(change) => {
                let place = &change.place;
                let why = format!("rule {} is not in force: {place} takes it away", self.id);
                return self.refuse(&why, json!({ "id": self.id, "removed": change }));
            }
            Asked::Unknown => {
                let why = format!("there is no rule {} among these", self.id);
                return self.refuse(&why, json!({ "id": self.id, "unknown": true }));
            }
        };
        match self.chosen.format {
            Format::Json => output::print_json(&own)?,
            Format::Text => output::print(describe(&own))?,
        }
        Ok(Exit::Ok)
    }

    fn refuse(&self, why: &str, document: serde_json::Value) -> Outcome {
        if self.chosen.format == Format::Json {
            output::print_json(&document)?;
        }
        output::complain(why);
        Ok(Exit::Finding)
    }
}

/// A heading and what stands under it, one line each.
fn section(text: &mut String, head: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("  {head}\n"));
    for line in lines {
        text.push_str(&format!("    {line}\n"));
    }
}

fn describe(own: &Explanation) -> String {
    let mut text = format!("Rule {}", own.id);
    if let Some(message) = &own.message {
        text.push_str(&format!(": {message}"));
    }
    text.push_str(&format!(
        "\n{}, phase {}: {}\n",
        own.place, own.phase, own.when
    ));
    let level = own.level.map(|level| format!("paranoia level {level}"));
    let severity = own.severity.map(|severity| format!("severity {severity}"));
    let facts: Vec<String> = severity.into_iter().chain(level).collect();
    if !facts.is_empty() {
        text.push_str(&format!("{}\n", facts.join(", ")));
    }
    if !own.tags.is_empty() {
        text.push_str(&format!("tags: {}\n", own.tags.join(", ")));
    }
    let count = own.conditions.len();
    for (number, condition) in (1..).zip(&own.conditions) {
        text.push_str(&match (number, count) {
            (_, 1) => "\nIt looks\n".to_owned(),
            (1, _) => format!("\nCondition 1 of {count}: it looks\n"),
            _ => format!(
                "\nCondition {number}, where the one before holds ({}): it looks\n",
                condition.place
            ),
        });
        tell(&mut text, condition);
    }
    text.push_str("\nA match of it\n");
    for line in &own.outcome {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str("\nChanged by\n");
    for change in &own.changes {
        text.push_str(&format!("  {}: {}\n", change.place, change.what));
    }
    if own.changes.is_empty() {
        text.push_str("  nothing in these rules\n");
    }
    text + &compiled(own)
}

fn tell(text: &mut String, own: &Condition) {
    section(text, "at", &own.looks_at);
    section(text, "but not at", &own.leaves_out);
    let steps: Vec<String> = own
        .undoes
        .iter()
        .map(|step| format!("{}: {}", step.name, step.meaning))
        .collect();
    let head = match own.each_stage {
        true => "after each of these, in order, and before them",
        false => "after these, in order",
    };
    section(text, head, &steps);
    section(text, "and asks", std::slice::from_ref(&own.asks));
    if let Some(pattern) = &own.pattern {
        taken_apart(text, pattern);
    }
    section(text, "each value that matches", &own.does);
}

fn taken_apart(text: &mut String, own: &Pattern) {
    section(text, "the pattern", std::slice::from_ref(&own.text));
    let mut each = own.alternatives.clone();
    if own.more > 0 {
        each.push(format!("… and {} more", own.more));
    }
    section(text, "which is one of", &each);
    if !own.words.is_empty() {
        section(text, "words in it", &[own.words.join("  ")]);
    }
    if own.backtracks {
        let note = "needs look-around or back references: it runs with a limit on its steps, and \
                    running out of them counts as a match";
        section(text, "note", &[note.to_owned()]);
    }
}

fn compiled(own: &Explanation) -> String {
    let plan = &own.plan;
    let mut text = "\nIn the plan\n".to_owned();
    if !plan.runs {
        text.push_str(
            "  left out: with these settings no request can reach it (a paranoia gate, or a \
             condition that no value of a TX variable can meet), or it could do nothing\n",
        );
        return text;
    }
    text.push_str(match plan.wakes {
        Wakes::Never => "  never asked\n",
        Wakes::Always => "  asked for every request that gets there\n",
        Wakes::Present => "  asked wherever there is a value\n",
        Wakes::Literals => "  asked where a value has what every match must have\n",
        Wakes::Mismatch => "  asked where a value does not match the pattern\n",
        Wakes::Detector => "  asked where the detector has found something\n",
    });
    section(&mut text, "which is, one of", &plan.must_have);
    section(&mut text, "looks through", &plan.views);
    text
}
