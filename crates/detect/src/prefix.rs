//! What stands at a place of a text, in any case of its letters.

/// Whether a text goes on like this, in lower case, from a place on. The first byte alone tells most apart.
#[inline]
pub(crate) fn starts(text: &[u8], at: usize, lower: &[u8]) -> bool {
    text.get(at).map(u8::to_ascii_lowercase) == lower.first().copied()
        && text
            .get(at..at + lower.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(lower))
}

#[cfg(test)]
mod tests {
    use super::starts;

    #[test]
    fn a_text_goes_on_in_any_case() {
        assert!(starts(b"xFile:/", 1, b"file:"));
        assert!(!starts(b"xFile", 1, b"file:") && !starts(b"x", 1, b"f") && !starts(b"", 9, b"f"));
    }
}
