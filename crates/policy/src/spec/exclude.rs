use crate::kind::Count;
use crate::read::{Fault, Key, Reader, Setting, Text, words};

use super::pattern::Pattern;

/// No policy has more exclusions: each is looked at in every request.
const MAX_EXCLUSIONS: usize = 1000;
/// The longest field.
const MAX_FIELD: usize = 200;

/// One field that one rule does not look at, in some requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclude {
    /// The rule.
    pub rule: Setting<Count>,
    /// The requests.
    pub pattern: Setting<Pattern>,
    /// The field.
    pub field: Setting<Field>,
    /// What its values have to look like.
    pub shape: Setting<Form>,
}

/// What a rule looks at, in the rules' words: `ARGS:text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The variable, in upper case.
    pub variable: String,
    /// The name within it, where it has names.
    pub name: Option<String>,
}

/// What a value looks like. The first that fits says most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A number.
    Number,
    /// A UUID.
    Uuid,
    /// Letters, digits, `_`, `-` and `.`.
    Word,
    /// Base64 or base64url.
    Base64,
    /// Names of people and places: letters of any script, blanks, one apostrophe.
    Name,
    /// A URL of http or https without quotes and brackets.
    Url,
    /// No markup: neither `<` nor `>`.
    Text,
    /// Anything.
    #[default]
    Any,
}

words!(Form {
    "number" => { Form::Number },
    "uuid" => { Form::Uuid },
    "word" => { Form::Word },
    "base64" => { Form::Base64 },
    "name" => { Form::Name },
    "url" => { Form::Url },
    "text" => { Form::Text },
    "any" => { Form::Any },
});

pub(super) const EXCLUDE: Key = Key::new(
    "exclude",
    "A field that a rule does not look at in some requests: the narrowest change that lets a \
     legitimate request pass. `babyshield rules exclude <request-id>` writes them, and says what \
     each costs.",
    "",
);
const RULE: Key = Key::new("rule", "The id of the rule.", "10600010");
const MATCH: Key = Key::new(
    "match",
    "In which requests, written as `match` of a route.",
    "\"POST /v1/notes\"",
);
const FIELD: Key = Key::new(
    "field",
    "The field, as `babyshield why` names it. Fields of other names are looked at as before.",
    "\"ARGS:text\"",
);
const SHAPE: Key = Key::new(
    "shape",
    "What every value of the field has to look like; a request with another value is looked at as \
     before. `number`; `uuid`; `word` is letters, digits and `_-.`; `base64`; `name` is letters, \
     blanks and one apostrophe; `url` has no quotes and brackets; `text` has no `<` and `>`; `any`.",
    "\"text\"",
);

/// Reads the exclusions.
pub(super) fn read(r: &mut Reader<'_>) -> Vec<Setting<Exclude>> {
    let list = r.tables(EXCLUDE, |r| {
        let rule = r.required(RULE);
        let pattern = r.required(MATCH);
        let field = r.required(FIELD);
        let shape = r.value(SHAPE, Form::Any);
        Some(Exclude {
            rule: rule?,
            pattern: pattern?,
            field: field?,
            shape,
        })
    });
    if let Some(over) = list.get(MAX_EXCLUSIONS) {
        let message = format!("there are more than {MAX_EXCLUSIONS} exclusions");
        r.refuse(over, Fault::new(message).help("exclude by wider patterns"));
    }
    list
}

impl Text for Field {
    const WHAT: &'static str = "a field of a request, such as \"ARGS:text\"";

    fn parse(text: &str) -> Result<Self, Fault> {
        let (variable, name) = match text.split_once(':') {
            Some((variable, name)) => (variable, Some(name)),
            None => (text, None),
        };
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        if variable.is_empty() || !variable.bytes().all(is_letter) {
            return Err(Fault::new(format!("`{text}` is not a field"))
                .help("write it as `babyshield why` tells it, such as \"ARGS:text\""));
        }
        // The name goes into a rule: nothing that ends it there may be in it.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" _-.*[]{}$@/#".contains(&byte);
        let is_pattern =
            |name: &str| name.starts_with('/') && !variable.eq_ignore_ascii_case("xml");
        let bad = |name: &str| name.is_empty() || !name.bytes().all(allowed) || is_pattern(name);
        if name.is_some_and(bad) || text.len() > MAX_FIELD {
            return Err(Fault::new(format!("`{text}` cannot be excluded by name"))
                .help("names may have letters, digits and `_-.*[]{}$@/#`"));
        }
        Ok(Self {
            variable: variable.to_ascii_uppercase(),
            name: name.map(str::to_owned),
        })
    }

    fn text(&self) -> String {
        match &self.name {
            Some(name) => format!("{}:{name}", self.variable),
            None => self.variable.clone(),
        }
    }
}
