//! Expressions of server-side templates and expression languages, and lookups of loggers.
//!
//! What lies between the delimiters of any template language is read for arithmetic that only a probe
//! has a use for (`{{7*7}}`) and for words that lead out of a template: to classes, loaders, modules,
//! commands. A template that shows a variable is none of this. Some languages need no delimiters where
//! they are evaluated (SpEL, OGNL, the binding of parameter names in Spring): [`bare`] knows theirs.
//! [`latex`] knows the commands of LaTeX that reach the server which sets it.

mod bare;
mod latex;
mod lookup;
mod words;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;
use crate::set::{self, Set};
use lookup::Lookup;
use words::Word;

/// Templates, expression languages and lookups.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Template,
    bytes: b"",
    words: &[
        "{{",
        "{%",
        "${",
        "#{",
        "*{",
        "%{",
        "~{",
        "<%",
        "@(",
        "@{",
        "<#",
        "#set",
        "[=",
        "{php",
        "{$smarty",
        "{smarty_",
        "{if ",
        "{system",
        "{self::",
        "{'",
        "{\"",
        "{=",
        "{7*",
        "classloader",
        "__class__",
        "__subclasses__",
        "__globals__",
        "t(java",
        "t(org",
        "@java.",
        "_memberaccess",
        "#context",
        "_templatereference",
        "$class.inspect",
        "@system.",
        "%23_member",
        "[[",
        "[=",
        "~[",
        "[#",
        "forname(",
        "processbuilder(",
        "freemarker.template",
        "@system.",
        "\\write",
        "\\input",
        "\\include",
        "\\openin",
        "\\openout",
        "\\verbatiminput",
        "\\lstinput",
        "\\directlua",
        "\\luaexec",
        "\\shellescape",
    ],
    glance: None,
    detect,
};

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let found = delimited(input);
    if found
        .as_ref()
        .is_some_and(|found| found.confidence == Confidence::Certain)
    {
        return found;
    }
    let other = bare::read(input)
        .or_else(|| latex::read(input))
        .or_else(|| bare::squares(input));
    match (&found, &other) {
        (Some(own), Some(bare)) if own.confidence >= bare.confidence => found,
        (_, Some(_)) => other,
        (_, None) => found,
    }
}

/// What an expression was found to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// It looks at what belongs to the server.
    Look,
    /// It computes what only a probe computes, in delimiters that occur in text as well.
    Odd,
    /// It computes what only a probe computes.
    Probe,
    /// It leads out of the template.
    Escape,
}

fn delimited(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<(Act, usize, usize)> = None;
    let mut at = 0;
    let mut looked = 0;
    while let Some(open) = opening(text, at) {
        if open.lookup && open.at >= looked {
            let (found, end) = lookup::read(text, open.at);
            looked = end;
            match found {
                Some(Lookup::Runs) => return verdict(input, Act::Escape, open.at, end, true),
                Some(Lookup::Reads) => best = best.max(Some((Act::Look, open.at, end))),
                None => {}
            }
        }
        let (act, end) = inside(text, &open);
        if let Some(act) = act
            && best.is_none_or(|(best, ..)| best < act)
        {
            best = Some((act, open.at, end));
        }
        if best.is_some_and(|(act, ..)| act == Act::Escape) {
            break;
        }
        at = end.max(open.content);
    }
    let (act, begin, end) = best?;
    verdict(input, act, begin, end, false)
}

/// How many bytes behind the word that told belong to its expression.
const REST: usize = 96;

fn verdict(input: &Input<'_>, act: Act, from: usize, to: usize, lookup: bool) -> Option<Evidence> {
    let written = matches!(
        input.context.place,
        Place::Form | Place::Json | Place::Xml | Place::Body | Place::File
    );
    let expected = matches!(input.context.field, Field::Code | Field::Telemetry);
    let (reading, confidence) = match act {
        Act::Escape if lookup => ("a lookup that loads or runs something", Confidence::Certain),
        Act::Escape => (
            "an expression that leads out of its template",
            Confidence::Certain,
        ),
        Act::Probe => (
            "an expression that only a probe computes",
            Confidence::Certain,
        ),
        Act::Odd => ("arithmetic in braces", Confidence::Likely),
        Act::Look if written => ("an expression that looks at the server", Confidence::Likely),
        Act::Look => (
            "an expression that looks at the server",
            Confidence::Certain,
        ),
    };
    // The content's end may lie before the delimiter's.
    let closing = input.text.get(to..).unwrap_or_default().iter();
    let end = to + closing.take_while(|byte| b"}>%)]".contains(byte)).count();
    let text =
        input.context.field == Field::Text || (written && input.context.field == Field::Plain);
    let quoted = text && crate::prose::quotes(input.text, from, end);
    // The word that told may stand before the one that tells all.
    let further = (to + REST).clamp(from, input.text.len());
    let expression = input.text.get(from..further);
    let leads_out = act == Act::Escape
        && expression.is_some_and(|own| crate::idiom::in_template(own) || filters(own));
    let confidence = if (expected && !lookup && !leads_out) || (quoted && act == Act::Probe) {
        confidence.less()
    } else {
        confidence
    };
    Some(Evidence {
        span: from..to.clamp(from, input.text.len()),
        reading,
        confidence,
    })
}

/// `|sort("passthru")`, `|map('system')`: a function of the system where a filter takes one.
fn filters(expression: &[u8]) -> bool {
    const FILTERS: [&[u8]; 6] = [
        b"filter(", b"map(", b"sort(", b"reduce(", b"find(", b"column(",
    ];
    const RUNS: [&[u8]; 7] = [
        b"passthru",
        b"system",
        b"shell_exec",
        b"exec",
        b"popen",
        b"proc_open",
        b"phpinfo",
    ];
    seek::memchr_iter(b'|', expression).take(16).any(|at| {
        let rest = expression
            .get(at + 1..)
            .unwrap_or_default()
            .trim_ascii_start();
        let given = FILTERS.iter().find_map(|own| rest.strip_prefix(*own));
        let [b'\'' | b'"', given @ ..] = given.unwrap_or_default().trim_ascii_start() else {
            return false;
        };
        let called = |own: &[u8]| {
            let quote = given.strip_prefix(own).and_then(<[u8]>::first);
            quote.copied().is_some_and(is_quote)
        };
        RUNS.iter().any(|own| called(own))
    })
}

/// An opened expression.
struct Open {
    at: usize,
    content: usize,
    kind: Kind,
    /// It may be a logger's lookup.
    lookup: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Ends with `}`.
    Brace,
    /// `%{…}`: OGNL.
    Percent,
    /// Ends with `)`.
    Paren,
    /// Ends with the text.
    Rest,
    /// Ends with `>`.
    Angle,
    /// One brace: text as well.
    Single,
}

/// The next expression that is opened at or after `at`.
fn opening(text: &[u8], at: usize) -> Option<Open> {
    let mut from = at;
    loop {
        let found = from + seek::memchr3(b'{', b'<', b'(', text.get(from..)?)?;
        from = found + 1;
        let before = found
            .checked_sub(1)
            .and_then(|at| text.get(at))
            .copied()
            .unwrap_or(0);
        let rest = text.get(from..)?;
        let (kind, lead, skip) =
            match (text.get(found)?, before, rest.first().copied().unwrap_or(0)) {
                (b'{', b'$' | b'#' | b'*' | b'@' | b'~', _) => (Kind::Brace, 1, 0),
                (b'{', b'%', _) => (Kind::Percent, 1, 0),
                (b'{', _, b'{' | b'%') => (Kind::Brace, 0, 1),
                (b'{', _, _) if single(rest) => (Kind::Single, 0, 0),
                (b'<', _, b'%' | b'#') => (Kind::Angle, 0, 1),
                (b'(', b'@', _) => (Kind::Paren, 1, 0),
                (b'(', b't', _) if text.get(..found)?.ends_with(b"#set") => (Kind::Rest, 4, 0),
                _ => continue,
            };
        return Some(Open {
            at: found - lead,
            content: from + skip,
            kind,
            lookup: before == b'$' && kind == Kind::Brace && lead == 1,
        });
    }
}

/// Whether what follows one brace reads as Smarty, or as arithmetic.
fn single(rest: &[u8]) -> bool {
    const BEGINS: [&[u8]; 9] = [
        b"php}",
        b"$smarty",
        b"if ",
        b"system(",
        b"self::",
        b"Smarty_",
        b"exec(",
        b"passthru(",
        b"fetch ",
    ];
    // Latte: `{='id'|system}`.
    let value = rest.strip_prefix(b"=").unwrap_or(rest);
    let piped = value.first().is_some_and(|own| is_quote(*own)) && {
        let head = rest.get(..80).unwrap_or(rest);
        memchr::memmem::find(head, b"'|")
            .or_else(|| memchr::memmem::find(head, b"\"|"))
            .is_some()
    };
    piped
        || rest.first().is_some_and(u8::is_ascii_digit)
        || BEGINS.iter().any(|own| rest.starts_with(own))
}

/// Reads an expression's content; what it does, and where it ends.
fn inside(text: &[u8], open: &Open) -> (Option<Act>, usize) {
    const MOST: usize = 4096;
    let mut best = arithmetic(text, open.content, open.kind);
    let mut at = open.content;
    let last = text.len().min(open.content + MOST);
    let mut depth = 0_usize;
    // What leads to a number is gone through once, however many braces are in it.
    let mut tried = at;
    while at < last {
        let byte = text.get(at).copied().unwrap_or(0);
        match byte {
            b'{' => {
                depth += 1;
                if at >= tried && !matches!(text.get(at + 1), Some(b'{' | b'$' | b'#')) {
                    let rest = text.get(at + 1..last).unwrap_or_default();
                    tried = at + 1 + leading(rest);
                    best = best.max(arithmetic(text, tried, open.kind));
                }
            }
            b'(' if open.kind == Kind::Paren => depth += 1,
            b'}' if !matches!(open.kind, Kind::Paren | Kind::Angle | Kind::Rest) => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            b')' if open.kind == Kind::Paren => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            b'>' if open.kind == Kind::Angle
                && text.get(at + 1).is_none_or(|byte| *byte != b'=') =>
            {
                break;
            }
            b'"' | b'\'' | b'`' | b'%' if quoted(text, open, at) => {
                return (Some(Act::Escape), at + 1);
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                let rest = text.get(at..last).unwrap_or_default();
                let len = rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                best = best.max(judge(text, open, at, at + len));
                at += len;
                if best == Some(Act::Escape) {
                    return (best, at);
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    (best, at)
}

fn begins(text: &[u8], prefix: &[u8]) -> bool {
    text.starts_with(prefix)
}

/// Whether a string or a command begins at `at` that no template holds.
fn quoted(text: &[u8], open: &Open, at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    match text.get(at) {
        Some(b'`') => {
            let before = text.get(open.content..at).unwrap_or_default();
            // PHP runs what stands between: ``${`id`}``.
            let run = || {
                let end = seek::memchr(b'`', rest);
                open.lookup && end.is_some_and(|end| rest.get(end + 1) == Some(&b'}'))
            };
            let only = |signs: &[u8]| before.iter().all(|byte| signs.contains(byte));
            open.kind == Kind::Angle && only(b"= -%") || only(b" ") && run()
        }
        Some(b'%') => {
            let command = matches!(rest, [b'x', sign, ..] if sign.is_ascii_punctuation());
            let before = text.get(open.content..at).unwrap_or_default();
            command && open.kind == Kind::Brace && before.iter().all(|own| *own == b' ')
        }
        _ => [
            &b"__"[..],
            b"\\x5f",
            b"\\u005f",
            b"/etc/",
            b"/proc/",
            b"file:/",
            b"../..",
            b"\\137",
        ]
        .iter()
        .any(|own| rest.starts_with(own)),
    }
}

/// What the signs around a word tell, whatever it means.
fn shape(
    text: &[u8],
    open: &Open,
    (begin, before): (usize, u8),
    (word, rest): (&[u8], &[u8]),
) -> Option<Act> {
    let next = rest.first().copied().unwrap_or(0);
    if before == b'#' && open.kind == Kind::Percent && matches!(next, b'.' | b'=' | b'[') {
        return Some(Act::Escape);
    }
    if begin == open.content
        && let Some(act) = action(open, word, next)
    {
        return Some(act);
    }
    // Freemarker: `"…"?new()`.
    if before == b'?'
        && matches!(word, b"new" | b"api" | b"eval" | b"interpret")
        && matches!(next, b'(' | b'.')
    {
        return Some(Act::Escape);
    }
    let opened = begin.checked_sub(2).and_then(|at| text.get(at)) == Some(&b'(');
    if before == b'#' && opened && next == b'=' {
        return Some(Act::Escape);
    }
    // `global.process.env` of Node.
    if word == b"global" && begins(rest, b".process") {
        return Some(Act::Escape);
    }
    // Handlebars: `{{#with "s" as |string|}}` makes an object of a string to reach its class.
    let string = matches!(rest, [b'"' | b'\'', ..]);
    if word == b"with" && before == b'#' && string && open.kind == Kind::Brace {
        return Some(Act::Escape);
    }
    if begins(rest, b".request") && word == b"app"
        || begins(rest, b".settings") && word == b"handler"
    {
        return Some(Act::Look);
    }
    None
}

/// What a word of an expression tells by what stands around it.
fn judge(text: &[u8], open: &Open, begin: usize, end: usize) -> Option<Act> {
    let word = text.get(begin..end)?;
    let rest = text.get(end..)?.trim_ascii_start();
    let next = rest.first().copied().unwrap_or(0);
    let before = begin
        .checked_sub(1)
        .and_then(|at| text.get(at))
        .copied()
        .unwrap_or(0);
    if let Some(act) = shape(text, open, (begin, before), (word, rest)) {
        return Some(act);
    }
    let led = text.get(open.content..begin).unwrap_or_default();
    let given = open.kind == Kind::Brace && is_quote(next) && led.trim_ascii_start() == b".";
    // Go: `{{ .System "id" }}`.
    if given && words::is_method(word) {
        return Some(Act::Escape);
    }
    // The key that Django signs with, by way of its messages.
    if word == b"signer" && begins(rest, b".key") {
        return Some(Act::Escape);
    }
    if word.starts_with(b"Smarty_Internal_") {
        return Some(Act::Escape);
    }
    if before == b'_' || word.len() > 40 {
        return None;
    }
    match words::word(word)? {
        Word::Look if word == b"config" && begins(rest, b".items") => Some(Act::Escape),
        Word::Look if word == b"smarty" && before == b'$' => Some(Act::Escape),
        Word::Look if word == b"php" && open.kind == Kind::Single => Some(Act::Escape),
        Word::Escape => Some(Act::Escape),
        Word::Call if next == b'(' || (before == b'|' && open.kind != Kind::Angle) => {
            Some(Act::Escape)
        }
        // `|filter('system')`
        Word::Call if is_quote(before) && is_quote(next) => piped(text, open, begin),
        // `'sun.sun'`: the name of something in a string.
        Word::Owner if matches!(word, b"sun" | b"os" | b"commons") && is_quote(before) => None,
        Word::Owner if matches!(next, b'.' | b':' | b'[') && before != b'.' => {
            (open.kind != Kind::Angle || word != b"System").then_some(Act::Escape)
        }
        Word::Constructor
            if next == b'('
                || rest.starts_with(b".constructor")
                || rest.starts_with(b".call(")
                || rest.starts_with(b".apply(")
                || rest.starts_with(b"['constructor") =>
        {
            Some(Act::Escape)
        }
        Word::Constructor if is_quote(before) => Some(Act::Escape),
        Word::Look
            if !matches!(before, b'.' | b'$') || matches!(word, b"data_model" | b"smarty") =>
        {
            Some(Act::Look)
        }
        Word::Call | Word::Owner | Word::Constructor | Word::Look => None,
    }
}

/// Go: `{{call .System "id"}}`, `{{printf "%s" .Key}}`, `{{template "x"}}`.
fn action(open: &Open, word: &[u8], next: u8) -> Option<Act> {
    match (word, next) {
        _ if open.kind != Kind::Brace => None,
        (b"call", b'.') => Some(Act::Escape),
        (b"printf" | b"define" | b"template", b'"') => Some(Act::Look),
        _ => None,
    }
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"')
}

/// Whether a quoted name of a function is given to a filter that calls it.
fn piped(text: &[u8], open: &Open, begin: usize) -> Option<Act> {
    let content = text.get(open.content..begin)?;
    let tail = content.get(content.len().saturating_sub(24)..)?;
    [
        &b"filter("[..],
        b"map(",
        b"sort(",
        b"reduce(",
        b"Callback(",
        b"call(",
        b"options':",
    ]
    .iter()
    .any(|own| memchr::memmem::find(tail, own).is_some())
    .then_some(Act::Escape)
}

/// How many bytes stand before a number that only lead to it.
fn leading(text: &[u8]) -> usize {
    const LEADING: Set = set::of(b" \t\n${#=@~!&-(['\":");
    let mut bytes = text.iter();
    bytes
        .position(|byte| !set::has(LEADING, *byte))
        .unwrap_or(text.len())
}

/// Arithmetic of two numbers, one of which may be quoted, and nothing else.
fn arithmetic(text: &[u8], at: usize, kind: Kind) -> Option<Act> {
    let skip = |rest: &mut &[u8], skipped: &[u8]| {
        while let Some((first, tail)) = rest.split_first() {
            if !skipped.contains(first) {
                break;
            }
            *rest = tail;
        }
    };
    let number = |rest: &mut &[u8]| {
        let before = rest.len();
        while let Some((b'0'..=b'9' | b'.', tail)) = rest.split_first() {
            *rest = tail;
        }
        let len = before - rest.len();
        (1..=12).contains(&len)
    };
    let mut rest = text.get(at..(at + 80).min(text.len()))?;
    if kind == Kind::Rest && rest.starts_with(b"$") {
        // `#set($x = 7*7)`
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        rest = rest.get(equals + 1..)?;
    }
    rest = rest.get(leading(rest)..)?;
    // `{% if 7*7==49 %}`
    if let Some(compared) = rest.strip_prefix(b"if ").filter(|_| kind == Kind::Brace) {
        rest = compared;
    }
    if !number(&mut rest) {
        return None;
    }
    skip(&mut rest, b" '\")");
    let sign = *rest.first()?;
    if !b"*+-/%".contains(&sign) {
        return None;
    }
    rest = rest.get(1..)?;
    skip(&mut rest, b" '\"(*");
    if !number(&mut rest) {
        return None;
    }
    skip(&mut rest, b" \t\n'\"*+-=0123456789");
    let closed = matches!(
        rest.first(),
        Some(b'}' | b')' | b'%' | b']' | b'|' | b'>' | b';')
    ) || (kind == Kind::Paren && rest.is_empty());
    match sign {
        _ if !closed => None,
        b'*' | b'+' if kind != Kind::Single => Some(Act::Probe),
        _ => Some(Act::Odd),
    }
}
