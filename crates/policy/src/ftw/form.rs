//! What the suites' own clients do to form data that is not encoded yet.

/// How a 3.x client (pyftw) encodes: pairs without a value are dropped.
pub(super) fn encode_v3(data: &[u8]) -> Vec<u8> {
    let pairs = data.split(|&b| b == b'&').filter_map(|pair| {
        let at = pair.iter().position(|&b| b == b'=')?;
        let (name, value) = (pair.get(..at)?, pair.get(at + 1..)?);
        (!value.is_empty()).then(|| [quote(&spaces(name)), quote(&spaces(value))].join(&b'='))
    });
    let encoded: Vec<Vec<u8>> = pairs.collect();
    if encoded.is_empty() {
        data.to_vec()
    } else {
        encoded.join(&b'&')
    }
}

/// How a 4.x client (go-ftw) encodes: every pair, the sign between name and value kept.
pub(super) fn encode_v4(data: &[u8]) -> Vec<u8> {
    let mut rest = data;
    let mut encoded = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|&b| b == b'&');
        let (pair, after) = match end {
            Some(at) => rest.split_at(at),
            None => (rest, &b""[..]),
        };
        rest = after.get(1..).unwrap_or_default();
        encoded.push(match pair.iter().position(|&b| b == b'=') {
            None => quote(pair),
            Some(at) => {
                let (name, value) = pair.split_at(at);
                [quote(name), quote(value.get(1..).unwrap_or_default())].join(&b'=')
            }
        });
    }
    encoded.join(&b'&')
}

/// Whether decoding would change nothing, `+` counting as a space or not.
pub(super) fn is_plain(data: &[u8], plus: bool) -> bool {
    let escape = data.windows(3).any(|three| {
        let [percent, high, low] = three else {
            return false;
        };
        *percent == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
    });
    !(escape || plus && data.contains(&b'+'))
}

/// Whether every `%` begins an escape: where one does not, go-ftw's decoder gives up.
pub(super) fn is_decodable(data: &[u8]) -> bool {
    data.iter().enumerate().all(|(at, &byte)| {
        byte != b'%'
            || data
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

fn spaces(text: &[u8]) -> Vec<u8> {
    text.iter()
        .map(|&b| if b == b'+' { b' ' } else { b })
        .collect()
}

fn quote(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b' ' => quoted.push(b'+'),
            b'-' | b'.' | b'_' | b'~' => quoted.push(byte),
            byte if byte.is_ascii_alphanumeric() => quoted.push(byte),
            byte => quoted.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_3_drops_pairs_without_a_value() {
        assert_eq!(encode_v3(b"a=<b>&c&d=&e=x y"), b"a=%3Cb%3E&e=x+y");
        assert_eq!(encode_v3(b"just text"), b"just text");
    }

    #[test]
    fn version_4_keeps_every_pair() {
        assert_eq!(encode_v4(b"a=<b>&c&d=&e=x y"), b"a=%3Cb%3E&c&d=&e=x+y");
    }

    #[test]
    fn plain_is_what_decoding_leaves_alone() {
        assert!(is_plain(b"a=%zz", true));
        assert!(!is_plain(b"a=%41", false));
        assert!(is_plain(b"a+b", false));
        assert!(!is_plain(b"a+b", true));
        assert!(!is_decodable(b"a=%zz"));
        assert!(is_decodable(b"a=%41"));
    }
}
