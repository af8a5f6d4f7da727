//! A command line whose rest is hidden: `'&sleep 9 #`, `"&del;x&rem;`.
//!
//! Who breaks into a command line does not know what stands behind the place, and makes a remark of it: with `#`
//! for sh, with `rem` for cmd.exe, which parts words by more than blanks. Together with a command where the value
//! begins, nothing else ends so.

use super::table;
use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};

/// The longest value that is looked at.
const LONGEST: usize = 512;
/// Quotes and brackets that end what the value stands in.
const CLOSES: &[u8] = b"'\")";
/// What parts commands.
const PARTS: &[u8] = b"&|;\r\n";

/// What a remark is made with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remark {
    /// `#`, behind a blank or a separator.
    Sign,
    /// `rem`, behind a separator.
    Word,
}

/// Whether a value ends in a remark of nothing.
pub(super) fn hides(text: &[u8]) -> bool {
    remark(text).is_some()
}

/// A command, and behind it a remark of nothing.
pub(super) fn read(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let (line, remark) = remark(text)?;
    let begins = line.trim_ascii_start();
    let quoted = before(begins, CLOSES);
    let parted = before(quoted.trim_ascii_start(), PARTS);
    let command = parted.trim_ascii_start();
    let word = command.iter().take_while(|own| own.is_ascii_alphabetic());
    let (word, rest) = command.split_at_checked(word.count())?;
    let is_parted = match (remark, rest) {
        (_, []) => true,
        (Remark::Sign, [next, ..]) => is_blank(*next),
        (Remark::Word, [next, ..]) => is_delimiter(*next) || matches!(next, b'>' | b'<'),
    };
    if word.len() < 2 || !is_parted || !table::known(word) {
        return None;
    }
    let is_closed = quoted.len() < begins.len();
    let is_next = parted.len() < quoted.trim_ascii_start().len();
    let expected = input.context.place == Place::File
        || matches!(input.context.field, Field::Code | Field::Telemetry);
    let confidence = match remark {
        _ if expected => Confidence::Possible,
        // `px|rem` is a choice of units.
        Remark::Word if is_closed || is_next || !rest.is_empty() => Confidence::Certain,
        Remark::Sign if is_next => Confidence::Certain,
        Remark::Sign if is_closed && input.context.field == Field::Plain => Confidence::Certain,
        Remark::Sign if is_closed => Confidence::Likely,
        Remark::Sign | Remark::Word => return None,
    };
    Some(Evidence {
        span: 0..text.len(),
        reading: "a command, and a remark that hides the rest of the line",
        confidence,
    })
}

/// What stands before a remark of nothing at the end.
fn remark(text: &[u8]) -> Option<(&[u8], Remark)> {
    if text.len() > LONGEST {
        return None;
    }
    if let Some((b'#', line)) = text.split_last()
        && let Some(last) = line.last()
        && (is_blank(*last) || PARTS.contains(last))
    {
        return Some((line, Remark::Sign));
    }
    let end = text.iter().rposition(|own| !is_delimiter(*own))? + 1;
    let (line, word) = text.get(..end)?.split_last_chunk::<3>()?;
    let parts = matches!(line.last(), Some(b'&' | b'|'));
    (parts && word.eq_ignore_ascii_case(b"rem")).then_some((line, Remark::Word))
}

/// What follows bytes of a set.
fn before<'a>(text: &'a [u8], set: &[u8]) -> &'a [u8] {
    let count = text.iter().take_while(|own| set.contains(own)).count();
    text.get(count..).unwrap_or_default()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What parts words for cmd.exe: no-break spaces of any encoding among them.
fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | 0x0b | 0x0c | b',' | b';' | b'=' | 0xa0 | 0xc2
    )
}
