//! Which routes say the same thing, and which say two things about one request.

use babyshield_model::{Diagnostic, Diagnostics};

use crate::read::{Setting, Text};
use crate::spec::{Part, Pattern, Route};

/// Reports routes that match the same requests, and pairs of which neither is more specific.
pub(super) fn check(routes: &[Setting<Route>], found: &mut Diagnostics) {
    // A pattern that could not be read stands nowhere, and is no pattern.
    let readable = || routes.iter().filter(|route| route.pattern.span().is_some());
    for (index, later) in readable().enumerate() {
        for earlier in readable().take(index) {
            found.extend(compare(&earlier.pattern, &later.pattern));
        }
    }
}

fn compare(earlier: &Setting<Pattern>, later: &Setting<Pattern>) -> Option<Diagnostic> {
    let line = earlier.span().map_or(0, |span| span.line_column().0);
    let [first, second] = [earlier, later].map(|pattern| pattern.value.text());
    if earlier.gateway() == later.gateway() {
        let fault = Diagnostic::error(
            "policy.duplicate_route",
            format!("`{second}` matches the same requests as `{first}` in line {line}"),
        )
        .help("put the settings of both into one [[route]]");
        return Some(super::place(fault, later.span()));
    }
    let both = meet(earlier, later)?;
    if covers(earlier, later) || covers(later, earlier) {
        return None;
    }
    let fault = Diagnostic::warning(
        "policy.overlapping_routes",
        format!("`{second}` and `{first}` in line {line} both match {both}"),
    )
    .help("say what holds for these requests in a [[route]] of their own");
    Some(super::place(fault, later.span()))
}

/// A request both match, if there is one.
fn meet(a: &Pattern, b: &Pattern) -> Option<String> {
    let method = match (a.methods.first(), b.methods.first()) {
        (None, None) => "GET",
        (Some(method), None) | (None, Some(method)) => method,
        (Some(_), Some(_)) => a.methods.iter().find(|method| b.methods.contains(method))?,
    };
    let host = match (&a.host, &b.host) {
        (Some(a), Some(b)) if a != b => {
            // A name below a wildcard meets it; two wildcards meet where one is below the other.
            let within = |narrow: &str, wide: &str| {
                let parent = wide.strip_prefix('*');
                parent.is_some_and(|parent| narrow.ends_with(parent))
            };
            match () {
                () if within(a, b) => a,
                () if within(b, a) => b,
                () => return None,
            }
        }
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => "",
    };
    let path = witness(&a.path, &b.path)?;
    Some(format!("{method} {host}{path}"))
}

/// A path both match, if there is one.
fn witness(a: &[Part], b: &[Part]) -> Option<String> {
    match (a.split_first(), b.split_first()) {
        (None, None) => Some(String::new()),
        (Some((Part::Rest, _)), _) => Some(example(b)),
        (_, Some((Part::Rest, _))) => Some(example(a)),
        (None, _) | (_, None) => None,
        (Some((x, a)), Some((y, b))) => {
            let part = match (x, y) {
                (Part::Text(x), Part::Text(y)) if x != y => return None,
                (Part::Text(text), _) | (_, Part::Text(text)) => text.as_str(),
                (Part::Any(_) | Part::Rest, Part::Any(_) | Part::Rest) => "x",
            };
            witness(a, b).map(|rest| format!("/{part}{rest}"))
        }
    }
}

fn example(parts: &[Part]) -> String {
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => format!("/{text}"),
        Part::Any(_) | Part::Rest => "/x".to_owned(),
    });
    parts.collect()
}

/// Whether whatever `narrow` matches, `wide` matches too.
fn covers(wide: &Pattern, narrow: &Pattern) -> bool {
    let within = |method| wide.methods.contains(method);
    let methods = wide.methods.is_empty()
        || (!narrow.methods.is_empty() && narrow.methods.iter().all(within));
    let host = wide.host.is_none() || wide.host == narrow.host;
    methods && host && covers_path(&wide.path, &narrow.path)
}

fn covers_path(wide: &[Part], narrow: &[Part]) -> bool {
    match (wide.split_first(), narrow.split_first()) {
        (None, None) | (Some((Part::Rest, _)), _) => true,
        (None, Some(_)) | (Some(_), None | Some((Part::Rest, _))) => false,
        (Some((Part::Any(_), wide)), Some((_, narrow))) => covers_path(wide, narrow),
        (Some((Part::Text(a), wide)), Some((Part::Text(b), narrow))) => {
            a == b && covers_path(wide, narrow)
        }
        (Some((Part::Text(_), _)), Some((Part::Any(_), _))) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(a: &str, b: &str) -> Option<&'static str> {
        let pattern = |text| Setting::default(Pattern::parse(text).expect("a pattern"));
        compare(&pattern(a), &pattern(b)).map(|fault| fault.code)
    }

    #[test]
    fn equal_routes_are_duplicates_whatever_their_placeholders_are_called() {
        assert_eq!(
            verdict("GET /a/{id}", "GET /a/*"),
            Some("policy.duplicate_route")
        );
        assert_eq!(verdict("/a/**", "/a/**"), Some("policy.duplicate_route"));
        assert_eq!(verdict("GET /a", "POST /a"), None);
    }

    #[test]
    fn nested_routes_are_fine_and_crossing_ones_are_reported() {
        assert_eq!(verdict("/a/**", "/a/b"), None);
        assert_eq!(verdict("/a/{id}", "GET /a/b"), None);
        assert_eq!(verdict("/a/*", "/*/b"), Some("policy.overlapping_routes"));
        assert_eq!(
            verdict("POST /v1/*", "/v1/login"),
            Some("policy.overlapping_routes")
        );
        assert_eq!(
            verdict("GET|PUT /a", "GET|POST /a"),
            Some("policy.overlapping_routes")
        );
        assert_eq!(verdict("GET|PUT /a", "GET /a"), None);
        assert_eq!(verdict("a.x/a", "/a"), None);
        assert_eq!(verdict("a.x/a", "b.x/a"), None);
        assert_eq!(verdict("/a/*", "/b/*"), None);
        assert_eq!(verdict("/a", "/a/b"), None);
    }
}
