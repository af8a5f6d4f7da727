//! What operators ask, in words.

use super::{Pattern, pattern, written};
use crate::byteset::ByteSet;
use crate::hir::{Checksum, Number, Operator, Regex, Text};
use crate::operator::address::Networks;

/// Phrases shown of a list.
const SHOWN: usize = 24;

/// The question, and the pattern by which it is asked.
pub(super) fn asks(operator: &Operator, negated: bool) -> (String, Option<Pattern>) {
    let either = |yes: &str, no: &str| if negated { no } else { yes }.to_owned();
    let text = match operator {
        Operator::Always => either("nothing: it always matches", "nothing: it never matches"),
        Operator::Never => either("nothing: it never matches", "nothing: it always matches"),
        Operator::Rx(regex) | Operator::RxGlobal(regex) => {
            let asks = either(
                "whether it matches a pattern",
                "whether it does not match a pattern",
            );
            return (asks, Some(pattern::taken_apart(regex)));
        }
        Operator::Checksum(kind, regex) => return checked(*kind, regex, negated),
        Operator::RxMacro(text) => {
            let asks = either("whether it matches", "whether it does not match");
            format!("{asks} the pattern that `{}` comes to", written(text))
        }
        Operator::Phrases(list) => phrases(list, negated),
        Operator::Text(kind, text) => compares(*kind, &written(text), negated),
        Operator::Number(kind, text) => numbers(*kind, &written(text), negated),
        Operator::IpMatch(networks) => {
            let asks = either("whether it is an address in", "whether it is no address in");
            format!("{asks} {}", ranges(networks))
        }
        Operator::ByteRange(allowed) => {
            let asks = either(
                "whether it has any other byte than",
                "whether it has no other byte than",
            );
            format!("{asks} {}", bytes(allowed))
        }
        Operator::UrlEncoding => either(
            "whether it has a broken percent escape",
            "whether its percent escapes are whole",
        ),
        Operator::Utf8Encoding => either("whether it is broken UTF-8", "whether it is UTF-8"),
        Operator::DetectSqli => either(
            "whether libinjection takes it for SQL",
            "whether libinjection does not take it for SQL",
        ),
        Operator::DetectXss => either(
            "whether libinjection takes it for HTML that runs a script",
            "whether libinjection does not take it for HTML that runs a script",
        ),
        Operator::Detect(class, least) => format!(
            "the detector `{}`: whether it finds anything, at least {}, through whatever encodings",
            class.name(),
            least.name()
        ),
        Operator::GeoLookup => "whether the database of places (`SecGeoLookupDb`) knows where the address is; fills `GEO`".to_owned(),
        Operator::Rbl(zone) => {
            format!("the block list {zone}; rules make no network requests, so it never answers")
        }
    };
    (text, None)
}

fn checked(kind: Checksum, regex: &Regex, negated: bool) -> (String, Option<Pattern>) {
    let what = match kind {
        Checksum::Card => "the check digit of a payment card",
        Checksum::Cpf => "the check digits of a Brazilian CPF",
        Checksum::Ssn => "the form of a US social security number",
        Checksum::Svnr => "the check digit of an Austrian insurance number",
    };
    let no = if negated {
        "nothing in it"
    } else {
        "anything in it"
    };
    let asks = format!("whether {no} matches a pattern and has {what}");
    (asks, Some(pattern::taken_apart(regex)))
}

fn phrases(list: &[Vec<u8>], negated: bool) -> String {
    let shown = list.iter().take(SHOWN);
    let shown = shown.map(|own| format!("`{}`", own.escape_ascii()));
    let mut all: Vec<String> = shown.collect();
    if let Some(more @ 1..) = list.len().checked_sub(SHOWN) {
        all.push(format!("and {more} more"));
    }
    let holds = match (negated, list.len()) {
        (false, 1) => "it holds the phrase",
        (true, 1) => "it does not hold the phrase",
        (false, _) => "it holds one of the phrases",
        (true, _) => "it holds none of the phrases",
    };
    format!("whether {holds}, in any case: {}", all.join(", "))
}

fn compares(kind: Text, text: &str, negated: bool) -> String {
    let (yes, no) = match kind {
        Text::Streq => ("it is", "it is anything but"),
        Text::Contains | Text::Strmatch => ("it holds", "it does not hold"),
        Text::ContainsWord => ("it holds the word", "it does not hold the word"),
        Text::BeginsWith => ("it begins with", "it does not begin with"),
        Text::EndsWith => ("it ends with", "it does not end with"),
        Text::Within => ("it is found within", "it is not found within"),
    };
    format!("whether {} `{text}`", if negated { no } else { yes })
}

fn numbers(kind: Number, text: &str, negated: bool) -> String {
    let compares = match (kind, negated) {
        (Number::Eq, false) => "equal to",
        (Number::Eq, true) => "anything but",
        (Number::Ge, false) | (Number::Lt, true) => "at least",
        (Number::Gt, false) | (Number::Le, true) => "more than",
        (Number::Le, false) | (Number::Gt, true) => "at most",
        (Number::Lt, false) | (Number::Ge, true) => "less than",
    };
    format!("whether, as a number, it is {compares} {text}")
}

fn ranges(networks: &Networks) -> String {
    let mut each = networks.ranges().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    });
    let mut shown: Vec<String> = each.by_ref().take(SHOWN).collect();
    let more = each.count();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

/// The ranges of a set.
pub(crate) fn bytes(set: &ByteSet) -> String {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for byte in set.iter() {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(byte) => *last = byte,
            Some(_) | None => ranges.push((byte, byte)),
        }
    }
    let shown = |byte: u8| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        other => format!("0x{other:02x}"),
    };
    let each = ranges.into_iter().map(|(first, last)| match last - first {
        0 => shown(first),
        _ => format!("{} to {}", shown(first), shown(last)),
    });
    each.collect::<Vec<_>>().join(", ")
}
