//! A clean request allocates nothing once the buffers have the size that such requests need.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;
use std::sync::Arc;

use babyshield_waf::source::Disk;
use babyshield_waf::{Connection, Decision, Plan, Spec};

struct Request {
    method: &'static str,
    target: &'static str,
    kind: Option<&'static str>,
    body: &'static [u8],
}

const REQUESTS: [Request; 5] = [
    Request {
        method: "GET",
        target: "/v1/recalls/12",
        kind: None,
        body: b"",
    },
    Request {
        method: "GET",
        target: "/v1/recalls?q=baby+stroller&page=2&sort=price",
        kind: None,
        body: b"",
    },
    Request {
        method: "POST",
        target: "/v1/incidents",
        kind: Some("application/json"),
        body:
            br#"{"name":"Ann","items":[{"id":1,"title":"Baby chair"},{"id":2}],"note":"it broke"}"#,
    },
    Request {
        method: "POST",
        target: "/v1/incidents",
        kind: Some("application/x-www-form-urlencoded"),
        body: b"name=Ann&note=the+wheel+came+off&count=3",
    },
    // What might be SQL is read as SQL.
    Request {
        method: "POST",
        target: "/v1/incidents",
        kind: Some("application/x-www-form-urlencoded"),
        body: b"name=O'Brien&note=it's+a+gift+(for+two),+select+one+and+keep+it",
    },
];

fn judge(plan: &Arc<Plan>, request: &Request) {
    let end = "192.0.2.7:4000".parse().unwrap();
    let mut transaction = plan.begin(Connection {
        client: end,
        server: end,
    });
    transaction.request_line(
        request.method.as_bytes(),
        request.target.as_bytes(),
        b"HTTP/1.1",
    );
    let fields = [
        ("Host", "api.example.com"),
        ("User-Agent", "RecallApp/5.2 Android/14"),
        ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Cookie", "session=8f2cAb91; theme=dark"),
    ];
    for (name, value) in fields {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    if let Some(kind) = request.kind {
        let length = request.body.len().to_string();
        transaction.request_header(b"Content-Type", kind.as_bytes());
        transaction.request_header(b"Content-Length", length.as_bytes());
    }
    assert_eq!(transaction.request_head_end(), Decision::Continue);
    assert_eq!(transaction.request_body(request.body), Decision::Continue);
    assert_eq!(transaction.request_end(), Decision::Continue);
    let outcome = transaction.finish();
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
}

/// Allocations of each request after all of them have been seen a few times; one of them is the
/// text of the length, which this test makes.
fn counts(rules: &str) -> Vec<u64> {
    let spec = Spec {
        rules: vec![PathBuf::from(rules)],
        level: Some(1),
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Disk).unwrap().plan);
    for _ in 0..20 {
        REQUESTS.iter().for_each(|request| judge(&plan, request));
    }
    REQUESTS
        .iter()
        .map(|request| {
            let own = u64::from(request.kind.is_some());
            allocation_counter::measure(|| judge(&plan, request)).count_total - own
        })
        .collect()
}

#[test]
fn a_clean_request_allocates_nothing_with_the_built_in_rules() {
    assert_eq!(counts("builtin"), [0; 5]);
}

/// CRS 3 asks the store of `IP` collections twice, which makes its own.
#[test]
fn with_crs_3_only_collections_allocate() {
    let rules = "/usr/share/modsecurity-crs";
    if PathBuf::from(rules).join("rules").is_dir() {
        assert_eq!(counts(rules), [2; 5]);
    }
}
