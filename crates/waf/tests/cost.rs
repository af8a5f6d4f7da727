//! What a request may cost: in proportion to its bytes, and never more than its limits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use babyshield_model::{ByteSize, Clock, Timestamp};
use babyshield_waf::{Connection, Decision, Limits, Outcome, Plan, Spec, source::Memory};

/// A clock on which every reading takes a millisecond.
#[derive(Debug, Default)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn plan(rules: &str, limits: Limits) -> Plan {
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("test.conf".to_owned(), rules.to_owned())],
        limits,
        ..Spec::default()
    };
    Plan::compile(&spec, &Memory::default()).unwrap().plan
}

fn run(plan: Plan, body: &str, watch: bool) -> (Decision, Outcome) {
    let mut own = Arc::new(plan).begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    if watch {
        own.watch();
    }
    own.request_line(b"POST", b"/", b"HTTP/1.1");
    own.request_header(b"Content-Type", b"application/x-www-form-urlencoded");
    own.request_head_end();
    own.request_body(body.as_bytes());
    let decision = own.request_end();
    (decision, own.finish())
}

fn status(decision: &Decision) -> Option<u16> {
    match decision {
        Decision::Interrupt(own) => Some(own.status),
        Decision::Continue => None,
    }
}

/// No rule matches anything, so that only looking between values can notice.
const SILENT: &str =
    "SecRule ARGS \"@rx ^(?:[^x]*y){3}z$\" \"id:1,phase:2,deny,t:none,t:urlDecode\"";

#[test]
fn time_is_looked_at_between_values_and_its_end_is_refused() {
    let body = format!("a=y{}&", "b".repeat(2000)).repeat(900);
    let limits = Limits {
        time: Duration::from_millis(3),
        ..Limits::default()
    };
    let limited = || plan(SILENT, limits.clone()).with_clock(Arc::new(Ticking::default()));
    let (decision, outcome) = run(limited(), &body, false);
    assert_eq!(status(&decision), Some(503));
    assert_eq!(outcome.interruption.unwrap().rule, 0);
    assert!(outcome.faults[0].contains("time"), "{:?}", outcome.faults);
    // Where rules only watch, it is told and the rest of them does not run.
    let (decision, outcome) = run(limited(), &body, true);
    assert_eq!(decision, Decision::Continue);
    assert_eq!(outcome.faults.len(), 1);
    let plenty = Limits {
        time: Duration::from_secs(60),
        ..Limits::default()
    };
    let unhurried = plan(SILENT, plenty).with_clock(Arc::new(Ticking::default()));
    assert_eq!(run(unhurried, &body, false).0, Decision::Continue);
}

#[test]
fn waiting_for_the_body_is_not_time_of_the_rules() {
    let clock = Arc::new(babyshield_model::ManualClock::default());
    let limits = Limits {
        time: Duration::from_secs(1),
        ..Limits::default()
    };
    let rules = "SecRule ARGS \"@rx .\" \"id:1,phase:2,pass\"";
    let plan = Arc::new(
        plan(rules, limits).with_clock(Arc::<babyshield_model::ManualClock>::clone(&clock)),
    );
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.request_line(b"POST", b"/?a=1", b"HTTP/1.1");
    own.request_head_end();
    clock.advance(Duration::from_secs(30));
    own.request_body(&vec![b'x'; 1 << 20]);
    assert_eq!(own.request_end(), Decision::Continue);
    assert_eq!(own.finish().faults, Vec::<String>::new());
}

#[test]
fn memory_has_an_end_and_it_is_refused() {
    let steps = ["lowercase", "hexEncode", "base64Encode", "urlEncode"];
    let rules: String = (0..steps.len())
        .map(|at| {
            let chain: String = steps[at..]
                .iter()
                .map(|step| format!(",t:{step}"))
                .collect();
            format!(
                "SecRule ARGS \"@rx ^never$\" \"id:{},phase:2,deny,t:none{chain}\"\n",
                at + 1
            )
        })
        .collect();
    let limits = |memory| Limits {
        memory: ByteSize(memory),
        ..Limits::default()
    };
    let body = format!("a={}", "%41B".repeat(100_000));
    let (decision, outcome) = run(plan(&rules, limits(1 << 20)), &body, false);
    assert_eq!(status(&decision), Some(503));
    assert!(outcome.faults[0].contains("memory"), "{:?}", outcome.faults);
    assert_eq!(
        run(plan(&rules, limits(64 << 20)), &body, false).0,
        Decision::Continue
    );
}

#[test]
fn a_text_that_doubles_with_every_value_meets_the_limit() {
    let rules = "SecAction \"id:1,phase:1,pass,setvar:tx.a=abcdefgh\"\n\
                 SecRule ARGS \"@rx .\" \"id:2,phase:2,pass,setvar:'tx.a=%{tx.a}%{tx.a}'\"";
    let body = "a=1&".repeat(200);
    let (decision, outcome) = run(plan(rules, Limits::default()), &body, false);
    assert_eq!(status(&decision), Some(503));
    assert!(outcome.faults[0].contains("memory"), "{:?}", outcome.faults);
}

#[test]
fn values_that_unfold_to_far_more_than_was_sent_are_refused_and_told() {
    // Five layers, each nearly as long as the one around it.
    let layers = "a chair for a child of three, fifty%252525252525 off ";
    let value: String = layers.chars().cycle().take(5_000).collect();
    let rules = "SecRule ARGS \"@detect html certain\" \"id:1,phase:2,deny,status:418\"";
    let one = || plan(rules, Limits::default());
    let body: String = (0..40).map(|own| format!("a={own}{value}&")).collect();
    let (decision, outcome) = run(one(), &body, false);
    assert_eq!(status(&decision), Some(503));
    assert!(outcome.faults[0].contains("encoded"), "{outcome:?}");
    let (decision, outcome) = run(one(), &body, true);
    assert_eq!((decision, outcome.faults.len()), (Decision::Continue, 1));
    // One of them is nothing to worry about.
    let (decision, outcome) = run(one(), &format!("a={value}&b=2"), false);
    assert_eq!(decision, Decision::Continue);
    assert_eq!(outcome.faults, Vec::<String>::new());
}
