//! The commands as a user runs them: output and exit codes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail them"
)]

mod terminal;

use std::fs;
use std::path::PathBuf;

use terminal::{babyshield, json, told};

/// A folder with `babyshield.toml` and a rule file.
fn folder(policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = "SecRuleEngine On\nSecRule ARGS:q \"@streq attack\" \
                 \"id:7,phase:1,deny,log,msg:'tripped',tag:'attack-test'\"\n";
    let text = format!(
        "version = 1\nupstream = \"http://127.0.0.1:3000\"\n{policy}\n[waf]\nrules = [\"rules.conf\"]\n"
    );
    fs::write(folder.path().join("rules.conf"), rules).expect("a file");
    fs::write(folder.path().join("babyshield.toml"), text).expect("a file");
    folder
}

#[test]
fn check_says_yes_or_tells_everything() {
    let good = folder("");
    let (code, out, _) = told(&babyshield(good.path(), &["check"]));
    assert_eq!(code, 0);
    assert!(
        out.contains("babyshield.toml is good: mode watch, "),
        "{out}"
    );

    let bad = folder("modee = \"watch\"\nlisten = [\":80\"]");
    let (code, out, err) = told(&babyshield(bad.path(), &["check", "babyshield.toml"]));
    assert_eq!((code, out.as_str()), (2, ""));
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(
        lines,
        [
            "babyshield.toml:3:1: error: unknown key \"modee\" (help: did you mean `mode`?)",
            "babyshield.toml:4:11: error: `:80` is not an address and port (help: write \
             \"0.0.0.0:80\" for all addresses)",
        ]
    );
    let (code, out, _) = told(&babyshield(bad.path(), &["check", "--format", "json"]));
    let found = json(&out);
    assert_eq!(
        (code, found["diagnostics"][1]["line"].as_u64()),
        (2, Some(4))
    );

    let (code, _, err) = told(&babyshield(bad.path(), &["check", "-p", "nowhere.toml"]));
    assert_eq!(code, 2);
    assert!(err.contains("`nowhere.toml` cannot be read"), "{err}");
}

#[test]
fn faulty_rule_files_are_told_with_their_place() {
    let folder = folder("");
    fs::write(
        folder.path().join("rules.conf"),
        "SecRuleEngine On\nSecRule ARGS \"@nope x\" \"id:1\"\n",
    )
    .expect("a file");
    for arguments in [
        &["check"][..],
        &["rules", "check"],
        &["rules", "check", "rules.conf"],
    ] {
        let (code, _, err) = told(&babyshield(folder.path(), arguments));
        assert_eq!(code, 2, "{arguments:?}");
        assert!(err.contains("rules.conf:2:"), "{arguments:?}: {err}");
    }
}

#[test]
fn lint_speaks_of_rules_that_do_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |text: &str| fs::write(folder.path().join("x.conf"), text).expect("a file");
    write("SecRule ARGS \"@rx a\" \"id:1,phase:2,pass,nolog\"\n");
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "lint", "x.conf"]));
    assert!(code == 1 && err.contains("does nothing"), "{code}: {err}");
    write("SecRule ARGS \"@rx a\" \"id:1,phase:2,deny\"\n");
    let (code, ..) = told(&babyshield(folder.path(), &["rules", "lint", "x.conf"]));
    assert_eq!(code, 0);
}

#[test]
fn rules_are_listed_and_shown() {
    let folder = folder("");
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "list", "--format", "json"],
    ));
    let rules = json(&out);
    let own = rules
        .as_array()
        .and_then(|all| all.iter().find(|rule| rule["id"] == 7));
    assert_eq!(
        (code, own.map(|rule| &rule["message"])),
        (0, Some(&"tripped".into()))
    );
    let (_, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "list", "--tag", "attack-test"],
    ));
    assert_eq!(out.lines().count(), 2, "{out}");
    let (_, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "list", "--tag", "other"],
    ));
    assert_eq!(out.lines().count(), 1, "{out}");
    let (code, out, _) = told(&babyshield(folder.path(), &["rules", "show", "7"]));
    assert!(code == 0 && out.contains("rules.conf:2"), "{out}");
    let (code, _, _) = told(&babyshield(folder.path(), &["rules", "show", "8"]));
    assert_eq!(code, 1);
    let (code, out, _) = told(&babyshield(folder.path(), &["rules", "check"]));
    assert!(code == 0 && out.contains(" rules are good"), "{out}");
}

#[test]
fn config_explains_and_resolves() {
    let policy = "[limits]\nlogin = \"5/min per ip\"\n[[route]]\nmatch = \"POST /v1/login\"\n\
                  mode = \"enforce\"\nlimit = \"login\"";
    let folder = folder(policy);
    let effective = ["config", "effective", "POST /v1/login", "--format", "json"];
    let (code, out, _) = told(&babyshield(folder.path(), &effective));
    assert_eq!(code, 0);
    let values = json(&out);
    let value = |key: &str| {
        let found = values
            .as_array()
            .and_then(|all| all.iter().find(|own| own["key"] == key));
        found
            .map(|own| [own["value"].clone(), own["origin"].clone()])
            .expect("the key")
    };
    assert_eq!(value("mode"), ["\"enforce\"", "babyshield.toml:7"]);
    assert_eq!(
        value("limits.login"),
        ["\"5/min per ip\"", "babyshield.toml:4"]
    );
    assert_eq!(value("waf.body"), ["\"10MB\"", "default"]);
    let (_, out, _) = told(&babyshield(
        folder.path(),
        &["config", "effective", "GET /other"],
    ));
    assert!(
        !out.contains("limits.login") && out.contains("\"watch\""),
        "{out}"
    );
    let (code, _, err) = told(&babyshield(
        folder.path(),
        &["config", "effective", "login"],
    ));
    assert!(code == 2 && err.contains("names no request"), "{err}");
}

#[test]
fn keys_are_explained_and_the_schema_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["config", "explain", "waf.level"],
    ));
    assert!(
        code == 0 && out.contains("a whole number from 1 to 4"),
        "{out}"
    );
    let (code, _, err) = told(&babyshield(
        folder.path(),
        &["config", "explain", "waf.levle"],
    ));
    assert!(
        code == 1 && err.contains("did you mean `waf.level`?"),
        "{err}"
    );
    let (code, out, _) = told(&babyshield(folder.path(), &["config", "schema"]));
    let schema = json(&out);
    assert_eq!(code, 0);
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(
        schema["properties"]["waf"]["properties"]["level"]["maximum"],
        4
    );
}

#[test]
fn replay_prints_every_request_and_a_summary() {
    let folder = folder("");
    let records = folder.path().join("records");
    fs::create_dir(&records).expect("a folder");
    fs::write(
        records.join("a.black"),
        "GET /?q=attack HTTP/1.1\nHost: h\n",
    )
    .expect("a file");
    fs::write(records.join("b.white"), "GET /?q=fine HTTP/1.1\nHost: h\n").expect("a file");
    let (code, out, err) = told(&babyshield(
        folder.path(),
        &["replay", "records", "--format", "jsonl"],
    ));
    assert_eq!(code, 0, "{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(json).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["file"], "records/a.black");
    assert_eq!(lines[0]["verdict"], "block");
    assert_eq!(lines[0]["status"], 403);
    assert_eq!(lines[0]["rules"][0], "7");
    assert!(lines[0]["score"].is_u64() && lines[0]["micros"].is_f64());
    assert_eq!(lines[1]["verdict"], "allow");
    assert!(err.contains("detection rate       100.00 %"), "{err}");

    fs::write(records.join("c.jsonl"), "broken\n{\"uri\": \"/\"}\n").expect("a file");
    let (code, out, err) = told(&babyshield(
        folder.path(),
        &["replay", "records", "--format", "json"],
    ));
    assert_eq!(code, 1);
    assert!(err.contains("records/c.jsonl:1: not JSON"), "{err}");
    let summary = json(&out);
    assert_eq!(
        (summary["requests"].as_u64(), summary["unreadable"].as_u64()),
        (Some(3), Some(1))
    );
    assert_eq!(summary["labelled"]["accuracy"].as_f64(), Some(1.0));
}

#[test]
fn a_replay_of_nothing_is_no_success() {
    let folder = folder("");
    fs::create_dir(folder.path().join("records")).expect("a folder");
    let (code, _, err) = told(&babyshield(folder.path(), &["replay", "records"]));
    assert_eq!(code, 1);
    assert!(err.contains("there is no request"), "{err}");
}

#[test]
fn a_store_that_is_not_there_is_told_as_such() {
    let folder = folder("");
    let command = ["why", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--store", "none.db"];
    let (code, _, err) = told(&babyshield(folder.path(), &command));
    assert_eq!(code, 3);
    assert!(err.contains("none.db: there is none"), "{err}");
    assert!(!folder.path().join("none.db").exists());
}

#[test]
fn wrong_command_lines_are_told_with_exit_code_2() {
    let empty = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["run"][..],
        &["check"],
        &["nonsense"],
        &["replay"],
        &["why", "not-an-id"],
        &["run", "--upstream", "127.0.0.1:3000"],
    ] {
        let (code, out, err) = told(&babyshield(empty.path(), arguments));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
    let (_, _, err) = told(&babyshield(
        empty.path(),
        &["run", "--upstream", "127.0.0.1:3000"],
    ));
    assert!(
        err.contains("<command line>:1:13: error: `127.0.0.1:3000` has no scheme"),
        "{err}"
    );
}

#[test]
fn completions_and_manual_pages_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, _) = told(&babyshield(folder.path(), &["completions", "bash"]));
    assert!(code == 0 && out.contains("_babyshield"), "{out}");
    let (code, _, _) = told(&babyshield(folder.path(), &["man", "pages"]));
    assert_eq!(code, 0);
    let page: PathBuf = folder.path().join("pages/babyshield-replay.1");
    assert!(
        fs::read_to_string(page)
            .expect("the page")
            .contains("HAR files")
    );
}
