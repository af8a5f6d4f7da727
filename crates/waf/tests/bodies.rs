//! Bodies that are packed, mislabelled or broken, under the built-in rules.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Write as _;
use std::sync::Arc;

use babyshield_waf::source::Disk;
use babyshield_waf::{Connection, Outcome, Plan, Spec};
use flate2::Compression;
use flate2::write::GzEncoder;

fn plan(level: u8) -> Arc<Plan> {
    let spec = Spec {
        rules: vec!["builtin".into()],
        level: Some(level),
        ..Spec::default()
    };
    Arc::new(Plan::compile(&spec, &Disk).unwrap().plan)
}

fn post(plan: &Arc<Plan>, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
    let connection = Connection {
        client: "203.0.113.9:40000".parse().unwrap(),
        server: "192.0.2.1:443".parse().unwrap(),
    };
    let mut own = plan.begin(connection);
    own.watch();
    own.request_line(b"POST", b"/v1/report", b"HTTP/1.1");
    let length = body.len().to_string();
    let ordinary = [
        ("Host", "recalls.example"),
        ("User-Agent", "app/1.0"),
        ("Accept", "*/*"),
    ];
    for (name, value) in ordinary
        .iter()
        .chain(headers)
        .chain(&[("Content-Length", length.as_str())])
    {
        own.request_header(name.as_bytes(), value.as_bytes());
    }
    drop(own.request_head_end());
    drop(own.request_body(body));
    drop(own.request_end());
    own.finish()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const PACKED: (&str, &str) = ("Content-Encoding", "gzip");

#[test]
fn a_packed_body_is_judged_as_what_it_unpacks_to() {
    let plan = plan(1);
    let bad = post(
        &plan,
        &[JSON, PACKED],
        &gzip(br#"{"q":"1' UNION SELECT password FROM users--"}"#),
    );
    assert!(bad.interruption.is_some());
    let good = post(&plan, &[JSON, PACKED], &gzip(br#"{"q":"a blue stroller"}"#));
    assert!(good.interruption.is_none(), "{:?}", good.findings);
}

#[test]
fn newer_codings_are_undone_as_well() {
    let plan = plan(1);
    // `q=%3Cscript%3Ealert(1)%3C/script%3E`
    let brotli = b"\x0b\x11\x80q=%3Cscript%3Ealert(1)%3C/script%3E\x03";
    // The same as one raw block.
    let zstd = b"\x28\xb5\x2f\xfd\x20\x23\x19\x01\x00q=%3Cscript%3Ealert(1)%3C/script%3E";
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (coding, body) in [("br", &brotli[..]), ("zstd", zstd)] {
        let outcome = post(&plan, &[form, ("Content-Encoding", coding)], body);
        assert_eq!(
            outcome.interruption.map(|own| own.status),
            Some(403),
            "{coding}"
        );
        let broken = post(&plan, &[form, ("Content-Encoding", coding)], b"none");
        assert_eq!(broken.interruption.map(|own| own.status), Some(400));
    }
    let none = post(
        &plan,
        &[form, ("Content-Encoding", "br")],
        b"\x0b\x03\x80a=1&b=2\x03",
    );
    assert!(none.interruption.is_none(), "{:?}", none.findings);
}

#[test]
fn a_packed_body_that_is_broken_or_a_bomb_is_refused() {
    let plan = plan(1);
    let bomb = gzip(&vec![b' '; 32 << 20]);
    for body in [&b"no gzip at all"[..], &bomb] {
        let outcome = post(&plan, &[JSON, PACKED], body);
        assert_eq!(outcome.interruption.map(|own| own.status), Some(400));
    }
}

#[test]
fn json_that_is_none_is_read_as_text_at_level_1_and_refused_above() {
    let [lenient, strict] = [plan(1), plan(2)];
    let odd = post(&lenient, &[JSON], b"sealed:Zm9vYmFyYmF6cXV4");
    assert!(odd.interruption.is_none(), "{:?}", odd.findings);
    let attack = post(&lenient, &[JSON], b"{'q': '<script>alert(1)</script>',}");
    assert!(attack.interruption.is_some());
    let refused = post(&strict, &[JSON], b"sealed:Zm9vYmFyYmF6cXV4");
    assert_eq!(refused.interruption.map(|own| own.status), Some(400));
}

#[test]
fn json_lines_are_judged_value_by_value() {
    let harmless =
        b"{\"create\":{\"_index\":\"logs\"}}\n{\"message\":\"select a crib\",\"level\":\"info\"}\n";
    let hostile = b"{\"create\":{\"_index\":\"logs\"}}\n{\"id\":\"1' OR '1'='1' -- \"}\n";
    let lines = ("Content-Type", "application/x-ndjson");
    let records = ("Content-Type", "application/json-seq");
    for level in 1..=4 {
        let plan = plan(level);
        for kind in [lines, records] {
            let outcome = post(&plan, &[kind], harmless);
            assert!(
                outcome.interruption.is_none(),
                "{level}: {:?}",
                outcome.findings
            );
            let outcome = post(&plan, &[kind], hostile);
            assert!(outcome.interruption.is_some(), "{level}");
            let found = outcome
                .findings
                .iter()
                .find(|own| own.field.contains("json.id"));
            assert!(found.is_some(), "{level}: {:?}", outcome.findings);
        }
        // What says that it is JSON is one value, but for programs that label carelessly.
        let outcome = post(&plan, &[JSON], harmless);
        assert_eq!(outcome.interruption.is_none(), level == 1, "{level}");
        let packed = post(&plan, &[JSON, PACKED], &gzip(hostile));
        assert!(packed.interruption.is_some(), "{level}");
    }
}
