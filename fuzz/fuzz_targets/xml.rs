//! XML bodies: the first line is a path.
#![no_main]

use babyshield_fuzz::limits;
use babyshield_waf::body::xml::{Document, Path, Walk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let end = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(input.len());
    let (path, body) = input.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let mut document = Document::default();
    if let Err(fault) = document.parse(body, &limits()) {
        assert!(fault.offset <= body.len());
    }
    let mut walk = Walk::default();
    let own = std::str::from_utf8(path)
        .ok()
        .and_then(|path| Path::compile(path, &[]).ok());
    let every = ["/*", "//@*"]
        .into_iter()
        .filter_map(|path| Path::compile(path, &[]).ok());
    for path in every.chain(own) {
        path.select(&document, &mut walk, |text| {
            assert!(text.len() <= body.len() * 2)
        });
    }
});
