//! What a request costs: in steps, which are the same on any machine, and in the processor's time.

use std::sync::Arc;
use std::time::Duration;

use babyshield_model::ByteSize;
use babyshield_waf::{Connection, Decision, Limits, Plan};
use rustix::time::{ClockId, clock_gettime};

use super::Hostile;

/// What one request has cost.
pub(crate) struct Cost {
    #[allow(dead_code, reason = "not asked by all who measure")]
    pub(crate) steps: usize,
    /// Of the processor, by this thread.
    pub(crate) nanoseconds: u64,
    /// How many faults were told.
    #[allow(dead_code, reason = "not asked by all who measure")]
    pub(crate) faults: usize,
}

/// Limits that none of these requests meets.
pub(crate) fn unbounded() -> Limits {
    Limits {
        request_body: ByteSize(64 << 20),
        time: Duration::MAX,
        memory: ByteSize(2 << 30),
        ..Limits::default()
    }
}

/// Nanoseconds of the processor that this thread has taken. With `UNTIMED=1` none: valgrind has no such clock.
fn cpu() -> u64 {
    if std::env::var_os("UNTIMED").is_some() {
        return 0;
    }
    let own = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(own.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(own.tv_nsec).unwrap()
}

/// Has a request judged, watched, so that nothing ends it early.
pub(crate) fn cost(plan: &Arc<Plan>, request: &Hostile) -> Cost {
    let before = cpu();
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.watch();
    own.request_line(b"POST", request.target.as_bytes(), b"HTTP/1.1");
    own.request_header(b"Host", b"example.com");
    for (name, value) in &request.fields {
        own.request_header(name.as_bytes(), value.as_bytes());
    }
    own.request_head_end();
    assert_eq!(
        own.request_body(request.text.as_bytes()),
        Decision::Continue
    );
    own.request_end();
    let steps = own.steps();
    Cost {
        steps: steps.looked + steps.made,
        faults: own.finish().faults.len(),
        nanoseconds: cpu().saturating_sub(before),
    }
}
