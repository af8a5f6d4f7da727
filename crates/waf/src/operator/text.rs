//! Comparisons of bytes with bytes. The parameter comes after macro expansion.

use memchr::memmem;

/// `@streq`: the value is the parameter.
#[must_use]
pub fn equals(value: &[u8], parameter: &[u8]) -> bool {
    value == parameter
}

/// `@beginsWith`
#[must_use]
pub fn begins_with(value: &[u8], parameter: &[u8]) -> bool {
    value.starts_with(parameter)
}

/// `@endsWith`
#[must_use]
pub fn ends_with(value: &[u8], parameter: &[u8]) -> bool {
    value.ends_with(parameter)
}

/// `@contains` and `@strmatch`: the parameter occurs in the value.
#[must_use]
pub fn contains(value: &[u8], parameter: &[u8]) -> bool {
    memmem::find(value, parameter).is_some()
}

/// `@within`: the value occurs in the parameter; an empty value always does.
#[must_use]
pub fn within(value: &[u8], parameter: &[u8]) -> bool {
    memmem::find(parameter, value).is_some()
}

/// `@containsWord`: the parameter occurs in the value with no ASCII letter on either side.
/// An empty parameter always does.
#[must_use]
pub fn contains_word(value: &[u8], parameter: &[u8]) -> bool {
    if parameter.is_empty() {
        return true;
    }
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let mut from = 0;
    while let Some(found) = value
        .get(from..)
        .and_then(|rest| memmem::find(rest, parameter))
    {
        let start = from + found;
        let before = start.checked_sub(1).and_then(|at| value.get(at));
        if !letter(before) && !letter(value.get(start + parameter.len())) {
            return true;
        }
        from = start + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{contains_word, within};

    #[test]
    fn words_end_at_anything_but_letters() {
        let cases: &[(&str, &str, bool)] = &[
            ("abc def", "def", true),
            ("abcdef", "def", false),
            ("abc1def2", "def", true),
            ("xdef def", "def", true),
            ("def", "def", true),
            ("", "def", false),
            ("", "", true),
        ];
        for (value, parameter, expected) in cases {
            assert_eq!(
                contains_word(value.as_bytes(), parameter.as_bytes()),
                *expected,
                "{value}"
            );
        }
    }

    #[test]
    fn the_empty_value_is_within_everything() {
        assert!(within(b"", b"abc") && within(b"", b"") && !within(b"abc", b""));
    }
}
