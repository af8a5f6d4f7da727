//! What holds for one request, and where each value came from.

use serde::Serialize;

use crate::Policy;
use crate::read::{Origin, Resolved};
use crate::spec::Spec;

/// Tables that say nothing about a single request.
const ELSEWHERE: [&str; 7] = [
    "version", "listen", "tls", "admin", "health", "events", "log",
];

/// One value in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// The key's full path.
    pub key: String,
    /// The value, as TOML.
    pub value: String,
    /// `default`, or file and line.
    pub origin: String,
}

impl From<&Resolved> for Effective {
    fn from(resolved: &Resolved) -> Self {
        Self {
            key: resolved.path.clone(),
            value: resolved.value.clone(),
            origin: origin(&resolved.origin),
        }
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::Written(span) => {
            format!("{}:{}", span.source.name, span.line_column().0)
        }
    }
}

/// A request as an operator names it: `POST /v1/login`, `GET api.example.com/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    method: String,
    host: String,
    path: String,
}

/// The text names no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no request; write a method and a path, as in \"POST /v1/login\"")]
pub struct NoRequest(String);

impl std::str::FromStr for Asked {
    type Err = NoRequest;

    fn from_str(text: &str) -> Result<Self, NoRequest> {
        let fault = || NoRequest(text.to_owned());
        let (method, rest) = text.trim().split_once(' ').unwrap_or(("GET", text.trim()));
        let slash = rest.find('/').ok_or_else(fault)?;
        let (host, path) = rest.split_at_checked(slash).ok_or_else(fault)?;
        let token = |byte: u8| byte.is_ascii_alphabetic();
        if method.is_empty() || !method.bytes().all(token) || path.contains(' ') {
            return Err(fault());
        }
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Ok(Self {
            method: method.to_ascii_uppercase(),
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }
}

/// Every value in force, whatever the request.
#[must_use]
pub fn all(policy: &Policy) -> Vec<Effective> {
    let settings = policy.document.settings.iter();
    settings.map(Effective::from).collect()
}

/// Every value that has a say in one request, a route's own in place of what it overrides.
#[must_use]
pub fn of(policy: &Policy, asked: &Asked) -> Vec<Effective> {
    let route = chosen(&policy.spec, asked);
    let prefix = route.map(|index| format!("route[{index}]."));
    let settings = &policy.document.settings;
    let own = settings.iter().filter(|resolved| {
        let prefix = prefix.as_deref();
        prefix.is_some_and(|prefix| resolved.path.starts_with(prefix))
    });
    let own: Vec<&Resolved> = own.collect();
    let mut effective: Vec<Effective> = own
        .iter()
        .filter(|resolved| resolved.inherits.is_none())
        .map(|resolved| Effective::from(*resolved))
        .collect();
    for resolved in settings {
        if !concerns(resolved, &policy.spec, route) {
            continue;
        }
        let instead = own
            .iter()
            .find(|own| own.inherits == Some(resolved.path.as_str()));
        let mut line = Effective::from(*instead.unwrap_or(&resolved));
        line.key.clone_from(&resolved.path);
        effective.push(line);
    }
    effective
}

/// Whether a value has a say in the requests of a route.
fn concerns(resolved: &Resolved, spec: &Spec, route: Option<usize>) -> bool {
    let table = resolved.path.split(['.', '[']).next().unwrap_or_default();
    if table == "route" || ELSEWHERE.contains(&table) {
        return false;
    }
    let name = resolved.path.strip_prefix("limits.").unwrap_or_default();
    let named = spec.limits.named.iter().any(|own| own.name.value == name);
    if !named {
        return true;
    }
    let route = route.and_then(|index| spec.routes.get(index));
    let limits = route.and_then(|route| route.limit.as_ref());
    limits.is_some_and(|limits| limits.iter().any(|own| own.value == name))
}

/// The index of the route that holds.
fn chosen(spec: &Spec, asked: &Asked) -> Option<usize> {
    let routes = spec.routes.iter().enumerate();
    let matching = routes.filter(|(_, route)| {
        let pattern = &route.pattern;
        pattern.matches(&asked.method, &asked.host, &asked.path)
    });
    let best = matching.max_by_key(|(_, route)| route.pattern.specificity());
    best.map(|(index, _)| index)
}
