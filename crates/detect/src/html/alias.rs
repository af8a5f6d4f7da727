//! Functions that scripts prove themselves with, called by a name that nobody looks for.

use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input, evidence};
use crate::seek;

const SHOWN: [&[u8]; 4] = [b"alert", b"prompt", b"confirm", b"eval"];

/// How many assignments are looked at.
const TRIES: usize = 16;

/// `a=prompt,a()`, `x=alert;x(1)`, `top[8680439..toString(30)](1)`.
pub(super) fn look(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    let mut signs = seek::memchr_iter(b'=', text).take(TRIES);
    let renamed = signs.find_map(|at| renamed(text, at));
    let (from, to) = renamed.or_else(|| spelled(text))?;
    let code = matches!(input.context.field, Field::Code | Field::Telemetry)
        || input.context.place == Place::File;
    let sure = if code {
        Confidence::Possible
    } else {
        Confidence::Certain
    };
    evidence(from, to, "a function of the browser by another name", sure)
}

/// Where a function is given another name and called by it, around the `=` at `at`.
fn renamed(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?.trim_ascii_end();
    let letter = |own: &&u8| own.is_ascii_alphanumeric() || b"_$".contains(own);
    let len = before.iter().rev().take_while(letter).count();
    let from = before.len() - len;
    let name = before.get(from..).filter(|own| !own.is_empty())?;
    let behind = text.get(at + 1..)?.trim_ascii_start();
    let shown = SHOWN.iter().find_map(|own| behind.strip_prefix(*own))?;
    let next = match shown.trim_ascii_start() {
        [b',' | b';', rest @ ..] => rest.trim_ascii_start(),
        _ => return None,
    };
    let called = next.strip_prefix(name)?.trim_ascii_start();
    matches!(called.first(), Some(b'(' | b'`')).then(|| (from, text.len() - called.len() + 1))
}

/// Where a member's name is a number written in letters.
fn spelled(text: &[u8]) -> Option<(usize, usize)> {
    const LEAST: usize = 4;
    const WRITTEN: &[u8] = b"..toString(";
    let at = crate::phrases::find(text, WRITTEN)?;
    let before = text.get(..at)?;
    let digits = before.iter().rev().take_while(|own| own.is_ascii_digit());
    let from = at - digits.count();
    let open = from.checked_sub(1)?;
    let member = text.get(open) == Some(&b'[');
    (member && at - from >= LEAST).then_some((open, at + WRITTEN.len()))
}
