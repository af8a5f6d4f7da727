//! What is allowed and probably not meant: rules that do nothing, can never match, look for what
//! another looks for, and `TX` variables that are written or read in vain.

use std::collections::{BTreeMap, HashMap};

use babyshield_model::{Diagnostic, Diagnostics, Span};

use super::{
    Action, Assignment, Disruption, Jump, Link, Operator, Piece, Rule, RuleSet, Selector, Step,
    Store, Target, Template, Text,
};
use crate::operator::regex::Pattern;
use crate::transform::Transform;
use crate::variable::Variable;

/// Names that the engine itself reads once the rules have run.
const READ_BY_ENGINE: [&str; 5] = [
    "blocking_inbound_anomaly_score",
    "inbound_anomaly_score",
    "anomaly_score",
    "inbound_anomaly_score_threshold",
    "inbound_anomaly_score_level",
];

/// Looks a rule set over; warnings only, in the order of the rules.
#[must_use]
pub fn lint(set: &RuleSet) -> Diagnostics {
    let rules: Vec<&Rule> = set
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Rule(rule) => Some(rule.as_ref()),
            Step::Marker(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    let mut known: HashMap<String, u64> = HashMap::new();
    for rule in &rules {
        if is_useless(rule) {
            found.push(warning(rule, "lint.useless", "a match of it does nothing"));
        }
        if let Some(why) = rule
            .links
            .iter()
            .find_map(|link| never(link, set.settings.places.is_some()))
        {
            let message = format!("it can never match: {why}");
            found.push(warning(rule, "lint.never", &message));
        }
        if rule.links.iter().any(backtracks) {
            let message = "its pattern needs look-around or back references, which cost steps and \
                           may run out of them";
            found.push(warning(rule, "lint.backtracks", message));
        }
        let key = format!("{:?} {}", rule.phase, signature(rule));
        match known.get(&key) {
            Some(other) => {
                let message = format!("it looks for the same as rule {other}, in the same place");
                found.push(warning(rule, "lint.twin", &message));
            }
            None => drop(known.insert(key, rule.id)),
        }
    }
    Names::of(&rules).tell(&mut found);
    found
}

fn warning(rule: &Rule, code: &'static str, message: &str) -> Diagnostic {
    Diagnostic::warning(code, format!("rule {}: {message}", rule.id)).at(rule.span.clone())
}

fn is_useless(rule: &Rule) -> bool {
    let fills = |link: &Link| matches!(link.operator, Operator::GeoLookup);
    let acts = |link: &Link| link.capture || !link.actions.is_empty() || fills(link);
    rule.disruption == Disruption::Pass
        && !(rule.log || rule.audit)
        && rule.jump == Jump::Next
        && !rule.links.iter().any(acts)
}

/// Why a condition can never be true.
fn never(link: &Link, has_places: bool) -> Option<&'static str> {
    if link.negated {
        return None;
    }
    match &link.operator {
        Operator::Never => Some("`@noMatch` is never true"),
        Operator::GeoLookup if !has_places => Some("`SecGeoLookupDb` names no database to ask"),
        Operator::Rbl(_) => Some("rules make no network requests"),
        Operator::Text(kind, text) if *kind != Text::Within => {
            let text = text.as_plain()?.as_bytes();
            match link.transforms.last()? {
                Transform::Lowercase if text.iter().any(u8::is_ascii_uppercase) => {
                    Some("its values are in lower case, its parameter is not")
                }
                Transform::Uppercase if text.iter().any(u8::is_ascii_lowercase) => {
                    Some("its values are in upper case, its parameter is not")
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn backtracks(link: &Link) -> bool {
    match &link.operator {
        Operator::Rx(regex) | Operator::RxGlobal(regex) | Operator::Checksum(_, regex) => {
            regex.pattern.backtracks()
        }
        _ => false,
    }
}

/// Equal for rules that look for the same.
fn signature(rule: &Rule) -> String {
    let link = |link: &Link| {
        let operator = match &link.operator {
            Operator::Rx(regex) => format!("rx {}", regex.text),
            Operator::RxGlobal(regex) => format!("rxGlobal {}", regex.text),
            Operator::Checksum(kind, regex) => format!("{kind:?} {}", regex.text),
            other => format!("{other:?}"),
        };
        let (targets, steps) = (&link.targets, &link.transforms);
        let (negated, multi) = (link.negated, link.multi_match);
        format!("{targets:?} {negated} {operator} {steps:?} {multi}\n")
    };
    // Unconditional actions are no twins, and neither are gates that jump to different places.
    if rule.jump != Jump::Next || rule.links.iter().all(|link| link.targets.is_none()) {
        rule.id.to_string()
    } else {
        rule.links.iter().map(link).collect()
    }
}

/// The names in `TX` that rules write and read.
#[derive(Default)]
struct Names<'a> {
    written: BTreeMap<&'a str, Span>,
    /// Beginnings of names that are put together when a rule matches.
    begun: Vec<&'a str>,
    read: BTreeMap<&'a str, Span>,
    patterns: Vec<Pattern>,
    all: bool,
}

impl<'a> Names<'a> {
    fn of(rules: &[&'a Rule]) -> Self {
        let mut own = Self::default();
        for rule in rules {
            let meta = &rule.meta;
            let texts = meta.message.iter().chain(&meta.log_data).chain(&meta.tags);
            texts.for_each(|text| own.template(text, &rule.span));
            if let Disruption::Redirect(to) = &rule.disruption {
                own.template(to, &rule.span);
            }
            for link in &rule.links {
                own.link(link);
            }
        }
        own
    }

    fn link(&mut self, link: &'a Link) {
        let targets = link.targets.iter().flat_map(|targets| &targets.included);
        targets.for_each(|target| self.target(target, &link.span));
        match &link.operator {
            Operator::RxMacro(text) | Operator::Text(_, text) | Operator::Number(_, text) => {
                self.template(text, &link.span);
            }
            _ => {}
        }
        for action in &link.actions {
            match action {
                Action::SetVar(store, assignment) => self.set_var(store, assignment, &link.span),
                Action::ExpireVar(store, text) => {
                    self.template(&store.name, &link.span);
                    self.template(text, &link.span);
                }
                Action::Bind(_, text) => self.template(text, &link.span),
                Action::SetEnv(name, text) => {
                    self.template(name, &link.span);
                    self.template(text, &link.span);
                }
                Action::Ctl(_) => {}
            }
        }
    }

    fn set_var(&mut self, store: &'a Store, assignment: &'a Assignment, span: &Span) {
        self.template(&store.name, span);
        if let Assignment::Set(text) | Assignment::Add(text) | Assignment::Subtract(text) =
            assignment
        {
            self.template(text, span);
        }
        if store.collection != Variable::Tx {
            return;
        }
        match (store.name.as_plain(), store.name.0.first()) {
            (Some(name), _) => drop(self.written.entry(name).or_insert_with(|| span.clone())),
            (None, Some(Piece::Plain(start))) => self.begun.push(start),
            (None, _) => self.begun.push(""),
        }
    }

    fn template(&mut self, text: &'a Template, span: &Span) {
        for piece in &text.0 {
            if let Piece::Macro(target) = piece {
                self.target(target, span);
            }
        }
    }

    fn target(&mut self, target: &'a Target, span: &Span) {
        if target.variable != Variable::Tx {
            return;
        }
        match &target.selector {
            Selector::Name(name) => drop(self.read.entry(name).or_insert_with(|| span.clone())),
            Selector::Pattern(text) => {
                let compiled = Pattern::compile(text, &super::SELECTOR);
                self.patterns.extend(compiled);
            }
            Selector::All | Selector::Path(_) => self.all = true,
        }
    }

    fn tell(&self, found: &mut Diagnostics) {
        let reads = |name: &str| {
            self.all
                || self.read.keys().any(|own| own.eq_ignore_ascii_case(name))
                || READ_BY_ENGINE.contains(&name.to_ascii_lowercase().as_str())
                || self
                    .patterns
                    .iter()
                    .any(|own| own.is_match_alone(name.as_bytes()))
        };
        for (name, span) in self.written.iter().filter(|(name, _)| !reads(name)) {
            let message = format!("`tx.{name}` is written and never read");
            found.push(Diagnostic::warning("lint.unread", message).at(span.clone()));
        }
        let is_group =
            |name: &str| name.len() == 1 && name.as_bytes().iter().all(u8::is_ascii_digit);
        let writes = |name: &str| {
            is_group(name)
                || self
                    .written
                    .keys()
                    .any(|own| own.eq_ignore_ascii_case(name))
                || self.begun.iter().any(|start| {
                    name.get(..start.len())
                        .is_some_and(|own| own.eq_ignore_ascii_case(start))
                })
        };
        // The engine's own rules leave a variable to rule sets that want it.
        let own = |span: &Span| span.source.name == crate::plan::ENGINE_NAME;
        let unwritten = self.read.iter().filter(|(name, _)| !writes(name));
        for (name, span) in unwritten.filter(|(_, span)| !own(span)) {
            let message = format!("`tx.{name}` is read and never written");
            found.push(Diagnostic::warning("lint.unwritten", message).at(span.clone()));
        }
    }
}
