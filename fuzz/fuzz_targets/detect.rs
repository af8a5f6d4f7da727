//! Every detector alone, and all of them through the search of decodings, on any bytes: no panic, and
//! what was found lies within what was read.
#![no_main]

use babyshield_detect::{Context, DETECTORS, Input, Place, Scanner, Scratch, set};
use libfuzzer_sys::fuzz_target;

const NAMES: [&[u8]; 6] = [b"", b"q", b"id", b"url", b"html", b"file"];

fuzz_target!(|input: &[u8]| {
    let [kind, text @ ..] = input else {
        return;
    };
    let place = Place::ALL[usize::from(kind % 11)];
    let name = NAMES[usize::from(kind / 11 % 6)];
    for detector in DETECTORS {
        let context = Context::new(place, name);
        let input = Input { text, context, depth: 0 };
        if let Some(found) = (detector.detect)(&input) {
            let span = found.span;
            assert!(span.start <= span.end && span.end <= text.len(), "{}", detector.class);
            let awake = text.iter().any(|byte| detector.bytes.contains(byte));
            let lower = text.to_ascii_lowercase();
            let named = detector
                .words
                .iter()
                .any(|word| lower.windows(word.len()).any(|at| at == word.as_bytes()));
            // What nothing wakes is found by nobody: a miss, not a fault, unless it glances wrongly.
            if let Some(glance) = detector.glance
                && awake
                && !named
                && found.confidence == babyshield_detect::Confidence::Certain
            {
                assert!(glance(text, &set::of(text)), "{} glances past", detector.class);
            }
        }
    }
    let mut work = Scratch::default();
    Scanner::shared().scan(text, &set::of(text), place, name, &mut work);
    for found in work.found() {
        let read = found.decoded(&work).unwrap_or(text);
        assert!(found.span.end <= read.len(), "{} beyond its text", found.class);
    }
});
