//! Exclusions do what they say: the request passes, others are looked at as before, and the price
//! is what is then measured by other means.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail them"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use babyshield_model::{Finding, Layer, Mode, RequestEvent, RequestId, Source, Timestamp, Verdict};
use babyshield_policy::exclude::{Kept, Known, Recorded, propose};
use babyshield_policy::replay::{Replay, Request};
use babyshield_policy::spec::Form;
use babyshield_policy::{Document, Policy};
use babyshield_waf::source::Disk;

/// Under `exclude/rules.conf` is a rule set in which it can be counted by hand what is blocked.
fn policy(more: &str) -> Policy {
    match compile(more) {
        Ok(policy) => policy,
        Err(faults) => panic!("{}", faults.join("\n")),
    }
}

fn compile(more: &str) -> Result<Policy, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exclude");
    let text = format!(
        "version = 1\nmode = \"enforce\"\nupstream = \"http://h\"\n[waf]\nrules = [\"rules.conf\"]\n{more}"
    );
    parse(&text, &folder)
}

fn parse(text: &str, folder: &Path) -> Result<Policy, Vec<String>> {
    let source = Source::new("policy.toml", text.to_owned());
    let document = Document::parse(&source, None, folder, &Disk);
    let told = |faults: Vec<_>| {
        faults
            .iter()
            .map(babyshield_model::Diagnostic::to_string)
            .collect()
    };
    Policy::compile(document, &Disk).map_err(told)
}

fn request(text: &str) -> Request {
    Request::parse(text.as_bytes()).expect("a request")
}

fn form(path: &str, body: &str) -> Request {
    request(&format!(
        "POST {path} HTTP/1.1\nHost: h.example\nContent-Type: application/x-www-form-urlencoded\n\n{body}"
    ))
}

fn is_blocked(policy: &Policy, request: &Request) -> bool {
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Replay::new(policy, client).decide(request).verdict == Verdict::Block
}

const EXCLUDE: &str =
    "[[waf.exclude]]\nrule = 101\nmatch = \"POST /v1/notes/*\"\nfield = \"ARGS:text\"\n";

#[test]
fn an_exclusion_holds_for_its_rule_field_and_route_alone() {
    let policy = policy(EXCLUDE);
    for (path, body, blocked) in [
        ("/v1/notes/1", "text=it's", false),
        ("/v1/notes/1/", "TEXT=it's", false),
        ("/v1/notes/1?text=it's", "text=it's", false),
        ("/v1/notes/1", "text=<b>", true),
        ("/v1/notes/1", "other=it's", true),
        ("/v1/notes", "text=it's", true),
        ("/v1/notes/1/2", "text=it's", true),
        ("/v1/notes/..;/", "text=it's", true),
        ("/v1/notes/..%2fadmin", "text=it's", true),
        ("/v1/notes/x;a=b", "text=it's", true),
        ("/v1/notes/a%252fb", "text=it's", true),
    ] {
        assert_eq!(
            is_blocked(&policy, &form(path, body)),
            blocked,
            "{path} {body}"
        );
    }
    let mut put = form("/v1/notes/1", "text=it's");
    put.method = b"PUT".to_vec();
    assert!(is_blocked(&policy, &put));
}

#[test]
fn every_value_of_the_field_has_to_have_the_shape() {
    let policy = policy(&format!("{EXCLUDE}shape = \"name\"\n"));
    for (target, body, blocked) in [
        ("/v1/notes/1", "text=O'Brien", false),
        ("/v1/notes/1", "text=O'Brien;", true),
        ("/v1/notes/1", "text=O'Brien&text=1'--", true),
        ("/v1/notes/1?text=O'Brien", "text=1'--", true),
        ("/v1/notes/1?text=1'--", "text=O'Brien", true),
    ] {
        assert_eq!(
            is_blocked(&policy, &form(target, body)),
            blocked,
            "{target} {body}"
        );
    }
}

#[test]
fn hosts_and_phases_are_kept_to() {
    let exclude = "[[waf.exclude]]\nrule = 103\nmatch = \"*.h.example/**\"\nfield = \"REQUEST_HEADERS:X-Probe\"\n";
    let policy = policy(exclude);
    for (host, blocked) in [
        ("a.h.example", false),
        ("A.H.example:8080", false),
        ("h.example", true),
        ("ah.example", true),
    ] {
        let own = request(&format!("GET /x/y HTTP/1.1\nHost: {host}\nX-Probe: '\n\n"));
        assert_eq!(is_blocked(&policy, &own), blocked, "{host}");
    }
}

#[test]
fn what_cannot_be_excluded_is_told_with_its_place() {
    let told = |rule: &str, field: &str| {
        let text = format!("[[waf.exclude]]\nrule = {rule}\nmatch = \"/\"\nfield = \"{field}\"\n");
        compile(&text).map(drop).expect_err("a fault").join("\n")
    };
    let unknown = told("7", "ARGS:a");
    assert!(
        unknown.contains("policy.toml:6") && unknown.contains("no rule 7"),
        "{unknown}"
    );
    let variable = told("101", "ARG:a");
    assert!(
        variable.contains("policy.toml:6") && variable.contains("ARG"),
        "{variable}"
    );
    for smuggled in ["ARGS:a,deny", "ARGS:a'", "ARGS:/.*/", "ARGS:"] {
        assert!(told("101", smuggled).contains("by name"), "{smuggled}");
    }
}

/// What a proposal says, checked by adding it and counting again.
fn check(recorded: &Recorded, sent: &Request, attacks: &Path) -> (String, Form, usize) {
    let before = policy("");
    let mut known = Known::default();
    known.add(attacks).expect("readable");
    let proposal = propose(&before, recorded, &known, &Disk).expect("a proposal");
    let after = policy(&proposal.toml);
    assert!(
        is_blocked(&before, sent) && !is_blocked(&after, sent),
        "{proposal}"
    );
    let [own] = proposal.exclusions.as_slice() else {
        panic!("{proposal}");
    };
    let price = own.price.clone().expect("a price");
    (proposal.toml.clone(), own.shape, price.opened)
}

fn attacks() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "' or 1=1--\nx' and 'y\n'\"><script>\nO' or b\n<svg>\n1 union select\n";
    std::fs::write(folder.path().join("mixed.txt"), lines).expect("a file");
    folder
}

#[test]
fn the_proposal_frees_the_request_and_its_price_is_true() {
    let attacks = attacks();
    let sent = form("/v1/notes/17", "a=1&text=O%27Brien");
    let (toml, shape, opened) = check(&Recorded::whole(sent.clone()), &sent, attacks.path());
    // Of the four with a quote, one has a bracket, and one looks like a name.
    assert_eq!((shape, opened), (Form::Name, 1), "{toml}");
    assert_eq!(
        toml,
        "[[waf.exclude]]\nrule = 101\nmatch = \"POST /v1/notes/*\"\nfield = \"ARGS:text\"\nshape = \"name\"\n\n"
    );
    let after = policy(&toml);
    let lines = std::fs::read_to_string(attacks.path().join("mixed.txt")).expect("a file");
    let pass = |line: &&str| {
        let body: String = line.bytes().map(|byte| format!("%{byte:02x}")).collect();
        !is_blocked(&after, &form("/v1/notes/3", &format!("text={body}")))
    };
    let passing: Vec<&str> = lines.lines().filter(pass).collect();
    assert_eq!(passing, ["O' or b", "1 union select"]);
}

#[test]
fn all_that_blocks_a_request_is_excluded_and_nothing_else() {
    let sent = form("/v1/notes", "text=it's <b>&other=it's&third=fine");
    let known = Known::bundled();
    let proposal =
        propose(&policy(""), &Recorded::whole(sent.clone()), &known, &Disk).expect("a proposal");
    let found: Vec<(&str, usize)> = proposal
        .exclusions
        .iter()
        .map(|own| (own.field.as_str(), own.rules.len()))
        .collect();
    assert_eq!(found, [("ARGS:other", 1), ("ARGS:text", 2)], "{proposal}");
    assert!(!is_blocked(&policy(&proposal.toml), &sent));
    assert!(is_blocked(
        &policy(&proposal.toml),
        &form("/v1/notes", "third=it's")
    ));
}

fn event(target: &str, findings: Vec<Finding>) -> RequestEvent {
    RequestEvent {
        id: RequestId::new(Timestamp(1), 7),
        at: Timestamp(1),
        verdict: Verdict::Block,
        enforced: true,
        mode: Mode::Enforce,
        layer: Some(Layer::Waf),
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        method: "POST".into(),
        host: "h.example".into(),
        target: target.into(),
        agent: "x".into(),
        route: None,
        status: 403,
        upstream: None,
        score: 0,
        threshold: 0,
        findings,
        decision_micros: 1,
        total_micros: 1,
        bytes_in: 0,
        bytes_out: 0,
    }
}

fn finding(rule: &str, field: &str, value: &str) -> Finding {
    Finding {
        rule: rule.into(),
        message: "A quote".into(),
        class: String::new(),
        severity: String::new(),
        field: field.into(),
        value: value.into(),
        matched: String::new(),
        tags: Vec::new(),
        data: String::new(),
        source: String::new(),
    }
}

#[test]
fn what_an_event_kept_is_enough_and_what_it_did_not_keep_is_said() {
    let attacks = attacks();
    let json = request(
        "POST /v1/notes HTTP/1.1\nHost: h.example\nContent-Type: application/json\n\n\
         {\"who\": {\"name\": [\"O'Brien\"]}}",
    );
    let kept = event(
        "/v1/notes",
        vec![finding("101", "ARGS:json.who.name.array_0", "O'Brien")],
    );
    let (toml, shape, opened) = check(
        &Recorded::of(&kept).expect("a block"),
        &json,
        attacks.path(),
    );
    assert_eq!((shape, opened), (Form::Name, 1), "{toml}");

    let long = format!("it's {}", "x".repeat(600));
    let cut = event(
        "/v1/notes",
        vec![finding("101", "ARGS:text", long.get(..512).expect("ASCII"))],
    );
    let sent = form("/v1/notes", &format!("text={long}"));
    let (toml, shape, _) = check(&Recorded::of(&cut).expect("a block"), &sent, attacks.path());
    assert_eq!(shape, Form::Any, "{toml}");
    let proposal = propose(
        &policy(""),
        &Recorded::of(&cut).expect("a block"),
        &Known::bundled(),
        &Disk,
    );
    let proposal = proposal.expect("a proposal");
    assert_eq!(proposal.exclusions[0].kept, Kept::Cut);
    assert!(
        proposal.to_string().contains("--request FILE"),
        "{proposal}"
    );
}

#[test]
fn where_there_is_nothing_to_propose_it_is_said() {
    let passing = Recorded::whole(form("/v1/notes", "text=fine"));
    let nothing = propose(&policy(""), &passing, &Known::bundled(), &Disk).map(drop);
    assert!(
        nothing
            .expect_err("nothing")
            .0
            .contains("let this request pass")
    );
    let lost = Recorded::of(&event("/v1/notes", Vec::new())).expect("a block");
    let nothing = propose(&policy(""), &lost, &Known::bundled(), &Disk).map(drop);
    assert!(nothing.is_err());
    let mut limited = event("/", Vec::new());
    limited.layer = Some(Layer::Limit);
    assert!(Recorded::of(&limited).is_err());
}

/// A few files of the built-in rules: all of them take long to compile without optimisation.
fn few_built_in(folder: &Path) -> String {
    let wanted = ["00", "15", "90"];
    let mut names = Vec::new();
    for (name, text) in babyshield_waf::builtin::FILES {
        if wanted.iter().any(|own| name.starts_with(own)) {
            std::fs::write(folder.join(name), text).expect("a file");
            names.push(format!("{name:?}"));
        }
    }
    assert_eq!(names.len(), wanted.len());
    format!(
        "version = 1\nmode = \"enforce\"\nupstream = \"http://h\"\n[waf]\nrules = [{}]\n",
        names.join(", ")
    )
}

#[test]
fn the_built_in_rules_are_priced_in_their_own_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = few_built_in(folder.path());
    let before = parse(&text, folder.path()).expect("a policy");
    let sent = form("/v1/articles", "body=<img src=x onerror=alert(1)>&title=x");
    let proposal = propose(
        &before,
        &Recorded::whole(sent.clone()),
        &Known::bundled(),
        &Disk,
    );
    let proposal = proposal.expect("a proposal");
    let after = parse(&format!("{text}{}", proposal.toml), folder.path()).expect("a policy");
    assert!(
        is_blocked(&before, &sent) && !is_blocked(&after, &sent),
        "{proposal}"
    );
    let price = proposal.exclusions[0].price.clone().expect("a price");
    assert!(
        price.caught > 10 && price.opened < price.caught,
        "{proposal}"
    );
    assert_eq!(price.classes.values().sum::<usize>(), price.opened);
    let title = form("/v1/articles", "body=x&title=<script>alert(1)</script>");
    assert!(is_blocked(&after, &title), "{proposal}");
}
