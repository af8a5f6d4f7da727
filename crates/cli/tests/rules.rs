//! `babyshield rules …` as a user runs it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail them"
)]

mod terminal;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use terminal::{babyshield, fed, json, told};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

const MESSY: &str = "SecRule  ARGS \"@rx a\"  \\\n\"id:1, pass\"\n\n\n\nSecMarker   X\n";
const LAID: &str = "SecRule ARGS \"@rx a\" \\\n    \"id:1,pass\"\n\nSecMarker X\n";

#[test]
fn fmt_writes_in_place_and_then_has_nothing_to_do() {
    let folder = folder(&[("a.conf", MESSY), ("sub/b.conf", MESSY), ("c.data", MESSY)]);
    let path = folder.path().join("a.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink("a.conf", folder.path().join("link.conf")).expect("a link");
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "fmt", "--check", "."],
    ));
    assert_eq!((code, out.lines().count()), (1, 3), "{out}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    assert_eq!(read("a.conf"), MESSY);
    let (code, ..) = told(&babyshield(folder.path(), &["rules", "fmt", "."]));
    assert_eq!(code, 0);
    assert_eq!([read("a.conf"), read("sub/b.conf")], [LAID, LAID]);
    assert_eq!(read("c.data"), MESSY);
    let kept = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(kept & 0o777, 0o640);
    assert!(folder.path().join("link.conf").is_symlink());
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 4, "nothing is left beside");
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "fmt", "--check", "."],
    ));
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn fmt_lays_out_standard_input() {
    let here = Path::new(".");
    let (code, out, _) = told(&fed(here, &["rules", "fmt", "-"], MESSY));
    assert_eq!((code, out.as_str()), (0, LAID));
    let (code, ..) = told(&fed(here, &["rules", "fmt", "--check", "-"], MESSY));
    assert_eq!(code, 1);
    let (code, ..) = told(&fed(here, &["rules", "fmt", "--check", "-"], LAID));
    assert_eq!(code, 0);
    let json_of = ["rules", "fmt", "--check", "--format", "json", "-"];
    let (_, out, _) = told(&fed(here, &json_of, MESSY));
    assert_eq!(json(&out)["changed"][0], "<standard input>");
}

#[test]
fn fmt_touches_nothing_where_one_file_is_wrong() {
    let folder = folder(&[("a.conf", MESSY), ("b.conf", "SecRule ARGS \"@rx a\n")]);
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "."]));
    assert_eq!(code, 2);
    assert!(
        err.contains("b.conf:1:14: error: this quote is never closed"),
        "{err}"
    );
    let own = fs::read_to_string(folder.path().join("a.conf")).expect("a file");
    assert_eq!(own, MESSY);
    fs::write(folder.path().join("b.conf"), b"# \xff\n").expect("a file");
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "."]));
    assert!(
        code == 2 && err.contains("is not UTF-8 from byte 2 on"),
        "{err}"
    );
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "nowhere"]));
    assert!(
        code == 2 && err.contains("`nowhere` cannot be read"),
        "{err}"
    );
    let (code, _, err) = told(&babyshield(folder.path(), &["rules", "fmt", "-", "a.conf"]));
    assert!(code == 2 && err.contains("`-` stands alone"), "{err}");
}

const OWN: &str = "SecRule ARGS:q \"@streq attack\" \"id:7,phase:1,deny,status:418,log,msg:'tripped'\"\n\
                   SecRule RESPONSE_BODY \"@contains secret\" \"id:8,phase:4,deny,log,msg:'leak'\"\n\
                   SecRule ARGS:r \"@streq x\" \"id:9,phase:2,deny,log\"\n";
const FOURTH: &str = r#"
rule_id: 7
tests:
  - test_id: 1
    stages:
      - input: { uri: "/?q=attack" }
        output: { status: 418, log: { expect_ids: [7], no_expect_ids: [8] } }
  - test_id: 2
    stages:
      - input: { uri: "/?q=fine" }
        output: { log: { expect_ids: [7] } }
  - test_id: 3
    stages:
      - input: { uri: "/?q=fine" }
        output: { status: 200, log: { no_expect_ids: [7] } }
      - input: { uri: "/?r=x" }
        output: { status: 200 }
  - test_id: 4
    stages:
      - input: { uri: "/" }
        output: { status: 405 }
  - test_id: 5
    stages:
      - input:
          method: POST
          uri: /reflect
          data: '{"status": 200, "body": "a secret"}'
          headers: { Content-Type: application/json }
        output: { log: { expect_ids: [8] } }
  - test_id: 6
    stages:
      - input: { nonsense: 1 }
        output: { status: 200 }
"#;
const THIRD: &str = r#"
meta: { name: 9.yaml }
tests:
  - test_title: 9-1
    stages:
      - stage:
          input: { uri: "/?r=x", headers: { Host: a<b } }
          output: { log_contains: 'id "9"', no_log_contains: 'id "7"' }
"#;

#[test]
fn cases_of_both_forms_pass_fail_and_are_skipped_for_a_reason() {
    let folder = folder(&[("own.conf", OWN), ("t/7.yaml", FOURTH), ("t/9.yaml", THIRD)]);
    let run = |more: &[&str]| {
        let all = [&["rules", "test", "--rules", "own.conf", "t"], more].concat();
        told(&babyshield(folder.path(), &all))
    };
    let (code, out, _) = run(&[]);
    assert_eq!(code, 1);
    assert!(
        out.ends_with("6 cases: 3 passed, 2 failed, 1 skipped; 1 could not be read\n"),
        "{out}"
    );
    let failure = "FAIL 7-2 (t/7.yaml, stage 1 of 1)\n  expected  id \"7\"\n  got       no rule, \
                   status 200\n  because   `id \"7\"` is missing; found nothing\n";
    assert!(out.contains(failure), "{out}");
    for part in [
        "FAIL 7-3 (t/7.yaml, stage 2 of 2)",
        "  because   status 403 from rule 9, expected 200",
        "[id \"9\"]",
        "skip 7-4: expects a status that a server gives",
        "FAIL 7-6: cannot be read: unknown field `nonsense`",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, _) = run(&["--only", "7-1"]);
    assert_eq!(
        code, 1,
        "a case that cannot be read is never passed over: {out}"
    );
    let (_, out, _) = run(&["--format", "json"]);
    let all = json(&out);
    assert_eq!(all["cases"][1]["outcome"], "failed");
    assert_eq!(all["cases"][0]["rules"][0], "7");
    assert_eq!(all["cases"][0]["status"], 418);
    assert_eq!(all["unreadable"][0]["case"], "7-6");
    let (_, out, _) = run(&["--format", "junit"]);
    assert!(
        out.contains("tests=\"7\" failures=\"2\" errors=\"1\" skipped=\"1\""),
        "{out}"
    );
    assert!(
        out.contains("<failure message=\"`id &quot;7&quot;` is missing; found nothing\">"),
        "{out}"
    );
}

#[test]
fn a_suite_that_passes_is_0_and_one_that_is_not_there_2() {
    let folder = folder(&[("own.conf", OWN), ("t/9.yaml", THIRD)]);
    let run = |cases: &str| {
        let all = ["rules", "test", "--rules", "own.conf", cases];
        told(&babyshield(folder.path(), &all))
    };
    let (code, out, _) = run("t/9.yaml");
    assert_eq!(
        (code, out.as_str()),
        (0, "1 case: 1 passed, 0 failed, 0 skipped\n")
    );
    let (code, _, err) = run("nowhere.yaml");
    assert!(
        code == 2 && err.contains("`nowhere.yaml` cannot be read"),
        "{err}"
    );
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    let (code, _, err) = run("empty");
    assert!(code == 2 && err.contains("no cases"), "{err}");
    let all = ["rules", "test", "--rules", "nowhere.conf", "t"];
    let (code, _, err) = told(&babyshield(folder.path(), &all));
    assert!(code == 2 && err.contains("nowhere.conf"), "{err}");
}

#[test]
fn bench_tells_what_each_rule_cost() {
    let traffic =
        "{\"uri\": \"/?q=attack\"}\n{\"uri\": \"/?q=fine\"}\nbroken\n{\"uri\": \"/?r=x\"}\n";
    let folder = folder(&[("own.conf", OWN), ("t.jsonl", traffic)]);
    let run = |more: &[&str]| {
        let all = [&["rules", "bench", "--rules", "own.conf", "t.jsonl"], more].concat();
        told(&babyshield(folder.path(), &all))
    };
    let (code, out, err) = run(&["--format", "json", "--rounds", "3"]);
    assert!(code == 1 && err.contains("t.jsonl:3: not JSON"), "{err}");
    let costs = json(&out);
    assert_eq!(
        (costs["requests"].as_u64(), costs["unreadable"].as_u64()),
        (Some(3), Some(1))
    );
    let rules = costs["rules"].as_array().expect("a list");
    let own = rules.iter().find(|own| own["id"] == 7).expect("rule 7");
    let disturbed = costs["disturbed"].as_u64().expect("a number");
    assert!(
        own["matched"]
            .as_u64()
            .is_some_and(|own| own <= 3 && own + disturbed >= 3),
        "{own}"
    );
    assert!(own["micros"].is_f64() && own["share"].is_f64(), "{own}");
    assert!(
        !rules.iter().any(|own| own["id"] == 8),
        "no response, no rule about it"
    );
    let (_, out, _) = run(&["--rows", "1"]);
    assert!(
        out.contains("µs of CPU time") && out.contains("rules were never asked"),
        "{out}"
    );
    assert!(out.contains("values, for all rules"), "{out}");
    let (code, ..) = run(&["--rounds", "0"]);
    assert_eq!(code, 2);
}

#[test]
fn explain_says_what_a_rule_is_and_what_became_of_one() {
    let text = format!("{OWN}SecRuleRemoveById 8\n");
    let folder = folder(&[("own.conf", &text)]);
    let run = |id: &str, more: &[&str]| {
        let all = [&["rules", "explain", id, "--rules", "own.conf"], more].concat();
        told(&babyshield(folder.path(), &all))
    };
    let (code, out, _) = run("7", &[]);
    assert_eq!(code, 0);
    for part in [
        "Rule 7: tripped\nown.conf:1, phase 1: once the request's head is there\n",
        "    the parameter `q` (ARGS:q)\n",
        "    whether it is `attack`\n",
        "  refuses the request with 418\n",
        "Changed by\n  nothing in these rules\n",
        "    ARGS:q (this rule alone)\n",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, out, _) = run("7", &["--format", "json"]);
    let own = json(&out);
    assert_eq!(own["conditions"][0]["asks"], "whether it is `attack`");
    assert_eq!(own["plan"]["runs"], true);
    let (code, _, err) = run("8", &[]);
    assert!(
        code == 1 && err.contains("not in force: own.conf:4 takes it away"),
        "{err}"
    );
    let (code, out, _) = run("8", &["--format", "json"]);
    assert_eq!(
        (code, json(&out)["removed"]["place"].as_str()),
        (1, Some("own.conf:4"))
    );
    let (code, _, err) = run("99", &[]);
    assert!(code == 1 && err.contains("there is no rule 99"), "{err}");
    let (code, _, err) = run("x", &[]);
    assert!(code == 2 && !err.is_empty());
    let (code, out, _) = told(&babyshield(
        folder.path(),
        &["rules", "explain", "10150110"],
    ));
    assert!(code == 0 && out.contains("the detector `sql`"), "{out}");
}
