//! LaTeX: commands that run programs, and files of the server that are read or written while a text is set.
//!
//! Formulas and documents hold none of them: `\input{chapter1}` names a part of the document, and what lies
//! elsewhere is named from the root on, or piped.

use crate::context::{Field, Place};
use crate::cursor::Cursor;
use crate::detector::{Confidence, Evidence, Input, evidence};
use crate::phrases;
use crate::seek;

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    /// It reads a file that may be one's own.
    Opens,
    /// It reads a file of the system.
    Reads,
    /// It runs a program.
    Runs,
}

/// How many backslashes are looked at.
const MOST: usize = 256;

/// A text in LaTeX that does more than set letters.
pub(super) fn read(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<(Deed, usize, usize)> = None;
    for at in seek::memchr_iter(b'\\', text).take(MOST) {
        let mut cursor = Cursor::new(text, at + 1);
        if let Some(deed) = deed(&mut cursor)
            && best.is_none_or(|(best, ..)| best < deed)
        {
            best = Some((deed, at, cursor.at()));
        }
        if best.is_some_and(|(deed, ..)| deed == Deed::Runs) {
            break;
        }
    }
    let (deed, from, to) = best?;
    let reading = match deed {
        Deed::Runs => "LaTeX that runs a program",
        Deed::Reads | Deed::Opens => "LaTeX that reads or writes a file of the server",
    };
    evidence(from, to, reading, settle(input, deed, from))
}

/// How sure that is where it stands: people ask about LaTeX, and send whole documents.
fn settle(input: &Input<'_>, deed: Deed, from: usize) -> Confidence {
    let document = phrases::find(input.text, b"\\documentclass").is_some();
    match (deed, input.context.field) {
        (_, Field::Code | Field::Telemetry) => Confidence::Likely,
        _ if is_told(input, from) => Confidence::Likely,
        (Deed::Runs | Deed::Reads, _) => Confidence::Certain,
        (Deed::Opens, _) if document => Confidence::Possible,
        (Deed::Opens, _) => Confidence::Likely,
    }
}

/// Whether somebody tells of the command at `from`: behind words, in the fences of Markdown, or in a body of
/// several lines that is of no known form.
fn is_told(input: &Input<'_>, from: usize) -> bool {
    let before = input.text.get(..from).unwrap_or_default();
    let mut words = before.split(|own| *own == b' ').filter(|own| own.len() > 1);
    let text = input.context.field == Field::Text && words.nth(2).is_some();
    let fenced = phrases::find(before, b"```").is_some();
    let body = matches!(input.context.place, Place::Body | Place::File);
    text || fenced || body && seek::memchr(b'\n', input.text.trim_ascii()).is_some()
}

/// What the command does whose backslash was just read.
fn deed(cursor: &mut Cursor<'_>) -> Option<Deed> {
    let name = cursor.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'@');
    match name {
        b"write" => {
            (cursor.blanks().takes(b"18") && cursor.blanks().takes(b"{")).then_some(Deed::Runs)
        }
        b"ShellEscape" => cursor.takes(b"{").then_some(Deed::Runs),
        b"directlua" | b"luadirect" | b"luaexec" => lua(cursor).then_some(Deed::Runs),
        b"openin" | b"openout" => {
            cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'\\');
            let equals = cursor.blanks().takes(b"=");
            (equals && cursor.blanks().peek() > b' ').then(|| file(cursor).unwrap_or(Deed::Opens))
        }
        b"input" | b"include" | b"InputIfFileExists" | b"subfile" | b"verbatiminput"
        | b"VerbatimInput" | b"lstinputlisting" | b"inputminted" | b"includegraphics"
        | b"includepdf" | b"bibliography" | b"@@input" | b"@input" => argument(cursor),
        _ => None,
    }
}

/// The file in the argument of a command, behind its options: `[language=C]{/etc/passwd}`, `/etc/passwd `.
fn argument(cursor: &mut Cursor<'_>) -> Option<Deed> {
    if cursor.blanks().takes(b"[") {
        cursor.take_while(|byte| byte != b']' && byte != b'\n');
        cursor.takes(b"]");
    }
    let braced = cursor.blanks().takes(b"{");
    cursor.takes_one(&[b"\"", b"'"]);
    // `\input{|"id"}`: what a program says.
    if cursor.takes(b"|") {
        let program = cursor.peek();
        return (program == b'"' || braced || program.is_ascii_lowercase()).then_some(Deed::Runs);
    }
    file(cursor)
}

/// A file that is named from the root on, or several steps up.
fn file(cursor: &mut Cursor<'_>) -> Option<Deed> {
    const SYSTEM: [&[u8]; 9] = [
        b"/etc/",
        b"/proc/",
        b"/root/",
        b"/var/",
        b"/tmp/",
        b"/dev/",
        b"/sys/",
        b"/run/",
        b"../../../",
    ];
    if cursor.takes_one(&SYSTEM) {
        return Some(Deed::Reads);
    }
    let rooted =
        cursor.peek() == b'/' && cursor.rest().get(1).is_some_and(u8::is_ascii_alphanumeric);
    rooted.then_some(Deed::Opens)
}

/// Whether a program in Lua reaches the system.
fn lua(cursor: &mut Cursor<'_>) -> bool {
    const LONGEST: usize = 256;
    const WAYS: [&[u8]; 5] = [
        b"os.execute",
        b"io.popen",
        b"io.open",
        b"io.lines",
        b"os.getenv",
    ];
    let rest = cursor.rest();
    let head = rest.get(..rest.len().min(LONGEST)).unwrap_or_default();
    WAYS.iter().any(|own| phrases::find(head, own).is_some())
}
