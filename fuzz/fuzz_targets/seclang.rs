//! Rule text: what is read prints back byte for byte, and reading what it means never panics.
#![no_main]

use std::sync::Arc;

use babyshield_model::Source;
use babyshield_waf::hir::{self, Input};
use babyshield_waf::seclang;
use babyshield_waf::source::Memory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Arc::new(Source::new("fuzz.conf", text));
    let (file, _) = seclang::parse(&source);
    assert_eq!(file.print(), text);
    let inputs = [Input::Text("fuzz.conf".to_owned(), text.to_owned())];
    let _faults = hir::lower(&inputs, &Memory::default(), 1000);
});
