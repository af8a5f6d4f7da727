use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use babyshield_model::{Event, SystemEvent};

use crate::counters::Minutes;
use crate::database::Database;
use crate::journal::Journal;
use crate::queue::{Batch, weight};
use crate::store::{Health, Shared};
use crate::{Error, metrics};

/// Time between two looks at age and size.
const RETAIN: Duration = Duration::from_secs(10);

/// First and longest pause after a failure.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Pause between two reminders: in the log while failing, in the store while dropping.
const REMIND: Duration = Duration::from_secs(60);

/// The one thread that writes.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    database: Option<Database>,
    /// Not yet stored, oldest first; more than a batch only while the disk takes nothing.
    pending: VecDeque<Arc<Event>>,
    pending_bytes: usize,
    minutes: Minutes,
    journal: Journal,
    retry_at: Duration,
    pause: Duration,
    retain_at: Duration,
    remind_at: Duration,
    dropped: u64,
    tell_dropped_at: Duration,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, database: Option<Database>) -> Self {
        Self {
            shared,
            database,
            pending: VecDeque::new(),
            pending_bytes: 0,
            minutes: Minutes::default(),
            journal: Journal::default(),
            retry_at: Duration::ZERO,
            pause: RETRY.0,
            retain_at: Duration::ZERO,
            remind_at: Duration::ZERO,
            dropped: 0,
            tell_dropped_at: Duration::ZERO,
        }
    }

    pub(crate) fn run(mut self) {
        self.retain();
        loop {
            let batch = self.shared.queue.take();
            let Batch {
                events,
                dropped,
                flushes,
                closing,
            } = batch;
            self.lose(dropped);
            for event in events {
                self.publish(event);
            }
            self.tell_dropped();
            self.count();
            self.store(closing || !flushes.is_empty());
            for done in flushes {
                // Whoever asked may have run out of patience.
                done.try_send(()).unwrap_or_default();
            }
            if closing {
                return self.close();
            }
            self.retain();
            self.shared.metrics.settle();
        }
    }

    fn now(&self) -> Duration {
        self.shared.clock.monotonic()
    }

    /// Log, live subscribers and memory come before the disk, so that a slow disk hides nothing.
    fn publish(&mut self, event: Event) {
        self.journal.write(&event, self.shared.clock.monotonic());
        if let Event::Request(request) = &event {
            metrics::count_findings(&self.shared.metrics, request);
        }
        let bytes = weight(&event);
        let event = Arc::new(event);
        // An error only says that nobody listens.
        self.shared
            .live
            .send(Arc::clone(&event))
            .unwrap_or_default();
        let spec = &self.shared.spec;
        let mut recent = self.shared.recent.write();
        recent.push_back(Arc::clone(&event));
        while recent.len() > spec.recent.max(1) {
            recent.pop_front();
        }
        drop(recent);
        self.pending_bytes += bytes;
        self.pending.push_back(event);
        let mut lost = 0;
        while self.pending.len() > spec.queue || self.pending_bytes > spec.queue_size.as_usize() {
            let Some(oldest) = self.pending.pop_front() else {
                break;
            };
            self.pending_bytes = self.pending_bytes.saturating_sub(weight(&oldest));
            lost += 1;
        }
        self.lose(lost);
    }

    fn lose(&mut self, events: u64) {
        if events > 0 {
            self.dropped += events;
            self.shared
                .totals
                .dropped
                .fetch_add(events, Ordering::Relaxed);
            self.shared.handles.dropped.increment(events);
        }
    }

    fn tell_dropped(&mut self) {
        if self.dropped > 0 && self.now() >= self.tell_dropped_at {
            let message = format!(
                "{} events were lost because more happened than could be stored; they are counted",
                std::mem::take(&mut self.dropped)
            );
            self.tell_dropped_at = self.now() + REMIND;
            self.announce("events.dropped", message);
        }
    }

    fn announce(&mut self, name: &str, message: String) {
        let at = self.shared.clock.now();
        self.publish(Event::System(SystemEvent {
            at,
            name: name.to_owned(),
            message,
        }));
    }

    fn count(&mut self) {
        let minutes = self.shared.counters.take();
        metrics::count(&self.shared.metrics, &minutes);
        self.minutes.merge(&minutes);
        let depth = u32::try_from(self.pending.len()).unwrap_or(u32::MAX);
        self.shared.handles.queue.set(depth);
    }

    fn store(&mut self, now: bool) {
        if self.pending.is_empty() && self.minutes.is_empty() {
            return;
        }
        let failing = matches!(*self.shared.health.lock(), Health::Failing { .. });
        if failing && !now && self.now() < self.retry_at {
            return;
        }
        match self.write() {
            Ok(()) => self.succeed(failing),
            Err(error) => self.fail(&error),
        }
    }

    fn write(&mut self) -> Result<(), rusqlite::Error> {
        if self
            .database
            .as_ref()
            .is_some_and(|open| !open.is_in_place())
        {
            tracing::warn!(target: "babyshield", path = %self.shared.spec.path.display(),
                "the event store was moved or deleted; beginning a new one");
            self.database = None;
        }
        let mut database = match self.database.take() {
            Some(database) => database,
            None => reopen(&self.shared)?,
        };
        // A batch is one transaction, unless it is large beside the whole store.
        while !self.pending.is_empty() || !self.minutes.is_empty() {
            self.write_some(&mut database)?;
        }
        self.database = Some(database);
        Ok(())
    }

    fn write_some(&mut self, database: &mut Database) -> Result<(), rusqlite::Error> {
        let mut room = database.transaction_size();
        let fits = |event: &&Arc<Event>| {
            let before = room;
            room = room.saturating_sub(weight(event));
            before > 0
        };
        let count = self.pending.iter().take_while(fits).count();
        let events = || self.pending.iter().take(count).map(Arc::as_ref);
        let full = rusqlite::ErrorCode::DiskFull;
        match database.write(events(), &self.minutes) {
            // Our own size limit looks like a full disk: make room once, then try again. On a disk
            // that is really full nothing would be gained by deleting.
            Err(error) if error.sqlite_error_code() == Some(full) && database.is_at_limit() => {
                database.make_room()?;
                database.write(events(), &self.minutes)?;
            }
            other => other?,
        }
        for event in self.pending.drain(..count) {
            self.pending_bytes = self.pending_bytes.saturating_sub(weight(&event));
        }
        self.minutes = Minutes::default();
        let stored = count as u64;
        self.shared
            .totals
            .stored
            .fetch_add(stored, Ordering::Relaxed);
        self.shared.handles.stored.increment(stored);
        Ok(())
    }

    fn succeed(&mut self, was_failing: bool) {
        if was_failing {
            *self.shared.health.lock() = Health::Writing;
            self.shared.handles.failing.set(0);
            self.pause = RETRY.0;
            self.announce(
                "store.recovered",
                "events are being stored again".to_owned(),
            );
        }
    }

    pub(crate) fn fail(&mut self, error: &rusqlite::Error) {
        // A connection that failed is not trusted again.
        self.database = None;
        self.shared.handles.errors.increment(1);
        self.shared.handles.failing.set(1);
        let since = self.shared.clock.now();
        let mut health = self.shared.health.lock();
        let first = *health == Health::Writing;
        let since = match &*health {
            Health::Writing => since,
            Health::Failing { since, .. } => *since,
        };
        *health = Health::Failing {
            since,
            error: error.to_string(),
        };
        drop(health);
        self.retry_at = self.now() + self.pause;
        self.pause = (self.pause * 2).min(RETRY.1);
        if first {
            self.remind_at = self.now() + REMIND;
            let path = self.shared.spec.path.display();
            let message = format!("events cannot be stored in {path}: {error}; requests go on");
            self.announce("store.failed", message);
        } else if self.now() >= self.remind_at {
            self.remind_at = self.now() + REMIND;
            tracing::error!(target: "babyshield", path = %self.shared.spec.path.display(), %error,
                waiting = self.pending.len(), "events still cannot be stored; requests go on");
        }
    }

    fn retain(&mut self) {
        if self.now() < self.retain_at {
            return;
        }
        self.retain_at = self.now() + RETAIN;
        let now = self.shared.clock.now();
        let Some(database) = &mut self.database else {
            return;
        };
        let result = database
            .retain(&self.shared.spec, now)
            .and_then(|_| database.used());
        match result {
            Ok(bytes) => {
                self.shared.totals.bytes.store(bytes, Ordering::Relaxed);
                // Exact up to 2^53 bytes.
                self.shared.handles.bytes.set(bytes as f64);
            }
            Err(error) => self.fail(&error),
        }
    }

    fn close(self) {
        let Some(database) = self.database else {
            return;
        };
        if let Err(error) = database.close() {
            tracing::warn!(target: "babyshield", %error, "the event store was not closed cleanly");
        }
    }
}

/// Opens the file anew; a path that has become unusable while running is one more failure.
fn reopen(shared: &Shared) -> rusqlite::Result<Database> {
    Database::open(&shared.spec).map_err(|error| match error {
        Error::Sqlite(error) => error,
        other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
    })
}
