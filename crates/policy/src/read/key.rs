use super::Shape;

/// The declaration of one key, written where it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) example: &'static str,
    pub(crate) inherits: Option<&'static str>,
}

impl Key {
    /// `name` is the last part of the path, `doc` whole sentences, `example` a TOML value.
    pub(crate) const fn new(name: &'static str, doc: &'static str, example: &'static str) -> Self {
        Self {
            name,
            doc,
            example,
            inherits: None,
        }
    }

    /// Where the value comes from when this key is absent: the full path of another key.
    pub(crate) const fn inherits(mut self, path: &'static str) -> Self {
        self.inherits = Some(path);
        self
    }
}

/// What is known of one key: the source of the JSON Schema, `config explain` and the reference.
#[derive(Clone, Debug)]
pub struct KeyDoc {
    /// The full path; `[]` stands for any element of a list, `<name>` for a name of one's own.
    pub path: String,
    /// What it does, in whole sentences.
    pub doc: &'static str,
    /// What its values look like.
    pub shape: Shape,
    /// The value in force when it is absent, as TOML; `None` where there is none.
    pub default: Option<String>,
    /// A TOML value to start from; empty for a table.
    pub example: &'static str,
    /// Whether a policy without it is refused.
    pub required: bool,
    /// The key whose value holds when this one is absent.
    pub inherits: Option<&'static str>,
}
