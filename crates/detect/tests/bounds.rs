//! What a value may unfold to: every order of the decodings once, no more bytes than a request may make of
//! what it sends, and nothing left out in silence.

use std::io::Write;

use babyshield_detect::{Allowance, Class, Confidence, Known, Place, Scanner, Scratch, set};

fn scan(value: &[u8], place: Place, allowance: &mut Allowance, work: &mut Scratch) {
    let known = Known {
        set: &set::of(value),
        wanted: None,
        asked: u32::MAX,
    };
    Scanner::shared().scan_knowing(value, known, (place, b"note"), allowance, work);
}

#[allow(clippy::unwrap_used, reason = "writing to memory does not fail")]
fn pack(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

#[test]
fn what_unfolds_to_too_much_is_told() {
    let mut work = Scratch::default();
    let bomb = pack(&vec![b'a'; 4 << 20]);
    scan(&bomb, Place::Body, &mut Allowance::default(), &mut work);
    assert!(work.is_cut());
    // Two that one request may send are too much in the tenth.
    let phrase: String = (0..100).map(|at| format!("{} ", at * 7919)).collect();
    let small = pack(phrase.repeat(60_000 / phrase.len()).as_bytes());
    let mut allowance = Allowance::default();
    let cut: Vec<bool> = (0..10)
        .map(|_| {
            scan(&small, Place::Body, &mut allowance, &mut work);
            work.is_cut()
        })
        .collect();
    assert!(!cut[0] && cut[9], "{cut:?}");
    // What is read in full is no reason to worry.
    scan(
        &pack(b"{\"a\":\"<script>alert(1)</script>\"}"),
        Place::Body,
        &mut Allowance::default(),
        &mut work,
    );
    assert!(!work.is_cut());
    let found = work.found().iter();
    assert!(
        found
            .filter(|own| own.class == Class::Html)
            .any(|own| own.confidence == Confidence::Certain)
    );
}

#[test]
fn layers_that_undo_in_any_order_are_looked_at_once() {
    // Four encodings side by side, each a hundred times: sixteen texts, not sixty-five.
    let text = "%41 &#x42; \\x43 \u{ff24} ".repeat(100);
    let mut work = Scratch::default();
    let mut allowance = Allowance::default();
    scan(text.as_bytes(), Place::Form, &mut allowance, &mut work);
    assert!(!work.is_cut());
    // A request may make twice its values and 64 KiB more.
    let left = format!("{allowance:?}");
    let left: usize = left
        .trim_matches(|own: char| !own.is_ascii_digit())
        .parse()
        .unwrap();
    let made = (64 << 10) + 2 * text.len() - left;
    assert!(made < 16 * text.len(), "{made} of {}", text.len());
}

#[test]
fn an_attack_behind_each_order_of_two_layers_is_found() {
    for value in [
        "%26%2360%3bscript%26%2362%3balert(1)%26%2360%3b/script%26%2362%3b",
        "&#37;3cscript&#37;3ealert(1)&#37;3c/script&#37;3e",
        "\\u0025\\u0033cscript%3ealert(1)%3c/script%3e",
        "%5cx3cscript%5cx3ealert(1)%5cx3c/script%5cx3e",
    ] {
        let mut work = Scratch::default();
        scan(
            value.as_bytes(),
            Place::Query,
            &mut Allowance::default(),
            &mut work,
        );
        assert!(
            work.found().iter().any(|own| own.class == Class::Html),
            "{value}"
        );
    }
}

#[test]
fn data_is_looked_at_as_it_is() {
    let mut seed = 1_u64;
    let mut photo = vec![0xff, 0xd8, 0xff, 0xe0];
    photo.extend((0..40_000).map(|_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) as u8
    }));
    let mut work = Scratch::default();
    let mut allowance = Allowance::default();
    scan(&photo, Place::Body, &mut allowance, &mut work);
    let certain = |work: &Scratch| {
        let found = work.found().iter();
        found
            .filter(|own| own.confidence == Confidence::Certain)
            .count()
    };
    assert_eq!((certain(&work), work.is_cut()), (0, false));
    let left = format!("{allowance:?}");
    assert_eq!(left, format!("Allowance({})", (64 << 10) + 2 * photo.len()));
    // A text in it is found all the same.
    photo.extend_from_slice(b" <script>alert(document.cookie)</script> ");
    scan(&photo, Place::Body, &mut allowance, &mut work);
    assert_eq!(certain(&work), 1);
    assert!(work.found().iter().any(|own| own.class == Class::Html));
}
