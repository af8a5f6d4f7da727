use std::path::Path;

use super::request::Unreadable;

/// What a record is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// It has to pass.
    Benign,
    /// It has to be blocked.
    Attack,
}

const WORDS: [(&str, Label); 14] = [
    ("normal", Label::Benign),
    ("benign", Label::Benign),
    ("white", Label::Benign),
    ("legit", Label::Benign),
    ("legitimate", Label::Benign),
    ("good", Label::Benign),
    ("negative", Label::Benign),
    ("attack", Label::Attack),
    ("anomalous", Label::Attack),
    ("malicious", Label::Attack),
    ("black", Label::Attack),
    ("bad", Label::Attack),
    ("positive", Label::Attack),
    ("valid", Label::Benign),
];

impl Label {
    /// The label a word stands for.
    ///
    /// # Errors
    /// When no label has that name.
    pub fn parse(word: &str) -> Result<Self, Unreadable> {
        let found = WORDS
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(word.trim()));
        found
            .map(|(_, label)| *label)
            .ok_or_else(|| Unreadable(format!("the label `{word}` is neither benign nor attack")))
    }

    /// The label in a file's name: `*.white`, `*.black`.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "white" => Some(Self::Benign),
            "black" => Some(Self::Attack),
            _ => None,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Benign => "benign",
            Self::Attack => "attack",
        }
    }
}
