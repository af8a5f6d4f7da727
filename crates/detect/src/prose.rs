//! Sentences that name an attack: "What does {{7*7}} do in a template?"

/// Whether the bytes from `from` to `to` stand in the middle of a sentence, as people quote them who
/// write about them. An attack hidden in a text has text before it or after it, rarely a sentence that
/// goes on behind it.
pub(crate) fn quotes(text: &[u8], from: usize, to: usize) -> bool {
    const NEAR: usize = 80;
    if to.saturating_sub(from) > NEAR {
        return false;
    }
    let before = text
        .get(from.saturating_sub(NEAR)..from)
        .unwrap_or_default();
    let after = text.get(to..text.len().min(to + NEAR)).unwrap_or_default();
    let spaced = matches!(before, [.., b' '] | [.., b' ', b'`' | b'(']);
    let odd = before.iter().any(|byte| b"<>\"=;{}".contains(byte));
    let goes_on = match after {
        [b'`' | b')', rest @ ..] => continues(rest),
        rest => continues(rest),
    };
    spaced && !odd && words(before) >= 1 && goes_on
}

/// Whether a sentence goes on, or ends, here.
fn continues(after: &[u8]) -> bool {
    match after {
        [b'?' | b'.' | b'!' | b','] => true,
        [b'?' | b'.' | b'!' | b',', b' ' | b'\n' | b'\r', ..] => true,
        [b' ', rest @ ..] => {
            rest.first()
                .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
                && words(rest) >= 2
        }
        _ => false,
    }
}

/// How many words of two letters or more there are.
fn words(text: &[u8]) -> usize {
    text.split(|byte| !(byte.is_ascii_alphabetic() || *byte >= 0x80))
        .filter(|word| word.len() >= 2)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sentence_goes_on_behind_is_quoted() {
        let quoted = |text: &str, part: &str| {
            let from = text.find(part).unwrap();
            quotes(text.as_bytes(), from, from + part.len())
        };
        assert!(
            quoted("Is {{7*7}} dangerous in a template?", "{{7*7}}")
                || quoted("Why is {{7*7}} bad in it?", "{{7*7}}")
        );
        assert!(quoted(
            "What does <b onclick=alert(1)> do in a field?",
            "<b onclick=alert(1)>"
        ));
        assert!(!quoted("{{7*7}}", "{{7*7}}"));
        assert!(!quoted("Hello {{7*7}}", "{{7*7}}"));
        assert!(!quoted("Nice post! {{7*7}}", "{{7*7}}"));
        assert!(!quoted("xx\" yy {{7*7}} z w", "{{7*7}}"));
    }
}
