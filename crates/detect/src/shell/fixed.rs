//! Forms that only an attack has: functions in the environment, options that run a program, parts of
//! variables, sockets of bash, downloads of PowerShell.

use super::word::{byte, skip_spaces};
use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};

/// Options of programs that make them run another program, or write where they are told.
const OPTIONS: &[&[u8]] = &[
    b"--checkpoint-action=",
    b"-oproxycommand",
    b"-o proxycommand",
    b"--use-compress-program=",
    b"--to-command=",
    b"--rsh-command=",
    b"--upload-pack=",
    b"--receive-pack=",
    b"--open-files-in-pager",
    b"--config=core.",
    b"-c core.sshcommand",
    b"-c core.fsmonitor",
    b"--config=alias",
    b"-d allow_url_include",
    b"-d auto_prepend_file",
    b"-dallow_url_include",
    b"-dauto_prepend_file",
    b"--eval=",
    b"--renderer-cmd-prefix",
    b"--gpu-launcher",
    b"--rsync-path=",
    b"--post-file=/",
    b"--post-file /",
    b"--output-document=/",
    b"--use-askpass=",
    b"--preprocess-cmd=",
    b"--exec-path=",
    b"-exec ",
];

/// What only a shell's variables, sockets and downloads look like, with the byte they begin with.
const MARKS: &[(&[u8], &str)] = &[
    (b"/dev/tcp/", "a socket of bash"),
    (b"/dev/udp/", "a socket of bash"),
    (b".downloadstring(", "a program fetched by PowerShell"),
    (b".downloadfile(", "a program fetched by PowerShell"),
    (b".downloaddata(", "a program fetched by PowerShell"),
    (
        b"[convert]::frombase64string(",
        "a program hidden from PowerShell",
    ),
    (
        b"[system.convert]::frombase64string(",
        "a program hidden from PowerShell",
    ),
    (b"[scriptblock]::create(", "a program made by PowerShell"),
    (
        b"[system.reflection.assembly]::load(",
        "a program loaded by PowerShell",
    ),
    (b"[ref].assembly.gettype(", "a program loaded by PowerShell"),
];

fn starts_with(text: &[u8], at: usize, lower: &[u8]) -> bool {
    text.get(at..at + lower.len())
        .is_some_and(|own| own.eq_ignore_ascii_case(lower))
}

fn found(span: std::ops::Range<usize>, reading: &'static str, confidence: Confidence) -> Evidence {
    Evidence {
        span,
        reading,
        confidence,
    }
}

fn quiet(input: &Input<'_>) -> bool {
    matches!(input.context.field, Field::Code | Field::Telemetry)
        || input.context.place == Place::File
}

/// Forms that begin a value.
pub(super) fn start(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let (at, _) = skip_spaces(text, 0);
    if byte(text, at) == b'(' {
        return function(text, at);
    }
    if byte(text, at) == b'e' && starts_with(text, at, b"ext::") {
        let shell = text.get(at + 5..).is_some_and(|rest| !rest.is_empty());
        return shell.then(|| {
            found(
                at..text.len(),
                "a transport of git that runs a program",
                Confidence::Certain,
            )
        });
    }
    if byte(text, at) != b'-' {
        return None;
    }
    let option = OPTIONS.iter().find(|own| starts_with(text, at, own))?;
    let certain = text.len() > at + option.len() && *option != b"-exec ";
    let confidence = if certain {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let confidence = if quiet(input) {
        confidence.less()
    } else {
        confidence
    };
    Some(found(
        at..at + option.len(),
        "an option that runs a program",
        confidence,
    ))
}

/// `() { :; }; command`: a function in the environment, and what bash ran behind it.
fn function(text: &[u8], at: usize) -> Option<Evidence> {
    let (open, _) = skip_spaces(text, at + 1);
    if byte(text, open) != b')' {
        return None;
    }
    let (brace, _) = skip_spaces(text, open + 1);
    if byte(text, brace) != b'{' {
        return None;
    }
    let rest = text.get(brace..text.len().min(brace + 96))?;
    let close = rest.iter().position(|byte| *byte == b'}');
    let confidence = match close {
        Some(close) if text.len() > brace + close + 2 => Confidence::Certain,
        None if rest.windows(3).any(|at| at == b">_[") => Confidence::Certain,
        Some(_) | None => Confidence::Likely,
    };
    Some(found(
        at..text.len(),
        "a function and a command behind it, as bash imports them",
        confidence,
    ))
}

/// Forms anywhere in a value.
pub(super) fn inside(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let text = input.text;
    match byte(text, at) {
        b'%' => {
            let rest = text.get(at + 1..text.len().min(at + 32))?;
            let name = rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'(' | b')'))
                .count();
            let cut = name > 1 && byte(rest, name) == b':' && byte(rest, name + 1) == b'~';
            let digit = matches!(byte(rest, name + 2), b'-' | b'0'..=b'9');
            (cut && digit).then(|| {
                found(
                    at..at + name + 4,
                    "letters cut out of a variable of cmd.exe",
                    certain(input),
                )
            })
        }
        b'/' | b'.' | b'[' => {
            // All of them go on so.
            if !matches!(byte(text, at + 1) | 0x20, b'd' | b'c' | b's' | b'r') {
                return None;
            }
            let (mark, reading) = MARKS.iter().find(|(mark, _)| starts_with(text, at, mark))?;
            Some(found(at..at + mark.len(), reading, certain(input)))
        }
        b'-' if byte(text, at + 1) | 0x20 == b'e' => encoded(input, at),
        _ => None,
    }
}

fn certain(input: &Input<'_>) -> Confidence {
    if quiet(input) {
        Confidence::Likely
    } else {
        Confidence::Certain
    }
}

/// `powershell -enc SQBFAFgA…`: the option, behind the program's name, and base64 of UTF-16.
fn encoded(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let text = input.text;
    let name = text.get(at + 1..)?;
    let len = name
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let option = name.get(..len)?;
    let full = b"encodedcommand";
    let short = len < 15 && full.get(..len)?.eq_ignore_ascii_case(option);
    if !short || len == 0 || byte(text, at + 1 + len) != b' ' {
        return None;
    }
    let (from, _) = skip_spaces(text, at + 1 + len);
    let code = text.get(from..text.len().min(from + 64))?;
    let run = code
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        .count();
    // In base64 of UTF-16 every second or third byte is a NUL, so `A` is frequent.
    let wide = code.iter().take(run).filter(|byte| **byte == b'A').count() * 5 > run;
    (run > 15 && wide).then(|| {
        found(
            at..from + run,
            "a program in base64 for PowerShell",
            certain(input),
        )
    })
}

/// Whether the bracket at `at` is that of a function that hands a string to a shell.
pub(super) fn runs(text: &[u8], at: usize) -> bool {
    const CALLS: [&[u8]; 12] = [
        b"system",
        b"exec",
        b"passthru",
        b"popen",
        b"shell_exec",
        b"proc_open",
        b"execsync",
        b"spawn",
        b"spawnsync",
        b"eval",
        b"getoutput",
        b"assert",
    ];
    let before = text.get(at.saturating_sub(12)..at).unwrap_or_default();
    let start = before
        .iter()
        .rposition(|byte| !byte.is_ascii_alphabetic() && *byte != b'_')
        .map_or(0, |at| at + 1);
    let name = before.get(start..).unwrap_or_default();
    CALLS.iter().any(|call| name.eq_ignore_ascii_case(call))
}
