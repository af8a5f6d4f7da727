//! Calls: what is called, where the call stands, what it is given and what follows it.

use super::words::{self, Function};
use super::{CALL, Name, RUNS, evidence, letter, name_before};
use crate::detector::{Confidence, Evidence};
use crate::seek;

/// Looks at every call.
pub(super) fn read(text: &[u8]) -> Option<Evidence> {
    /// How many calls of interest are followed to their end.
    const MOST: usize = 64;
    let mut best: Option<Evidence> = None;
    let mut followed = 0;
    for open in seek::memchr_iter(b'(', text) {
        let mut end = open;
        while end > 0
            && open - end < 4
            && text
                .get(end - 1)
                .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\''))
        {
            end -= 1;
        }
        let name = name_before(text, end);
        let begin = end - name.len();
        let lower = Name::of(name);
        let function = words::function(lower.bytes()).filter(|_| name.len() <= 32);
        let pair = function.is_none() && paired(text, begin, lower.bytes());
        if function.is_none() && !pair && !(name.is_empty() && spelled(text, end)) {
            continue;
        }
        followed += 1;
        if followed > MOST {
            // No value has so many; what comes behind them is not looked at.
            return best.or_else(|| evidence(begin, open + 1, CALL, Confidence::Likely));
        }
        let confidence = match function {
            Some(function) => call(text, function, lower.bytes(), begin, open),
            None => (matches!(argument(text, open), Argument::Text(_))
                || !pair && inverted(text, end))
            .then_some(Confidence::Certain),
        };
        let Some(confidence) = confidence else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|best| best.confidence < confidence)
        {
            let until = close(text, open).unwrap_or(text.len());
            let told = matches!(argument(text, open), Argument::Request | Argument::Telling);
            let reading = if told { RUNS } else { CALL };
            best = evidence(begin, until, reading, confidence);
        }
        if confidence == Confidence::Certain {
            break;
        }
    }
    best
}

/// Functions that tell only with their owner: `subprocess.run`, `Process.Start`, `exec.Command`.
fn paired(text: &[u8], begin: usize, name: &[u8]) -> bool {
    if text.get(begin.wrapping_sub(1)) != Some(&b'.') {
        return false;
    }
    let owner = Name::of(name_before(text, begin - 1));
    matches!(
        (owner.bytes(), name),
        (b"subprocess", b"call" | b"run")
            | (b"process", b"start")
            | (b"exec", b"command")
            | (b"system", b"cmd")
    )
}

/// PHP calls what a string spells: `(system)('id')`, `("sys"."tem")("id")`, `(~"…")(…)`.
fn spelled(text: &[u8], end: usize) -> bool {
    let Some(b')') = text.get(end.wrapping_sub(1)) else {
        return inverted(text, end);
    };
    let head = text
        .get(end.saturating_sub(40)..end - 1)
        .unwrap_or_default();
    let Some(open) = head.iter().rposition(|byte| *byte == b'(') else {
        return false;
    };
    let mut letters = [0; 32];
    let mut len = 0;
    for byte in head.get(open + 1..).unwrap_or_default() {
        match (byte, letters.get_mut(len)) {
            (b'"' | b'\'' | b'.' | b' ', _) => {}
            (byte, Some(place)) if letter(*byte) => {
                *place = byte.to_ascii_lowercase();
                len += 1;
            }
            _ => return inverted(text, end),
        }
    }
    let name = letters.get(..len).unwrap_or_default();
    matches!(
        words::function(name),
        Some(Function::Command | Function::Info)
    )
}

/// `("…"^"…")(`: the name of a function that two strings make together.
fn crossed(head: &[u8]) -> bool {
    let Some(inner) = head.strip_suffix(b")").map(<[u8]>::trim_ascii_end) else {
        return false;
    };
    let Some((quote, inner)) = inner.split_last().filter(|(own, _)| b"'\"".contains(own)) else {
        return false;
    };
    let parts = [
        &[*quote, b'^', *quote][..],
        &[*quote, b' ', b'^', b' ', *quote],
    ];
    let Some((at, part)) = parts.iter().find_map(|own| {
        let at = memchr::memmem::rfind(inner, own)?;
        Some((at, own.len()))
    }) else {
        return false;
    };
    let (left, right) = (
        inner.get(..at).unwrap_or_default(),
        inner.get(at + part..).unwrap_or_default(),
    );
    let from = left.len().checked_sub(right.len());
    let opened = from
        .and_then(|from| from.checked_sub(2))
        .and_then(|at| left.get(at..at + 2));
    let mut name = [0; 32];
    let same = left
        .get(from.unwrap_or_default()..)
        .unwrap_or_default()
        .iter()
        .zip(right);
    for (place, (one, other)) in name.iter_mut().zip(same) {
        *place = (one ^ other).to_ascii_lowercase();
    }
    let name = name.get(..right.len()).unwrap_or_default();
    opened == Some(&[b'(', *quote]) && words::function(name).is_some()
}

/// `(~"…")(`, `[~…][0](`: the name of a function whose bits are turned over, which no text reads as.
fn inverted(text: &[u8], end: usize) -> bool {
    let head = text.get(end.saturating_sub(40)..end).unwrap_or_default();
    if seek::memchr(b'^', head).is_some() {
        return crossed(head);
    }
    let Some(sign) = memchr::memrchr(b'~', head) else {
        return false;
    };
    let opened = sign
        .checked_sub(1)
        .is_some_and(|at| matches!(head.get(at), Some(b'(' | b'[')));
    let mut letters = [0; 32];
    let mut len = 0;
    let inside = head.get(sign + 1..).unwrap_or_default().iter();
    let inside = inside.skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '));
    for byte in inside.take_while(|byte| **byte >= 0x80) {
        if let Some(place) = letters.get_mut(len) {
            *place = (!byte).to_ascii_lowercase();
            len += 1;
        }
    }
    let name = letters.get(..len).unwrap_or_default();
    opened && len > 3 && words::function(name).is_some()
}

/// What a call is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Nothing,
    /// A string; whether it is a path or an address.
    Text(bool),
    /// What the caller of the server sent: `$_GET`, `request(…)`.
    Request,
    /// Another call that tells.
    Telling,
    /// A command in backticks.
    Command,
    Variable,
    Number,
    /// Arithmetic of long numbers.
    Sum,
    Other,
}

fn argument(text: &[u8], open: usize) -> Argument {
    let rest = text
        .get(open + 1..(open + 200).min(text.len()))
        .unwrap_or_default();
    let skipped = rest.iter().take_while(|byte| {
        byte.is_ascii_whitespace() || matches!(byte, b'@' | b'(' | b'[' | b'\\')
    });
    let rest = rest.get(skipped.count()..).unwrap_or_default();
    match rest.first() {
        None | Some(b')') => Argument::Nothing,
        Some(b'`') => Argument::Command,
        Some(b'"' | b'\'') => {
            let inner = rest.get(1..).unwrap_or_default();
            let path = inner.starts_with(b"/")
                || inner.starts_with(b"..")
                || inner.starts_with(b"\\\\")
                || matches!(inner, [drive, b':', ..] if drive.is_ascii_alphabetic())
                || crate::phrases::find(inner.get(..12).unwrap_or(inner), b"://").is_some();
            Argument::Text(path)
        }
        Some(b'$')
            if matches!(rest, [b'$', b'_', b'A'..=b'Z', ..])
                || rest.starts_with(b"$GLOBALS")
                || rest.starts_with(b"$HTTP_") =>
        {
            Argument::Request
        }
        Some(b'$') => Argument::Variable,
        Some(byte) if byte.is_ascii_digit() || *byte == b'-' => number(rest),
        Some(_) => {
            let len = rest.iter().take_while(|byte| letter(**byte)).count();
            let name = Name::of(rest.get(..len).unwrap_or_default());
            let after = rest.get(len..).unwrap_or_default().trim_ascii_start();
            match name.bytes() {
                b"request" | b"req" | b"params"
                    if matches!(after.first(), Some(b'(' | b'.' | b'[')) =>
                {
                    Argument::Request
                }
                own if after.starts_with(b"(") && words::telling(own) => Argument::Telling,
                _ => Argument::Other,
            }
        }
    }
}

/// A number, or arithmetic of numbers nobody works with.
fn number(rest: &[u8]) -> Argument {
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let first = digits(rest);
    let after = rest.get(first..).unwrap_or_default().trim_ascii_start();
    let signed = matches!(after.first(), Some(b'*' | b'-' | b'+'));
    let second = digits(after.get(1..).unwrap_or_default().trim_ascii_start());
    if signed && first >= 4 && second >= 4 {
        return Argument::Sum;
    }
    Argument::Number
}

/// How sure it is that one call is injected code.
fn call(
    text: &[u8],
    function: Function,
    name: &[u8],
    begin: usize,
    open: usize,
) -> Option<Confidence> {
    let owned = owned(text, begin)?;
    if !(owned == Owner::System || leads(text, begin)) || !trails(text, open) {
        return None;
    }
    let own = owned == Owner::System;
    let sure = Some(Confidence::Certain);
    let used = |otherwise| {
        if member_called(text, open) {
            sure
        } else {
            Some(otherwise)
        }
    };
    let given = argument(text, open);
    let string = matches!(given, Argument::Text(_));
    match function {
        Function::Command => command(text, name, (begin, open), given, own),
        Function::Eval => eval(text, name, open, given),
        Function::Info if given == Argument::Other => {
            let rest = text.get(open + 1..).unwrap_or_default();
            rest.starts_with(b"__").then_some(Confidence::Certain)
        }
        Function::Info if given == Argument::Variable => None,
        Function::Info => sure,
        // A password's digest, as half of all old pages work it out.
        Function::Print if name == b"md5" && given == Argument::Request => None,
        Function::Print
            if matches!(given, Argument::Telling | Argument::Request | Argument::Sum) =>
        {
            sure
        }
        Function::Print if given == Argument::Command => {
            matches!(name, b"print" | b"echo" | b"die" | b"puts").then_some(Confidence::Certain)
        }
        Function::Import if string => used(Confidence::Likely),
        Function::Require if string => require(text, name, open),
        Function::Read if given == Argument::Request => sure,
        Function::Read if given == Argument::Text(true) => match name {
            b"open" | b"file" => used(Confidence::Likely),
            _ => sure,
        },
        Function::Write if given == Argument::Request => sure,
        Function::Write if string && name == b"file_put_contents" => sure,
        Function::Runtime if given == Argument::Nothing => used(Confidence::Likely),
        Function::Object if string => object(text, open),
        Function::Print
        | Function::Import
        | Function::Require
        | Function::Read
        | Function::Write
        | Function::Runtime
        | Function::Object => None,
    }
}

/// A function that runs a command.
fn command(
    text: &[u8],
    name: &[u8],
    (begin, open): (usize, usize),
    given: Argument,
    own: bool,
) -> Option<Confidence> {
    let before = text.get(..begin).unwrap_or_default();
    let sure = Some(Confidence::Certain);
    if name == b"execute" {
        // `"id".execute()` in Groovy; `cursor.execute("…")` is nothing.
        let groovy =
            given == Argument::Nothing && (before.ends_with(b"\".") || before.ends_with(b"'."));
        return (groovy || (own && matches!(given, Argument::Text(_))))
            .then_some(Confidence::Certain);
    }
    match given {
        Argument::Text(_) | Argument::Request | Argument::Telling | Argument::Command => sure,
        _ if before.ends_with(b"${") && given != Argument::Nothing => sure,
        Argument::Other if name == b"processbuilder" && member_called(text, open) => sure,
        Argument::Variable | Argument::Other => Some(Confidence::Possible),
        Argument::Nothing | Argument::Number | Argument::Sum => None,
    }
}

/// `("ass"."ert",`: the name of such a function, put together of strings.
fn joined(text: &[u8], open: usize) -> bool {
    let mut letters = [0; 32];
    let mut len = 0;
    let mut dots = 0;
    for byte in text.get(open + 1..).unwrap_or_default() {
        match (byte, letters.get_mut(len)) {
            (b'.', _) => dots += 1,
            (b'"' | b'\'' | b' ', _) => {}
            (byte, Some(place)) if letter(*byte) => {
                *place = byte.to_ascii_lowercase();
                len += 1;
            }
            _ => break,
        }
    }
    dots > 0
        && matches!(
            words::function(letters.get(..len).unwrap_or_default()),
            Some(Function::Command | Function::Info | Function::Eval)
        )
}

/// A function that runs a string, or a function by its name.
fn eval(text: &[u8], name: &[u8], open: usize, given: Argument) -> Option<Confidence> {
    let sure = Some(Confidence::Certain);
    match given {
        Argument::Request => sure,
        Argument::Telling if name != b"compile" => sure,
        Argument::Text(path) => {
            let inner = text.get(open + 1..(open + 40).min(text.len()))?;
            let inner = inner.get(inner.iter().position(u8::is_ascii_alphabetic)?..)?;
            let len = inner.iter().take_while(|byte| letter(**byte)).count();
            let named = Name::of(inner.get(..len)?);
            let quoted = matches!(inner.get(len), Some(b'"' | b'\''));
            let runs = quoted
                && matches!(
                    words::function(named.bytes()),
                    Some(Function::Command | Function::Info)
                );
            let includes = path && (name.starts_with(b"include") || name.starts_with(b"require"));
            let runs = runs || joined(text, open);
            let calls = name.starts_with(b"call_user") || name == b"create_function";
            if runs || includes || calls {
                sure
            } else {
                Some(Confidence::Possible)
            }
        }
        _ => None,
    }
}

/// Node's modules that run commands, used at once. What is imported by a call is the promise of a module, which
/// no browser has.
fn require(text: &[u8], name: &[u8], open: usize) -> Option<Confidence> {
    let rest = text.get(open + 1..(open + 40).min(text.len()))?;
    let quoted = rest.iter().position(|byte| byte.is_ascii_alphabetic())?;
    let module = rest.get(quoted..)?;
    let module = module.strip_prefix(b"node:").unwrap_or(module);
    let runs = module.starts_with(b"child_process")
        || module.starts_with(b"vm'")
        || module.starts_with(b"vm\"");
    let reads = [&b"fs"[..], b"os", b"net", b"http", b"https", b"dns"]
        .iter()
        .any(|own| {
            module
                .strip_prefix(*own)
                .is_some_and(|rest| matches!(rest.first(), Some(b'"' | b'\'' | b'`' | b'/')))
        });
    let imported = name == b"import" && (module.starts_with(b"fs") || module.starts_with(b"os"));
    let imported = imported && reads;
    match (
        (runs || imported) && member_called(text, open),
        runs || reads,
    ) {
        (true, _) => Some(Confidence::Certain),
        (false, true) => Some(Confidence::Possible),
        (false, false) => None,
    }
}

fn object(text: &[u8], open: usize) -> Option<Confidence> {
    let rest = text.get(open + 1..(open + 40).min(text.len()))?;
    let name = Name::of(rest.get(usize::from(matches!(rest.first(), Some(b'"' | b'\'')))..)?);
    let runs = [
        &b"wscript.shell"[..],
        b"shell.application",
        b"scripting.filesystemobject",
        b"msxml2.",
        b"microsoft.xmlhttp",
        b"adodb.stream",
    ]
    .iter()
    .any(|own| name.bytes().starts_with(own));
    runs.then_some(Confidence::Certain)
}

/// Whether a member of what a call returns is reached or called: `f(…).g`, `f(…)[0]`.
fn member_called(text: &[u8], open: usize) -> bool {
    let Some(end) = close(text, open) else {
        return false;
    };
    let rest = text.get(end..).unwrap_or_default().trim_ascii_start();
    match rest.first() {
        Some(b'.') => {
            let len = rest
                .iter()
                .skip(1)
                .take_while(|byte| letter(**byte))
                .count();
            matches!(rest.get(len + 1), Some(b'(' | b'.' | b'[' | b'`'))
        }
        Some(b'[') => true,
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The function stands alone.
    Nobody,
    /// It belongs to a module of the system, or to what another call returned.
    System,
}

/// To whom the function at `begin` belongs; nothing if to something else.
fn owned(text: &[u8], begin: usize) -> Option<Owner> {
    let before = text.get(..begin)?;
    let (rest, dotted) = match before.last() {
        Some(b'.') => (before.get(..begin - 1)?, true),
        Some(b':') if before.ends_with(b"::") => (before.get(..begin - 2)?, true),
        Some(b'>') if before.ends_with(b"->") => return None,
        _ => (before, false),
    };
    if !dotted {
        return Some(Owner::Nobody);
    }
    let name = name_before(text, rest.len());
    match rest.last() {
        Some(b')') => Some(Owner::System),
        // PHP joins strings with a dot.
        Some(b'\'' | b'"' | b' ') | None => Some(Owner::Nobody),
        _ if words::owner(Name::of(name).bytes()) => Some(Owner::System),
        _ if Name::of(name).bytes() == b"runtime" => Some(Owner::System),
        _ => None,
    }
}

/// Whether the name at `begin` stands where a statement or an operand stands, and not in a sentence.
fn leads(text: &[u8], begin: usize) -> bool {
    let before = text.get(..begin).unwrap_or_default();
    let before = before
        .get(before.len().saturating_sub(48)..)
        .unwrap_or_default();
    let kept = before
        .iter()
        .rposition(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'@' | b'\\' | b'!'));
    let Some(last) = kept else {
        return true;
    };
    let spaced =
        last + 1 < before.len() && before.get(last + 1).is_some_and(u8::is_ascii_whitespace);
    match before.get(last).copied().unwrap_or(0) {
        b';' | b'{' | b'}' | b'(' | b'=' | b'&' | b'|' | b'?' | b'<' | b'>' | b'%' | b'+'
        | b'*' | b'[' | b'^' | b'/' | b'#' | b'~' => true,
        b'\'' | b'"' | b'.' | b',' | b')' | b':' | b'-' | b'`' | b']' => {
            !spaced || matches!(before.get(last), Some(b'.' | b')' | b'\'' | b'"' | b'-'))
        }
        byte if letter(byte) => {
            let word = name_before(before, last + 1);
            spaced
                && matches!(
                    Name::of(word).bytes(),
                    b"echo"
                        | b"print"
                        | b"return"
                        | b"die"
                        | b"exit"
                        | b"puts"
                        | b"new"
                        | b"php"
                        | b"and"
                        | b"or"
                        | b"not"
                        | b"await"
                        | b"yield"
                )
                && (word.len() + 1 >= last
                    || !matches!(Name::of(word).bytes(), b"and" | b"or" | b"not" | b"new"))
        }
        _ => false,
    }
}

/// Where the parenthesis opened at `open` is closed, if soon.
fn close(text: &[u8], open: usize) -> Option<usize> {
    let rest = text.get(open + 1..(open + 400).min(text.len()))?;
    let mut depth = 0_usize;
    let mut quote = 0;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            _ if quote == *byte => quote = 0,
            _ if quote != 0 => {}
            b'"' | b'\'' => quote = *byte,
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(open + at + 2),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether what follows a call's end continues a program, and not a sentence.
fn trails(text: &[u8], open: usize) -> bool {
    let Some(end) = close(text, open) else {
        return true;
    };
    let rest = text.get(end..).unwrap_or_default();
    let Some(next) = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')) else {
        return true;
    };
    match rest.get(next).copied().unwrap_or(0) {
        b'.' => {
            next > 0
                || rest
                    .get(1)
                    .is_some_and(|byte| letter(*byte) || b"'\" $".contains(byte))
        }
        byte if letter(byte) || byte >= 0x80 => next == 0,
        b'`' | b'(' => false,
        _ => true,
    }
}
