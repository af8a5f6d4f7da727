//! One simple command: its name, its arguments, and whether these make sense of each other.

use super::Patience;
use super::args::{Args, Sense, fit, redirection};
use super::table::{self, Entry, Takes};
use super::word::{self, Parting, Word, byte, skip_spaces};
use crate::set::{self, Set};
use crate::starts;

/// How many words of a command are read.
const WORDS: usize = 16;

/// How many commands in `<(…)` are read as its arguments: `diff <(a) <(b)`.
const NESTED: usize = 2;

/// A command as it was read.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) sense: Sense,
    /// The name is also an ordinary word.
    pub(super) common: bool,
    /// The name is written in a way only someone who hides it writes.
    pub(super) hidden: bool,
    /// The name is a path to a program.
    pub(super) located: bool,
    /// An argument names a file of the system.
    pub(super) system: bool,
    /// The name is written as nobody writes it who means the command.
    pub(super) brief: bool,
    /// It gets something from an address that is written out.
    pub(super) fetches: bool,
    /// It reads, lists or packs what is people's own, or tells its version.
    pub(super) mundane: bool,
    /// It picks lines or parts of them, and no file of the system is named.
    pub(super) picks: bool,
    /// Its name is one letter.
    pub(super) letter: bool,
    /// How many words the command has.
    pub(super) words: u8,
    /// Behind the last byte of it.
    pub(super) end: usize,
    /// It makes sense without arguments.
    pub(super) complete: bool,
    /// It runs programs: a shell or an interpreter.
    pub(super) script: bool,
    /// It makes sense by its first argument alone, a word.
    pub(super) own_word: bool,
    /// Its output or input is a file.
    pub(super) redirect: bool,
    /// It has flags.
    pub(super) flags: bool,
    /// It is one of the few probes that take no argument: `id`, `ls`, `pwd`.
    pub(super) probe: bool,
}

/// What is known of a command before its arguments are read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    parting: Parting,
    located: bool,
    hidden: bool,
    piped: bool,
    words: u8,
}

/// Reads the command at `at`. `piped`: its input is the output of another; `ticked`: it stands in
/// backticks. Nothing is read where all that may be was.
pub(super) fn read(
    text: &[u8],
    at: usize,
    (piped, ticked): (bool, bool),
    left: &Patience,
) -> Option<Command> {
    let (mut at, _) = skip_spaces(text, at);
    if left.is_spent() || is_ordinary(text, at) {
        return None;
    }
    let mut frame = Frame {
        parting: if ticked {
            Parting::Ticks
        } else {
            Parting::Spaces
        },
        located: false,
        hidden: false,
        piped,
        words: 0,
    };
    for _ in 0..4 {
        let braced = byte(text, at) == b'{' && braces(text, at);
        if braced {
            frame.parting = Parting::Braces;
        }
        if braced || (byte(text, at) == b'{' && byte(text, at + 1) == b' ') {
            at = skip_spaces(text, at + 1).0;
        }
        let name = left.word(text, at, frame.parting, true);
        let Some((entry, located)) = entry(&name, text, at) else {
            at = behind_assignment(text, at, &name)?;
            continue;
        };
        frame.hidden |= name.broken || name.glob || name.spaced || braced;
        frame.located = located;
        frame.words += 1;
        if byte(text, name.end) == b'+' && frame.parting == Parting::Spaces {
            frame.parting = Parting::Plus;
        }
        match inner(text, &name, entry, frame.parting, left) {
            Some(next) => at = next,
            None => return Some(whole(text, &name, entry, frame, left)),
        }
    }
    None
}

/// Bytes that a shell takes as they are, and that may stand in names, numbers, addresses and prose.
const PLAIN: Set = set::union(set::WORD, set::of(b"_-.:,~!#/@"));
/// What ends a word.
const ENDS: Set = set::union(set::range(0, b' '), set::of(b"\x7f;|&<>()"));

/// Whether no command begins at `at`, told from one look at a word without quotes, escapes, variables
/// and globs: most words are of this kind.
fn is_ordinary(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let (word, next) = plain(rest);
    // Where a line begins behind `\n` as two letters, it ends before the next.
    let is_line_end = |at: usize| matches!(text.get(at..at + 2), Some([b'\\', b'n' | b'r']));
    let written = at.checked_sub(2).is_some_and(is_line_end) && is_line_end(at + word.len());
    match (next, word) {
        // A name and its value; behind a space, a command might follow.
        (Some(b'='), _) => {
            let (value, next) = plain(rest.get(word.len() + 1..).unwrap_or_default());
            let ends = next.is_none_or(|own| set::has(ENDS, own) && !b" \t\x0b\x0c".contains(&own));
            word.len() + value.len() < word::KEPT && ends
        }
        (Some(next), _) if !set::has(ENDS, next) && !written => false,
        (_, [b'/' | b'.' | b'@', ..] | [_, b':', ..]) => false,
        // Nothing but a path or a file's ending hides behind these.
        (_, word) if word.contains(&b'/') => true,
        (_, word) if word.contains(&b'.') => {
            word.first().is_some_and(|own| b"012345689".contains(own))
        }
        // With or without its version.
        (_, [b'p' | b'P', b'y' | b'Y', ..]) => false,
        (_, word) => !table::known(word),
    }
}

/// The plain bytes a text begins with, and the byte behind them.
fn plain(text: &[u8]) -> (&[u8], Option<u8>) {
    let len = text.iter().position(|own| !set::has(PLAIN, *own));
    let word = text.get(..len.unwrap_or(text.len())).unwrap_or_default();
    (word, text.get(word.len()).copied())
}

/// Where the command begins that this one runs: `sudo -u root id`, `timeout 5 id`.
fn inner(
    text: &[u8],
    name: &Word,
    entry: &Entry,
    parting: Parting,
    left: &Patience,
) -> Option<usize> {
    if !matches!(entry.takes, Takes::Command | Takes::Number) {
        return None;
    }
    let next = behind_options(text, name.end, parting, left);
    match entry.takes {
        Takes::Command => Some(next),
        Takes::Number => {
            let word = left.word(text, next, parting, true);
            let own = self::entry(&word, text, next);
            (next > name.end + 1 && own.is_some()).then_some(next)
        }
        _ => None,
    }
}

/// `name=value` as a command of its own: where it ends.
pub(super) fn assignment(text: &[u8], at: usize, left: &Patience) -> Option<usize> {
    let (at, _) = skip_spaces(text, at);
    let (word, next) = plain(text.get(at..)?);
    // A shell takes no quoted or substituted name.
    if next != Some(b'=') || word.len() > word::KEPT {
        return None;
    }
    let name = left.word(text, at, Parting::Spaces, true);
    let equals = name.bytes().iter().position(|own| *own == b'=')?;
    let own = name.bytes().get(..equals)?;
    let plain = own
        .iter()
        .all(|own| own.is_ascii_alphanumeric() || *own == b'_');
    let ends = matches!(byte(text, name.end), b';' | b'&' | b'\n' | b'|');
    let value = name.bytes().get(equals + 1);
    let told = value.is_some_and(|own| own.is_ascii_alphabetic() || *own == b'/');
    (plain && !own.is_empty() && ends && told).then_some(name.end)
}

/// Whether `{a,b}` begins at `at`.
fn braces(text: &[u8], at: usize) -> bool {
    let rest = text
        .get(at + 1..text.len().min(at + 96))
        .unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\n' | b'}' | b':' | b'{'));
    end.is_some_and(|end| byte(rest, end) == b'}' && rest.iter().take(end).any(|b| *b == b','))
}

/// `name=value` before a command.
fn behind_assignment(text: &[u8], at: usize, name: &Word) -> Option<usize> {
    let bytes = name.bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let is_name = equals > 0
        && bytes
            .iter()
            .take(equals)
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let (next, _) = skip_spaces(text, name.end);
    (is_name && next > name.end && name.end > at).then_some(next)
}

/// The place behind the options of a command that runs another.
fn behind_options(text: &[u8], mut at: usize, parting: Parting, left: &Patience) -> usize {
    let mut flag = false;
    for _ in 0..5 {
        let (next, _) = word::skip(text, at, parting);
        let option = left.word(text, next, parting, true);
        let own_flag = matches!(option.bytes(), [b'-', ..]);
        let number = option.bytes().first().is_some_and(u8::is_ascii_digit);
        let operand = flag && entry(&option, text, next).is_none();
        if !(own_flag || number || operand) || option.end == next {
            return next;
        }
        flag = own_flag;
        at = option.end;
    }
    at
}

/// The entry a word names, and whether by its path.
fn entry(name: &Word, text: &[u8], at: usize) -> Option<(&'static Entry, bool)> {
    let bytes = name.bytes();
    if bytes.is_empty() || bytes.len() > 60 {
        return None;
    }
    if name.glob {
        let whole =
            bytes.first() == Some(&b'/') && bytes.iter().filter(|b| **b == b'/').count() > 1;
        let path = table::PATHS
            .iter()
            .find(|path| whole && word::globs(bytes, path.as_bytes()))?;
        let short = path.rsplit('/').next()?;
        return table::named(short.split('.').next()?.as_bytes()).map(|entry| (entry, true));
    }
    let own = match bytes.iter().rposition(|byte| matches!(byte, b'/' | b'\\')) {
        Some(slash) => bytes.get(slash + 1..)?,
        None => bytes,
    };
    let directory = own.len() < bytes.len();
    if directory && !is_program_path(bytes) {
        return None;
    }
    let own = own.strip_prefix(b"@").unwrap_or(own);
    let mut room = [0; starts::LONGEST];
    let own = starts::lower(own, &mut room)?;
    let stem = own
        .strip_suffix(b".exe")
        .or(own.strip_suffix(b".com"))
        .unwrap_or(own);
    let stem = match stem {
        [b'p', b'y', b't', b'h', b'o', b'n', version @ ..]
            if version.iter().all(|b| b.is_ascii_digit() || *b == b'.') =>
        {
            b"python".as_slice()
        }
        own => own,
    };
    if let Some(found) = table::named(stem) {
        return Some((found, directory || stem.len() < own.len()));
    }
    let comspec = stem == b"%comspec%" && byte(text, at) == b'%';
    comspec
        .then(|| table::named(b"cmd"))
        .flatten()
        .map(|found| (found, true))
}

fn is_program_path(bytes: &[u8]) -> bool {
    let rooted = matches!(bytes, [b'/' | b'.' | b'%', ..])
        || matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let holds = |part: &[u8]| {
        bytes
            .windows(part.len())
            .any(|at| at.eq_ignore_ascii_case(part))
    };
    rooted && (holds(b"bin/") || holds(b"system32\\") || holds(b"syswow64\\") || holds(b"/tmp/"))
}

fn whole(
    text: &[u8],
    name: &Word,
    entry: &'static Entry,
    frame: Frame,
    left: &Patience,
) -> Command {
    left.command();
    let mut args = Args::default();
    let (at, odd) = arguments(text, name, frame.parting, &mut args, left);
    let sense = fit(entry.takes, &args, frame.piped);
    let told = args.total == 1 && is_version(text.get(name.end..at).unwrap_or_default());
    let probe = args.total == 0
        && !shouted(name, entry)
        && matches!(
            entry.name,
            "id" | "ls" | "dir" | "pwd" | "env" | "w" | "ps" | "set" | "who" | "ver" | "true"
        );
    Command {
        sense,
        common: entry.common || entry.name.len() < 3 || shouted(name, entry),
        hidden: frame.hidden || odd,
        located: frame.located,
        system: args.system > 0,
        brief: shouted(name, entry),
        fetches: matches!(entry.name, "curl" | "wget")
            && args.system == 0
            && args.is_mundane()
            && !frame.hidden
            && !odd
            && !frame.located,
        mundane: (mundane(entry) && args.is_mundane() || told)
            && !frame.hidden
            && !odd
            && !frame.located,
        picks: picks(entry)
            && args.system == 0
            && !args.redirect
            && !frame.hidden
            && !frame.located,
        complete: matches!(entry.takes, Takes::Nothing | Takes::List),
        script: entry.takes == Takes::Script,
        own_word: matches!(entry.takes, Takes::Sub(_)),
        redirect: args.redirect,
        letter: entry.name.len() == 1,
        flags: args.flags > 0,
        words: frame.words + args.total + u8::from(args.redirect),
        end: at.min(text.len()),
        probe,
    }
}

/// Programs that change nothing but where they are told to.
fn mundane(entry: &Entry) -> bool {
    const NAMES: [&str; 17] = [
        "cat",
        "cp",
        "df",
        "dir",
        "du",
        "get-childitem",
        "get-content",
        "gunzip",
        "gzip",
        "head",
        "less",
        "ls",
        "tail",
        "tar",
        "unzip",
        "wc",
        "zip",
    ];
    NAMES.contains(&entry.name)
}

/// `node -v`: the question that people are asked when something fails.
fn is_version(arguments: &[u8]) -> bool {
    const OPTIONS: [&[u8]; 4] = [b"-v", b"-V", b"--version", b"-version"];
    OPTIONS.contains(&arguments.trim_ascii())
}

/// Programs that people look up the options of: what they find goes nowhere.
fn picks(entry: &Entry) -> bool {
    const NAMES: [&str; 8] = [
        "cut", "egrep", "fgrep", "findstr", "grep", "sort", "tr", "uniq",
    ];
    NAMES.contains(&entry.name)
}

/// A program of Unix, whose names are in lower case, in capitals: a word, not a command.
fn shouted(name: &Word, entry: &Entry) -> bool {
    let windows = matches!(
        entry.name,
        "dir" | "type" | "net" | "cmd" | "whoami" | "ipconfig" | "powershell" | "systeminfo"
    );
    let short = name.bytes().len() < 4 && name.bytes().iter().any(u8::is_ascii_uppercase);
    !windows && (short || name.bytes().iter().all(|byte| !byte.is_ascii_lowercase()))
}

/// Reads the arguments of a command: where they end, and whether they are parted as nobody parts them.
fn arguments(
    text: &[u8],
    name: &Word,
    parting: Parting,
    args: &mut Args,
    left: &Patience,
) -> (usize, bool) {
    let braced = parting == Parting::Braces;
    let mut at = name.end;
    let mut odd = name.spaced;
    let mut open = name.unclosed;
    let mut nested = 0;
    for _ in 0..WORDS {
        if open || left.is_spent() {
            break;
        }
        let (mut next, ifs) = word::skip(text, at, parting);
        odd |= ifs;
        if braced && matches!(byte(text, next), b',' | b'}') {
            next += 1;
            if byte(text, next - 1) == b'}' {
                return (next, odd);
            }
        }
        if let Some(behind) = redirection(text, next) {
            args.redirect = true;
            // What stands in `<(…)` is read by itself.
            nested += usize::from(byte(text, behind - 1) == b'(');
            if nested > NESTED {
                return (next, odd);
            }
            let (from, _) = word::skip(text, behind, parting);
            let target = left.word(text, from, parting, false);
            // `<module>`: a word in angle brackets, not a file.
            if byte(text, next) == b'<' && byte(text, target.end) == b'>' {
                args.redirect = false;
                at = target.end + 1;
                continue;
            }
            open = target.unclosed;
            at = target.end;
            args.redirected(&target);
            continue;
        }
        let arg = left.word(text, next, parting, false);
        open = arg.unclosed;
        if arg.end == next || byte(text, next) == b'#' {
            return (next, odd);
        }
        at = arg.end;
        odd |= arg.spaced && !braced;
        args.add(arg, next == name.end && !braced && !name.spaced);
    }
    (at, odd)
}
