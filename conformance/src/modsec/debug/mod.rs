//! What a transaction did, in the words of libmodsecurity's debug log.
//!
//! The suite judges most of its cases by patterns that have to occur in that log. The engine keeps
//! no such log; it tells its steps, and here they are put into those words, so that the suite's own
//! patterns can judge them. Nothing is written that the transaction did not say.

mod body;

use std::fmt::Write as _;

use super::case::Case;
use babyshield_waf::Skip;
use babyshield_waf::Step;
use babyshield_waf::hir::{self, Disruption, Engine, Link, Phase, Rule, RuleSet, Selector, Target};
use babyshield_waf::variable::Variable;

/// The engine's own rules stand in a file of this name before all others.
const ENGINE: &str = "<builtin>/engine.conf";

/// The log of a transaction.
pub(crate) fn log(rules: &RuleSet, text: &str, steps: &[Step]) -> String {
    let mut log = Log {
        rules,
        out: String::new(),
        current: None,
        engine: rules.settings.engine,
        stage: 0,
        source: "POST",
        keys: Vec::new(),
    };
    for step in steps {
        log.step(step);
    }
    log.removed(text);
    log.out
}

/// The error log of a transaction: the lines of rules that log.
pub(crate) fn errors(rules: &RuleSet, case: &Case, steps: &[Step]) -> String {
    let logs = |id: u64| {
        rules.steps.iter().any(|step| match step {
            hir::Step::Rule(rule) => rule.id == id && rule.log && rule.span.source.name != ENGINE,
            hir::Step::Marker(_) => false,
        })
    };
    let client = case.client.ip.map(|ip| ip.to_string()).unwrap_or_default();
    let lines = steps.iter().filter_map(|step| match step {
        Step::Told { rule, line } if logs(*rule) => Some(format!("[client {client}] {line}\n")),
        _ => None,
    });
    lines.collect()
}

/// The line about a response whose body is not looked at.
pub(crate) fn unseen(kind: &str) -> String {
    format!("[5] Response Content-Type is {kind}. It is not marked to be inspected.\n")
}

struct Log<'a> {
    rules: &'a RuleSet,
    out: String,
    /// The rule being asked; `None` for one of the engine's own, of which nothing is told.
    current: Option<&'a Rule>,
    engine: Engine,
    /// The number of the transformation carried out next.
    stage: usize,
    /// Where the arguments of the body come from.
    source: &'static str,
    /// The keys of persistent collections.
    keys: Vec<(Variable, String)>,
}

impl<'a> Log<'a> {
    fn line(&mut self, level: u8, text: &str) {
        // Writing to a string cannot fail.
        writeln!(self.out, "[{level}] {text}").ok();
    }

    fn rule(&self, id: u64) -> Option<&'a Rule> {
        self.rules.steps.iter().find_map(|step| match step {
            hir::Step::Rule(rule) if rule.id == id && rule.span.source.name != ENGINE => {
                Some(rule.as_ref())
            }
            hir::Step::Rule(_) | hir::Step::Marker(_) => None,
        })
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Phase(phase) => self.phase(*phase),
            Step::Off(phase) => {
                self.phase(*phase);
                self.line(4, "Rule engine disabled, returning...");
            }
            Step::Skipped { rule, why } => self.skipped(*rule, *why),
            Step::Asked { rule, link } => {
                self.current = self.rule(*rule);
                let link = self.current.and_then(|rule| rule.links.get(*link));
                if let Some(link) = link {
                    self.asked(*rule, link);
                }
            }
            Step::Body { .. }
            | Step::Argument { .. }
            | Step::File { .. }
            | Step::TooMuchBesideFiles
            | Step::RequestBody(_) => self.of_body(step),
            // Of the error log.
            Step::Told { .. } => {}
            Step::Transformed { .. }
            | Step::Seen { .. }
            | Step::Captured { .. }
            | Step::Saved { .. }
            | Step::Environment { .. }
            | Step::Engine(_)
            | Step::Bound { .. }
            | Step::Answered { .. }
            | Step::Matched { .. } => {
                if let Some(rule) = self.current {
                    self.of_rule(rule, step);
                }
            }
        }
    }

    fn phase(&mut self, phase: Phase) {
        let name = match phase {
            Phase::RequestHead => "REQUEST_HEADERS.  (SecRules 1)",
            Phase::RequestBody => "REQUEST_BODY. (SecRules 2)",
            Phase::ResponseHead => "RESPONSE_HEADERS. (SecRules 3)",
            Phase::ResponseBody => "RESPONSE_BODY. (SecRules 4)",
            Phase::Logging => "LOGGING. (SecRules 5)",
        };
        self.line(4, &format!("Starting phase {name}"));
    }

    fn skipped(&mut self, id: u64, why: Skip) {
        let Some(rule) = self.rule(id) else { return };
        let place = hir::place(&rule.span);
        let place = place.rsplit(['/', '\\']).next().unwrap_or_default();
        match why {
            Skip::Removed => {
                let text = format!("Rule id: {id} was skipped due to a ruleRemoveById action...");
                self.line(9, &text);
                let text =
                    format!("Skipped rule id '{id}'. Skipped due to a ruleRemoveByTag action.");
                self.line(9, &text);
            }
            Skip::Allowed => {
                for name in [id.to_string(), place.to_owned()] {
                    let text = format!(
                        "Skipped rule id '{name}' as request trough the utilization of an `allow' \
                         action."
                    );
                    self.line(9, &text);
                }
            }
            Skip::Jump => {
                self.line(
                    9,
                    &format!("Skipped rule id '{id}' due to a `skip' action."),
                );
            }
        }
    }

    /// Rules of the text that are not in the rule set any more.
    fn removed(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase();
        let words = [
            ("secruleremovebyid", "an SecRuleRemove directive."),
            ("secruleremovebymsg", "a SecRuleRemoveByMsg directive."),
            ("secruleremovebytag", "a SecRuleRemoveByTag directive."),
        ];
        for id in ids(&lower) {
            if self.rule(id).is_some() {
                continue;
            }
            for (_, words) in words.iter().filter(|(name, _)| lower.contains(name)) {
                self.line(9, &format!("Skipped rule id '{id}'. Removed by {words}"));
            }
        }
    }

    fn asked(&mut self, id: u64, link: &Link) {
        let Some(targets) = &link.targets else {
            return self.line(4, &format!("(Rule: {id}) Executing unconditional rule..."));
        };
        let names: Vec<String> = targets
            .included
            .iter()
            .map(|target| target_name(target, ""))
            .chain(targets.excluded.iter().map(|own| target_name(own, "!")))
            .collect();
        let text = format!(
            "(Rule: {id}) Executing operator \"{}\" with param \"{}\" against {}.",
            link.asked.name,
            link.asked.parameter,
            names.join("|")
        );
        self.line(4, &text);
        for (prefix, href) in &link.namespaces {
            let text = format!("Registered XML namespace href \"{href}\" prefix \"{prefix}\"");
            self.line(4, &text);
        }
        self.stage = 0;
    }

    /// What the rule being asked does.
    fn of_rule(&mut self, rule: &Rule, step: &Step) {
        match step {
            Step::Transformed { transform, value } => {
                let name = transform.name().to_ascii_lowercase();
                let text = format!(" T ({}) t:{name}: \"{}\"", self.stage, cut(value, 80));
                self.line(9, &text);
                self.stage += 1;
            }
            Step::Seen { field, value, .. } => {
                self.stage = 0;
                let value = cut(hex(value).as_bytes(), 80);
                self.line(9, &format!("Target value: \"{value}\" (Variable: {field})"));
                if let Some(field) = self.keyed(field) {
                    self.line(9, &format!("Target value: \"{value}\" (Variable: {field})"));
                }
            }
            Step::Captured { group, value } => {
                let value = lossy(value);
                self.line(7, &format!("Added regex subexpression TX.{group}: {value}"));
                self.other_captures(*group, &value);
            }
            Step::Saved { name, value } => {
                let value = lossy(value.as_deref().unwrap_or_default());
                self.line(8, &format!("Saving variable: {name} with value: {value}"));
            }
            Step::Environment { name, value } => {
                let (name, value) = (lossy(name), lossy(value));
                let text = format!("Setting environment variable: {name} to {value}");
                self.line(8, &text);
            }
            Step::Engine(engine) => self.set_engine(*engine),
            Step::Bound { collection, key } => {
                self.keys.retain(|(own, _)| own != collection);
                self.keys.push((*collection, lossy(key)));
            }
            Step::Answered { matched } => {
                self.line(4, &format!("Rule returned {}.", u8::from(*matched)));
            }
            Step::Matched { message, tags, .. } => self.matched(rule, message, tags),
            Step::Phase(_)
            | Step::Told { .. }
            | Step::Off(_)
            | Step::Skipped { .. }
            | Step::Asked { .. }
            | Step::Body { .. }
            | Step::RequestBody(_)
            | Step::TooMuchBesideFiles
            | Step::File { .. }
            | Step::Argument { .. } => {}
        }
    }

    /// `RESOURCE:key::webapp::name`, as libmodsecurity names values of persistent collections.
    fn keyed(&self, field: &str) -> Option<String> {
        let (collection, name) = field.split_once(':')?;
        let (_, key) = self.keys.iter().find(|(own, _)| own.name() == collection)?;
        let webapp = &self.rules.settings.webapp;
        Some(format!("{collection}:{key}::{webapp}::{name}"))
    }

    /// Operators other than patterns say the same of what they keep with their own name.
    fn other_captures(&mut self, group: usize, value: &str) {
        let name = self.current.and_then(|rule| rule.links.last());
        let name = name.map_or("", |link| link.asked.name.as_str());
        if !name.starts_with("Rx") {
            let text = format!("Added {name} match TX.{group}: {value}");
            self.line(7, &text);
        }
    }

    fn set_engine(&mut self, engine: Engine) {
        self.engine = engine;
        let word = match engine {
            Engine::On => "Enabled",
            Engine::DetectionOnly => "DetectionOnly",
            Engine::Off => "Disabled",
        };
        let text =
            format!("Setting SecRuleEngine to {word} as requested by a ctl:ruleEngine action");
        self.line(8, &text);
    }

    fn matched(&mut self, rule: &Rule, message: &str, tags: &[String]) {
        for tag in tags {
            self.line(9, &format!("Rule tag: {tag}"));
        }
        self.line(9, &format!("Saving msg: {message}"));
        if rule.log {
            self.line(9, "Running action: log");
        }
        let name = match &rule.disruption {
            Disruption::Pass => "pass",
            Disruption::Deny => "deny",
            Disruption::Drop => "drop",
            Disruption::Redirect(_) => "redirect",
            Disruption::Allow(_) => "allow",
        };
        if self.engine == Engine::On {
            self.line(4, &format!("Running (disruptive)     action: {name}."));
            self.line(8, &format!("Running action {name}"));
            if let Disruption::Allow(_) = rule.disruption {
                let text =
                    "Dropping the evaluation of upcoming rules in favor of an `allow' action";
                self.line(4, text);
            }
        }
    }
}

/// `&!ARGS:x` as libmodsecurity prints it.
fn target_name(target: &Target, before: &str) -> String {
    let count = if target.count { "&" } else { "" };
    let name = target.variable.name();
    let own = match &target.selector {
        Selector::All => String::new(),
        Selector::Name(name) | Selector::Path(name) => format!(":{name}"),
        Selector::Pattern(pattern) => format!(":/{pattern}/"),
    };
    format!("{before}{count}{name}{own}")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// At most so many characters, and how many more there are.
fn cut(bytes: &[u8], max: usize) -> String {
    match bytes.get(..max) {
        Some(start) if bytes.len() > max => format!(
            "{} ({} characters omitted)",
            lossy(start),
            bytes.len() - max
        ),
        Some(_) | None => lossy(bytes),
    }
}

/// What cannot be printed, as `\x0a`.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if (32..127).contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "\\x{byte:02x}").ok();
        }
    }
    out
}

/// Every `id:…` of a text.
fn ids(text: &str) -> Vec<u64> {
    let rest = text.split("id:").skip(1);
    let digits = rest.map(|rest| {
        let rest = rest.trim_start_matches('\'');
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    });
    digits.filter_map(|digits| digits.parse().ok()).collect()
}
