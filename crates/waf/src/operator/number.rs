//! Numbers as the comparison operators read them.

/// The number at the start of a value, as `atoll` reads it: white space, a sign, digits; what
/// follows is ignored, no digits are 0, too many stick to the nearest end of the range.
#[must_use]
pub fn parse(value: &[u8]) -> i64 {
    let start = value
        .iter()
        .position(|byte| !crate::transform::SPACE.contains(*byte));
    let value = value
        .get(start.unwrap_or(value.len())..)
        .unwrap_or_default();
    let (negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut sum = 0_i64;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(digit - b'0');
        sum = sum.saturating_mul(10);
        sum = if negative {
            sum.saturating_sub(digit)
        } else {
            sum.saturating_add(digit)
        };
    }
    sum
}

/// `@eq`. ModSecurity reads 32 bits here and takes what does not fit for 0; an oversized number
/// equal to 0 would be a gift to attackers, so the full range of [`parse`] is compared instead.
#[must_use]
pub fn eq(value: &[u8], parameter: &[u8]) -> bool {
    parse(value) == parse(parameter)
}

/// `@ge`
#[must_use]
pub fn ge(value: &[u8], parameter: &[u8]) -> bool {
    parse(value) >= parse(parameter)
}

/// `@gt`
#[must_use]
pub fn gt(value: &[u8], parameter: &[u8]) -> bool {
    parse(value) > parse(parameter)
}

/// `@le`
#[must_use]
pub fn le(value: &[u8], parameter: &[u8]) -> bool {
    parse(value) <= parse(parameter)
}

/// `@lt`
#[must_use]
pub fn lt(value: &[u8], parameter: &[u8]) -> bool {
    parse(value) < parse(parameter)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn numbers_read_like_atoll() {
        let cases: &[(&str, i64)] = &[
            ("", 0),
            ("xxx", 0),
            ("12abc", 12),
            (" \t-7", -7),
            ("+5", 5),
            ("- 5", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), *expected, "{text}");
        }
    }
}
