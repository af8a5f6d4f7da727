//! Arguments: what each of them is, and whether together they fit a command.

use super::table::{self, Takes};
use super::word::{self, Word, byte};

/// How well the arguments fit the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sense {
    /// They do not.
    None,
    /// They could.
    Weak,
    /// There are none, and none are needed.
    Alone,
    /// They do.
    Strong,
}

/// What the arguments are.
#[derive(Debug, Default)]
pub(super) struct Args {
    pub(super) total: u8,
    pub(super) flags: u8,
    numbers: u8,
    pub(super) system: u8,
    /// Of these, those where people keep what is theirs.
    mundane: u8,
    paths: u8,
    urls: u8,
    hosts: u8,
    moving: u8,
    quoted: u8,
    operands: u8,
    text: u8,
    flag: bool,
    pub(super) redirect: bool,
    first: Option<Word>,
}

/// The place behind `>`, `2>&1`, `>>`, `<`, `<<<`, `&>`, `<(`.
pub(super) fn redirection(text: &[u8], at: usize) -> Option<usize> {
    let mut here = at;
    if matches!(byte(text, here), b'0'..=b'2' | b'&') {
        here += 1;
    }
    if !matches!(byte(text, here), b'<' | b'>') {
        return None;
    }
    // `a <> 'none'` compares; `3<>/dev/tcp/…` opens both ways.
    let unequal = text.get(here..here + 2) == Some(b"<>");
    while matches!(byte(text, here), b'<' | b'>' | b'&' | b'(') {
        here += 1;
    }
    let compares = unequal && matches!(byte(text, here), b' ' | b'\'' | b'"');
    (byte(text, here) != b'=' && !compares).then_some(here)
}

impl Args {
    /// Takes in where output goes or input comes from.
    pub(super) fn redirected(&mut self, target: &Word) {
        self.system = self
            .system
            .saturating_add(u8::from(is_system(target.bytes())));
    }

    pub(super) fn add(&mut self, arg: Word, glued: bool) {
        let bytes = arg.bytes();
        let takes_more = match bytes {
            [b'-', _, ..] => true,
            // `C:\Documents and Settings`
            [drive, b':', b'\\', ..] => drive.is_ascii_alphabetic(),
            _ => false,
        };
        let operand = std::mem::replace(&mut self.flag, takes_more);
        let count = if glued {
            &mut self.text
        } else if arg.substitution || arg.variable {
            &mut self.moving
        } else {
            match bytes {
                [b'-', b'-' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9', ..] => &mut self.flags,
                [b'+', b'%', ..] => &mut self.flags,
                [b'/', letter, rest @ ..] if rest.len() < 9 && is_windows_flag(*letter, rest) => {
                    &mut self.flags
                }
                // `-exec id \\;`
                b";" | b"+" => &mut self.flags,
                _ if is_system(bytes) => {
                    self.mundane = self.mundane.saturating_add(u8::from(is_mundane(bytes)));
                    &mut self.system
                }
                _ if arg.quoted => &mut self.quoted,
                _ if is_number(bytes) => &mut self.numbers,
                _ if bytes.windows(3).any(|at| at == b"://") || is_endpoint(bytes) => {
                    &mut self.urls
                }
                _ if is_host(bytes) => &mut self.hosts,
                _ if arg.glob || is_path(bytes) => &mut self.paths,
                _ if operand => &mut self.operands,
                _ => &mut self.text,
            }
        };
        *count = count.saturating_add(1);
        self.total = self.total.saturating_add(1);
        if self.first.is_none() {
            self.first = Some(arg);
        }
    }
}

impl Args {
    /// Whether nothing is named but files that are people's own.
    pub(super) fn is_mundane(&self) -> bool {
        self.system == self.mundane && self.moving == 0 && !self.redirect
    }
}

fn is_windows_flag(letter: u8, rest: &[u8]) -> bool {
    letter.is_ascii_alphabetic()
        && rest
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'*'))
        && !(rest.len() == 2
            && matches!(rest, b"tc" | b"ev" | b"in" | b"ar" | b"mp" | b"sr" | b"pt"))
}

fn is_number(bytes: &[u8]) -> bool {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let rest = bytes.get(digits..).unwrap_or_default();
    digits > 0
        && (matches!(rest, [] | [b's' | b'm' | b'h'])
            || matches!(rest, [b'.', more @ ..] if more.iter().all(|b| b.is_ascii_digit() || *b == b's')))
}

/// A file whose place says that it is the system's.
fn is_system(bytes: &[u8]) -> bool {
    const ROOTS: [&[u8]; 16] = [
        b"/etc",
        b"/proc/",
        b"/var/",
        b"/bin/",
        b"/usr/",
        b"/tmp",
        b"/dev/",
        b"/home",
        b"/root",
        b"/opt/",
        b"~/",
        b"../..",
        b"..\\..",
        b"%systemroot%",
        b"%windir%",
        b"/boot",
    ];
    let drive = matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    drive
        || bytes == b"/"
        || bytes == b".htpasswd"
        || (bytes.contains(&b'?') && bytes.starts_with(b"/") && word::globs(bytes, b"/etc/passwd"))
        || ROOTS.iter().any(|root| {
            bytes
                .get(..root.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(root))
        })
}

/// Logs, temporary files and people's own folders: what instructions and scripts are full of.
fn is_mundane(bytes: &[u8]) -> bool {
    const ROOTS: [&[u8]; 8] = [
        b"/var/log/",
        b"/tmp",
        b"/home/",
        b"~/",
        b"/opt/",
        b"/usr/local/",
        b"c:\\users\\",
        b"c:/users/",
    ];
    let hidden = bytes
        .windows(2)
        .any(|own| matches!(own, b"/." | b"\\." | b".."));
    let spread = bytes.iter().any(|own| matches!(own, b'*' | b'?'));
    let below = |root: &&[u8]| {
        bytes
            .get(..root.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(root))
    };
    !hidden && !spread && (ROOTS.iter().any(below) || is_kept(bytes))
}

/// `D:\\Logs\\old`: a folder of Windows that is not the system's.
fn is_kept(bytes: &[u8]) -> bool {
    const OWN: [&[u8]; 7] = [
        b"windows",
        b"winnt",
        b"boot",
        b"inetpub",
        b"program",
        b"system",
        b"recovery",
    ];
    let [drive, b':', b'\\' | b'/', rest @ ..] = bytes else {
        return false;
    };
    let below = rest.iter().any(|own| matches!(own, b'\\' | b'/')) || !rest.contains(&b'.');
    let system = OWN.iter().any(|own| {
        rest.get(..own.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(own))
    });
    drive.is_ascii_alphabetic() && !rest.is_empty() && below && !system
}

fn is_path(bytes: &[u8]) -> bool {
    let letters = bytes
        .iter()
        .all(|b| b.is_ascii_graphic() && (*b != b'@' || bytes.starts_with(b"@")));
    let dot = bytes.iter().rposition(|byte| *byte == b'.');
    let extension = dot.is_some_and(|dot| {
        let rest = bytes.len() - dot - 1;
        (1..5).contains(&rest) && !byte(bytes, dot + 1).is_ascii_digit()
    });
    letters && (bytes.contains(&b'/') || bytes.contains(&b'\\') || extension || bytes == b".")
}

/// `1.2.3.4`, `host.example`, `localhost`, `host:80`.
fn is_host(bytes: &[u8]) -> bool {
    if bytes.eq_ignore_ascii_case(b"localhost") || bytes.starts_with(b"::") {
        return true;
    }
    let end = bytes
        .iter()
        .position(|b| matches!(b, b':' | b'/'))
        .unwrap_or(bytes.len());
    let name = bytes.get(..end).unwrap_or_default();
    // `host.example.`: a name that is complete.
    let name = name.strip_suffix(b".").unwrap_or(name);
    let body = name
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let numeric = name.iter().filter(|b| **b == b'.').count() == 3
        && name.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let top = name.contains(&b'.')
        && (2..=12).contains(&last.len())
        && last.iter().all(u8::is_ascii_alphabetic);
    body && (numeric || (top && !is_file_end(last)))
}

/// `TCP:10.0.0.1:443`
fn is_endpoint(bytes: &[u8]) -> bool {
    let mut parts = bytes.split(|own| *own == b':');
    let scheme = parts.next().unwrap_or_default();
    let named = || matches!(scheme, b"tcp" | b"tcp-connect" | b"udp" | b"openssl");
    let host = scheme.len() > 2 && scheme.iter().all(u8::is_ascii_uppercase) || named();
    host && parts.next().is_some_and(is_host)
}

fn is_file_end(last: &[u8]) -> bool {
    const ENDS: [&[u8]; 22] = [
        b"txt", b"php", b"html", b"log", b"js", b"ini", b"conf", b"jpg", b"png", b"css", b"asp",
        b"exe", b"gz", b"tgz", b"bz", b"xz", b"csv", b"json", b"yml", b"yaml", b"xml", b"pdf",
    ];
    ENDS.iter().any(|end| last.eq_ignore_ascii_case(end))
}

/// Whether the arguments fit.
pub(super) fn fit(takes: Takes, args: &Args, piped: bool) -> Sense {
    let fits = |strong: bool| match (strong, args.total, args.text) {
        (true, _, 0) => Sense::Strong,
        (true, _, 1) => Sense::Weak,
        (false, 0, _) if args.redirect => Sense::Strong,
        (false, 0, _) => Sense::Alone,
        (false, 1, _) => Sense::Weak,
        _ => Sense::None,
    };
    let places = args.system > 0 || args.paths > 0 || args.hosts > 0;
    match takes {
        Takes::Nothing => match (args.total, args.text) {
            (0, _) if args.redirect => Sense::Strong,
            (0, _) => Sense::Alone,
            (_, 0) if args.flags > 0 || args.redirect => Sense::Strong,
            _ => Sense::None,
        },
        Takes::Path => fits(
            places
                || args.moving > 0
                || args.redirect
                || args.flags > 1
                || (piped && args.flags > 0),
        ),
        Takes::List => fits(args.total > 0 && (places || args.flags > 0 || args.moving > 0)),
        Takes::Number => fits(args.numbers > 0 || args.moving > 0),
        Takes::Host => fits(
            args.hosts > 0
                || args.urls > 0
                || args.moving > 0
                || (args.flags > 0 && args.system + args.numbers > 0),
        ),
        Takes::Url => fits(
            args.urls > 0
                || args.hosts > 0
                || args.moving > 0
                || args.quoted > 0 && args.flags > 0
                || args.paths > 0,
        ),
        Takes::Script => script(args, piped),
        Takes::Sub(words) => sub(words, args),
        Takes::Text => told(args),
        Takes::Change if args.flags > 0 && args.system > 0 && args.text < 2 => Sense::Strong,
        Takes::Change => fits(
            args.flags > 0 || args.system > 0 || (args.total > 1 && args.paths + args.numbers > 0),
        ),
        Takes::Filter if is_filter(args) => Sense::Strong,
        Takes::Filter => fits(false),
        Takes::Command => Sense::None,
    }
}

/// An option, a pattern, a file: not only words.
fn is_filter(args: &Args) -> bool {
    let told = [args.flags, args.quoted, args.urls, args.moving, args.system];
    let told = told.iter().any(|own| *own > 0);
    args.text < 3 && (told || args.redirect)
}

fn script(args: &Args, piped: bool) -> Sense {
    let option = args.first.as_ref().is_some_and(|first| {
        let bytes = first.bytes();
        let cmdlet = bytes.contains(&b'-') && table::known(bytes);
        // `python "TypeError: …"`: a program's name has no blanks.
        let quoted = first.quoted && !bytes.contains(&b' ');
        matches!(bytes, [b'-' | b'/', _, ..]) || quoted || cmdlet
    });
    if args.redirect || option || args.system > 0 || args.urls > 0 {
        return Sense::Strong;
    }
    match args.total {
        0 if piped => Sense::Strong,
        0 => Sense::Alone,
        _ if args.text == 0 && args.paths + args.moving > 0 => Sense::Strong,
        _ => Sense::None,
    }
}

fn sub(words: &[&str], args: &Args) -> Sense {
    let Some(first) = &args.first else {
        return Sense::Alone;
    };
    if words.iter().any(|word| {
        let own = first.bytes();
        let option = word.starts_with('/') && matches!(own.get(word.len()), Some(b'=' | b':'));
        let own = if option {
            own.get(..word.len()).unwrap_or_default()
        } else {
            own
        };
        own.eq_ignore_ascii_case(word.as_bytes())
    }) {
        // `net user growth` are words: whatever is done has an option, a number, a place.
        let told = args.flags + args.numbers + args.system + args.paths + args.urls + args.hosts;
        let told = told + args.moving + args.quoted + u8::from(args.redirect);
        if args.total > 1 && told == 0 {
            return Sense::Weak;
        }
        return Sense::Strong;
    }
    Sense::None
}

fn told(args: &Args) -> Sense {
    if args.moving > 0 || args.numbers > 1 || (args.redirect && args.total > 0) {
        return Sense::Strong;
    }
    match (args.total, args.text) {
        (1, 0) if args.quoted == 1 => Sense::Strong,
        (1 | 2, 0 | 1) => Sense::Weak,
        _ => Sense::None,
    }
}
