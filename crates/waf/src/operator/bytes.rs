//! Checks of the bytes themselves: ranges, URL encoding, UTF-8.

use crate::byteset::ByteSet;
use crate::transform::hex_pair;

/// The allowed bytes of `@validateByteRange`: `1-255,10,32-126`.
///
/// # Errors
/// The part that is neither a byte nor a range of bytes.
pub fn parse_ranges(list: &str) -> Result<ByteSet, String> {
    let mut set = ByteSet::EMPTY;
    for part in list.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let byte = |text: &str| {
            let text = text.trim();
            text.parse::<u8>()
                .map_err(|_| format!("`{part}`: `{text}` is no number from 0 to 255"))
        };
        let (first, last) = (byte(first)?, byte(last)?);
        if first > last {
            return Err(format!("`{part}`: the range ends before it starts"));
        }
        set = set.union(ByteSet::range(first, last));
    }
    Ok(set)
}

/// `@validateByteRange` matches when a byte is outside the allowed set. With the [`ByteSet::of`] a
/// value at hand this is one `intersects` with the complement.
#[must_use]
pub fn outside(value: &[u8], allowed: &ByteSet) -> bool {
    ByteSet::of(value).intersects(&allowed.complement())
}

/// `@validateUrlEncoding` matches when a percent sign is not followed by two hex digits.
#[must_use]
pub fn url_encoding_is_broken(value: &[u8]) -> bool {
    memchr::memchr_iter(b'%', value).any(|at| match value.get(at + 1..at + 3) {
        Some([high, low]) => hex_pair(*high, *low).is_none(),
        _ => true,
    })
}

/// `@validateUtf8Encoding` matches when the value is not UTF-8 (over-long forms and surrogates
/// included).
#[must_use]
pub fn utf8_is_broken(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_err()
}

#[cfg(test)]
mod tests {
    use super::{outside, parse_ranges, url_encoding_is_broken, utf8_is_broken};

    #[test]
    fn ranges_name_their_faults() {
        for wrong in ["", "x", "1-", "-5", "256", "9-1", "1,,2", "1-2-3"] {
            assert!(parse_ranges(wrong).is_err(), "{wrong}");
        }
        let set = parse_ranges("9, 10,13,32-126").unwrap();
        assert!(!outside(b"hello\r\n\t~", &set));
        assert!(outside(b"hello\0", &set) && outside(b"\x7f", &set));
        assert!(!outside(b"", &set));
    }

    #[test]
    fn url_encoding_is_checked_at_the_end_too() {
        for fine in ["", "%41", "a%20b", "+"] {
            assert!(!url_encoding_is_broken(fine.as_bytes()), "{fine}");
        }
        for broken in ["%", "%4", "a%", "%4g", "%%41", "%u0041"] {
            assert!(url_encoding_is_broken(broken.as_bytes()), "{broken}");
        }
    }

    #[test]
    fn utf8_refuses_overlong_forms_and_surrogates() {
        assert!(!utf8_is_broken("aé€😀".as_bytes()));
        for broken in [
            &b"\xc0\xaf"[..],
            b"\xed\xa0\x80",
            b"\xf5\x80\x80\x80",
            b"\x80",
            b"\xe2\x82",
        ] {
            assert!(utf8_is_broken(broken), "{broken:?}");
        }
    }
}
