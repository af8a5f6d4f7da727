//! The one suite every store passes: the cases of `suite/gcra.toml`, and properties that must hold
//! whatever is asked. A new backend is one more line in [`backends`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use babyshield_limit::{
    Bounds, Charge, Limit, Part, Plan, Quota, Spec, Store, Subject, gcra, store,
};
use proptest::prelude::*;
use serde::Deserialize;

fn backends() -> Vec<(&'static str, Box<dyn Store>)> {
    vec![(
        "memory",
        Box::new(store::memory::Store::new(Bounds::default())),
    )]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "default_prefix")]
    ipv6_prefix: u8,
    limits: BTreeMap<String, String>,
    steps: Vec<Step>,
}

fn default_prefix() -> u8 {
    Spec::default().ipv6_prefix
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: f64,
    ip: IpAddr,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(rename = "use")]
    limits: Vec<String>,
    allowed: bool,
    left: u32,
    limit: Option<u32>,
    wait: Option<f64>,
    reset: Option<f64>,
    shown: Option<String>,
}

impl Subject for Step {
    fn address(&self) -> IpAddr {
        self.ip
    }

    fn value(&self, part: &Part) -> Option<Cow<'_, [u8]>> {
        let value = self.values.get(&part.to_string())?;
        Some(Cow::Borrowed(value.as_bytes()))
    }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[test]
fn every_backend_passes_every_case() {
    let file: File = toml_edit::de::from_str(include_str!("suite/gcra.toml")).unwrap();
    assert!(file.case.len() >= 15);
    for case in &file.case {
        let limits = case.limits.iter();
        let spec = Spec {
            limits: limits
                .map(|(name, text)| Limit::parse(name, text, None).unwrap())
                .collect(),
            ipv6_prefix: case.ipv6_prefix,
            ..Spec::default()
        };
        let plan = Plan::compile(&spec).unwrap();
        for (backend, store) in backends() {
            for (at, step) in case.steps.iter().enumerate() {
                let place = format!("{backend}: {}, step {}", case.name, at + 1);
                judge(&plan, store.as_ref(), step, &place);
            }
        }
    }
}

fn judge(plan: &Plan, store: &dyn Store, step: &Step, place: &str) {
    let ids: Vec<_> = step
        .limits
        .iter()
        .map(|name| plan.find(name).unwrap())
        .collect();
    let now = Duration::from_secs_f64(step.at);
    let decision = plan.check(store, &ids, step, now).unwrap();
    assert_eq!(decision.allowed, step.allowed, "{place}: {decision:?}");
    assert_eq!(decision.remaining, step.left, "{place}: {decision:?}");
    assert_eq!(
        decision.retry_after.is_some(),
        !decision.allowed,
        "{place}: {decision:?}"
    );
    if let Some(wait) = step.wait {
        assert_eq!(
            decision.retry_after.map(seconds),
            Some(wait),
            "{place}: {decision:?}"
        );
    }
    if let Some(reset) = step.reset {
        assert_eq!(seconds(decision.reset), reset, "{place}: {decision:?}");
    }
    if let Some(limit) = step.limit {
        assert_eq!(decision.limit, limit, "{place}: {decision:?}");
    }
    if let Some(shown) = &step.shown {
        assert_eq!(&*decision.name, shown.as_str(), "{place}: {decision:?}");
    }
}

fn ask(store: &dyn Store, key: &[u8], rate: gcra::Rate, now: Duration) -> bool {
    let key = key.to_vec();
    store.charge(
        &mut [Charge {
            key,
            rate,
            arrival: 0,
        }],
        now,
    )
}

proptest! {
    /// However requests are spread, no window of time sees more than its burst and its share.
    #[test]
    fn no_window_admits_more_than_burst_and_rate(
        count in 1_u32..50,
        period in 1_u64..100,
        burst in 1_u32..50,
        gaps in prop::collection::vec(0_u64..3_000_000, 1..300),
    ) {
        let quota = Quota { count, period: Duration::from_millis(period * 100) };
        let rate = gcra::Rate::new(quota, burst).unwrap();
        for (name, store) in backends() {
            let mut now = Duration::ZERO;
            let mut admitted = Vec::new();
            for gap in &gaps {
                now += Duration::from_micros(*gap);
                if ask(store.as_ref(), b"key", rate, now) {
                    admitted.push(now);
                }
            }
            for (at, first) in admitted.iter().enumerate() {
                for (behind, last) in admitted[at..].iter().enumerate() {
                    let window = (*last - *first).as_secs_f64();
                    let share = window * f64::from(count) / quota.period.as_secs_f64();
                    let most = f64::from(burst) + share + 1e-6;
                    prop_assert!((behind + 1) as f64 <= most, "{name}: {} in {window} s", behind + 1);
                }
            }
        }
    }

    /// Waiting as long as told is always enough, and no shorter wait is.
    #[test]
    fn the_wait_told_is_exact(count in 1_u32..1000, period in 1_u64..100_000, burst in 1_u32..20, at in 0_u64..1_000_000) {
        let quota = Quota { count, period: Duration::from_millis(period) };
        let rate = gcra::Rate::new(quota, burst).unwrap();
        let now = at * 1_000_000;
        let mut arrival = 0;
        let mut admitted = 0;
        let wait = loop {
            match rate.step(arrival, now) {
                gcra::Step::Admit(next) => { arrival = next; admitted += 1; }
                gcra::Step::Refuse(wait) => break wait,
            }
        };
        prop_assert_eq!(admitted, burst);
        prop_assert!(wait > 0);
        prop_assert!(matches!(rate.step(arrival, now + wait), gcra::Step::Admit(_)));
        prop_assert!(matches!(rate.step(arrival, now + wait - 1), gcra::Step::Refuse(_)));
    }

    /// `remaining` is a promise: so many more pass now, and not one more.
    #[test]
    fn remaining_is_kept(count in 1_u32..100, burst in 1_u32..30, spent in 0_u32..30, at in 0_u64..100_000) {
        let quota = Quota { count, period: Duration::from_secs(60) };
        let rate = gcra::Rate::new(quota, burst).unwrap();
        let mut arrival = 0;
        for _ in 0..spent {
            if let gcra::Step::Admit(next) = rate.step(arrival, 0) { arrival = next; }
        }
        let now = at * 1_000_000;
        let promised = rate.remaining(arrival, now);
        let mut passed = 0;
        while let gcra::Step::Admit(next) = rate.step(arrival, now) { arrival = next; passed += 1; }
        prop_assert_eq!(passed, promised);
    }

    /// Text that is printed reads back as the same limit.
    #[test]
    fn limits_print_as_they_read(count in 1_u32.., number in 1_u64..1000, unit in 0_usize..4, burst in prop::option::of(1_u32..)) {
        let seconds = [1, 60, 3600, 86_400][unit] * number;
        let limit = Limit {
            name: "x".to_owned(),
            quota: Quota { count, period: Duration::from_secs(seconds) },
            burst,
            key: vec![Part::Ip, Part::Body("a.b".to_owned()), Part::Header("x-key".to_owned()), Part::Global],
        };
        prop_assert_eq!(Limit::parse("x", &limit.to_string(), None), Ok(limit));
    }
}

#[test]
fn threads_together_admit_no_more_than_the_burst() {
    let quota = Quota {
        count: 1000,
        period: Duration::from_secs(3600),
    };
    let rate = gcra::Rate::new(quota, 1000).unwrap();
    for (name, store) in backends() {
        let admitted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let mut charges = [b"one", b"two"].map(|key| Charge {
                            key: key.to_vec(),
                            rate,
                            arrival: 0,
                        });
                        if store.charge(&mut charges, Duration::ZERO) {
                            admitted.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 1000, "{name}");
        assert!(!ask(store.as_ref(), b"one", rate, Duration::ZERO), "{name}");
    }
}
