//! What the shipped model does to attacks that are held back and to harmless requests of another seed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use babyshield_detect::text::Model;
use babyshield_train::gather::{Draw, Sample};
use babyshield_train::held_out;
use babyshield_train::limit::{is_lowered, is_raised, may_lower, may_raise};

/// A seed that neither the training nor the card uses.
const DRAW: Draw = Draw {
    seed: 20_071,
    common: 4_000,
    each: 100,
};

#[allow(clippy::disallowed_methods, reason = "where the data lie")]
fn data() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let named = std::env::var("BABYSHIELD_DATA").ok().map(PathBuf::from);
    named.unwrap_or_else(|| root.join("../shared/data"))
}

/// How many of those asked about, in percent, and how many were asked about.
fn share(
    samples: &[Sample],
    asked: impl Fn(&Sample) -> bool,
    done: impl Fn(&Sample) -> bool,
) -> (usize, usize) {
    let all: Vec<&Sample> = samples.iter().filter(|own| asked(own)).collect();
    let hit = all.iter().filter(|own| done(own)).count();
    (hit * 100 / all.len().max(1), all.len())
}

#[test]
fn attacks_are_raised_and_harmless_text_is_lowered_on_what_nothing_was_trained_on() {
    let samples = match held_out(&data(), DRAW) {
        Ok(samples) => samples,
        Err(fault) => {
            eprintln!("skipped: {fault}");
            return;
        }
    };
    let model = Model::shared();
    let raised = |own: &Sample| is_raised(own, own.shipped, model.limits(own.class));
    let lowered = |own: &Sample| is_lowered(own, own.shipped, model.limits(own.class));
    let known = |own: &Sample| model.limits(own.class).raise.is_finite();

    let (percent, count) = share(
        &samples,
        |own| own.attack && may_raise(own) && known(own),
        raised,
    );
    assert!(
        count > 500 && percent >= 65,
        "{percent} % of {count} likely attacks raised"
    );
    let (percent, count) = share(
        &samples,
        |own| !own.attack && may_raise(own) && known(own),
        raised,
    );
    assert!(
        count > 30 && percent <= 1,
        "{percent} % of {count} harmless findings raised"
    );
    let (percent, count) = share(&samples, |own| own.attack && may_lower(own), lowered);
    assert!(
        count > 50 && percent == 0,
        "{percent} % of {count} attacks lowered"
    );
    let (percent, count) = share(&samples, |own| !own.attack && may_lower(own), lowered);
    assert!(
        count > 20 && percent >= 40,
        "{percent} % of {count} harmless findings lowered"
    );
}
