//! Commands for a shell: sh and its kin, cmd.exe, PowerShell.
//!
//! A value is read as the shell would: wherever a command could begin — at the start of the value,
//! behind a separator, in a substitution — the word there is undone ([`word`]: quotes, escapes,
//! variables, globs, braces) and looked up; what follows it must make sense as its arguments
//! ([`command`]). How sure that is depends on what stands around it: prose, tables, URLs and code hold
//! separators and the names of commands, but seldom both in an order that runs.

mod args;
mod command;
mod fixed;
mod table;
mod word;

use args::Sense;
use command::Command;
use word::{byte, skip_spaces};

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::set::{self, Set};

/// How many bytes may be read again, for each byte of the text.
const AGAIN: usize = 6;

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Shell,
    bytes: b";|`$\n^",
    words: &[
        "&",
        "whoami",
        "uname",
        "ifconfig",
        "ipconfig",
        "netstat",
        "/bin/",
        "cat ",
        "ls ",
        "ping ",
        "curl ",
        "wget ",
        "powershell",
        "cmd.exe",
        "cmd ",
        "%comspec%",
        "bash",
        "nslookup",
        "python",
        "perl ",
        "systeminfo",
        "net user",
        "certutil",
        "sleep ",
        "nc ",
        "echo ",
        "dir ",
        "type ",
        "<(",
        "{cat,",
        "{ls,",
        "/???/",
        "/dev/tcp/",
        "() {",
        "invoke-",
        "downloadstring",
        "proxycommand",
        "checkpoint-action",
        "auto_prepend",
        "ext::",
        "frombase64string",
        "iex",
        "id ",
        "find ",
        "rm ",
        "chmod ",
        "head ",
        "tail ",
        "php ",
        "sh ",
        "wmic",
        "tasklist",
        "system(",
        "exec(",
        "passthru(",
        "popen(",
        "%path:~",
        "%programfiles:~",
        "--upload-pack",
        "--use-compress-program",
    ],
    detect,
};

/// Bytes at which a command or a mark can begin, and those [`Before`] counts.
const TELLING: Set = set::of(b";&|\n\r\\$<>`(%/.[- =?");

/// How a command could begin where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Behind `;`, `&&` or `||`.
    Then,
    /// Behind one `|`.
    Pipe,
    /// Behind one `&`.
    Ampersand,
    /// Behind a line end.
    Line,
    /// In `$(…)` or `<(…)`.
    Substitution,
    /// In backticks.
    Backtick,
    /// In the string a program hands to a shell: `system('…')`.
    Call,
}

/// What was seen of the text up to a place.
#[derive(Debug, Default)]
struct Before {
    /// Letters, a space, letters: pairs of words.
    prose: usize,
    lines: usize,
    pipes: usize,
    equals: bool,
    /// A block of code in Markdown.
    fence: bool,
    /// A command was read before, and began the value.
    command: bool,
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    if let Some(found) = fixed::start(input) {
        return Some(found);
    }
    let mut best: Option<Evidence> = None;
    let mut before = Before::default();
    let mut budget = text.len() * AGAIN + 512;
    if let Some((found, command)) = at_start(input, &mut budget) {
        before.command = command;
        keep(&mut best, found);
    }
    let mut at = 0;
    while let Some(own) = text.get(at) {
        if !set::has(TELLING, *own) {
            at += 1;
            continue;
        }
        if let Some((start, from)) = start(text, at, &before) {
            let found = candidate(input, start, (at, from), &mut before, &mut budget);
            keep(&mut best, found);
            at = at.max(from - 1);
        } else if let Some(found) = fixed::inside(input, at) {
            keep(&mut best, Some(found));
        }
        if best
            .as_ref()
            .is_some_and(|best| best.confidence == Confidence::Certain)
        {
            return best;
        }
        before.see(text, at, *own);
        at += 1;
    }
    best
}

fn keep(best: &mut Option<Evidence>, found: Option<Evidence>) {
    if let Some(found) = found
        && best
            .as_ref()
            .is_none_or(|best| best.confidence < found.confidence)
    {
        *best = Some(found);
    }
}

impl Before {
    fn see(&mut self, text: &[u8], at: usize, own: u8) {
        match own {
            b' ' => {
                let left = at.checked_sub(1).map_or(0, |at| byte(text, at));
                let right = byte(text, at + 1);
                let word = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
                self.prose += usize::from(
                    (word(left) || matches!(left, b',' | b'.' | b':'))
                        && (word(right) || right == b'`'),
                );
            }
            b'\n' => {
                self.lines += 1;
                self.pipes = 0;
            }
            b'`' => self.fence |= text.get(at..at + 3) == Some(b"```"),
            b'|' => self.pipes += 1,
            b'=' | b'?' => self.equals = true,
            _ => {}
        }
    }
}

/// Whether a command could begin behind the byte at `at`, and where.
fn start(text: &[u8], at: usize, before: &Before) -> Option<(Start, usize)> {
    let next = byte(text, at + 1);
    match byte(text, at) {
        b';' if is_entity(text, at) => None,
        b';' => Some((Start::Then, at + 1)),
        b'&' if next == b'&' => Some((Start::Then, at + 2)),
        b'&' if next == b'#' => None,
        b'&' => Some((Start::Ampersand, at + 1)),
        b'|' if next == b'|' => Some((Start::Then, at + 2)),
        b'|' => Some((Start::Pipe, at + 1)),
        b'\n' | b'\r' if next != b'\n' && next != b'\r' => Some((Start::Line, at + 1)),
        b'\\' if next == b'n' && before.prose == 0 => Some((Start::Line, at + 2)),
        b'$' if next == b'(' && byte(text, at + 2) != b'(' => Some((Start::Substitution, at + 2)),
        b'<' | b'>' if next == b'(' => Some((Start::Substitution, at + 2)),
        b'`' if next != b'`' && at.checked_sub(1).is_none_or(|at| byte(text, at) != b'`') => {
            Some((Start::Backtick, at + 1))
        }
        b'(' if matches!(next, b'\'' | b'"' | b'`') && fixed::runs(text, at) => {
            Some((Start::Call, at + 2))
        }
        _ => None,
    }
}

/// Whether the `;` at `at` ends a character reference: `&lt;`, `&#39;`.
fn is_entity(text: &[u8], at: usize) -> bool {
    let start = at.saturating_sub(9);
    let name = text.get(start..at).unwrap_or_default();
    let name = match name.iter().rposition(|byte| *byte == b'&') {
        Some(amp) => name.get(amp + 1..).unwrap_or_default(),
        None => return false,
    };
    name.len() > 1
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
}

/// A value that is a command from its first byte on; and whether it is one.
fn at_start(input: &Input<'_>, budget: &mut usize) -> Option<(Option<Evidence>, bool)> {
    let quotes = input.text.iter().take(3);
    let from = quotes
        .take_while(|own| matches!(own, b'"' | b'\'' | b')'))
        .count();
    let command = command::read(input.text, from, false, false)?;
    *budget = budget.saturating_sub(command.end);
    let confidence = whole(input, &command);
    let found = confidence.map(|confidence| Evidence {
        span: 0..command.end,
        reading: "a command with the arguments it takes",
        confidence,
    });
    let fits = command.sense >= Sense::Alone && (!command.common || command.sense == Sense::Strong);
    Some((found, fits))
}

fn whole(input: &Input<'_>, command: &Command) -> Option<Confidence> {
    let tail = tail(input.text, command.end);
    let named = names_a_command(input.context.name);
    let degree = match command.sense {
        Sense::None => return None,
        Sense::Strong if command.hidden || command.located => Confidence::Certain,
        Sense::Strong if command.system || named => Confidence::Certain,
        Sense::Strong if !command.common && command.words > 1 && !command.own_word => {
            Confidence::Certain
        }
        Sense::Strong if command.redirect && !command.common => Confidence::Certain,
        Sense::Strong if (command.flags || command.redirect) && command.words > 1 => {
            Confidence::Certain
        }
        Sense::Strong => Confidence::Likely,
        Sense::Alone if command.hidden && command.words == 1 && !command.common => {
            Confidence::Certain
        }
        Sense::Alone if named && !command.script && (!command.common || command.probe) => {
            Confidence::Certain
        }
        Sense::Alone if command.located => Confidence::Likely,
        Sense::Alone if !command.common => Confidence::Possible,
        Sense::Weak if named || command.hidden => Confidence::Likely,
        Sense::Alone | Sense::Weak => Confidence::Hint,
    };
    let degree = match tail {
        Tail::Nothing | Tail::Separator => degree,
        Tail::Rest => degree.less(),
    };
    let telling = command.hidden
        || command.located
        || command.system
        || command.flags
        || (command.redirect && !command.common);
    let written = telling && !input.text.contains(&b'\n');
    Some(match input.context.field {
        Field::Text if written => degree,
        Field::Text => degree.min(Confidence::Likely),
        Field::Code | Field::Telemetry => degree.min(Confidence::Likely).less(),
        Field::Token => degree.less(),
        Field::Plain | Field::Url | Field::File | Field::Key => degree,
    })
    .map(|degree| placed(input, degree))
}

/// Fields that are handed to a shell on purpose, by a web shell or a diagnostic page.
fn names_a_command(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 12] = [
        b"cmd", b"command", b"exec", b"execute", b"run", b"shell", b"c", b"sh", b"daemon", b"ping",
        b"payload", b"system",
    ];
    NAMES.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn placed(input: &Input<'_>, degree: Confidence) -> Confidence {
    match input.context.place {
        Place::File => degree.min(Confidence::Likely),
        Place::Path
        | Place::Query
        | Place::Name
        | Place::Header
        | Place::Cookie
        | Place::Form
        | Place::Json
        | Place::Xml
        | Place::FileName
        | Place::Body => degree,
    }
}

/// What follows a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    Separator,
    Rest,
}

fn tail(text: &[u8], end: usize) -> Tail {
    let (at, _) = skip_spaces(text, end);
    match byte(text, at) {
        _ if at >= text.len() => Tail::Nothing,
        0 | b'#' | b'\'' | b'"' => Tail::Nothing,
        b';' | b'|' | b'&' | b'\n' | b'\r' | b'`' | b')' | b'}' => Tail::Separator,
        b'\\' if matches!(byte(text, at + 1), b'n' | b'r') => Tail::Separator,
        _ => Tail::Rest,
    }
}

/// A command that would begin at `from`, behind the separator at `at`.
fn candidate(
    input: &Input<'_>,
    start: Start,
    (at, from): (usize, usize),
    before: &mut Before,
    budget: &mut usize,
) -> Option<Evidence> {
    let text = input.text;
    let command = command::read(text, from, start == Start::Pipe, start == Start::Backtick)?;
    let cost = command.end.saturating_sub(from);
    if *budget < cost {
        return None;
    }
    *budget -= cost;
    let degree = behind(start, &command, text, at, before)?;
    let confidence = placed(
        input,
        in_field(input, degree, start, (at, command.end), before),
    );
    Some(Evidence {
        span: at..command.end.max(from),
        reading: "a command behind the end of another",
        confidence,
    })
}

/// How a command behind a separator reads.
fn behind(
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
            && !is_alone(text, at, command.end))
    {
        return None;
    }
    let degree = match command.sense {
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
    let bare = !command.common;
    let cell = before.pipes > 1 && start == Start::Pipe && !bare;
    if cell || !(bare || command.probe) {
        return (bare || command.probe).then_some(Confidence::Hint);
    }
    if start == Start::Ampersand && before.equals && !bare {
        return None;
    }
    let (behind, _) = skip_spaces(text, command.end);
    let ends = tail == Tail::Nothing || text.len() - behind < 2 || is_closing(text, behind);
    let prefix = prefix(text, at);
    Some(match start {
        Start::Call => Confidence::Certain,
        Start::Substitution if byte(text, command.end) == b')' => {
            match byte(text, command.end + 1) {
                b'.' | b'[' | b')' if !bare => Confidence::Possible,
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

/// Whether what follows can only close what stood around the value.
fn is_closing(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.len() < 8 && rest.iter().all(|byte| !byte.is_ascii_alphanumeric())
}

/// Whether backticks are all there is.
fn is_alone(text: &[u8], at: usize, end: usize) -> bool {
    prefix(text, at) != Prefix::Text && text.len() <= end + 2
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

fn prefix(text: &[u8], at: usize) -> Prefix {
    let before = text.get(..at).unwrap_or_default().trim_ascii();
    if before.len() > 64 {
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
fn in_field(
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
    match input.context.field {
        Field::Text if opens => degree,
        Field::Text => degree.min(Confidence::Likely),
        Field::Code | Field::Telemetry => degree.less().min(Confidence::Likely),
        Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => degree,
    }
}
