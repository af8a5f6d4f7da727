//! Each `bad/*.toml` is a faulty policy; the file beside it with `.expected` has every diagnostic
//! it must yield. `BLESS=1 cargo nextest run -p babyshield-policy` writes them anew.

#![allow(clippy::expect_used, reason = "helpers of tests may fail them")]

use std::fs;
use std::path::Path;

use babyshield_policy::{Document, Policy};
use babyshield_waf::source::Disk;

#[test]
fn every_fault_is_told_at_once_with_its_place_and_help() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let bless = std::env::var_os("BLESS").is_some();
    let mut cases = 0;
    let mut different = Vec::new();
    for entry in fs::read_dir(&folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        cases += 1;
        let found = told(&path);
        let expected = path.with_extension("expected");
        if bless {
            fs::write(&expected, &found).expect("a writable case");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if found != expected {
            different.push(format!(
                "{}:\n{found}--- expected\n{expected}",
                path.display()
            ));
        }
    }
    assert!(cases >= 9, "only {cases} cases");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// One line a diagnostic, the file by its own name only.
fn told(path: &Path) -> String {
    let document = Document::load(path, None, &Disk);
    let found = match Policy::compile(document, &Disk) {
        Ok(policy) => policy.document.diagnostics,
        Err(found) => found,
    };
    let folder = format!("{}/", path.parent().expect("a folder").display());
    let lines = found.iter();
    lines
        .map(|found| format!("{}\n", found.to_string().replace(&folder, "")))
        .map(|line| line.replace(folder.trim_end_matches('/'), "."))
        .collect()
}
