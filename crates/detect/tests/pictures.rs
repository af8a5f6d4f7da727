//! Pictures that are attacks, from the shared folder: read in place, skipped aloud where it is absent.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says so by panicking"
)]

use std::path::PathBuf;

use babyshield_detect::{Class, Confidence, Context, DETECTORS, Input, Place};

#[test]
fn pictures_that_hold_programs_or_far_too_many_pixels_are_found() {
    let data = std::env::var_os("BABYSHIELD_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(files) = std::fs::read_dir(data.join("malicious-images")) else {
        eprintln!("skipped: {} has no malicious-images", data.display());
        return;
    };
    let detector = DETECTORS
        .iter()
        .find(|own| own.class == Class::Upload)
        .unwrap();
    for file in files {
        let path = file.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let input = Input {
            text: &text,
            context: Context::new(Place::File, b"picture"),
            depth: 0,
        };
        let found = (detector.detect)(&input);
        assert_eq!(
            found.map(|found| found.confidence),
            Some(Confidence::Certain),
            "{}",
            path.display()
        );
    }
}
