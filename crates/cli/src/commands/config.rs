use babyshield_policy::catalogue::{self, UnknownKey};
use babyshield_policy::effective::{self, Asked};
use babyshield_policy::{KeyDoc, Shape};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::output::{self, Exit, Failure, Format, Outcome};
use crate::policy::Named;

/// Show what a policy says, and what its keys mean
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Effective(Effective),
    Explain(Explain),
    /// Print the JSON Schema (draft 2020-12) of the policy, for editors.
    Schema,
    /// Print a policy with every key, commented.
    Example,
    /// Print the reference of all keys as Markdown.
    Reference,
}

/// Show every value in force and where it came from
///
/// With a request, only the values that have a say in it, a route's own in place of what it
/// overrides.
#[derive(Debug, Args)]
pub(crate) struct Effective {
    /// A request, such as "POST /v1/login" or "GET api.example.com/v1".
    request: Option<Asked>,
    #[command(flatten)]
    named: Named,
    /// How to print the values.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explain a key: what it does, what it takes, its default
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 explained; 1 there is no such key.")]
pub(crate) struct Explain {
    /// The key's path, such as waf.level; without it, all keys are listed.
    key: Option<String>,
    /// How to print the explanation.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Config {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Effective(command) => command.format,
            Self::Explain(command) => command.format,
            Self::Schema | Self::Example | Self::Reference => Format::Text,
        }
    }

    pub(crate) fn execute(self) -> Outcome {
        match self {
            Self::Effective(command) => command.execute()?,
            Self::Explain(command) => return command.execute(),
            Self::Schema => output::print_json(&catalogue::schema())?,
            Self::Example => output::print(catalogue::example())?,
            Self::Reference => output::print(catalogue::reference())?,
        }
        Ok(Exit::Ok)
    }
}

impl Effective {
    fn execute(self) -> Result<(), Failure> {
        let policy = self.named.load()?;
        let values = match &self.request {
            Some(asked) => effective::of(&policy, asked),
            None => effective::all(&policy),
        };
        match self.format {
            Format::Json => output::print_json(&values),
            Format::Text => {
                let rows = values.into_iter();
                let rows: Vec<[String; 3]> = rows
                    .map(|value| [value.key, value.value, value.origin])
                    .collect();
                output::print(output::table(["KEY", "VALUE", "FROM"], &rows))
            }
        }
    }
}

impl Explain {
    fn execute(self) -> Outcome {
        let Some(path) = &self.key else {
            self.list(&catalogue::keys())?;
            return Ok(Exit::Ok);
        };
        match catalogue::explain(path) {
            Ok((key, within)) => match self.format {
                Format::Json => {
                    let within: Vec<_> = within.iter().map(to_json).collect();
                    output::print_json(&json!({ "key": to_json(&key), "within": within }))?;
                }
                Format::Text => {
                    output::print(describe(&key))?;
                    if !within.is_empty() {
                        output::print("\n")?;
                        self.list(&within)?;
                    }
                }
            },
            Err(fault) => {
                output::complain(&not_found(&fault));
                return Ok(Exit::Finding);
            }
        }
        Ok(Exit::Ok)
    }

    fn list(&self, keys: &[KeyDoc]) -> Result<(), Failure> {
        if self.format == Format::Json {
            let keys: Vec<_> = keys.iter().map(to_json).collect();
            return output::print_json(&keys);
        }
        let rows: Vec<[String; 2]> = keys
            .iter()
            .map(|key| [key.path.clone(), first_sentence(key.doc).to_owned()])
            .collect();
        output::print(output::table(["KEY", "WHAT IT DOES"], &rows))
    }
}

fn not_found(fault: &UnknownKey) -> String {
    match &fault.nearest {
        Some(nearest) => format!("{fault}; did you mean `{nearest}`?"),
        None => format!("{fault}; `babyshield config explain` lists all"),
    }
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc, |(first, _)| first)
}

fn is_table(key: &KeyDoc) -> bool {
    matches!(key.shape, Shape::Table | Shape::Tables)
}

fn describe(key: &KeyDoc) -> String {
    let mut text = format!("{}\n\n  {}\n", key.path, key.doc);
    if is_table(key) {
        return text;
    }
    let default = match (&key.default, key.inherits) {
        (Some(default), _) => default.clone(),
        (None, Some(path)) => format!("that of {path}"),
        (None, None) if key.required => "none; it has to be written".to_owned(),
        (None, None) => "none".to_owned(),
    };
    let lines = [
        ("value", key.shape.to_string()),
        ("default", default),
        ("example", key.example.to_owned()),
    ];
    text.push('\n');
    for (name, value) in lines {
        text.push_str(&format!("  {name:9}{value}\n"));
    }
    text
}

fn to_json(key: &KeyDoc) -> serde_json::Value {
    json!({
        "key": key.path,
        "doc": key.doc,
        "value": key.shape.to_string(),
        "default": key.default,
        "example": key.example,
        "required": key.required,
        "inherits": key.inherits,
    })
}
