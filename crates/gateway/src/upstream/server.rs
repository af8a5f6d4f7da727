use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use http::HeaderValue;
use http::uri::{Authority, Scheme};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::pool::Pool;
use crate::spec::{Health, Resources, Timeouts};

/// Where a server is and what is spoken with it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As written in the policy.
    pub(crate) text: Arc<str>,
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// HTTP/2 from the first byte, without TLS.
    pub(crate) h2c: bool,
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// One server: its connections, how much it has to do, and whether it is well.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) target: Target,
    pub(crate) host: HeaderValue,
    pub(crate) timeouts: Timeouts,
    pub(crate) pool: Pool,
    most: usize,
    load: AtomicUsize,
    served: AtomicU64,
    condition: Condition,
}

#[derive(Debug)]
struct Condition {
    began: Instant,
    /// Taken out by active checks.
    down: AtomicBool,
    failures: AtomicU32,
    successes: AtomicU32,
    /// Milliseconds after `began` until which real requests leave it alone.
    resting: AtomicU64,
}

impl Server {
    pub(crate) fn new(
        target: Target,
        host: HeaderValue,
        timeouts: &Timeouts,
        resources: &Resources,
    ) -> Self {
        Self {
            target,
            host,
            timeouts: timeouts.clone(),
            pool: Pool::new(resources.upstream_idle, timeouts.upstream_idle),
            most: resources.upstream_requests,
            load: AtomicUsize::new(0),
            served: AtomicU64::new(0),
            condition: Condition {
                began: Instant::now(),
                down: AtomicBool::new(false),
                failures: AtomicU32::new(0),
                successes: AtomicU32::new(0),
                resting: AtomicU64::new(0),
            },
        }
    }

    /// Takes over how the same server was under the plan before.
    pub(crate) fn inherit(&self, before: &Self) {
        let (own, old) = (&self.condition, &before.condition);
        let take = |own: &AtomicU32, old: &AtomicU32| {
            own.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
        };
        take(&own.failures, &old.failures);
        take(&own.successes, &old.successes);
        let down = old.down.load(Ordering::Relaxed);
        own.down.store(down, Ordering::Relaxed);
        // The two count from their own beginnings.
        let left = old
            .resting
            .load(Ordering::Relaxed)
            .saturating_sub(old.now());
        if left > 0 {
            own.resting.store(own.now() + left, Ordering::Relaxed);
        }
    }

    /// Requests it has now.
    pub(crate) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// How gladly it is chosen, least first: by load, then by who had fewer so far.
    pub(crate) fn rank(&self) -> (usize, u64) {
        (self.load(), self.served.load(Ordering::Relaxed))
    }

    /// Whether it should get requests.
    pub(crate) fn is_well(&self) -> bool {
        let condition = &self.condition;
        if condition.down.load(Ordering::Relaxed) {
            return false;
        }
        match condition.resting.load(Ordering::Relaxed) {
            0 => true,
            until => condition.now() >= until,
        }
    }

    /// Counts a request until the value is dropped; `None` when it has as many as it may.
    pub(crate) fn occupy(self: &Arc<Self>) -> Option<Occupied> {
        let before = self.load.fetch_add(1, Ordering::Relaxed);
        self.served.fetch_add(1, Ordering::Relaxed);
        let occupied = Occupied(Arc::clone(self));
        (before < self.most).then_some(occupied)
    }

    /// A real request reached it.
    pub(crate) fn reached(&self) {
        if self.condition.failures.load(Ordering::Relaxed) != 0 {
            self.condition.failures.store(0, Ordering::Relaxed);
        }
    }

    /// A real request did not reach it. True when it rests from now on.
    pub(crate) fn missed(&self, health: &Health) -> bool {
        let condition = &self.condition;
        let failures = condition.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures < health.failures {
            return false;
        }
        condition.failures.store(0, Ordering::Relaxed);
        let rest = u64::try_from(health.rest.as_millis()).unwrap_or(u64::MAX);
        let until = condition.now().saturating_add(rest).max(1);
        condition.resting.store(until, Ordering::Relaxed);
        true
    }

    /// A check was answered well or not. `Some` when that changed its condition.
    pub(crate) fn checked(&self, well: bool, health: &Health) -> Option<bool> {
        let condition = &self.condition;
        let (count, other, needed) = if well {
            condition.resting.store(0, Ordering::Relaxed);
            (&condition.successes, &condition.failures, health.successes)
        } else {
            (&condition.failures, &condition.successes, health.failures)
        };
        other.store(0, Ordering::Relaxed);
        let enough = count.fetch_add(1, Ordering::Relaxed) + 1 >= needed;
        (enough && condition.down.swap(!well, Ordering::Relaxed) == well).then_some(well)
    }
}

impl Condition {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// One request a server is busy with.
#[derive(Debug)]
pub(crate) struct Occupied(Arc<Server>);

impl Occupied {
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.0
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.load.fetch_sub(1, Ordering::Relaxed);
    }
}
