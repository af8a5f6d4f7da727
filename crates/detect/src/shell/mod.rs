//! Commands for a shell: sh and its kin, cmd.exe, PowerShell.
//!
//! A value is read as the shell would: wherever a command could begin — at the start of the value,
//! behind a separator, in a substitution — the word there is undone ([`word`]: quotes, escapes,
//! variables, globs, braces) and looked up; what follows it must make sense as its arguments
//! ([`command`]). How sure that is depends on what stands around it: prose, tables, URLs and code hold
//! separators and the names of commands, but seldom both in an order that runs.

mod address;
mod args;
mod command;
mod fixed;
mod harmless;
mod hidden;
mod judge;
mod table;
mod whole;
mod word;

use args::Sense;
use command::Command;
use judge::{behind, in_field};
use whole::{is_pasted, placed, whole};
use word::{Parting, Word, byte, skip_spaces};

use std::cell::Cell;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;
use crate::set::{self, Set, Table};

/// How often each byte of a text may be read, on average: commands stand within commands, and what is read
/// as one's argument may begin another.
const AGAIN: usize = 6;
/// The same for texts of any length, in bytes.
const ANY: usize = 4096;

/// How many bytes may still be read. Nobody writes a text that needs more; what takes part in hiding
/// something in it is found for that.
#[derive(Debug)]
struct Patience(Cell<usize>);

impl Patience {
    fn of(text: &[u8]) -> Self {
        Self(Cell::new(text.len() * AGAIN + ANY))
    }

    /// Counts a command: what it means is worked out, however short it is.
    fn command(&self) {
        const EACH: usize = 24;
        self.0.set(self.0.get().saturating_sub(EACH));
    }

    fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Reads a word.
    fn word(&self, text: &[u8], at: usize, parting: Parting, first: bool) -> Word {
        let word = word::read(text, at, parting, first);
        let cost = word.end.saturating_sub(at);
        self.0.set(self.0.get().saturating_sub(cost));
        word
    }
}

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Shell,
    bytes: b";|`$\n^",
    words: &[
        "&",
        " #",
        "\t#",
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
        "://-",
        "--config=hooks.",
        " -exec",
        " /f %",
        "for /f",
        " -tt ",
        "--unzip-command",
        "core.pager",
        "core.editor",
        "core.hookspath",
        "]-join",
        "=@/",
        " @/",
        "-e sh ",
        "--use-compress-program",
        "--to-command=",
        "--rsh-command=",
        "--receive-pack=",
        "--open-files-in-pager",
        "core.sshcommand",
        "core.fsmonitor",
        "allow_url_include",
        "--renderer-cmd-prefix",
        "--gpu-launcher",
        "--rsync-path=",
        "--post-file",
        "--output-document=/",
        "--use-askpass=",
        "--preprocess-cmd=",
        "--output=/",
        "-o /var/www/",
        "-o /srv/www/",
        "/dev/udp/",
        "/tmp/",
        "/dev/shm/",
        "/proc/self/",
        ".downloadfile(",
        ".downloaddata(",
        "[scriptblock]",
        "[system.reflection",
        "[ref].assembly",
        "/id/e",
        "sendmail",
    ],
    glance: Some(glance),
    detect,
};

/// Headers are full of `;`: what follows must be able to begin a command.
fn glance(text: &[u8], set: &Set) -> bool {
    const OTHERS: Set = set::of(b"|`$\n\r^\\<>");
    if set::intersects(OTHERS, *set) {
        return true;
    }
    let begins = |at: usize| {
        let rest = text.get(at + 1..).unwrap_or_default();
        match rest.trim_ascii_start() {
            [] | [b'0'..=b'6' | b'8' | b'9' | b'=' | b',' | b';', ..] => false,
            // `;q=0.9`
            [first, b'=', ..] if first.is_ascii_alphabetic() => false,
            [first, second, ..]
                if first.is_ascii_alphabetic() && second.is_ascii_alphanumeric() =>
            {
                table::begins(*first, *second)
            }
            // Quoted, globbed, a path, or one letter alone.
            _ => true,
        }
    };
    let quotes = text.iter().take(3);
    let quotes = quotes.take_while(|own| b"\"')".contains(own)).count();
    let value = text.get(quotes..).unwrap_or_default();
    let word = value
        .iter()
        .take_while(|own| !b"; \t".contains(own))
        .count();
    let word = value.get(..word).unwrap_or_default();
    // Letters behind quotes, redirections and braces.
    let is_hidden = |pair: &[u8]| matches!(pair, [b'\'' | b'"' | b'<' | b'>' | b'{', next] if next.is_ascii_alphanumeric());
    let opens = |at: usize| match byte(text, at + 1) {
        b'\'' | b'"' => fixed::runs(text, at) || fixed::operated(text, at),
        b' ' => fixed::operated(text, at),
        _ => matches!(
            at.checked_sub(1).map(|at| byte(text, at)),
            Some(b'<' | b'>')
        ),
    };
    table::known(word)
        || hidden::hides(text)
        || fixed::substitutes(value).is_some()
        || word.windows(2).any(is_hidden)
        || seek::memchr_iter(b'(', text).any(opens)
        || seek::memchr_iter(b';', text).any(begins)
}

/// Bytes at which a command or a mark can begin.
static TELLING: Table = set::table(set::of(b";&|\n\r\\$<>`(%/.[-"));

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
#[derive(Debug)]
struct Before {
    /// Letters, a space, letters: pairs of words.
    prose: usize,
    lines: usize,
    pipes: usize,
    equals: bool,
    /// A block of code in Markdown.
    fence: bool,
    /// A variable was given a value.
    assigned: bool,
    /// A command was read before, and began the value.
    command: bool,
    /// Backticks.
    ticks: usize,
    /// Blanks.
    spaces: usize,
    /// How far words were counted.
    upto: usize,
    /// Where the first byte stands that is no blank.
    first: usize,
    left: Patience,
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut before = Before::new(text);
    let found = fixed::start(input, &before.left);
    if let Some(found) = found.or_else(|| address::in_path(input)) {
        return Some(found);
    }
    let mut best: Option<Evidence> = None;
    keep(&mut best, hidden::read(input));
    if let Some((found, command)) = at_start(input, &before.left) {
        before.command = command;
        keep(&mut best, found);
    }
    let mut at = 0;
    while let Some(own) = next(text, &mut at) {
        if own == b'(' {
            keep(&mut best, fixed::called(input, at));
        }
        let sum = own == b'$' && text.get(at + 1..at + 3) == Some(b"((");
        if sum || matches!(own, b'.' | b'-' | b'/' | b'[' | b'%') {
            if let Some(found) = fixed::inside(input, at, &before.left) {
                keep(&mut best, Some(found));
            }
        } else if let Some((start, from)) = start(text, at, &mut before) {
            let found = candidate(input, start, (at, from), &mut before);
            keep(&mut best, found);
            if before.left.is_spent() {
                keep(&mut best, endless(input, at));
                return best;
            }
            at = at.max(from - 1);
        }
        if best
            .as_ref()
            .is_some_and(|best| best.confidence == Confidence::Certain)
        {
            return best;
        }
        before.see(text, at, own);
        at += 1;
    }
    best
}

/// Moves to the next byte that tells something.
fn next(text: &[u8], at: &mut usize) -> Option<u8> {
    let rest = text.get(*at..)?;
    *at += TELLING.find(rest)?;
    text.get(*at).copied()
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
    fn new(text: &[u8]) -> Self {
        Self {
            prose: 0,
            lines: 0,
            pipes: 0,
            equals: false,
            fence: false,
            assigned: false,
            command: false,
            spaces: 0,
            upto: 0,
            first: text.len() - text.trim_ascii_start().len(),
            ticks: 0,
            left: Patience::of(text),
        }
    }

    /// Counts words up to a place: where nothing begins, nobody asks how many there were.
    fn count(&mut self, text: &[u8], at: usize) {
        let from = self.upto;
        self.upto = at.max(from);
        let new = text.get(from..at).unwrap_or_default();
        for (at, own) in (from..).zip(new) {
            match own {
                b' ' => {
                    self.spaces += 1;
                    let left = at.checked_sub(1).map_or(0, |at| byte(text, at));
                    let right = byte(text, at + 1);
                    let word = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
                    self.prose += usize::from(
                        (word(left) || matches!(left, b',' | b'.' | b':'))
                            && (word(right) || right == b'`'),
                    );
                }
                b'=' | b'?' => self.equals = true,
                _ => {}
            }
        }
    }

    fn see(&mut self, text: &[u8], at: usize, own: u8) {
        match own {
            b'\n' => {
                self.lines += 1;
                self.pipes = 0;
            }
            b'`' => {
                self.ticks += 1;
                self.fence |= text.get(at..at + 3) == Some(b"```");
            }
            b'|' => self.pipes += 1,
            _ => {}
        }
    }
}

/// Whether a command could begin behind the byte at `at`, and where.
fn start(text: &[u8], at: usize, before: &mut Before) -> Option<(Start, usize)> {
    let next = byte(text, at + 1);
    match byte(text, at) {
        b';' if is_entity(text, at) => None,
        b';' => Some((Start::Then, at + 1)),
        b'&' if next == b'&' => Some((Start::Then, at + 2)),
        b'&' if next == b'#' => None,
        b'&' => Some((Start::Ampersand, at + 1)),
        b'|' if next == b'|' => Some((Start::Then, at + 2)),
        b'|' => Some((Start::Pipe, at + 1)),
        b'\n' | b'\r' if text.get(at + 1..at + 4) == Some(b"```") => None,
        b'\n' | b'\r' if next != b'\n' && next != b'\r' => Some((Start::Line, at + 1)),
        b'\\' if next == b'n' => {
            before.count(text, at);
            (before.prose == 0).then_some((Start::Line, at + 2))
        }
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
fn at_start(input: &Input<'_>, left: &Patience) -> Option<(Option<Evidence>, bool)> {
    let quotes = input.text.iter().take(3);
    let from = quotes
        .take_while(|own| matches!(own, b'"' | b'\'' | b')'))
        .count();
    let command = command::read(input.text, from, (false, false), left)?;
    let confidence = whole(input, &command).map(|own| match harmless::is_sought(input) {
        true => own.min(Confidence::Likely),
        false => own,
    });
    let found = confidence.map(|confidence| Evidence {
        span: 0..command.end,
        reading: "a command with the arguments it takes",
        confidence,
    });
    let fits = command.sense >= Sense::Alone && (!command.common || command.sense == Sense::Strong);
    Some((found, fits))
}

/// A command that would begin at `from`, behind the separator at `at`.
fn candidate(
    input: &Input<'_>,
    start: Start,
    (at, from): (usize, usize),
    before: &mut Before,
) -> Option<Evidence> {
    let text = input.text;
    let how = (start == Start::Pipe, start == Start::Backtick);
    let read = command::read(text, from, how, &before.left);
    let Some(command) = read else {
        return variable(input, (at, from), before);
    };
    if harmless::is_harmless(text, start, from, &command) {
        return None;
    }
    before.count(text, at);
    if input.context.place == Place::FileName && in_name(start, &command, text) {
        return Some(Evidence {
            span: at..command.end.max(from),
            reading: "a command in the name of a file",
            confidence: Confidence::Certain,
        });
    }
    let degree = behind(start, &command, text, at, before)?;
    let degree = match address::is_behind_host(input, start, &command, at) {
        true if degree == Confidence::Likely => Confidence::Certain,
        true | false => degree,
    };
    let written = before.spaces > 1 || start == Start::Line && byte(text, from) == b' ';
    // A file of several lines, a filter of a query language behind another.
    let amid = matches!(start, Start::Then | Start::Pipe) && !opens_line(text, at);
    let script = before.lines > 1 && amid;
    let filter = start == Start::Pipe && before.pipes > 0 && !before.command && !command.system;
    let remark = is_remark(input, at, command.end);
    // Code that a sentence quotes in backticks: `` `run("ls | grep txt")` ``.
    let harmless = !(command.system || command.script || command.fetches || command.redirect);
    let quoted = start == Start::Pipe && before.ticks % 2 == 1 && before.prose > 0 && harmless;
    let listed = (script || remark || quoted || filter && command.common)
        && !command.hidden
        && !command.located;
    let search = input.context.field == Field::Text && input.context.place == Place::Query;
    let sought = search && written && command.mundane && start == Start::Pipe;
    let picked = command.picks && start == Start::Pipe;
    let degree = if (command.mundane && written || listed || picked) && is_pasted(input)
        || sought
        || remark && listed
        || filter && command.common && written && input.context.field != Field::Key
    {
        degree.min(Confidence::Likely)
    } else {
        degree
    };
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

/// Whether a command is put in the place of a part of a name: ``crib`id`.jpg``.
fn in_name(start: Start, command: &Command, text: &[u8]) -> bool {
    let end = match start {
        Start::Backtick => b'`',
        Start::Substitution => b')',
        Start::Then | Start::Pipe | Start::Ampersand | Start::Line | Start::Call => return false,
    };
    byte(text, skip_spaces(text, command.end).0) == end && command.sense > Sense::None
}

/// Commands that begin within each other more often than anything does that is to run, or to be read.
fn endless(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let confidence = match input.context.field {
        Field::Code | Field::Telemetry => Confidence::Likely,
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => {
            Confidence::Certain
        }
    };
    Some(Evidence {
        span: at..input.text.len(),
        reading: "commands within commands, without end",
        confidence: placed(input, confidence),
    })
}

/// Whether a separator is the first of its line, or no more than blanks stand before it.
fn opens_line(text: &[u8], at: usize) -> bool {
    const NEAR: usize = 16;
    let near = text.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
    let last = near.iter().rposition(|own| !matches!(own, b' ' | b'\t'));
    last.is_none_or(|last| matches!(near.get(last), Some(b'\n' | b'\r')))
}

/// The name of a variable, bare or in braces: `a`, `{a,,}`.
fn is_name(text: &[u8], at: usize) -> bool {
    let at = at + usize::from(byte(text, at) == b'{');
    byte(text, at).is_ascii_alphabetic()
}

/// `Tool/2.8 (Linux; PHP 8.3; cURL 8.5.0)`: the remark of a name of a program, in a header.
fn is_remark(input: &Input<'_>, at: usize, end: usize) -> bool {
    /// Nobody remarks on more.
    const LONGEST: usize = 256;
    if input.context.place != Place::Header {
        return false;
    }
    let before = input.text.get(at.saturating_sub(LONGEST)..at);
    let before = before.unwrap_or_default();
    let open = memchr::memrchr(b'(', before);
    let closed = memchr::memrchr(b')', before);
    let opened = open.is_some_and(|open| {
        closed.is_none_or(|closed| closed < open)
            && open > 0
            && byte(before, open - 1) == b' '
            && seek::memchr(b'/', before.get(..open).unwrap_or_default()).is_some()
    });
    let behind = input.text.get(end..).unwrap_or_default();
    let behind = behind.get(..LONGEST).unwrap_or(behind);
    opened && seek::memchr(b')', behind).is_some()
}

/// `a=who;b=ami;$a$b`: a variable that is run after it was given a value.
fn variable(
    input: &Input<'_>,
    (at, from): (usize, usize),
    before: &mut Before,
) -> Option<Evidence> {
    let text = input.text;
    if let Some(end) = command::assignment(text, from, &before.left) {
        before.assigned |= end > from;
        return None;
    }
    let (from, _) = skip_spaces(text, from);
    let runs = before.assigned && byte(text, from) == b'$' && is_name(text, from + 1);
    if !runs {
        return None;
    }
    before.count(text, at);
    let code = matches!(input.context.field, Field::Code | Field::Telemetry);
    let long = before.lines > 2 || before.prose > 3;
    (!code && !long).then(|| Evidence {
        span: at..text.len(),
        reading: "a variable that is run as a command",
        confidence: placed(input, Confidence::Certain),
    })
}
