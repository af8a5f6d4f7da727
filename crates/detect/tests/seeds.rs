//! The seeds of the fuzz target `detector` reach every detector: its first byte picks one, and some
//! seed of each makes it find something.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says so by panicking"
)]

use std::path::PathBuf;

use babyshield_detect::{Context, DETECTORS, Input, Place};

const NAMES: [&[u8]; 6] = [b"", b"q", b"id", b"url", b"html", b"file"];

#[test]
fn every_detector_has_a_seed_that_it_finds_something_in() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/detector");
    let mut found = vec![0_usize; DETECTORS.len()];
    for entry in std::fs::read_dir(&folder).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        let [which, kind, text @ ..] = seed.as_slice() else {
            continue;
        };
        let which = usize::from(*which) % DETECTORS.len();
        let place = Place::ALL[usize::from(kind % 11)];
        let context = Context::new(place, NAMES[usize::from(kind / 11 % 6)]);
        let input = Input {
            text,
            context,
            depth: 0,
        };
        found[which] += usize::from((DETECTORS[which].detect)(&input).is_some());
    }
    for (detector, count) in DETECTORS.iter().zip(found) {
        assert!(count > 0, "no seed reaches {}", detector.class);
    }
}
