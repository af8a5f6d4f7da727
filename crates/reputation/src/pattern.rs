use babyshield_model::{Diagnostic, Diagnostics, Span};
use regex_automata::meta;
use regex_automata::util::syntax;

/// One text of a list as the operator wrote it, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The text.
    pub text: String,
    /// Its place in the policy file, for faults.
    pub place: Option<Span>,
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            place: None,
        }
    }
}

impl Pattern {
    /// The word that stands for the list in the binary.
    pub const BUILTIN: &'static str = "builtin";

    /// A fault at this text.
    pub(crate) fn fault(
        &self,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let mut fault = Diagnostic::error(code, message).help(help);
        fault.span.clone_from(&self.place);
        fault
    }

    /// Whether it is a slip of the pen for [`Pattern::BUILTIN`].
    pub(crate) fn resembles_builtin(&self) -> bool {
        let text = self.text.to_ascii_lowercase().replace(['-', '_', ' '], "");
        strsim::damerau_levenshtein(&text, Self::BUILTIN) <= 2
    }
}

/// Memory that one list of expressions may take when compiled.
const REGEX_BYTES: usize = 10 << 20;

/// All expressions of one list as one engine, which says which of them match. Expressions are
/// searched in bytes and in linear time.
pub(crate) fn compile_regexes<T: AsRef<str>>(
    expressions: &[T],
) -> Result<meta::Regex, Box<meta::BuildError>> {
    meta::Regex::builder()
        .configure(
            meta::Config::new()
                .utf8_empty(false)
                .nfa_size_limit(Some(REGEX_BYTES))
                .match_kind(regex_automata::MatchKind::All),
        )
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build_many(expressions)
        .map_err(Box::new)
}

/// Checks one expression by itself, so that a fault names the one that is wrong.
pub(crate) fn check_regex(pattern: &Pattern, expression: &str, faults: &mut Diagnostics) -> bool {
    match compile_regexes(&[expression]) {
        Ok(_) => true,
        Err(error) => {
            let reason = match error.syntax_error() {
                Some(syntax) => syntax.to_string(),
                None => error.to_string(),
            };
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            let message = format!("`{}` is not a usable expression: {reason}", pattern.text);
            let help = "look-around and back-references are not known; write RE2 syntax";
            faults.push(pattern.fault("reputation.bad_regex", message, help));
            false
        }
    }
}
