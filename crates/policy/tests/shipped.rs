//! What ships beside the crate: the example policies, the schema and the reference. `BLESS=1
//! cargo nextest run -p babyshield-policy` writes the generated ones anew.

#![allow(clippy::expect_used, reason = "helpers of tests may fail them")]

use std::fs;
use std::path::{Path, PathBuf};

use babyshield_policy::{Policy, catalogue};
use babyshield_waf::source::Disk;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generated(path: &str, text: &str) {
    let path = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(&path, text).expect("a writable file");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is not what its command prints",
        path.display()
    );
}

#[test]
fn the_full_example_the_schema_and_the_reference_are_up_to_date() {
    generated("policies/full.toml", &catalogue::example());
    generated("docs/policy.md", &catalogue::reference());
    let schema = serde_json::to_string_pretty(&catalogue::schema()).expect("JSON");
    generated("docs/policy.schema.json", &(schema + "\n"));
}

#[test]
fn every_shipped_policy_loads_without_a_warning() {
    let mut loaded = 0;
    for entry in fs::read_dir(root().join("policies")).expect("the policies") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        match Policy::load(&path, &Disk) {
            Ok(policy) => assert_eq!(policy.warnings(), [], "{}", path.display()),
            Err(faults) => panic!("{}: {faults:#?}", path.display()),
        }
        loaded += 1;
    }
    assert!(loaded >= 3, "only {loaded} policies");
}

#[test]
fn the_full_example_mentions_every_key() {
    let text = fs::read_to_string(root().join("policies/full.toml")).expect("the example");
    for key in catalogue::keys() {
        let name = key.path.rsplit('.').next().unwrap_or_default();
        let name = if name == "<name>" { "login" } else { name };
        let line = |line: &str| {
            let line = line.trim_start_matches(['#', ' ']);
            line.starts_with(&format!("{name} = "))
                || line.contains(&format!("{{ {name} = "))
                || line.contains(&format!(", {name} = "))
                || line == format!("[{}]", key.path)
                || line == format!("[[{}]]", key.path)
        };
        assert!(text.lines().any(line), "{} is not mentioned", key.path);
    }
}
