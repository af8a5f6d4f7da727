//! What a request costs grows with its size, not with its square: in steps, which are the same on any
//! machine, and coarsely in the time of the processor, for what steps do not count.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test"
)]

mod hostile;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use babyshield_waf::source::Disk;
use babyshield_waf::{Plan, Spec};

use hostile::{FILLINGS, Hostile, cost, requests, unbounded};

/// Every request is tried in these sizes.
const SIZES: [usize; 2] = [4 << 10, 32 << 10];
/// Of the tried fillings, one in so many is tried in this size too.
const LARGER: usize = 8;
const LARGE: usize = 1 << 20;
/// Of the fillings, one in so many is tried; `BABYSHIELD_EVERY=1` for all.
const STRIDE: usize = 9;
/// Steps that a byte may take, whatever the size: that a value is looked at by so many rules. A
/// body that turns out to be broken, or to have too many parts, is looked at as text besides.
const STEPS: usize = 96;
/// The same for heads, whose length is limited instead: five bytes make a cookie, and each counts as a
/// value of its own.
const HEAD_STEPS: usize = 320;
/// The same for what comes with any request, and with as many values as there may be.
const BASE: usize = 2 << 20;
/// How much more time a byte of a request may take than a byte of the one before, eight times smaller
/// or more. What grew with the square of the size would take eight times as much.
const TIME: u64 = 4;
/// Nanoseconds a byte may take in any case, so that small times are not compared.
const SHORTEST: u64 = 60;

fn plan(rules: &[&Path], inline: &str) -> Arc<Plan> {
    let spec = Spec {
        rules: rules.iter().map(|own| (*own).to_owned()).collect(),
        inline: vec![("inline.conf".to_owned(), inline.to_owned())],
        level: Some(1),
        limits: unbounded(),
        ..Spec::default()
    };
    let compiled = Plan::compile(&spec, &Disk);
    Arc::new(compiled.unwrap_or_else(|faults| panic!("{faults:?}")).plan)
}

/// What costs more than in proportion, in words: one request in growing sizes.
fn faults<'a>(
    plan: &Arc<Plan>,
    sizes: impl Iterator<Item = &'a Hostile>,
    filling: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Option<(&Hostile, u64)> = None;
    for request in sizes {
        let length = request.len().max(1);
        if before.is_some_and(|(smaller, _)| length < smaller.len() * 3) {
            // A head grows no further.
            continue;
        }
        let told =
            |what: String| format!("{}, {length} bytes of {filling:?}: {what}", request.shape);
        let own = cost(plan, request);
        let (steps, time) = (own.steps, own.nanoseconds);
        let each = if request.text.is_empty() {
            HEAD_STEPS
        } else {
            STEPS
        };
        if steps > BASE + each * length {
            found.push(told(format!("{} steps a byte", steps / length)));
        }
        let per_byte = |time: u64| time / length as u64;
        let mut own = per_byte(time);
        if let Some((smaller, less)) = before {
            let mut limit = less.max(SHORTEST) * TIME;
            // Something else may have disturbed it.
            for _ in 0..2 {
                if own > limit {
                    own = own.min(per_byte(cost(plan, request).nanoseconds));
                    let again = cost(plan, smaller).nanoseconds / smaller.len() as u64;
                    limit = limit.max(again.max(SHORTEST) * TIME);
                }
            }
            if own > limit {
                found.push(told(format!("{own} ns a byte after {less}")));
            }
        }
        before = Some((request, own));
    }
    found
}

fn holds(rules: &Path) {
    let plan = plan(&[rules], "");
    let every = std::env::var("BABYSHIELD_EVERY").ok();
    let stride = every.and_then(|own| own.parse().ok()).unwrap_or(STRIDE);
    let mut found = Vec::new();
    for (at, filling) in FILLINGS.iter().step_by(stride).enumerate() {
        let large = (at % LARGER == 0).then_some(LARGE);
        let sizes = SIZES.into_iter().chain(large);
        let sizes: Vec<Vec<Hostile>> = sizes.map(|size| requests(filling, size)).collect();
        for shape in 0..sizes.first().map_or(0, Vec::len) {
            let own = sizes.iter().filter_map(|all| all.get(shape));
            found.extend(faults(&plan, own, filling));
        }
    }
    assert!(
        found.is_empty(),
        "costs more than in proportion:\n{}",
        found.join("\n")
    );
}

#[test]
fn requests_cost_the_built_in_rules_in_proportion() {
    holds(Path::new("builtin"));
}

#[test]
fn requests_cost_the_crs_in_proportion() {
    let crs = PathBuf::from("/usr/share/modsecurity-crs");
    if crs.join("owasp-crs.load").exists() {
        holds(&crs);
    } else {
        println!("skipped: {} is not there", crs.display());
    }
}

/// The count itself: work that grows with the square of the values is seen.
#[test]
fn steps_tell_what_grows_with_the_square() {
    let plan = plan(
        &[],
        "SecRule ARGS \"@rx .\" \
         \"id:1,phase:2,pass,nolog,setvar:'tx.all=%{tx.all}%{MATCHED_VAR}'\"",
    );
    let steps = |count: usize| cost(&plan, &Hostile::form("a=12345678&".repeat(count))).steps;
    let (few, many) = (steps(60), steps(960));
    assert!(many > few * 16 * 2, "{few} {many}");
}
