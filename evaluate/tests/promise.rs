//! The promise about false positives, held by the corpus and by requests written by hand: at level 1 the
//! built-in rules block at most 0.07 % of ordinary requests, and at most 2 % of the hard ones (text about
//! attacks and commands, code, queries), which the corpus holds more of than any site does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;

use std::path::Path;

use babyshield_corpus::{Corpus, Ease, Message};
use babyshield_evaluate::decide::decide;
use babyshield_evaluate::written;
use babyshield_model::Finding;
use babyshield_waf::source::Disk;
use babyshield_waf::{Outcome, Plan, Spec};

/// Requests asked about.
const REQUESTS: u64 = 10_000;

/// A seed that no report uses.
const SEED: u64 = 20_070;

fn blocked(plan: &Arc<Plan>, message: &Message) -> Option<Outcome> {
    let (blocked, outcome) = decide(plan, message);
    blocked.then_some(outcome)
}

/// What is blocked of so many requests of a kind, and how many there are.
fn alarms(ease: Ease) -> (Vec<String>, usize) {
    let plan = Plan::compile(&Spec::default(), &Disk)
        .expect("the built-in rules")
        .plan;
    let plan = Arc::new(plan);
    let corpus = Corpus::new(SEED).unwrap();
    let mut count = 0;
    let samples = corpus
        .distinct(REQUESTS)
        .filter(|sample| sample.kind.ease == ease);
    let counted = samples.inspect(|_| count += 1);
    let alarms = counted.filter_map(|sample| {
        let outcome = blocked(&plan, &sample.message)?;
        let told = |own: &Finding| format!("{} {}: {}", own.rule, own.field, own.matched);
        let rules: Vec<String> = outcome.findings.iter().map(told).collect();
        Some(format!(
            "{} {}\n  {}",
            sample.number,
            sample.kind.name,
            rules.join("\n  ")
        ))
    });
    let alarms = alarms.collect();
    (alarms, count)
}

fn hold(ease: Ease, promised: usize) {
    let (alarms, count) = alarms(ease);
    let allowed = count * promised / 10_000;
    assert!(count > 200, "only {count} requests");
    assert!(
        alarms.len() <= allowed,
        "{} of {count} benign requests blocked, {allowed} promised at most:\n{}",
        alarms.len(),
        alarms.join("\n")
    );
}

#[test]
fn ordinary_requests_pass_at_level_1() {
    hold(Ease::Ordinary, 7);
}

#[test]
fn hard_requests_mostly_pass_at_level_1() {
    hold(Ease::Hard, 200);
}

/// Benign requests written by hand that level 1 blocks, and why that stays.
const BLOCKED: [&str; 75] = [
    // A site that lets the world create containers is attacked; who proxies that API excludes the rule.
    "Docker create container",
    // The search for an attack, in the address of the page that was found, is its bytes.
    "LinkedIn insight",
    // So is a search for a command.
    "Perl CGI",
    // Passwords made of the signs of a query, and of NUL once they are decoded again.
    "login password with SQL-ish signs",
    "password manager generated",
    // A query for requests that hold an attack, which is quoted in full.
    "Elasticsearch msearch",
    // A command behind a line end that probes make the server wait with.
    "router admin save",
    // A handler in a page that is shown as code: nothing tells a field for Markdown from one for HTML.
    "web component docs save",
    // A search for a query, in the address of the search engine.
    "referer with search of code",
    // A condition on constants, hidden in a token.
    "JWT in query",
    // A page of a workshop for code whose handler proves a hole, in a field called content.
    "codesandbox define",
    // An entry of a feed with a script of another site: who shows feeds must take it out.
    "rss post websub",
    // A password made of the signs of an LDAP filter.
    "login password of signs 16",
    // A picture in the markup of a wiki, which reads as one that a script asks for.
    "trac wiki",
    // Lines of a log that hold an attack, as many objects of JSON that are no document.
    "filebeat bulk",
    // What a scanner found.
    "scanner report import",
    // Searches for a statement, a script, a program.
    "bing referrer with sql",
    "duckduckgo referrer xss",
    "search windows path",
    // A Java project in Subversion has the folder that servlets hide.
    "svn dav",
    // Questions, tickets, drafts and chats that quote an attack in full, which is its bytes.
    "llm chat sql injection homework",
    "llm paste exploit writeup summary",
    "translation free text html chunk",
    "url encoder online tool",
    "regex tester catastrophic pattern",
    "github web editor commit file",
    "markdown preview api html",
    "burp collaborator report ticket",
    "znuny ticket note html",
    "notion save transactions rich text",
    "security blog draft xss types",
    "incident ticket webshell found",
    "bug bounty report submission form",
    "feedback form angry shell jargon",
    "wireshark pcap text paste forum",
    "forum xss explain",
    "forum shell help",
    "forum log4j history",
    "forum path traversal question",
    "stackexchange answer",
    "gitlab note with suggestion",
    "jira comment adf",
    "jira old wiki markup",
    "xss question prompt",
    // Records of what attackers sent, in the fields of a log.
    "elasticsearch bulk logs ndjson",
    "filebeat like plain bulk json",
    "splunk hec event logs",
    "clickhouse http query insert",
    // Commands that a product is there to run or to keep.
    "slack web client send rich",
    "ghost admin lexical post",
    "crontab guru style get",
    "kubernetes exec probe deployment json",
    "terraform cloud variable hcl",
    "n8n workflow code node",
    "zabbix front script execute remote",
    "proxmox vm agent exec json",
    "vagrant cloud init user data",
    "powershell invoke webrequest post",
    // Queries and conditions, where nothing says that the field is for them.
    "sql fiddle run script",
    "oracle apex ajax plugin call",
    "bigquery jobs insert sql",
    "sql formatter online post body",
    "arcgis outstatistics post",
    "devexpress grid callback param",
    // Scripts of other sites, and code, in what an editor saves.
    "gutenberg save post blocks",
    "elementor save builder json",
    "umbraco backoffice save content",
    "xwiki velocity page save",
    "php sandbox unserialize lesson",
    "sentry envelope js exception",
    "gutenberg custom html embed",
    "rss feed push",
    // Files of the server, named whole; a path with a step up that stays within it.
    "json formatter big paste",
    "cpanel file manager save php",
    "debuginfod elf build id",
];

/// Of the attacks written by hand, so many of a thousand are found at least.
const FOUND: usize = 973;

fn written_requests(folder: &str) -> Vec<written::Written> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("requests");
    written::read(&root.join(folder)).unwrap()
}

fn plan() -> Arc<Plan> {
    let compiled = Plan::compile(&Spec::default(), &Disk);
    Arc::new(compiled.expect("the built-in rules").plan)
}

#[test]
fn benign_requests_written_by_hand_pass_at_level_1() {
    let plan = plan();
    let all = written_requests("benign");
    assert!(all.len() > 3600);
    let told: Vec<_> = all
        .iter()
        .filter(|own| blocked(&plan, &own.message).is_some())
        .map(|own| own.name.as_str())
        .collect();
    let wrong: Vec<_> = told.iter().filter(|own| !BLOCKED.contains(own)).collect();
    assert!(wrong.is_empty(), "blocked: {wrong:?}");
    let past: Vec<_> = BLOCKED.iter().filter(|own| !told.contains(own)).collect();
    assert!(past.is_empty(), "blocked no more: {past:?}");
}

#[test]
fn attacks_written_by_hand_are_found_at_level_1() {
    let plan = plan();
    let all = written_requests("attacks");
    assert!(all.len() > 4300);
    let missed: Vec<_> = all
        .iter()
        .filter(|own| blocked(&plan, &own.message).is_none())
        .map(|own| format!("{}: {}", own.kind, own.name))
        .collect();
    let found = (all.len() - missed.len()) * 1000 / all.len();
    assert!(found >= FOUND, "{found} of 1000; missed: {missed:#?}");
}
