//! Which routes say the same thing, and which say two things about one request.

use babyshield_model::{Diagnostic, Diagnostics};

use crate::read::Setting;
use crate::spec::{Pattern, Route};

/// One part between slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Any,
    Rest,
}

fn parts(pattern: &Pattern) -> Vec<Part<'_>> {
    let parts = pattern.path.split('/').skip(1);
    parts
        .map(|part| match part {
            "**" => Part::Rest,
            "*" => Part::Any,
            part if part.starts_with('{') => Part::Any,
            part => Part::Text(part),
        })
        .collect()
}

/// Reports routes that match the same requests, and pairs of which neither is more specific.
pub(super) fn check(routes: &[Setting<Route>], found: &mut Diagnostics) {
    for (index, later) in routes.iter().enumerate() {
        for earlier in routes.iter().take(index) {
            found.extend(compare(&earlier.pattern, &later.pattern));
        }
    }
}

fn compare(earlier: &Setting<Pattern>, later: &Setting<Pattern>) -> Option<Diagnostic> {
    let (a, b) = (parts(earlier), parts(later));
    let line = earlier.span().map_or(0, |span| span.line_column().0);
    let [first, second] = [earlier, later].map(|pattern| crate::read::Text::text(&pattern.value));
    if a == b && earlier.method == later.method {
        let fault = Diagnostic::error(
            "policy.duplicate_route",
            format!("`{second}` matches the same requests as `{first}` in line {line}"),
        )
        .help("put the settings of both into one [[route]]");
        return Some(super::place(fault, later.span()));
    }
    let methods = methods(earlier, later)?;
    let example = witness(&a, &b)?;
    if covers(&a, &b, methods.first_is_wider) || covers(&b, &a, methods.second_is_wider) {
        return None;
    }
    let method = earlier
        .method
        .as_deref()
        .or(later.method.as_deref())
        .unwrap_or("GET");
    let fault = Diagnostic::warning(
        "policy.overlapping_routes",
        format!("`{second}` and `{first}` in line {line} both match {method} {example}"),
    )
    .help("the one with the longer literal path holds; add a route for these requests to be sure");
    Some(super::place(fault, later.span()))
}

/// How the methods of two routes that can meet relate.
struct Methods {
    first_is_wider: bool,
    second_is_wider: bool,
}

fn methods(a: &Pattern, b: &Pattern) -> Option<Methods> {
    match (&a.method, &b.method) {
        (Some(a), Some(b)) if a != b => None,
        (a, b) => Some(Methods {
            first_is_wider: a.is_none() || a == b,
            second_is_wider: b.is_none() || a == b,
        }),
    }
}

/// A path both match, if there is one.
fn witness(a: &[Part<'_>], b: &[Part<'_>]) -> Option<String> {
    match (a.split_first(), b.split_first()) {
        (None, None) => Some(String::new()),
        (Some((Part::Rest, _)), _) => Some(written(b)),
        (_, Some((Part::Rest, _))) => Some(written(a)),
        (None, _) | (_, None) => None,
        (Some((Part::Text(x), a)), Some((Part::Text(y), b))) => (x == y)
            .then(|| witness(a, b))
            .flatten()
            .map(|rest| format!("/{x}{rest}")),
        (Some((Part::Text(text), a)), Some((Part::Any, b)))
        | (Some((Part::Any, a)), Some((Part::Text(text), b))) => {
            witness(a, b).map(|rest| format!("/{text}{rest}"))
        }
        (Some((Part::Any, a)), Some((Part::Any, b))) => {
            witness(a, b).map(|rest| format!("/x{rest}"))
        }
    }
}

fn written(parts: &[Part<'_>]) -> String {
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => format!("/{text}"),
        Part::Any | Part::Rest => "/x".to_owned(),
    });
    parts.collect()
}

/// Whether whatever `narrow` matches, `wide` matches too.
fn covers(wide: &[Part<'_>], narrow: &[Part<'_>], method_is_wider: bool) -> bool {
    method_is_wider && covers_path(wide, narrow)
}

fn covers_path(wide: &[Part<'_>], narrow: &[Part<'_>]) -> bool {
    match (wide.split_first(), narrow.split_first()) {
        (None, None) | (Some((Part::Rest, _)), _) => true,
        (None, Some(_)) | (Some(_), None | Some((Part::Rest, _))) => false,
        (Some((Part::Any, wide)), Some((_, narrow))) => covers_path(wide, narrow),
        (Some((Part::Text(a), wide)), Some((Part::Text(b), narrow))) => {
            a == b && covers_path(wide, narrow)
        }
        (Some((Part::Text(_), _)), Some((Part::Any, _))) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Text;

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
        assert_eq!(verdict("/a/*", "/b/*"), None);
        assert_eq!(verdict("/a", "/a/b"), None);
    }
}
