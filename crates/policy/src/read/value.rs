use super::Shape;
use crate::tree::{Node, Tree};

/// Why a value was refused; its place is added by the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    /// The right type, but a value that cannot be used.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            code: "policy.bad_value",
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The wrong type altogether.
    pub(crate) fn wrong_type(expected: &Shape, found: &Tree) -> Self {
        Self {
            code: "policy.wrong_type",
            message: format!("expected {expected}, found {}", found.describe()),
            help: None,
        }
    }
}

/// Prints a value as TOML.
pub(crate) trait Show {
    /// The TOML.
    fn show(&self) -> String;
}

/// A type that can stand in the policy.
pub(crate) trait Value: Show + Sized + Clone {
    /// What its values look like.
    fn shape() -> Shape;
    /// Reads one.
    fn read(node: &Node) -> Result<Self, Fault>;
}

/// A type written as a TOML text with a form of its own.
pub(crate) trait Text: Sized + Clone {
    /// What it is, with its article and an example.
    const WHAT: &'static str;
    /// A regular expression for editors.
    const PATTERN: Option<&'static str> = None;
    /// Reads the text.
    fn parse(text: &str) -> Result<Self, Fault>;
    /// Prints it back.
    fn text(&self) -> String;
}

impl<T: Text> Value for T {
    fn shape() -> Shape {
        Shape::Text {
            what: T::WHAT,
            pattern: T::PATTERN,
        }
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Tree::Text(text) => T::parse(text),
            other => {
                let fault = Fault::wrong_type(&Self::shape(), other);
                Err(match other {
                    Tree::Integer(_) | Tree::Number(_) => {
                        fault.help("write it in quotes, with its unit where it has one")
                    }
                    _ => fault,
                })
            }
        }
    }
}

impl<T: Text> Show for T {
    fn show(&self) -> String {
        toml_edit::Value::from(self.text()).to_string()
    }
}

impl Value for bool {
    fn shape() -> Shape {
        Shape::Bool
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Tree::Bool(value) => Ok(*value),
            Tree::Text(text) if text == "true" || text == "false" => {
                Err(Fault::wrong_type(&Shape::Bool, &node.value)
                    .help(format!("write {text} without quotes")))
            }
            other => Err(Fault::wrong_type(&Shape::Bool, other)),
        }
    }
}

impl Show for bool {
    fn show(&self) -> String {
        self.to_string()
    }
}

/// A text without a form of its own.
impl Text for String {
    const WHAT: &'static str = "a text";

    fn parse(text: &str) -> Result<Self, Fault> {
        Ok(text.to_owned())
    }

    fn text(&self) -> String {
        self.clone()
    }
}

/// Reads a whole number within bounds; the body of [`Value::read`] for number types.
pub(crate) fn integer(node: &Node, min: u64, max: u64) -> Result<u64, Fault> {
    let shape = Shape::Integer { min, max };
    match &node.value {
        Tree::Integer(number) => u64::try_from(*number)
            .ok()
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| Fault::new(format!("expected {shape}, found {number}"))),
        Tree::Text(text) if text.parse::<u64>().is_ok() => {
            Err(Fault::wrong_type(&shape, &node.value).help(format!("write {text} without quotes")))
        }
        other => Err(Fault::wrong_type(&shape, other)),
    }
}

/// Reads one of a few words; the body of [`Value::read`] for enums.
pub(crate) fn choice<T: Copy>(
    node: &Node,
    words: &'static [&'static str],
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, Fault> {
    match &node.value {
        Tree::Text(text) => find(text).ok_or_else(|| {
            let fault = Fault::new(format!(
                "expected {}, found {}",
                Shape::Choice(words),
                node.value.describe()
            ));
            match babyshield_model::nearest(text, words.iter().copied()) {
                Some(word) => fault.help(format!("did you mean \"{word}\"?")),
                None => fault,
            }
        }),
        other => Err(Fault::wrong_type(&Shape::Choice(words), other)),
    }
}

/// Makes an enum a value, one word a variant.
macro_rules! words {
    ($type:ty { $($word:literal => { $($variant:tt)+ }),+ $(,)? }) => {
        impl $crate::read::Value for $type {
            fn shape() -> $crate::read::Shape {
                $crate::read::Shape::Choice(&[$($word),+])
            }

            fn read(node: &$crate::tree::Node) -> Result<Self, $crate::read::Fault> {
                $crate::read::choice(node, &[$($word),+], |word| match word {
                    $($word => Some($($variant)+),)+
                    _ => None,
                })
            }
        }

        impl $crate::read::Show for $type {
            fn show(&self) -> String {
                match self {
                    $($($variant)+ => concat!("\"", $word, "\"").to_owned(),)+
                }
            }
        }
    };
}
pub(crate) use words;
