use std::net::{IpAddr, SocketAddr};

/// The elements of a comma-separated list, quotes respected, without outer blanks.
pub(super) fn elements(line: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                parts.push(line.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(line.get(start..).unwrap_or_default());
    parts.into_iter().map(<[u8]>::trim_ascii)
}

/// The `for` parameter of one `Forwarded` element, unquoted.
pub(super) fn forwarded_for(element: &[u8]) -> Option<&[u8]> {
    element.split(|&byte| byte == b';').find_map(|pair| {
        let at = pair.iter().position(|&byte| byte == b'=')?;
        let (name, value) = pair.split_at_checked(at)?;
        let value = value.get(1..)?.trim_ascii();
        let value = value
            .strip_prefix(b"\"")
            .and_then(|v| v.strip_suffix(b"\""))
            .unwrap_or(value);
        name.trim_ascii()
            .eq_ignore_ascii_case(b"for")
            .then_some(value)
    })
}

/// An address, with or without a port, IPv6 with or without brackets.
pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use babyshield_reputation::{Pattern, addr::Networks};
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::super::{Field, Plan};

    fn resolve(field: Field, peer: &str, lines: &[&str]) -> String {
        let networks = [Pattern::from("10.0.0.0/8"), Pattern::from("fd00::/8")];
        let plan = Plan {
            trusted: Networks::compile(&networks).unwrap(),
            field,
        };
        let name = match field {
            Field::XForwardedFor => "x-forwarded-for",
            Field::Forwarded => "forwarded",
        };
        let mut fields = HeaderMap::new();
        for line in lines {
            let name = HeaderName::from_static(name);
            fields.append(name, HeaderValue::from_str(line).unwrap());
        }
        plan.resolve(peer.parse().unwrap(), &fields).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_caller_whatever_it_says() {
        let own = resolve(Field::XForwardedFor, "203.0.113.9", &["1.2.3.4"]);
        assert_eq!(own, "203.0.113.9");
    }

    #[test]
    fn the_walk_goes_right_to_left_and_ends_at_the_first_stranger() {
        let cases: [(&[&str], &str); 7] = [
            (&["198.51.100.7"], "198.51.100.7"),
            (&["1.1.1.1, 198.51.100.7, 10.0.0.9"], "198.51.100.7"),
            (&["1.1.1.1", "198.51.100.7", "10.0.0.9"], "198.51.100.7"),
            (&["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
            (&["198.51.100.7:4711, [fd00::1]:80"], "198.51.100.7"),
            (&["1.1.1.1, nonsense, 10.0.0.9"], "10.0.0.9"),
            (&[], "10.0.0.1"),
        ];
        for (lines, caller) in cases {
            assert_eq!(
                resolve(Field::XForwardedFor, "10.0.0.1", lines),
                caller,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn forwarded_is_read_with_its_quotes() {
        let cases: [(&[&str], &str); 4] = [
            (&["for=198.51.100.7;proto=https"], "198.51.100.7"),
            (
                &["for=1.1.1.1, For=\"[2001:db8::7]:4711\";by=10.0.0.2"],
                "2001:db8::7",
            ),
            (
                &["for=\"1.1.1.1, for=9.9.9.9\", for=198.51.100.7"],
                "198.51.100.7",
            ),
            (&["for=1.1.1.1, for=unknown"], "10.0.0.1"),
        ];
        for (lines, caller) in cases {
            assert_eq!(
                resolve(Field::Forwarded, "10.0.0.1", lines),
                caller,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn the_field_that_was_not_chosen_says_nothing() {
        let plan = Plan {
            trusted: Networks::compile(&[Pattern::from("10.0.0.0/8")]).unwrap(),
            field: Field::XForwardedFor,
        };
        let name = HeaderName::from_static("forwarded");
        let fields = HeaderMap::from_iter([(name, HeaderValue::from_static("for=1.1.1.1"))]);
        let caller = plan.resolve("10.0.0.1".parse().unwrap(), &fields);
        assert_eq!(caller.to_string(), "10.0.0.1");
    }

    #[test]
    fn an_ipv4_peer_in_ipv6_clothes_is_known() {
        assert_eq!(
            resolve(Field::XForwardedFor, "::ffff:10.0.0.1", &["198.51.100.7"]),
            "198.51.100.7"
        );
    }
}
