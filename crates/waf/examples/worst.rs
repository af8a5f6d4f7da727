//! Looks for requests that cost too much: every kind of body, filled with what patterns and parsers
//! may trip over, small and large. `cargo run --release -p babyshield-waf --example worst -- RULES…`
//!
//! Prints CPU milliseconds per megabyte at both sizes, the dearest first. What grows faster than its
//! size, or costs more than 50 ms a megabyte, is a fault.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool for developers"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use babyshield_model::ByteSize;
use babyshield_waf::{Connection, Decision, Limits, Plan, Spec, source::Disk};

const FILLINGS: [&str; 48] = [
    "a",
    "A",
    "0",
    " ",
    "\t",
    "\n",
    "\r\n",
    "'",
    "\"",
    "`",
    "\\",
    "/",
    ".",
    "../",
    "/*",
    "*/",
    "--",
    "#",
    "<",
    ">",
    "<a ",
    "<script",
    "=",
    "a=",
    "&",
    "&#",
    "&lt;",
    "%",
    "%25",
    "%u0041",
    "+",
    "(",
    "((a",
    "[",
    "{",
    "{{",
    "${",
    "$(",
    ";",
    "|",
    "or 1 ",
    "select ",
    "union all ",
    "http://a/",
    "0x41",
    "aA0+",
    "é",
    "\u{0}",
];

/// Nanoseconds this thread has run.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().unwrap_or(0)
}

fn bodies(filling: &str, size: usize) -> Vec<(&'static str, &'static str, String)> {
    let long = filling.repeat(size.div_ceil(filling.len()));
    let quoted = long
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
        .replace('\0', "\\u0000");
    let marked = long
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\0', " ");
    let coded = long
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2b");
    let pieces = coded.len().div_ceil(900).max(1);
    let many: Vec<String> = coded
        .as_bytes()
        .chunks(pieces)
        .map(|piece| format!("a={}", String::from_utf8_lossy(piece)))
        .collect();
    let form = "application/x-www-form-urlencoded";
    let part = "--BB\r\nContent-Disposition: form-data; name=\"a\"";
    vec![
        ("form, one value", form, format!("a={coded}")),
        ("form, many values", form, many.join("&")),
        ("form, raw", form, long.clone()),
        (
            "json, one string",
            "application/json",
            format!("{{\"a\":\"{quoted}\"}}"),
        ),
        ("xml, one text", "text/xml", format!("<a>{marked}</a>")),
        (
            "multipart, one field",
            "multipart/form-data; boundary=BB",
            format!("{part}\r\n\r\n{long}\r\n--BB--\r\n"),
        ),
        (
            "multipart, one file",
            "multipart/form-data; boundary=BB",
            format!("{part}; filename=\"x.txt\"\r\n\r\n{long}\r\n--BB--\r\n"),
        ),
        ("octets", "application/octet-stream", long),
    ]
}

fn cost(plan: &Arc<Plan>, kind: &str, body: &str) -> (f64, usize) {
    let before = cpu();
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.watch();
    own.request_line(b"POST", b"/api", b"HTTP/1.1");
    own.request_header(b"Host", b"example.com");
    own.request_header(b"Content-Type", kind.as_bytes());
    own.request_head_end();
    if own.request_body(body.as_bytes()) == Decision::Continue {
        own.request_end();
    }
    let faults = own.finish().faults.len();
    let spent = cpu().saturating_sub(before);
    #[allow(clippy::cast_precision_loss, reason = "milliseconds are enough")]
    let per_megabyte = spent as f64 / body.len() as f64;
    (per_megabyte, faults)
}

fn main() {
    let mut rules: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if rules.is_empty() {
        rules.push(PathBuf::from("builtin"));
    }
    let spec = Spec {
        rules,
        level: Some(1),
        limits: Limits {
            request_body: ByteSize(64 << 20),
            time: Duration::MAX,
            memory: ByteSize(2 << 30),
            ..Limits::default()
        },
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Disk).unwrap().plan);
    let mut all = Vec::new();
    for filling in FILLINGS {
        let small = bodies(filling, 32 << 10);
        let large = bodies(filling, 512 << 10);
        for ((shape, kind, little), (_, _, much)) in small.iter().zip(&large) {
            cost(&plan, kind, little);
            let first = cost(&plan, kind, little);
            let second = cost(&plan, kind, much);
            all.push((second.0, first.0, second.1, *shape, filling));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("  ms/MB of 512 KiB | of 32 KiB | faults | body | filled with");
    for (much, little, faults, shape, filling) in all.iter().take(60) {
        println!(
            "{much:10.1} {little:10.1} {faults:3} {shape:22} {:?}",
            filling
        );
    }
}
