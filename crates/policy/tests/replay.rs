//! Replay decides what the gateway in `enforce` mode would decide.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail them"
)]

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use babyshield_model::{Layer, Source, Verdict};
use babyshield_policy::replay::{Decision, Entry, Replay, Request, Summary};
use babyshield_policy::{Document, Policy};
use babyshield_waf::source::Disk;

/// One rule that any request can trip, and one that reads the body.
const RULES: &str = "SecRuleEngine On\nSecRequestBodyAccess On\n\
    SecRule ARGS:q \"@streq attack\" \"id:1,phase:1,deny,log,msg:'tripped',severity:CRITICAL\"\n\
    SecRule REQUEST_BODY \"@contains poison\" \"id:2,phase:2,deny,status:406,log\"\n\
    SecRule ARGS:q \"@streq odd\" \"id:3,phase:1,pass,log\"\n\
    SecRule ARGS:q \"@streq odd\" \"id:4,phase:1,pass,nolog\"\n";

fn replay(text: &str, client: &str) -> Replay {
    Replay::new(&policy(text), client.parse::<IpAddr>().expect("an address"))
}

fn policy(policy: &str) -> Policy {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rules.conf"), RULES).expect("a file");
    let text = format!(
        "version = 1\nmode = \"off\"\nupstream = \"http://h\"\n{policy}\n[waf]\n\
         rules = [\"rules.conf\"]\nbody = \"1KiB\"\n"
    );
    let source = Source::new("policy.toml", text);
    let document = Document::parse(&source, None, folder.path(), &Disk);
    match Policy::compile(document, &Disk) {
        Ok(policy) => policy,
        Err(faults) => panic!("{faults:#?}"),
    }
}

fn decide(policy: &str, request: &str) -> Decision {
    let request = Request::parse(request.as_bytes()).expect("a request");
    replay(policy, "192.0.2.1").decide(&request)
}

#[test]
fn rules_decide_whatever_the_mode() {
    let blocked = decide("", "GET /?q=attack HTTP/1.1\nHost: h\n");
    assert_eq!((blocked.verdict, blocked.status), (Verdict::Block, 403));
    assert_eq!(
        (blocked.layer, blocked.rules),
        (Some(Layer::Waf), vec!["1".to_owned()])
    );
    assert!(blocked.micros > 0.0);
    let passed = decide("", "GET /?q=fine HTTP/1.1\nHost: h\n");
    assert_eq!(
        (passed.verdict, passed.status, passed.rules.len()),
        (Verdict::Allow, 200, 0)
    );
}

#[test]
fn only_rules_that_log_are_named() {
    let passed = decide("", "GET /?q=odd HTTP/1.1\nHost: h\n");
    assert_eq!(
        (passed.verdict, passed.rules),
        (Verdict::Allow, vec!["3".to_owned()])
    );
}

#[test]
fn bodies_are_inspected_and_held_to_the_routes_size() {
    let post = |path: &str, body: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        format!("POST {path} HTTP/1.1\nHost: h\n{kind}\n\n{body}")
    };
    let poison = decide("", &post("/", "a=poison"));
    assert_eq!((poison.status, poison.layer), (406, Some(Layer::Waf)));
    let long = "x".repeat(2000);
    let refused = decide("", &post("/", &long));
    assert_eq!((refused.status, refused.layer), (413, Some(Layer::Size)));
    let routes = "[[route]]\nmatch = \"POST /big\"\nbody = \"4KiB\"\n\
                  [[route]]\nmatch = \"/stream/**\"\nstream = true\n";
    assert_eq!(decide(routes, &post("/big", &long)).verdict, Verdict::Allow);
    assert_eq!(decide(routes, &post("/", &long)).status, 413);
    let streamed = decide(
        routes,
        &post("/stream/a", &format!("poison{}", "x".repeat(9000))),
    );
    assert_eq!(streamed.verdict, Verdict::Allow);
}

#[test]
fn lists_decide_before_rules() {
    let attack = "GET /.git/config?q=attack HTTP/1.1\nHost: h\nUser-Agent: sqlmap/1.8\n";
    let agent = decide("", attack);
    assert_eq!(
        (agent.layer, agent.rules.as_slice()),
        (Some(Layer::Agent), &["block:agent".to_owned()][..])
    );
    let no_agents = "[block]\nagents = []\n";
    assert_eq!(decide(no_agents, attack).layer, Some(Layer::Path));
    let none = "[block]\nagents = []\npaths = []\n";
    assert_eq!(decide(none, attack).layer, Some(Layer::Waf));
}

#[test]
fn the_callers_address_counts() {
    let request = Request::parse(b"GET / HTTP/1.1\nHost: h\n").expect("a request");
    let deny = "[block]\nnetworks = [\"198.51.100.0/24\"]\n";
    let decide = |policy: &str| replay(policy, "198.51.100.7").decide(&request).verdict;
    assert_eq!(decide(deny), Verdict::Block);
    let allow = format!("{deny}[allow]\nnetworks = [\"198.51.100.7\"]\n");
    assert_eq!(decide(&allow), Verdict::Allow);
    let protect = format!("{deny}[admin]\nprotect = [\"198.51.100.7\"]\n");
    assert_eq!(decide(&protect), Verdict::Allow);
}

#[test]
fn limits_count_where_they_are_asked_for() {
    let text = "[limits]\ndefault = \"2/min per ip\"\nlogin = \"1/min per body.email\"\n\
                [[route]]\nmatch = \"POST /login\"\nlimit = \"login\"\n";
    let get = "GET / HTTP/1.1\nHost: h\n".to_owned();
    let login = |email: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        format!("POST /login HTTP/1.1\nHost: h\n{kind}\n\nemail={email}&a=b")
    };
    let requests = [
        get.clone(),
        login("a%40x"),
        get.clone(),
        login("a@x"),
        get,
        login("b@x"),
    ];
    let verdicts = |replay: &Replay| -> Vec<u16> {
        let requests = requests.iter();
        let requests = requests.map(|text| Request::parse(text.as_bytes()).expect("a request"));
        requests
            .map(|request| replay.decide(&request).status)
            .collect()
    };
    let policy = policy(text);
    let client = IpAddr::from([192, 0, 2, 1]);
    let at_once = Replay::new(&policy, client).with_limits(&policy, Duration::ZERO);
    assert_eq!(verdicts(&at_once), [200, 200, 200, 429, 429, 200]);
    let slowly = Replay::new(&policy, client).with_limits(&policy, Duration::from_secs(60));
    assert_eq!(verdicts(&slowly), [200; 6]);
    let beyond = Request::parse(login("a@x").as_bytes()).expect("a request");
    assert_eq!(at_once.decide(&beyond).rules, ["limit:login"]);
    assert_eq!(verdicts(&Replay::new(&policy, client)), [200; 6]);
}

fn run(folder: &Path, cores: usize, until: usize) -> (Vec<String>, Summary) {
    let replay = replay("", "192.0.2.1");
    let mut lines = Vec::new();
    let paths = [PathBuf::from(folder)];
    let summary = replay.run(&paths, cores, &mut |entry: &Entry| {
        let mut line = serde_json::to_value(entry).expect("JSON");
        line["file"] = entry
            .file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into();
        line["micros"] = 0.into();
        lines.push(line.to_string());
        lines.len() < until
    });
    (lines, summary)
}

/// Labelled and broken records in every form, more than fit into one batch.
fn records() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    for index in 0..150 {
        write(
            &format!("{index:03}.white"),
            "GET /?q=fine HTTP/1.1\nHost: h\n",
        );
        write(
            &format!("{index:03}.black"),
            "GET /?q=attack HTTP/1.1\nHost: h\n",
        );
    }
    write("missed.black", "GET /?q=missed HTTP/1.1\nHost: h\n");
    let line = r#"{"label": "normal", "request": "GET /?q=attack HTTP/1.1\nHost: h"}"#;
    write("z.jsonl", &format!("{}\nno json\n", [line; 500].join("\n")));
    folder
}

#[test]
fn any_number_of_cores_tells_the_same_in_the_same_order() {
    let folder = records();
    let (one, summary) = run(folder.path(), 1, usize::MAX);
    let (many, _) = run(folder.path(), 7, usize::MAX);
    assert_eq!(one, many);
    assert_eq!(one.len(), 150 + 150 + 1 + 500 + 1);
    assert!(one[801].contains("\"error\":\"not JSON"), "{}", one[801]);
    assert!(
        one[0].contains("\"verdict\":\"block\",\"status\":403,\"rules\":[\"1\"]"),
        "{}",
        one[0]
    );
    assert_eq!((summary.requests, summary.unreadable), (801, 1));
    assert_eq!((summary.blocked, summary.allowed), (650, 151));
    assert_eq!(summary.by_rule["1"], 650);
    let labelled = summary.labelled.expect("labels");
    assert_eq!(
        (labelled.true_positives, labelled.false_negatives),
        (150, 1)
    );
    assert_eq!(
        (labelled.false_positives, labelled.true_negatives),
        (500, 150)
    );
}

#[test]
fn whoever_has_seen_enough_stops_the_run() {
    let folder = records();
    for until in [1, 64, 65, 300] {
        assert_eq!(run(folder.path(), 3, until).0.len(), until);
    }
}
