use babyshield_model::{ByteSize, Mode};

use crate::kind::{Level, Upstream};
use crate::read::{Fault, Key, Reader, Setting, Text};

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
    /// Their paranoia level.
    pub level: Option<Setting<Level>>,
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
    "Which requests: a method, if only one is meant, and a path. `{name}` or `*` stands for one \
     part between slashes, `**` at the end for all that follows.",
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
const LEVEL: Key = Key::new("level", "The paranoia level here.", "2").inherits("waf.level");
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
        let level = r.optional(LEVEL);
        let stream = r.value(STREAM, false);
        Some(Self {
            pattern: pattern?,
            mode,
            limit,
            upstream,
            body,
            level,
            stream,
        })
    }
}

/// Which requests a route is about, as written: `POST /v1/login`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Only this method; any where absent.
    pub method: Option<String>,
    /// The path's pattern, beginning with a slash.
    pub path: String,
}

impl Text for Pattern {
    const WHAT: &'static str = "a method and path, such as \"POST /v1/login\"";
    const PATTERN: Option<&'static str> = Some("^([A-Z]+ +)?/\\S*$");

    fn parse(text: &str) -> Result<Self, Fault> {
        let (method, path) = match text.split_once(char::is_whitespace) {
            Some((method, path)) => (Some(method), path.trim_start()),
            None => (None, text),
        };
        let method = method.map(check_method).transpose()?;
        check_path(path, method.as_deref())?;
        Ok(Self {
            method,
            path: path.to_owned(),
        })
    }

    fn text(&self) -> String {
        match &self.method {
            Some(method) => format!("{method} {}", self.path),
            None => self.path.clone(),
        }
    }
}

fn check_method(method: &str) -> Result<String, Fault> {
    let upper = method.to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(Fault::new(format!("`{method}` is not a method"))
            .help("write one method and a path, as in \"POST /v1/login\""));
    }
    if method != upper {
        return Err(Fault::new(format!(
            "`{method}` would never match: methods are upper-case"
        ))
        .help(format!("write \"{upper}\"")));
    }
    Ok(upper)
}

fn check_path(path: &str, method: Option<&str>) -> Result<(), Fault> {
    let prefix = method
        .map(|method| format!("{method} "))
        .unwrap_or_default();
    if !path.starts_with('/') {
        return Err(
            Fault::new(format!("the path `{path}` does not begin with a slash"))
                .help(format!("write \"{prefix}/{path}\"")),
        );
    }
    if let Some((plain, _)) = path.split_once(['?', '#']) {
        return Err(
            Fault::new("a route's path has no query").help(format!("write \"{prefix}{plain}\""))
        );
    }
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        check_part(part, last)?;
    }
    Ok(())
}

fn check_part(part: &str, last: bool) -> Result<(), Fault> {
    let name = part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'));
    match (part, name) {
        ("**", _) if !last => Err(Fault::new(
            "`**` stands for all that follows, so nothing can follow it",
        )),
        ("*" | "**", _) => Ok(()),
        (_, Some(name)) if !name.is_empty() && !name.contains(['{', '}', '*']) => Ok(()),
        _ if part.contains(['*', '{', '}']) => Err(Fault::new(format!(
            "`{part}` mixes text with a placeholder"
        ))
        .help("a placeholder stands for a whole part between slashes")),
        _ if part.contains(char::is_whitespace) => {
            Err(Fault::new(format!("the path part `{part}` has a blank")))
        }
        _ if last => Ok(()),
        ("", _) => Err(Fault::new("the path has an empty part").help("remove one slash")),
        ("." | "..", _) => Err(Fault::new("`.` and `..` never reach a route")),
        _ => Ok(()),
    }
}
