//! Forms that only an attack has: functions in the environment, options that run a program, parts of
//! variables, sockets of bash, downloads of PowerShell.

use super::Patience;
use super::word::{byte, skip_spaces};
use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};
use crate::idiom;
use crate::prefix::starts;
use crate::seek;

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
    b"--config=hooks.",
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
    b"--unzip-command",
    b"-c core.pager",
    b"-c core.editor",
    b"-c core.hookspath",
    b"-c diff.external",
    b"-c alias.",
    b"--output=/",
    b"-o /var/www/",
    b"-o /srv/www/",
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

fn found(span: std::ops::Range<usize>, reading: &'static str, confidence: Confidence) -> Evidence {
    Evidence {
        span,
        reading,
        confidence,
    }
}

fn quiet(input: &Input<'_>) -> bool {
    let expected = match input.context.field {
        Field::Code => !idiom::breaks_out(input.text),
        Field::Telemetry => true,
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => false,
    };
    expected || input.context.place == Place::File
}

/// Forms that begin a value.
pub(super) fn start(input: &Input<'_>, left: &Patience) -> Option<Evidence> {
    let text = input.text;
    let (at, _) = skip_spaces(text, 0);
    if byte(text, at) == b'(' {
        return function(text, at);
    }
    if byte(text, at) == b'e' && starts(text, at, b"ext::") {
        let shell = text.get(at + 5..).is_some_and(|rest| !rest.is_empty());
        return shell.then(|| {
            found(
                at..text.len(),
                "a transport of git that runs a program",
                Confidence::Certain,
            )
        });
    }
    if let Some(found) = setting(input).or_else(|| substitution(input, left)) {
        return Some(found);
    }
    if byte(text, at) != b'-' {
        return host(input);
    }
    if let Some(found) = sends(input, at) {
        return Some(found);
    }
    let option = OPTIONS.iter().find(|own| starts(text, at, own))?;
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

/// `GIT_CONFIG_KEY_0: core.sshCommand`: a setting of git that names a program, given in the environment.
fn setting(input: &Input<'_>) -> Option<Evidence> {
    const SETTINGS: [&[u8]; 7] = [
        b"core.sshcommand",
        b"core.fsmonitor",
        b"core.pager",
        b"core.editor",
        b"core.hookspath",
        b"diff.external",
        b"alias.",
    ];
    let name = input.context.name;
    let last = name
        .rsplit(|own| matches!(own, b'.' | b']' | b'['))
        .find(|own| !own.is_empty())?;
    if let Some(found) = loader(input, last) {
        return Some(found);
    }
    let given = starts(last, 0, b"git_config_key_");
    (given && SETTINGS.iter().any(|own| starts(input.text, 0, own))).then(|| {
        found(
            0..input.text.len(),
            "a setting of git that runs a program",
            Confidence::Certain,
        )
    })
}

/// `LD_PRELOAD: /tmp/x.so`: a program that every other loads first, from a folder that anybody writes to.
fn loader(input: &Input<'_>, variable: &[u8]) -> Option<Evidence> {
    const LOADERS: [&[u8]; 6] = [
        b"ld_preload",
        b"ld_audit",
        b"dyld_insert_libraries",
        b"bash_env",
        b"pythonstartup",
        b"perl5opt",
    ];
    const OPEN: [&[u8]; 4] = [b"/tmp/", b"/var/tmp/", b"/dev/shm/", b"/proc/self/"];
    let loads = LOADERS.iter().any(|own| variable.eq_ignore_ascii_case(own));
    let open = || OPEN.iter().any(|own| input.text.starts_with(own));
    (loads && open()).then(|| {
        found(
            0..input.text.len(),
            "a program loaded from where anybody writes",
            Confidence::Certain,
        )
    })
}

/// `ssh://-oProxyCommand=…`: a host that ssh, git and hg take for an option.
fn host(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let head = text.get(..text.len().min(24))?;
    let at = crate::phrases::find(head, b"://-")?;
    let scheme = head.get(..at)?;
    let option = byte(text, at + 4).is_ascii_alphabetic() && text.len() > at + 6;
    (option
        && !scheme.is_empty()
        && scheme
            .iter()
            .all(|own| own.is_ascii_alphanumeric() || *own == b'+'))
    .then(|| {
        found(
            0..text.len(),
            "an option in the place of a host",
            Confidence::Certain,
        )
    })
}

/// `-F x=@/etc/passwd`, `-d @/etc/passwd`, `-e sh x.sh`: options of one letter that send a file, or name
/// the shell that is to be run.
fn sends(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let text = input.text;
    let option = byte(text, at + 1);
    let (from, _) = skip_spaces(text, at + 2);
    let rest = text.get(from..text.len().min(from + 64))?;
    let file = || {
        let mark = seek::memchr(b'@', rest)?;
        let name = rest.get(..mark)?;
        let plain = name
            .iter()
            .all(|own| own.is_ascii_alphanumeric() || b"_-=".contains(own));
        (plain && matches!(byte(rest, mark + 1), b'/' | b'~' | b'.')).then_some(mark)
    };
    let shell = || {
        let len = rest
            .iter()
            .take_while(|own| own.is_ascii_lowercase() || **own == b'/')
            .count();
        let name = rest.get(..len)?;
        let name = name.rsplit(|own| *own == b'/').next()?;
        let known = [&b"sh"[..], b"bash", b"dash", b"zsh", b"python", b"perl"].contains(&name);
        (known && byte(rest, len) == b' ').then_some(len)
    };
    let end = match option {
        b'F' | b'd' | b'T' => file(),
        b'e' if from > at + 2 => shell(),
        _ => None,
    }?;
    Some(found(
        at..from + end,
        "an option that sends a file or runs a program",
        given(input),
    ))
}

/// `x --checkpoint-action=exec=sh`, `x' -exec cp /etc/passwd /srv/www \\;`: an option behind a word.
fn option(input: &Input<'_>, at: usize, left: &Patience) -> Option<Evidence> {
    let text = input.text;
    let before = text.get(..at)?;
    if !before.last().is_none_or(|own| matches!(own, b' ' | b'\t')) {
        return None;
    }
    let begins = |own: &&[u8]| starts(text, at, own);
    let spaces = || {
        let head = before.get(..before.len().min(256)).unwrap_or_default();
        head.trim_ascii().iter().filter(|own| **own == b' ').count()
    };
    const EXEC: [&[u8]; 3] = [b"-exec ", b"-execdir ", b"-ok "];
    if let Some(own) = EXEC.into_iter().find(begins) {
        let command = super::command::read(text, at + own.len(), (false, false), left)?;
        let ends = text.get(command.end..)?.trim_ascii_start();
        let closed = matches!(ends, [] | [b';' | b'+' | b'\\', ..]);
        let named = text.get(at..command.end)?;
        let runs = command.sense > super::args::Sense::None
            || command.located
            || crate::phrases::find(named, b"{}").is_some();
        return (runs && closed).then(|| {
            let degree = if spaces() > 8 || super::harmless::is_sought(input) {
                Confidence::Likely
            } else {
                certain(input)
            };
            found(at..command.end, "a command that find runs", degree)
        });
    }
    let own = OPTIONS.iter().find(|own| starts(text, at, own))?;
    let said = *own == b"-exec " || text.len() <= at + own.len();
    let short = text.first() == Some(&b'-') || spaces() < 2;
    (!said && short).then(|| {
        let degree = match input.context.field {
            Field::Text => Confidence::Likely,
            _ => certain(input),
        };
        found(at..at + own.len(), "an option that runs a program", degree)
    })
}

/// `($env:ComSpec[4,24,25]-join'')`: letters picked out of a variable.
fn picked(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let text = input.text;
    let before = text.get(at.saturating_sub(24)..at)?;
    let name = before.iter().rposition(|own| *own == b'$')?;
    let name = before.get(name + 1..)?;
    if !name
        .iter()
        .all(|own| own.is_ascii_alphanumeric() || *own == b':')
    {
        return None;
    }
    let rest = text.get(at + 1..text.len().min(at + 64))?;
    let len = rest
        .iter()
        .take_while(|own| own.is_ascii_digit() || matches!(own, b',' | b'-' | b'.' | b' '))
        .count();
    let several = rest.get(..len)?.contains(&b',');
    let joined = starts(rest, len, b"]-join") || starts(rest, len, b"] -join");
    (several && joined).then(|| {
        found(
            at..at + len,
            "letters picked out of a variable of PowerShell",
            certain(input),
        )
    })
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
pub(super) fn inside(input: &Input<'_>, at: usize, left: &Patience) -> Option<Evidence> {
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
        b'[' if byte(text, at + 1).is_ascii_digit() => picked(input, at),
        b'$' => summed(input, at),
        b'/' if is_loop(text, at) => {
            let before = text.get(..at)?.trim_ascii_end();
            let len = before.len();
            (len >= 3 && starts(before, len - 3, b"for"))
                .then(|| found(len - 3..at + 4, "a loop of cmd.exe", certain(input)))
        }
        b'/' | b'.' | b'[' => {
            // All of them go on so.
            if !matches!(byte(text, at + 1) | 0x20, b'd' | b'c' | b's' | b'r') {
                return None;
            }
            let (mark, reading) = MARKS.iter().find(|(mark, _)| starts(text, at, mark))?;
            Some(found(at..at + mark.len(), reading, certain(input)))
        }
        b'-' if byte(text, at + 1) | 0x20 == b'e' => {
            encoded(input, at).or_else(|| option(input, at, left))
        }
        b'-' if byte(text, at + 1) == b'T' => tested(input, at, left),
        b'-' if matches!(byte(text, at + 1), b'-' | b'o' | b'c') => option(input, at, left),
        _ => None,
    }
}

/// `$((48+30))$(echo X)`: a sum and what a command says, side by side: both are worked out wherever they stand,
/// so that one sees it in the answer.
fn summed(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let text = input.text;
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default().iter();
        from + rest.take_while(|own| own.is_ascii_digit()).count()
    };
    let first = at + 3;
    let sign = digits(first);
    let last = digits(sign + 1);
    let signed = matches!(byte(text, sign), b'+' | b'*' | b'-');
    let beside = text.get(last..)?;
    let beside = beside.starts_with(b"))$(") || beside.starts_with(b"))`");
    let whole = sign > first && signed && last > sign + 1 && beside;
    whole.then(|| {
        found(
            at..text.len().min(last + 4),
            "a sum of the shell beside a command",
            certain(input),
        )
    })
}

/// `/f %i in (`, `/f "tokens=2" %i in (`.
fn is_loop(text: &[u8], at: usize) -> bool {
    if !starts(text, at, b"/f ") {
        return false;
    }
    let (mut from, _) = skip_spaces(text, at + 2);
    if byte(text, from) == b'"' {
        let options = text
            .get(from + 1..text.len().min(from + 80))
            .unwrap_or_default();
        let Some(end) = seek::memchr(b'"', options) else {
            return false;
        };
        from = skip_spaces(text, from + end + 2).0;
    }
    byte(text, from) == b'%'
}

/// `-T -TT 'sh -c id #'`: the command by which zip tests what it made.
fn tested(input: &Input<'_>, at: usize, left: &Patience) -> Option<Evidence> {
    let text = input.text;
    if text.get(at..at + 3) != Some(b"-TT") || at > 0 && byte(text, at - 1) != b' ' {
        return None;
    }
    let (from, _) = skip_spaces(text, at + 3);
    let from = from + usize::from(matches!(byte(text, from), b'\'' | b'"'));
    let command = super::command::read(text, from, (false, false), left)?;
    let runs = from > at + 3 && (command.script || command.located || command.system);
    runs.then(|| {
        found(
            at..command.end,
            "an option that runs a program",
            certain(input),
        )
    })
}

fn certain(input: &Input<'_>) -> Confidence {
    if quiet(input) {
        Confidence::Likely
    } else {
        Confidence::Certain
    }
}

/// How sure an option makes that begins a value: no program is as short.
fn given(input: &Input<'_>) -> Confidence {
    const SHORT: usize = 160;
    let line = input.text.len() < SHORT && seek::memchr(b'\n', input.text).is_none();
    if input.context.field == Field::Code && input.context.place != Place::File && line {
        return Confidence::Certain;
    }
    certain(input)
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

/// `&('{1}{0}'-f'X','IE')`, `.("Invo`ke-WebRe`quest")`: a name that PowerShell puts together, and runs.
pub(super) fn called(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let text = input.text;
    operated(text, at).then_some(())?;
    let (open, _) = skip_spaces(text, at + 1);
    let quote = byte(text, open);
    let name = text.get(open + 1..text.len().min(open + 65))?;
    let len = seek::memchr(quote, name)?;
    let (behind, _) = skip_spaces(text, open + len + 2);
    let name = name.get(..len)?;
    let letters = |own: &&[u8; 3]| matches!(own, [a, b'`', b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic());
    let digits = |own: &&[u8; 3]| matches!(own, [b'{', digit, b'}'] if digit.is_ascii_digit());
    let parted = name.array_windows().any(|own| letters(&own));
    let formed = name.array_windows().any(|own| digits(&own)) && starts(text, behind, b"-f");
    let next = skip_spaces(text, behind + 1).0;
    let joined = byte(text, behind) == b'+' && matches!(byte(text, next), b'\'' | b'"') && len > 0;
    (parted || formed || joined).then(|| {
        let reading = "a name that PowerShell puts together and runs";
        found(at..open + len + 2, reading, certain(input))
    })
}

/// Whether the bracket at `at` holds what PowerShell's operators `&` and `.` run, and begins with a string.
pub(super) fn operated(text: &[u8], at: usize) -> bool {
    let (open, _) = skip_spaces(text, at + 1);
    if !matches!(byte(text, open), b'\'' | b'"') {
        return false;
    }
    let near = text.get(at.saturating_sub(4)..at).unwrap_or_default();
    match near.trim_ascii_end() {
        [.., b'&', b'&'] => false,
        [.., b'&'] => true,
        // `f.("x")` is a call in other languages.
        [.., before, b'.'] => matches!(before, b' ' | b'(' | b';' | b'{' | b'|' | b'=' | b'\n'),
        [b'.'] => true,
        _ => false,
    }
}

/// `s/.*/id/e`: a substitution of sed that runs what it put in.
fn substitution(input: &Input<'_>, left: &Patience) -> Option<Evidence> {
    let own = substitutes(input.text)?;
    let command = super::command::read(own, 0, (false, false), left)?;
    let told = !command.common || command.probe || command.words > 1;
    let runs = command.sense > super::args::Sense::None && told;
    let reading = "a substitution that runs what it puts in";
    runs.then(|| found(0..input.text.len(), reading, Confidence::Certain))
}

/// What a text puts in and runs that is nothing but `s/…/…/e`.
pub(super) fn substitutes(text: &[u8]) -> Option<&[u8]> {
    /// No such text is longer.
    const LONGEST: usize = 256;
    let rest = text.trim_ascii().strip_prefix(b"s")?;
    let delimiter = *rest.first()?;
    if rest.len() > LONGEST || !b"/|#,!:@~%".contains(&delimiter) {
        return None;
    }
    let mut parts = rest.get(1..)?.split(|own| *own == delimiter);
    let (_, with, flags) = (parts.next()?, parts.next()?, parts.next()?);
    let known = |own: &u8| b"egpimIM0123456789".contains(own);
    let whole = parts.next().is_none() && flags.iter().all(known) && flags.contains(&b'e');
    whole.then_some(with)
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
