//! A rule in plain words: what it looks at, what it undoes first, what it asks, what it does, and
//! what other rules and the plan make of it. For `babyshield rules explain`.

mod action;
mod operator;
mod pattern;
mod variable;

pub(crate) use operator::bytes;

use babyshield_model::{Diagnostics, Span};
use serde::Serialize;

use crate::hir::{
    self, Action, Changed, Disruption, Jump, Link, Phase, Rule, RuleSet, Step, Template,
};
use crate::plan::{Explained, Plan};
use crate::source::Files;
use crate::spec::Spec;
use crate::transform::Transform;

/// What there is to say about one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Its id.
    pub id: u64,
    /// `file:line`.
    pub place: String,
    /// 1 to 5.
    pub phase: u8,
    /// When that is.
    pub when: &'static str,
    /// Its message, macros as written.
    pub message: Option<String>,
    /// `critical` and the like.
    pub severity: Option<&'static str>,
    /// Its tags, macros as written.
    pub tags: Vec<String>,
    /// The paranoia level its tags name.
    pub level: Option<u8>,
    /// `ver`.
    pub version: Option<String>,
    /// All of them have to hold, one after the other.
    pub conditions: Vec<Condition>,
    /// What a full match does to the request, and to whom it is told.
    pub outcome: Vec<String>,
    /// Other directives and rules that change it, each with its place.
    pub changes: Vec<Change>,
    /// What the compiled rules make of it.
    pub plan: Explained,
}

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// `file:line`.
    pub place: String,
    /// The values it looks at; none of a `SecAction`, which asks nothing.
    pub looks_at: Vec<String>,
    /// What it leaves out of them.
    pub leaves_out: Vec<String>,
    /// What is done to each value before, in order.
    pub undoes: Vec<Undone>,
    /// Whether every stage of that is looked at, too.
    pub each_stage: bool,
    /// What it asks.
    pub asks: String,
    /// The pattern it asks by, if it does.
    pub pattern: Option<Pattern>,
    /// What each value that matches does.
    pub does: Vec<String>,
}

/// A transformation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// As rule files have it.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// A pattern, taken apart for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pattern {
    /// As written.
    pub text: String,
    /// Its main alternatives, readable; none where there is but one.
    pub alternatives: Vec<String>,
    /// How many more of them there are.
    pub more: usize,
    /// Words in it.
    pub words: Vec<String>,
    /// Whether it needs look-around or back references, and runs with a limit on its steps.
    pub backtracks: bool,
}

/// Something that changes a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `file:line`.
    pub place: String,
    /// What it does to the rule.
    pub what: String,
}

/// A rule that may not be there.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// It is in force.
    Rule(Box<Explanation>),
    /// A directive has taken it away.
    Removed(Change),
    /// There never was one.
    Unknown,
}

/// Rules that can be asked about.
#[derive(Debug)]
pub struct Explainer {
    set: RuleSet,
    plan: Plan,
}

impl Explainer {
    /// Reads and compiles the rules.
    ///
    /// # Errors
    /// Every fault found in any file, with its place.
    pub fn new(spec: &Spec, files: &dyn Files) -> Result<Self, Diagnostics> {
        let (set, plan) = Plan::compile_with_set(spec, files)?;
        Ok(Self { set, plan })
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.set.steps.iter().filter_map(|step| match step {
            Step::Rule(rule) => Some(rule.as_ref()),
            Step::Marker(_) => None,
        })
    }

    /// The ids of all rules in force, in their order.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.rules().map(|rule| rule.id)
    }

    /// Explains the rule of this id.
    #[must_use]
    pub fn explain(&self, id: u64) -> Asked {
        let found = self.rules().enumerate().find(|(_, rule)| rule.id == id);
        let Some((at, rule)) = found else {
            let mut changes = self.set.changes.iter();
            let removed = changes.find(|own| own.rule == id && own.what == Changed::Removed);
            return match removed {
                Some(own) => Asked::Removed(changed(&own.span, &own.what)),
                None => Asked::Unknown,
            };
        };
        Asked::Rule(Box::new(Explanation {
            id,
            place: place(&rule.span),
            phase: rule.phase.number(),
            when: when(rule.phase),
            message: rule.meta.message.as_ref().map(written),
            severity: rule.meta.severity.map(hir::RuleSeverity::as_str),
            tags: rule.meta.tags.iter().map(written).collect(),
            level: level(rule),
            version: rule.meta.version.clone(),
            conditions: rule.links.iter().map(condition).collect(),
            outcome: outcome(rule),
            changes: self.changes(rule),
            plan: self.plan.explained(at, rule),
        }))
    }

    /// What changes a rule: directives, and actions of other rules.
    fn changes(&self, own: &Rule) -> Vec<Change> {
        let updates = self
            .set
            .changes
            .iter()
            .filter(|change| change.rule == own.id);
        let mut all: Vec<Change> = updates
            .map(|change| changed(&change.span, &change.what))
            .collect();
        for rule in self.rules() {
            let actions = rule.links.iter().flat_map(|link| &link.actions);
            for found in actions.filter_map(|action| action::takes_away(action, own)) {
                all.push(Change {
                    place: place(&rule.span),
                    what: format!("rule {}, where it matches, {found}", rule.id),
                });
            }
        }
        all
    }
}

/// `file:line`.
fn place(span: &Span) -> String {
    hir::place(span).to_string()
}

fn when(phase: Phase) -> &'static str {
    match phase {
        Phase::RequestHead => "once the request's head is there",
        Phase::RequestBody => "once the request's body is there",
        Phase::ResponseHead => "once the response's head is there",
        Phase::ResponseBody => "once the response's body is there",
        Phase::Logging => "once everything is over, refused requests too",
    }
}

fn level(rule: &Rule) -> Option<u8> {
    let mut tags = rule.plain_tags();
    tags.find_map(|tag| tag.strip_prefix("paranoia-level/")?.parse().ok())
}

/// A text as rule files have it.
fn written(text: &Template) -> String {
    let piece = |piece: &hir::Piece| match piece {
        hir::Piece::Plain(text) => text.clone(),
        hir::Piece::Macro(target) => {
            let name = target.variable.name();
            match &target.selector {
                hir::Selector::All => format!("%{{{name}}}"),
                hir::Selector::Name(own) | hir::Selector::Pattern(own) => {
                    format!("%{{{name}.{own}}}")
                }
                hir::Selector::Path(own) => format!("%{{{name}:{own}}}"),
            }
        }
    };
    text.0.iter().map(piece).collect()
}

fn condition(link: &Link) -> Condition {
    let targets = link.targets.clone().unwrap_or_default();
    let steps = link.transforms.iter();
    let steps = steps.filter(|step| **step != Transform::None);
    let (asks, pattern) = match link.targets {
        Some(_) => operator::asks(&link.operator, link.negated),
        None => ("nothing: it always matches".to_owned(), None),
    };
    let mut does: Vec<String> = link.actions.iter().map(action::does).collect();
    if link.capture {
        does.push("keeps what the groups matched as TX:0 to TX:9".to_owned());
    }
    Condition {
        place: place(&link.span),
        looks_at: targets.included.iter().map(variable::looks_at).collect(),
        leaves_out: targets.excluded.iter().map(variable::looks_at).collect(),
        undoes: steps
            .map(|step| Undone {
                name: step.name(),
                meaning: step.meaning(),
            })
            .collect(),
        each_stage: link.multi_match,
        asks,
        pattern,
        does,
    }
}

fn outcome(rule: &Rule) -> Vec<String> {
    let mut all = vec![action::disrupts(&rule.disruption, rule.status)];
    match &rule.jump {
        Jump::Next => {}
        Jump::Skip(count) => all.push(format!("passes over the next {count} rules of its phase")),
        Jump::After(marker) => all.push(format!("goes on after `{marker}`")),
    }
    all.push(match (rule.log, rule.audit) {
        (true, true) => "is told as a finding, and makes an audit record".to_owned(),
        (true, false) => "is told as a finding, without an audit record".to_owned(),
        (false, true) => "is not told, but makes an audit record".to_owned(),
        (false, false) => "is not told to anybody".to_owned(),
    });
    if let Some(data) = &rule.meta.log_data {
        all.push(format!("says of what it found: {}", written(data)));
    }
    if rule.disruption == Disruption::Pass {
        let scores = rule.links.iter().flat_map(|link| &link.actions);
        let counts = |own: &&Action| action::scores(own);
        if scores.clone().any(|own| counts(&own)) {
            all.push(
                "counts toward the sum that another rule compares with a threshold".to_owned(),
            );
        }
    }
    all
}

fn changed(span: &Span, what: &Changed) -> Change {
    let what = match what {
        Changed::Removed => "takes it away".to_owned(),
        Changed::Targets(text) => format!("changes what it looks at: {text}"),
        Changed::Actions(text) => format!("changes its actions: {text}"),
    };
    Change {
        place: place(span),
        what,
    }
}
