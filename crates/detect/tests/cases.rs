//! The cases beside the detectors: `cases/<class>/attacks.txt` and `cases/<class>/benign.txt`.
//!
//! A line is `CONFIDENCE PLACE[:NAME] | TEXT` for an attack (the detector of that class must be at
//! least so sure) and `PLACE[:NAME] | TEXT` for benign text (no detector at all may be certain). In
//! TEXT, `\n`, `\r`, `\t`, `\0`, `\\` and `\xHH` stand for bytes. `#` begins a comment line.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says so by panicking"
)]

use std::path::PathBuf;

use babyshield_detect::{Class, Confidence, Context, DETECTORS, Input, Place};

fn place(name: &str) -> Option<Place> {
    Some(match name {
        "path" => Place::Path,
        "query" => Place::Query,
        "name" => Place::Name,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        "form" => Place::Form,
        "json" => Place::Json,
        "xml" => Place::Xml,
        "filename" => Place::FileName,
        "file" => Place::File,
        "body" => Place::Body,
        _ => return None,
    })
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'0') => out.push(0),
            Some(b'\\') => out.push(b'\\'),
            Some(b'x') => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
            }
            other => panic!("unknown escape {other:?} in {text}"),
        }
    }
    out
}

struct Case {
    at: String,
    wanted: Option<Confidence>,
    place: Place,
    name: String,
    text: Vec<u8>,
}

fn cases(class: Class, file: &str) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("cases")
        .join(class.name())
        .join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(at, line)| {
            let at = format!("{class}/{file}:{}", at + 1);
            let (head, text) = line
                .split_once(" | ")
                .unwrap_or_else(|| panic!("{at}: no ` | `"));
            let mut words = head.split(' ');
            let wanted = (file == "attacks.txt").then(|| {
                Confidence::named(words.next().unwrap())
                    .unwrap_or_else(|| panic!("{at}: confidence"))
            });
            let stand = words.next().unwrap();
            let (own, name) = stand.split_once(':').unwrap_or((stand, ""));
            Case {
                wanted,
                place: place(own).unwrap_or_else(|| panic!("{at}: place {own}")),
                name: name.to_owned(),
                text: unescape(text),
                at,
            }
        })
        .collect()
}

fn needs(detector: &babyshield_detect::Detector, text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    text.iter().any(|byte| detector.bytes.contains(byte))
        || detector
            .words
            .iter()
            .any(|word| lower.windows(word.len()).any(|at| at == word.as_bytes()))
}

#[test]
fn every_attack_is_found_and_its_detector_would_be_asked() {
    let mut faults = Vec::new();
    for detector in DETECTORS {
        for case in cases(detector.class, "attacks.txt") {
            let context = Context::new(case.place, case.name.as_bytes());
            let input = Input {
                text: &case.text,
                context,
                depth: 0,
            };
            let found = (detector.detect)(&input);
            let text = String::from_utf8_lossy(&case.text).into_owned();
            match &found {
                Some(found) if Some(found.confidence) >= case.wanted => {
                    assert!(
                        found.span.end <= case.text.len() && found.span.start <= found.span.end,
                        "{}",
                        case.at
                    );
                }
                other => faults.push(format!(
                    "{}: wanted {:?}, got {other:?}: {text}",
                    case.at, case.wanted
                )),
            }
            if !needs(detector, &case.text) {
                faults.push(format!(
                    "{}: neither a byte nor a word asks for it: {text}",
                    case.at
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn no_benign_text_is_called_an_attack() {
    let mut faults = Vec::new();
    for own in DETECTORS {
        for case in cases(own.class, "benign.txt") {
            for detector in DETECTORS {
                let context = Context::new(case.place, case.name.as_bytes());
                let input = Input {
                    text: &case.text,
                    context,
                    depth: 0,
                };
                let found = (detector.detect)(&input);
                if let Some(found) = found.filter(|found| found.confidence == Confidence::Certain) {
                    let text = String::from_utf8_lossy(&case.text).into_owned();
                    faults.push(format!(
                        "{}: {} says {found:?}: {text}",
                        case.at, detector.class
                    ));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}
