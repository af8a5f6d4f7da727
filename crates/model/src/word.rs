//! What a word that is not known may have been meant to be.

/// The known word nearest to `text`, if one is near: an edit for every three letters of the longer
/// word, or one, and fewer than the known word has letters. Letters of another case are the same, and so
/// are `-` and `_`.
#[must_use]
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let text = plain(text);
    let near = known.into_iter().filter_map(|word| {
        let distance = strsim::damerau_levenshtein(&text, &plain(word));
        let most = (word.len().max(text.len()) / 3).max(1);
        (distance <= most && distance < word.len()).then_some((distance, word))
    });
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_recognised_and_other_words_are_not() {
        let known = ["listen", "limits", "ipv6_prefix", "s", "min", "within"];
        let cases = [
            ("listne", Some("listen")),
            ("Limit", Some("limits")),
            ("ipv6-prefx", Some("ipv6_prefix")),
            ("mim", Some("min")),
            ("upstream", None),
            ("nothing", None),
            ("x", None),
            ("", None),
        ];
        for (text, meant) in cases {
            assert_eq!(nearest(text, known), meant, "{text}");
        }
    }
}
