//! Phrases and tags that begin or are code by themselves.

use super::words;
use super::{CALL, PHP, RUNS, TAG, evidence, letter};
use crate::detector::{Confidence, Evidence};
use crate::finder::pair;
use crate::phrases::{self, Phrases, searchers};
use crate::seek;

/// Phrases that no data holds.
static PHRASES: Phrases = Phrases::new(|| {
    searchers(&[
        b"process.mainModule.require",
        b".mainModule.require(",
        b"('return process')()",
        b"(\"return process\")()",
        b"getThis().process",
        b"exec(base64.b64decode(",
        b"eval(base64.b64decode(",
        b"getThis().constructor",
        b"${$_}[_](",
        b"const_get('Kernel')",
        b"java.lang.ProcessBuilder(",
        b"process.mainModule[",
        b"global.process.",
        b"process.binding('spawn_sync",
        b"constructor('return ",
        b"constructor(\"return ",
        b"invokefunction&function=",
        b"\\think\\app",
        b"\\think\\Request",
        b"auto_prepend_file=",
        b"auto_prepend_file%3d",
        b"allow_url_include=",
        b"pyimport os",
        b"forName(\"java.lang.Runtime",
        b"forName('java.lang.Runtime",
        b"Runtime.getRuntime().exec",
        b"Diagnostics.Process.Start(",
        b"javax.script.ScriptEngineManager(",
        b"].execute()",
        b".send(:eval",
        b".send(:system",
        b".send(:instance_eval",
        b"clojure.java.shell",
        b"[System.Diagnostics.Process]::Start(",
        b"Kernel.open('|",
        b"Kernel.open(\"|",
        b"GROOVY('{\"returnType",
        b":os.cmd(",
        b"package.loadlib(",
        b"System.IO.File.ReadAllText(",
        b"Execute(Request(",
        b"execute(request(",
        b"function asenc(",
        b"eval(System.Text.Encoding",
        b"getattr(__builtins__",
        b"__builtins__.__dict__[",
        b"__builtins__.__import__(",
        b"__builtins__['",
        b"__builtins__[\"",
        b"['__builtins__']",
        b"[\"__builtins__\"]",
        b"<cfexecute ",
        b"<cfoutput>#",
    ])
});
/// Names of functions and classes that are a value by themselves.
const WHOLE: [&[u8]; 6] = [
    // What is built in their place calls, or writes, what it is told.
    b"GuzzleHttp\\Psr7\\FnStream",
    b"GuzzleHttp\\Cookie\\FileCookieJar",
    b"yii\\rbac\\PhpManager",
    b"call_user_func_array",
    b"call_user_func",
    b"\\think\\app/invokefunction",
];

/// What a phrase or a name tells.
pub(super) fn phrases(text: &[u8]) -> Option<Evidence> {
    if WHOLE.contains(&text) {
        return evidence(
            0,
            text.len(),
            "the name of a function that calls others",
            Confidence::Certain,
        );
    }
    if let Some(own) = PHRASES.find(text) {
        return evidence(own.start, own.end, CALL, Confidence::Certain);
    }
    request(text)
        .or_else(|| product(text))
        .or_else(|| backticks(text))
        .or_else(|| shown(text))
        .or_else(|| reverse_shell(text))
        .or_else(|| characters(text))
        .or_else(|| interpolated(text))
        .or_else(|| named(text))
}

/// `$a="sys"."tem";$a("id");`: PHP calls what a variable spells, and the text says what that is.
fn named(text: &[u8]) -> Option<Evidence> {
    /// How many assignments are looked at, and how far behind each for the call.
    const TRIES: usize = 8;
    const NEAR: usize = 256;
    let assigned = seek::memchr_iter(b'$', text).filter_map(|at| {
        let rest = text.get(at + 1..)?;
        let len = rest.iter().take(24).take_while(|own| letter(**own)).count();
        let name = rest.get(..len).filter(|name| !name.is_empty())?;
        let value = rest.get(len..)?.trim_ascii_start().strip_prefix(b"=")?;
        (value.first() != Some(&b'=')).then_some((at, name, value))
    });
    let (at, end) = assigned.take(TRIES).find_map(|(at, name, value)| {
        let value = value.get(..value.len().min(NEAR))?.trim_ascii_start();
        let behind = value.get(spelled(value)?..)?.strip_prefix(b";")?;
        let called = seek::memchr_iter(b'$', behind).any(|at| {
            let rest = behind.get(at + 1..).unwrap_or_default();
            rest.strip_prefix(name)
                .is_some_and(|rest| rest.first() == Some(&b'('))
        });
        called.then_some((at, at + 1 + name.len()))
    })?;
    evidence(at, end, CALL, Confidence::Certain)
}

/// How long the strings are that are joined at the beginning of a text, if they spell the name of a function that
/// runs something.
fn spelled(text: &[u8]) -> Option<usize> {
    let mut name = [0; 32];
    let mut len = 0;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?.trim_ascii_start();
        let (quote, inside) = rest.split_first().filter(|(own, _)| b"'\"".contains(own))?;
        let end = seek::memchr(*quote, inside).filter(|end| *end < name.len())?;
        for own in inside.get(..end)? {
            *name.get_mut(len)? = own.to_ascii_lowercase();
            len += 1;
        }
        let behind = inside.get(end + 1..)?.trim_ascii_start();
        at = text.len() - behind.len();
        match behind.strip_prefix(b".") {
            Some(next) => at = text.len() - next.len(),
            None => break,
        }
    }
    let name = name.get(..len)?;
    let runs = matches!(
        words::function(name),
        Some(words::Function::Command | words::Function::Info)
    );
    let evaluates = matches!(
        name,
        b"assert" | b"eval" | b"create_function" | b"call_user_func"
    );
    (runs || evaluates).then_some(at)
}

/// `{${sleep(20)}}`, `${@print(1)}`: PHP asks a call for the name of a variable inside a string. The first is a
/// text of its own; inside another it may be a template in a template.
fn interpolated(text: &[u8]) -> Option<Evidence> {
    let calls = |from: usize| {
        let rest = text.get(from..)?;
        let name = rest.iter().take_while(|own| letter(**own)).count();
        let named = rest.first().is_some_and(|own| !own.is_ascii_digit());
        (name > 0 && named && rest.get(name) == Some(&b'(')).then_some(from + name)
    };
    let whole = text.trim_ascii();
    let begin = text.len() - text.trim_ascii_start().len();
    let braced = whole.starts_with(b"{${") && whole.ends_with(b")}}");
    let braced = braced.then(|| calls(begin + 3)).flatten();
    let silenced = || {
        let mut each = seek::memchr_iter(b'@', text);
        each.find_map(|at| {
            let opened = text.get(..at)?.ends_with(b"${");
            opened.then(|| calls(at + 1)).flatten()
        })
    };
    let open = braced.or_else(silenced)?;
    evidence(begin, open + 1, RUNS, Confidence::Certain)
}

/// PHP: what the caller sent is called, run, or included: `$_GET[0]($_GET[1])`, `` `$_GET[x]` ``.
fn request(text: &[u8]) -> Option<Evidence> {
    const VARIABLES: [&[u8]; 7] = [
        b"GET", b"POST", b"REQUEST", b"COOKIE", b"SERVER", b"FILES", b"SESSION",
    ];
    let mut from = 0;
    while let Some(found) = pair(text.get(from..)?, *b"$_") {
        let at = from + found;
        from = at + 2;
        let name = text.get(from..)?;
        let known = VARIABLES.iter().find(|own| name.starts_with(own));
        let Some(known) = known else {
            continue;
        };
        let rest = name.get(known.len()..)?;
        if !matches!(rest.first(), Some(b'[' | b'{')) {
            continue;
        }
        let end = rest
            .iter()
            .take(64)
            .position(|byte| matches!(byte, b']' | b'}'));
        let called = end.and_then(|end| rest.get(end + 1)) == Some(&b'(');
        let before = text.get(..at)?;
        let run = before.last() == Some(&b'`');
        let word = before.trim_ascii_end();
        let included = [
            &b"include"[..],
            b"require",
            b"include_once",
            b"require_once",
            b"eval",
            b"echo",
        ]
        .iter()
        .any(|own| word.ends_with(own));
        if called || run || included {
            return evidence(at, from + known.len(), RUNS, Confidence::Certain);
        }
        return evidence(
            at,
            from + known.len(),
            "a variable of PHP",
            Confidence::Possible,
        );
    }
    None
}

/// `response.write(9352987*9421984)`: a page that shows a product nobody needs.
fn product(text: &[u8]) -> Option<Evidence> {
    let head = text.get(..64).unwrap_or(text);
    let at = ["response.write(", "Response.Write("];
    let at = at
        .iter()
        .find_map(|own| phrases::find(head, own.as_bytes()))?;
    let rest = text.get(at + 15..)?;
    let number = |rest: &[u8]| {
        rest.iter()
            .take(16)
            .take_while(|own| own.is_ascii_digit())
            .count()
    };
    let first = number(rest);
    let behind = rest.get(first..)?.strip_prefix(b"*")?;
    let second = number(behind);
    (first > 0 && second > 0 && behind.get(second) == Some(&b')'))
        .then(|| evidence(at, at + 16 + first + second, CALL, Confidence::Certain))
        .flatten()
}

/// Commands that are tried first.
const COMMANDS: [&[u8]; 16] = [
    b"id",
    b"whoami",
    b"uname",
    b"ls",
    b"cat",
    b"sleep",
    b"ping",
    b"curl",
    b"wget",
    b"nslookup",
    b"pwd",
    b"dir",
    b"ipconfig",
    b"ifconfig",
    b"hostname",
    b"dig",
];

/// ``print(`id`)``, ``die(`echo $((7+7))`)``: what a command of the system says, shown by PHP.
fn shown(text: &[u8]) -> Option<Evidence> {
    const SHOW: [&[u8]; 6] = [
        b"print",
        b"print_r",
        b"printf",
        b"die",
        b"exit",
        b"var_dump",
    ];
    let open = pair(text, *b"(`")?;
    let name = super::name_before(text, open);
    let inside = text.get(open + 2..)?;
    let end = seek::memchr(b'`', inside)?;
    let command = inside.get(..end)?.split(|own| *own == b' ').next()?;
    let sums = command == b"echo" && crate::phrases::find(inside, b"$((").is_some();
    let known = SHOW.contains(&name) && (sums || COMMANDS.contains(&command));
    known
        .then(|| evidence(open - name.len(), open + 3 + end, CALL, Confidence::Certain))
        .flatten()
}

/// ``echo `id`;``, ``#{`id`}``: a command of the system in a statement or a string, and nothing else.
fn backticks(text: &[u8]) -> Option<Evidence> {
    const BEFORE: [&[u8]; 6] = [b"echo", b"print", b"puts", b"return", b"p", b"#{"];
    let open = seek::memchr(b'`', text)?;
    let before = text.get(..open)?.trim_ascii();
    let before = before
        .trim_ascii_start()
        .strip_prefix(b";")
        .unwrap_or(before)
        .trim_ascii();
    let shown = BEFORE.iter().any(|own| before.eq_ignore_ascii_case(own));
    let rest = text.get(open + 1..)?;
    let end = seek::memchr(b'`', rest)?;
    let (inside, behind) = rest.split_at_checked(end)?;
    let command = inside.split(|own| *own == b' ').next().unwrap_or_default();
    let quotes = behind.iter().filter(|own| **own == b'`').count();
    let embedded = before.is_empty() && crate::phrases::find(behind, b"#{`").is_some();
    let ends = behind
        .iter()
        .all(|own| matches!(own, b'`' | b';' | b'}' | b' ' | b'\n' | b'"'));
    (COMMANDS.contains(&command) && (shown && ends && quotes == 1 || embedded))
        .then(|| evidence(open, open + 1 + end, CALL, Confidence::Certain))
        .flatten()
}

/// A string put together from the numbers of its characters.
fn characters(text: &[u8]) -> Option<Evidence> {
    let mut count = 0;
    let mut first = 0;
    for at in seek::memchr_iter(b'(', text) {
        let before = text.get(at.saturating_sub(3)..at).unwrap_or_default();
        let digit = text.get(at + 1).is_some_and(u8::is_ascii_digit);
        if digit && before.eq_ignore_ascii_case(b"chr") {
            first = if count == 0 {
                at.saturating_sub(3)
            } else {
                first
            };
            count += 1;
            if count == 3 {
                return evidence(
                    first,
                    at + 1,
                    "a string made of character numbers",
                    Confidence::Likely,
                );
            }
        }
    }
    None
}

/// Sockets that are given to a shell.
fn reverse_shell(text: &[u8]) -> Option<Evidence> {
    let find = |word: &[u8]| phrases::find(text, word);
    let shell = find(b"/bin/sh")
        .or_else(|| find(b"/bin/bash"))
        .or_else(|| find(b"cmd.exe"))?;
    let socket = find(b"fsockopen(")
        .or_else(|| find(b"socket.socket("))
        .or_else(|| find(b"TCPSocket"))
        .or_else(|| find(b"new Socket("))
        .or_else(|| find(b"net.Dial("))
        .or_else(|| find(b"Socket(S,PF_INET"))
        .or_else(|| find(b"socket(S,PF_INET"))
        .or_else(|| find(b"TCPClient("))?;
    evidence(
        socket.min(shell),
        socket.max(shell) + 7,
        "a shell behind a socket",
        Confidence::Certain,
    )
}

/// Tags that begin code in a page.
pub(super) fn read(text: &[u8]) -> Option<Evidence> {
    let mut best: Option<Evidence> = None;
    /// How many tags are looked behind.
    const MOST: usize = 32;
    let mut from = 0;
    let mut seen = 0;
    while let Some(found) = seek::memchr(b'<', text.get(from..)?) {
        let at = from + found;
        from = at + 1;
        if !matches!(text.get(from), Some(b'?' | b'%' | b's' | b'S')) {
            continue;
        }
        seen += 1;
        if seen > MOST {
            break;
        }
        let rest = text.get(from..(from + 400).min(text.len()))?;
        let confidence = tag(rest);
        if let Some(confidence) = confidence
            && best
                .as_ref()
                .is_none_or(|best| best.confidence < confidence)
        {
            let reading = if rest.starts_with(b"?") { PHP } else { TAG };
            best = evidence(at, at + 5, reading, confidence);
        }
        if best
            .as_ref()
            .is_some_and(|best| best.confidence == Confidence::Certain)
        {
            break;
        }
    }
    best
}

/// What the tag is whose `<` stands before `rest`.
fn tag(rest: &[u8]) -> Option<Confidence> {
    let begins = |own: &[u8]| {
        rest.get(..own.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(own))
    };
    if begins(b"?php") || begins(b"?=") {
        php(rest.get(2..)?)
    } else if begins(b"% eval")
        || begins(b"%eval")
        || begins(b"%execute")
        || begins(b"%@ page language")
        || begins(b"%@page import")
    {
        Some(Confidence::Certain)
    } else if begins(b"%") {
        let java = [
            &b"getParameter("[..],
            b"getRuntime()",
            b"java.io.",
            b"out.println(",
            b"Request.",
            b"request(",
            b"Response.Write",
            b"ProcessBuilder",
            b"CreateObject",
        ]
        .iter()
        .any(|own| phrases::find(rest, own).is_some());
        java.then_some(Confidence::Certain)
    } else if begins(b"script") && phrases::find(rest, b"runat=").is_some_and(|at| at < 60) {
        Some(Confidence::Certain)
    } else {
        None
    }
}

/// What follows `<?php` or `<?=`.
fn php(rest: &[u8]) -> Option<Confidence> {
    let rest = rest.strip_prefix(b"hp").unwrap_or(rest);
    let code = rest
        .iter()
        .any(|byte| matches!(byte, b'(' | b';' | b'$' | b'`'))
        && rest.first().is_some_and(|byte| {
            *byte <= b' ' || matches!(byte, b'@' | b'$' | b'`' | b'e' | b's' | b'=' | b'/' | b'(')
        });
    Some(if code {
        Confidence::Certain
    } else {
        Confidence::Possible
    })
}
