use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use babyshield_model::{Clock, Finding, Layer, Mode, RequestId, Timestamp, Verdict};
use parking_lot::Mutex;

use crate::{Head, Refusal, Treatment};

/// Findings one event keeps.
pub(crate) const MAX_FINDINGS: usize = 32;

/// The two ends of the TCP connection and whether it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The other end.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Whether TLS is spoken on it.
    pub secure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self {
            peer: nowhere,
            local: nowhere,
            secure: false,
        }
    }
}

/// What was found out about a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its address.
    pub client: IpAddr,
    /// Whether it speaks TLS, to us or to a trusted proxy in front of us.
    pub secure: bool,
    /// Whether the peer is a trusted proxy.
    pub proxied: bool,
}

/// What a server knows of a request before any layer saw it. Put it into the request's extensions
/// for [`record`](crate::record); without it, addresses are unknown and the head is assembled.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// The connection it came on.
    pub connection: Connection,
    /// Its head in bytes; empty where nobody kept them.
    pub head: Head,
    /// Why it cannot be served at all, if so.
    pub refused: Option<Refusal>,
}

/// One request as it happens: who asks, what was decided so far. Every layer finds it in the
/// request's extensions and adds to it; [`record`](crate::record) makes the event of it.
#[derive(Clone)]
pub struct Exchange(Arc<Inner>);

struct Inner {
    id: RequestId,
    at: Timestamp,
    started: Duration,
    clock: Arc<dyn Clock>,
    arrival: Arrival,
    caller: OnceLock<Caller>,
    treatment: OnceLock<Arc<Treatment>>,
    spent: AtomicU64,
    bytes_in: AtomicU64,
    draft: Mutex<Draft>,
}

/// The part of the event that layers write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) verdict: Verdict,
    pub(crate) enforced: bool,
    pub(crate) layer: Option<Layer>,
    pub(crate) upstream: Option<Arc<str>>,
    pub(crate) score: u32,
    pub(crate) threshold: u32,
    pub(crate) findings: Vec<Finding>,
}

impl Exchange {
    /// Opens an exchange.
    #[must_use]
    pub fn new(id: RequestId, clock: Arc<dyn Clock>, arrival: Arrival) -> Self {
        Self(Arc::new(Inner {
            id,
            at: clock.now(),
            started: clock.monotonic(),
            clock,
            arrival,
            caller: OnceLock::new(),
            treatment: OnceLock::new(),
            spent: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            draft: Mutex::default(),
        }))
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.0.id
    }

    /// When its head had been read.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.0.at
    }

    /// The connection it came on.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.0.arrival.connection
    }

    /// Its head, exactly as received.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.0.arrival.head
    }

    /// Why it cannot be served at all, if so.
    #[must_use]
    pub fn refused(&self) -> Option<&Refusal> {
        self.0.arrival.refused.as_ref()
    }

    /// The resolved caller; the peer as long as nobody resolved it.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        let peer = || self.connection().peer.ip().to_canonical();
        self.0
            .caller
            .get()
            .map_or_else(peer, |caller| caller.client)
    }

    /// Whether the caller speaks TLS, to us or to a trusted proxy in front of us.
    #[must_use]
    pub fn secure(&self) -> bool {
        let own = || self.connection().secure;
        self.0.caller.get().map_or_else(own, |caller| caller.secure)
    }

    /// Whether the peer is a trusted proxy.
    #[must_use]
    pub fn behind_proxy(&self) -> bool {
        self.0.caller.get().is_some_and(|caller| caller.proxied)
    }

    /// Sets what was found out about the caller, once.
    pub fn resolve(&self, caller: Caller) {
        self.0.caller.get_or_init(|| caller);
    }

    /// What the route asks for; `None` as long as no route was chosen.
    #[must_use]
    pub fn treatment(&self) -> Option<&Arc<Treatment>> {
        self.0.treatment.get()
    }

    /// Chooses the route's treatment, once.
    pub fn treat(&self, treatment: Arc<Treatment>) -> &Arc<Treatment> {
        self.0.treatment.get_or_init(|| treatment)
    }

    /// The mode in force; `watch` as long as no route was chosen.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.treatment().map_or(Mode::Watch, |t| t.mode)
    }

    /// Notes a decision. True when it has to be carried out: the mode enforces, or the refusal
    /// leaves no choice. The first decision is the one the event names.
    pub fn refuse(&self, refusal: &Refusal) -> bool {
        let enforced = refusal.hard || self.mode() == Mode::Enforce;
        if refusal.verdict == Verdict::Allow {
            return enforced;
        }
        let mut draft = self.0.draft.lock();
        if draft.verdict == Verdict::Allow || (enforced && !draft.enforced) {
            draft.verdict = refusal.verdict;
            draft.layer = Some(refusal.layer);
            draft.enforced = enforced;
        }
        enforced
    }

    /// Whether something was decided against the request so far.
    pub(crate) fn is_decided(&self) -> bool {
        self.0.draft.lock().verdict != Verdict::Allow
    }

    /// Whether there is nothing to tell of the request but its figures.
    pub(crate) fn is_plain(&self) -> bool {
        let draft = self.0.draft.lock();
        draft.verdict == Verdict::Allow && draft.findings.is_empty()
    }

    /// Notes a decision nobody carried out, made before all others but known only now.
    pub(crate) fn report(&self, refusal: &Refusal) {
        let mut draft = self.0.draft.lock();
        if !draft.enforced {
            draft.verdict = refusal.verdict;
            draft.layer = Some(refusal.layer);
        }
    }

    /// Adds a reason. What is beyond the bound is left out.
    pub fn find(&self, finding: Finding) {
        let mut draft = self.0.draft.lock();
        if draft.findings.len() < MAX_FINDINGS {
            draft.findings.push(finding);
        }
    }

    /// Notes the anomaly score reached and the one that blocks.
    pub fn score(&self, score: u32, threshold: u32) {
        let mut draft = self.0.draft.lock();
        draft.score = score;
        draft.threshold = threshold;
    }

    /// Notes the upstream that was chosen.
    pub fn upstream(&self, name: Arc<str>) {
        self.0.draft.lock().upstream = Some(name);
    }

    /// Counts body bytes received.
    pub fn received(&self, bytes: usize) {
        self.0.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Runs a piece of the decision and adds its time to the event. The piece must not wait for
    /// anything, so that its time is CPU time.
    pub fn spend<T>(&self, piece: impl FnOnce() -> T) -> T {
        let before = self.0.clock.monotonic();
        let value = piece();
        let spent = self.0.clock.monotonic().saturating_sub(before);
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.0.spent.fetch_add(nanos, Ordering::Relaxed);
        value
    }

    /// The time all layers share.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.clock.monotonic()
    }

    pub(crate) fn decision_micros(&self) -> u64 {
        self.0.spent.load(Ordering::Relaxed).div_ceil(1000)
    }

    pub(crate) fn total_micros(&self) -> u64 {
        let total = self.now().saturating_sub(self.0.started);
        u64::try_from(total.as_micros()).unwrap_or(u64::MAX)
    }

    /// Body bytes received so far.
    #[must_use]
    pub fn bytes_in(&self) -> u64 {
        self.0.bytes_in.load(Ordering::Relaxed)
    }

    pub(crate) fn take_draft(&self) -> Draft {
        std::mem::take(&mut *self.0.draft.lock())
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("id", &self.id()).finish()
    }
}
