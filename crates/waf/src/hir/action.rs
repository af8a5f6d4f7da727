//! What a match does besides disrupting.

use std::ops::RangeInclusive;

use babyshield_model::{Diagnostic, Diagnostics};

use super::lower::did_you_mean;
use super::settings::{AuditEngine, Engine, Processor};
use super::target::Targets;
use super::template::Template;
use crate::audit::Change;
use crate::operator::regex::{Options, Pattern};
use crate::seclang::ast;
use crate::variable::{Shape, Variable};

/// Something carried out for every matching value.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `setvar`.
    SetVar(Store, Assignment),
    /// `expirevar`: forget the value after so many seconds.
    ExpireVar(Store, Template),
    /// `initcol`, `setsid`, `setuid`, `setrsc`: bind a persistent collection to a key.
    Bind(Variable, Template),
    /// `setenv`.
    SetEnv(Template, Template),
    /// `ctl`.
    Ctl(Ctl),
}

/// Where `setvar` and `expirevar` write.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// `TX`, `IP`, `GLOBAL`, …
    pub collection: Variable,
    /// The name there.
    pub name: Template,
}

/// What `setvar` writes.
#[derive(Clone, Debug, PartialEq)]
pub enum Assignment {
    /// `=`: this text.
    Set(Template),
    /// `=+`: so much more.
    Add(Template),
    /// `=-`: so much less.
    Subtract(Template),
    /// `!name`: nothing any more.
    Remove,
}

/// Changes to the rest of this transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Ctl {
    /// `ruleEngine`.
    Engine(Engine),
    /// `requestBodyAccess`.
    RequestBody(bool),
    /// `responseBodyAccess`.
    ResponseBody(bool),
    /// `requestBodyProcessor`.
    Processor(Processor),
    /// `forceRequestBodyVariable`.
    ForceRequestBody(bool),
    /// `auditEngine`.
    Audit(AuditEngine),
    /// `auditLogParts`: which parts a record has.
    AuditParts(Change),
    /// `ruleRemoveById`, `ruleRemoveByTag`, `ruleRemoveByMsg`.
    Remove(RuleSelector),
    /// `ruleRemoveTargetById`, `…ByTag`, `…ByMsg`.
    RemoveTarget(RuleSelector, Targets),
}

/// Names rules of the set.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleSelector {
    /// By id, singly or in ranges.
    Ids(Vec<RangeInclusive<u64>>),
    /// Those with a tag in which this pattern is found.
    Tag(String),
    /// Those with a message in which this pattern is found.
    Message(String),
}

impl RuleSelector {
    /// `942100`, `942100-942199`, several of them separated by commas or blanks.
    pub(super) fn ids(text: &ast::Text, faults: &mut Diagnostics) -> Self {
        let mut ranges = Vec::new();
        let words = text
            .value
            .split([',', ' '])
            .map(str::trim)
            .filter(|word| !word.is_empty());
        for word in words {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            match (first.trim().parse(), last.trim().parse()) {
                (Ok(first), Ok(last)) if first <= last => ranges.push(first..=last),
                _ => faults.push(
                    Diagnostic::error("seclang.bad_id", format!("`{word}` is not a rule id"))
                        .at(text.span())
                        .help("write an id or a range, as in `942100-942199`"),
                ),
            }
        }
        Self::Ids(ranges)
    }

    /// A tag or message pattern.
    pub(super) fn pattern(
        text: &ast::Text,
        make: impl FnOnce(String) -> Self,
        faults: &mut Diagnostics,
    ) -> Self {
        if let Err(message) = Pattern::compile(&text.value, &Options::default()) {
            faults.push(
                Diagnostic::error("seclang.bad_pattern", message.to_string()).at(text.span()),
            );
        }
        make(text.value.clone())
    }
}

/// Reads the value of a `setvar`: `tx.name=+5`, `!tx.name`, `tx.name`.
pub(super) fn set_var(text: &ast::Text, faults: &mut Diagnostics) -> Option<Action> {
    let end = text.value.len();
    let removed = text.value.starts_with('!');
    let split = text.value.find('=').filter(|_| !removed);
    let target = text.slice(usize::from(removed)..split.unwrap_or(end));
    let store = store(&target, faults)?;
    let assignment = match split {
        None if removed => Assignment::Remove,
        None => Assignment::Set(Template::plain("1")),
        Some(at) => {
            let value = text.slice(at + 1..end);
            let (skip, make): (usize, fn(Template) -> Assignment) = match value.value.as_bytes() {
                [b'+', ..] => (1, Assignment::Add),
                [b'-', ..] => (1, Assignment::Subtract),
                _ => (0, Assignment::Set),
            };
            make(Template::lower(
                &value.slice(skip..value.value.len()),
                faults,
            ))
        }
    };
    Some(Action::SetVar(store, assignment))
}

/// Reads the value of an `expirevar`: `ip.name=600`.
pub(super) fn expire_var(text: &ast::Text, faults: &mut Diagnostics) -> Option<Action> {
    let end = text.value.len();
    let split = text.value.find('=').unwrap_or(end);
    let store = store(&text.slice(0..split), faults)?;
    let seconds = if split == end {
        Template::plain("60")
    } else {
        Template::lower(&text.slice(split + 1..end), faults)
    };
    Some(Action::ExpireVar(store, seconds))
}

fn store(text: &ast::Text, faults: &mut Diagnostics) -> Option<Store> {
    let Some(split) = text.value.find(['.', ':']) else {
        faults.push(
            Diagnostic::error(
                "seclang.bad_variable",
                format!("`{}` names no collection to write to", text.value),
            )
            .at(text.span())
            .help("write `tx.name` or `ip.name`"),
        );
        return None;
    };
    let word = text.slice(0..split);
    let collection = Variable::parse(&word.value).filter(|v| v.shape() == Shape::Mutable);
    let Some(collection) = collection else {
        let fault = Diagnostic::error(
            "seclang.bad_variable",
            format!("`{}` cannot be written to", word.value),
        );
        let names = ["tx", "ip", "global", "session", "user", "resource"];
        faults.push(did_you_mean(fault, &word.value, names).at(word.span()));
        return None;
    };
    let name = Template::lower(&text.slice(split + 1..text.value.len()), faults);
    Some(Store { collection, name })
}

/// Reads the value of an `initcol`: `ip=%{REMOTE_ADDR}`.
pub(super) fn bind(text: &ast::Text, faults: &mut Diagnostics) -> Option<Action> {
    let fault = |message: String| Diagnostic::error("seclang.bad_collection", message);
    let Some(split) = text.value.find('=') else {
        faults.push(
            fault("`initcol` needs a key".to_owned())
                .at(text.span())
                .help("write `initcol:ip=%{REMOTE_ADDR}`"),
        );
        return None;
    };
    let word = text.slice(0..split);
    let known =
        Variable::parse(&word.value).filter(|v| v.shape() == Shape::Mutable && *v != Variable::Tx);
    let Some(collection) = known else {
        let fault = fault(format!("`{}` is not a persistent collection", word.value));
        let names = ["ip", "global", "session", "user", "resource"];
        faults.push(did_you_mean(fault, &word.value, names).at(word.span()));
        return None;
    };
    let key = Template::lower(&text.slice(split + 1..text.value.len()), faults);
    Some(Action::Bind(collection, key))
}

pub(super) const CTL_NAMES: [&str; 13] = [
    "auditEngine",
    "auditLogParts",
    "forceRequestBodyVariable",
    "requestBodyAccess",
    "requestBodyProcessor",
    "responseBodyAccess",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

/// Reads the value of a `ctl`: `ruleRemoveTargetById=942100;ARGS:q`.
pub(super) fn ctl(text: &ast::Text, faults: &mut Diagnostics) -> Option<Action> {
    let end = text.value.len();
    let split = text.value.find('=').unwrap_or(end);
    let name = text.slice(0..split);
    let value = text.slice((split + 1).min(end)..end);
    let own = match name.value.to_ascii_lowercase().as_str() {
        "ruleengine" => Ctl::Engine(word(&value, &ENGINES, faults)?),
        "requestbodyaccess" => Ctl::RequestBody(word(&value, &SWITCH, faults)?),
        "responsebodyaccess" => Ctl::ResponseBody(word(&value, &SWITCH, faults)?),
        "requestbodyprocessor" => Ctl::Processor(word(&value, &PROCESSORS, faults)?),
        "forcerequestbodyvariable" => Ctl::ForceRequestBody(word(&value, &SWITCH, faults)?),
        "auditengine" => Ctl::Audit(word(&value, &AUDIT, faults)?),
        "auditlogparts" => match Change::parse(value.value.trim()) {
            Some(change) => Ctl::AuditParts(change),
            None => {
                faults.push(
                    Diagnostic::error(
                        "seclang.bad_audit",
                        "the parts are the letters A to K and Z",
                    )
                    .at(value.span())
                    .help("write `+E`, `-C` or all of them, as in `ABCFHZ`"),
                );
                return None;
            }
        },
        "ruleremovebyid" => Ctl::Remove(RuleSelector::ids(&value, faults)),
        "ruleremovebytag" => Ctl::Remove(RuleSelector::pattern(&value, RuleSelector::Tag, faults)),
        "ruleremovebymsg" => {
            Ctl::Remove(RuleSelector::pattern(&value, RuleSelector::Message, faults))
        }
        "ruleremovetargetbyid" => remove_target(&value, RuleSelector::ids, faults)?,
        "ruleremovetargetbytag" => {
            let select = |t: &ast::Text, f: &mut _| RuleSelector::pattern(t, RuleSelector::Tag, f);
            remove_target(&value, select, faults)?
        }
        "ruleremovetargetbymsg" => {
            let select =
                |t: &ast::Text, f: &mut _| RuleSelector::pattern(t, RuleSelector::Message, f);
            remove_target(&value, select, faults)?
        }
        _ => {
            let fault = Diagnostic::error(
                "seclang.unknown_ctl",
                format!("unknown or unsupported `ctl:{}`", name.value),
            );
            faults.push(did_you_mean(fault, &name.value, CTL_NAMES).at(name.span()));
            return None;
        }
    };
    Some(Action::Ctl(own))
}

fn remove_target(
    value: &ast::Text,
    select: impl FnOnce(&ast::Text, &mut Diagnostics) -> RuleSelector,
    faults: &mut Diagnostics,
) -> Option<Ctl> {
    let Some(split) = value.value.find(';') else {
        faults.push(
            Diagnostic::error("seclang.bad_ctl", "a rule and a target are needed")
                .at(value.span())
                .help("write `ruleRemoveTargetById=942100;ARGS:q`"),
        );
        return None;
    };
    let rules = select(&value.slice(0..split), faults);
    let targets = Targets::lower(&value.slice(split + 1..value.value.len()), faults);
    Some(Ctl::RemoveTarget(rules, targets))
}

pub(super) const SWITCH: [(&str, bool); 2] = [("On", true), ("Off", false)];
pub(super) const ENGINES: [(&str, Engine); 3] = [
    ("On", Engine::On),
    ("Off", Engine::Off),
    ("DetectionOnly", Engine::DetectionOnly),
];
pub(super) const AUDIT: [(&str, AuditEngine); 3] = [
    ("On", AuditEngine::On),
    ("Off", AuditEngine::Off),
    ("RelevantOnly", AuditEngine::RelevantOnly),
];
const PROCESSORS: [(&str, Processor); 5] = [
    ("URLENCODED", Processor::Urlencoded),
    ("MULTIPART", Processor::Multipart),
    ("JSON", Processor::Json),
    ("JSONLINES", Processor::JsonLines),
    ("XML", Processor::Xml),
];

/// One of a few words, in any case.
pub(super) fn word<T: Copy>(
    text: &ast::Text,
    known: &[(&'static str, T)],
    faults: &mut Diagnostics,
) -> Option<T> {
    let found = known
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(text.value.trim()));
    if found.is_none() {
        let names: Vec<_> = known.iter().map(|(own, _)| *own).collect();
        faults.push(
            Diagnostic::error(
                "seclang.bad_word",
                format!("`{}` is not known here", text.value),
            )
            .at(text.span())
            .help(format!("write one of {}", names.join(", "))),
        );
    }
    found.map(|(_, value)| *value)
}
