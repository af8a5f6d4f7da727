//! A pattern, readable: its alternatives one by one, and the words in it.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::Pattern;
use crate::byteset::ByteSet;
use crate::hir::Regex;

/// Alternatives that are shown, and how much of each.
const ALTERNATIVES: usize = 24;
const LENGTH: usize = 100;
/// Words that are shown, and how long one is at least.
const WORDS: usize = 40;
const LETTERS: usize = 3;
/// Ways to a place that are told apart.
const RUNS: usize = 64;
/// Groups in groups that are looked into; the parser's own limit is higher.
const MAX_DEPTH: usize = 48;

pub(super) fn taken_apart(regex: &Regex) -> Pattern {
    let mut own = Pattern {
        text: regex.text.clone(),
        backtracks: regex.pattern.backtracks(),
        ..Pattern::default()
    };
    let Some(hir) = regex.pattern.hir() else {
        return own;
    };
    let alternatives = main(&hir, MAX_DEPTH);
    own.more = alternatives.len().saturating_sub(ALTERNATIVES);
    own.alternatives = alternatives
        .iter()
        .take(ALTERNATIVES)
        .map(|hir| {
            let mut text = String::new();
            readable(hir, MAX_DEPTH, &mut text);
            shortened(&text)
        })
        .collect();
    let mut runs = vec![String::new()];
    words(&hir, MAX_DEPTH, &mut runs, &mut own.words);
    keep(&mut runs, &mut own.words);
    own
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The alternatives of the largest part that has any.
fn main(hir: &Hir, depth: usize) -> &[Hir] {
    let Some(depth) = depth.checked_sub(1) else {
        return &[];
    };
    match hir.kind() {
        HirKind::Alternation(all) => all,
        HirKind::Capture(own) => main(&own.sub, depth),
        HirKind::Concat(parts) => {
            let each = parts.iter().map(|part| main(part, depth));
            each.max_by_key(|all| all.len()).unwrap_or_default()
        }
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_) => &[],
    }
}

/// The bytes of a class; characters beyond ASCII are left out.
fn bytes_of(class: &Class) -> ByteSet {
    let mut set = ByteSet::EMPTY;
    let mut add = |first: u32, last: u32| {
        for byte in first..=last.min(0xff) {
            set = u8::try_from(byte).map_or(set, |byte| set.with(byte));
        }
    };
    match class {
        Class::Unicode(own) => {
            for range in own.iter() {
                add(range.start().into(), range.end().into());
            }
        }
        Class::Bytes(own) => {
            for range in own.iter() {
                add(range.start().into(), range.end().into());
            }
        }
    }
    set
}

/// A letter in both cases, in lower case, or a class of one.
fn letter(class: &Class) -> Option<char> {
    let set = bytes_of(class);
    let mut all = set.iter();
    match (all.next(), all.next(), all.next()) {
        (Some(one), None, _) => Some(char::from(one)),
        (Some(upper), Some(lower), None) if upper.to_ascii_lowercase() == lower => {
            Some(char::from(lower))
        }
        _ => None,
    }
}

/// A class as people write it.
fn class(own: &Class) -> String {
    const SPACE: ByteSet = ByteSet::from_bytes(b"\t\n\x0b\x0c\r ");
    const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
    let word = DIGIT
        .union(ByteSet::range(b'a', b'z'))
        .union(ByteSet::range(b'A', b'Z'))
        .with(b'_');
    let set = bytes_of(own);
    for (known, name, other) in [
        (ByteSet::ALL, ".", ""),
        (ByteSet::EMPTY.with(b'\n').complement(), ".", ""),
        (SPACE, "\\s", "\\S"),
        (DIGIT, "\\d", "\\D"),
        (word, "\\w", "\\W"),
    ] {
        if set == known {
            return name.to_owned();
        }
        if set == known.complement() && !other.is_empty() {
            return other.to_owned();
        }
    }
    let few = |set: &ByteSet| super::bytes(set).replace(", ", " ").replace(" to ", "-");
    match set.iter().count() {
        129.. => format!("[^{}]", few(&set.complement())),
        _ => format!("[{}]", few(&set)),
    }
}

fn readable(hir: &Hir, depth: usize, out: &mut String) {
    let Some(depth) = depth.checked_sub(1) else {
        return out.push('…');
    };
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(own) => {
            out.push_str(&String::from_utf8_lossy(&own.0).escape_debug().to_string())
        }
        HirKind::Class(own) => match letter(own) {
            Some(own) => out.extend(own.escape_debug()),
            None => out.push_str(&class(own)),
        },
        HirKind::Look(look) => out.push_str(match look {
            Look::Start => "⟨start⟩",
            Look::End => "⟨end⟩",
            Look::WordAscii | Look::WordUnicode => "⟨word edge⟩",
            _ => "⟨edge⟩",
        }),
        HirKind::Repetition(own) => repeated(own, depth, out),
        HirKind::Capture(own) => readable(&own.sub, depth, out),
        HirKind::Concat(parts) => {
            for part in parts {
                readable(part, depth, out);
            }
        }
        HirKind::Alternation(all) => {
            out.push('(');
            for (at, part) in all.iter().enumerate() {
                if at > 0 {
                    out.push('|');
                }
                readable(part, depth, out);
            }
            out.push(')');
        }
    }
}

fn repeated(own: &Repetition, depth: usize, out: &mut String) {
    let mut inner = String::new();
    readable(&own.sub, depth, &mut inner);
    let whole = matches!(own.sub.kind(), HirKind::Class(_)) || inner.chars().count() == 1;
    if whole || inner.starts_with('(') && matches!(own.sub.kind(), HirKind::Alternation(_)) {
        out.push_str(&inner);
    } else {
        out.push_str(&format!("({inner})"));
    }
    match (own.min, own.max) {
        (0, None) => out.push('*'),
        (1, None) => out.push('+'),
        (0, Some(1)) => out.push('?'),
        (min, None) => out.push_str(&format!("{{{min},}}")),
        (min, Some(max)) if min == max => out.push_str(&format!("{{{min}}}")),
        (min, Some(max)) => out.push_str(&format!("{{{min},{max}}}")),
    }
}

/// The words of a pattern, in order, each once. `runs` are the letters that may stand before, in
/// each way to get there.
fn words(hir: &Hir, depth: usize, runs: &mut Vec<String>, found: &mut Vec<String>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match hir.kind() {
        HirKind::Literal(own) => {
            let text = String::from_utf8_lossy(&own.0);
            runs.iter_mut().for_each(|run| run.push_str(&text));
        }
        HirKind::Class(own) => match letter(own) {
            Some(own) => runs.iter_mut().for_each(|run| run.push(own)),
            None => keep(runs, found),
        },
        HirKind::Capture(own) => words(&own.sub, depth, runs, found),
        HirKind::Concat(parts) => {
            for part in parts {
                words(part, depth, runs, found);
            }
        }
        HirKind::Repetition(own) if (own.min, own.max) == (0, Some(1)) => {
            let before = runs.clone();
            words(&own.sub, depth, runs, found);
            join(runs, before, found);
        }
        HirKind::Repetition(own) => {
            keep(runs, found);
            words(&own.sub, depth, runs, found);
            keep(runs, found);
        }
        HirKind::Alternation(all) => {
            let before = std::mem::take(runs);
            for part in all {
                let mut own = before.clone();
                words(part, depth, &mut own, found);
                join(runs, own, found);
            }
        }
        HirKind::Empty | HirKind::Look(_) => {}
    }
}

/// More ways to the same place; too many are ended there.
fn join(runs: &mut Vec<String>, more: Vec<String>, found: &mut Vec<String>) {
    for own in more {
        if !runs.contains(&own) {
            runs.push(own);
        }
    }
    if runs.len() > RUNS {
        keep(runs, found);
    }
}

/// Ends runs of letters.
fn keep(runs: &mut Vec<String>, found: &mut Vec<String>) {
    for word in std::mem::replace(runs, vec![String::new()]) {
        let letters = word.chars().filter(|own| own.is_alphanumeric()).count();
        if letters >= LETTERS && found.len() < WORDS && !found.contains(&word) {
            found.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::regex::{Options, Pattern as Compiled};

    fn apart(text: &str) -> Pattern {
        let source = babyshield_model::Source::new("t", text);
        taken_apart(&Regex {
            text: text.to_owned(),
            groups: false,
            pattern: Compiled::parse(text, &Options::default()).unwrap(),
            span: babyshield_model::Span::new(&source, 0..1),
        })
    }

    #[test]
    fn words_are_put_together_from_what_their_alternatives_share() {
        let own = apart(
            r"(?i)\bc(?:onnection_id|urrent_user)\s*\(|exec(?:ute)?\s|(?:distin|sele)ct\b|a.b",
        );
        assert_eq!(
            own.words,
            [
                "connection_id",
                "current_user",
                "execute",
                "exec",
                "distinct",
                "select"
            ]
        );
        assert_eq!(own.alternatives.len(), 4);
        assert_eq!(
            own.alternatives[0],
            "⟨word edge⟩c(onnection_id|urrent_user)\\s*("
        );
        assert_eq!(own.alternatives[3], "a.b");
    }

    #[test]
    fn classes_are_written_as_people_do() {
        let one = |text: &str| apart(&format!("(?:{text}|x9)")).alternatives[0].clone();
        assert_eq!(one("[^a-c]y"), "[^a-c]y");
        assert_eq!(one("[a-c-]+"), "[- a-c]+");
        assert_eq!(one(r"\d{2,}\w\S"), r"\d{2,}\w\S");
        assert_eq!(one("(?:ab)*?z"), "(ab)*z");
    }

    #[test]
    fn many_alternatives_are_cut_and_counted_and_look_around_is_told() {
        let all: Vec<String> = (0..60).map(|at| format!("w{at}x")).collect();
        let own = apart(&all.join("|"));
        assert_eq!(own.alternatives.len() + own.more, 60);
        let own = apart("a(?=b)");
        assert!(own.backtracks && own.alternatives.is_empty());
    }
}
