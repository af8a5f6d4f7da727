//! What a rule set means: chains nested, defaults merged, includes inlined, names resolved.
//!
//! [`lower`] builds it from the text. Anything unknown is a diagnostic here, so that later stages
//! never meet it. The naive interpreter of the tests runs on this form.

mod action;
mod audit;
mod directive;
mod lint;
mod lower;
mod operator;
mod rule;
mod settings;
mod status;
mod target;
mod template;
mod update;

use std::sync::Arc;

use babyshield_model::Span;

pub use action::{Action, Assignment, Ctl, RuleSelector, Store};
pub(crate) use audit::STATUS;
pub use lint::lint;
pub use lower::{Input, lower};
pub use operator::{Asked, Checksum, Number, Operator, Regex, Text};
pub use settings::{AuditEngine, BodyAction, Engine, Processor, Settings};
pub use status::{Section, Status, status};
pub(crate) use target::SELECTOR;
pub use target::{Selector, Target, Targets};
pub use template::{Piece, Template};

use crate::transform::Transform;

/// A whole rule set, in the order of its files.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Rules and the markers between them.
    pub steps: Vec<Step>,
    /// What the `Sec…` directives that are not rules have set.
    pub settings: Settings,
    /// What `SecRuleUpdate…` and `SecRuleRemove…` have changed, in their order.
    pub changes: Vec<Change>,
}

/// A change that a directive has made to a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The rule's id.
    pub rule: u64,
    /// What was done.
    pub what: Changed,
    /// The directive.
    pub span: Span,
}

/// What a directive has done to a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Taken it away.
    Removed,
    /// Changed its targets, so.
    Targets(String),
    /// Changed its actions, so.
    Actions(String),
}

/// A rule, or a place to jump to.
#[derive(Debug)]
pub enum Step {
    /// `SecRule` or `SecAction`.
    Rule(Box<Rule>),
    /// `SecMarker`.
    Marker(String),
}

/// The five moments at which rules run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Phase {
    /// The request head is there.
    RequestHead = 0,
    /// The request body is there.
    RequestBody = 1,
    /// The response head is there.
    ResponseHead = 2,
    /// The response body is there.
    ResponseBody = 3,
    /// The response has been sent.
    Logging = 4,
}

impl Phase {
    /// All five, in order.
    pub const ALL: [Self; 5] = [
        Self::RequestHead,
        Self::RequestBody,
        Self::ResponseHead,
        Self::ResponseBody,
        Self::Logging,
    ];

    /// From the number or word of a `phase` action.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "1" => Self::RequestHead,
            "2" | "request" => Self::RequestBody,
            "3" => Self::ResponseHead,
            "4" | "response" => Self::ResponseBody,
            "5" | "logging" => Self::Logging,
            _ => return None,
        })
    }

    /// Its number in rule files, 1 to 5.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Its place in tables of five.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One rule: a chain of links (mostly one) that must all match.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id; unique in the set.
    pub id: u64,
    /// When it runs.
    pub phase: Phase,
    /// What a match does to the request.
    pub disruption: Disruption,
    /// The status of a disruption, if the rule says one.
    pub status: Option<u16>,
    /// Whether a match is told to the operator.
    pub log: bool,
    /// Whether a match makes the transaction worth an audit record.
    pub audit: bool,
    /// Where evaluation goes on after a match.
    pub jump: Jump,
    /// What the rule says about itself.
    pub meta: Meta,
    /// At least one.
    pub links: Vec<Link>,
    /// Where it was written.
    pub span: Span,
}

/// What a rule says about itself.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// `msg`.
    pub message: Option<Template>,
    /// `logdata`.
    pub log_data: Option<Template>,
    /// `severity`.
    pub severity: Option<RuleSeverity>,
    /// `tag`, each.
    pub tags: Vec<Template>,
    /// `ver`.
    pub version: Option<String>,
    /// `rev`.
    pub revision: Option<String>,
    /// `maturity`.
    pub maturity: Option<u8>,
    /// `accuracy`.
    pub accuracy: Option<u8>,
}

/// Syslog's severities, as `severity` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs, reason = "syslog's own words")]
pub enum RuleSeverity {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

impl RuleSeverity {
    /// All, most severe first; the position is the number.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Emergency, "emergency"),
        (Self::Alert, "alert"),
        (Self::Critical, "critical"),
        (Self::Error, "error"),
        (Self::Warning, "warning"),
        (Self::Notice, "notice"),
        (Self::Info, "info"),
        (Self::Debug, "debug"),
    ];

    /// From a word or a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let by_number = text.parse::<usize>().ok().and_then(|n| Self::ALL.get(n));
        by_number
            .or_else(|| {
                Self::ALL
                    .iter()
                    .find(|(_, word)| word.eq_ignore_ascii_case(text))
            })
            .map(|(severity, _)| *severity)
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.get(self as usize).map_or("", |(_, word)| word)
    }
}

/// What a full match does to the request.
#[derive(Clone, Debug, PartialEq)]
pub enum Disruption {
    /// Nothing.
    Pass,
    /// Answer with a status.
    Deny,
    /// Close the connection.
    Drop,
    /// Answer with a redirect.
    Redirect(Template),
    /// Skip the rest of this phase, of the request phases, or of everything but logging.
    Allow(Allow),
}

/// How far an `allow` reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// `allow`: all phases but logging.
    All,
    /// `allow:phase`.
    Phase,
    /// `allow:request`.
    Request,
}

/// Where evaluation goes on after a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Jump {
    /// With the next rule.
    Next,
    /// `skip`: past so many rules of the same phase.
    Skip(u32),
    /// `skipAfter`: past the marker of this name, or the rule of this id.
    After(String),
}

/// One condition of a rule with the actions its match triggers at once.
#[derive(Clone, Debug)]
pub struct Link {
    /// What is looked at; `None` for `SecAction`.
    pub targets: Option<Targets>,
    /// How it is judged.
    pub operator: Operator,
    /// The same as written.
    pub asked: Asked,
    /// Whether the judgement is turned round.
    pub negated: bool,
    /// What is done to each value before, in order.
    pub transforms: Vec<Transform>,
    /// Whether the operator sees every intermediate value too.
    pub multi_match: bool,
    /// Whether groups of the match are kept in `TX:0` to `TX:9`.
    pub capture: bool,
    /// Carried out for every value that matches.
    pub actions: Vec<Action>,
    /// Namespace prefixes for XPath, from `xmlns`.
    pub namespaces: Vec<(String, String)>,
    /// Where it was written.
    pub span: Span,
}

impl Rule {
    /// Frees memory that only those need who compile the rule; it can be compiled all the same.
    pub(crate) fn forget(&self) {
        for link in &self.links {
            if let Operator::Rx(own) | Operator::RxGlobal(own) | Operator::Checksum(_, own) =
                &link.operator
            {
                own.pattern.forget();
            }
        }
    }

    /// Shared words of a rule's tags that hold no macro.
    pub fn plain_tags(&self) -> impl Iterator<Item = &str> {
        self.meta.tags.iter().filter_map(Template::as_plain)
    }
}

/// A file's name and the line a span begins on, as shown to operators.
#[must_use]
pub fn place(span: &Span) -> Arc<str> {
    let before = span.source.text.as_bytes().get(..span.range.start);
    let lines = memchr::memchr_iter(b'\n', before.unwrap_or_default()).count();
    format!("{}:{}", span.source.name, lines + 1).into()
}
