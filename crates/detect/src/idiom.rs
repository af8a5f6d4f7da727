//! Phrases of exploits that no program, page or template people write holds: ways from a value to the
//! interpreter that reads it. Fields for code hold code, but not these.

use crate::phrases::{Phrases, searchers};
use crate::seek;

/// Ways out of Python's, JavaScript's and PHP's sandboxes.
static CODE: Phrases = Phrases::new(|| {
    searchers(&[
        b"__subclasses__",
        b"__globals__",
        b"__builtins__",
        b"__mro__",
        b"__import__('os",
        b"__import__(\"os",
        b"__import__('subprocess",
        b"constructor.constructor",
        b"('return process')()",
        b"(\"return process\")()",
        b"getThis().process",
        b"getThis().constructor",
        b"exec(__import__(",
        b"eval(__import__(",
        b"exec(base64.b64decode(",
        b"eval(base64.b64decode(",
        b"exec(bytes.fromhex(",
        b"eval(base64_decode(",
        b"eval(gzinflate(",
        b"constructor('return",
        b"constructor(\"return",
        b"[\"constructor\"](\"",
        b"['constructor']('",
        b"process.mainModule",
        b"string.sub \"constructor\"",
        b"freemarker.template.utility.Execute",
        b"freemarker.template.utility.ObjectConstructor",
        b"freemarker.template.utility.JythonRuntime",
    ])
});

/// Those out of templates, where a program in Java would be out of place.
static TEMPLATE: Phrases = Phrases::new(|| {
    searchers(&[
        b"freemarker.template.utility",
        b"java.lang.Runtime",
        b"getRuntime",
        b"ProcessBuilder",
        b"ScriptEngineManager",
        b"_memberAccess",
        b"OgnlContext",
        b"registerUndefinedFilterCallback",
        b"Smarty_Internal_",
        b"getClassLoader",
        b"protectionDomain.classLoader",
        b"getSession().setAttribute(",
        b"Diagnostics.Process.Start(",
        b"_charset|",
        b"signer.key",
    ])
});

/// The longest expression that is one; longer texts are programs, and may hold anything.
const LONGEST: usize = 1024;

/// Commands that show who one is on a server, or fetch something to it: what programs people write never run.
const PROBES: [&[u8]; 9] = [
    b"id",
    b"whoami",
    b"uname",
    b"uname -a",
    b"ifconfig",
    b"ipconfig",
    b"cat /etc/passwd",
    b"calc",
    b"calc.exe",
];

/// Whether one of the strings of a call is a command that only a probe runs: `os.execute('id')`,
/// `"whoami".execute()`.
pub(crate) fn probes(call: &[u8]) -> bool {
    seek::memchr2_iter(b'\'', b'"', call).any(|at| {
        let (quote, inner) = (call.get(at), call.get(at + 1..).unwrap_or_default());
        let ends = |own: &&[u8]| {
            let rest = inner.strip_prefix(*own);
            rest.is_some_and(|rest| rest.first() == quote)
        };
        PROBES.iter().any(ends)
    })
}

/// Whether a line ends a quotation that it did not open, and a statement with it: `x'; …`. A field for
/// programs holds none that begins so.
pub(crate) fn breaks_out(text: &[u8]) -> bool {
    const NEAR: usize = 24;
    let head = text.get(..text.len().min(NEAR)).unwrap_or_default();
    let Some(quote) = seek::memchr2(b'\'', b'"', head) else {
        return false;
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = text.get(..quote).unwrap_or_default();
    let behind = text.get(quote + 1..).unwrap_or_default().iter();
    let next = behind
        .copied()
        .find(|byte| !matches!(byte, b')' | b'}' | b']' | b' '));
    next == Some(b';')
        && before.iter().all(word)
        && text.len() <= LONGEST
        && seek::memchr(b'\n', text.trim_ascii()).is_none()
}

/// Whether a text of one line leads out of the language it is written in.
pub(crate) fn in_code(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.len() <= LONGEST && seek::memchr(b'\n', text).is_none() && CODE.are_in(text)
}

/// Whether an expression leads out of its template.
pub(crate) fn in_template(expression: &[u8]) -> bool {
    let head = expression.get(..LONGEST).unwrap_or(expression);
    CODE.are_in(head) || TEMPLATE.are_in(head)
}
