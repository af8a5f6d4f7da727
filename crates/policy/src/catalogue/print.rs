//! The catalogue as documents: the reference, and a policy that says everything.

use crate::read::{KeyDoc, Shape};

use super::{keys, plain};

/// The width of a line of comment.
const WIDTH: usize = 96;

/// The reference of all keys, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "# The policy file\n\n<!-- Written by `babyshield config reference`; the words stand with \
         the keys in crates/policy/src/spec. -->\n\nEvery key with its default. Durations are \
         written `\"5s\"`, sizes `\"1MiB\"`. A key that is not listed here stops the start.\n",
    );
    for key in keys() {
        let depth = if key.path.contains('.') { "###" } else { "##" };
        text.push_str(&format!("\n{depth} `{}`\n\n{}\n", key.path, key.doc));
        if is_table(&key) {
            continue;
        }
        text.push_str(&format!("\n- value: {}\n", key.shape));
        text.push_str(&match (&key.default, key.inherits) {
            (Some(default), _) => format!("- default: `{default}`\n"),
            (None, Some(path)) => format!("- default: that of `{path}`\n"),
            (None, None) if key.required => "- has to be written\n".to_owned(),
            (None, None) => "- default: none\n".to_owned(),
        });
        text.push_str(&format!("- example: `{}`\n", key.example));
    }
    text
}

fn is_table(key: &KeyDoc) -> bool {
    matches!(key.shape, Shape::Table | Shape::Tables)
}

/// A policy that says everything: every key with its words, its default where it has one, and as
/// a comment where it has none.
#[must_use]
pub fn example() -> String {
    let keys = keys();
    let mut text = String::from(
        "# Every key of the policy, with its default. Written by `babyshield config example`.\n\
         # A policy needs no more than `version` and `upstream`.\n",
    );
    for key in &keys {
        let parent = parent(&keys, key);
        if parent.is_some_and(|parent| !is_table(parent)) {
            // Shown with the key whose table form it belongs to.
            continue;
        }
        let unused = key.path == "tls" || parent.is_some_and(|parent| parent.path == "tls");
        text.push('\n');
        push_comment(&mut text, key.doc);
        if let Some(form) = table_form(&keys, key) {
            push_comment(&mut text, &form);
        }
        let name = key.path.rsplit('.').next().unwrap_or_default();
        let line = match (&key.shape, &key.default) {
            (Shape::Table, _) => format!("[{}]", key.path),
            (Shape::Tables, _) => format!("[[{}]]", key.path),
            (_, Some(default)) => format!("{name} = {default}"),
            (_, None) if name == "<name>" => format!("login = {}", key.example),
            (_, None) => format!("{name} = {}", key.example),
        };
        let stated = key.default.is_some() || key.required || is_table(key) || name == "<name>";
        let stated = stated || key.path == "route[].limit";
        text.push_str(if stated && !unused { "" } else { "# " });
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The key of the table a key stands in.
fn parent<'a>(keys: &'a [KeyDoc], key: &KeyDoc) -> Option<&'a KeyDoc> {
    let path = plain(&key.path);
    let (table, _) = path.rsplit_once('.')?;
    keys.iter().find(|own| plain(&own.path) == table)
}

/// `name = { … }`, for a key that may be a table.
fn table_form(keys: &[KeyDoc], key: &KeyDoc) -> Option<String> {
    let own = plain(&key.path);
    if is_table(key) {
        return None;
    }
    let within = keys.iter().filter(|inner| {
        let path = plain(&inner.path);
        path.rsplit_once('.').is_some_and(|(table, _)| table == own)
    });
    let parts = within.map(|inner| {
        let name = inner.path.rsplit('.').next().unwrap_or_default();
        // The value inside is what the key itself would be.
        let example = if name == "value" {
            key.example
        } else {
            inner.example
        };
        format!("{name} = {example}")
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("As a table: {{ {} }}.", parts.join(", ")))
}

fn push_comment(text: &mut String, words: &str) {
    let mut width = 0;
    for word in words.split(' ') {
        if width == 0 || width + word.len() >= WIDTH {
            text.push_str(if width == 0 { "#" } else { "\n#" });
            width = 1;
        }
        text.push(' ');
        text.push_str(word);
        width += word.len() + 1;
    }
    text.push('\n');
}
