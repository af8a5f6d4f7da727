use babyshield_model::{ByteSize, Mode};

use crate::kind::Upstream;
use crate::read::{Key, Reader, Setting};

use super::pattern::Pattern;

/// What differs for the requests a pattern names.
#[derive(Clone, Debug)]
pub struct Route {
    /// The requests.
    pub pattern: Setting<Pattern>,
    /// Their mode.
    pub mode: Option<Setting<Mode>>,
    /// Names of limits that hold in place of `limits.default`.
    pub limit: Option<Setting<Vec<Setting<String>>>>,
    /// Where they go.
    pub upstream: Option<Setting<Vec<Setting<Upstream>>>>,
    /// Their longest body.
    pub body: Option<Setting<ByteSize>>,
    /// Whether bodies pass as they come.
    pub stream: Setting<bool>,
}

pub(super) const ROUTE: Key = Key::new(
    "route",
    "What differs for some requests. The most specific route that matches holds; what it does \
     not say is inherited.",
    "",
);
const MATCH: Key = Key::new(
    "match",
    "Which requests: methods joined by `|`, if only some are meant; a host, if only one is meant; \
     and a path. `*` or `{name}` stands for one part between slashes, `**` at the end for all that \
     follows.",
    "\"POST /v1/login\"",
);
const MODE: Key = Key::new("mode", "The mode for these requests.", "\"watch\"").inherits("mode");
const LIMIT: Key = Key::new(
    "limit",
    "Names of limits that hold here in place of `limits.default`, or `off` for none.",
    "\"login\"",
)
.inherits("limits.default");
const UPSTREAM: Key = Key::new(
    "upstream",
    "Where these requests go.",
    "\"http://127.0.0.1:3001\"",
)
.inherits("upstream");
const BODY: Key = Key::new("body", "The longest body here.", "\"25MB\"").inherits("waf.body");
const STREAM: Key = Key::new(
    "stream",
    "Bodies pass through as they come, uninspected and not held to `body`: for large uploads \
     and downloads of trusted callers. Heads are still inspected.",
    "true",
);

impl Route {
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let pattern = r.required(MATCH);
        let mode = r.optional(MODE);
        let limit = r.optional_list(LIMIT);
        let upstream = r.optional_list(UPSTREAM);
        let body = r.optional(BODY);
        let stream = r.value(STREAM, false);
        Some(Self {
            // Without a usable pattern the policy is refused; what the route names is checked all
            // the same.
            pattern: pattern.unwrap_or(Setting::default(Pattern::all())),
            mode,
            limit,
            upstream,
            body,
            stream,
        })
    }
}
