//! What actions do, in words.

use super::{variable, written};
use crate::hir::{
    Action, Allow, Assignment, AuditEngine, Ctl, Disruption, Engine, Processor, Rule, RuleSelector,
    Store, Target, Targets,
};
use crate::variable::Variable;

/// What a match does to the request.
pub(super) fn disrupts(own: &Disruption, status: Option<u16>) -> String {
    match own {
        Disruption::Pass => "lets the request go on".to_owned(),
        Disruption::Deny => format!("refuses the request with {}", status.unwrap_or(403)),
        Disruption::Drop => "closes the connection".to_owned(),
        Disruption::Redirect(to) => format!("sends the caller to {}", written(to)),
        Disruption::Allow(Allow::All) => {
            "lets the request through: no further rule looks at it or at its response".to_owned()
        }
        Disruption::Allow(Allow::Phase) => "passes over the rest of its phase".to_owned(),
        Disruption::Allow(Allow::Request) => {
            "lets the request through: only its response is still looked at".to_owned()
        }
    }
}

/// What it does for every value that matches.
pub(super) fn does(action: &Action) -> String {
    match action {
        Action::SetVar(store, how) => {
            let (name, score) = (stored(store), scores(action));
            let name = if score {
                format!("the score {name}")
            } else {
                name
            };
            match how {
                Assignment::Set(text) => format!("sets {name} to {}", quoted(&written(text))),
                Assignment::Add(text) => format!("adds {} to {name}", quoted(&written(text))),
                Assignment::Subtract(text) => {
                    format!("takes {} from {name}", quoted(&written(text)))
                }
                Assignment::Remove => format!("forgets {name}"),
            }
        }
        Action::ExpireVar(store, seconds) => {
            format!(
                "forgets {} after {} seconds",
                stored(store),
                written(seconds)
            )
        }
        Action::Bind(collection, key) => format!(
            "takes the collection {} that is kept for {}",
            collection.name(),
            quoted(&written(key))
        ),
        Action::SetEnv(name, text) => {
            format!("sets ENV:{} to {}", written(name), quoted(&written(text)))
        }
        Action::Ctl(own) => controls(own),
    }
}

fn controls(own: &Ctl) -> String {
    let switched = |on: &bool| if *on { "on" } else { "off" };
    match own {
        Ctl::Engine(Engine::On) => "enforces the rest of the rules".to_owned(),
        Ctl::Engine(Engine::DetectionOnly) => "has the rest of the rules only report".to_owned(),
        Ctl::Engine(Engine::Off) => "switches the rest of the rules off".to_owned(),
        Ctl::RequestBody(on) => format!("switches looking at the request's body {}", switched(on)),
        Ctl::ResponseBody(on) => {
            format!("switches looking at the response's body {}", switched(on))
        }
        Ctl::Processor(Processor::JsonLines) => {
            "has the body read as JSON values one behind the other".to_owned()
        }
        Ctl::Processor(own) => format!("has the body read as {}", own.name()),
        Ctl::ForceRequestBody(on) => {
            format!(
                "switches REQUEST_BODY for bodies of any type {}",
                switched(on)
            )
        }
        Ctl::Audit(AuditEngine::On) => "asks for an audit record".to_owned(),
        Ctl::Audit(AuditEngine::Off) => "asks for no audit record".to_owned(),
        Ctl::Audit(AuditEngine::RelevantOnly) => {
            "asks for an audit record where a rule wants one".to_owned()
        }
        Ctl::AuditParts(parts) => format!("names the parts of the audit record: {parts}"),
        Ctl::Remove(rules) => format!("takes {} away, for this request", named(rules)),
        Ctl::RemoveTarget(rules, targets) => format!(
            "takes {} out of the sight of {}, for this request",
            listed(targets),
            named(rules)
        ),
    }
}

/// Whether it adds to a sum that decides.
pub(super) fn scores(action: &Action) -> bool {
    match action {
        Action::SetVar(store, Assignment::Add(_)) => {
            let name = store.name.as_plain().unwrap_or_default();
            store.collection == Variable::Tx && name.to_ascii_lowercase().contains("anomaly_score")
        }
        Action::SetVar(..)
        | Action::ExpireVar(..)
        | Action::Bind(..)
        | Action::SetEnv(..)
        | Action::Ctl(_) => false,
    }
}

/// What an action of another rule takes from this one.
pub(super) fn takes_away(action: &Action, own: &Rule) -> Option<String> {
    match action {
        Action::Ctl(Ctl::Remove(rules)) if rules.matcher()(own) => {
            Some("takes it away for the request".to_owned())
        }
        Action::Ctl(Ctl::RemoveTarget(rules, targets)) if rules.matcher()(own) => Some(format!(
            "takes {} out of its sight for the request",
            listed(targets)
        )),
        Action::Ctl(_)
        | Action::SetVar(..)
        | Action::ExpireVar(..)
        | Action::Bind(..)
        | Action::SetEnv(..) => None,
    }
}

fn listed(targets: &Targets) -> String {
    let words = |own: &Target| variable::looks_at(own);
    let all: Vec<String> = targets.included.iter().map(words).collect();
    all.join(", ")
}

fn named(rules: &RuleSelector) -> String {
    match rules {
        RuleSelector::Ids(ranges) => {
            let each = ranges.iter().map(|own| match own.start() == own.end() {
                true => own.start().to_string(),
                false => format!("{} to {}", own.start(), own.end()),
            });
            let all: Vec<String> = each.collect();
            let many = all.len() > 1 || ranges.iter().any(|own| own.start() != own.end());
            format!("rule{} {}", if many { "s" } else { "" }, all.join(", "))
        }
        RuleSelector::Tag(pattern) => format!("the rules tagged `{pattern}`"),
        RuleSelector::Message(pattern) => format!("the rules that say `{pattern}`"),
    }
}

fn stored(store: &Store) -> String {
    let name = store.collection.name().to_ascii_lowercase();
    format!("`{name}.{}`", written(&store.name))
}

/// Numbers and macros as they are, other text in quotes.
fn quoted(text: &str) -> String {
    if text.parse::<i64>().is_ok() || text.starts_with("%{") {
        text.to_owned()
    } else {
        format!("`{text}`")
    }
}
