//! Rules in plain words.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::path::{Path, PathBuf};

use babyshield_waf::explain::{Asked, Explainer, Explanation};
use babyshield_waf::source::{Disk, Memory};
use babyshield_waf::{Exclusion, Spec, Wakes};

const RULES: &str = r#"
SecRule ARGS|!ARGS:note|&REQUEST_HEADERS:Host "@rx (?i)union\s+select|drop\s+table" \
    "id:1,phase:2,deny,status:418,capture,t:none,t:urlDecodeUni,t:lowercase,\
    msg:'%{MATCHED_VAR} found',severity:CRITICAL,tag:'paranoia-level/2',\
    setvar:'tx.inbound_anomaly_score=+5'"
SecRule ARGS:a "!@within x y" "id:2,phase:1,pass,nolog,t:none,chain"
    SecRule TX:b "@ge 3" "t:none,ctl:ruleRemoveTargetById=1;ARGS:q,ctl:ruleRemoveById=3-5"
SecRule ARGS "@pm one two" "id:3,phase:2,pass,t:none"
SecRule ARGS "@contains x" "id:4,phase:2,pass,t:none,tag:'t4'"
SecRule TX:level "@ge 2" "id:5,phase:2,deny"
SecRule ARGS "@contains y" "id:6,phase:2,deny,t:none"
SecRule ARGS "!@rx ^[a-z]+$" "id:7,phase:2,pass,t:none"
SecRule &ARGS:d "!@eq 0" "id:8,phase:2,pass,t:none"
SecRuleUpdateTargetById 1 "!ARGS:free"
SecRuleUpdateActionById 3 "deny,log"
SecRuleRemoveByTag t4
"#;

fn explainer(text: &str) -> Explainer {
    let exclusion = Exclusion {
        rule: 6,
        field: "ARGS:text".to_owned(),
        value: None,
        method: None,
        host: None,
        path: "^/v1/posts$".to_owned(),
        place: None,
    };
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("own.conf".to_owned(), text.to_owned())],
        exclusions: vec![exclusion],
        ..Spec::default()
    };
    Explainer::new(&spec, &Memory::default()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn rule(id: u64) -> Explanation {
    match explainer(RULES).explain(id) {
        Asked::Rule(own) => *own,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_rule_looks_at_undoes_asks_and_does() {
    let own = rule(1);
    assert_eq!(
        (own.place.as_str(), own.phase, own.level),
        ("own.conf:2", 2, Some(2))
    );
    assert_eq!(own.message.as_deref(), Some("%{MATCHED_VAR} found"));
    let condition = &own.conditions[0];
    assert_eq!(
        condition.looks_at,
        [
            "every parameter, of the query and of the body (ARGS)",
            "how many there are of: the header field `host` (&REQUEST_HEADERS:host)",
        ]
    );
    assert_eq!(
        condition.leaves_out,
        [
            "the parameter `note` (ARGS:note)",
            "the parameter `free` (ARGS:free)"
        ]
    );
    let steps: Vec<&str> = condition.undoes.iter().map(|own| own.name).collect();
    assert_eq!(steps, ["urlDecodeUni", "lowercase"]);
    assert_eq!(
        condition.pattern.as_ref().unwrap().words,
        ["union", "drop", "select", "table"]
    );
    assert_eq!(
        condition.does,
        [
            "adds 5 to the score `tx.inbound_anomaly_score`",
            "keeps what the groups matched as TX:0 to TX:9",
        ]
    );
    assert_eq!(own.outcome[0], "refuses the request with 418");
}

#[test]
fn who_changes_a_rule_is_told_with_its_place() {
    let told = |id: u64| -> Vec<String> {
        let changes = rule(id).changes.into_iter();
        changes
            .map(|own| format!("{}: {}", own.place, own.what))
            .collect()
    };
    assert_eq!(
        told(1),
        [
            "own.conf:14: changes what it looks at: !ARGS:free",
            "own.conf:6: rule 2, where it matches, takes the parameter `q` (ARGS:q) out of its \
             sight for the request",
        ]
    );
    assert_eq!(
        told(3),
        [
            "own.conf:15: changes its actions: deny,log",
            "own.conf:6: rule 2, where it matches, takes it away for the request",
        ]
    );
    assert!(
        told(6)[0].starts_with("<exclusion>:1: rule "),
        "{:?}",
        told(6)
    );
}

#[test]
fn chains_and_negations_are_told_link_by_link() {
    let own = rule(2);
    assert_eq!(
        own.conditions[0].asks,
        "whether it is not found within `x y`"
    );
    assert_eq!(
        own.conditions[1].asks,
        "whether, as a number, it is at least 3"
    );
    assert_eq!(own.conditions[1].place, "own.conf:7");
    assert_eq!(
        own.conditions[1].does[1],
        "takes rules 3 to 5 away, for this request"
    );
}

#[test]
fn a_removed_rule_and_an_unknown_one_are_told_apart() {
    match explainer(RULES).explain(4) {
        Asked::Removed(by) => assert_eq!(by.place, "own.conf:16"),
        other => panic!("{other:?}"),
    }
    assert_eq!(explainer(RULES).explain(99), Asked::Unknown);
}

#[test]
fn the_plan_says_what_wakes_a_rule_and_whether_it_runs() {
    let own = rule(3).plan;
    assert_eq!(own.wakes, Wakes::Literals);
    assert_eq!(own.must_have, ["one of `one`, `two`"]);
    assert_eq!(own.views, ["ARGS (and 2 other rules)"]);
    assert_eq!(rule(6).plan.wakes, Wakes::Present);
    assert_eq!(rule(7).plan.wakes, Wakes::Mismatch);
    assert_eq!(rule(8).plan.wakes, Wakes::Present);
    let never = rule(5).plan;
    assert!(
        !never.runs && never.wakes == Wakes::Never,
        "nothing sets tx.level: {never:?}"
    );
    let own = rule(1).plan;
    assert_eq!(own.wakes, Wakes::Always, "a count of nothing is a value");
}

#[test]
fn rules_of_the_sets_at_hand_are_explained() {
    let mut sets = vec![PathBuf::from("builtin")];
    let crs = Path::new("/usr/share/modsecurity-crs");
    if crs.join("owasp-crs.load").exists() {
        sets.push(crs.to_owned());
    } else {
        println!("skipped: {} is not there", crs.display());
    }
    for rules in sets {
        let spec = Spec {
            rules: vec![rules],
            ..Spec::default()
        };
        let all = Explainer::new(&spec, &Disk).unwrap();
        let mut explained = 0;
        for id in all.ids().step_by(5) {
            let Asked::Rule(own) = all.explain(id) else {
                panic!("rule {id} is in force and not explained");
            };
            assert!(
                !own.conditions.is_empty() && !own.outcome.is_empty(),
                "{id}"
            );
            let asks = own.conditions.iter().all(|link| !link.asks.is_empty());
            assert!(
                asks && own.plan.runs == (own.plan.wakes != Wakes::Never),
                "{id}: {own:?}"
            );
            explained += 1;
        }
        assert!(explained > 50, "{explained}");
    }
}
