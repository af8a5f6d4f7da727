//! Paths that lead to a file of the system: from the root, from a drive, or behind what hides the way.

use super::climb::slash;
use super::files::{self, Telling};
use super::{Value, found, settle};
use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};
use crate::seek;

/// A value that names such a file.
pub(super) fn find(input: &Input<'_>, value: &Value) -> Option<Evidence> {
    let own = absolute(input, value).or_else(|| hidden(input, value));
    own.or_else(|| led(input, value))
}

/// Whether a path is that of a program's own log: those of web servers lie in directories.
fn listed_log(text: &[u8], at: usize) -> bool {
    let name = text
        .get(at..)
        .and_then(|rest| rest.strip_prefix(b"var/log/"));
    name.is_some_and(|name| name.ends_with(b".log") && !name.contains(&b'/'))
}

/// Where the first name of a path begins, behind its drive, `~`, slashes and `./`.
fn behind_root(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    if let [drive, b':', ..] = text.get(at..)?
        && drive.is_ascii_alphabetic()
        && slash(text, at + 2).is_some()
    {
        at += 2;
    }
    if text.get(at) == Some(&b'~') {
        at += 1;
    }
    while let Some((len, _)) = slash(text, at).filter(|_| at < 32) {
        at += len;
    }
    while at < 64 && text.get(at) == Some(&b'.') && slash(text, at + 1).is_some() {
        at += 1;
        while let Some((len, _)) = slash(text, at).filter(|_| at < 64) {
            at += len;
        }
    }
    Some(at)
}

/// How long the sign of a device before a path of Windows is: `\\\\?\\C:\\`, `\\\\.\\C:\\`.
fn device(text: &[u8]) -> usize {
    match text {
        [
            b'\\' | b'/',
            b'\\' | b'/',
            b'?' | b'.',
            b'\\' | b'/',
            drive,
            b':',
            ..,
        ] if drive.is_ascii_alphabetic() => 4,
        _ => 0,
    }
}

/// A path from the root, or a file that is known by its name.
fn absolute(input: &Input<'_>, value: &Value) -> Option<Evidence> {
    let text = input.text;
    let start = text
        .iter()
        .take_while(|own| own.is_ascii_whitespace() || matches!(own, b'"' | b'\''))
        .count();
    let start = start + device(text.get(start..).unwrap_or_default());
    let at = behind_root(text, start)?;
    let rooted = at > start;
    let relative = matches!(text.get(at)?, b'.' | b'W' | b'M' | b'w' | b'm');
    let file = input.context.field == Field::File;
    if !(rooted || relative || file) {
        return None;
    }
    let served = || (rooted && files::served(text)).then_some((Telling::Secret, text.len()));
    let (telling, end) = files::known(text, at).or_else(served)?;
    let spaces = text.iter().take(200).filter(|own| **own == b' ').count();
    let path = spaces < 4 && text.len() < 512;
    let listed = matches!(input.context.place, Place::Json | Place::Xml | Place::Body) && !file;
    let confidence = match telling {
        Telling::Secret if path && rooted && value.asset => Confidence::Likely,
        Telling::Secret if path && (rooted || (relative && file)) => Confidence::Certain,
        Telling::Secret if path && file => Confidence::Certain,
        Telling::Secret if relative || rooted => Confidence::Likely,
        Telling::Place if rooted && path && ends_in_configuration(text) && !listed => {
            Confidence::Certain
        }
        Telling::Place if rooted && (file || text.get(at) == Some(&b'e')) => Confidence::Likely,
        Telling::Place if rooted => Confidence::Hint,
        Telling::Secret | Telling::Place => return None,
    };
    // `/etc/hosts permissions` is looked for; agents name the logs they follow.
    let searched = input.context.field == Field::Text && spaces > 0;
    let nested = input
        .context
        .name
        .iter()
        .filter(|own| **own == b'.')
        .count()
        > 2;
    let log = text
        .get(at..)
        .is_some_and(|own| own.starts_with(b"var/log/"));
    let followed = (listed_log(text, at) || nested && log) && input.context.place == Place::Json;
    let unknown = listed && files::known(text, at).is_none();
    let confidence = if searched || followed || unknown {
        confidence.min(Confidence::Likely)
    } else {
        confidence
    };
    let confidence = home(input, at, confidence);
    Some(found(
        start,
        end,
        "a file of the system",
        settle(input, confidence, path),
    ))
}

/// `users/.htpasswd`: a hidden file below a directory.
fn hidden(input: &Input<'_>, value: &Value) -> Option<Evidence> {
    let text = input.text;
    if !value.single || value.url || value.asset {
        return None;
    }
    let mut slashes =
        seek::memchr2_iter(b'/', b'\\', text).filter(|at| text.get(at + 1) == Some(&b'.'));
    let (at, end) = slashes.find_map(|at| match files::known(text, at + 1)? {
        (Telling::Secret, end) => Some((at + 1, end)),
        (Telling::Place, _) => None,
    })?;
    let file = matches!(input.context.field, Field::File | Field::Url);
    let degree = if file {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    Some(found(at, end, "a hidden file", settle(input, degree, true)))
}

/// `/..\xbf..\xbfetc/passwd`: a file of the system behind dots and what was to be taken for slashes.
fn led(input: &Input<'_>, value: &Value) -> Option<Evidence> {
    const TRIES: usize = 4;
    let text = input.text;
    if !value.single {
        return None;
    }
    let ends = memchr::memmem::find_iter(text, b"etc").take(TRIES);
    let mut behind = ends.filter(|at| {
        let head = text.get(..*at).unwrap_or_default();
        let parted = head.last().is_some_and(|own| !own.is_ascii_alphanumeric());
        let dots = head.windows(2).any(|own| own == b"..");
        parted && (dots || std::str::from_utf8(head).is_err())
    });
    let (at, end) = behind.find_map(|at| match files::known(text, at)? {
        (Telling::Secret, end) => Some((at, end)),
        (Telling::Place, _) => None,
    })?;
    let degree = settle(input, Confidence::Certain, true);
    Some(found(at, end, "steps up to a file of the system", degree))
}

/// Windows paths of people's own files, and places that operators name, prove less.
fn home(input: &Input<'_>, at: usize, confidence: Confidence) -> Confidence {
    const COMMON: [&[u8]; 6] = [
        b"windows", b"volumes", b"var/www", b"inetpub", b"xampp", b"usr/lib",
    ];
    let rest = input.text.get(at..).unwrap_or_default();
    let begins = |own: &[u8]| {
        rest.get(..own.len())
            .is_some_and(|rest| rest.eq_ignore_ascii_case(own))
    };
    let common = COMMON.iter().any(|own| begins(own));
    let reported = matches!(
        input.context.place,
        Place::Json | Place::Xml | Place::Body | Place::File
    );
    let telling = rest.iter().rev().take(16).any(|own| *own == 0)
        || ends_in_configuration(rest)
        || files::keys(input.text, at)
        || !reported && (files::setup(input.text, at) || files::served(rest));
    // Programs report where they found what they are set up by, with its drive.
    let drive = input.text.get(..at).is_some_and(|own| own.contains(&b':'));
    let found = reported && drive && [&b"xampp"[..], b"inetpub"].iter().any(|own| begins(own));
    let program = [&b".dll"[..], b".exe", b".sys"].iter().any(|end| {
        let from = rest.len().saturating_sub(end.len());
        rest.get(from..)
            .is_some_and(|own| own.eq_ignore_ascii_case(end))
    });
    if common && reported && program {
        return confidence.min(Confidence::Hint);
    }
    if reported && files::services(input.text, at) {
        return confidence.min(Confidence::Likely);
    }
    if common && (!telling || found) && input.context.field != Field::File {
        confidence.min(Confidence::Likely)
    } else {
        confidence
    }
}

fn ends_in_configuration(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 13] = [
        b".ini",
        b"/web.config",
        b".conf",
        b".log",
        b"_log",
        b".cnf",
        b"%00",
        b"/hosts",
        b"\\hosts",
        b".default",
        b"\\sam",
        b"php",
        b"passwd",
    ];
    ENDS.iter().any(|end| {
        text.len() >= end.len()
            && text
                .get(text.len() - end.len()..)
                .is_some_and(|own| own.eq_ignore_ascii_case(end))
    })
}
