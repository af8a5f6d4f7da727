//! `application/x-www-form-urlencoded`, in bodies and query strings.

use super::{Cause, Fault, Fields, Limits, Scratch};
use crate::transform::url_decode;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Percent signs that encode nothing, kept as they are: `URLENCODED_ERROR` when not 0.
    pub invalid: usize,
    /// The limit that ended the parsing.
    pub fault: Option<Fault>,
}

/// Tells every pair: `+` is a space, `%XX` a byte, a wrong `%` stays. A piece without `=` is a
/// name with an empty value; an empty piece between two separators is a pair of two empty strings.
pub fn parse(
    input: &[u8],
    separator: u8,
    limits: &Limits,
    scratch: &mut Scratch,
    fields: &mut (impl Fields + ?Sized),
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut at = 0;
    for count in 0.. {
        let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        if count == limits.arguments {
            outcome.fault = Some(Cause::TooManyArguments.at(at));
            break;
        }
        let length = memchr::memchr(separator, rest).unwrap_or(rest.len());
        let piece = rest.get(..length).unwrap_or_default();
        let (name, value) = match memchr::memchr(b'=', piece) {
            Some(equals) => (piece.get(..equals), piece.get(equals + 1..)),
            None => (Some(piece), None),
        };
        let (name, value) = (name.unwrap_or_default(), value.unwrap_or_default());
        let name = decode(name, &mut scratch.name, &mut outcome.invalid);
        let value = decode(value, &mut scratch.value, &mut outcome.invalid);
        let cause = if name.len() > limits.name {
            Some(Cause::NameTooLong)
        } else if value.len() > limits.value {
            Some(Cause::ValueTooLong)
        } else {
            None
        };
        if let Some(cause) = cause {
            outcome.fault = Some(cause.at(at));
            break;
        }
        fields.argument(name, value);
        at += length + 1;
    }
    outcome
}

/// The decoded text; copied only where something is encoded.
fn decode<'a>(raw: &'a [u8], buffer: &'a mut Vec<u8>, invalid: &mut usize) -> &'a [u8] {
    if memchr::memchr2(b'%', b'+', raw).is_none() {
        return raw;
    }
    buffer.clear();
    *invalid += url_decode(raw, buffer);
    buffer
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Collected, show};
    use super::super::{Cause, Limits, Scratch};
    use super::parse;

    fn run(input: &str, limits: &Limits) -> (Vec<(String, String)>, usize, Option<Cause>) {
        let mut seen = Collected::default();
        let outcome = parse(
            input.as_bytes(),
            b'&',
            limits,
            &mut Scratch::default(),
            &mut seen,
        );
        (
            seen.arguments,
            outcome.invalid,
            outcome.fault.map(|fault| fault.cause),
        )
    }

    #[test]
    fn pairs_are_split_and_decoded() {
        let cases: &[(&str, &str, usize)] = &[
            ("", "", 0),
            ("a=1&b=2", "a=1|b=2", 0),
            ("a", "a=", 0),
            ("a=b=c", "a=b=c", 0),
            ("=x", "=x", 0),
            ("a&&b&", "a=|=|b=", 0),
            ("a+b=%41%2b%zz%", "a b=A+%zz%", 2),
            ("%3d=%26", "==&", 0),
            ("a=%00", "a=\\x00", 0),
        ];
        for (input, expected, invalid) in cases {
            let (pairs, wrong, fault) = run(input, &Limits::default());
            assert_eq!(
                (show(&pairs).as_str(), wrong, fault),
                (*expected, *invalid, None),
                "{input}"
            );
        }
    }

    #[test]
    fn limits_end_it_with_what_was_read_before() {
        let limits = Limits {
            arguments: 2,
            name: 4,
            value: 4,
            ..Limits::default()
        };
        let cases = [
            ("a&b&c", "a=|b=", Cause::TooManyArguments),
            ("a=1&abcde=1", "a=1", Cause::NameTooLong),
            ("a=1&b=12345", "a=1", Cause::ValueTooLong),
            ("a=1&b=%31%31%31%31%31", "a=1", Cause::ValueTooLong),
        ];
        for (input, expected, cause) in cases {
            let (pairs, _, fault) = run(input, &limits);
            assert_eq!(
                (show(&pairs).as_str(), fault),
                (expected, Some(cause)),
                "{input}"
            );
        }
        assert_eq!(run("a&b&", &limits).2, None);
    }
}
