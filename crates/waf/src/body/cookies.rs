//! The `Cookie` header, as ModSecurity's cookie format 0 reads it.

use crate::transform::SPACE;

/// The cookies of one header value in order, neither decoded nor unquoted. White space before a
/// name and after the last value goes; a piece without `=` is a name; a nameless piece is skipped.
pub fn parse(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let end = header
        .iter()
        .rposition(|byte| !SPACE.contains(*byte))
        .map_or(0, |last| last + 1);
    header
        .get(..end)
        .unwrap_or_default()
        .split(|byte| *byte == b';')
        .filter_map(|piece| {
            let start = piece.iter().position(|byte| !SPACE.contains(*byte))?;
            let piece = piece.get(start..)?;
            let (name, value) = match memchr::memchr(b'=', piece) {
                Some(at) => (piece.get(..at)?, piece.get(at + 1..)?),
                None => (piece, &[][..]),
            };
            (!name.is_empty()).then_some((name, value))
        })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn cookies_are_split_and_left_as_they_are() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("a=1; b=2", &[("a", "1"), ("b", "2")]),
            (
                "a=b=c;; d ;=x; e=%20+ ",
                &[("a", "b=c"), ("d ", ""), ("e", "%20+")],
            ),
            ("", &[]),
            (" ; ", &[]),
            ("a=\"q;r\"", &[("a", "\"q"), ("r\"", "")]),
        ];
        for (header, expected) in cases {
            let found: Vec<_> = parse(header.as_bytes()).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
                .collect();
            assert_eq!(found, expected, "{header}");
        }
    }
}
