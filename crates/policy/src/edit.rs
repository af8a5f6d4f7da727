//! Changing a policy's text without disturbing its comments.

use babyshield_model::Mode;
use toml_edit::{DocumentMut, Item, TomlError, value};

/// The text with `mode` set, everything else as it was. Where the policy does not say a mode yet,
/// it is written under `version`.
///
/// # Errors
/// When the text is no TOML.
pub fn set_mode(text: &str, mode: Mode) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let table = document.as_table_mut();
    match table.get_mut("mode") {
        Some(Item::Value(old)) => {
            let decor = old.decor().clone();
            *old = mode.as_str().into();
            *old.decor_mut() = decor;
        }
        _ => {
            table.insert("mode", value(mode.as_str()));
            move_behind_version(table);
        }
    }
    Ok(document.to_string())
}

fn move_behind_version(table: &mut toml_edit::Table) {
    let place = |name: &str| match name {
        "version" => 0,
        "mode" => 1,
        _ => 2,
    };
    table.sort_values_by(|a, _, b, _| place(a.get()).cmp(&place(b.get())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_stay() {
        let text = "# ours\nversion = 1\n\n# watch first\nmode = \"watch\" # until Monday\n\n[waf]\nlevel = 1\n";
        let set = set_mode(text, Mode::Enforce).expect("TOML");
        assert_eq!(set, text.replace("\"watch\"", "\"enforce\""));
    }

    #[test]
    fn a_policy_without_a_mode_gets_one_at_its_top() {
        let text =
            "# ours\nversion = 1\n# the API\nupstream = \"http://h\" # x\n\n[waf]\nlevel = 1\n";
        let set = set_mode(text, Mode::Enforce).expect("TOML");
        let expected = text.replace("version = 1\n", "version = 1\nmode = \"enforce\"\n");
        assert_eq!(set, expected);
    }

    #[test]
    fn no_toml_is_no_policy() {
        assert!(set_mode("mode = ", Mode::Enforce).is_err());
    }
}
