//! The store in memory when more callers come than it may remember.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::Duration;

use babyshield_limit::store::memory;
use babyshield_limit::{Bounds, Charge, Quota, Store, gcra};
use babyshield_model::ByteSize;

fn rate(count: u32, seconds: u64) -> gcra::Rate {
    let period = Duration::from_secs(seconds);
    gcra::Rate::new(Quota { count, period }, count).unwrap()
}

fn ask(store: &memory::Store, key: &str, rate: gcra::Rate, now: Duration) -> bool {
    let key = key.as_bytes().to_vec();
    store.charge(
        &mut [Charge {
            key,
            rate,
            arrival: 0,
        }],
        now,
    )
}

#[test]
fn a_million_addresses_stay_within_the_bounds_and_free_nobody() {
    let bounds = Bounds {
        keys: 100_000,
        bytes: ByteSize(16 << 20),
    };
    let store = memory::Store::new(bounds);
    let (login, default) = (rate(5, 60), rate(100, 60));
    let offenders: Vec<String> = (0..200).map(|at| format!("offender {at}")).collect();
    for offender in &offenders {
        while ask(&store, offender, default, Duration::ZERO) {}
        while ask(&store, &format!("login {offender}"), login, Duration::ZERO) {}
    }
    for at in 0..1_000_000_u64 {
        // The flood lasts half a second, in which nobody gets a budget back.
        ask(
            &store,
            &format!("address {at}"),
            default,
            Duration::from_nanos(at * 500),
        );
        if at % 100_000 == 0 {
            assert!(store.len() <= bounds.keys, "{} keys", store.len());
            assert!(store.footprint() <= bounds.bytes, "{}", store.footprint());
        }
    }
    assert!(
        store.len() <= bounds.keys && store.len() > bounds.keys / 2,
        "{} keys",
        store.len()
    );
    assert!(store.footprint() <= bounds.bytes, "{}", store.footprint());
    let now = Duration::from_millis(550);
    for offender in &offenders {
        assert!(
            !ask(&store, offender, default, now),
            "{offender} was forgotten"
        );
        assert!(
            !ask(&store, &format!("login {offender}"), login, now),
            "{offender} was forgotten"
        );
    }
}

/// One limit restores in a minute, another in a day: half-spent keys of the slow one end later
/// than over-spent keys of the fast one, and still go first.
#[test]
fn over_limit_goes_last_whatever_the_periods() {
    let bounds = Bounds {
        keys: 2048,
        bytes: ByteSize(16 << 20),
    };
    let store = memory::Store::new(bounds);
    let (fast, slow) = (rate(1, 60), rate(100, 86_400));
    for at in 0..200 {
        assert!(ask(&store, &format!("offender {at}"), fast, Duration::ZERO));
    }
    for at in 0..50_000 {
        for _ in 0..2 {
            ask(&store, &format!("visitor {at}"), slow, Duration::ZERO);
        }
    }
    for at in 0..200 {
        assert!(
            !ask(
                &store,
                &format!("offender {at}"),
                fast,
                Duration::from_secs(1)
            ),
            "{at}"
        );
    }
}

#[test]
fn a_store_full_of_offenders_forgets_the_one_nearest_to_release() {
    let bounds = Bounds {
        keys: 1024,
        bytes: ByteSize(1 << 20),
    };
    let store = memory::Store::new(bounds);
    let rate = rate(1, 3600);
    for at in 0..50_000_u64 {
        assert!(ask(
            &store,
            &format!("{at}"),
            rate,
            Duration::from_millis(at)
        ));
        assert!(!ask(
            &store,
            &format!("{at}"),
            rate,
            Duration::from_millis(at)
        ));
    }
    assert!(store.len() <= bounds.keys, "{} keys", store.len());
    // The latest one is the furthest from release.
    assert!(!ask(&store, "49999", rate, Duration::from_secs(51)));
}

#[test]
fn restored_keys_go_by_themselves() {
    let store = memory::Store::new(Bounds::default());
    let rate = rate(10, 1);
    for at in 0..10_000 {
        ask(&store, &format!("early {at}"), rate, Duration::ZERO);
    }
    assert_eq!(store.len(), 10_000);
    for at in 0..10_000 {
        ask(
            &store,
            &format!("late {at}"),
            rate,
            Duration::from_secs(100),
        );
    }
    assert!(store.len() <= 10_100, "{} keys are kept", store.len());
}

#[test]
fn a_budget_of_bytes_bounds_the_keys() {
    let bounds = Bounds {
        keys: 1_000_000,
        bytes: ByteSize(256 << 10),
    };
    let store = memory::Store::new(bounds);
    for at in 0..20_000 {
        ask(&store, &format!("{at}"), rate(5, 60), Duration::ZERO);
    }
    assert!(store.footprint() <= bounds.bytes, "{}", store.footprint());
    assert!(store.len() > 1000, "{} keys", store.len());
}
