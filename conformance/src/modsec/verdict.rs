//! Whether what happened is what a case expects, and what of its expectations was judged at all.

use babyshield_model::Diagnostics;
use babyshield_waf::operator::regex::{Options, Pattern};

use super::case::{Case, Expected};
use super::debug;
use super::exceptions::{EXCEPTIONS, MISTAKES, UNTOLD};
use super::play::{self, Played};

/// One thing a case expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is so.
    Holds,
    /// It is not so.
    Fails(String),
    /// It cannot be told here, for this reason.
    Untold(String),
}

/// What a case says in all: nothing when it expects nothing that could be judged.
pub(crate) fn judge(name: &str, case: &Case, played: &Result<Played, Diagnostics>) -> Vec<Judged> {
    let expected = &case.expected;
    if let Some((_, why)) = EXCEPTIONS.iter().find(|(own, _)| *own == name) {
        return vec![Judged::Untold((*why).to_owned())];
    }
    match (played, expected.parser_error.as_deref()) {
        (Err(faults), Some(pattern)) => vec![refused(faults, pattern)],
        (Err(faults), None) => vec![unloadable(faults)],
        (Ok(_), Some(pattern)) => vec![Judged::Fails(format!(
            "the rules load, and should not: {pattern}"
        ))],
        (Ok(played), None) => happened(case, expected, played),
    }
}

/// Rules that were to be refused: at the line the suite names, where it names one.
fn refused(faults: &Diagnostics, pattern: &str) -> Judged {
    if let Some(why) = left_out(faults) {
        return Judged::Untold(why);
    }
    let wanted = pattern
        .split("Line: ")
        .nth(1)
        .and_then(|rest| rest.split('.').next())
        .and_then(|digits| digits.parse::<usize>().ok());
    let lines: Vec<usize> = faults
        .iter()
        .filter_map(|fault| fault.span.as_ref().map(|span| span.line_column().0))
        .collect();
    match wanted {
        Some(line) if !lines.contains(&line) => Judged::Fails(format!(
            "refused at line {lines:?}, not {line}: {}",
            told(faults)
        )),
        Some(_) | None => Judged::Holds,
    }
}

/// Why a word of the rules is left out on purpose, if one is.
fn left_out(faults: &Diagnostics) -> Option<String> {
    let mut messages = faults.iter().map(|fault| &fault.message);
    messages
        .find(|message| message.contains("is not supported: "))
        .cloned()
}

/// Rules that do not load: because of a word that is left out on purpose, of a mistake that
/// libmodsecurity lets pass and that stops the start here, of a file that the suite lacks, or for
/// nothing.
fn unloadable(faults: &Diagnostics) -> Judged {
    if let Some(why) = left_out(faults) {
        return Judged::Untold(why);
    }
    let absent = faults.iter().find_map(|fault| {
        let message = fault.message.as_str();
        let path = match message.strip_prefix("no file fits `") {
            Some(path) => path.trim_end_matches('`'),
            None => {
                let (path, _) = message.strip_prefix("cannot read `")?.split_once('`')?;
                (!std::path::Path::new(path).exists()).then_some(path)?
            }
        };
        path.rsplit('/').next()
    });
    if let Some(file) = absent {
        return Judged::Untold(format!("the suite's data here lacks {file}"));
    }
    let is_mistake = |(code, _): &&(&str, &str)| faults.iter().any(|fault| fault.code == *code);
    if let Some((_, why)) = MISTAKES.iter().find(is_mistake) {
        return Judged::Untold(format!("its rules stop the start here: {why}"));
    }
    Judged::Fails(format!("the rules do not load: {}", told(faults)))
}

fn told(faults: &Diagnostics) -> String {
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    all.join("; ")
}

fn happened(case: &Case, expected: &Expected, played: &Played) -> Vec<Judged> {
    let mut all = Vec::new();
    if played.fast.interruption != played.traced.interruption
        || played.fast.findings != played.traced.findings
    {
        all.push(Judged::Fails(
            "the plan and the plan without shortcuts disagree".to_owned(),
        ));
    }
    all.extend(status(expected, played));
    if let Some(pattern) = expected.debug_log.as_deref().filter(|own| *own != ".*") {
        let text = case.rules.join("\n");
        let mut log = debug::log(&played.rules, &text, &played.traced.steps);
        if let Some(kind) = &played.unseen_type {
            log.push_str(&debug::unseen(kind));
        }
        let reason = UNTOLD.iter().find(|(words, _)| pattern.contains(words));
        all.push(match (search(pattern, &log, "debug log"), reason) {
            (Judged::Fails(_), Some((_, why))) => Judged::Untold((*why).to_owned()),
            (judged, _) => judged,
        });
    }
    if let Some(pattern) = &expected.error_log {
        let log = debug::errors(&played.rules, case, &played.traced.steps);
        all.extend(told_of(pattern, &log));
    }
    if let Some(pattern) = &expected.audit_log {
        let record = played.fast.record.as_ref();
        let record = record.map(|own| String::from_utf8_lossy(&own.bytes));
        all.push(search(pattern, &record.unwrap_or_default(), "audit log"));
    }
    all
}

/// A line of the error log. Where it refers to places in libmodsecurity's picture of the request,
/// the place in the value, the length of the value and what was done to it are judged alone.
fn told_of(pattern: &str, log: &str) -> Vec<Judged> {
    let meant = replaced(pattern, r"v\d+,", r"v\?,");
    let found = search(&meant, log, "error log");
    if meant == pattern {
        return vec![found];
    }
    // Of a value made of several, or decoded, even the length is that of its origin.
    let why = "where in the request a value stands, or what it was made of, is not kept";
    let untold = Judged::Untold(why.to_owned());
    match found {
        Judged::Fails(_) => vec![untold],
        found => vec![found, untold],
    }
}

/// The status, and where a redirect leads. Unless a case says one it is 200.
fn status(expected: &Expected, played: &Played) -> Vec<Judged> {
    let interruption = played.fast.interruption.as_ref();
    let (status, location) = play::answer(interruption);
    let wanted = expected.status;
    let own_rule = interruption.is_some_and(|own| OWN_RULES.contains(&own.rule));
    let mut all = Vec::new();
    match wanted {
        Some(wanted) if wanted == status => all.push(Judged::Holds),
        None if status == 200 => {}
        Some(_) | None if interruption.is_some_and(|own| own.rule == 0) => {
            all.push(Judged::Untold(format!(
                "a body over its limit is refused with {status} here"
            )));
        }
        Some(_) | None if own_rule => all.push(Judged::Untold(format!(
            "an unreadable body is refused with {status} here, by rules that ModSecurity only \
             recommends"
        ))),
        Some(_) | None => all.push(Judged::Fails(format!(
            "status {status} instead of {}",
            wanted.unwrap_or(200)
        ))),
    }
    if let Some(to) = expected.redirect.as_deref() {
        all.push(if location == Some(to) {
            Judged::Holds
        } else {
            Judged::Fails(format!("redirected to {location:?} instead of {to}"))
        });
    }
    all
}

/// Ids of the rules that stand before every rule set.
const OWN_RULES: std::ops::RangeInclusive<u64> = 10_000_001..=10_000_004;

/// Whether a pattern of the suite, in PCRE's dialect, is found in a text.
fn search(pattern: &str, text: &str, what: &str) -> Judged {
    let pattern = &meant(pattern);
    let options = Options {
        steps: 10_000_000,
        ..Options::default()
    };
    let found = Pattern::compile(pattern, &options)
        .map_err(|fault| fault.to_string())
        .and_then(|own| {
            own.is_match(&mut own.create_cache(), text.as_bytes())
                .map_err(|_| "the pattern took too many steps".to_owned())
        });
    match found {
        Ok(true) => Judged::Holds,
        Ok(false) => Judged::Fails(format!("not in the {what}: {pattern}")),
        Err(fault) => Judged::Fails(format!("{pattern}: {fault}")),
    }
}

/// A pattern without the numbers that only libmodsecurity's source explains.
fn meant(pattern: &str) -> String {
    let pattern = replaced(pattern, r" \\\(-\d+", "");
    replaced(&pattern, r"offset \d+", r"offset \?")
}

/// A text with every match of a pattern replaced.
fn replaced(text: &str, pattern: &str, by: &str) -> String {
    let Ok(own) = Pattern::compile(pattern, &Options::default()) else {
        return text.to_owned();
    };
    let mut out = String::new();
    let mut last = 0;
    let found = own.each_match(&mut own.create_cache(), text.as_bytes(), |found| {
        if let Some(span) = found.get(0) {
            out.push_str(text.get(last..span.start).unwrap_or_default());
            out.push_str(by);
            last = span.end;
        }
        true
    });
    if found.is_err() {
        return text.to_owned();
    }
    out.push_str(text.get(last..).unwrap_or_default());
    out
}
