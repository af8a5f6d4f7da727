//! What an uploaded file holds.

use memchr::memmem;

use super::found;
use super::image::{self, Kind};
use crate::decode;
use crate::detector::{Confidence, Evidence, Input};
use crate::seek;

/// Bytes of a text that are searched for words in any case.
const HEAD: usize = 64 * 1024;

pub(super) fn look(input: &Input<'_>) -> Option<Evidence> {
    let bytes = input.text;
    let kind = Kind::of(bytes);
    let code = server_code(bytes, kind);
    if code
        .as_ref()
        .is_some_and(|own| own.confidence == Confidence::Certain)
    {
        return code;
    }
    let own = match kind {
        Some(kind) if kind.is_image() => polyglot(bytes).or_else(|| flood(kind, bytes)),
        Some(Kind::Zip) => archive(bytes),
        Some(Kind::Program) => Some(found(0, 4, "a program", Confidence::Likely)),
        Some(Kind::Pdf) => document(bytes),
        Some(Kind::Ole) => find(bytes, b"_VBA_PROJECT")
            .map(|at| found(at, at + 12, "a document with macros", Confidence::Possible)),
        Some(_) | None => tape(bytes).or_else(|| text(bytes)),
    };
    own.into_iter()
        .chain(code)
        .max_by_key(|found| found.confidence)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    memmem::find(bytes, word)
}

/// Where a word stands, in any case; it begins with a byte that has none.
fn find_in_any_case(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let head = bytes.get(..bytes.len().min(HEAD))?;
    let first = *word.first()?;
    seek::memchr_iter(first, head).find(|at| {
        head.get(*at..at + word.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(word))
    })
}

/// What code that gives a stranger the server does.
const DEEDS: &[&[u8]] = &[
    b"eval(",
    b"eval (",
    b"system(",
    b"exec(",
    b"passthru",
    b"popen",
    b"proc_open",
    b"assert(",
    b"base64_decode",
    b"$_GET",
    b"$_POST",
    b"$_REQUEST",
    b"$_COOKIE",
    b"$_FILES",
    b"$_SERVER",
    b"phpinfo",
    b"file_put_contents",
    b"file_get_contents",
    b"move_uploaded_file",
    b"gzinflate",
    b"str_rot13",
    b"create_function",
    b"preg_replace",
    b"php://",
    b"shell_exec",
    b"call_user_func",
];

const JAVA: &[&[u8]] = &[
    b"getRuntime",
    b"ProcessBuilder",
    b"request.getParameter",
    b"java.lang",
    b"java.io",
    b"<%@ page",
    b"<%@page",
    b"<jsp:",
    b"ClassLoader",
    b"pageContext",
    b"ScriptEngine",
];

const DOTNET: &[&[u8]] = &[
    b"Request",
    b"request",
    b"Execute",
    b"execute",
    b"CreateObject",
    b"Server.",
    b"Page Language",
    b"page language",
    b"Process.Start",
    b"System.Diagnostics",
    b"WebHandler",
    b"eval(",
    b"Response.Write",
    b"response.write",
];

/// Code that a web server runs where it stands.
fn server_code(bytes: &[u8], kind: Option<Kind>) -> Option<Evidence> {
    let holds = |from: usize, words: &[&[u8]]| {
        let rest = bytes
            .get(from..bytes.len().min(from + HEAD))
            .unwrap_or_default();
        words.iter().any(|word| find(rest, word).is_some())
    };
    if let Some(at) = find_in_any_case(bytes, b"<?php").or_else(|| find(bytes, b"<?php")) {
        let degree = if kind.is_some() || holds(at, DEEDS) {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        return Some(found(at, at + 5, "PHP in a file", degree));
    }
    if let Some(at) = find(bytes, b"<?=")
        && holds(at, DEEDS)
        && is_text(bytes, at)
    {
        return Some(found(at, at + 3, "PHP in a file", Confidence::Certain));
    }
    if let Some(at) = find(bytes, b"<? ")
        && holds(at, DEEDS)
        && is_text(bytes, at)
        && find(bytes, b"?>").is_some()
    {
        return Some(found(at, at + 3, "PHP in a file", Confidence::Likely));
    }
    if let Some(at) = find(bytes, b"<%").or_else(|| find(bytes, b"<jsp:"))
        && is_text(bytes, at)
        && (holds(at, JAVA) || holds(at, DOTNET))
    {
        return Some(found(
            at,
            at + 2,
            "JSP or ASP in a file",
            Confidence::Certain,
        ));
    }
    let server = find_in_any_case(bytes, b"<script")?;
    let tag = bytes.get(server..bytes.len().min(server + 64))?;
    let runs = tag.split(|own| *own == b'>').next().is_some_and(|tag| {
        find(tag, b"runat").is_some()
            || find(tag, b"language=\"php\"").is_some()
            || find(tag, b"language=php").is_some()
    });
    runs.then(|| {
        found(
            server,
            server + 7,
            "a script for the server in a file",
            Confidence::Certain,
        )
    })
}

/// Whether what follows is text: in the bytes of a picture a short mark stands by chance.
fn is_text(bytes: &[u8], at: usize) -> bool {
    let own = bytes.get(at..bytes.len().min(at + 16)).unwrap_or_default();
    own.len() > 6
        && own
            .iter()
            .all(|own| own.is_ascii_graphic() || own.is_ascii_whitespace())
}

/// A picture that is a thousand times what it was sent in.
fn flood(kind: Kind, bytes: &[u8]) -> Option<Evidence> {
    /// The pixels of the largest cameras.
    const LARGEST: u64 = 400_000_000;
    let pixels = image::pixels(kind, bytes)?;
    let each = pixels / u64::try_from(bytes.len()).unwrap_or(u64::MAX).max(1);
    let degree = match () {
        () if pixels > LARGEST && each > 2_000 => Confidence::Certain,
        () if pixels > LARGEST / 4 && each > 2_000 => Confidence::Likely,
        () => return None,
    };
    Some(found(
        0,
        bytes.len().min(32),
        "a picture far larger than its bytes",
        degree,
    ))
}

/// `GIF89a/*…*/=alert(1)`: a picture that is a script.
fn polyglot(bytes: &[u8]) -> Option<Evidence> {
    let head = bytes.get(6..bytes.len().min(70))?;
    let printed = head.len() > 4
        && head
            .iter()
            .all(|own| own.is_ascii_graphic() || own.is_ascii_whitespace());
    let script = find_in_any_case(bytes, b"<script").or_else(|| find_in_any_case(bytes, b"<svg"));
    if printed && (script.is_some() || head.contains(&b'=') || head.contains(&b'<')) {
        return Some(found(
            0,
            bytes.len().min(70),
            "a picture that is a script",
            Confidence::Certain,
        ));
    }
    script
        .filter(|at| is_text(bytes, *at))
        .map(|at| found(at, at + 7, "a script in a picture", Confidence::Likely))
}

fn archive(bytes: &[u8]) -> Option<Evidence> {
    decode::parts(bytes).find_map(|part| {
        let name = bytes.get(part.name.clone())?;
        let (reading, degree) = match () {
            () if leaves(name) => (LEAVES, Confidence::Certain),
            () if name.ends_with(b"vbaProject.bin") => {
                ("a document with macros", Confidence::Possible)
            }
            () => return None,
        };
        Some(found(part.name.start, part.name.end, reading, degree))
    })
}

const LEAVES: &str = "an archive that leaves its directory";

/// Whether the name of an archive's part leads out of the directory it is unpacked to.
fn leaves(name: &[u8]) -> bool {
    let climbs = name
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|own| own == b"..");
    climbs || name.starts_with(b"/etc/")
}

/// Blocks of a tape archive (POSIX ustar) whose names, or the links among them, lead out of the directory.
fn tape(bytes: &[u8]) -> Option<Evidence> {
    const BLOCK: usize = 512;
    let text = |from: usize, len: usize| {
        let own = bytes.get(from..from + len).unwrap_or_default();
        own.split(|byte| *byte == 0).next().unwrap_or_default()
    };
    let mut at = 0;
    for _ in 0..256 {
        let head = bytes.get(at..)?.get(..BLOCK)?;
        if head.get(257..262) != Some(b"ustar") {
            return None;
        }
        let (name, target) = (text(at, 100), text(at + 157, 100));
        // A link inside of the archive may go up within it; one to files of the system may not.
        let linked = matches!(head.get(156), Some(b'1' | b'2'));
        let system = [&b"/etc/"[..], b"/proc/", b"/root/", b"/var/", b"/home/"]
            .iter()
            .any(|own| target.starts_with(own));
        let out = target.starts_with(b"../../..");
        if leaves(name) || linked && (system || out) {
            return Some(found(at, at + name.len(), LEAVES, Confidence::Certain));
        }
        let size = text(at + 124, 12).iter();
        let size = size
            .filter(|own| (b'0'..=b'7').contains(own))
            .fold(0_usize, |sum, own| {
                sum.saturating_mul(8)
                    .saturating_add(usize::from(own - b'0'))
            });
        at = at
            .saturating_add(BLOCK)
            .saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
    }
    None
}

fn document(bytes: &[u8]) -> Option<Evidence> {
    let launch = find(bytes, b"/Launch")
        .filter(|_| find(bytes, b"/OpenAction").is_some() || find(bytes, b"/AA").is_some());
    if let Some(at) = launch {
        return Some(found(
            at,
            at + 7,
            "a document that starts a program",
            Confidence::Likely,
        ));
    }
    find(bytes, b"/JavaScript")
        .map(|at| found(at, at + 11, "a document with a script", Confidence::Hint))
}

/// A file without a kind: markup that runs, configuration, pictures in PostScript and MVG.
fn text(bytes: &[u8]) -> Option<Evidence> {
    let head = bytes.get(..bytes.len().min(HEAD))?;
    let handler = [
        b"AddType application/x-httpd".as_slice(),
        b"AddHandler ",
        b"SetHandler ",
        b"auto_prepend_file",
        b"auto_append_file",
    ];
    if let Some(at) = handler.iter().find_map(|own| find(head, own))
        && find(head, b"php").is_some()
    {
        return Some(found(
            at,
            at + 10,
            "configuration that makes the server run uploads",
            Confidence::Certain,
        ));
    }
    if let Some(found) = picture(head) {
        return Some(found);
    }
    crate::ssrf::playlist(head)
        .or_else(|| annotated(head))
        .or_else(|| drawing(head))
}

/// A body that is a picture of a kind that runs commands, sent by itself.
pub(super) fn posted(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text.trim_ascii_start();
    let head = text.get(..text.len().min(HEAD))?;
    let drawn = head.starts_with(b"push graphic-context") || head.starts_with(b"%!PS");
    let found = drawn.then(|| picture(head)).flatten()?;
    let skipped = input.text.len() - text.len();
    let span = found.span.start + skipped..found.span.end + skipped;
    Some(Evidence { span, ..found })
}

/// A picture in MVG or PostScript, whose readers run what it names.
fn picture(head: &[u8]) -> Option<Evidence> {
    let reading = "a picture that runs a command";
    if let Some(at) = find(head, b"push graphic-context")
        && (find(head, b"url(").is_some() || find(head, b"|").is_some())
    {
        return Some(found(at, at + 20, reading, Confidence::Certain));
    }
    let pipe = find(head, b"%pipe%").filter(|_| head.starts_with(b"%!PS"));
    pipe.map(|at| found(at, at + 6, reading, Confidence::Certain))
}

/// DjVu whose remarks leave the string they stand in for the Perl that reads them.
fn annotated(head: &[u8]) -> Option<Evidence> {
    const RUNS: [&[u8]; 5] = [b"qx{", b"qx(", b"qx/", b"system(", b"exec("];
    let at = find(head, b"(metadata").filter(|_| head.starts_with(b"AT&TFORM"))?;
    let remarks = head.get(at..)?;
    RUNS.iter()
        .any(|own| find(remarks, own).is_some())
        .then(|| {
            found(
                at,
                at + 9,
                "a picture that runs a command",
                Confidence::Certain,
            )
        })
}

/// SVG that runs a script.
fn drawing(head: &[u8]) -> Option<Evidence> {
    let trimmed = head.trim_ascii_start();
    let begins = trimmed.starts_with(b"<svg")
        || trimmed.starts_with(b"<?xml")
        || trimmed.starts_with(b"<!DOCTYPE svg")
        || trimmed.starts_with(b"<!--");
    find_in_any_case(head, b"<svg").filter(|_| begins)?;
    let script = find_in_any_case(head, b"<script").or_else(|| find_in_any_case(head, b" onload="));
    let script = script.or_else(|| find(head, b"javascript:"));
    if script.is_none()
        && let Some(found) = crate::ssrf::drawn(head)
    {
        return Some(found);
    }
    // Programs that draw diagrams put HTML into them.
    let markup = || find_in_any_case(head, b"<foreignobject").map(|at| (at, Confidence::Possible));
    let (at, degree) = script.map(|at| (at, Confidence::Certain)).or_else(markup)?;
    Some(found(at, at + 7, "a drawing that runs a script", degree))
}
