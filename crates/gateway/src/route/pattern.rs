use http::Method;

/// `[METHOD[|METHOD…] ][host]/path`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    methods: Vec<String>,
    host: Option<Host>,
    segments: Vec<Segment>,
    /// Ends in `/**`.
    rest: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Exact(String),
    /// `*.example.com`: any name below.
    Below(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    Any,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (methods, place) = match (words.next(), words.next(), words.next()) {
            (Some(place), None, None) => (Vec::new(), place),
            (Some(methods), Some(place), None) => (parse_methods(methods)?, place),
            (_, _, _) => return Err("write `METHOD /path` or `/path`".to_owned()),
        };
        let slash = place.find('/').ok_or("the path begins with `/`")?;
        let (host, path) = place.split_at_checked(slash).unwrap_or((place, ""));
        let mut segments: Vec<&str> = path.split('/').skip(1).collect();
        let rest = segments.last() == Some(&"**");
        if rest {
            segments.pop();
        }
        let segments = segments.into_iter().map(parse_segment);
        Ok(Self {
            methods,
            host: parse_host(host)?,
            segments: segments.collect::<Result<_, _>>()?,
            rest,
        })
    }

    /// Whether a request matches; `segments` are those of its normalised path. Case makes no
    /// difference: a server that ignores it must not be reached around a route.
    pub(crate) fn matches(&self, method: &str, host: &str, segments: &[&str]) -> bool {
        let methods = self.methods.is_empty() || self.methods.iter().any(|own| own == method);
        methods && self.matches_path(segments) && self.host.as_ref().is_none_or(|h| h.matches(host))
    }

    fn matches_path(&self, segments: &[&str]) -> bool {
        let enough = if self.rest {
            segments.len() >= self.segments.len()
        } else {
            segments.len() == self.segments.len()
        };
        enough
            && self
                .segments
                .iter()
                .zip(segments)
                .all(|(own, segment)| match own {
                    Segment::Text(text) => text.eq_ignore_ascii_case(segment),
                    Segment::Any => !segment.is_empty(),
                })
    }

    /// How much a pattern says: routes are tried from the most specific to the least.
    pub(crate) fn specificity(&self) -> (Vec<u8>, bool, u8, bool) {
        let mut path: Vec<u8> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(_) => 3,
                Segment::Any => 2,
            })
            .collect();
        if self.rest {
            path.push(1);
        }
        let host = match self.host {
            Some(Host::Exact(_)) => 2,
            Some(Host::Below(_)) => 1,
            None => 0,
        };
        (path, !self.rest, host, !self.methods.is_empty())
    }

    /// Whether it says anything of the host.
    pub(crate) fn has_host(&self) -> bool {
        self.host.is_some()
    }

    /// Whether some request matches both, and neither is more specific.
    pub(crate) fn rivals(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|own| other.methods.contains(own));
        let both = self.segments.iter().zip(&other.segments);
        let paths = both.into_iter().all(|pair| match pair {
            (Segment::Text(one), Segment::Text(two)) => one == two,
            (_, _) => true,
        });
        methods && paths && self.host == other.host && self.specificity() == other.specificity()
    }
}

impl Host {
    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(own) => own.eq_ignore_ascii_case(host),
            Self::Below(parent) => {
                let start = host.len().checked_sub(parent.len() + 1);
                start
                    .and_then(|at| host.split_at_checked(at))
                    .is_some_and(|(name, tail)| {
                        let tail = tail.strip_prefix('.');
                        !name.is_empty()
                            && tail.is_some_and(|tail| tail.eq_ignore_ascii_case(parent))
                    })
            }
        }
    }
}

fn parse_methods(text: &str) -> Result<Vec<String>, String> {
    let known = |name: &str| {
        let upper = name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        (upper && Method::from_bytes(name.as_bytes()).is_ok())
            .then(|| name.to_owned())
            .ok_or_else(|| format!("`{name}` is not a method; methods are written in capitals"))
    };
    text.split('|').map(known).collect()
}

fn parse_host(text: &str) -> Result<Option<Host>, String> {
    let plain = |name: &str| !name.is_empty() && !name.contains(['*', ':', '@']);
    match text.strip_prefix("*.") {
        None if text.is_empty() => Ok(None),
        Some(parent) if plain(parent) => Ok(Some(Host::Below(parent.to_owned()))),
        None if plain(text) => Ok(Some(Host::Exact(text.to_owned()))),
        _ => Err(format!(
            "`{text}` is not a host; write `api.example.com` or `*.example.com`"
        )),
    }
}

fn parse_segment(text: &str) -> Result<Segment, String> {
    match text {
        "*" => Ok(Segment::Any),
        "." | ".." => Err("a path has no dot segments".to_owned()),
        text if text.contains('*') => Err(format!(
            "`{text}`: `*` stands for a whole segment, `**` only at the end"
        )),
        text if text.contains(['%', '?', ';', '#']) => Err(format!(
            "`{text}`: write the path decoded and without a query"
        )),
        text => Ok(Segment::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, method: &str, host: &str, path: &str) -> bool {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        Pattern::parse(pattern)
            .unwrap()
            .matches(method, host, &segments)
    }

    #[test]
    fn patterns_match_what_they_say() {
        let cases = [
            ("/v1/login", "GET", "", "/v1/login", true),
            ("/v1/login", "GET", "", "/V1/Login", true),
            ("/v1/login", "GET", "", "/v1/login/x", false),
            ("POST /v1/login", "GET", "", "/v1/login", false),
            ("GET|POST /v1/login", "POST", "", "/v1/login", true),
            ("/v1/*/parts", "GET", "", "/v1/7/parts", true),
            ("/v1/*/parts", "GET", "", "/v1/7/8/parts", false),
            ("/v1/**", "GET", "", "/v1", true),
            ("/v1/**", "GET", "", "/v1/a/b", true),
            ("/**", "GET", "", "/", true),
            ("/", "GET", "", "/", true),
            ("api.x.org/**", "GET", "API.x.org", "/a", true),
            ("*.x.org/**", "GET", "a.x.org", "/a", true),
            ("*.x.org/**", "GET", "x.org", "/a", false),
            ("*.x.org/**", "GET", "evilx.org", "/a", false),
        ];
        for (pattern, method, host, path, expected) in cases {
            assert_eq!(
                matches(pattern, method, host, path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn unclear_patterns_are_faults() {
        for text in [
            "", "login", "post /x", "GET /a b", "/a*b", "/**/b", "/a/../b", "/a?b=c",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_more_a_pattern_says_the_earlier_it_is_tried() {
        let order = ["POST /a/b", "/a/b", "/a/*", "/a/**", "/**"];
        let specificities: Vec<_> = order
            .iter()
            .map(|text| Pattern::parse(text).unwrap().specificity())
            .collect();
        assert!(
            specificities.is_sorted_by(|a, b| a > b),
            "{specificities:?}"
        );
    }
}
