//! What the look at dull bytes may leave out: a text with nothing else, without a word that wakes a detector, and
//! which stands for no other, holds nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

use babyshield_detect::{Place, Scanner, Scratch, set};

const PLACES: [Place; 6] = [
    Place::Query,
    Place::Cookie,
    Place::Header,
    Place::Json,
    Place::Name,
    Place::Path,
];
const NAMES: [&[u8]; 4] = [b"id", b"q", b"SAMLRequest", b"cmd"];

/// Pieces of what tokens are made of, and of encoded attacks.
const PIECES: [&str; 25] = [
    "a",
    "Z9",
    "0",
    "7f3a",
    "_",
    "-",
    ".",
    "..",
    "=",
    "www.",
    "com",
    "alert",
    "select",
    "busybox",
    "cmd.exe",
    "0x7f",
    "GA1.1.",
    "eyJ",
    // `' or 1=1`, `<svg onload=x()>`, `../../etc/passwd`, and the first two once more as digits.
    "JyBvciAxPTE",
    "PHN2ZyBvbmxvYWQ9eCgpPg==",
    "Li4vLi4vZXRjL3Bhc3N3ZA",
    "27206f7220313d31",
    "3c737667206f6e6c6f61643d7828293e",
    "H4sIAAAAAAAA",
    // The head of a PNG, and `<?php passthru();`.
    "iVBORw0KPD9waHAgcGFzc3RocnUoKTsg",
];

fn has_word(words: &[&str], text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    words
        .iter()
        .any(|word| text.contains(&word.to_ascii_lowercase()))
}

#[test]
fn what_is_left_out_holds_nothing() {
    let scanner = Scanner::shared();
    let words: Vec<&str> = scanner.words().map(|(word, _)| word).collect();
    let dull = scanner.dull();
    let mut work = Scratch::default();
    let mut seed = 0x9e37_79b9_u32;
    let mut below = |limit: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize % limit
    };
    let (mut left_out, mut encoded) = (0, 0);
    for _ in 0..30_000 {
        let count = 1 + below(6);
        let text: String = (0..count).map(|_| PIECES[below(PIECES.len())]).collect();
        let own = set::of(text.as_bytes());
        let is_dull = own.iter().zip(dull).all(|(own, dull)| own & !dull == 0);
        assert!(is_dull, "{text}");
        if has_word(&words, &text) {
            continue;
        }
        for name in NAMES {
            if Scanner::unfolds(text.as_bytes(), &own, name) {
                encoded += 1;
                continue;
            }
            left_out += 1;
            for place in PLACES {
                scanner.scan(text.as_bytes(), &own, place, name, &mut work);
                assert!(work.found().is_empty(), "{text}: {:?}", work.found());
            }
        }
    }
    assert!(left_out > 5_000 && encoded > 5_000, "{left_out}, {encoded}");
}

#[test]
fn encoded_attacks_are_not_left_out() {
    for text in [
        "JyBvciAxPTE",
        "PHN2ZyBvbmxvYWQ9eCgpPg==",
        "27206f7220313d31",
        "0x3c737667206f6e6c6f61643d7828293e",
        "v.1.PHN2ZyBvbmxvYWQ9eCgpPg",
    ] {
        let set = set::of(text.as_bytes());
        assert!(Scanner::unfolds(text.as_bytes(), &set, b"id"), "{text}");
    }
    assert!(Scanner::unfolds(b"abc", &set::of(b"abc"), b"samlResponse"));
    for text in ["", "1763253486", "en-US", "GA1.1.276700579.1763253486"] {
        let set = set::of(text.as_bytes());
        assert!(!Scanner::unfolds(text.as_bytes(), &set, b"id"), "{text}");
    }
}
