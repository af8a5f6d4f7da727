//! Phrases of exploits that no program, page or template people write holds: ways from a value to the
//! interpreter that reads it. Fields for code hold code, but not these.

use crate::phrases::{Phrases, searchers};

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
        b"constructor.constructor(",
        b"constructor('return",
        b"constructor(\"return",
        b"process.mainModule",
        b"string.sub \"constructor\"",
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
    ])
});

/// The longest expression that is one; longer texts are programs, and may hold anything.
const LONGEST: usize = 1024;

/// Whether a text of one line leads out of the language it is written in.
pub(crate) fn in_code(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.len() <= LONGEST && memchr::memchr(b'\n', text).is_none() && CODE.are_in(text)
}

/// Whether an expression leads out of its template.
pub(crate) fn in_template(expression: &[u8]) -> bool {
    let head = expression.get(..LONGEST).unwrap_or(expression);
    CODE.are_in(head) || TEMPLATE.are_in(head)
}
