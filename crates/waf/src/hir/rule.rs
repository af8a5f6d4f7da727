//! `SecRule`, `SecAction` and `SecDefaultAction`: action lists into rules and chains.

use std::path::Path;

use babyshield_model::{Diagnostic, Span};

use super::action::{Action, bind, ctl, expire_var, set_var};
use super::lower::{Lowering, did_you_mean};
use super::operator::{self, Operator};
use super::{
    Allow, Disruption, Jump, Link, Meta, Phase, Rule, RuleSeverity, Selector, Step, Targets,
    Template,
};
use crate::body::xml;
use crate::seclang::{ActionText, actions, ast};
use crate::transform::Transform;
use crate::variable::Variable;

/// What an action list says, before defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) id: Option<(u64, Span)>,
    pub(super) phase: Option<Phase>,
    pub(super) disruption: Option<SaidDisruption>,
    pub(super) status: Option<u16>,
    pub(super) log: Option<bool>,
    pub(super) audit: Option<bool>,
    pub(super) jump: Option<Jump>,
    pub(super) meta: Meta,
    pub(super) transforms: Transforms,
    pub(super) actions: Vec<Action>,
    pub(super) chain: bool,
    pub(super) capture: bool,
    pub(super) multi_match: bool,
    pub(super) namespaces: Vec<(String, String)>,
}

/// The transformations of an action list; `t:none` forgets those of the defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct Transforms {
    pub(super) list: Vec<Transform>,
    pub(super) reset: bool,
}

/// A disruptive action as said; `block` stands for what the defaults say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SaidDisruption {
    Block,
    Own(Disruption),
}

/// `SecDefaultAction`, for each phase.
#[derive(Debug, Default)]
pub(super) struct Defaults([Option<Said>; 5]);

/// A chain under construction.
pub(super) struct Pending {
    rule: Rule,
    open: bool,
}

pub(super) fn sec_rule(own: &mut Lowering<'_>, item: &ast::Directive, folder: &Path) {
    let (targets, operator, list) = match item.arguments.as_slice() {
        [targets, operator] => (targets, operator, None),
        [targets, operator, list] => (targets, operator, Some(list)),
        _ => return own.arity(item, "targets, an operator and perhaps actions"),
    };
    let said = list.map(|list| read(own, list)).unwrap_or_default();
    let steps = own
        .set
        .settings
        .regex_steps
        .unwrap_or(own.steps)
        .min(own.steps);
    let context = operator::Context {
        files: own.files,
        folder,
        capture: said.capture,
        steps,
    };
    let (judge, negated) = operator::lower(operator, &context, &mut own.faults);
    let asked = operator::Asked::of(operator);
    let targets = Targets::lower(targets, &mut own.faults);
    check_paths(own, &targets, &said.namespaces, item);
    add(
        own,
        said,
        Some(targets),
        (judge, negated, asked),
        item.name.span(),
    );
}

/// XPath expressions can only be checked together with the rule's namespaces.
fn check_paths(
    own: &mut Lowering<'_>,
    targets: &Targets,
    namespaces: &[(String, String)],
    item: &ast::Directive,
) {
    for target in targets.included.iter().chain(&targets.excluded) {
        if let Selector::Path(text) = &target.selector
            && let Err(message) = xml::Path::compile(text, namespaces)
        {
            let place = item
                .arguments
                .first()
                .map_or(item.name.span(), ast::Text::span);
            own.fault(
                "seclang.bad_path",
                format!("`XML:{text}`: {message}"),
                place,
            );
        }
    }
}

pub(super) fn sec_action(own: &mut Lowering<'_>, item: &ast::Directive) {
    let Some(list) = own.one_argument(item) else {
        return;
    };
    let said = read(own, &list);
    let judge = (Operator::Always, false, operator::Asked::default());
    add(own, said, None, judge, item.name.span());
}

pub(super) fn default_action(own: &mut Lowering<'_>, item: &ast::Directive) {
    let Some(list) = own.one_argument(item) else {
        return;
    };
    let said = read(own, &list);
    let phase = said.phase.unwrap_or(Phase::RequestBody);
    check_default(own, &said, phase, list.span());
    if said.id.is_some() || said.chain {
        own.fault(
            "seclang.bad_default",
            "a default has no id and no chain",
            list.span(),
        );
    }
    if let Some(slot) = own.defaults.0.get_mut(phase.index()) {
        *slot = Some(said);
    }
}

/// A default disrupts, or says `pass`; it cannot take back transformations, since there are none
/// before it; and it is said once.
fn check_default(own: &mut Lowering<'_>, said: &Said, phase: Phase, span: Span) {
    const CODE: &str = "seclang.bad_default";
    if !matches!(said.disruption, Some(SaidDisruption::Own(_))) {
        let message = "a default needs `pass`, `deny`, `drop`, `redirect` or `allow`";
        own.fault(CODE, message, span.clone());
    }
    if said.transforms.reset {
        own.fault(CODE, "`t:none` makes no sense in a default", span.clone());
    }
    if own
        .defaults
        .0
        .get(phase.index())
        .is_some_and(Option::is_some)
    {
        let message = format!("phase {} has a default already", phase.number());
        own.fault(CODE, message, span);
    }
}

/// Makes a rule of what was said, or the next link of the open chain.
fn add(
    own: &mut Lowering<'_>,
    said: Said,
    targets: Option<Targets>,
    (operator, negated, asked): (Operator, bool, operator::Asked),
    span: Span,
) {
    let chained = said.chain;
    let open = own.pending.as_ref().is_some_and(|pending| pending.open);
    let phase = match &own.pending {
        Some(pending) if open => pending.rule.phase,
        _ => said.phase.unwrap_or(Phase::RequestBody),
    };
    if matches!(operator, Operator::Detect(..)) {
        check_detect(own, &said, phase, negated, span.clone());
    }
    let link = Link {
        targets,
        operator,
        asked,
        negated,
        transforms: merged_transforms(own, &said, phase),
        multi_match: said.multi_match,
        capture: said.capture,
        actions: said.actions.clone(),
        namespaces: said.namespaces.clone(),
        span: span.clone(),
    };
    if open {
        if let Some(pending) = &mut own.pending {
            pending.rule.links.push(link);
            pending.open = chained;
            absorb(&mut pending.rule, &said);
        }
        if said.id.is_some() || said.phase.is_some() {
            own.faults.push(
                Diagnostic::warning(
                    "seclang.bad_chain",
                    "the id and phase of a chained rule have no effect",
                )
                .at(span)
                .help("the first rule of the chain says both"),
            );
        }
    } else {
        let Some((id, id_span)) = said.id.clone() else {
            return own.fault("seclang.missing_id", "a rule needs an id", span);
        };
        check_id(own, id, id_span);
        let rule = build(own, said, id, phase, link, span);
        own.pending = Some(Pending {
            rule,
            open: chained,
        });
    }
    if !chained {
        own.end_chain();
    }
}

/// What later links of a chain may add to the rule as a whole.
fn absorb(rule: &mut Rule, said: &Said) {
    if rule.meta.message.is_none() {
        rule.meta.message.clone_from(&said.meta.message);
    }
    if rule.meta.log_data.is_none() {
        rule.meta.log_data.clone_from(&said.meta.log_data);
    }
    rule.meta.tags.extend(said.meta.tags.iter().cloned());
    if let Some(jump) = &said.jump {
        rule.jump = jump.clone();
    }
    rule.status = said.status.or(rule.status);
}

fn check_id(own: &mut Lowering<'_>, id: u64, span: Span) {
    let first = own
        .ids
        .get(&id)
        .map(|first| (first.source.name.clone(), first.line_column().0));
    match first {
        Some((name, line)) => own.faults.push(
            Diagnostic::error("seclang.duplicate_id", format!("rule id {id} is taken"))
                .at(span)
                .help(format!("it is first used at {name}:{line}")),
        ),
        None => {
            own.ids.insert(id, span);
        }
    }
}

/// The detectors undo encodings themselves and say what they found, not what they did not.
fn check_detect(own: &mut Lowering<'_>, said: &Said, phase: Phase, negated: bool, span: Span) {
    let changed = merged_transforms(own, said, phase)
        .iter()
        .any(|step| *step != Transform::None);
    if changed || negated || said.multi_match {
        let message = "`@detect` takes no transformation, no `!` and no multiMatch";
        let fault = Diagnostic::error("seclang.bad_detect", message).at(span);
        let help = "it undoes encodings itself; write `t:none`";
        own.faults.push(fault.help(help));
    }
}

fn merged_transforms(own: &Lowering<'_>, said: &Said, phase: Phase) -> Vec<Transform> {
    let mut list = Vec::new();
    if !said.transforms.reset {
        let defaults = own.defaults.0.get(phase.index()).and_then(Option::as_ref);
        list.extend(
            defaults
                .iter()
                .flat_map(|d| d.transforms.list.iter().copied()),
        );
    }
    list.extend(said.transforms.list.iter().copied());
    list
}

fn build(own: &Lowering<'_>, said: Said, id: u64, phase: Phase, link: Link, span: Span) -> Rule {
    let defaults = own.defaults.0.get(phase.index()).and_then(Option::as_ref);
    let inherited = match defaults.and_then(|d| d.disruption.clone()) {
        Some(SaidDisruption::Own(disruption)) => disruption,
        Some(SaidDisruption::Block) | None => Disruption::Pass,
    };
    let disruption = match said.disruption {
        Some(SaidDisruption::Own(disruption)) => disruption,
        Some(SaidDisruption::Block) => inherited,
        // As in ModSecurity 3: who wants the default's disruption says `block`.
        None => Disruption::Pass,
    };
    Rule {
        id,
        phase,
        disruption,
        status: said.status.or(defaults.and_then(|d| d.status)),
        log: said.log.or(defaults.and_then(|d| d.log)).unwrap_or(true),
        audit: said
            .audit
            .or(defaults.and_then(|d| d.audit))
            .unwrap_or(true),
        jump: said.jump.unwrap_or(Jump::Next),
        meta: said.meta,
        links: vec![link],
        span,
    }
}

impl Lowering<'_> {
    /// Closes the chain under construction, if there is one.
    pub(super) fn end_chain(&mut self) {
        let Some(Pending { rule, open }) = self.pending.take() else {
            return;
        };
        if open {
            self.fault(
                "seclang.open_chain",
                "this chain has no last rule",
                rule.span.clone(),
            );
        }
        self.set.steps.push(Step::Rule(Box::new(rule)));
    }

    /// Every jump must lead somewhere.
    pub(super) fn check_jumps(&mut self) {
        let known: std::collections::HashSet<String> = self
            .set
            .steps
            .iter()
            .map(|step| match step {
                Step::Marker(name) => name.clone(),
                Step::Rule(rule) => rule.id.to_string(),
            })
            .collect();
        let lost = self.set.steps.iter().filter_map(|step| match step {
            Step::Rule(rule) => match &rule.jump {
                Jump::After(name) if !known.contains(name) => Some((name, &rule.span)),
                Jump::After(_) | Jump::Next | Jump::Skip(_) => None,
            },
            Step::Marker(_) => None,
        });
        let faults: Vec<_> = lost
            .map(|(name, span)| {
                Diagnostic::error("seclang.unknown_marker", format!("no `SecMarker {name}`"))
                    .at(span.clone())
                    .help("a `skipAfter` needs a marker or a rule id to go to")
            })
            .collect();
        self.faults.extend(faults);
    }
}

/// Reads an action list.
pub(super) fn read(own: &mut Lowering<'_>, list: &ast::Text) -> Said {
    let mut said = Said::default();
    for action in actions(list) {
        one(own, &mut said, &action);
    }
    said
}

pub(super) const NAMES: [&str; 48] = [
    "accuracy",
    "allow",
    "auditlog",
    "block",
    "capture",
    "chain",
    "ctl",
    "deny",
    "drop",
    "expirevar",
    "id",
    "initcol",
    "log",
    "logdata",
    "maturity",
    "msg",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "phase",
    "redirect",
    "rev",
    "sanitiseArg",
    "sanitiseMatched",
    "sanitiseMatchedBytes",
    "sanitiseRequestHeader",
    "sanitiseResponseHeader",
    "setenv",
    "setrsc",
    "setsid",
    "setuid",
    "setvar",
    "severity",
    "skip",
    "skipAfter",
    "status",
    "t",
    "tag",
    "ver",
    "xmlns",
    "append",
    "deprecatevar",
    "exec",
    "pause",
    "prepend",
    "proxy",
    "sanitizeArg",
];

/// Actions of ModSecurity that are not supported, and why.
pub(super) const LEFT_OUT: [(&str, &str); 6] = [
    ("append", "rules may not rewrite responses"),
    ("deprecatevar", "use `expirevar`"),
    ("exec", "rules may not run programs"),
    (
        "pause",
        "holding a connection open helps the attacker; use a rate limit",
    ),
    ("prepend", "rules may not rewrite responses"),
    ("proxy", "upstreams are chosen in the policy"),
];

fn one(own: &mut Lowering<'_>, said: &mut Said, action: &ActionText) {
    let name = action.name.value.to_ascii_lowercase();
    let own_disruption = |d| Some(SaidDisruption::Own(d));
    match name.as_str() {
        "pass" => said.disruption = own_disruption(Disruption::Pass),
        "deny" => said.disruption = own_disruption(Disruption::Deny),
        "drop" => said.disruption = own_disruption(Disruption::Drop),
        "block" => {
            said.disruption.get_or_insert(SaidDisruption::Block);
        }
        "allow" => said.disruption = allow(own, action).map(SaidDisruption::Own),
        "log" => (said.log, said.audit) = (Some(true), said.audit.or(Some(true))),
        "nolog" => (said.log, said.audit) = (Some(false), Some(false)),
        "auditlog" => said.audit = Some(true),
        "noauditlog" => said.audit = Some(false),
        "chain" => said.chain = true,
        "capture" => said.capture = true,
        "multimatch" => said.multi_match = true,
        _ => match &action.value {
            Some(value) => with_value(own, said, &name, action, value),
            None => own.faults.push(unknown(action, &name)),
        },
    }
}

const QUOTES: [char; 2] = ['"', '\''];

#[expect(clippy::too_many_lines, reason = "a table of actions")]
fn with_value(
    own: &mut Lowering<'_>,
    said: &mut Said,
    name: &str,
    action: &ActionText,
    value: &ast::Text,
) {
    match name {
        "id" => match value.value.parse() {
            Ok(id) => said.id = Some((id, value.span())),
            Err(_) => own.fault(
                "seclang.bad_id",
                format!(
                    "`{}` is not a rule id; it must be a whole number",
                    value.value
                ),
                value.span(),
            ),
        },
        "phase" => match Phase::parse(&value.value) {
            Some(phase) => said.phase = Some(phase),
            None => own.fault("seclang.bad_phase", "a phase is 1 to 5", value.span()),
        },
        "status" => match value.value.parse() {
            Ok(status @ 100..=599) => said.status = Some(status),
            _ => own.fault("seclang.bad_status", "a status is 100 to 599", value.span()),
        },
        "redirect" => {
            let to = Template::lower(value, &mut own.faults);
            said.disruption = Some(SaidDisruption::Own(Disruption::Redirect(to)));
        }
        "msg" => said.meta.message = Some(Template::lower(value, &mut own.faults)),
        "logdata" => said.meta.log_data = Some(Template::lower(value, &mut own.faults)),
        "tag" => said.meta.tags.push(Template::lower(value, &mut own.faults)),
        "severity" => match RuleSeverity::parse(&value.value) {
            Some(severity) => said.meta.severity = Some(severity),
            None => own.fault(
                "seclang.bad_severity",
                format!(
                    "`{}` is not a severity: CRITICAL, ERROR, WARNING, … or 0 to 7",
                    value.value
                ),
                value.span(),
            ),
        },
        "ver" => said.meta.version = Some(value.value.clone()),
        "rev" => said.meta.revision = Some(value.value.clone()),
        "maturity" => said.meta.maturity = small(own, value),
        "accuracy" => said.meta.accuracy = small(own, value),
        "t" => transform(own, said, value),
        "setvar" => said.actions.extend(set_var(value, &mut own.faults)),
        "expirevar" => said.actions.extend(expire_var(value, &mut own.faults)),
        "initcol" => said.actions.extend(bind(value, &mut own.faults)),
        "setuid" => bind_key(own, said, Variable::User, value),
        "setsid" => bind_key(own, said, Variable::Session, value),
        "setrsc" => bind_key(own, said, Variable::Resource, value),
        "setenv" => set_env(own, said, value),
        "ctl" => said.actions.extend(ctl(value, &mut own.faults)),
        "skip" => match value.value.parse() {
            Ok(count) => said.jump = Some(Jump::Skip(count)),
            Err(_) => own.fault("seclang.bad_number", "skip takes a number", value.span()),
        },
        "skipafter" => said.jump = Some(Jump::After(value.value.clone())),
        "xmlns" => match value.value.split_once('=') {
            Some((prefix, uri)) if uri.trim_matches(QUOTES).starts_with("http") => {
                let uri = uri.trim_matches(QUOTES);
                said.namespaces.push((prefix.to_owned(), uri.to_owned()));
            }
            Some(_) | None => own.fault(
                "seclang.bad_xmlns",
                "write `xmlns:prefix=uri`, the uri beginning with `http`",
                value.span(),
            ),
        },
        _ if name.starts_with("sanitise") || name.starts_with("sanitize") => {
            own.faults.push(
                Diagnostic::warning("seclang.elsewhere", format!("`{name}` has no effect here"))
                    .at(action.name.span())
                    .help("event values are cut to 512 bytes; say in the policy which to mask"),
            );
        }
        _ => own.faults.push(unknown(action, name)),
    }
}

fn bind_key(own: &mut Lowering<'_>, said: &mut Said, collection: Variable, value: &ast::Text) {
    said.actions.push(Action::Bind(
        collection,
        Template::lower(value, &mut own.faults),
    ));
}

fn set_env(own: &mut Lowering<'_>, said: &mut Said, value: &ast::Text) {
    let end = value.value.len();
    let split = value.value.find('=').unwrap_or(end);
    let name = Template::lower(&value.slice(0..split), &mut own.faults);
    let text = Template::lower(&value.slice((split + 1).min(end)..end), &mut own.faults);
    said.actions.push(Action::SetEnv(name, text));
}

fn small(own: &mut Lowering<'_>, value: &ast::Text) -> Option<u8> {
    let number = value.value.parse().ok();
    if number.is_none() {
        own.fault(
            "seclang.bad_number",
            "a small whole number is needed",
            value.span(),
        );
    }
    number
}

fn transform(own: &mut Lowering<'_>, said: &mut Said, value: &ast::Text) {
    if value.value.eq_ignore_ascii_case("none") {
        said.transforms = Transforms {
            list: Vec::new(),
            reset: true,
        };
        return;
    }
    match Transform::parse(&value.value) {
        Some(transform) => said.transforms.list.push(transform),
        None => {
            let fault = Diagnostic::error(
                "seclang.unknown_transformation",
                format!("unknown transformation `t:{}`", value.value),
            );
            let names = Transform::ALL.iter().map(|transform| transform.name());
            own.faults
                .push(did_you_mean(fault, &value.value, names).at(value.span()));
        }
    }
}

fn allow(own: &mut Lowering<'_>, action: &ActionText) -> Option<Disruption> {
    let reach = match &action.value {
        None => Allow::All,
        Some(text) if text.value.eq_ignore_ascii_case("phase") => Allow::Phase,
        Some(text) if text.value.eq_ignore_ascii_case("request") => Allow::Request,
        Some(text) => {
            own.fault(
                "seclang.bad_word",
                "write `allow:phase` or `allow:request`",
                text.span(),
            );
            return None;
        }
    };
    Some(Disruption::Allow(reach))
}

fn unknown(action: &ActionText, name: &str) -> Diagnostic {
    let span = action.name.span();
    if let Some((own, why)) = LEFT_OUT.iter().find(|(own, _)| *own == name) {
        let message = format!("action `{own}` is not supported: {why}");
        return Diagnostic::error("seclang.unknown_action", message).at(span);
    }
    if NAMES.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        let message = format!("action `{name}` needs a value");
        return Diagnostic::error("seclang.bad_action", message).at(span);
    }
    let fault = Diagnostic::error("seclang.unknown_action", format!("unknown action `{name}`"));
    did_you_mean(fault, name, NAMES).at(span)
}
