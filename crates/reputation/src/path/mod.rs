//! Paths that only attackers ask for: `/.git/config`, `/wp-login.php`, `/actuator/heapdump`.
//!
//! A path is brought into one spelling (see `normal.rs`), then one Aho-Corasick pass and one pass
//! over the expressions tell whether it is listed. The built-in list holds what scanners and
//! worms ask every server for; none of it is a path that an ordinary API serves. An application
//! that does serve one of them says so with `!`.
//!
//! ```
//! use babyshield_reputation::path::{Plan, Spec};
//!
//! let spec = Spec::from(["builtin", "/internal/**", "*.bak", "!/wp-login.php"].as_slice());
//! let plan = Plan::compile(&spec).unwrap();
//! assert_eq!(plan.find(b"/x/..%2f.git/config").unwrap().category, "vcs");
//! assert_eq!(plan.find(b"/internal/metrics").unwrap().pattern, "/internal/**");
//! assert!(plan.find(b"/v1/recalls/42").is_none());
//! assert!(plan.find(b"/wp-login.php").is_none());
//! ```

mod matcher;
mod normal;
mod written;

use babyshield_model::{Diagnostic, Diagnostics};

use crate::Pattern;
use crate::data::{self, Case};
use matcher::{Draft, Form, Matcher};
use normal::{Nul, normalize};

const BUILTIN: &str = include_str!("../../data/paths.toml");

/// Which paths are blocked: `builtin`, or patterns of one's own.
///
/// | written | blocks |
/// |---|---|
/// | `/internal` | this path, with or without a final `/` |
/// | `/internal/**` | this path and everything below it |
/// | `/*/debug` | `*` is one segment or a part of it, `**` any number |
/// | `*.bak` | a name, in any directory |
/// | `re:^/v[0-9]+/debug` | an expression over the normalised path |
/// | `!/wp-login.php` | nothing: frees what another entry would block |
///
/// Letters compare without case, except in expressions.
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

/// Why a path is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The entry as it is written in the list.
    pub pattern: String,
    /// What is asked for: `vcs`, `backup`, …, or `own`.
    pub category: String,
}

/// A list of paths, ready to be asked.
#[derive(Debug)]
pub struct Plan {
    blocked: Matcher,
    spared: Matcher,
}

impl Plan {
    /// Checks and compiles a list.
    ///
    /// # Errors
    /// Every fault found.
    pub fn compile(spec: &Spec) -> Result<Self, Diagnostics> {
        let mut faults = Diagnostics::new();
        let mut blocked = Vec::new();
        let mut spared = Vec::new();
        for pattern in &spec.patterns {
            match pattern.text.as_str() {
                Pattern::BUILTIN => blocked.extend(builtin()?),
                text => match text.strip_prefix('!') {
                    Some(text) => spared.extend(written::read(pattern, text, &mut faults)),
                    None => blocked.extend(written::read(pattern, text, &mut faults)),
                },
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let too_large = |reason: String| {
            let message = format!("the list of paths is too large: {reason}");
            vec![Diagnostic::error("reputation.too_large", message)]
        };
        Ok(Self {
            blocked: Matcher::build(blocked).map_err(too_large)?,
            spared: Matcher::build(spared).map_err(too_large)?,
        })
    }

    /// Why this path is blocked, if it is. A query is cut off; any encoding is undone first.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<&Hit> {
        let normal = normalize(path, Nul::Absent);
        let hit = self.judge(&normal);
        if hit.is_none() && normal.nul {
            return self.judge(&normalize(path, Nul::End));
        }
        hit
    }

    fn judge(&self, normal: &normal::Normal) -> Option<&Hit> {
        let hit = self.blocked.find(normal)?;
        self.spared.find(normal).is_none().then_some(hit)
    }

    /// Every entry of the list.
    pub fn entries(&self) -> impl Iterator<Item = &Hit> {
        self.blocked.entries()
    }
}

/// The list in the binary.
fn builtin() -> Result<Vec<Draft>, Diagnostics> {
    let list: data::Paths = data::read("paths", BUILTIN)?;
    let mut drafts = Vec::new();
    for group in list.group {
        let forms = [
            (Form::Exact, group.exact),
            (Form::Prefix, group.prefix),
            (Form::Suffix, group.suffix),
            (Form::Within, group.within),
            (Form::Expression, group.regex),
        ];
        for (form, texts) in forms {
            for text in texts {
                let hit = Hit {
                    pattern: text.clone(),
                    category: group.category.clone(),
                };
                drafts.push(Draft::new(form, group.case == Case::Keep, text, hit));
            }
        }
    }
    Ok(drafts)
}
