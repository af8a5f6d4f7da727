//! Paths that leave their directory, files of the system, and wrappers that open what no path should.
//!
//! [`climb`] counts steps to the parent directory in every spelling decoding leaves, [`files`] knows
//! what is read through a hole. In the path of a request, steps are followed from the root on: more up
//! than down leaves it. In values, how many steps are too many depends on the field: source maps and
//! style sheets hold `../../img/a.png`.

mod climb;
mod files;
mod system;
mod wrapper;

use climb::Run;
use files::Telling;

use crate::context::{Context, Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;
use crate::set;

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Path,
    bytes: b"",
    words: &[
        "../",
        "..\\",
        "..%",
        "..;",
        "..\0",
        "//..",
        "/..",
        "..2f",
        "..5c",
        "..0x",
        "%2e",
        "%252e",
        "%c0%",
        "%uff0e",
        "\u{ff0e}",
        "etc/",
        "etc\\",
        "proc/",
        "/var/",
        "/usr/",
        "win.ini",
        "boot.ini",
        "windows\\",
        "windows/",
        "winnt",
        "web-inf",
        "meta-inf",
        "php://",
        "expect://",
        "phar://",
        "zip://",
        "glob://",
        "file:/",
        "data://",
        "data:text",
        "compress.",
        "netdoc:",
        "jar:",
        "ogg://",
        "rar://",
        "zlib:",
        "php:filter",
        "convert.",
        ".ssh",
        ".git",
        ".env",
        ".aws",
        ".svn",
        ".hg/",
        ".ht",
        ".kube",
        ".docker",
        ".npmrc",
        ".netrc",
        "_history",
        "root/.",
        "/opt/",
        "c:\\",
        "c:/",
        "d:\\",
        "inetpub",
        "xampp",
        "wp-config",
        "/root/",
        "tmp/sess",
        "/home/",
        "%00.",
        "\0.",
        "%00",
        "run/secrets",
        "secrets/k",
        "\\\\",
        "global.asa",
        "logs/",
        "logs\\",
        "web.config",
        "::$",
        "volumes/",
        "system32",
        "autoexec.bat",
        ".bash",
        ".rhosts",
        ".azure",
        ".gnupg",
        ".my.cnf",
        ".pgpass",
    ],
    glance: None,
    detect,
};

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let own = match input.context.place {
        Place::Path => request(input),
        Place::Query
        | Place::Name
        | Place::Header
        | Place::Cookie
        | Place::Form
        | Place::Json
        | Place::Xml
        | Place::FileName
        | Place::File
        | Place::Body => value(input),
    };
    if own
        .as_ref()
        .is_some_and(|own| own.confidence == Confidence::Certain)
    {
        return own;
    }
    let others = [wrapper::find(input), cut(input)];
    others
        .into_iter()
        .flatten()
        .chain(own)
        .max_by_key(|found| found.confidence)
}

fn found(start: usize, end: usize, reading: &'static str, confidence: Confidence) -> Evidence {
    Evidence {
        span: start..end,
        reading,
        confidence,
    }
}

/// Steps up a text holds, one run after the other.
fn runs(text: &[u8]) -> impl Iterator<Item = Run> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(own) = text.get(at) {
            let here = at;
            at += 1;
            let dotted = set::has(climb::BEGINS, *own) && climb::may_begin(text, here, *own);
            let begins = here.checked_sub(1).and_then(|before| text.get(before)) != Some(&b'.');
            if dotted
                && begins
                && let Some(run) = climb::run(text, here)
            {
                at = run.end.max(at);
                return Some(run);
            }
        }
        None
    })
}

/// The path of a request: followed from the root on.
fn request(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<Evidence> = None;
    let mut depth = 0_usize;
    let mut from = 0;
    for run in runs(text) {
        depth += segments(text.get(from..run.start).unwrap_or_default());
        from = run.end;
        let secret =
            files::known(text, run.end).is_some_and(|(telling, _)| telling == Telling::Secret);
        let confidence = match depth.checked_sub(run.steps) {
            None => Confidence::Certain,
            Some(_) if secret || run.odd => Confidence::Certain,
            Some(_) if aliased(text, run) => Confidence::Certain,
            Some(_) => Confidence::Possible,
        };
        depth = depth.saturating_sub(run.steps);
        let reading = "steps up in the path of the request";
        keep(&mut best, found(run.start, run.end, reading, confidence));
    }
    if best.is_none() && text.ends_with(b"/..") && segments(text) < 2 {
        best = Some(found(
            0,
            text.len(),
            "steps up in the path of the request",
            Confidence::Certain,
        ));
    }
    if let Some(found) = again(input) {
        keep(&mut best, found);
    }
    if let Some(at) = memchr::memmem::find(text, b"::$") {
        keep(
            &mut best,
            found(at, at + 3, "a stream of a file", Confidence::Certain),
        );
    }
    for (at, own) in text.iter().enumerate() {
        if matches!(own, b'/' | b'\\' | b'?' | b'=')
            && let Some((Telling::Secret, end)) = files::known(text, at + 1)
        {
            let confidence = match drive(text, at) {
                true => Confidence::Certain,
                false => asked(text, at + 1),
            };
            keep(
                &mut best,
                found(at + 1, end, "a file no link leads to", confidence),
            );
        }
    }
    best
}

/// `/static../settings.py`: nginx puts what follows `/static` behind the directory that stands for it, so that the
/// dots lead out of it. Slugs end in dots as well (`/what-the../`), but not the names of such directories.
fn aliased(text: &[u8], run: Run) -> bool {
    const NAMES: [&[u8]; 40] = [
        b"admin",
        b"api",
        b"app",
        b"apps",
        b"asset",
        b"assets",
        b"backup",
        b"bin",
        b"build",
        b"cdn",
        b"css",
        b"data",
        b"dist",
        b"doc",
        b"docs",
        b"download",
        b"downloads",
        b"file",
        b"files",
        b"fonts",
        b"image",
        b"images",
        b"img",
        b"js",
        b"lib",
        b"libs",
        b"log",
        b"logs",
        b"media",
        b"pages",
        b"pics",
        b"public",
        b"resource",
        b"resources",
        b"share",
        b"static",
        b"storage",
        b"styles",
        b"upload",
        b"uploads",
    ];
    let before = text.get(..run.start).unwrap_or_default();
    let word = before.rsplit(|own| *own == b'/').next().unwrap_or_default();
    let behind = text.get(run.end..).unwrap_or_default();
    let named = NAMES.iter().any(|own| own.eq_ignore_ascii_case(word));
    let plain = !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic);
    let leads = behind.first().is_some_and(|own| !own.is_ascii_whitespace());
    named && leads || plain && (is_source(behind) || is_setup(behind))
}

/// Whether a slash stands behind the letter of a drive: `/C:/`.
fn drive(text: &[u8], slash: usize) -> bool {
    let before = slash.checked_sub(3).and_then(|at| text.get(at..slash));
    matches!(before, Some([b'/' | b'\\', drive, b':']) if drive.is_ascii_alphabetic())
}

/// How sure a known file in the path of a request is: some of their names serve sites, too.
fn asked(text: &[u8], at: usize) -> Confidence {
    const HIDDEN: [&[u8]; 8] = [
        b".",
        b"web-inf",
        b"meta-inf",
        b"etc/passwd",
        b"etc/shadow",
        b"proc/self",
        b"wp-config.php.",
        b"win.ini",
    ];
    let rest = text.get(at..).unwrap_or_default();
    let hidden = HIDDEN.iter().any(|own| {
        rest.get(..own.len())
            .is_some_and(|rest| rest.eq_ignore_ascii_case(own))
    });
    if hidden || at <= 1 && rest.starts_with(b"etc/") {
        Confidence::Certain
    } else {
        Confidence::Possible
    }
}

/// `/files//var/log/messages`: behind two slashes a path begins at the root again, for whoever joins it to a
/// directory.
fn again(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let at = memchr::memmem::find(text, b"//")?;
    // `/proxy/https://a.example/etc/` is an address.
    if at.checked_sub(1).and_then(|at| text.get(at)) == Some(&b':') {
        return None;
    }
    let path = text.get(at + 1..)?;
    let inner = Input {
        text: path,
        context: Context::new(Place::Query, b"file"),
        depth: input.depth,
    };
    let own = system::find(&inner, &Value::of(path))?;
    let span = at + 1 + own.span.start..at + 1 + own.span.end;
    Some(Evidence { span, ..own })
}

/// The directories of a piece of a path.
fn segments(path: &[u8]) -> usize {
    path.split(|own| matches!(own, b'/' | b'\\'))
        .filter(|own| !own.is_empty() && *own != b".")
        .count()
}

fn keep(best: &mut Option<Evidence>, own: Evidence) {
    if best
        .as_ref()
        .is_none_or(|best| best.confidence < own.confidence)
    {
        *best = Some(own);
    }
}

/// What a value is, besides the steps in it.
struct Value {
    /// One path, without blanks.
    single: bool,
    /// It ends like a file sites are made of.
    asset: bool,
    /// An address of a page.
    url: bool,
}

impl Value {
    fn of(text: &[u8]) -> Self {
        let head = text.get(..text.len().min(512)).unwrap_or_default();
        let spaces = head
            .iter()
            .filter(|own| matches!(own, b' ' | b'\n'))
            .count();
        Self {
            single: spaces == 0 && text.len() <= 512,
            asset: is_asset(text),
            url: head.windows(3).take(12).any(|own| own == b"://"),
        }
    }
}

fn is_asset(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 34] = [
        b"js", b"mjs", b"cjs", b"ts", b"tsx", b"jsx", b"css", b"scss", b"less", b"png", b"jpg",
        b"jpeg", b"gif", b"svg", b"webp", b"ico", b"woff", b"woff2", b"ttf", b"map", b"vue", b"md",
        b"html", b"htm", b"rs", b"go", b"py", b"c", b"h", b"cpp", b"java", b"mp4", b"pdf", b"json",
    ];
    let last = text.rsplit(|own| *own == b'.').next().unwrap_or_default();
    last.len() < 6 && ENDS.iter().any(|end| last.eq_ignore_ascii_case(end))
}

/// Whether the text ends like a program or the configuration of one that runs on a server.
fn is_source(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 15] = [
        b"php",
        b"inc",
        b"ini",
        b"conf",
        b"cfg",
        b"asp",
        b"aspx",
        b"jsp",
        b"cgi",
        b"properties",
        b"log",
        b"sql",
        b"bak",
        b"db",
        b"phtml",
    ];
    let last = text.rsplit(|own| *own == b'.').next().unwrap_or_default();
    ENDS.iter().any(|end| last.eq_ignore_ascii_case(end))
}

/// Whether a path leads to the file by which a site is set up.
fn is_setup(text: &[u8]) -> bool {
    let name = text.rsplit(|own| matches!(own, b'/' | b'\\')).next();
    let name = name.unwrap_or_default();
    let stem = name.split(|own| *own == b'.').next().unwrap_or_default();
    [
        &b"config"[..],
        b"_config",
        b"configuration",
        b"settings",
        b"database",
        b"db",
    ]
    .iter()
    .any(|own| own.eq_ignore_ascii_case(stem))
}

fn value(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let value = Value::of(text);
    let mut best = system::find(input, &value);
    for run in runs(text) {
        let target = files::known(text, run.end).map(|(telling, _)| telling);
        let confidence = climbs(input, &value, run, target);
        let reading = if target == Some(Telling::Secret) {
            "steps up to a file of the system"
        } else {
            "steps up out of the directory"
        };
        keep(&mut best, found(run.start, run.end, reading, confidence));
        if confidence == Confidence::Certain {
            break;
        }
    }
    best
}

fn climbs(input: &Input<'_>, value: &Value, run: Run, target: Option<Telling>) -> Confidence {
    let secret = target == Some(Telling::Secret);
    let rooted = run.start < 2 && !value.url;
    let context = input.context;
    let odd = run.odd && value.single && (run.steps > 1 || rooted);
    let degree =
        if secret || odd || (run.odd && run.steps > 1) || (target.is_some() && run.steps > 1) {
            Confidence::Certain
        } else if run.odd {
            Confidence::Likely
        } else {
            let enough = match (context.field, context.place) {
                (Field::File, _) | (_, Place::Cookie | Place::FileName | Place::Header) => 2,
                (Field::Url | Field::Key | Field::Token, _) => 3,
                // A template that is nothing but a path is a file's name.
                (Field::Code, _) if value.single && begins_a_path(input.text) => 3,
                (Field::Text | Field::Code | Field::Telemetry, _) => 5,
                (Field::Plain, Place::Json | Place::Body | Place::File | Place::Xml) => 4,
                (Field::Plain, Place::Path | Place::Query | Place::Name | Place::Form) => 3,
            };
            let steps = run.steps + usize::from(rooted && run.start == 1);
            let source = value.single && is_source(input.text);
            match steps {
                _ if source && steps > 1 && context.field != Field::Url => Confidence::Certain,
                // `../config.inc.php`
                _ if source && rooted && is_setup(input.text) => Confidence::Certain,
                _ if source => Confidence::Possible,
                _ if value.asset && steps < enough * 2 => Confidence::Hint,
                _ if steps >= enough && value.single && !value.asset => Confidence::Certain,
                _ if steps >= enough => Confidence::Likely,
                _ if steps > 1 || context.field == Field::File => Confidence::Possible,
                _ => Confidence::Hint,
            }
        };
    settle(input, degree, value.single)
}

/// What is left of it where such text is written on purpose.
fn settle(input: &Input<'_>, degree: Confidence, single: bool) -> Confidence {
    let degree = match input.context.field {
        Field::Text if !single => degree.min(Confidence::Likely),
        // A template or a source that is nothing but a path is a file's name.
        Field::Code if single && begins_a_path(input.text) => degree,
        Field::Code | Field::Telemetry => degree.min(Confidence::Likely).less(),
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => degree,
    };
    let long = input.text.len() > 2048 || input.context.place == Place::File;
    if long {
        degree.min(Confidence::Likely)
    } else {
        degree
    }
}

/// Whether a value begins as a path from the root, up, or of a file as a URL does, and is short.
fn begins_a_path(text: &[u8]) -> bool {
    let rooted = text.starts_with(b"/") || text.starts_with(b"..");
    let file = text
        .get(..6)
        .is_some_and(|own| own.eq_ignore_ascii_case(b"file:/"));
    // Agents name the log they follow by its source.
    (rooted || file) && text.len() < 256 && !text.starts_with(b"/var/log")
}

/// A NUL that cuts off the end an application appends or asks for: `x.php%00.jpg`.
fn cut(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let head = text.get(..text.len().min(512))?;
    let nul = seek::memchr(0, head);
    let written = || memchr::memmem::find(head, b"%00");
    let (at, len) = nul
        .map(|at| (at, 1))
        .or_else(|| written().map(|at| (at, 3)))?;
    let before = head.get(..at)?;
    let behind = text.get(at + len..)?;
    let graphic = before.iter().all(|own| own.is_ascii_graphic()) && !before.is_empty();
    let path = before.contains(&b'.') || before.contains(&b'/') || before.contains(&b'\\');
    let extension = matches!(behind, [b'.', rest @ ..] if (2..6).contains(&rest.len()) && rest.iter().all(u8::is_ascii_alphanumeric));
    if !graphic || !path || input.context.field == Field::Token {
        return None;
    }
    let confidence = match () {
        () if extension => Confidence::Certain,
        () if behind.is_empty() && before.iter().rev().take(6).any(|own| *own == b'.') => {
            Confidence::Likely
        }
        () => Confidence::Hint,
    };
    Some(found(
        at,
        at + len,
        "a NUL that cuts off the end of a file name",
        settle(input, confidence, true),
    ))
}
