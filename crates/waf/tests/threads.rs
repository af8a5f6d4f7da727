//! Transactions that begin in one thread, go on in another and end in a third: what plans keep for
//! threads (`plan::pool`) loses nothing, gives nothing out twice and mixes nothing up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use babyshield_waf::{Connection, Decision, Outcome, Plan, Spec, Transaction};

const THREADS: usize = 6;
const REQUESTS: usize = 600;

fn plan() -> Arc<Plan> {
    let rules = "SecRule ARGS:q \"@rx ^attack-([0-9]+)$\" \
        \"id:1,phase:2,pass,capture,log,t:lowercase,msg:'%{TX.1}',setvar:'tx.score=+%{TX.1}'\"\n\
        SecRule ARGS:q \"@contains own-\" \
        \"id:2,phase:2,pass,log,t:urlDecodeUni,t:lowercase,msg:'%{MATCHED_VAR}'\"\n\
        SecRule TX:score \"@gt 0\" \"id:3,phase:2,pass,log,msg:'%{TX.score}'\"";
    let spec = Spec {
        rules: Vec::new(),
        inline: vec![("own.conf".to_owned(), rules.to_owned())],
        ..Spec::default()
    };
    let compiled = Plan::compile(&spec, &babyshield_waf::source::Memory::default());
    Arc::new(compiled.unwrap().plan)
}

/// Each request has a value of its own, and half of them match.
fn begin(plan: &Arc<Plan>, number: usize) -> Transaction {
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    let kind = if number.is_multiple_of(2) {
        "attack"
    } else {
        "own"
    };
    let target = format!("/?q={kind}-{number}&other=%41{}", number % 7);
    own.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
    own.request_header(b"Host", b"example.com");
    own
}

fn messages(outcome: &Outcome) -> Vec<String> {
    let findings = outcome.findings.iter();
    findings.map(|own| own.message.clone()).collect()
}

fn wanted(number: usize) -> Vec<String> {
    match number {
        0 => vec!["0".to_owned()],
        even if even.is_multiple_of(2) => vec![even.to_string(), even.to_string()],
        odd => vec![format!("own-{odd}")],
    }
}

type Moving = (usize, Transaction);

/// Takes over transactions, and hands some on to the next thread before and after each step.
fn work(plan: &Arc<Plan>, at: usize, from: &Receiver<Moving>, to: &Sender<Moving>) {
    for round in 0..REQUESTS / THREADS {
        let number = round * THREADS + at;
        to.send((number, begin(plan, number))).unwrap();
        let (number, mut own) = from.recv().unwrap();
        assert_eq!(own.request_head_end(), Decision::Continue);
        to.send((number, own)).unwrap();
        let (number, mut own) = from.recv().unwrap();
        assert_eq!(own.request_end(), Decision::Continue);
        if number % 5 == 0 {
            // Nobody asks how it ended.
            drop(own);
            continue;
        }
        assert_eq!(messages(&own.finish()), wanted(number), "request {number}");
    }
}

#[test]
fn transactions_move_between_threads_and_stay_what_they_are() {
    let plan = plan();
    let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| channel()).unzip();
    // Each hands on to the next.
    senders.rotate_left(1);
    thread::scope(|scope| {
        for (at, (to, from)) in senders.into_iter().zip(receivers).enumerate() {
            let plan = &plan;
            scope.spawn(move || work(plan, at, &from, &to));
        }
    });
    // What the others left behind holds nothing of theirs.
    for number in 0..THREADS * 4 {
        let mut own = begin(&plan, number);
        own.request_head_end();
        own.request_end();
        assert_eq!(messages(&own.finish()), wanted(number));
    }
}
