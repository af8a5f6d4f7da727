//! OWASP CRS 3.3.4 as Debian packages it, through the engine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use babyshield_waf::{Connection, Decision, Outcome, Plan, Spec, source::Disk};

const RULES: &str = "/usr/share/modsecurity-crs";

fn plan(level: u8) -> Option<Arc<Plan>> {
    if !Path::new(RULES).join("rules").exists() {
        println!("skipped: {RULES} is absent; install the package modsecurity-crs");
        return None;
    }
    let spec = Spec {
        rules: vec![PathBuf::from(RULES)],
        level: Some(level),
        ..Spec::default()
    };
    let compiled = Plan::compile(&spec, &Disk).unwrap_or_else(|faults| {
        let list: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("{} faults:\n{}", list.len(), list.join("\n"))
    });
    assert_eq!(compiled.warnings, [], "no diagnostic at all");
    Some(Arc::new(compiled.plan))
}

fn run(
    plan: &Arc<Plan>,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Outcome {
    let client = "203.0.113.7:4000".parse().unwrap();
    let server = "192.0.2.1:80".parse().unwrap();
    let mut own = plan.begin(Connection { client, server });
    own.request_line(method.as_bytes(), target.as_bytes(), b"HTTP/1.1");
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

const BROWSER: [(&str, &str); 4] = [
    ("Host", "api.example.com"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ),
    ("Accept", "application/json"),
    ("Accept-Language", "en-US,en;q=0.5"),
];

#[test]
fn an_injection_is_interrupted_by_the_anomaly_score() {
    let Some(plan) = plan(1) else { return };
    let outcome = run(&plan, "GET", "/v1/recalls?q=1'%20OR%20'1'='1", &BROWSER, "");
    let ids: Vec<_> = outcome.findings.iter().map(|f| f.rule.as_str()).collect();
    assert!(ids.contains(&"942100"), "{ids:?}");
    let interruption = outcome.interruption.clone().expect("blocked");
    assert_eq!((interruption.rule, interruption.status), (949_110, 403));
    assert!(
        outcome.score >= outcome.threshold && outcome.threshold == 5,
        "{outcome:?}"
    );
    let first = outcome
        .findings
        .iter()
        .find(|f| f.rule == "942100")
        .unwrap();
    assert_eq!(first.field, "ARGS:q");
    assert_eq!(first.class, "sqli");
}

#[test]
fn an_ordinary_request_passes_without_a_finding() {
    let Some(plan) = plan(1) else { return };
    let outcome = run(&plan, "GET", "/v1/recalls?q=stroller&page=2", &BROWSER, "");
    assert_eq!(outcome.findings, []);
    assert_eq!(outcome.interruption, None);
}

#[test]
fn a_form_body_is_judged() {
    let Some(plan) = plan(1) else { return };
    let mut headers = BROWSER.to_vec();
    headers.push(("Content-Type", "application/x-www-form-urlencoded"));
    headers.push(("Content-Length", "36"));
    let outcome = run(
        &plan,
        "POST",
        "/v1/x",
        &headers,
        "a=1&b=%3Cscript%3Ealert(1)%3C/script%3E",
    );
    let ids: Vec<_> = outcome.findings.iter().map(|f| f.rule.as_str()).collect();
    assert!(ids.contains(&"941100"), "{ids:?}");
}

#[test]
fn higher_levels_find_more() {
    let (Some(one), Some(four)) = (plan(1), plan(4)) else {
        return;
    };
    let target = "/v1/x?a=b;c&d=%22quoted%22";
    let few = run(&one, "GET", target, &BROWSER, "").findings.len();
    let many = run(&four, "GET", target, &BROWSER, "").findings.len();
    assert!(few < many, "{few} < {many}");
}
