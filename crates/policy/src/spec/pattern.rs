use std::fmt;

use crate::read::{Fault, Text};

/// Which requests a route is about, as written: `POST /v1/login`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Only these methods, in order; any where there is none.
    pub methods: Vec<String>,
    /// Only this host, in lower case; with `*.` before it, every name below it.
    pub host: Option<String>,
    /// What the path looks like.
    pub path: Vec<Part>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// This text.
    Text(String),
    /// Any text; with the name it was given.
    Any(Option<String>),
    /// Whatever follows, or nothing.
    Rest,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Any(Some(name)) => write!(f, "{{{name}}}"),
            Self::Any(None) => f.write_str("*"),
            Self::Rest => f.write_str("**"),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Pattern {
    /// The pattern that matches every request.
    #[must_use]
    pub fn all() -> Self {
        Self {
            methods: Vec::new(),
            host: None,
            path: vec![Part::Rest],
        }
    }

    /// The pattern in the gateway's words, which know no names of parts.
    #[must_use]
    pub fn gateway(&self) -> String {
        let mut plain = self.clone();
        for part in &mut plain.path {
            if matches!(part, Part::Any(_)) {
                *part = Part::Any(None);
            }
        }
        plain.text()
    }
}

impl Pattern {
    /// Whether a request is one of these. The host is the `Host` field without its port.
    #[must_use]
    pub fn matches(&self, method: &str, host: &str, path: &str) -> bool {
        let methods = self.methods.is_empty() || self.methods.iter().any(|own| own == method);
        let own = self.host.as_deref();
        let host = own.is_none_or(|own| matches_host(own, host));
        let mut path: Vec<&str> = path.split('/').skip(1).collect();
        // Many servers answer `/login/` as they do `/login`.
        if path.len() > 1 && path.last() == Some(&"") {
            path.pop();
        }
        methods && host && matches_path(&self.path, &path)
    }

    /// How specific the pattern is: the greater holds where two match. The path counts from its
    /// beginning, then the host, then the method.
    #[must_use]
    pub fn specificity(&self) -> (Vec<u8>, bool, bool) {
        let ranks = self.path.iter().map(|part| match part {
            Part::Rest => 1,
            Part::Any(_) => 2,
            Part::Text(_) => 3,
        });
        (
            ranks.collect(),
            self.host.is_some(),
            !self.methods.is_empty(),
        )
    }
}

fn matches_host(own: &str, host: &str) -> bool {
    match own.strip_prefix("*.") {
        None => own.eq_ignore_ascii_case(host),
        Some(parent) => host
            .to_ascii_lowercase()
            .strip_suffix(parent)
            .is_some_and(|name| name.len() > 1 && name.ends_with('.')),
    }
}

fn matches_path(pattern: &[Part], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) | (Some((Part::Rest, _)), _) => true,
        (None, Some(_)) | (Some(_), None) => false,
        (Some((Part::Any(_), pattern)), Some((part, path))) => {
            !part.is_empty() && matches_path(pattern, path)
        }
        (Some((Part::Text(text), pattern)), Some((part, path))) => {
            text.eq_ignore_ascii_case(part) && matches_path(pattern, path)
        }
    }
}

impl Text for Pattern {
    const WHAT: &'static str = "methods and a path, such as \"POST /v1/login\"";
    const PATTERN: Option<&'static str> = Some("^([A-Z|]+ +)?[^/ ]*/\\S*$");

    fn parse(text: &str) -> Result<Self, Fault> {
        let (methods, rest) = match text.split_once(char::is_whitespace) {
            Some((methods, rest)) => (methods, rest.trim_start()),
            None => ("", text),
        };
        let methods = parse_methods(methods)?;
        let slash = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(slash).unwrap_or((rest, ""));
        if path.is_empty() {
            let prefix = text.strip_suffix(rest).unwrap_or_default();
            return Err(
                Fault::new(format!("`{rest}` is no path: there is no slash"))
                    .help(format!("write \"{prefix}/{rest}\"")),
            );
        }
        Ok(Self {
            methods,
            host: parse_host(host, path)?,
            path: parse_path(path)?,
        })
    }

    fn text(&self) -> String {
        let mut text = self.methods.join("|");
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(self.host.as_deref().unwrap_or_default());
        for part in &self.path {
            text.push('/');
            text.push_str(&part.to_string());
        }
        text
    }
}

fn parse_methods(text: &str) -> Result<Vec<String>, Fault> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut methods: Vec<String> = Vec::new();
    for method in text.split('|') {
        let upper = method.to_ascii_uppercase();
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(Fault::new(format!("`{method}` is not a method"))
                .help("write methods and a path, as in \"GET|POST /v1/login\""));
        }
        if method != upper {
            let message = format!("`{method}` would never match: methods are upper-case");
            return Err(Fault::new(message).help(format!("write \"{upper}\"")));
        }
        methods.push(upper);
    }
    methods.sort();
    methods.dedup();
    Ok(methods)
}

fn parse_host(host: &str, path: &str) -> Result<Option<String>, Fault> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.is_empty() {
        return Ok(None);
    }
    if !host.contains('.') {
        // More likely a forgotten slash than a host.
        return Err(Fault::new(format!("`{host}` is no host: it has no dot"))
            .help(format!("did you mean \"/{host}{path}\"?")));
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    if name.is_empty() || !name.bytes().all(known) {
        return Err(Fault::new(format!("`{host}` is not a host")).help(
            "write a name without scheme and port, as in \"api.example.com/v1\" or \
                   \"*.example.com/v1\"",
        ));
    }
    Ok(Some(host.to_ascii_lowercase()))
}

fn parse_path(path: &str) -> Result<Vec<Part>, Fault> {
    if let Some((plain, _)) = path.split_once(['?', '#']) {
        return Err(Fault::new("a route's path has no query").help(format!("write \"{plain}\"")));
    }
    let texts: Vec<&str> = path.split('/').skip(1).collect();
    let mut parts = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        parts.push(parse_part(text, index + 1 == texts.len())?);
    }
    Ok(parts)
}

fn parse_part(text: &str, last: bool) -> Result<Part, Fault> {
    let name = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match (text, name) {
        ("**", _) if !last => Err(Fault::new(
            "`**` stands for all that follows, so nothing can follow it",
        )),
        ("**", _) => Ok(Part::Rest),
        ("*", _) => Ok(Part::Any(None)),
        (_, Some(name)) if !name.is_empty() && !name.contains(['{', '}', '*']) => {
            Ok(Part::Any(Some(name.to_owned())))
        }
        _ if text.contains(['*', '{', '}']) => Err(Fault::new(format!(
            "`{text}` mixes text with a placeholder"
        ))
        .help("a placeholder stands for a whole part between slashes")),
        _ if text.contains(['%', ';']) => Err(Fault::new(format!(
            "the path part `{text}` is not written as a server reads it"
        ))
        .help("write the path decoded and without parameters")),
        _ if text.contains(char::is_whitespace) => {
            Err(Fault::new(format!("the path part `{text}` has a blank")))
        }
        ("." | "..", _) => Err(Fault::new("`.` and `..` never reach a route")),
        ("", _) if !last => Err(Fault::new("the path has an empty part").help("remove one slash")),
        _ => Ok(Part::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_print_as_they_were_written() {
        for text in [
            "/",
            "/**",
            "GET /v1/{id}/x",
            "GET|POST api.example.com/v1/*",
            "*.example.com/**",
        ] {
            let pattern = Pattern::parse(text).expect("a pattern");
            assert_eq!(pattern.text(), text);
        }
        let named = Pattern::parse("GET /v1/{id}").expect("a pattern");
        assert_eq!(named.gateway(), "GET /v1/*");
        assert_eq!(Pattern::parse("/**"), Ok(Pattern::all()));
    }

    #[test]
    fn the_more_specific_pattern_holds() {
        let order = [
            "/**",
            "/v1/**",
            "/v1/*",
            "/v1/a",
            "x.org/v1/a",
            "GET x.org/v1/a",
        ];
        let patterns = order.map(|text| Pattern::parse(text).expect("a pattern"));
        for pair in patterns.windows(2) {
            assert!(pair[0].specificity() < pair[1].specificity(), "{pair:?}");
        }
        for pattern in &patterns {
            assert!(
                pattern.matches("GET", "X.org", "/v1/a"),
                "{}",
                pattern.text()
            );
        }
        let some = Pattern::parse("GET /v1/{id}").expect("a pattern");
        for (method, path) in [
            ("POST", "/v1/a"),
            ("GET", "/v1/"),
            ("GET", "/v1/a/b"),
            ("GET", "/"),
        ] {
            assert!(!some.matches(method, "", path), "{method} {path}");
        }
    }
}
