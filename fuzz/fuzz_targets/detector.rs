//! One detector, picked by the first byte, on any bytes: the search goes where that detector alone
//! leads it. What was found lies within the text; the same text is judged alike twice.
#![no_main]

use babyshield_detect::{Context, DETECTORS, Input, Place};
use libfuzzer_sys::fuzz_target;

const NAMES: [&[u8]; 6] = [b"", b"q", b"id", b"url", b"html", b"file"];

fuzz_target!(|input: &[u8]| {
    let [which, kind, text @ ..] = input else {
        return;
    };
    let detector = DETECTORS[usize::from(*which) % DETECTORS.len()];
    let place = Place::ALL[usize::from(kind % 11)];
    let name = NAMES[usize::from(kind / 11 % 6)];
    let context = Context::new(place, name);
    let ask = || {
        let input = Input { text, context, depth: 0 };
        (detector.detect)(&input)
    };
    let Some(found) = ask() else {
        return;
    };
    let span = found.span.clone();
    assert!(span.start <= span.end && span.end <= text.len(), "{}", detector.class);
    let again = ask().map(|again| (again.span, again.confidence));
    assert_eq!(again, Some((found.span, found.confidence)), "{}", detector.class);
});
