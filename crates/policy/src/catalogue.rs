//! Every key of the policy, as the sections declare them: the source of `config explain`, of the
//! JSON Schema and of the reference.

mod print;

use std::path::Path;

use babyshield_model::{Source, nearest};
use babyshield_waf::source::Memory;
use serde_json::{Map, Value, json};

pub use print::{example, reference};

use crate::read::{KeyDoc, Place, Shape, read};
use crate::spec::Spec;

/// Where the JSON Schema says it lives.
const SCHEMA_ID: &str = "https://babyshield.example/policy-1.schema.json";

/// Every key there is, a table before its keys, in the order of the reference.
#[must_use]
pub fn keys() -> Vec<KeyDoc> {
    let place = Place {
        source: &Source::new("", ""),
        folder: Path::new(""),
        files: &Memory::default(),
    };
    read(&place, None, Spec::read).1.keys
}

/// No key has this path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key `{path}`")]
pub struct UnknownKey {
    /// What was asked for.
    pub path: String,
    /// What it may have been meant to be.
    pub nearest: Option<String>,
}

/// The key of that path, and, for a table, the keys directly in it. Elements of lists may be
/// written with or without their number, and a name of one's own finds the key that stands for it.
///
/// # Errors
/// When there is no such key.
pub fn explain(path: &str) -> Result<(KeyDoc, Vec<KeyDoc>), UnknownKey> {
    let keys = keys();
    let wanted = plain(path);
    let found = keys
        .iter()
        .find(|key| plain(&key.path) == wanted)
        .or_else(|| keys.iter().find(|key| stands_for(&key.path, &wanted)));
    let Some(found) = found.cloned() else {
        let known: Vec<String> = keys.iter().map(|key| plain(&key.path)).collect();
        let nearest = nearest(&wanted, known.iter().map(String::as_str)).map(str::to_owned);
        return Err(UnknownKey {
            path: path.to_owned(),
            nearest,
        });
    };
    let own = plain(&found.path);
    let within = keys
        .into_iter()
        .filter(|key| {
            let path = plain(&key.path);
            path.rsplit_once('.').is_some_and(|(table, _)| table == own)
        })
        .collect();
    Ok((found, within))
}

/// A path without the numbers and brackets of list elements.
pub(crate) fn plain(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|&c| {
            let kept = !inside && c != '[';
            inside = (inside || c == '[') && c != ']';
            kept
        })
        .collect()
}

/// Whether a key such as `limits.<name>` stands for `wanted`.
fn stands_for(key: &str, wanted: &str) -> bool {
    match (key.rsplit_once('.'), wanted.rsplit_once('.')) {
        (Some((table, "<name>")), Some((own, _))) => table == own,
        _ => false,
    }
}

/// The JSON Schema (draft 2020-12) of the policy, for editors.
#[must_use]
pub fn schema() -> Value {
    let keys = keys();
    let mut root = table_schema(&keys, "");
    if let Value::Object(fields) = &mut root {
        let mut head = Map::new();
        head.insert(
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        head.insert("$id".into(), json!(SCHEMA_ID));
        head.insert("title".into(), json!("BabyShield policy"));
        head.append(fields);
        *fields = head;
    }
    root
}

/// The schema of one table: `prefix` is its path with a dot at its end, or nothing.
fn table_schema(keys: &[KeyDoc], prefix: &str) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut others = json!(false);
    for key in keys {
        let Some(name) = key.path.strip_prefix(prefix) else {
            continue;
        };
        if name == "<name>" {
            others = key_schema(keys, key);
        } else if !name.contains('.') {
            properties.insert(name.to_owned(), key_schema(keys, key));
            if key.required {
                required.push(json!(name));
            }
        }
    }
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": others,
    });
    if let (Value::Object(fields), false) = (&mut schema, required.is_empty()) {
        fields.insert("required".into(), Value::Array(required));
    }
    schema
}

fn key_schema(keys: &[KeyDoc], key: &KeyDoc) -> Value {
    let mut schema = shape_schema(keys, &key.path, &key.shape);
    if let Value::Object(fields) = &mut schema {
        fields.insert("description".into(), json!(key.doc));
        if let Some(default) = key.default.as_deref().and_then(to_json) {
            fields.insert("default".into(), default);
        }
        if let Some(example) = to_json(key.example) {
            fields.insert("examples".into(), json!([example]));
        }
    }
    schema
}

fn shape_schema(keys: &[KeyDoc], path: &str, shape: &Shape) -> Value {
    match shape {
        Shape::Text { pattern: None, .. } => json!({ "type": "string" }),
        Shape::Text {
            pattern: Some(pattern),
            ..
        } => json!({ "type": "string", "pattern": pattern }),
        Shape::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::List(inner) => {
            let items = shape_schema(keys, &format!("{path}[]"), inner);
            json!({ "type": "array", "items": items })
        }
        Shape::OneOrMany(inner) => {
            let one = shape_schema(keys, path, inner);
            json!({ "oneOf": [one, { "type": "array", "items": one }] })
        }
        Shape::OrTable(inner) => {
            let one = shape_schema(keys, path, inner);
            json!({ "oneOf": [one, table_schema(keys, &format!("{path}."))] })
        }
        Shape::Table => table_schema(keys, &format!("{path}.")),
        Shape::Tables => {
            json!({ "type": "array", "items": table_schema(keys, &format!("{path}[].")) })
        }
    }
}

/// A TOML value as JSON.
fn to_json(toml: &str) -> Option<Value> {
    let value: toml_edit::Value = toml.parse().ok()?;
    Some(value_to_json(&value))
}

fn value_to_json(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => json!(text.value()),
        toml_edit::Value::Integer(number) => json!(number.value()),
        toml_edit::Value::Float(number) => json!(number.value()),
        toml_edit::Value::Boolean(value) => json!(value.value()),
        toml_edit::Value::Datetime(date) => json!(date.value().to_string()),
        toml_edit::Value::Array(list) => list.iter().map(value_to_json).collect(),
        toml_edit::Value::InlineTable(table) => {
            let fields = table.iter();
            let fields = fields.map(|(name, value)| (name.to_owned(), value_to_json(value)));
            Value::Object(fields.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_doc_and_a_readable_example() {
        let keys = keys();
        assert!(keys.len() > 60, "{}", keys.len());
        for key in keys {
            assert!(key.doc.ends_with('.'), "{}: {}", key.path, key.doc);
            if !matches!(key.shape, Shape::Table | Shape::Tables) {
                assert!(
                    to_json(key.example).is_some(),
                    "{}: {}",
                    key.path,
                    key.example
                );
            }
            if let Some(default) = &key.default {
                assert!(to_json(default).is_some(), "{}: {default}", key.path);
            }
        }
    }

    #[test]
    fn inherited_keys_exist() {
        for key in keys() {
            if let Some(path) = key.inherits {
                assert!(explain(path).is_ok(), "{} inherits {path}", key.path);
            }
        }
    }

    #[test]
    fn explain_finds_elements_names_and_typos() {
        assert_eq!(
            explain("route[3].match").map(|found| found.0.path),
            Ok("route[].match".into())
        );
        assert_eq!(
            explain("limits.login").map(|found| found.0.path),
            Ok("limits.<name>".into())
        );
        assert_eq!(explain("waf").map(|found| found.1.len() > 5), Ok(true));
        let fault = explain("waf.levle").map(|_| ()).unwrap_err();
        assert_eq!(fault.nearest.as_deref(), Some("waf.level"));
    }
}
