//! Line ends that begin a header of the response, or a second response.
//!
//! Text of several lines is ordinary. A line end followed by the name of a header a server sends, a
//! colon and a value is not, unless people write about HTTP.

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::prefix::starts;
use crate::seek;
use crate::set::{self, Table};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Header,
    bytes: b"\r\n",
    words: &[
        "%0d",
        "%0a",
        "\\r\\n",
        "\\n",
        "\u{560a}",
        "\u{560d}",
        "%e5%98%8",
        "\u{10a}",
        "\u{10d}",
        "\u{2028}",
        "\u{85}",
        "set-cookie:",
        "%u000",
        "\\u000",
    ],
    glance: None,
    detect,
};

/// Spellings of a line end, longest first.
const ENDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"%0d%0a",
    b"%0a",
    b"%0d",
    b"\\r\\n",
    b"\\n",
    b"\\r",
    b"%u000d%u000a",
    b"%u000a",
    b"%u000d",
    b"\\u000d\\u000a",
    b"\\u000a",
    b"\\u000d",
    // U+560D and U+560A end in CR and LF when cut to a byte; so do U+010D and U+010A.
    b"\xe5\x98\x8d\xe5\x98\x8a",
    b"\xe5\x98\x8a\xe5\x98\x8d",
    b"\xe5\x98\x8a",
    b"\xe5\x98\x8d",
    b"%e5%98%8d%e5%98%8a",
    b"%e5%98%8a%e5%98%8d",
    b"%e5%98%8a",
    b"%e5%98%8d",
    b"\xc4\x8d\xc4\x8a",
    b"\xc4\x8a",
    b"\xc4\x8d",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xa9",
    b"\xc2\x85",
];

/// Bytes that line ends begin with.
static BEGINS: Table = set::table(set::of(b"\r\n%\\\xc2\xc4\xe2\xe5"));

/// Headers a response has, and those of a request that a proxy believes.
const NAMES: &[&[u8]] = &[
    b"set-cookie",
    b"location",
    b"content-length",
    b"content-type",
    b"refresh",
    b"transfer-encoding",
    b"x-xss-protection",
    b"content-disposition",
    b"access-control-allow-origin",
    b"link",
    b"content-encoding",
    b"content-security-policy",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"host",
    b"connection",
    b"cache-control",
    b"last-modified",
    b"status",
    b"etag",
    b"clear-site-data",
    b"www-authenticate",
    b"x-sendfile",
    b"x-accel-redirect",
    b"x-original-url",
    b"authorization",
    b"cookie",
    b"server",
    b"expires",
    b"pragma",
    b"vary",
    b"upgrade",
    b"origin",
    b"referer",
    b"user-agent",
    b"accept",
    b"strict-transport-security",
];

/// The line end at `at`: its length, and whether it is an odd spelling.
fn end_of_line(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let (next, third) = (byte(at + 1), byte(at + 2));
    let begins = match text.get(at)? {
        b'\r' | b'\n' => true,
        b'%' => match next | 0x20 {
            b'0' => matches!(third | 0x20, b'a' | b'd'),
            b'u' => starts(text, at, b"%u000"),
            b'e' => starts(text, at, b"%e5%98%8"),
            _ => false,
        },
        b'\\' => match next | 0x20 {
            b'r' | b'n' => true,
            b'u' => starts(text, at, b"\\u000"),
            _ => false,
        },
        0xc2 => next == 0x85,
        0xc4 => matches!(next, 0x8a | 0x8d),
        0xe2 => next == 0x80 && matches!(third, 0xa8 | 0xa9),
        0xe5 => next == 0x98 && matches!(third, 0x8a | 0x8d),
        _ => false,
    };
    if !begins {
        return None;
    }
    let own = ENDS.iter().find(|own| starts(text, at, own))?;
    Some((own.len(), !matches!(own, [b'\r' | b'\n', ..])))
}

/// What was read behind a line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// A header a server sends.
    Header,
    /// Another header.
    Other,
    /// A status line or a request line.
    Start,
    /// An empty line and a body of markup.
    Body,
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<Evidence> = None;
    let mut lines = 0_usize;
    let mut before = 0_usize;
    let mut at = 0;
    while let Some(skipped) = text.get(at..).and_then(|rest| BEGINS.find(rest)) {
        at += skipped;
        let Some((len, odd)) = end_of_line(text, at) else {
            at += 1;
            continue;
        };
        if lines == 0
            && let Some(reading) = ended(input, at, at + len)
        {
            return Some(Evidence {
                span: 0..at + len,
                reading,
                confidence: Confidence::Certain,
            });
        }
        if lines == 0
            && let Some(end) = logged(input, at, at + len)
        {
            return Some(Evidence {
                span: at..end,
                reading: "a line end and a line of a log behind it",
                confidence: Confidence::Certain,
            });
        }
        if let Some((line, end)) = line(text, at + len) {
            let degree = judge(input, line, odd, (lines, before, at));
            if best.as_ref().is_none_or(|best| best.confidence < degree) {
                best = Some(Evidence {
                    span: at..end,
                    reading: "a line end and a header behind it",
                    confidence: degree,
                });
            }
            if degree == Confidence::Certain {
                break;
            }
        }
        lines += 1;
        at += len;
        before = at;
    }
    best
}

/// `a.csv HTTP/1.1\r\nHost: x`: the rest of the line that the server asks another with, and a header behind
/// it. What people paste of a request begins with its method.
fn ended(input: &Input<'_>, end: usize, behind: usize) -> Option<&'static str> {
    const LONGEST: usize = 512;
    let written = matches!(input.context.field, Field::Code | Field::Telemetry)
        || matches!(input.context.place, Place::File | Place::Body);
    let first = input.text.get(..end.min(LONGEST))?.trim_ascii();
    let version = first.get(first.len().checked_sub(9)?..)?;
    let asked = version.get(..7)?.eq_ignore_ascii_case(b" http/1");
    let target = first.get(..first.len() - 9)?;
    let one = !target.iter().any(u8::is_ascii_whitespace);
    (!written && asked && one && line(input.text, behind).is_some())
        .then_some("the end of a request's first line, and a header behind it")
}

/// `mia\r\n2024-05-01 10:00:00 INFO login succeeded`: a line of a log behind a value that is written to
/// one. What people paste of a log begins with such a line itself, and stands where texts do.
fn logged(input: &Input<'_>, end: usize, at: usize) -> Option<usize> {
    const LONGEST: usize = 48;
    const LEVELS: [&[u8]; 8] = [
        b"INFO",
        b"WARN",
        b"ERROR",
        b"DEBUG",
        b"NOTICE",
        b"CRITICAL",
        b"FATAL",
        b"AUDIT",
    ];
    let outside = match input.context.place {
        Place::Query | Place::Cookie | Place::Header | Place::Path => true,
        Place::Name
        | Place::Form
        | Place::Json
        | Place::Xml
        | Place::FileName
        | Place::File
        | Place::Body => input.context.field == Field::Key,
    };
    let field = match input.context.field {
        Field::Plain | Field::Key | Field::Url | Field::File | Field::Token => true,
        Field::Text | Field::Code | Field::Telemetry => false,
    };
    let value = input.text.get(..end)?;
    let rest = input.text.get(at..)?;
    let rest = rest.strip_prefix(b"[").unwrap_or(rest);
    let date = rest.get(..11)?;
    let dated = date.iter().enumerate().all(|(at, own)| match at {
        4 | 7 => matches!(own, b'-' | b'/'),
        10 => matches!(own, b' ' | b'T'),
        _ => own.is_ascii_digit(),
    });
    let line = rest.get(..rest.len().min(64)).unwrap_or_default();
    let levelled = LEVELS
        .iter()
        .any(|own| crate::phrases::find(line, own).is_some());
    let short = value.len() < LONGEST && !value.first().is_some_and(u8::is_ascii_digit);
    (outside && field && short && dated && levelled).then_some(at + 11)
}

/// What the line at `at` begins with.
fn line(text: &[u8], at: usize) -> Option<(Line, usize)> {
    if let Some((len, _)) = end_of_line(text, at) {
        let from = at + len;
        let markup = [
            b"<html".as_slice(),
            b"<script",
            b"<svg",
            b"<img",
            b"<body",
            b"<!doctype",
            b"<h1",
            b"http/1.",
        ];
        return markup
            .iter()
            .any(|own| starts(text, from, own))
            .then_some((Line::Body, from + 4));
    }
    let blanks = text
        .get(at..)?
        .iter()
        .take(4)
        .take_while(|own| matches!(own, b' ' | b'\t'))
        .count();
    let at = at + blanks;
    if starts(text, at, b"http/1.") || starts(text, at, b"http/2") {
        return Some((Line::Start, at + 7));
    }
    if request(text, at) || stored(text, at) || emptied(text, at) || managed(text, at) {
        return Some((Line::Start, at + 5));
    }
    let name = text.get(at..text.len().min(at + 40))?;
    let len = name
        .iter()
        .take_while(|own| own.is_ascii_alphanumeric() || **own == b'-')
        .count();
    let colon = name.get(len) == Some(&b':')
        || (name.get(len) == Some(&b' ') && name.get(len + 1) == Some(&b':'));
    if len == 0 || !colon {
        return None;
    }
    let own = name.get(..len)?;
    let value = text
        .get(at + len + 1..)
        .is_some_and(|rest| rest.iter().any(|own| !own.is_ascii_whitespace()));
    if !value {
        return None;
    }
    if NAMES.iter().any(|known| own.eq_ignore_ascii_case(known)) {
        return Some((Line::Header, at + len + 1));
    }
    let custom = own.contains(&b'-') && own.first().is_some_and(u8::is_ascii_alphabetic);
    custom.then_some((Line::Other, at + len + 1))
}

/// `GET /path HTTP/1.1`.
fn request(text: &[u8], at: usize) -> bool {
    let methods = [
        b"get /".as_slice(),
        b"post /",
        b"put /",
        b"delete /",
        b"head /",
        b"options /",
        b"connect ",
    ];
    let Some(own) = methods.iter().find(|own| starts(text, at, own)) else {
        return false;
    };
    let rest = text
        .get(at + own.len()..text.len().min(at + 200))
        .unwrap_or_default();
    let line = rest
        .split(|own| matches!(own, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    line.windows(7)
        .any(|own| own.eq_ignore_ascii_case(b" http/1"))
}

/// `set KEY 0 0 12`: a command to memcached, which takes one a line.
fn stored(text: &[u8], at: usize) -> bool {
    let commands = [
        b"set ".as_slice(),
        b"add ",
        b"replace ",
        b"append ",
        b"prepend ",
    ];
    let Some(own) = commands.iter().find(|own| starts(text, at, own)) else {
        return false;
    };
    let rest = text.get(at + own.len()..text.len().min(at + 280));
    let line = rest.unwrap_or_default();
    let mut words = line
        .split(|own| matches!(own, b'\r' | b'\n'))
        .next()
        .unwrap_or_default()
        .split(|own| *own == b' ')
        .skip(1);
    let number = |word: Option<&[u8]>| {
        word.is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_digit))
    };
    number(words.next()) && number(words.next()) && number(words.next())
}

/// `FLUSHALL`, `CONFIG SET dir /var/www`, `SLAVEOF …`: a line that Redis takes for a command.
fn emptied(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..text.len().min(at + 40)).unwrap_or_default();
    let end = rest.iter().position(|own| matches!(own, b'\r' | b'\n'));
    let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let whole = [
        b"flushall".as_slice(),
        b"flushdb",
        b"bgsave",
        b"bgrewriteaof",
    ];
    let begins = [
        b"config set dir".as_slice(),
        b"config set dbfilename",
        b"slaveof ",
        b"replicaof ",
        b"module load ",
        b"script load ",
    ];
    whole.iter().any(|own| line.eq_ignore_ascii_case(own))
        || begins.iter().any(|own| starts(text, at, own))
        || configured(line)
        || kept(line)
        || counted(rest)
        || evaluated(text.get(at..).unwrap_or_default())
}

/// `CONFIG GET *`, `CONFIG SET requirepass x`: three words and four.
fn configured(line: &[u8]) -> bool {
    let words = line.trim_ascii().split(|own| *own == b' ').count();
    starts(line, 0, b"config get ") && words == 3 || starts(line, 0, b"config set ") && words == 4
}

/// `EVAL "return redis.call('x')" 0`: a script in quotes, and how many keys it is given.
fn evaluated(rest: &[u8]) -> bool {
    const LONGEST: usize = 512;
    let (quote, script) = match rest {
        [
            b'e' | b'E',
            b'v' | b'V',
            b'a' | b'A',
            b'l' | b'L',
            b' ',
            quote @ (b'"' | b'\''),
            ..,
        ] => (*quote, rest.get(6..rest.len().min(LONGEST))),
        _ => return false,
    };
    let script = script.unwrap_or_default();
    let end = memchr::memrchr(
        quote,
        script
            .split(|own| matches!(own, b'\r' | b'\n'))
            .next()
            .unwrap_or_default(),
    );
    let behind = end
        .and_then(|end| script.get(end + 1..))
        .unwrap_or_default();
    matches!(behind, [b' ', digit, ..] if digit.is_ascii_digit())
}

/// `SET session:1 "x"`: a command by which Redis keeps something under a key, in capitals as its own
/// descriptions write it. Keys are put together of words, or what is kept is quoted; sentences are neither.
fn kept(line: &[u8]) -> bool {
    let commands = [b"SET ".as_slice(), b"HSET ", b"LPUSH ", b"RPUSH ", b"SADD "];
    let Some(rest) = commands.iter().find_map(|own| line.strip_prefix(*own)) else {
        return false;
    };
    let mut words = rest.splitn(2, |own| *own == b' ');
    let key = words.next().unwrap_or_default();
    let value = words.next().unwrap_or_default();
    let joined = key.iter().skip(1).any(|own| b":_{".contains(own)) && !key.ends_with(b":");
    let quoted = matches!(value, [b'"' | b'\'' | b'{', ..]) && !value.contains(&b'=');
    !value.is_empty() && (joined || quoted)
}

/// `*3\r\n$3\r\nSET`: how many words a command to Redis has, and how long the first of them is.
fn counted(rest: &[u8]) -> bool {
    let number = |text: &[u8]| {
        let digits = text.iter().take_while(|own| own.is_ascii_digit()).count();
        (digits > 0 && digits < 4).then_some(digits)
    };
    let Some(inner) = rest.strip_prefix(b"*") else {
        return false;
    };
    let behind = number(inner).and_then(|len| inner.get(len..));
    let length = behind.and_then(|rest| rest.strip_prefix(b"\r\n$"));
    let word = length.and_then(|rest| rest.get(number(rest)?..)?.strip_prefix(b"\r\n"));
    word.is_some_and(|word| word.first().is_some_and(u8::is_ascii_alphabetic))
}

/// `Application: system`: what a telephone exchange is told to do by its management interface.
fn managed(text: &[u8], at: usize) -> bool {
    let key = [b"application:".as_slice(), b"action:"];
    let Some(own) = key.iter().find(|own| starts(text, at, own)) else {
        return false;
    };
    let rest = text.get(at + own.len()..).unwrap_or_default();
    let rest = rest.trim_ascii_start();
    [b"system".as_slice(), b"originate", b"command"]
        .iter()
        .any(|own| starts(rest, 0, own))
}

/// How sure that is: `lines` stand before, the last from `before` on.
fn judge(
    input: &Input<'_>,
    line: Line,
    odd: bool,
    (lines, before, at): (usize, usize, usize),
) -> Confidence {
    let prefix = input.text.get(before..at).unwrap_or_default();
    let spaces = prefix.iter().filter(|own| **own == b' ').count();
    // A document: several lines, or a sentence before.
    let written = lines > 2 || spaces > 3 || looks_like_header(prefix);
    let names = matches!(line, Line::Header | Line::Start);
    let degree = match line {
        Line::Header | Line::Start if !written => Confidence::Certain,
        Line::Body if !written && lines < 2 && odd => Confidence::Certain,
        // Two letters nobody writes, whose lower bytes are a line end; or a header behind a word.
        Line::Other
            if !written && (folded(input.text, at) || invented(input, prefix, at, lines)) =>
        {
            Confidence::Certain
        }
        Line::Header | Line::Start | Line::Body => Confidence::Possible,
        Line::Other if !written && odd => Confidence::Likely,
        Line::Other => Confidence::Hint,
    };
    let one_line = match input.context.place {
        Place::Path
        | Place::Query
        | Place::Name
        | Place::Header
        | Place::Cookie
        | Place::FileName => true,
        Place::Json | Place::Form => is_header(input.context.name) && !is_folded(input.text, at),
        Place::Xml | Place::File | Place::Body => false,
    };
    match input.context.field {
        Field::Code | Field::Telemetry => degree.min(Confidence::Possible),
        // Clients that may not set headers hand them over as a value.
        _ if holds_headers(input.context.name) => degree.min(Confidence::Possible),
        Field::Text if !one_line && !glued(input.text, prefix, at, lines) => {
            degree.min(Confidence::Likely)
        }
        _ if input.context.place == Place::File || input.context.place == Place::Body => {
            degree.min(Confidence::Possible)
        }
        _ if one_line || certain_name(input.text, at) || odd => degree,
        // Nobody writes a request into a field for an address, a file or a number.
        Field::Url | Field::File | Field::Key if line == Line::Start => degree,
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token
            if names =>
        {
            degree.min(Confidence::Likely)
        }
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => {
            degree.less()
        }
    }
}

/// Whether the line end at `at` is a letter of Chinese, by its lower byte, and another one follows.
fn folded(text: &[u8], at: usize) -> bool {
    text.get(at..at + 6)
        .is_some_and(|own| matches!(own, [0xe5, 0x98, 0x8a | 0x8d, 0xe5, 0x98, 0x8a | 0x8d]))
}

/// `en%0d%0aX-Injected:1`: in a value of one line, a word and a header of no known name behind it.
fn invented(input: &Input<'_>, prefix: &[u8], at: usize, lines: usize) -> bool {
    let one_line = matches!(
        input.context.place,
        Place::Path | Place::Query | Place::Cookie
    );
    let word = !prefix.contains(&b' ') && !prefix.contains(&b':') && prefix.len() < 64;
    let rest = input.text.get(at..).unwrap_or_default();
    let name = rest.trim_ascii_start().get(..2).unwrap_or_default();
    one_line && lines == 0 && word && name.eq_ignore_ascii_case(b"x-")
}

/// Whether a field is named for the headers it holds: `$httpHeaders`, `message-headers`.
fn holds_headers(name: &[u8]) -> bool {
    name.get(name.len().saturating_sub(7)..)
        .is_some_and(|end| end.eq_ignore_ascii_case(b"headers"))
}

/// Whether a value is that of one header among others: `json.headers.X-Trace`, `headers[X-Trace]`.
fn is_header(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"]").unwrap_or(name);
    let mut parts = name.rsplit(|byte| matches!(byte, b'.' | b'['));
    parts.next();
    parts.next().is_some_and(holds_headers)
}

/// Whether the line behind the end at `at` goes on with the one before, as long headers of mails do.
fn is_folded(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default().iter();
    let next = rest.copied().find(|byte| !matches!(byte, b'\r' | b'\n'));
    matches!(next, Some(b' ' | b'\t'))
}

/// `/x%0d%0aSet-Cookie:a=b`: one word, a line end and the header without the blank that people put
/// behind its colon.
fn glued(text: &[u8], prefix: &[u8], at: usize, lines: usize) -> bool {
    let rest = text.get(at..text.len().min(at + 40)).unwrap_or_default();
    let colon = seek::memchr(b':', rest).and_then(|colon| rest.get(colon + 1));
    let word = !prefix.contains(&b' ') && !prefix.ends_with(b":") && prefix.len() < 64;
    lines == 0 && word && certain_name(text, at) && colon.is_some_and(|next| *next != b' ')
}

/// Whether the header is one that only a server sends.
fn certain_name(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..text.len().min(at + 24)).unwrap_or_default();
    rest.windows(11)
        .any(|own| own.eq_ignore_ascii_case(b"set-cookie:"))
}

/// `Subject: x`: a mail, a dump of a request, or `key: value` lines.
fn looks_like_header(line: &[u8]) -> bool {
    let len = line
        .iter()
        .take_while(|own| own.is_ascii_alphanumeric() || **own == b'-')
        .count();
    len > 0 && line.get(len) == Some(&b':') && line.get(len + 1) == Some(&b' ')
}
