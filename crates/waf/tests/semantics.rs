//! What rules mean, each as a small rule set and what it finds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::sync::Arc;

use babyshield_waf::{Connection, Decision, Outcome, Plan, Spec, Step, source::Memory};

fn plan(rules: &str) -> Arc<Plan> {
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("test.conf".to_owned(), rules.to_owned())],
        ..Spec::default()
    };
    let compiled = Plan::compile(&spec, &Memory::default()).unwrap_or_else(|faults| {
        panic!(
            "{}",
            faults.iter().map(|f| format!("{f}\n")).collect::<String>()
        )
    });
    Arc::new(compiled.plan)
}

fn run(plan: &Arc<Plan>, target: &str, headers: &[(&str, &str)], body: &str) -> Outcome {
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.request_line(b"POST", target.as_bytes(), b"HTTP/1.1");
    for (name, value) in headers {
        own.request_header(name.as_bytes(), value.as_bytes());
    }
    if own.request_head_end() == Decision::Continue
        && own.request_body(body.as_bytes()) == Decision::Continue
    {
        own.request_end();
    }
    own.finish()
}

fn found(rules: &str, target: &str) -> Vec<String> {
    let outcome = run(&plan(rules), target, &[], "");
    outcome
        .findings
        .into_iter()
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn lower_case_after_another_change_keeps_its_literals() {
    for (pattern, transforms, value) in [
        (
            "union select",
            "t:replaceComments,t:lowercase",
            "UNION/**/SELECT",
        ),
        (
            "c:/windows/php",
            "t:urlDecodeUni,t:lowercase",
            "C:/WINDOWS%252fphp.ini",
        ),
        (
            "c:/windows/php",
            "t:normalizePathWin,t:lowercase",
            "C:\\WINDOWS\\php.ini",
        ),
        ("union", "t:lowercase", "UNION"),
    ] {
        let rules =
            format!("SecRule ARGS \"@rx {pattern}\" \"id:1,phase:2,pass,t:none,{transforms}\"");
        assert_eq!(
            found(&rules, &format!("/?q={value}")),
            ["1"],
            "{pattern} {transforms}"
        );
    }
}

#[test]
fn a_gated_rule_sees_a_slot_that_is_set_before_it() {
    let rules = "SecRule ARGS:q \"@rx .\" \"id:1,phase:2,pass,nolog,setvar:'tx.seen=attack'\"\n\
                 SecRule TX:seen|REQUEST_URI \"@rx attack\" \"id:2,phase:2,pass\"";
    assert_eq!(found(rules, "/?q=x"), ["2"]);
    assert_eq!(found(rules, "/?z=x"), [""; 0]);
}

#[test]
fn child_of_a_missed_chain_never_runs() {
    let rules = "SecRule ARGS:a \"@streq 1\" \"id:1,phase:2,pass,chain\"\n\
                 SecRule ARGS:b \"@streq 2\" \"setvar:'tx.hit=1'\"\n\
                 SecRule TX:hit \"@eq 1\" \"id:2,phase:2,pass\"";
    assert_eq!(found(rules, "/?a=0&b=2"), [""; 0]);
    assert_eq!(found(rules, "/?a=1&b=2"), ["1", "2"]);
    assert_eq!(found(rules, "/?a=1&b=3"), [""; 0]);
}

#[test]
fn actions_run_for_every_value_that_matches() {
    let rules = "SecRule ARGS \"@contains x\" \"id:1,phase:2,pass,nolog,setvar:'tx.n=+1'\"\n\
                 SecRule TX:n \"@eq 3\" \"id:2,phase:2,pass\"";
    assert_eq!(found(rules, "/?a=x&b=x&c=y&d=x"), ["2"]);
}

#[test]
fn skip_after_jumps_past_its_marker_only() {
    let rules = "SecRule ARGS:a \"@streq 1\" \"id:1,phase:2,pass,nolog,skipAfter:END\"\n\
                 SecAction \"id:2,phase:2,pass\"\n\
                 SecMarker END\n\
                 SecAction \"id:3,phase:2,pass\"";
    assert_eq!(found(rules, "/?a=1"), ["3"]);
    assert_eq!(found(rules, "/?a=2"), ["2", "3"]);
}

#[test]
fn a_paranoia_gate_follows_the_number_in_its_slot() {
    let rules = "SecRule &TX:level \"@eq 0\" \"id:1,phase:1,pass,nolog,setvar:'tx.level=2'\"\n\
                 SecRule TX:level \"@lt 3\" \"id:2,phase:1,pass,nolog,skipAfter:END\"\n\
                 SecAction \"id:3,phase:1,pass\"\n\
                 SecMarker END";
    assert_eq!(found(rules, "/"), [""; 0]);
    let raised = format!("SecAction \"id:9,phase:1,pass,nolog,setvar:'tx.level=3'\"\n{rules}");
    assert_eq!(found(&raised, "/"), ["3"]);
}

#[test]
fn excluded_and_removed_targets_are_not_looked_at() {
    let rules = "SecRule ARGS:free \"@rx .\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetById=3;ARGS:q\"\n\
                 SecRule ARGS|!ARGS:text \"@contains evil\" \"id:3,phase:2,pass\"";
    assert_eq!(found(rules, "/?text=evil"), [""; 0]);
    assert_eq!(found(rules, "/?q=evil"), ["3"]);
    assert_eq!(found(rules, "/?q=evil&free=1"), [""; 0]);
    assert_eq!(found(rules, "/?q=evil&r=evil&free=1"), ["3"]);
}

#[test]
fn removed_rules_do_not_run() {
    let rules = "SecRule ARGS:off \"@streq 1\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveByTag=attack\"\n\
                 SecAction \"id:2,phase:2,pass,tag:'attack-sqli'\"\n\
                 SecAction \"id:3,phase:2,pass,tag:'other'\"";
    assert_eq!(found(rules, "/?off=1"), ["3"]);
    assert_eq!(found(rules, "/?off=0"), ["2", "3"]);
}

#[test]
fn captures_feed_macros() {
    let rules = "SecRule ARGS:q \"@rx ^(\\w+)-(\\w+)$\" \"id:1,phase:2,pass,capture,msg:'%{tx.2} of %{TX.1} in %{MATCHED_VAR_NAME}'\"";
    let outcome = run(&plan(rules), "/?q=left-right", &[], "");
    assert_eq!(outcome.findings[0].message, "right of left in ARGS:q");
}

#[test]
fn a_long_match_is_whole_to_who_reads_it() {
    let text = format!("{} start{} end\n", "x ".repeat(2000), "y".repeat(5000));
    let alone = "SecRule ARGS:q \"@rx start.*\" \"id:1,phase:2,pass,capture,logdata:'%{tx.0}'\"\n";
    let chained = "SecRule ARGS:q \"@rx start.*\" \"id:2,phase:2,pass,capture,chain\"\n\
                   SecRule TX:0 \"@endsWith end\"\n";
    let later = "SecRule TX:0 \"@endsWith end\" \"id:3,phase:2,pass\"\n";
    let ended = text.replace(" end\n", " end");
    for body in [&text, &ended] {
        let told = |rules: &str| {
            let form = [("Content-Type", "application/x-www-form-urlencoded")];
            let outcome = run(&plan(rules), "/", &form, &format!("q={body}"));
            let shown = format!("start{}", "y".repeat(1024 - 5));
            let first = &outcome.findings[0];
            assert!(first.rule != "1" || first.data == shown, "{rules}");
            assert_eq!(Some(first.matched.as_str()), shown.get(..256), "{rules}");
            outcome.findings.len()
        };
        assert_eq!(told(alone), 1);
        assert_eq!(
            told(&format!("{alone}{chained}")),
            1 + usize::from(*body == ended)
        );
        assert_eq!(
            told(&format!("{alone}{later}")),
            1 + usize::from(*body == ended)
        );
    }
}

#[test]
fn watch_notes_the_first_interruption_and_runs_on() {
    let rules = "SecAction \"id:1,phase:1,deny,status:406\"\nSecAction \"id:2,phase:2,pass\"";
    let plan = plan(rules);
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.watch();
    own.request_line(b"GET", b"/", b"HTTP/1.1");
    assert_eq!(own.request_head_end(), Decision::Continue);
    assert_eq!(own.request_end(), Decision::Continue);
    let outcome = own.finish();
    let noted = outcome.interruption.unwrap();
    assert_eq!((noted.rule, noted.status), (1, 406));
    assert_eq!(outcome.findings.len(), 2);
}

#[test]
fn nothing_of_one_transaction_is_seen_by_the_next() {
    let rules = "SecRule ARGS:q \"@streq set\" \"id:1,phase:2,pass,nolog,setvar:'tx.left=1',setvar:'tx.%{ARGS.name}=1',setenv:E=1\"\n\
                 SecRule TX:left|TX:/^dyn/|ENV:E \"@streq 1\" \"id:2,phase:1,pass\"";
    let plan = plan(rules);
    run(&plan, "/?q=set&name=dynamic", &[("A", "b")], "left=over");
    let outcome = run(&plan, "/", &[], "");
    assert_eq!(outcome.findings, []);
}

#[test]
fn json_and_xml_are_parsed_by_their_type() {
    let rules = "SecRule ARGS \"@contains evil\" \"id:1,phase:2,pass\"\n\
                 SecRule XML:/* \"@contains evil\" \"id:2,phase:2,pass\"\n\
                 SecRule XML://@* \"@contains evil\" \"id:3,phase:2,pass\"";
    let plan = plan(rules);
    let ids = |kind: &str, body: &str| -> Vec<String> {
        let outcome = run(&plan, "/", &[("Content-Type", kind)], body);
        outcome.findings.into_iter().map(|f| f.rule).collect()
    };
    assert_eq!(
        ids("application/json", r#"{"a":{"b":["x","ev\u0069l"]}}"#),
        ["1"]
    );
    assert_eq!(
        ids("application/problem+json; charset=utf-8", r#"{"a":"evil"}"#),
        ["1"]
    );
    assert_eq!(ids("text/xml", "<a><b>evil</b></a>"), ["2"]);
    assert_eq!(ids("application/soap+xml", "<a b='evil'/>"), ["3"]);
    assert_eq!(ids("text/plain", "evil"), [""; 0]);
}

#[test]
fn every_fault_of_a_file_is_told_at_once_with_its_place() {
    let rules = "SecRule ARGZ \"@rx x\" \"id:1,phase:2,pass\"\n\
                 SecRule ARGS \"@rxx x\" \"id:2,phase:2,pass\"\n\
                 SecRule ARGS \"@rx (\" \"id:3,phase:9,pass,t:lowrcase,nope\"\n\
                 SecRule ARGS \"@rx x\" \"id:1,phase:2,pass,skipAfter:NOWHERE\"\n\
                 SecRuleEngin On\n";
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("bad.conf".to_owned(), rules.to_owned())],
        ..Spec::default()
    };
    let faults = Plan::compile(&spec, &Memory::default()).unwrap_err();
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for expected in [
        "bad.conf:1:9: error: unknown variable `ARGZ` (help: did you mean `ARGS`?)",
        "bad.conf:2:16: error: unknown operator `@rxx` (help: did you mean `rx`?)",
        "error: a phase is 1 to 5",
        "unknown transformation `t:lowrcase` (help: did you mean `lowercase`?)",
        "unknown action `nope`",
        "rule id 1 is taken (help: it is first used at bad.conf:1)",
        "no `SecMarker NOWHERE`",
        "bad.conf:5:1: error: unknown directive `SecRuleEngin` (help: did you mean `SecRuleEngine`?)",
    ] {
        assert!(
            text.iter().any(|t| t.contains(expected)),
            "{expected} in {text:#?}"
        );
    }
}

#[test]
fn a_pattern_that_gives_up_counts_as_matched_and_is_told() {
    let rules = "SecRule ARGS:q \"@rx ^(?:a|aa)+(?<!x)$\" \"id:1,phase:2,pass\"";
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("t".to_owned(), rules.to_owned())],
        limits: babyshield_waf::Limits {
            regex_steps: 1000,
            ..Default::default()
        },
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Memory::default()).unwrap().plan);
    let outcome = run(&plan, &format!("/?q={}c", "a".repeat(40)), &[], "");
    assert_eq!(outcome.findings.len(), 1);
    assert!(!outcome.faults.is_empty());
}

#[test]
fn findings_name_the_field_behind_matched_vars() {
    for variable in [
        "MATCHED_VAR",
        "MATCHED_VARS",
        "MATCHED_VAR_NAME",
        "MATCHED_VARS_NAMES",
    ] {
        let rules = format!(
            "SecRule ARGS \"@rx b\" \"id:1,phase:2,pass,chain,msg:'m',logdata:'%{{MATCHED_VAR_NAME}}'\"\n\
             SecRule {variable} \"@rx .\" \"t:none,t:uppercase,chain\"\n\
             SecRule {variable} \"@rx [AB]\" \"t:none,t:uppercase\"\n"
        );
        let outcome = run(&plan(&rules), "/?a=x&q=abc", &[], "");
        let finding = &outcome.findings[0];
        assert_eq!(finding.field, "ARGS:q", "{variable}");
        if !variable.contains("NAME") {
            assert_eq!(
                (finding.value.as_str(), finding.matched.as_str()),
                ("ABC", "A")
            );
        }
    }
}

#[test]
fn two_content_types_are_refused_whatever_the_rules() {
    let spec = Spec {
        rules: vec!["own.conf".into()],
        ..Spec::default()
    };
    let own = [(
        "own.conf".into(),
        b"SecAction \"id:1,phase:1,pass,nolog\"".to_vec(),
    )];
    let compiled = Plan::compile(&spec, &Memory(own.into())).unwrap();
    let plan = Arc::new(compiled.plan);
    let kind = ("Content-Type", "application/json");
    let once = run(&plan, "/", &[kind], "{}");
    assert_eq!(once.interruption, None);
    let twice = run(&plan, "/", &[kind, ("content-type", "text/plain")], "{}");
    assert_eq!(
        twice.interruption.map(|own| (own.rule, own.status)),
        Some((10_000_004, 400))
    );
}

#[test]
fn a_request_line_without_a_version_is_of_http_0_9() {
    let plan = plan(
        "SecRule REQUEST_PROTOCOL \"!@within HTTP/1.0 HTTP/1.1\" \"id:1,phase:1,pass,log\"\n\
         SecRule REQUEST_PROTOCOL \"@streq HTTP/0.9\" \"id:2,phase:1,pass,log\"",
    );
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.request_line(b"GET", b"/", b"");
    own.request_head_end();
    let rules: Vec<_> = own.finish().findings.into_iter().map(|f| f.rule).collect();
    assert_eq!(rules, ["1", "2"]);
}

#[test]
fn findings_carry_what_the_rule_says_of_the_match() {
    let plan = plan(
        "SecRule ARGS \"@rx b+\" \"id:1,phase:2,pass,log,capture,\\
            logdata:'%{TX.0} in %{MATCHED_VAR_NAME}: %{MATCHED_VAR}'\"",
    );
    let outcome = run(&plan, "/?q=abbc", &[], "");
    assert_eq!(outcome.findings[0].data, "bb in ARGS:q: abbc");
    let long = run(&plan, &format!("/?q=b{}", "x".repeat(5000)), &[], "");
    assert_eq!(long.findings[0].data.len(), 1024);
}

#[test]
fn a_json_body_is_also_seen_whole() {
    let plan = plan("SecRule REQUEST_BODY \"@contains roles\" \"id:1,phase:2,pass,log\"");
    let json = [("Content-Type", "application/json")];
    let body = r#"{"roles":["admin"]}"#;
    assert_eq!(run(&plan, "/", &json, body).findings.len(), 1);
    let xml = [("Content-Type", "text/xml")];
    assert_eq!(run(&plan, "/", &xml, "<roles/>").findings.len(), 0);
}

#[test]
fn a_unicode_map_says_what_code_units_become() {
    let rules = "SecUnicodeMapFile unicode.mapping 1251\n\
                 SecRule ARGS \"@streq do\" \"id:1,phase:2,pass,log,t:none,t:urlDecodeUni\"";
    let mut files = Memory::default();
    let map = b"1251 (ANSI - Cyrillic)\n0434:64 043e:6f\n".to_vec();
    files.0.insert("unicode.mapping".into(), map);
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("test.conf".to_owned(), rules.to_owned())],
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &files).unwrap().plan);
    assert_eq!(
        run(&plan, "/?q=%25u0434%25u043e", &[], "").findings.len(),
        1
    );
    let faults = Plan::compile(&spec, &Memory::default()).unwrap_err();
    assert!(faults[0].message.contains("map file"), "{}", faults[0]);
}

#[test]
fn a_default_disrupts_what_says_block_and_nothing_else() {
    let rules = "SecDefaultAction \"phase:1,log,deny,status:404\"\n\
                 SecRule ARGS \"@contains a\" \"id:1,phase:1\"\n\
                 SecRule ARGS \"@contains b\" \"id:2,phase:1,block\"\n";
    let plan = plan(rules);
    assert_eq!(run(&plan, "/?q=a", &[], "").interruption, None);
    let blocked = run(&plan, "/?q=ab", &[], "").interruption.unwrap();
    assert_eq!((blocked.rule, blocked.status), (2, 404));
}

#[test]
fn the_status_of_a_chain_may_stand_in_its_last_rule() {
    let rules = "SecRule ARGS \"@contains a\" \"id:1,phase:1,deny,chain\"\n\
                 SecRule REQUEST_METHOD \"@streq POST\" \"status:437\"\n";
    let outcome = run(&plan(rules), "/?q=a", &[], "");
    assert_eq!(outcome.interruption.unwrap().status, 437);
}

#[test]
fn captures_are_seen_by_who_looks_at_all_of_tx() {
    let rules = "SecRule ARGS \"@rx (b+)\" \"id:1,phase:1,pass,capture,nolog\"\n\
                 SecRule TX \"@streq bb\" \"id:2,phase:1,pass,log\"\n\
                 SecRule TX:/^1$/ \"@streq bb\" \"id:3,phase:1,pass,log\"\n";
    assert_eq!(found(rules, "/?q=abba"), ["2", "3"]);
}

#[test]
fn a_request_with_too_many_cookies_is_refused_whatever_the_rules() {
    let spec = Spec {
        rules: vec!["own.conf".into()],
        limits: babyshield_waf::Limits {
            cookies: 3,
            ..Default::default()
        },
        ..Spec::default()
    };
    let own = [(
        "own.conf".into(),
        b"SecAction \"id:1,phase:1,pass,nolog\"".to_vec(),
    )];
    let compiled = Plan::compile(&spec, &Memory(own.into())).unwrap();
    let plan = Arc::new(compiled.plan);
    let told = |fields: &[(&str, &str)]| run(&plan, "/", fields, "");
    let few = told(&[("Cookie", "a=1; b=2"), ("Cookie", "c=3")]);
    assert_eq!((few.interruption, few.findings.len()), (None, 0));
    let many = told(&[("Cookie", "a=1; b=2"), ("Cookie", "c=3; d")]);
    assert_eq!(many.interruption.unwrap().status, 400);
    let told = format!("{:?}", many.findings);
    assert!(told.contains("more than 3 cookies"), "{told}");
}

#[test]
fn arguments_of_the_query_count_against_those_of_the_body() {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let rules = "SecArgumentsLimit 3\nSecRuleRemoveById 10000001\n\
                 SecRule REQBODY_ERROR \"@eq 1\" \"id:1,phase:2,pass,log\"\n";
    let plan = plan(rules);
    let errors = |target: &str, body: &str| run(&plan, target, &form, body).findings.len();
    assert_eq!(errors("/?a=1", "b=2&c=3"), 0);
    assert_eq!(errors("/?a=1", "b=2&c=3&d=4"), 1);
    assert_eq!(errors("/", "b=2&c=3&d=4"), 0);
}

#[test]
fn a_body_is_measured_without_its_files() {
    let rules = "SecRequestBodyNoFilesLimit 120\nSecRuleRemoveById 10000001-10000004\n\
                 SecRule REQBODY_ERROR \"@eq 1\" \"id:1,phase:2,pass,log\"\n";
    let plan = plan(rules);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert!(run(&plan, "/", &form, "a=1").findings.is_empty());
    assert_eq!(run(&plan, "/", &form, &"a".repeat(121)).findings.len(), 1);
    let parts = [("Content-Type", "multipart/form-data; boundary=x")];
    let part = |field: &str, content: &str| {
        format!("--x\r\nContent-Disposition: form-data; {field}\r\n\r\n{content}\r\n--x--\r\n")
    };
    let long = "1".repeat(200);
    let file = part("name=\"a\"; filename=\"b\"", &long);
    assert!(run(&plan, "/", &parts, &file).findings.is_empty());
    let field = part("name=\"a\"", &long);
    assert_eq!(run(&plan, "/", &parts, &field).findings.len(), 1);
}

#[test]
fn a_multipart_type_is_one_whatever_follows_it() {
    let rules = "SecRule REQBODY_PROCESSOR \"@streq MULTIPART\" \"id:1,phase:2,pass,log\"\n\
                 SecRuleRemoveById 10000001-10000004\n";
    let plan = plan(rules);
    for (kind, wanted) in [
        ("multipart/form-data, boundary=0", 1),
        ("multipart/form-data boundary=0", 1),
        ("multipart/form-data; boundary=0", 1),
        ("multipart/form-data-x; boundary=0", 0),
    ] {
        let found = run(&plan, "/", &[("Content-Type", kind)], "--0--").findings;
        assert_eq!(found.len(), wanted, "{kind}");
    }
}

#[test]
fn credentials_name_their_user() {
    let rules = "SecRule REMOTE_USER \"@streq Aladdin\" \"id:1,phase:1,pass,log\"\n";
    let plan = plan(rules);
    for (value, wanted) in [
        ("Basic QWxhZGRpbjpPcGVuU2VzYW1l", 1),
        ("basic  QWxhZGRpbg==", 1),
        ("Bearer QWxhZGRpbjpPcGVuU2VzYW1l", 0),
    ] {
        let found = run(&plan, "/", &[("Authorization", value)], "").findings;
        assert_eq!(found.len(), wanted, "{value}");
    }
}

#[test]
fn a_response_over_its_limit_is_refused_where_the_rules_say_so() {
    for (action, refused) in [("Reject", true), ("ProcessPartial", false)] {
        let rules = format!("SecResponseBodyLimit 5\nSecResponseBodyLimitAction {action}\n");
        let mut own = plan(&rules).begin(Connection {
            client: "203.0.113.7:4000".parse().unwrap(),
            server: "192.0.2.1:80".parse().unwrap(),
        });
        own.request_line(b"GET", b"/", b"HTTP/1.1");
        own.request_head_end();
        own.request_end();
        own.response_line(200, b"HTTP/1.1");
        own.response_header(b"Content-Type", b"text/html");
        own.response_head_end();
        if own.wants_response_body() {
            own.response_body(b"123456");
        }
        let decision = own.response_end();
        assert_eq!(decision != Decision::Continue, refused, "{action}");
    }
}

#[test]
fn a_traced_transaction_tells_its_steps_and_another_tells_none() {
    let rules = "SecRule ARGS \"@contains b\" \"id:1,phase:1,pass,log,t:lowercase\"\n";
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("test.conf".to_owned(), rules.to_owned())],
        ..Spec::default()
    };
    let plan = Plan::as_written(&spec, &Memory::default()).unwrap().plan;
    let plan = Arc::new(plan);
    assert_eq!(run(&plan, "/?q=ABC", &[], "").steps, []);
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.trace();
    own.request_line(b"GET", b"/?q=ABC", b"HTTP/1.1");
    own.request_head_end();
    let steps = own.finish().steps;
    let seen = Step::Seen {
        field: "ARGS:q".to_owned(),
        value: b"abc".to_vec(),
        matched: true,
    };
    assert!(steps.contains(&seen), "{steps:?}");
    assert!(
        steps.contains(&Step::Answered { matched: true }),
        "{steps:?}"
    );
}

#[test]
fn a_pattern_that_must_not_match_is_asked_of_each_value_and_of_none_that_is_missing() {
    let rules = plan(
        r#"
SecRule ARGS:n "!@rx \A[0-9]+\z" "id:1,phase:2,pass,t:none"
SecRule ARGS|!ARGS:free "!@rx \A[a-z0-9]*\z" "id:2,phase:2,pass,t:none,t:lowercase"
SecRule REQUEST_HEADERS:X-Kind "!@rx ^(?:a|b)$" "id:3,phase:1,pass,t:none"
SecRule REQUEST_HEADERS:X-Kind "!@rx ^(?:a|b)$" "id:4,phase:2,pass,t:none,chain"
    SecRule ARGS:n "!@rx 7" "t:none"
SecRule &ARGS:n "!@eq 0" "id:5,phase:2,pass,t:none"
SecRule &ARGS:n "@gt 1" "id:6,phase:2,pass,t:none"
SecRule &ARGS:n|&REQUEST_HEADERS:X-Kind "@eq 0" "id:7,phase:2,pass,t:none"
"#,
    );
    type Case = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
    );
    let cases: [Case; 8] = [
        ("/", &[], &["7"]),
        ("/?n=1", &[], &["5", "7"]),
        ("/?n=x", &[], &["1", "5", "7"]),
        ("/?n=1&n=x-&n=2", &[], &["1", "2", "5", "6", "7"]),
        ("/?free=x-y&n=7", &[("X-Kind", "a")], &["5"]),
        ("/?n=7", &[("x-kind", "A")], &["3", "5"]),
        (
            "/?n=8&q=ABC",
            &[("X-Kind", "a"), ("X-Kind", "c")],
            &["3", "4", "5"],
        ),
        ("/?q=a%2fb", &[("X-Kind", "b")], &["2", "7"]),
    ];
    // Twice: what memory tells of a value the second time is what a look told the first.
    for _ in 0..2 {
        for (target, headers, wanted) in cases {
            let outcome = run(&rules, target, headers, "");
            let mut own: Vec<_> = outcome.findings.into_iter().map(|own| own.rule).collect();
            own.sort();
            own.dedup();
            assert_eq!(own, wanted, "{target} {headers:?}");
        }
    }
}

#[test]
fn a_variable_that_holds_the_body_is_looked_at_for_its_own_rules() {
    // What the look before the phase told of the body holds for the rules on the body alone.
    let rules = plan(
        r#"SecRequestBodyAccess On
        SecAction "id:1,phase:1,pass,nolog,ctl:forceRequestBodyVariable=On"
        SecRule REQUEST_BODY "@rx ." "id:2,phase:2,pass,nolog,setvar:'tx.copy=%{REQUEST_BODY}'"
        SecRule ARGS|TX:copy "@rx org\.apache\.axis" "id:3,phase:2,pass""#,
    );
    let body = format!("{} org.apache.axis.handlers", "-".repeat(100));
    let outcome = run(&rules, "/", &[("Content-Type", "text/plain")], &body);
    assert!(outcome.findings.iter().any(|own| own.rule == "3"));
}

#[test]
fn a_count_of_nothing_is_transformed_like_any() {
    let rules = r#"SecRule &ARGS:absent "@eq 1" "id:1,phase:1,pass,t:none,t:length"
        SecRule &ARGS:absent "@eq 1" "id:2,phase:1,pass,t:none""#;
    assert_eq!(found(rules, "/?q=1"), ["1"]);
}
