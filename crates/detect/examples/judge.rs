//! What the detectors say of a file of texts, one a line:
//! `cargo run -p babyshield-detect --example judge -- CLASS|any PLACE[:NAME] FILE [--show found|missed] [--percent]`.
//!
//! `--percent` undoes percent encoding in each line first.
//!
//! Prints how many lines each degree of confidence was reached on, and the lines asked for.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

use babyshield_detect::{Class, Confidence, Context, DETECTORS, Evidence, Input, Place};

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [class, stand, file, rest @ ..] = words.as_slice() else {
        return Err("usage: judge CLASS|any PLACE[:NAME] FILE [--show found|missed]".into());
    };
    let (place, name) = stand.split_once(':').unwrap_or((stand, ""));
    let place = place_of(place)?;
    let only = Class::named(class);
    let text = std::fs::read(file).map_err(|fault| format!("{file}: {fault}"))?;
    let percent = rest.iter().any(|word| word == "--percent");
    let show = rest
        .iter()
        .skip_while(|word| *word != "--show")
        .nth(1)
        .map(String::as_str);
    let mut counts = [0_usize; 5];
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let decoded = if percent {
            undo_percent(line)
        } else {
            line.to_vec()
        };
        let input = Input {
            text: &decoded,
            context: Context::new(place, name.as_bytes()),
            depth: 0,
        };
        let best = strongest(&input, only);
        let at = best
            .as_ref()
            .map_or(0, |(_, found)| found.confidence as usize + 1);
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
        let line = String::from_utf8_lossy(line);
        match (&best, show) {
            (Some((class, found)), Some("found")) => {
                println!(
                    "{class} {} ({}) {line}",
                    found.confidence.name(),
                    found.reading
                );
            }
            (None, Some("missed")) => println!("{line}"),
            (Some((_, found)), Some("missed")) if found.confidence < Confidence::Certain => {
                println!("[{}] {line}", found.confidence.name());
            }
            _ => {}
        }
    }
    println!(
        "nothing {} · hint {} · possible {} · likely {} · certain {}",
        counts[0], counts[1], counts[2], counts[3], counts[4]
    );
    Ok(())
}

fn strongest(input: &Input<'_>, only: Option<Class>) -> Option<(Class, Evidence)> {
    DETECTORS
        .iter()
        .filter(|own| only.is_none_or(|only| own.class == only))
        .filter_map(|own| (own.detect)(input).map(|found| (own.class, found)))
        .max_by_key(|(_, found)| found.confidence)
}

fn place_of(name: &str) -> Result<Place, String> {
    Ok(match name {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        "form" => Place::Form,
        "json" => Place::Json,
        "body" => Place::Body,
        other => return Err(format!("unknown place `{other}`")),
    })
}

fn undo_percent(line: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let pair = (digit(line.get(at + 1)), digit(line.get(at + 2)));
        match (byte, pair) {
            (b'%', (Some(high), Some(low))) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    out
}
