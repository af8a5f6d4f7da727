//! Serialised objects: streams and texts from which a server would build objects of the caller's choice.
//!
//! Formats are told by their structure (the header of a Java or .NET stream, the lengths of a PHP object,
//! the operations of a pickle), texts that name classes by the classes known to run something.

mod gadgets;
mod pickle;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input, evidence};
use crate::phrases::{self, Phrases, searchers};
use crate::seek;

/// Serialised objects of Java, PHP, Python, .NET, Ruby, Node and YAML.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Deserialize,
    bytes: b"",
    words: &[
        "ro0ab",
        "aced0005",
        "o:1",
        "o:2",
        "o:3",
        "o:4",
        "o:5",
        "o:6",
        "o:7",
        "o:8",
        "o:9",
        "c:1",
        "c:2",
        "c:3",
        "c:4",
        "c:5",
        "c:6",
        "c:7",
        "c:8",
        "c:9",
        "o:+",
        "\0\u{5}",
        "\u{4}\u{8}",
        "\0\0\0\0\0\0",
        "\0\u{1}\0\0\0",
        "\u{2}os",
        "\u{5}posix",
        "os\n",
        "posix\n",
        "builtin",
        "subprocess",
        "sys\n",
        "pty\n",
        "nt\n",
        "commands\n",
        "timeit\n",
        "runpy\n",
        "importlib\n",
        "platform\n",
        "socket\n",
        "shutil\n",
        "code\n",
        "asyncio\n",
        "aaeaaad/////",
        "/wey",
        "nd_func",
        "js_function",
        "!!python",
        "!!ruby",
        "!!js",
        "!!java",
        "!!com",
        "!!org",
        "!ruby/",
        "!python/",
        "!<tag:",
        "com.",
        "java.",
        "javax.",
        "org.",
        "system.",
        "microsoft.",
        "oracle.",
        "jdk.",
        "bsh.",
        "groovy.",
        "gem::",
        "activesupport::",
        "activemodel::",
        "sun.",
        "net.sf",
        "jodd.",
        "py/reduce",
        "py/function",
        "py/type",
        "serialization=",
        "objectdataprovider",
    ],
    glance: None,
    detect,
};

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let named = || phrases::find(text, b"py/reduce");
    if input.context.place == Place::Name
        && let Some(at) = named()
    {
        return evidence(at, at + 9, TAG, Confidence::Certain);
    }
    let found = streams(text)
        .or_else(|| php(text))
        .or_else(|| pickle::read(text))
        .or_else(|| tags(text))
        .or_else(|| spellings(input));
    let quoting = input.context.field == Field::Telemetry;
    if let Some(found) = found {
        let quoted = quoting && found.reading == TAG;
        return Some(Evidence {
            confidence: if quoted {
                found.confidence.less()
            } else {
                found.confidence
            },
            ..found
        });
    }
    gadgets::read(input)
}

const TAG: &str = "a tag that builds an object";

/// What streams begin with, wherever one stands in a text.
static JAVA: Phrases = Phrases::new(|| searchers(&[b"\xac\xed\0\x05"]));
static DOT_NET: Phrases = Phrases::new(|| searchers(&[b"\0\x01\0\0\0\xff\xff\xff\xff\x01\0\0\0"]));
/// The same in base64 and in hexadecimal.
static JAVA_SPELLED: Phrases = Phrases::new(|| searchers(&[b"rO0AB", b"aced0005"]));
static DOT_NET_SPELLED: Phrases = Phrases::new(|| searchers(&[b"AAEAAAD/////"]));
/// Functions in what Node reads.
static NODE: Phrases = Phrases::new(|| searchers(&[b"$$ND_FUNC$$", b"__js_function"]));

/// Binary streams and their usual spellings.
fn streams(text: &[u8]) -> Option<Evidence> {
    let java = text.starts_with(b"\xac\xed\0\x05") || spelled(text, &JAVA_SPELLED);
    if java {
        return evidence(
            0,
            text.len().min(8),
            "a stream of Java objects",
            Confidence::Certain,
        );
    }
    if let Some(own) = JAVA.find(text) {
        return evidence(
            own.start,
            own.end,
            "a stream of Java objects",
            Confidence::Likely,
        );
    }
    if let Some(own) = DOT_NET.find(text) {
        return evidence(
            own.start,
            own.end,
            "a stream of .NET objects",
            Confidence::Certain,
        );
    }
    if spelled(text, &DOT_NET_SPELLED) || view_state(text) {
        return evidence(0, 12, "a stream of .NET objects", Confidence::Certain);
    }
    if let Some(at) = NODE.find(text).map(|own| own.start) {
        return evidence(
            at,
            at + 11,
            "a function in a serialised object",
            Confidence::Certain,
        );
    }
    ruby(text)
}

/// A state of ASP.NET, in base64, whose root is a stream of .NET objects: no page has written it.
fn view_state(text: &[u8]) -> bool {
    let head = text.get(..48).unwrap_or_default();
    let header = [&b"D/////AQ"[..], b"AAAA/////wE", b"AQAAAP////8B"];
    head.starts_with(b"/wEy") && header.iter().any(|own| phrases::find(head, own).is_some())
}

/// Whether a text, or a word of its beginning, begins with an encoded header.
fn spelled(text: &[u8], headers: &Phrases) -> bool {
    let head = text.get(..256).unwrap_or(text);
    headers.each(head).any(|own| {
        let before = own.start.checked_sub(1).and_then(|at| text.get(at));
        let follows = text.get(own.end..).unwrap_or_default();
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'/' && *byte != b'+')
            && follows.len() >= 4
    })
}

/// Ruby: version 4.8 and a type.
fn ruby(text: &[u8]) -> Option<Evidence> {
    let rest = text.strip_prefix(b"\x04\x08")?;
    let gadget = [
        &b"Gem::"[..],
        b"ActiveSupport::",
        b"ActiveModel::",
        b"ERB",
        b"Net::",
        b"Kernel",
        b"Process",
        b"Rack::",
    ]
    .iter()
    .any(|own| phrases::find(rest, own).is_some());
    let confidence = match rest {
        _ if gadget => Confidence::Certain,
        [
            b'o' | b'c' | b'm' | b'U' | b'u' | b'e' | b'C' | b'S',
            b':' | b';' | 1..=127,
            ..,
        ] if rest.len() > 8 => Confidence::Likely,
        [b'{' | b'[' | b'I' | b'"', ..] => Confidence::Possible,
        _ => return None,
    };
    evidence(
        0,
        text.len().min(16),
        "a stream of Ruby objects",
        confidence,
    )
}

/// PHP: `O:8:"stdClass":1:{…}`, the name as long as it says.
fn php(text: &[u8]) -> Option<Evidence> {
    let mut from = 0;
    let mut best = None;
    while let Some(found) = text.get(from..).and_then(|rest| seek::memchr(b'"', rest)) {
        let quote = from + found;
        from = quote + 1;
        let before = text.get(..quote)?;
        let before = before.strip_suffix(b"\\").unwrap_or(before);
        let Some(at) = before.strip_suffix(b":").map(<[u8]>::len) else {
            continue;
        };
        let Some((begin, confidence)) = object(text, at) else {
            continue;
        };
        if confidence == Confidence::Certain {
            return evidence(
                begin,
                text.len().min(at + 40),
                "a serialised PHP object",
                confidence,
            );
        }
        best = best.or(evidence(begin, from, "a serialised PHP object", confidence));
    }
    best
}

/// Reads an object around the `:"` at `at`: where it begins.
fn object(text: &[u8], at: usize) -> Option<(usize, Confidence)> {
    let head = text.get(at.saturating_sub(8)..at)?;
    let digits = head
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let begin = at.checked_sub(digits)?;
    let signed = text.get(begin.checked_sub(1)?) == Some(&b'+');
    let kind_at = begin.checked_sub(2 + usize::from(signed))?;
    let kind = text.get(kind_at..kind_at + 2)?;
    let before = kind_at.checked_sub(1).and_then(|at| text.get(at));
    let apart = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if digits == 0 || !matches!(kind, b"O:" | b"C:" | b"o:") || !apart {
        return None;
    }
    let mut length: usize = 0;
    for digit in text.get(begin..at)? {
        length = length * 10 + usize::from(digit - b'0');
    }
    let rest = text.get(at + 1..)?;
    let rest = rest
        .strip_prefix(b"\\")
        .unwrap_or(rest)
        .strip_prefix(b"\"")?;
    let letter =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'\\' | 0x80..);
    let class = rest.iter().take_while(letter).count();
    let class =
        if rest.get(class) == Some(&b'"') && class > 0 && rest.get(class - 1) == Some(&b'\\') {
            class - 1
        } else {
            class
        };
    let after = rest.get(class..)?;
    let after = after
        .strip_prefix(b"\\")
        .unwrap_or(after)
        .strip_prefix(b"\":")?;
    let counted = after
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let opened = after.get(counted..)?.starts_with(b":{");
    if counted == 0 || !opened {
        return None;
    }
    Some((
        kind_at,
        if length == class {
            Confidence::Certain
        } else {
            Confidence::Likely
        },
    ))
}

/// Spellings of libraries that keep classes and functions in JSON and XML.
fn spellings(input: &Input<'_>) -> Option<Evidence> {
    static SPELLINGS: Phrases = Phrases::new(|| {
        searchers(&[
            b"\"py/reduce\"",
            b"\"py/function\"",
            b"\"py/type\":\"os.",
            b" serialization='custom'",
            b" serialization=\"custom\"",
            b"<ObjectDataProvider",
            b":ObjectDataProvider",
        ])
    });
    let text = input.text;
    let name = matches!(text, b"py/reduce" | b"py/function") || text.ends_with(b".py/reduce");
    if name && input.context.place == Place::Name {
        return evidence(0, text.len(), TAG, Confidence::Certain);
    }
    let own = SPELLINGS.find(text)?;
    evidence(own.start, own.end, TAG, Confidence::Certain)
}

/// YAML tags that name a class or a function.
fn tags(text: &[u8]) -> Option<Evidence> {
    const TAGS: [&[u8]; 12] = [
        b"python/object",
        b"python/name:",
        b"python/module:",
        b"ruby/object:",
        b"ruby/hash:",
        b"ruby/struct:",
        b"ruby/sym:",
        b"js/function",
        b"javax.script.",
        b"java.net.URL",
        b"com.sun.rowset.",
        b"ruby/regexp",
    ];
    let mut from = 0;
    while let Some(found) = seek::memchr(b'!', text.get(from..)?) {
        let at = from + found;
        from = at + 1;
        let rest = text.get(from..)?;
        let rest = rest
            .strip_prefix(b"!")
            .or_else(|| rest.strip_prefix(b"<tag:yaml.org,2002:"))
            .unwrap_or(rest);
        if let Some(own) = TAGS.iter().find(|own| rest.starts_with(own)) {
            let follows = rest.get(own.len()).copied().unwrap_or(b' ');
            if follows > b' ' && follows != b'`' {
                return evidence(at, at + own.len(), TAG, Confidence::Certain);
            }
        }
    }
    None
}
