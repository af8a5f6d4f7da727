use std::fmt;

/// What the values of a key look like, for messages, the reference and the JSON Schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text of a certain form.
    Text {
        /// What it is, with its article: `a duration, such as "5s"`.
        what: &'static str,
        /// A regular expression every such text matches, where one says more than nothing.
        pattern: Option<&'static str>,
    },
    /// A whole number.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// `true` or `false`.
    Bool,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A list.
    List(Box<Shape>),
    /// One value, or a list of them.
    OneOrMany(Box<Shape>),
    /// One value, or a table of further keys.
    OrTable(Box<Shape>),
    /// A table of further keys.
    Table,
    /// A list of tables, written `[[name]]`.
    Tables,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { what, .. } => f.write_str(what),
            Self::Integer { min, max } if *max >= u64::from(u32::MAX) => {
                write!(f, "a whole number from {min}")
            }
            Self::Integer { min, max } if min == max => write!(f, "the number {min}"),
            Self::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Bool => f.write_str("true or false"),
            Self::Choice(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                f.write_str(&enumerate(&quoted))
            }
            Self::List(inner) => write!(f, "a list, each entry {inner}"),
            Self::OneOrMany(inner) => write!(f, "{inner}, or a list of them"),
            Self::OrTable(inner) => write!(f, "{inner}, or a table"),
            Self::Table => f.write_str("a table"),
            Self::Tables => f.write_str("a list of tables"),
        }
    }
}

/// `a, b or c`.
fn enumerate(words: &[String]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
