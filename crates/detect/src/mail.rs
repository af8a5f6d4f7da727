//! Headers of a mail and commands to its server, where a form is to fill in one line.

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::prefix::starts;
use crate::seek;
use crate::set::{self, Table};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Mail,
    bytes: b"\r\n",
    words: &[
        "%0abcc",
        "%0acc",
        "%0ato",
        "%0asubject",
        "%0d%0a",
        "\\nbcc",
        "\\ncc",
        "\\r\\n",
        "%0afrom",
        "%0amime",
        "%0acontent",
    ],
    glance: None,
    detect,
};

const ENDS: [&[u8]; 7] = [b"\r\n", b"\n", b"\r", b"%0d%0a", b"%0a", b"\\r\\n", b"\\n"];

/// Commands that only a client of a mail server says.
const COMMANDS: [&[u8]; 10] = [
    b"mail from:",
    b"rcpt to:",
    b"ehlo ",
    b"helo ",
    b"auth login",
    b"auth plain",
    b"rset",
    b"vrfy ",
    b"expn ",
    b"starttls",
];

/// Commands of IMAP, behind a tag.
const TAGGED: [&[u8]; 12] = [
    b"capability",
    b"login ",
    b"select ",
    b"fetch ",
    b"logout",
    b"create ",
    b"delete ",
    b"list ",
    b"noop",
    b"append ",
    b"examine ",
    b"authenticate ",
];

/// Bytes that line ends begin with.
static BEGINS: Table = set::table(set::of(b"\r\n%\\"));

/// So many lines are read.
const MOST_LINES: usize = 256;

fn end_of_line(text: &[u8], at: usize) -> Option<usize> {
    ENDS.iter()
        .find(|own| starts(text, at, own))
        .map(|own| own.len())
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    if is_head(text) {
        return None;
    }
    let mut best: Option<Evidence> = None;
    let mut lines = 0;
    let mut at = 0;
    while let Some(skipped) = text.get(at..).and_then(|rest| BEGINS.find(rest))
        && lines < MOST_LINES
    {
        at += skipped;
        let Some(len) = end_of_line(text, at) else {
            at += 1;
            continue;
        };
        let from = at + len;
        let own = forged(input, from, at, lines);
        if let Some((reading, degree)) = own.or_else(|| line(text, from, lines == 0, at)) {
            let confidence = judge(input, degree, lines, at);
            if best
                .as_ref()
                .is_none_or(|best| best.confidence < confidence)
            {
                best = Some(Evidence {
                    span: at..text.len().min(from + 4),
                    reading,
                    confidence,
                });
            }
        }
        lines += 1;
        at = from;
    }
    best
}

/// Whether the text is the head of a mail from its first byte on: services hand it over as they got it.
fn is_head(text: &[u8]) -> bool {
    const FIRST: [&[u8]; 8] = [
        b"received",
        b"return-path",
        b"delivered-to",
        b"dkim-signature",
        b"mime-version",
        b"message-id",
        b"date",
        b"from",
    ];
    let head = text.get(..text.len().min(24)).unwrap_or_default();
    let Some(colon) = seek::memchr(b':', head) else {
        return false;
    };
    let name = head.get(..colon).unwrap_or_default();
    head.get(colon + 1) == Some(&b' ') && FIRST.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// What a line begins with.
fn line(text: &[u8], at: usize, first: bool, end: usize) -> Option<(&'static str, Confidence)> {
    let header = |name: &[u8]| starts(text, at, name);
    let address = || {
        text.get(at..text.len().min(at + 128)).is_some_and(|own| {
            own.split(|own| *own == b'\n')
                .next()
                .is_some_and(|own| own.contains(&b'@'))
        })
    };
    let reading = "a line end and a header of a mail behind it";
    if header(b"bcc:") || header(b"cc:") {
        return Some((
            reading,
            if address() {
                Confidence::Certain
            } else {
                Confidence::Likely
            },
        ));
    }
    if header(b"to:") || header(b"from:") || header(b"reply-to:") || header(b"return-path:") {
        let own = first && is_address(text.get(..end).unwrap_or_default());
        return Some((
            reading,
            if address() && own {
                Confidence::Certain
            } else {
                Confidence::Possible
            },
        ));
    }
    if header(b"subject:")
        || header(b"mime-version:")
        || header(b"content-type: multipart")
        || header(b"content-type:multipart")
    {
        let own = first && is_address(text.get(..end).unwrap_or_default());
        return Some((
            reading,
            if own {
                Confidence::Certain
            } else {
                Confidence::Possible
            },
        ));
    }
    command(text, at, address())
}

/// Headers that only the one who writes the whole mail may set.
const HEADERS: [&[u8]; 13] = [
    b"content-type:",
    b"content-transfer-encoding:",
    b"mime-version:",
    b"subject:",
    b"to:",
    b"from:",
    b"sender:",
    b"reply-to:",
    b"return-path:",
    b"x-mailer:",
    b"x-priority:",
    b"disposition-notification-to:",
    b"message-id:",
];

/// A header behind the first line of a field that has one line: a name, an address, a subject.
fn forged(
    input: &Input<'_>,
    at: usize,
    end: usize,
    lines: usize,
) -> Option<(&'static str, Confidence)> {
    const LONGEST: usize = 128;
    let text = input.text;
    let value = text.get(..end).unwrap_or_default();
    let one = is_named(input.context.name) || is_address(value) && !is_written(input);
    let given = one && lines == 0 && value.len() < LONGEST && !value.contains(&b':');
    (given && HEADERS.iter().any(|own| starts(text, at, own))).then_some((
        "a line end and a header of a mail behind it",
        Confidence::Certain,
    ))
}

/// Whether people write texts of several lines there.
fn is_written(input: &Input<'_>) -> bool {
    input.context.field == Field::Text && !is_line(input.context.name)
}

/// Fields that hold one line, by the last part of their names: `json.contact.firstName`.
fn is_named(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 12] = [
        b"name",
        b"firstname",
        b"lastname",
        b"fullname",
        b"email",
        b"mail",
        b"from",
        b"replyto",
        b"reply_to",
        b"subject",
        b"title",
        b"phone",
    ];
    let last = last_part(name);
    NAMES.iter().any(|own| last.eq_ignore_ascii_case(own))
}

fn last_part(name: &[u8]) -> &[u8] {
    let last = name.rsplit(|own| matches!(own, b'.' | b'[')).next();
    let last = last.unwrap_or(name);
    last.strip_suffix(b"]").unwrap_or(last)
}

/// `MAIL FROM:<a@b>`, `V100 CAPABILITY`.
fn command(text: &[u8], at: usize, address: bool) -> Option<(&'static str, Confidence)> {
    let header = |name: &[u8]| starts(text, at, name);
    let reading = "a command to a mail server";
    let told = header(b"data\r\n") || header(b"data\n");
    if told && is_address(text.get(..end_of_first(text)).unwrap_or_default()) {
        return Some((reading, Confidence::Certain));
    }
    if COMMANDS.iter().any(|own| header(own)) {
        let argument = header(b"mail from:") || header(b"rcpt to:");
        return Some((
            reading,
            if argument && address {
                Confidence::Certain
            } else {
                Confidence::Possible
            },
        ));
    }
    let tag = text.get(at..text.len().min(at + 8))?;
    let len = tag
        .iter()
        .take_while(|own| own.is_ascii_alphanumeric())
        .count();
    let tagged = (2..7).contains(&len)
        && tag.iter().take(len).any(u8::is_ascii_digit)
        && tag.get(len) == Some(&b' ');
    let command = TAGGED.iter().any(|own| starts(text, at + len + 1, own));
    (tagged && command).then_some((reading, Confidence::Certain))
}

/// Where the first line ends.
fn end_of_first(text: &[u8]) -> usize {
    seek::memchr2(b'\r', b'\n', text).unwrap_or(text.len())
}

/// Whether the field held an address before the line end.
fn is_address(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.contains(&b'@') && !text.contains(&b' ') && text.len() < 128
}

fn judge(input: &Input<'_>, degree: Confidence, lines: usize, at: usize) -> Confidence {
    let spaces = input
        .text
        .iter()
        .take(at)
        .filter(|own| **own == b' ')
        .count();
    let document = lines > 4 || spaces > 12;
    let degree = if document {
        degree.min(Confidence::Likely).less()
    } else {
        degree
    };
    match input.context.field {
        Field::Code | Field::Telemetry => degree.min(Confidence::Possible),
        // The body of a mail may hold another one.
        Field::Text if !is_line(input.context.name) => degree.min(Confidence::Likely),
        _ if input.context.place == Place::File || input.context.place == Place::Body => {
            degree.min(Confidence::Possible)
        }
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => degree,
    }
}

/// Text fields of one line.
fn is_line(name: &[u8]) -> bool {
    let last = last_part(name);
    [b"subject".as_slice(), b"title"]
        .iter()
        .any(|own| last.eq_ignore_ascii_case(own))
}
