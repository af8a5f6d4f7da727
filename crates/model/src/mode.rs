use serde::{Deserialize, Serialize};

/// Whether decisions are taken, only reported, or not even made.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing is inspected.
    Off,
    /// Everything is inspected and reported, nothing is blocked.
    #[default]
    Watch,
    /// Decisions are carried out.
    Enforce,
}

impl Mode {
    /// The word used in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Watch => "watch",
            Self::Enforce => "enforce",
        }
    }
}

/// What happens to a request that could not be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It passes. Only ever by the operator's own word.
    Open,
    /// It is refused.
    #[default]
    Closed,
}
