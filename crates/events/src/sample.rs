//! Events for this crate's own tests.

use std::net::{IpAddr, Ipv4Addr};

use babyshield_model::{Event, Finding, Layer, Mode, RequestEvent, RequestId, Timestamp, Verdict};

pub(crate) fn request(at: u64, verdict: Verdict) -> RequestEvent {
    let attack = verdict != Verdict::Allow;
    RequestEvent {
        id: RequestId::new(Timestamp(at), 7),
        at: Timestamp(at),
        verdict,
        enforced: attack,
        mode: Mode::Enforce,
        layer: attack.then_some(Layer::Waf),
        client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        method: "GET".into(),
        host: "api.example.com".into(),
        target: "/v1/products?q=1%27%20or%201%3D1".into(),
        agent: "curl/8.5".into(),
        route: Some("GET /v1/products".into()),
        status: if attack { 403 } else { 200 },
        upstream: (!attack).then(|| "http://127.0.0.1:3000".into()),
        score: if attack { 5 } else { 0 },
        threshold: 5,
        findings: if attack { vec![finding()] } else { Vec::new() },
        decision_micros: 40,
        total_micros: 900,
        bytes_in: 0,
        bytes_out: 120,
    }
}

pub(crate) fn finding() -> Finding {
    Finding {
        rule: "942100".into(),
        message: "SQL Injection Attack Detected via libinjection".into(),
        class: "sqli".into(),
        severity: "critical".into(),
        field: "ARGS:q".into(),
        value: "1' or 1=1".into(),
        matched: "s&1=1".into(),
        data: String::new(),
        tags: vec!["attack-sqli".into()],
        source: "REQUEST-942-APPLICATION-ATTACK-SQLI.conf:45".into(),
    }
}

/// The same with a random part of its own.
pub(crate) fn numbered(at: u64, verdict: Verdict, number: u128) -> RequestEvent {
    RequestEvent {
        id: RequestId::new(Timestamp(at), number),
        ..request(at, verdict)
    }
}

pub(crate) fn event(at: u64, verdict: Verdict) -> Event {
    Event::Request(Box::new(request(at, verdict)))
}
