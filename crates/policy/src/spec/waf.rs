use std::path::PathBuf;
use std::time::Duration;

use babyshield_model::ByteSize;

use crate::kind::{Count, File, Level, Number};
use crate::read::{Key, Reader, Setting};

use super::exclude::{self, Exclude};

/// The rule engine.
#[derive(Clone, Debug)]
pub struct Waf {
    /// Rule files.
    pub rules: Setting<Vec<Setting<File>>>,
    /// SecLang text read after them.
    pub directives: Option<Setting<String>>,
    /// What rules do not look at.
    pub exclude: Vec<Setting<Exclude>>,
    /// Paranoia level.
    pub level: Option<Setting<Level>>,
    /// The score that blocks.
    pub threshold: Option<Setting<Count>>,
    /// Longest request body.
    pub body: Setting<ByteSize>,
    /// Longest part of a response body inspected.
    pub response_body: Setting<ByteSize>,
    /// Most arguments.
    pub arguments: Setting<Count>,
    /// Most cookies.
    pub cookies: Setting<Count>,
    /// Deepest nesting.
    pub depth: Setting<Number<1, 1024>>,
    /// Most parts of a multipart body.
    pub parts: Setting<Count>,
    /// Longest search of one pattern in one value.
    pub regex_steps: Setting<Count>,
    /// Longest search altogether.
    pub time: Setting<Duration>,
    /// Most that is kept of one request.
    pub memory: Setting<ByteSize>,
    /// Where collections outlive a restart.
    pub collections: Option<Setting<File>>,
}

pub(super) const WAF: Key = Key::new("waf", "The rule engine, which looks for attacks.", "");
const RULES: Key = Key::new(
    "rules",
    "What is looked for: `builtin` for the rules in the binary, a SecLang file, or a folder of \
     the OWASP Core Rule Set (`crs-setup.conf` or `crs-setup.conf.example`, and `rules/`). Read \
     in this order.",
    "[\"builtin\"]",
);
const DIRECTIVES: Key = Key::new(
    "directives",
    "SecLang text read after the rule files: rules of your own, or rules to take away.",
    "\"SecRuleRemoveById 942100\"",
);
const LEVEL: Key = Key::new(
    "level",
    "Paranoia level: 1 disturbs hardly anybody, 4 lets hardly anything unusual through. Absent, \
     the rule files decide; without a word from them it is 1.",
    "2",
);
const THRESHOLD: Key = Key::new(
    "threshold",
    "The anomaly score at which a request is blocked. Absent, the rule files decide; without a \
     word from them it is 5, one critical finding.",
    "10",
);
const BODY: Key = Key::new(
    "body",
    "A longer request body is refused with 413, whether or not rules look at it.",
    "\"1MiB\"",
);
const RESPONSE_BODY: Key = Key::new(
    "response_body",
    "How much of a response body is inspected, where the rules ask for it. The rest passes.",
    "\"512KiB\"",
);
const ARGUMENTS: Key = Key::new(
    "arguments",
    "A request with more arguments than this is refused.",
    "1000",
);
const COOKIES: Key = Key::new(
    "cookies",
    "A request with more cookies than this is refused.",
    "300",
);
const DEPTH: Key = Key::new(
    "depth",
    "A JSON or XML body nested deeper than this is refused.",
    "64",
);
const PARTS: Key = Key::new(
    "parts",
    "A multipart body with more parts than this is refused.",
    "256",
);
const REGEX_STEPS: Key = Key::new(
    "regex_steps",
    "How many steps a pattern that has to backtrack may take on one value.",
    "100000",
);
const TIME: Key = Key::new(
    "time",
    "How much time the rules may spend on one request, waiting for its body apart; beyond it the \
     request is refused with 503.",
    "\"2s\"",
);
const MEMORY: Key = Key::new(
    "memory",
    "How much the rules may keep of one request's values and what decodings make of them, its \
     bodies apart; beyond it the request is refused with 503.",
    "\"256MiB\"",
);
const COLLECTIONS: Key = Key::new(
    "collections",
    "A file in which what rules remember of addresses and sessions (`IP`, `SESSION`, `USER`, \
     `RESOURCE`, `GLOBAL`) outlives a restart. It is written every ten seconds and at the end. \
     Absent, it is kept in memory alone. Its folder has to exist.",
    "\"/var/lib/babyshield/collections\"",
);

impl Waf {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let limits = babyshield_waf::Limits::default();
        let count = |number: usize| Number(u32::try_from(number).unwrap_or(u32::MAX));
        let rules = r.list(RULES, vec![File(PathBuf::from(Self::BUILTIN))]);
        for file in &rules.value {
            r.look_for(file, Some(Self::BUILTIN));
        }
        let collections = r.optional(COLLECTIONS);
        if let Some(file) = &collections {
            r.look_for_folder(file);
        }
        Self {
            rules,
            collections,
            directives: r.optional(DIRECTIVES),
            level: r.optional(LEVEL),
            threshold: r.optional(THRESHOLD),
            body: r.value(BODY, limits.request_body),
            response_body: r.value(RESPONSE_BODY, limits.response_body),
            arguments: r.value(ARGUMENTS, count(limits.arguments)),
            cookies: r.value(COOKIES, count(limits.cookies)),
            depth: r.value(DEPTH, Number(u32::try_from(limits.depth).unwrap_or(64))),
            parts: r.value(PARTS, count(limits.parts)),
            regex_steps: r.value(REGEX_STEPS, count(limits.regex_steps)),
            time: r.value(TIME, limits.time),
            memory: r.value(MEMORY, limits.memory),
            exclude: exclude::read(r),
        }
    }

    /// The name of the rules in the binary.
    pub const BUILTIN: &'static str = "builtin";
}
