//! Reading variables.

use std::rc::Rc;

use babyshield_waf::body::xml::{Path, Walk};
use babyshield_waf::hir::{Piece, Rule, Selector, Target, Template};
use babyshield_waf::operator::regex::{Options, Pattern};
use babyshield_waf::variable::Variable;

use super::{Run, Value, operator, patterns};

/// How names are compared with a pattern.
fn pattern(text: &str) -> Option<Rc<Pattern>> {
    let options = Options {
        ignore_case: true,
        groups: false,
        size: 1 << 20,
        steps: 10_000,
        prefilter: false,
    };
    patterns::compiled(text.as_bytes(), &options)
}

/// Whether a name fits a selector.
pub(super) fn fits(selector: &Selector, name: &[u8]) -> bool {
    match selector {
        Selector::All => true,
        Selector::Name(own) | Selector::Path(own) => name.eq_ignore_ascii_case(own.as_bytes()),
        Selector::Pattern(own) => pattern(own).is_some_and(|own| own.is_match_alone(name)),
    }
}

impl Run<'_> {
    /// Every value of a target, nothing left out.
    pub(super) fn values(&self, target: &Target, namespaces: &[(String, String)]) -> Vec<Value> {
        let variable = target.variable;
        let mut found: Vec<Value> = Vec::new();
        let mut push_of = |member: Variable, name: &[u8], bytes: &[u8]| {
            if fits(&target.selector, name) {
                found.push(Value {
                    variable,
                    member,
                    name: name.to_vec(),
                    bytes: bytes.to_vec(),
                    origin: None,
                });
            }
        };
        let mut push = |name: &[u8], bytes: &[u8]| push_of(variable, name, bytes);
        match variable {
            Variable::Tx => {
                let mut own = self.tx.clone();
                own.sort();
                own.iter().for_each(|(name, value)| push(name, value));
            }
            Variable::Env => self.env.iter().for_each(|(name, value)| push(name, value)),
            Variable::Ip
            | Variable::Global
            | Variable::Session
            | Variable::User
            | Variable::Resource => {
                let key = self.bound.iter().find(|(own, _)| *own == variable);
                let mut own = key
                    .and_then(|key| self.persistent.get(key))
                    .cloned()
                    .unwrap_or_default();
                own.sort();
                own.iter().for_each(|(name, value)| push(name, value));
            }
            Variable::Xml => self.paths(target, namespaces, &mut found),
            Variable::MatchedVars | Variable::MatchedVarsNames => {
                for own in &self.matched {
                    let name = full_name(own.value.variable, &own.value.name);
                    if !fits(&target.selector, &name) {
                        continue;
                    }
                    let bytes = match variable {
                        Variable::MatchedVarsNames => name.clone(),
                        _ => own.value.bytes.clone(),
                    };
                    found.push(Value {
                        variable,
                        member: variable,
                        name,
                        bytes,
                        origin: Some(own.origin()),
                    });
                }
            }
            Variable::Rule => {
                for name in ["id", "rev", "severity", "logdata", "msg"] {
                    if let Some(bytes) = self.computed(variable, name.as_bytes()) {
                        push(name.as_bytes(), &bytes);
                    }
                }
            }
            _ if self.is_computed(variable) => {
                let name = match &target.selector {
                    Selector::Name(name) => name.clone().into_bytes(),
                    _ => Vec::new(),
                };
                if let Some(bytes) = self.computed(variable, &name) {
                    let last = self.matched.last().map(super::Matched::origin);
                    let by_match =
                        matches!(variable, Variable::MatchedVar | Variable::MatchedVarName);
                    let origin = last.filter(|_| by_match);
                    found.push(Value {
                        variable,
                        member: variable,
                        name,
                        bytes,
                        origin,
                    });
                }
            }
            _ => {
                for member in variable.members() {
                    let own = self.entries.get(member);
                    own.into_iter()
                        .flatten()
                        .for_each(|(name, value)| push_of(*member, name, value));
                }
            }
        }
        found
    }

    fn paths(&self, target: &Target, namespaces: &[(String, String)], found: &mut Vec<Value>) {
        let Selector::Path(text) = &target.selector else {
            return;
        };
        let Ok(path) = Path::compile(text, namespaces) else {
            return;
        };
        path.select(&self.document, &mut Walk::default(), |value| {
            found.push(Value {
                variable: Variable::Xml,
                member: Variable::Xml,
                name: text.clone().into_bytes(),
                bytes: value.to_vec(),
                origin: None,
            });
        });
    }

    fn is_computed(&self, variable: Variable) -> bool {
        matches!(
            variable,
            Variable::MatchedVar
                | Variable::MatchedVarName
                | Variable::ReqbodyProcessor
                | Variable::HighestSeverity
                | Variable::MscPcreError
                | Variable::MscPcreLimitsExceeded
                | Variable::Duration
                | Variable::SessionId
                | Variable::UserId
        )
    }

    fn computed(&self, variable: Variable, name: &[u8]) -> Option<Vec<u8>> {
        let last = self.matched.last();
        let bound = |kind| {
            self.bound
                .iter()
                .find(|(own, _)| *own == kind)
                .map(|own| own.1.clone())
        };
        match variable {
            Variable::MatchedVar => last.map(|own| own.value.bytes.clone()),
            Variable::MatchedVarName => {
                last.map(|own| full_name(own.value.variable, &own.value.name))
            }
            Variable::ReqbodyProcessor => self.processor.map(|own| own.name().into()),
            Variable::HighestSeverity => {
                Some(self.severity.unwrap_or(255).to_string().into_bytes())
            }
            Variable::MscPcreError | Variable::MscPcreLimitsExceeded => {
                Some(u8::from(self.pattern_limit).to_string().into_bytes())
            }
            Variable::Duration => Some(b"0".to_vec()),
            Variable::SessionId => bound(Variable::Session),
            Variable::UserId => bound(Variable::User),
            Variable::Rule => {
                let rule = self.current?;
                let text = |text: &Option<Template>| {
                    text.as_ref()
                        .map(|text| self.expand(text))
                        .unwrap_or_default()
                };
                match name {
                    b"id" => Some(rule.id.to_string().into_bytes()),
                    b"severity" => Some((rule.meta.severity? as u8).to_string().into_bytes()),
                    b"rev" => Some(rule.meta.revision.clone()?.into_bytes()),
                    b"msg" => Some(text(&rule.meta.message)),
                    b"logdata" => Some(text(&rule.meta.log_data)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a value is left out, by the rule itself or by a `ctl:ruleRemoveTarget…`.
    pub(super) fn is_excluded(
        &self,
        rule: &Rule,
        target: &Target,
        excluded: &[Target],
        value: &Value,
    ) -> bool {
        let out = |own: &Target| {
            let same = own.variable == target.variable
                || own.variable == value.member
                || own.variable.members().contains(&value.member)
                || matches!(own.selector, Selector::Pattern(_))
                    && own
                        .variable
                        .names()
                        .is_some_and(|own| own.members().contains(&value.member));
            same && fits(&own.selector, &value.name)
        };
        let unseen = self
            .unseen
            .iter()
            .filter(|(rules, _)| operator::selects(rules, rule));
        excluded.iter().any(out) || unseen.flat_map(|(_, targets)| targets).any(out)
    }

    /// A text with its macros filled in.
    pub(super) fn expand(&self, text: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in &text.0 {
            match piece {
                Piece::Plain(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Macro(target) => {
                    let first = self.values(target, &[]).into_iter().next();
                    out.extend(first.map(|value| value.bytes).unwrap_or_default());
                }
            }
        }
        out
    }
}

/// `ARGS:q`, or `REQUEST_BODY` where there is no name.
pub(super) fn full_name(variable: Variable, name: &[u8]) -> Vec<u8> {
    let mut text = variable.name().as_bytes().to_vec();
    if !name.is_empty() {
        text.push(b':');
        text.extend_from_slice(name);
    }
    text
}
