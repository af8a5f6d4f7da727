//! Uploads that would run on the server, or on what opens them: by their names and by their contents.
//!
//! Nobody knows here what an application does with a file. What is looked for is a file that is two
//! things at once — a picture that holds PHP — or that no reader of pictures and documents sends.

mod content;
mod image;

use crate::context::Place;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Upload,
    bytes: b"",
    words: &[
        ".ph",
        ".pht",
        ".jsp",
        ".jsw",
        ".jsv",
        ".asp",
        ".ashx",
        ".asmx",
        ".ascx",
        ".asa",
        ".cer",
        ".cdx",
        ".cshtml",
        ".cfm",
        ".cfc",
        ".shtm",
        ".stm",
        ".war",
        ".hta",
        ".user.ini",
        "web.config",
        "::$",
        ".cgi",
        ".pl",
        ".exe",
        ".bat",
        ".cmd",
        ".vbs",
        ".ps1",
        ".sh",
        ".py",
        ".jar",
        ".scr",
        ".lnk",
        ".pgif",
        ".inc",
        ".swf",
        "\u{202e}",
        "<?php",
        "<?=",
        "<? ",
        "<%",
        "runat",
        "language=",
        "auto_prepend",
        "auto_append",
        "gif8",
        "png\r\n",
        "jfif",
        "exif",
        "\u{7f}elf",
        "cannot be run",
        "vbaproject",
        "<svg",
        "#extm3u",
        "(metadata",
        "x-httpd",
        "addhandler",
        "sethandler",
        "graphic-context",
        "%pipe%",
        "pk\u{3}\u{4}",
        "ustar",
        "/openaction",
        "/launch",
        "/javascript",
        "adobe",
    ],
    glance: None,
    detect,
};

fn detect(input: &Input<'_>) -> Option<Evidence> {
    match input.context.place {
        Place::FileName => name(input.text),
        Place::File => content::look(input),
        Place::Body => content::posted(input),
        Place::Path
        | Place::Query
        | Place::Name
        | Place::Header
        | Place::Cookie
        | Place::Form
        | Place::Json
        | Place::Xml => None,
    }
}

fn found(start: usize, end: usize, reading: &'static str, confidence: Confidence) -> Evidence {
    Evidence {
        span: start..end,
        reading,
        confidence,
    }
}

/// Ends of names that a web server runs.
const RUN: &[&str] = &[
    "php", "php2", "php3", "php4", "php5", "php6", "php7", "php8", "phps", "phtml", "phtm", "pht",
    "phar", "pgif", "phpt", "jsp", "jspx", "jspf", "jspa", "jsw", "jsv", "asp", "aspx", "ashx",
    "asmx", "ascx", "asa", "asax", "cer", "cdx", "cshtml", "vbhtml", "cfm", "cfml", "cfc", "shtml",
    "shtm", "stm", "hta", "war",
];

/// Ends of names that a system runs.
const PROGRAM: &[&str] = &[
    "exe", "bat", "cmd", "com", "scr", "vbs", "vbe", "ps1", "sh", "cgi", "pl", "py", "jar", "lnk",
    "msi", "dll", "swf", "inc", "jse", "wsf",
];

/// Names by which servers are configured.
const CONFIGURATION: &[&[u8]] = &[
    b".htaccess",
    b".htpasswd",
    b".user.ini",
    b"web.config",
    b"php.ini",
    b"httpd.conf",
];

fn name(text: &[u8]) -> Option<Evidence> {
    let text = text.get(..text.len().min(1024))?;
    let last = text
        .iter()
        .rposition(|own| matches!(own, b'/' | b'\\'))
        .map_or(0, |at| at + 1);
    let own = text.get(last..)?;
    let bare = own.trim_ascii_end();
    if CONFIGURATION
        .iter()
        .any(|known| bare.eq_ignore_ascii_case(known))
    {
        return Some(found(
            last,
            text.len(),
            "the name of a server's configuration",
            Confidence::Certain,
        ));
    }
    if let Some(own) = end_of_name(text).filter(|own| own.confidence == Confidence::Certain) {
        return Some(own);
    }
    let stream = crate::phrases::find(text, b"::$")
        .map(|at| found(at, at + 3, "a stream of a file", Confidence::Certain));
    let reversed = crate::phrases::find(text, "\u{202e}".as_bytes()).map(|at| {
        found(
            at,
            at + 3,
            "a name that is shown backwards",
            Confidence::Likely,
        )
    });
    stream.or(reversed).or_else(|| end_of_name(text))
}

/// Ends that make a program a text or a copy that is kept: `config.php.bak.txt`.
fn is_kept(rest: &[u8]) -> bool {
    const KEPT: [&[u8]; 12] = [
        b".txt",
        b".bak",
        b".orig",
        b".old",
        b".sample",
        b".dist",
        b".example",
        b".diff",
        b".patch",
        b".md",
        b".zip",
        b".gz",
    ];
    let from = memchr::memrchr(b'.', rest).unwrap_or(rest.len());
    let last = rest.get(from..).unwrap_or_default();
    KEPT.iter().any(|own| own.eq_ignore_ascii_case(last))
}

/// What the ends of a name say: of `x.php.jpg` both.
fn end_of_name(text: &[u8]) -> Option<Evidence> {
    let mut best = None;
    for (at, _) in text.iter().enumerate().filter(|(_, own)| **own == b'.') {
        let rest = text.get(at + 1..)?;
        let len = rest
            .iter()
            .take(8)
            .take_while(|own| own.is_ascii_alphanumeric())
            .count();
        let end = rest.get(..len)?;
        let is = |ends: &[&str]| {
            ends.iter()
                .any(|own| end.eq_ignore_ascii_case(own.as_bytes()))
        };
        let ends = rest
            .get(len)
            .is_none_or(|own| !matches!(own, b'-' | b'_' | b'@') && !own.is_ascii_alphanumeric());
        if ends && is(RUN) {
            let kept = rest.get(len..).is_some_and(is_kept);
            let degree = if kept {
                Confidence::Likely
            } else {
                Confidence::Certain
            };
            return Some(found(
                at,
                at + 1 + len,
                "the end of a name that a web server runs",
                degree,
            ));
        }
        if ends && is(PROGRAM) {
            best = Some(found(
                at,
                at + 1 + len,
                "the end of a name of a program",
                Confidence::Possible,
            ));
        }
    }
    best
}
