//! Rate limits in a replay: records do not say when they came, so they are taken to have come one
//! after another, so far apart as the operator says.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use babyshield_limit::{LimitId, Part, Plan, Store, Subject};
use serde_json::Value;

use super::request::Request;

/// The limits, what was spent of them, and the time it is.
pub(super) struct Pace {
    pub(super) plan: Arc<Plan>,
    pub(super) store: Arc<dyn Store>,
    pub(super) apart: Duration,
    pub(super) came: AtomicU32,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace")
            .field("apart", &self.apart)
            .finish_non_exhaustive()
    }
}

impl Pace {
    /// The name of the limit the next request is beyond, if it is beyond one.
    pub(super) fn spend(
        &self,
        ids: &[LimitId],
        client: IpAddr,
        route: Option<&str>,
        request: &Request,
    ) -> Option<String> {
        let came = self.came.fetch_add(1, Ordering::Relaxed);
        let caller = Caller {
            client,
            route,
            request,
        };
        let now = self.apart.saturating_mul(came);
        let decision = self.plan.check(&*self.store, ids, &caller, now)?;
        (!decision.allowed).then(|| decision.name.to_string())
    }
}

/// A record as limits see it.
struct Caller<'a> {
    client: IpAddr,
    route: Option<&'a str>,
    request: &'a Request,
}

impl Subject for Caller<'_> {
    fn address(&self) -> IpAddr {
        self.client
    }

    fn value(&self, part: &Part) -> Option<Cow<'_, [u8]>> {
        match part {
            Part::Header(name) => self.request.header(name).map(Cow::Borrowed),
            Part::Cookie(name) => cookie(self.request, name).map(Cow::Borrowed),
            Part::Body(field) => body_field(&self.request.body, field).map(Cow::Owned),
            Part::Path => Some(Cow::Borrowed(self.request.path())),
            Part::Route => self.route.map(|route| Cow::Borrowed(route.as_bytes())),
            // Nobody proved who they are; the other two are never asked for.
            Part::Jwt(_) | Part::Ip | Part::Global => None,
        }
    }
}

fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a [u8]> {
    let line = request.header("cookie")?;
    line.split(|&byte| byte == b';').find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        rest.strip_prefix(b"=")
    })
}

/// A field of a JSON body, dots leading into objects, or of a form.
fn body_field(body: &[u8], field: &str) -> Option<Vec<u8>> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let inner = || field.split('.').try_fold(&value, |at, name| at.get(name));
        return match value.get(field).or_else(inner)? {
            Value::String(text) => Some(text.clone().into_bytes()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            plain @ (Value::Bool(_) | Value::Number(_)) => Some(plain.to_string().into_bytes()),
        };
    }
    let mut pairs = body.split(|&byte| byte == b'&');
    let value = pairs.find_map(|pair| {
        let rest = pair.strip_prefix(field.as_bytes())?;
        rest.strip_prefix(b"=")
    })?;
    Some(decode(value))
}

/// Undoes the escapes of a form.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| byte == b'%');
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(if byte == b'+' { b' ' } else { byte });
                rest = after;
            }
        }
    }
    out
}
