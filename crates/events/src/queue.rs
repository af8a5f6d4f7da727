use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use babyshield_model::{Event, RequestEvent};
use parking_lot::{Condvar, Mutex};

use crate::Spec;

/// Longest time a recorded event waits for its batch: what `kill -9` can take.
pub(crate) const BATCH: Duration = Duration::from_millis(100);

/// How often an idle writer looks at counters and retention.
const IDLE: Duration = Duration::from_secs(1);

/// Share of the queue that only remarkable events may fill, as a divisor.
const RESERVE: usize = 4;

/// The bounded way from the request path to the writer. Its lock is held for a push or a swap,
/// never for I/O, so that recording does not block.
#[derive(Debug)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    events: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Event>,
    bytes: usize,
    dropped: u64,
    closing: bool,
    flushes: Vec<SyncSender<()>>,
    /// The writer sleeps until told; otherwise it wakes by itself within [`BATCH`].
    asleep: bool,
}

/// What the writer takes out at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: VecDeque<Event>,
    /// Events lost since the last batch.
    pub(crate) dropped: u64,
    /// Told once the batch is stored, or has failed to be.
    pub(crate) flushes: Vec<SyncSender<()>>,
    pub(crate) closing: bool,
}

impl Queue {
    pub(crate) fn new(spec: &Spec) -> Self {
        Self {
            inner: Mutex::default(),
            wake: Condvar::new(),
            events: spec.queue.max(1),
            bytes: spec.queue_size.as_usize(),
        }
    }

    /// Takes one event, or counts it as dropped. The last quarter is kept for what matters.
    pub(crate) fn push(&self, event: Event) {
        let weight = weight(&event);
        let limit = if is_plain(&event) {
            self.events - self.events / RESERVE
        } else {
            self.events
        };
        let mut inner = self.inner.lock();
        let full = inner.waiting.len() >= limit || inner.bytes.saturating_add(weight) > self.bytes;
        if full || inner.closing {
            inner.dropped = inner.dropped.saturating_add(1);
        } else {
            inner.bytes += weight;
            inner.waiting.push_back(event);
        }
        let wake = inner.asleep || inner.waiting.len() == self.events / 2;
        inner.asleep = false;
        drop(inner);
        if wake {
            self.wake.notify_one();
        }
    }

    /// Waits for events and gathers them for one [`BATCH`]; empty after [`IDLE`].
    pub(crate) fn take(&self) -> Batch {
        let mut inner = self.inner.lock();
        if inner.waiting.is_empty() && !inner.urgent() {
            inner.asleep = true;
            self.wake.wait_for(&mut inner, IDLE);
            inner.asleep = false;
        }
        let ready = |inner: &Inner| inner.urgent() || inner.waiting.len() >= self.events / 2;
        if !inner.waiting.is_empty() && !ready(&inner) {
            self.wake
                .wait_while_for(&mut inner, |inner| !ready(inner), BATCH);
        }
        inner.bytes = 0;
        Batch {
            events: std::mem::take(&mut inner.waiting),
            dropped: std::mem::take(&mut inner.dropped),
            flushes: std::mem::take(&mut inner.flushes),
            closing: inner.closing,
        }
    }

    /// Asks for everything pushed so far to be stored now.
    pub(crate) fn flush(&self, done: SyncSender<()>) {
        self.inner.lock().flushes.push(done);
        self.wake.notify_one();
    }

    /// Lets the writer finish; later events count as dropped.
    pub(crate) fn close(&self) {
        self.inner.lock().closing = true;
        self.wake.notify_one();
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.lock().waiting.len()
    }
}

impl Inner {
    fn urgent(&self) -> bool {
        self.closing || !self.flushes.is_empty()
    }
}

/// Whether an event tells nothing that the counters do not: an allowed request without findings
/// that the upstream did not fail.
pub(crate) fn is_plain(event: &Event) -> bool {
    match event {
        Event::Request(request) => is_plain_request(request),
        Event::System(_) => false,
    }
}

pub(crate) fn is_plain_request(event: &RequestEvent) -> bool {
    event.verdict == babyshield_model::Verdict::Allow && event.findings.is_empty()
}

/// Bytes of memory an event takes, about.
pub(crate) fn weight(event: &Event) -> usize {
    match event {
        Event::System(event) => size_of::<Event>() + event.name.len() + event.message.len(),
        Event::Request(event) => {
            let texts = event.method.len()
                + event.host.len()
                + event.target.len()
                + event.agent.len()
                + event.route.as_ref().map_or(0, String::len)
                + event.upstream.as_ref().map_or(0, String::len);
            let findings: usize = event.findings.iter().map(finding_weight).sum();
            size_of::<RequestEvent>() + texts + findings
        }
    }
}

fn finding_weight(finding: &babyshield_model::Finding) -> usize {
    let tags: usize = finding
        .tags
        .iter()
        .map(|tag| tag.len() + size_of::<String>())
        .sum();
    size_of::<babyshield_model::Finding>()
        + finding.rule.len()
        + finding.message.len()
        + finding.class.len()
        + finding.severity.len()
        + finding.field.len()
        + finding.value.len()
        + finding.matched.len()
        + finding.data.len()
        + finding.source.len()
        + tags
}

#[cfg(test)]
mod tests {
    use babyshield_model::{ByteSize, Verdict};

    use super::*;
    use crate::sample;

    fn queue(events: usize, bytes: u64) -> Queue {
        Queue::new(&Spec {
            queue: events,
            queue_size: ByteSize(bytes),
            ..Spec::default()
        })
    }

    #[test]
    fn a_full_queue_counts_and_keeps_room_for_what_matters() {
        let queue = queue(8, 1 << 20);
        for _ in 0..20 {
            queue.push(sample::event(1, Verdict::Allow));
        }
        assert_eq!(queue.len(), 6);
        for _ in 0..20 {
            queue.push(sample::event(1, Verdict::Block));
        }
        let batch = queue.take();
        assert_eq!(batch.events.len(), 8);
        assert_eq!(batch.dropped, 14 + 18);
    }

    #[test]
    fn the_queue_is_bounded_in_bytes_too() {
        let one = sample::event(1, Verdict::Block);
        let queue = queue(1000, weight(&one) as u64 * 3);
        for _ in 0..10 {
            queue.push(one.clone());
        }
        assert_eq!(queue.take().events.len(), 3);
        queue.push(one);
        assert_eq!(queue.take().events.len(), 1, "taking makes room again");
    }

    #[test]
    fn nothing_enters_a_closed_queue() {
        let queue = queue(8, 1 << 20);
        queue.close();
        queue.push(sample::event(1, Verdict::Block));
        let batch = queue.take();
        assert!(batch.closing && batch.events.is_empty());
        assert_eq!(batch.dropped, 1);
    }
}
