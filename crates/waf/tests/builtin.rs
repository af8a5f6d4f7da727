//! The built-in rules: every rule meets its attacks, no rule meets what is ordinary.
//!
//! The cases are `rules/tests/*.toml`, beside the rules. A rule with a message but without a case
//! fails the last test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use babyshield_waf::source::Disk;
use babyshield_waf::{Connection, Decision, Outcome, Plan, Spec, Transaction, builtin};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    attack: Vec<Attack>,
    benign: Vec<Benign>,
    request: Vec<Request>,
    pass: Vec<Request>,
    response: Vec<Response>,
    pass_response: Vec<Response>,
}

/// Values that must meet a rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    /// Any rule, where there is none.
    #[serde(default)]
    rule: u64,
    #[serde(default = "one")]
    level: u8,
    #[serde(default = "yes")]
    blocked: bool,
    #[serde(default = "everywhere")]
    r#where: Vec<Place>,
    values: Vec<String>,
}

/// Values that must meet no rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Benign {
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Query,
    QueryName,
    Form,
    Json,
    Cookie,
    Header,
    UserAgent,
    FileName,
}

/// A request as a whole; what it does not say is ordinary.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    rule: u64,
    level: u8,
    blocked: bool,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    #[serde(default)]
    rule: u64,
    #[serde(default = "one")]
    level: u8,
    status: u16,
    #[serde(default = "plain", rename = "type")]
    kind: String,
    body: String,
}

fn one() -> u8 {
    1
}

fn yes() -> bool {
    true
}

fn plain() -> String {
    "text/plain".to_owned()
}

fn everywhere() -> Vec<Place> {
    vec![Place::Query, Place::Form, Place::Json]
}

impl Default for Request {
    fn default() -> Self {
        Self {
            rule: 0,
            level: 1,
            blocked: true,
            method: "GET".to_owned(),
            target: "/v1/recalls?page=1".to_owned(),
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }
}

impl Request {
    /// A request with `value` in one place.
    fn with(value: &str, place: Place, level: u8) -> Self {
        let mut own = Self {
            level,
            ..Self::default()
        };
        let mut post = |kind: &str, body: String| {
            own.method = "POST".to_owned();
            own.headers
                .insert("Content-Type".to_owned(), kind.to_owned());
            own.body = body;
        };
        match place {
            Place::Query => own.target = format!("/v1/search?q={}", encode(value)),
            Place::QueryName => own.target = format!("/v1/search?{}=1", encode(value)),
            Place::Form => {
                post(
                    "application/x-www-form-urlencoded",
                    format!("a=1&text={}", encode(value)),
                );
            }
            Place::Json => {
                let body = serde_json::json!({ "a": 1, "text": value });
                post("application/json", body.to_string());
            }
            Place::Cookie => {
                own.headers
                    .insert("Cookie".to_owned(), format!("a=1; b={value}"));
            }
            Place::Header => {
                own.headers
                    .insert("X-Api-Version".to_owned(), value.to_owned());
            }
            Place::UserAgent => {
                own.headers
                    .insert("User-Agent".to_owned(), value.to_owned());
            }
            Place::FileName => {
                let part = format!(
                    "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{value}\"\r\n\
                     Content-Type: image/jpeg\r\n\r\nx\r\n--b--\r\n"
                );
                post("multipart/form-data; boundary=b", part);
            }
        }
        own
    }
}

fn encode(value: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

/// The built-in rules at each level, compiled when they are asked for.
#[derive(Default)]
struct Plans([OnceLock<Arc<Plan>>; 4]);

fn compile(level: u8) -> Arc<Plan> {
    let spec = Spec {
        level: Some(level),
        ..Spec::default()
    };
    match Plan::compile(&spec, &Disk) {
        Ok(compiled) => {
            assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
            Arc::new(compiled.plan)
        }
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}", faults.join("\n"));
        }
    }
}

impl Plans {
    fn begin(&self, level: u8) -> Transaction {
        let slot = self.0.get(usize::from(level) - 1);
        let plan = slot
            .expect("levels are 1 to 4")
            .get_or_init(|| compile(level));
        let connection = Connection {
            client: "203.0.113.9:40000".parse().unwrap(),
            server: "192.0.2.1:443".parse().unwrap(),
        };
        plan.begin(connection)
    }

    /// Runs the request phases.
    fn judge(&self, request: &Request) -> Outcome {
        let mut own = self.begin(request.level);
        // Whatever else is found in a request, no rule is to hide another.
        own.watch();
        send(&mut own, request);
        own.finish()
    }
}

/// Whether the request gets through.
fn send(own: &mut Transaction, request: &Request) -> bool {
    own.request_line(
        request.method.as_bytes(),
        request.target.as_bytes(),
        b"HTTP/1.1",
    );
    let mut headers = BTreeMap::from([
        ("Host".to_owned(), "recalls.example".to_owned()),
        (
            "User-Agent".to_owned(),
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0".to_owned(),
        ),
        ("Accept".to_owned(), "*/*".to_owned()),
    ]);
    if !request.body.is_empty() {
        headers.insert("Content-Length".to_owned(), request.body.len().to_string());
    }
    headers.extend(request.headers.clone());
    // An empty value in a case leaves the header out.
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        own.request_header(name.as_bytes(), value.as_bytes());
    }
    own.request_head_end() == Decision::Continue
        && own.request_body(request.body.as_bytes()) == Decision::Continue
        && own.request_end() == Decision::Continue
}

fn answer(own: &mut Transaction, response: &Response) -> bool {
    own.response_line(response.status, b"HTTP/1.1");
    own.response_header(b"Content-Type", response.kind.as_bytes());
    if own.response_head_end() != Decision::Continue {
        return false;
    }
    own.response_body(response.body.as_bytes());
    own.response_end() == Decision::Continue
}

fn files() -> Vec<(String, File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/tests");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        files.push((
            name.clone(),
            toml_edit::de::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}")),
        ));
    }
    assert!(files.len() >= 7, "only {} files of cases", files.len());
    files
}

/// The rules that a transaction met, without those that only decide.
fn met(outcome: &Outcome) -> Vec<&str> {
    let rules = outcome.findings.iter().map(|finding| finding.rule.as_str());
    rules.filter(|rule| !rule.starts_with("109")).collect()
}

/// Complaints of one test, told together.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    fn expect(&mut self, outcome: &Outcome, rule: u64, blocked: bool, what: &str) {
        let met = met(outcome);
        let meets = met.contains(&rule.to_string().as_str());
        if !meets && (rule != 0 || met.is_empty()) {
            self.0
                .push(format!("{rule} does not meet {what}; met: {met:?}"));
        }
        if blocked && outcome.interruption.is_none() {
            self.0.push(format!(
                "{what} is not blocked; met: {met:?}, score {}",
                outcome.score
            ));
        }
    }

    fn expect_none(&mut self, outcome: &Outcome, what: &str) {
        let met = met(outcome);
        if !met.is_empty() || outcome.interruption.is_some() {
            self.0.push(format!("{what} meets {met:?}"));
        }
    }

    fn tell(self) {
        assert!(
            self.0.is_empty(),
            "{} complaints:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

#[test]
fn every_attack_meets_its_rule() {
    let plans = Plans::default();
    let mut complaints = Complaints::default();
    for (file, cases) in files() {
        for attack in &cases.attack {
            for value in &attack.values {
                for place in &attack.r#where {
                    let outcome = plans.judge(&Request::with(value, *place, attack.level));
                    let what = format!("{file}: {value:?} in {place:?}");
                    complaints.expect(&outcome, attack.rule, attack.blocked, &what);
                }
            }
        }
        for request in &cases.request {
            let outcome = plans.judge(request);
            let what = format!(
                "{file}: {} {} {:?}",
                request.method, request.target, request.headers
            );
            complaints.expect(&outcome, request.rule, request.blocked, &what);
        }
    }
    complaints.tell();
}

#[test]
fn ordinary_values_meet_no_rule() {
    let plans = Plans::default();
    let mut complaints = Complaints::default();
    let mut judged = 0;
    for (file, cases) in files() {
        for value in cases.benign.iter().flat_map(|benign| &benign.values) {
            for place in everywhere() {
                judged += 1;
                let outcome = plans.judge(&Request::with(value, place, 1));
                complaints.expect_none(&outcome, &format!("{file}: {value:?} in {place:?}"));
            }
        }
        for request in &cases.pass {
            judged += 1;
            let what = format!(
                "{file}: {} {} {:?}",
                request.method, request.target, request.headers
            );
            complaints.expect_none(&plans.judge(request), &what);
        }
    }
    assert!(judged > 500, "only {judged} requests");
    complaints.tell();
}

#[test]
fn leaking_answers_meet_their_rule_and_others_do_not() {
    let plans = Plans::default();
    let mut complaints = Complaints::default();
    for (file, cases) in files() {
        let leaks = cases.response.iter().map(|response| (response, true));
        for (response, leaks) in leaks.chain(cases.pass_response.iter().map(|r| (r, false))) {
            let mut own = plans.begin(response.level);
            assert!(send(&mut own, &Request::default()));
            answer(&mut own, response);
            let outcome = own.finish();
            let what = format!("{file}: {} {:?}", response.status, response.body);
            if leaks {
                complaints.expect(&outcome, response.rule, true, &what);
            } else {
                complaints.expect_none(&outcome, &what);
            }
        }
    }
    complaints.tell();
}

/// Ids of the rules that say something.
fn speaking_rules() -> BTreeSet<u64> {
    let mut rules = BTreeSet::new();
    for (_, text) in builtin::FILES {
        for action in text.split("\"id:").skip(1) {
            let id: u64 = action.split(',').next().unwrap().trim().parse().unwrap();
            assert!(
                (10_000_000..11_000_000).contains(&id),
                "{id} is outside of our range"
            );
            let own = action.split("SecRule").next().unwrap_or_default();
            // The rules that call the detectors have theirs in `detect.rs`.
            let detects = (10_150_000..10_160_000).contains(&id);
            if own.contains("msg:'") && !own.contains("tag:'decision'") && !detects {
                rules.insert(id);
            }
        }
    }
    rules
}

#[test]
fn every_rule_has_a_case() {
    let mut tried = BTreeSet::new();
    for (_, cases) in files() {
        let named = cases.attack.iter().map(|attack| attack.rule);
        let named = named.chain(cases.request.iter().map(|request| request.rule));
        tried.extend(named.filter(|rule| *rule != 0));
        tried.extend(cases.response.iter().map(|response| response.rule));
    }
    let rules = speaking_rules();
    assert!(rules.len() > 80, "only {} rules", rules.len());
    let untried: Vec<&u64> = rules.difference(&tried).collect();
    assert!(untried.is_empty(), "no case for {untried:?}");
    let unknown: Vec<&u64> = tried.difference(&rules).collect();
    assert!(unknown.is_empty(), "no such rule: {unknown:?}");
}
