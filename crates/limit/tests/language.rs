//! The language of limits: what reads, and what each fault says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::Duration;

use babyshield_limit::{Bounds, Limit, Part, Plan, Spec};
use babyshield_model::{ByteSize, Source, Span};

#[test]
fn limits_of_the_manual_read() {
    let read = |text| Limit::parse("x", text, None).unwrap();
    let limit = read("100/min per ip");
    assert_eq!(
        (limit.quota.count, limit.quota.period),
        (100, Duration::from_secs(60))
    );
    assert_eq!(limit.key, [Part::Ip]);
    assert_eq!(
        read("2000/5min per ip").quota.period,
        Duration::from_secs(300)
    );
    assert_eq!(
        read("5/min per ip + body.email").key,
        [Part::Ip, Part::Body("email".to_owned())]
    );
    assert_eq!(
        read("5/min per ip+body.email"),
        read("  5/min   per ip  +  body.email ")
    );
    assert_eq!(
        read("120/min per jwt.sub").key,
        [Part::Jwt("sub".to_owned())]
    );
    assert_eq!(
        read("1/day burst 3 per header.X-API-Key").key,
        [Part::Header("x-api-key".to_owned())]
    );
    assert_eq!(read("1/s burst 3 per global").burst, Some(3));
    assert!(read("5/min per ip + body.email").needs_body());
    assert!(!read("5/min per ip").needs_body());
    assert!(read("5/min per jwt.sub").needs_identity());
}

#[test]
fn each_fault_says_what_to_write() {
    for (text, code, words) in [
        ("", "limit.empty", "100/min per ip"),
        ("100", "limit.bad_quota", "write it like"),
        (
            "100/mim per ip",
            "limit.unknown_unit",
            "did you mean `min`?",
        ),
        ("100/fortnight per ip", "limit.unknown_unit", "units are"),
        ("0/min per ip", "limit.zero", "at least one request"),
        ("1/0min per ip", "limit.zero", "period of 0"),
        ("1,000/min per ip", "limit.bad_count", "without separators"),
        ("-5/min per ip", "limit.bad_count", "not a quota"),
        (
            "99999999999/min per ip",
            "limit.bad_count",
            "up to 4294967295",
        ),
        ("100/min", "limit.no_key", "add `per ip`"),
        ("100/min by ip", "limit.expected_per", "found `by`"),
        (
            "100/min burst per ip",
            "limit.bad_count",
            "`per` is not a burst",
        ),
        ("100/min burst", "limit.no_count", "burst 20"),
        ("100/min per", "limit.no_part", "missing"),
        ("100/min per ip +", "limit.no_part", "missing"),
        (
            "100/min per ip body.email",
            "limit.expected_plus",
            "joined by `+`",
        ),
        ("100/min per addr", "limit.unknown_part", "a key is made of"),
        (
            "100/min per ipp",
            "limit.unknown_part",
            "did you mean `ip`?",
        ),
        (
            "100/min per haeder.x",
            "limit.unknown_part",
            "did you mean `header.x`?",
        ),
        ("100/min per body", "limit.bad_name", "write `body.NAME`"),
        (
            "100/min per header.a,b",
            "limit.bad_name",
            "write `header.NAME`",
        ),
        ("100/min per ip + ip", "limit.duplicate_part", "twice"),
    ] {
        let faults = Limit::parse("x", text, None).unwrap_err();
        let told = faults
            .iter()
            .any(|fault| fault.code == code && fault.to_string().contains(words));
        assert!(told, "{text:?}: {faults:?}");
    }
}

#[test]
fn every_fault_of_a_limit_is_told_at_its_word() {
    let source = Source::new(
        "policy.toml",
        "[limits]\nlogin = \"5x/mim per ipp + body.email\"\n",
    );
    let place = Span::new(&source, 17..46);
    let faults = Limit::parse("login", "5x/mim per ipp + body.email", Some(&place)).unwrap_err();
    let places: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(places[0].starts_with("policy.toml:2:10: "), "{}", places[0]);
    assert!(places[1].starts_with("policy.toml:2:13: "), "{}", places[1]);
    assert!(places[2].starts_with("policy.toml:2:21: "), "{}", places[2]);
}

#[test]
fn a_plan_tells_every_fault_of_its_spec() {
    let mut limit = Limit::parse("a", "5/min per ip", None).unwrap();
    let same = limit.clone();
    limit.name = "b".to_owned();
    limit.burst = Some(u32::MAX);
    limit.quota.period = Duration::from_secs(u64::from(u32::MAX));
    let spec = Spec {
        limits: vec![same.clone(), same, limit],
        ipv6_prefix: 0,
        bounds: Bounds {
            keys: 1,
            bytes: ByteSize(1),
        },
    };
    let faults = Plan::compile(&spec).unwrap_err();
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(
        codes,
        [
            "limit.bad_prefix",
            "limit.small_bounds",
            "limit.duplicate_name",
            "limit.bad_quota"
        ]
    );
}
