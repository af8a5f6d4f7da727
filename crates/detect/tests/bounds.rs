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

/// A text of five layers, each nearly as long as the one around it.
fn layered(len: usize) -> String {
    let layers = "a chair for a child of three, fifty%252525252525 off ";
    layers.chars().cycle().take(len).collect()
}

fn is_certain(work: &Scratch, class: Class) -> bool {
    let mut found = work.found().iter().filter(|own| own.class == class);
    found.any(|own| own.confidence == Confidence::Certain)
}

#[test]
fn what_unfolds_to_too_much_is_told() {
    let mut work = Scratch::default();
    let mut allowance = Allowance::default();
    let mut scan = |value: &str| {
        scan(value.as_bytes(), Place::Form, &mut allowance, &mut work);
        work.is_cut()
    };
    let cut: Vec<bool> = (0..10).map(|_| scan(&layered(20_000))).collect();
    assert!(!cut[0] && cut[9], "{cut:?}");
}

#[test]
fn of_an_archive_the_beginning_is_looked_at_and_it_takes_nothing_from_others() {
    let mut work = Scratch::default();
    let mut allowance = Allowance::default();
    let mut text = b"<script>alert(document.cookie)</script>".to_vec();
    text.extend(layered(4 << 20).bytes());
    scan(&pack(&text), Place::Body, &mut allowance, &mut work);
    assert!(is_certain(&work, Class::Html) && !work.is_cut());
    let layers = b"%253Cscript%253Ealert(document.cookie)%253C/script%253E";
    scan(layers, Place::Query, &mut allowance, &mut work);
    assert!(is_certain(&work, Class::Html) && !work.is_cut());
}

#[test]
fn layers_that_undo_in_any_order_are_looked_at_once() {
    // Four encodings side by side, each a hundred times: sixteen texts, not sixty-five.
    let text = "%41 &#x42; \\x43 \u{ff24} ".repeat(100);
    let mut work = Scratch::default();
    let mut allowance = Allowance::default();
    scan(text.as_bytes(), Place::Form, &mut allowance, &mut work);
    assert!(!work.is_cut());
    let made = (64 << 10) + 2 * text.len() - allowance.left();
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
    let any = |work: &Scratch| {
        let mut found = work.found().iter();
        found.any(|own| own.confidence == Confidence::Certain)
    };
    assert!(!any(&work) && !work.is_cut());
    // Nothing was made of it.
    assert_eq!(allowance.left(), (64 << 10) + 2 * photo.len());
    // A text in it is found all the same.
    photo.extend_from_slice(b" <script>alert(document.cookie)</script> ");
    scan(&photo, Place::Body, &mut allowance, &mut work);
    assert!(is_certain(&work, Class::Html));
}

#[test]
fn long_texts_are_undone_at_once_and_never_too_much() {
    // A page of a manual: percent signs, references and escapes, all over.
    let page = "<p>50&#37; of \\u201cA&amp;B\\u201d: /a%20b?c=%26&quot; </p>\n".repeat(4_000);
    let hidden = format!("{page}%26%2360;script&#x3e;\\x61lert(document.cookie)&lt;/script>");
    for (text, attack) in [(page, false), (hidden, true)] {
        let mut work = Scratch::default();
        let mut allowance = Allowance::default();
        scan(text.as_bytes(), Place::Json, &mut allowance, &mut work);
        assert!(!work.is_cut());
        assert_eq!(is_certain(&work, Class::Html), attack);
    }
}
