//! `@detectSQLi` and `@detectXSS`, decided as libinjection does.

mod plain;
mod sql;

use libinjectionrs::XssDetector;

/// The token pattern by which an SQL injection was recognised, such as `s&1c`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    bytes: [u8; 8],
    length: u8,
}

impl Fingerprint {
    /// The token letters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.as_bytes().escape_ascii())
    }
}

/// Makes the tables that [`sqli`] needs, which its first call would make otherwise.
pub fn warm() {
    plain::warm();
    sql::warm();
}

/// Whether the value reads as SQL once it is put into a statement, bare or inside quotes.
#[must_use]
pub fn sqli(value: &[u8]) -> Option<Fingerprint> {
    if plain::is_harmless(value) {
        return None;
    }
    let bytes = sql::injection(value)?;
    let length = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    Some(Fingerprint {
        bytes,
        length: length as u8,
    })
}

/// What a value comes to as SQL, for libinjection's own cases: its tokens, `all` or those that are left
/// once the others are folded away.
#[doc(hidden)]
#[must_use]
pub fn tokens(value: &[u8], mysql: bool, all: bool) -> Vec<Vec<u8>> {
    sql::shown(value, mysql, all)
}

/// Whether the value can make a browser run a script, in any of the places of an HTML page.
#[must_use]
pub fn xss(value: &[u8]) -> bool {
    // A tag needs `<`, and an attribute that breaks out of a value needs `=`.
    memchr::memchr2(b'<', b'=', value).is_some() && XssDetector::new().detect(value).is_injection()
}

#[cfg(test)]
mod tests {
    use libinjectionrs::XssDetector;

    use super::{sqli, xss};

    #[test]
    fn fingerprints_are_told() {
        assert_eq!(sqli(b"1' or '1'='1").unwrap().as_bytes(), b"s&sos");
        assert!(sqli(b"O'Brien").is_none() && sqli(b"").is_none());
        assert!(xss(b"<script>alert(1)</script>") && xss(b"x\" onerror=alert(1) \""));
        assert!(!xss(b"a < b") && !xss(b""));
    }

    #[test]
    fn without_tag_or_equals_nothing_is_a_script() {
        let pieces: &[&[u8]] = &[
            b"onerror",
            b"style",
            b"href",
            b"javascript:",
            b" ",
            b"'",
            b"\"",
            b"`",
            b">",
            b"/",
            b"!",
            b"--",
            b"?",
            b"script",
            b"svg",
            b"xmlns",
            b"&#106;",
            b"\0",
            b"\n",
            b"%",
            b"[CDATA[",
            b"]]>",
            b"import",
            b"entity",
            b":",
        ];
        let mut state = 0x51ed_270b_3f1c_88a5_u64;
        for _ in 0..200_000 {
            let mut value = Vec::new();
            for _ in 0..1 + state % 9 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                value.extend_from_slice(pieces[(state >> 20) as usize % pieces.len()]);
            }
            assert!(
                !XssDetector::new().detect(&value).is_injection(),
                "{}",
                value.escape_ascii()
            );
        }
    }
}
