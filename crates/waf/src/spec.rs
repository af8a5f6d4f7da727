use std::path::PathBuf;
use std::time::Duration;

use babyshield_model::{ByteSize, Diagnostics, Span};

use crate::Plan;

/// Which rules, at which level, within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `builtin`, a SecLang file, or a CRS directory (`crs-setup.conf[.example]` and `rules/`).
    pub rules: Vec<PathBuf>,
    /// SecLang text given directly, under a name for diagnostics; read after `rules`.
    pub inline: Vec<(String, String)>,
    /// What rules do not look at in some requests.
    pub exclusions: Vec<Exclusion>,
    /// Paranoia level, 1 to 4: sets `tx.blocking_paranoia_level` and its older names. `None`
    /// leaves what the rule files say.
    pub level: Option<u8>,
    /// Inbound anomaly score at which a request is blocked; `None` leaves what the files say.
    pub threshold: Option<u32>,
    /// What one request may cost.
    pub limits: Limits,
}

/// One field that one rule does not look at in some requests. Patterns are those of `@rx`, without
/// quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The rule's id.
    pub rule: u64,
    /// The field, as a target of the rule language: `ARGS:text`.
    pub field: String,
    /// What every value of the field has to match; a request with another value is looked at as
    /// ever.
    pub value: Option<String>,
    /// What the method has to match.
    pub method: Option<String>,
    /// What `Host` has to match.
    pub host: Option<String>,
    /// What the path, decoded once, has to match.
    pub path: String,
    /// Where it is written.
    pub place: Option<Span>,
}

/// What one transaction may hold and cost. Everything an outsider can grow is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Request body bytes inspected; a longer body is refused with 413.
    pub request_body: ByteSize,
    /// Response body bytes inspected; the rest passes uninspected.
    pub response_body: ByteSize,
    /// Request and argument names and values counted together.
    pub arguments: usize,
    /// Cookies.
    pub cookies: usize,
    /// Nesting of a JSON or XML body.
    pub depth: usize,
    /// Parts of a multipart body.
    pub parts: usize,
    /// Steps a backtracking pattern may take on one value.
    pub regex_steps: usize,
    /// Time the rules may take over one transaction, waiting for bodies apart; beyond it the
    /// request is refused with 503, and where rules only watch, no further rule runs.
    pub time: Duration,
    /// Bytes that one transaction may keep of values and what transformations make of them, its
    /// bodies apart; beyond it as with `time`.
    pub memory: ByteSize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_body: ByteSize(10_000_000),
            response_body: ByteSize(512 << 10),
            arguments: 1000,
            cookies: 300,
            depth: 64,
            parts: 256,
            regex_steps: 100_000,
            time: Duration::from_secs(2),
            memory: ByteSize(256 << 20),
        }
    }
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            rules: vec![PathBuf::from("builtin")],
            inline: Vec::new(),
            exclusions: Vec::new(),
            level: None,
            threshold: None,
            limits: Limits::default(),
        }
    }
}

/// A plan and what was worth a warning on the way.
#[derive(Debug)]
pub struct Compiled {
    /// Ready to run.
    pub plan: Plan,
    /// Warnings only; errors are the `Err` of [`Plan::compile`].
    pub warnings: Diagnostics,
}
