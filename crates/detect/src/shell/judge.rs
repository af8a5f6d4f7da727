//! How sure a command makes, by how it begins, what stands before it and what follows.

use super::args::Sense;
use super::command::{self, Command};
use super::word::{byte, skip_spaces};
use super::{Before, Start};

use crate::context::Field;
use crate::detector::{Confidence, Input};
use crate::idiom;

/// What follows a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    Nothing,
    Separator,
    Rest,
}

pub(super) fn tail(text: &[u8], end: usize) -> Tail {
    let (at, _) = skip_spaces(text, end);
    match byte(text, at) {
        _ if at >= text.len() => Tail::Nothing,
        0 | b'#' | b'\'' | b'"' => Tail::Nothing,
        b';' | b'|' | b'&' | b'\n' | b'\r' | b'`' | b')' | b'}' => Tail::Separator,
        b'\\' if matches!(byte(text, at + 1), b'n' | b'r') => Tail::Separator,
        _ => Tail::Rest,
    }
}

/// How a command behind a separator reads.
pub(super) fn behind(
    start: Start,
    command: &Command,
    text: &[u8],
    at: usize,
    before: &Before,
) -> Option<Confidence> {
    let tail = tail(text, command.end);
    let closed = match start {
        Start::Substitution => {
            byte(text, skip_spaces(text, command.end).0) == b')' || tail != Tail::Rest
        }
        Start::Backtick => tail != Tail::Rest,
        Start::Then | Start::Pipe | Start::Ampersand | Start::Line | Start::Call => true,
    };
    if !closed
        || (start == Start::Backtick
            && command.words == 1
            && !command.located
            && command.common
            && !is_alone(text, at, command.end, before))
    {
        return None;
    }
    let degree = match command.sense {
        Sense::Strong if command.script && command.words == 1 && !before.command => {
            Confidence::Likely
        }
        Sense::Strong | Sense::Weak if command.brief && !command.hidden && !command.located => {
            Confidence::Possible
        }
        Sense::None if command.located || command.hidden && !command.common => Confidence::Likely,
        Sense::None => return None,
        Sense::Strong if !command.common || command.hidden || command.located || command.system => {
            Confidence::Certain
        }
        Sense::Strong if command.words > 1 => Confidence::Certain,
        Sense::Strong => Confidence::Likely,
        Sense::Weak if !command.common || command.hidden || start == Start::Call => {
            Confidence::Certain
        }
        Sense::Weak if start == Start::Substitution && byte(text, command.end) == b')' => {
            Confidence::Certain
        }
        Sense::Weak if is_cut(text, at, command.end) => Confidence::Certain,
        Sense::Weak => Confidence::Likely,
        Sense::Alone if command.hidden || command.located => Confidence::Certain,
        Sense::Alone => return alone(start, command, text, at, before),
    };
    if tail == Tail::Rest {
        return Some(degree.less());
    }
    Some(degree)
}

/// Whether a quote is closed before, or the rest made a comment: someone fits text to what stands around.
fn is_cut(text: &[u8], at: usize, end: usize) -> bool {
    let (behind, _) = skip_spaces(text, end);
    let closes = matches!(text.get(..at), Some([b'\'' | b'"'] | [b'\'' | b'"', b')']));
    closes || (byte(text, behind) == b'#' && text.len() < behind + 3)
}

/// A command without arguments: only `;id`, `127.0.0.1|whoami`, `$(id)` and the like run it.
fn alone(
    start: Start,
    command: &Command,
    text: &[u8],
    at: usize,
    before: &Before,
) -> Option<Confidence> {
    let tail = tail(text, command.end);
    if tail == Tail::Rest {
        return None;
    }
    let bare = !command.common && command.complete;
    let cell = before.pipes > 1 && start == Start::Pipe && !bare;
    if cell || !(bare || command.probe) {
        return (bare || command.probe).then_some(Confidence::Hint);
    }
    if start == Start::Ampersand && before.equals && !bare {
        return None;
    }
    // `p&w`, `(;w;)`: a letter among others.
    let letter = text.get(..at).and_then(<[u8]>::last);
    if command.letter && letter.is_none_or(|own| !own.is_ascii_digit()) {
        return Some(Confidence::Possible);
    }
    let (behind, _) = skip_spaces(text, command.end);
    let piped = byte(text, behind) == b'|'
        && command::read(text, behind + 1, (true, false), &before.left)
            .is_some_and(|next| !next.common);
    let ends =
        piped || tail == Tail::Nothing || text.len() - behind < 2 || is_closing(text, behind);
    let prefix = prefix(text, at, before);
    Some(match start {
        Start::Call => Confidence::Certain,
        Start::Substitution if byte(text, command.end) == b')' => {
            match byte(text, command.end + 1) {
                b'.' | b'[' | b')' if !bare => Confidence::Possible,
                // `docker run -v $(pwd)/data:/data`
                b'/' if prefix == Prefix::Text && begins(text, at, b"$(pwd)/") => {
                    Confidence::Possible
                }
                _ => Confidence::Certain,
            }
        }
        _ if !ends && (!bare || start == Start::Backtick) => Confidence::Possible,
        Start::Line if before.lines > 1 => Confidence::Possible,
        _ if bare => Confidence::Certain,
        _ if prefix == Prefix::Word => Confidence::Likely,
        _ if prefix == Prefix::Text => Confidence::Possible,
        _ => Confidence::Certain,
    })
}

fn begins(text: &[u8], at: usize, word: &[u8]) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(word))
}

/// Whether what follows can only close what stood around the value.
fn is_closing(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.len() < 8 && rest.iter().all(|byte| !byte.is_ascii_alphanumeric())
}

/// Whether backticks are all there is.
fn is_alone(text: &[u8], at: usize, end: usize, before: &Before) -> bool {
    text.len() <= end + 2 && prefix(text, at, before) != Prefix::Text
}

/// What stands before a separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefix {
    /// Nothing, a number, an address, or the end of a quotation.
    Value,
    /// One word.
    Word,
    /// More.
    Text,
}

fn prefix(text: &[u8], at: usize, seen: &Before) -> Prefix {
    /// What is longer is more than a word.
    const LONGEST: usize = 64;
    let before = text.get(seen.first..at).unwrap_or_default();
    // A line end is a separator itself.
    let opens = text.get(at) == Some(&b'`') && before.last() == Some(&b'\n');
    let before = if opens { b"" } else { before.trim_ascii_end() };
    if before.len() > LONGEST {
        return Prefix::Text;
    }
    let short = before.len() < 3 && before.iter().all(u8::is_ascii_lowercase);
    let number = before
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b'-' | b'/'));
    let closing = matches!(
        before.last(),
        Some(b'\'' | b'"' | b')' | b';' | b'|' | b'&' | b'%')
    );
    if number || short || (closing && !before.contains(&b' ')) {
        return Prefix::Value;
    }
    if before.contains(&b' ') {
        Prefix::Text
    } else {
        Prefix::Word
    }
}

/// What is left of it in a field that is meant to hold such text.
pub(super) fn in_field(
    input: &Input<'_>,
    degree: Confidence,
    start: Start,
    (at, end): (usize, usize),
    before: &Before,
) -> Confidence {
    let prose = before.prose > 5;
    let long = before.lines > 3
        || (start == Start::Line && (before.prose > 2 || before.command || before.fence));
    let ticks = start == Start::Backtick;
    let quoted = ticks && before.prose > 0;
    let degree = if prose || long || quoted {
        degree.less()
    } else {
        degree
    };
    let opens = at == 0 || (before.prose < 3 && before.lines < 2 && !before.command);
    let opens = opens && (!ticks || input.text.len() <= end + 2);
    // A file that says which program reads it is no value put into a command.
    let degree = if input.text.starts_with(b"#!") && (before.lines > 0 || start == Start::Line) {
        degree.min(Confidence::Likely)
    } else {
        degree
    };
    match input.context.field {
        Field::Text if opens => degree,
        Field::Text => degree.min(Confidence::Likely),
        Field::Code if idiom::breaks_out(input.text) => degree,
        Field::Code | Field::Telemetry => degree.less().min(Confidence::Likely),
        Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => degree,
    }
}
