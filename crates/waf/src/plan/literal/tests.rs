//! Patterns, and what is required of their matches.

use super::*;
use crate::byteset::ByteSet;
use crate::operator::regex::{Options, Pattern};

fn of(pattern: &str) -> Vec<Clause> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .unwrap();
    clauses(&hir)
}

/// The literals of each alternative, its bytes, its length.
fn told(pattern: &str) -> Vec<String> {
    let set = |set: &Vec<Literal>| {
        let all: Vec<_> = set.iter().map(|l| String::from_utf8_lossy(l)).collect();
        all.join("|")
    };
    let clause = |own: &Clause| {
        let literals: Vec<_> = own.literals.iter().map(set).collect();
        let sets: String = own.sets.iter().map(|set| format!("{set:?}")).collect();
        format!("{}{sets}{}", literals.join("&"), own.length)
    };
    of(pattern).iter().map(clause).collect()
}

#[test]
fn the_longest_required_runs_are_chosen() {
    assert_eq!(told(r"ab.*union.*x"), ["union&ab{Xx}8"]);
    assert_eq!(
        told(r"(?i)uNion\s+select"),
        [r"select&union{\t\n\x0b\x0c\r }12"]
    );
    assert_eq!(told(r"on(?:load|error)="), ["onerror=|onload=&error|load7"]);
}

#[test]
fn optional_parts_require_nothing() {
    assert_eq!(told(r"(?:abc)?[0-9]*"), ["0"]);
    assert_eq!(told(r"colou?r"), ["color|colour5"]);
    assert_eq!(told(r"(?:abc|[0-9]+)*"), ["0"]);
}

#[test]
fn alternatives_are_told_apart() {
    assert_eq!(told(r"abcd|[0-9]+"), ["abcd4", "{0123456789}1"]);
    assert_eq!(
        told(r"%\s*(?:or\b|[0-9]{2})\s*!"),
        ["or{%}{!}4", "{%}{!}{0123456789}4"]
    );
}

#[test]
fn what_is_repeated_does_not_run_on() {
    assert_eq!(told(r"x(?:;;|%#)+y"), ["%#|;;{Xx}{Yy}4"]);
}

/// The claim itself: whatever a pattern matches fits one of its clauses.
#[test]
fn every_match_fits_a_clause() {
    let parts = [
        "ab",
        "a",
        "b+",
        "(?:a|bc)",
        "(?:ab|c)+",
        "c?",
        "[bc]",
        "(?:a|b|cc){2}",
        ".",
        "(?:b|c)*",
        "(?i:Ab)",
        r"\b",
        "(?:|a)",
        "(?:ac|[ab]{2,3}|c)",
        "(?:b(?:a|c)|(?:a|bb)c)+",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as usize % below
    };
    for _ in 0..800 {
        let mut pattern = String::new();
        for at in 0..1 + next(5) {
            if at > 0 && next(5) == 0 {
                pattern.push('|');
            }
            pattern.push_str(parts[next(parts.len())]);
        }
        let clauses = of(&pattern);
        let regex = Pattern::compile(&pattern, &Options::default()).unwrap();
        for _ in 0..40 {
            let text: String = (0..next(9))
                .map(|_| ["a", "b", "c", "A", "-"][next(5)])
                .collect();
            let lower = text.to_ascii_lowercase();
            let set = ByteSet::of(text.as_bytes());
            let fits = |own: &Clause| {
                let has =
                    |literal: &Literal| memchr::memmem::find(lower.as_bytes(), literal).is_some();
                text.len() >= own.length
                    && own.sets.iter().all(|own| own.intersects(&set))
                    && own.literals.iter().all(|strings| strings.iter().any(has))
            };
            assert!(
                !regex.is_match_alone(text.as_bytes()) || clauses.iter().any(fits),
                "{pattern} {text} {clauses:?}"
            );
        }
    }
}

#[test]
fn letters_with_something_between_them_are_still_a_word() {
    assert_eq!(
        told(r#"b["']*u["']*s["']*y"#),
        ["busy4", r#"{\"\'}{Bb}{Uu}{Ss}4"#]
    );
    let between = r#"["'\)\[\x5c]*(?:(?:(?:\|\||&&)[\s\x0b]*)?\$[!#\(\*\-0-9\?@_a-\{]*)?\x5c?"#;
    let word = |own: &str| {
        let letters: Vec<_> = own.chars().map(String::from).collect();
        letters.join(between)
    };
    let (one, other) = (word("busybox"), word("nohup"));
    assert_eq!(
        told(&format!(r"(?i)(?:{one}|{other})[\s\x0b]+")),
        [
            r"busybox|nohup{\t\n\x0b\x0c\r }6",
            r#"{\"$\')[\\}{Bb}{Uu}{Ss}8"#,
            r#"{\"$\')[\\}{Nn}{Oo}{Hh}6"#,
        ]
    );
}

#[test]
fn minimise_keeps_the_shortest() {
    let mut list = [&b"union select"[..], b"union", b"x"]
        .map(Literal::of)
        .to_vec();
    minimise(&mut list);
    assert_eq!(list, [b"x".as_slice(), b"union"].map(Literal::of));
}

/// Every request would pay for a virtual patch that waits for nothing: each has to begin with a
/// pattern whose every alternative has a literal or two rare bytes, or look at fields of one name.
#[test]
fn virtual_patches_wait_for_a_literal_or_a_name() {
    use crate::hir::{Input, Operator, Selector, Step, lower};

    let inputs: Vec<Input> = crate::builtin::inputs()
        .into_iter()
        .filter(|input| matches!(input, Input::Text(name, _) if name.contains("/6")))
        .collect();
    let files = crate::builtin::Overlay(&crate::source::Disk);
    let (set, _) = lower(&inputs, &files, 1).unwrap();
    let mut judged = 0;
    let mut costly = Vec::new();
    for step in &set.steps {
        let Step::Rule(rule) = step else { continue };
        let link = &rule.links[0];
        let targets = link.targets.iter().flat_map(|own| &own.included);
        let named = |own: &crate::hir::Target| own.selector != Selector::All;
        let Operator::Rx(pattern) = &link.operator else {
            continue;
        };
        judged += 1;
        let clauses = clauses(&pattern.pattern.hir().unwrap());
        let telling = |own: &Clause| !own.literals.is_empty() || own.sets.len() > 1;
        if !clauses.iter().all(telling) && !targets.clone().all(named) {
            costly.push(rule.id);
        }
    }
    assert!(judged > 300, "{judged}");
    assert!(costly.is_empty(), "{costly:#?}");
}
