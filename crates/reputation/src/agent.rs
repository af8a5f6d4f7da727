//! The names that scanners and attack tools give themselves in `User-Agent`.
//!
//! This stops nobody who lies; it stops the many who do not bother. Browsers, search engines,
//! ordinary HTTP libraries (`curl`, `okhttp`, `python-requests`) and monitoring are not on the
//! built-in list.
//!
//! ```
//! use babyshield_reputation::agent::{Plan, Spec};
//!
//! let plan = Plan::compile(&Spec::from(["builtin", "BadBot", "!sqlmap"].as_slice())).unwrap();
//! assert_eq!(plan.find(b"Mozilla/5.0 Nikto/2.5").unwrap().name, "Nikto");
//! assert_eq!(plan.find(b"badbot 1.0").unwrap().class, "own");
//! assert!(plan.find(b"sqlmap/1.8").is_none());
//! ```

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use babyshield_model::{Diagnostic, Diagnostics, nearest};
use regex_automata::meta;

use crate::data;
use crate::pattern::{Pattern, check_regex, compile_regexes};

const BUILTIN: &str = include_str!("../data/agents.toml");

/// Which agents are blocked: `builtin`; any text, found anywhere without regard to case; an
/// expression after `re:`; and, after `!`, the name of a built-in agent that is not to be blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The list as written.
    pub patterns: Vec<Pattern>,
}

impl From<&[&str]> for Spec {
    fn from(texts: &[&str]) -> Self {
        Self {
            patterns: texts.iter().copied().map(Pattern::from).collect(),
        }
    }
}

/// Who was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The tool's own name, or the operator's pattern.
    pub name: String,
    /// What it is for: `vulnerability-scanner`, …, or `own`.
    pub class: String,
}

/// A list of agents, ready to be asked.
#[derive(Debug)]
pub struct Plan {
    /// The agents of `literals`, in the same order, then those of `expressions`.
    entries: Vec<(Form, Entry)>,
    literals: AhoCorasick,
    expressions: Option<meta::Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Word,
    Prefix,
    Exact,
    Anywhere,
    Expression,
}

/// A pattern on its way into the plan.
struct Draft {
    form: Form,
    text: String,
    entry: Entry,
}

impl Plan {
    /// Checks and compiles a list.
    ///
    /// # Errors
    /// Every fault found.
    pub fn compile(spec: &Spec) -> Result<Self, Diagnostics> {
        let builtin = builtin()?;
        let mut faults = Diagnostics::new();
        let mut drafts = Vec::new();
        let mut spared = HashSet::new();
        let mut wanted = false;
        for pattern in &spec.patterns {
            match pattern.text.as_str() {
                Pattern::BUILTIN => wanted = true,
                text => match text.strip_prefix('!') {
                    Some(name) => spare(pattern, name, &builtin, &mut spared, &mut faults),
                    None => drafts.extend(own(pattern, &mut faults)),
                },
            }
        }
        if wanted {
            let kept = |draft: &Draft| !spared.contains(&draft.entry.name.to_ascii_lowercase());
            drafts.extend(builtin.into_iter().filter(kept));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Self::build(drafts)
    }

    fn build(drafts: Vec<Draft>) -> Result<Self, Diagnostics> {
        let (expressions, literals): (Vec<_>, Vec<_>) = drafts
            .into_iter()
            .partition(|draft| draft.form == Form::Expression);
        let too_large = |error: &dyn std::fmt::Display| {
            let message = format!("the list of agents is too large: {error}");
            vec![Diagnostic::error("reputation.too_large", message)]
        };
        let texts = literals.iter().map(|draft| draft.text.as_str());
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(texts)
            .map_err(|error| too_large(&error))?;
        let texts: Vec<&str> = expressions
            .iter()
            .map(|draft| draft.text.as_str())
            .collect();
        let regexes = match texts.as_slice() {
            [] => None,
            texts => Some(compile_regexes(texts).map_err(|error| too_large(&error))?),
        };
        let entries = literals.into_iter().chain(expressions);
        Ok(Self {
            entries: entries.map(|draft| (draft.form, draft.entry)).collect(),
            literals: automaton,
            expressions: regexes,
        })
    }

    /// Who sent this `User-Agent`, if it is one of the list.
    #[must_use]
    pub fn find(&self, agent: &[u8]) -> Option<&Entry> {
        self.find_literal(agent)
            .or_else(|| self.find_expression(agent))
    }

    fn find_literal(&self, agent: &[u8]) -> Option<&Entry> {
        self.literals
            .find_overlapping_iter(agent)
            .find_map(|found| {
                let (form, entry) = self.entries.get(found.pattern().as_usize())?;
                let before = found.start().checked_sub(1).and_then(|at| agent.get(at));
                let after = agent.get(found.end());
                let alone =
                    |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
                let fits = match form {
                    Form::Word => alone(before) && alone(after),
                    Form::Prefix => before.is_none(),
                    Form::Exact => before.is_none() && after.is_none(),
                    Form::Anywhere => true,
                    Form::Expression => false,
                };
                fits.then_some(entry)
            })
    }

    fn find_expression(&self, agent: &[u8]) -> Option<&Entry> {
        let found = self.expressions.as_ref()?.find(agent)?;
        let at = self.literals.patterns_len() + found.pattern().as_usize();
        self.entries.get(at).map(|(_, entry)| entry)
    }

    /// Everybody on the list.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(_, entry)| entry)
    }
}

/// The list in the binary.
fn builtin() -> Result<Vec<Draft>, Diagnostics> {
    let list: data::Agents = data::read("agents", BUILTIN)?;
    let mut drafts = Vec::new();
    for group in list.group {
        for agent in group.agents {
            let forms = [
                (Form::Word, agent.word),
                (Form::Prefix, agent.prefix),
                (Form::Exact, agent.exact),
            ];
            for (form, text) in forms {
                drafts.extend(text.map(|text| Draft {
                    form,
                    text,
                    entry: Entry {
                        name: agent.name.clone(),
                        class: group.class.clone(),
                    },
                }));
            }
        }
    }
    Ok(drafts)
}

fn own(pattern: &Pattern, faults: &mut Diagnostics) -> Option<Draft> {
    let (form, text) = match pattern.text.strip_prefix("re:") {
        Some(expression) if check_regex(pattern, expression, faults) => {
            (Form::Expression, expression)
        }
        Some(_) => return None,
        None => (Form::Anywhere, pattern.text.as_str()),
    };
    if text.trim().len() < 3 {
        let message = format!("`{}` is too short to name an agent", pattern.text);
        let help = "write at least three characters, or an expression after `re:`";
        faults.push(pattern.fault("reputation.short_agent", message, help));
        return None;
    }
    if pattern.resembles_builtin() {
        let message = format!("`{}` is taken as an agent's name", pattern.text);
        faults.push(pattern.fault(
            "reputation.builtin_typo",
            message,
            "did you mean `builtin`?",
        ));
        return None;
    }
    Some(Draft {
        form,
        text: text.to_owned(),
        entry: Entry {
            name: pattern.text.clone(),
            class: "own".to_owned(),
        },
    })
}

fn spare(
    pattern: &Pattern,
    name: &str,
    builtin: &[Draft],
    spared: &mut HashSet<String>,
    faults: &mut Diagnostics,
) {
    let name = name.trim().to_ascii_lowercase();
    let known = builtin.iter().map(|draft| draft.entry.name.as_str());
    if known.clone().any(|own| own.eq_ignore_ascii_case(&name)) {
        spared.insert(name);
        return;
    }
    let help = match nearest(&name, known) {
        Some(own) => format!("did you mean `!{own}`?"),
        None => "`!` takes the name of a built-in agent, as an event shows it".to_owned(),
    };
    let message = format!("no built-in agent is named `{name}`");
    faults.push(pattern.fault("reputation.unknown_agent", message, help));
}
