//! Every key does something: each is changed here by itself, and what the policy compiles to has
//! to change with it. A key without a line in the table fails the test. What the compiled values
//! then do is tested where they are used.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail them"
)]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use babyshield_limit::{Part, Subject};
use babyshield_model::Source;
use babyshield_policy::{Document, Policy, Shape, catalogue};
use babyshield_waf::source::Disk;

const TLS: &str = "listen = [{ address = \"0.0.0.0:443\", tls = true }]\n[[tls]]\n";
const ROUTE: &str = "[limits]\nlogin = \"5/min per ip\"\n[[route]]\nmatch = \"/a\"\n";

const EXCLUDE: &str = "[waf]\nrules = [\"two.conf\"]\n[[waf.exclude]]\nrule = 101\n\
    match = \"/a\"\nfield = \"ARGS:a\"\nshape = \"text\"\n";

/// The key; what comes before it in both policies; its line, after the change.
const CHANGES: &[(&str, &str, &str)] = &[
    ("version", "", ""),
    ("mode", "", "mode = \"enforce\""),
    ("listen", "", "listen = [\"127.0.0.1:1\"]"),
    (
        "listen[].address",
        "",
        "listen = [{ address = \"127.0.0.1:2\" }]",
    ),
    (
        "listen[].tls",
        "[[tls]]\ncert = \"a.pem\"\nkey = \"a.key\"\n",
        "LISTEN_TLS",
    ),
    ("upstream", "", ""),
    ("proxies", "", "proxies = [\"10.0.0.0/8\"]"),
    ("forwarded", "", "forwarded = \"forwarded\""),
    ("tls[].cert", TLS, "cert = \"b.pem\"\nkey = \"b.key\""),
    ("tls[].key", TLS, "cert = \"b.pem\"\nkey = \"b.key\""),
    ("timeouts.handshake", "[timeouts]\n", "handshake = \"1s\""),
    ("timeouts.head", "[timeouts]\n", "head = \"1s\""),
    ("timeouts.body", "[timeouts]\n", "body = \"1s\""),
    ("timeouts.body_grace", "[timeouts]\n", "body_grace = \"1s\""),
    ("timeouts.idle", "[timeouts]\n", "idle = \"1s\""),
    ("timeouts.write", "[timeouts]\n", "write = \"1s\""),
    ("timeouts.tunnel", "[timeouts]\n", "tunnel = \"1s\""),
    ("timeouts.connect", "[timeouts]\n", "connect = \"1s\""),
    ("timeouts.response", "[timeouts]\n", "response = \"1s\""),
    (
        "timeouts.response_body",
        "[timeouts]\n",
        "response_body = \"1s\"",
    ),
    (
        "timeouts.upstream_idle",
        "[timeouts]\n",
        "upstream_idle = \"1s\"",
    ),
    ("timeouts.drain", "[timeouts]\n", "drain = \"1s\""),
    ("resources.connections", "[resources]\n", "connections = 7"),
    (
        "resources.connections_per_address",
        "[resources]\n",
        "connections_per_address = 7",
    ),
    ("resources.head", "[resources]\n", "head = \"9KiB\""),
    (
        "resources.header_fields",
        "[resources]\n",
        "header_fields = 7",
    ),
    ("resources.bodies", "[resources]\n", "bodies = \"64MiB\""),
    (
        "resources.body_rate",
        "[resources]\n",
        "body_rate = \"off\"",
    ),
    ("resources.streams", "[resources]\n", "streams = 7"),
    (
        "resources.upstream_idle",
        "[resources]\n",
        "upstream_idle = 0",
    ),
    (
        "resources.upstream_requests",
        "[resources]\n",
        "upstream_requests = 7",
    ),
    ("forward.host", "[forward]\n", "host = \"server\""),
    (
        "forward.authorities",
        "[forward]\n",
        "authorities = \"a.pem\"",
    ),
    ("forward.upgrades", "[forward]\n", "upgrades = []"),
    ("health.path", "[health]\n", "path = \"/healthz\""),
    ("health.interval", "[health]\n", "interval = \"1s\""),
    ("health.timeout", "[health]\n", "timeout = \"1s\""),
    ("health.failures", "[health]\n", "failures = 7"),
    ("health.successes", "[health]\n", "successes = 7"),
    ("health.rest", "[health]\n", "rest = \"1s\""),
    ("admin.listen", "[admin]\n", "listen = \"127.0.0.1:3\""),
    (
        "admin.protect",
        "[block]\nnetworks = [\"203.0.113.0/24\"]\n[admin]\n",
        "protect = [\"203.0.113.7\"]",
    ),
    ("waf.rules", "[waf]\n", "rules = [\"other.conf\"]"),
    (
        "waf.directives",
        "[waf]\n",
        "directives = \"SecAction 'id:7,phase:1,pass,nolog'\"",
    ),
    ("waf.exclude[].rule", "rule = 101", "rule = 102"),
    ("waf.exclude[].match", "match = \"/a\"", "match = \"/b\""),
    (
        "waf.exclude[].field",
        "field = \"ARGS:a\"",
        "field = \"ARGS:b\"",
    ),
    (
        "waf.exclude[].shape",
        "shape = \"text\"",
        "shape = \"uuid\"",
    ),
    ("waf.level", "[waf]\n", "level = 2"),
    ("waf.threshold", "[waf]\n", "threshold = 7"),
    ("waf.body", "[waf]\n", "body = \"7KiB\""),
    ("waf.response_body", "[waf]\n", "response_body = \"7KiB\""),
    ("waf.arguments", "[waf]\n", "arguments = 7"),
    ("waf.cookies", "[waf]\n", "cookies = 7"),
    ("waf.depth", "[waf]\n", "depth = 7"),
    ("waf.parts", "[waf]\n", "parts = 7"),
    ("waf.regex_steps", "[waf]\n", "regex_steps = 7000"),
    ("waf.time", "[waf]\n", "time = \"7s\""),
    ("waf.memory", "[waf]\n", "memory = \"3MiB\""),
    ("waf.collections", "[waf]\n", "collections = \"kept\""),
    ("limits.default", "[limits]\n", "default = \"7/min per ip\""),
    ("limits.burst", "[limits]\n", "burst = \"off\""),
    ("limits.max_keys", "[limits]\n", "max_keys = 7000"),
    ("limits.max_memory", "[limits]\n", "max_memory = \"7MiB\""),
    ("limits.announce", "[limits]\n", "announce = \"always\""),
    ("limits.ipv6_prefix", "[limits]\n", "ipv6_prefix = 48"),
    (
        "limits.<name>",
        "[[route]]\nmatch = \"/a\"\nlimit = \"default\"\n[limits]\n",
        "x = \"7/s per ip\"",
    ),
    (
        "block.networks",
        "[block]\n",
        "networks = [\"198.51.100.0/24\"]",
    ),
    (
        "block.agents",
        "[block]\n",
        "agents = [\"builtin\", \"examplebot\"]",
    ),
    ("block.paths", "[block]\n", "paths = [\"/internal/**\"]"),
    (
        "allow.networks",
        "[block]\nnetworks = [\"198.51.100.0/24\"]\n[allow]\n",
        "networks = [\"198.51.100.7\"]",
    ),
    (
        "headers.content-security-policy",
        "[headers]\n",
        "content-security-policy = \"off\"",
    ),
    (
        "headers.strict-transport-security",
        "[headers]\n",
        "strict-transport-security = \"off\"",
    ),
    (
        "headers.x-frame-options",
        "[headers]\n",
        "x-frame-options = \"SAMEORIGIN\"",
    ),
    (
        "headers.x-content-type-options",
        "[headers]\n",
        "x-content-type-options = \"off\"",
    ),
    (
        "headers.referrer-policy",
        "[headers]\n",
        "referrer-policy = \"no-referrer\"",
    ),
    (
        "headers.permissions-policy",
        "[headers]\n",
        "permissions-policy = \"camera=()\"",
    ),
    (
        "headers.x-xss-protection",
        "[headers]\n",
        "x-xss-protection = \"0\"",
    ),
    ("headers.remove", "[headers]\n", "remove = [\"x-runtime\"]"),
    (
        "headers.cookies.secure",
        "[headers.cookies]\n",
        "secure = false",
    ),
    (
        "headers.cookies.http_only",
        "[headers.cookies]\n",
        "http_only = false",
    ),
    (
        "headers.cookies.same_site",
        "[headers.cookies]\n",
        "same_site = \"off\"",
    ),
    (
        "headers.cookies.readable",
        "[headers.cookies]\n",
        "readable = [\"a\"]",
    ),
    ("events.path", "[events]\n", "path = \"other.db\""),
    ("events.max_size", "[events]\n", "max_size = \"7MiB\""),
    ("events.max_age", "[events]\n", "max_age = \"7d\""),
    ("events.queue", "[events]\n", "queue = 7"),
    ("events.queue_size", "[events]\n", "queue_size = \"7MiB\""),
    ("events.ordinary_rate", "[events]\n", "ordinary_rate = 0"),
    ("events.ordinary_kept", "[events]\n", "ordinary_kept = 7"),
    ("log.format", "[log]\n", "format = \"json\""),
    ("log.level", "[log]\n", "level = \"debug\""),
    ("route[].match", "", "[[route]]\nmatch = \"POST /b\""),
    ("route[].mode", ROUTE, "mode = \"enforce\""),
    ("route[].limit", ROUTE, "limit = \"login\""),
    (
        "route[].upstream",
        ROUTE,
        "upstream = \"http://127.0.0.1:4\"",
    ),
    ("route[].body", ROUTE, "body = \"7KiB\""),
    ("route[].stream", ROUTE, "stream = true"),
];

/// Everything the process runs by, as text.
fn image(folder: &Path, rest: &str) -> String {
    let head = if rest.contains("upstream = \"http://127.0.0.1:5\"") {
        "version = 1\n"
    } else {
        "version = 1\nupstream = \"http://127.0.0.1:3000\"\n"
    };
    // The rules in the binary take a while to compile.
    let few = "[waf]\nrules = [\"rules.conf\"]\n";
    let rest = match rest {
        rest if rest.contains("rules =") => rest.to_owned(),
        rest if rest.contains("[waf]\n") => rest.replace("[waf]\n", few),
        rest => format!("{rest}\n{few}"),
    };
    let source = Source::new("policy.toml", format!("{head}{rest}"));
    let document = Document::parse(&source, None, folder, &Disk);
    let policy = match Policy::compile(document, &Disk) {
        Ok(policy) => policy,
        Err(faults) => panic!("{}\n{faults:#?}", source.text),
    };
    let limits: Vec<String> = policy
        .limits
        .limits()
        .map(|limit| format!("{limit:?}"))
        .collect();
    format!(
        "{:?} {:?} {limits:?} {:?} {} {} {:?} {:?} {:?} {:?} {:?}",
        policy.gateway,
        policy.waf,
        policy.limits.bounds(),
        callers(&policy),
        refusals(&policy),
        policy.events,
        policy.collections(),
        policy.admin(),
        policy.spec.log.format.value,
        policy.spec.log.level.value,
    )
}

/// Whether two addresses of one /56 are one caller.
fn callers(policy: &Policy) -> bool {
    let store = policy.store();
    let ids: Vec<_> = policy.limits.find("burst").into_iter().collect();
    let spend = |address: &str| {
        let caller = Caller(address.parse().expect("an address"));
        let decision = policy.limits.check(&*store, &ids, &caller, Duration::ZERO);
        decision.map(|decision| decision.remaining)
    };
    spend("2001:db8:0:1::1") != spend("2001:db8:0:2::1")
}

struct Caller(IpAddr);

impl Subject for Caller {
    fn address(&self) -> IpAddr {
        self.0
    }

    fn value(&self, _: &Part) -> Option<Cow<'_, [u8]>> {
        None
    }
}

/// What the lists say of some callers, agents and paths.
fn refusals(policy: &Policy) -> String {
    let mut said = String::new();
    for client in ["192.0.2.1", "198.51.100.7", "203.0.113.7"] {
        let client: IpAddr = client.parse().expect("an address");
        for agent in ["curl/8", "examplebot/1"] {
            for path in ["/", "/internal/a"] {
                let judged = policy
                    .block
                    .judge(client, agent.as_bytes(), path.as_bytes());
                said.push_str(judged.map_or("-", |(layer, _)| layer.as_str()));
            }
        }
    }
    said
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    for name in ["a", "b"] {
        let names = vec![format!("{name}.example.com")];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        write(&format!("{name}.pem"), &made.cert.pem());
        write(&format!("{name}.key"), &made.signing_key.serialize_pem());
    }
    write("rules.conf", "SecRuleEngine On\n");
    write(
        "two.conf",
        "SecAction \"id:101,nolog\"\nSecAction \"id:102,nolog\"\n",
    );
    write("other.conf", "SecRuleEngine On\n");
    folder
}

#[test]
fn every_key_changes_what_the_policy_compiles_to() {
    let folder = folder();
    for (key, before, change) in CHANGES {
        let (base, changed) = match *key {
            "version" => continue,
            "upstream" => (
                String::new(),
                "upstream = \"http://127.0.0.1:5\"\n".to_owned(),
            ),
            "listen[].tls" => {
                let listen = |tls: bool| {
                    format!("listen = [{{ address = \"0.0.0.0:443\", tls = {tls} }}]\n{before}")
                };
                (listen(false), listen(true))
            }
            _ if key.starts_with("waf.exclude[].") => {
                (EXCLUDE.to_owned(), EXCLUDE.replace(before, change))
            }
            "tls[].cert" | "tls[].key" => (
                format!("{before}cert = \"a.pem\"\nkey = \"a.key\"\n"),
                format!("{before}{change}"),
            ),
            _ => ((*before).to_owned(), format!("{before}{change}\n")),
        };
        let [base, same, changed] = [&base, &base, &changed].map(|text| image(folder.path(), text));
        assert_eq!(base, same, "the image is not the same twice");
        assert!(base != changed, "{key} does nothing");
    }
}

#[test]
fn every_key_is_in_the_table() {
    let known: BTreeSet<&str> = CHANGES.iter().map(|(key, _, _)| *key).collect();
    for key in catalogue::keys() {
        let table = matches!(key.shape, Shape::Table | Shape::Tables);
        // The two parts of a header's table form are tested with the headers.
        let part = key.path.ends_with(".value") || key.path.ends_with(".existing");
        assert!(
            table || part || known.contains(key.path.as_str()),
            "{} is not tested",
            key.path
        );
    }
}

#[test]
fn only_version_1_is_known() {
    let source = Source::new("policy.toml", "version = 2\nupstream = \"http://h\"\n");
    let document = Document::parse(&source, None, Path::new(""), &Disk);
    assert_eq!(document.diagnostics.len(), 1);
    assert!(document.diagnostics[0].message.contains("the number 1"));
}

#[test]
fn a_header_may_be_a_table_that_says_what_becomes_of_the_apis_own() {
    let folder = folder();
    let image = |line: &str| image(folder.path(), &format!("[headers]\n{line}\n"));
    let plain = image("x-frame-options = \"SAMEORIGIN\"");
    let keep = image("x-frame-options = { value = \"SAMEORIGIN\", existing = \"keep\" }");
    let replace = image("x-frame-options = { value = \"SAMEORIGIN\", existing = \"replace\" }");
    assert_eq!(plain, keep);
    assert!(plain != replace);
}

#[test]
fn a_key_that_does_not_fit_its_certificate_is_told_at_its_place() {
    let folder = folder();
    let text =
        format!("version = 1\nupstream = \"http://h\"\n{TLS}cert = \"a.pem\"\nkey = \"b.key\"\n");
    let source = Source::new("policy.toml", text);
    let document = Document::parse(&source, None, folder.path(), &Disk);
    let faults = Policy::compile(document, &Disk)
        .map(|_| ())
        .expect_err("a fault");
    let lines: Vec<usize> = faults
        .iter()
        .filter_map(|fault| fault.span.as_ref().map(|span| span.line_column().0))
        .collect();
    assert!(
        lines.iter().any(|line| [5, 6].contains(line)),
        "{faults:#?}"
    );
}
