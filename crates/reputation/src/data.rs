//! The shape of the built-in lists.

use babyshield_model::{Diagnostic, Diagnostics};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `data/agents.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agents {
    pub(crate) group: Vec<AgentGroup>,
}

/// Agents of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentGroup {
    /// What they are for: `sql-injection`, `port-scan`, …
    pub(crate) class: String,
    /// Why they are on the list.
    #[serde(rename = "about")]
    pub(crate) _about: String,
    pub(crate) agents: Vec<Agent>,
}

/// One agent, known by one of the forms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    pub(crate) name: String,
    /// Anywhere, with no letter or digit on either side.
    pub(crate) word: Option<String>,
    /// At the start.
    pub(crate) prefix: Option<String>,
    /// The whole header.
    pub(crate) exact: Option<String>,
}

/// `data/paths.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paths {
    pub(crate) group: Vec<PathGroup>,
}

/// Paths of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathGroup {
    /// What is asked for: `vcs`, `backup`, …
    pub(crate) category: String,
    /// Why only an attacker asks for it.
    #[serde(rename = "about")]
    pub(crate) _about: String,
    /// Whether `/X` and `/x` are one.
    #[serde(default)]
    pub(crate) case: Case,
    /// The whole path.
    #[serde(default)]
    pub(crate) exact: Vec<String>,
    /// The path begins so; behind a final `/` the path may also end.
    #[serde(default)]
    pub(crate) prefix: Vec<String>,
    /// The path ends so.
    #[serde(default)]
    pub(crate) suffix: Vec<String>,
    /// Like `prefix`, but below any directory.
    #[serde(default)]
    pub(crate) within: Vec<String>,
    /// An expression over the whole normalised path.
    #[serde(default)]
    pub(crate) regex: Vec<String>,
}

/// How letters compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Case {
    /// `/X` is `/x`.
    #[default]
    Ignore,
    /// `/X` is not `/x`.
    Keep,
}

/// Reads a built-in list. A fault in it is a fault of the build, and a test finds it; it still is
/// told as a fault rather than a panic.
pub(crate) fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Diagnostics> {
    toml_edit::de::from_str(text).map_err(|error| {
        let message = format!("the built-in list `{name}` cannot be read: {error}");
        vec![Diagnostic::error("reputation.bad_builtin", message)]
    })
}
