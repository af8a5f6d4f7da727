//! Events and a clock for the tests of the store.

use std::time::{Duration, SystemTime};

use babyshield_model::{Clock, Finding, Layer, Mode, RequestEvent, RequestId, Timestamp, Verdict};

/// The real clock: these tests watch real processes and real disks.
pub(crate) struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp(self.monotonic().as_millis() as u64)
    }

    fn monotonic(&self) -> Duration {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
    }
}

pub(crate) fn request(at: u64, verdict: Verdict, number: u128) -> RequestEvent {
    let attack = verdict != Verdict::Allow;
    RequestEvent {
        id: RequestId::new(Timestamp(at), number),
        at: Timestamp(at),
        verdict,
        enforced: attack,
        mode: Mode::Enforce,
        layer: attack.then_some(Layer::Waf),
        client: "203.0.113.9".parse().unwrap(),
        peer: "127.0.0.1".parse().unwrap(),
        method: "GET".into(),
        host: "api.example.com".into(),
        target: "/v1/products?q=1%27%20or%201%3D1".into(),
        agent: "curl/8.5".into(),
        route: Some("GET /v1/products".into()),
        status: if attack { 403 } else { 200 },
        upstream: None,
        score: 5,
        threshold: 5,
        findings: attack.then(finding).into_iter().collect(),
        decision_micros: 40,
        total_micros: 900,
        bytes_in: 0,
        bytes_out: 120,
    }
}

fn finding() -> Finding {
    Finding {
        rule: "942100".into(),
        message: "SQL Injection Attack Detected via libinjection".into(),
        class: "sqli".into(),
        severity: "critical".into(),
        field: "ARGS:q".into(),
        value: "1' or 1=1".into(),
        matched: "1' or 1=1".into(),
        data: String::new(),
        tags: vec!["attack-sqli".into()],
        source: "sqli.conf:45".into(),
    }
}
