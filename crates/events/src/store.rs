use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use babyshield_model::{Clock, Event, Figures, RequestEvent, RequestId, Sink, Timestamp};
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast;

use crate::counters::Counters;
use crate::database::Database;
use crate::metrics::{Handles, Metrics};
use crate::query::Reader;
use crate::queue::{Queue, is_plain_request};
use crate::writer::Writer;
use crate::{Error, Spec};

/// The event store as it runs: a sink for the request path, live events, queries, status.
///
/// Dropping it stores what waits and closes the file.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    reader: Arc<Reader>,
    writer: Option<JoinHandle<()>>,
}

/// Whether events reach the disk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Health {
    /// They do.
    Writing,
    /// They do not; the gateway goes on and writing is tried again.
    Failing {
        /// Since when.
        since: Timestamp,
        /// What the disk or SQLite said last.
        error: String,
    },
}

/// How the store is doing.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Status {
    /// The database file.
    pub path: PathBuf,
    /// Whether events reach it.
    pub health: Health,
    /// Bytes in use in the file.
    pub bytes: u64,
    /// Bytes it may use.
    pub max_bytes: u64,
    /// Events waiting for the disk now.
    pub queued: usize,
    /// Events that may wait.
    pub queue: usize,
    /// Events stored since the start.
    pub stored: u64,
    /// Events lost since the start.
    pub dropped: u64,
    /// Unremarkable requests only counted since the start.
    pub thinned: u64,
}

/// What the request path, the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) spec: Spec,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) queue: Queue,
    pub(crate) counters: Counters,
    pub(crate) recent: RwLock<VecDeque<Arc<Event>>>,
    pub(crate) live: broadcast::Sender<Arc<Event>>,
    pub(crate) health: Mutex<Health>,
    pub(crate) metrics: Metrics,
    pub(crate) handles: Handles,
    pub(crate) totals: Totals,
    sampler: Sampler,
}

#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) stored: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) thinned: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens or creates the file and starts the writer.
    ///
    /// A disk that is full or failing does not stop the start: the store begins in
    /// [`Health::Failing`] and resumes by itself.
    ///
    /// # Errors
    /// [`Error::Unusable`] when the path can never work: no directory, no permission, another
    /// program's file, a newer schema.
    pub fn open(spec: &Spec, clock: Arc<dyn Clock>, metrics: Metrics) -> Result<Self, Error> {
        let (database, failure) = match Database::open(spec) {
            Ok(database) => (Some(database), None),
            Err(Error::Sqlite(error)) => (None, Some(error)),
            Err(error) => return Err(error),
        };
        let shared = Arc::new(Shared {
            spec: spec.clone(),
            queue: Queue::new(spec),
            counters: Counters::default(),
            recent: RwLock::default(),
            live: broadcast::channel(spec.live.max(1)).0,
            health: Mutex::new(Health::Writing),
            handles: Handles::new(&metrics),
            totals: Totals::default(),
            sampler: Sampler::default(),
            clock,
            metrics,
        });
        let mut writer = Writer::new(Arc::clone(&shared), database);
        if let Some(error) = failure {
            writer.fail(&error);
        }
        let writer = std::thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || writer.run())
            .map_err(Error::Thread)?;
        Ok(Self {
            shared,
            reader: Arc::new(Reader::new(spec.path.clone())),
            writer: Some(writer),
        })
    }

    /// Asks the file. Queries block: call them off the request path.
    #[must_use]
    pub fn reader(&self) -> Arc<Reader> {
        Arc::clone(&self.reader)
    }

    /// Events from now on, about 100 ms after they happened. A subscriber that lags more than
    /// [`Spec::live`] events behind loses the oldest and is told how many.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.shared.live.subscribe()
    }

    /// The latest events, newest first, from memory: also while the disk takes nothing.
    #[must_use]
    pub fn recent(&self) -> Vec<Arc<Event>> {
        self.shared.recent.read().iter().rev().cloned().collect()
    }

    /// One request, from memory or from the file. Blocks.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn request(&self, id: RequestId) -> Result<Option<RequestEvent>, Error> {
        let recent = self
            .recent()
            .into_iter()
            .find_map(|event| match event.as_ref() {
                Event::Request(request) if request.id == id => Some(request.as_ref().clone()),
                Event::Request(_) | Event::System(_) => None,
            });
        match recent {
            Some(request) => Ok(Some(request)),
            None => self.reader.request(id),
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.shared;
        Status {
            path: shared.spec.path.clone(),
            health: shared.health.lock().clone(),
            bytes: shared.totals.bytes.load(Ordering::Relaxed),
            max_bytes: shared.spec.max_size.0,
            queued: shared.queue.len(),
            queue: shared.spec.queue,
            stored: shared.totals.stored.load(Ordering::Relaxed),
            dropped: shared.totals.dropped.load(Ordering::Relaxed),
            thinned: shared.totals.thinned.load(Ordering::Relaxed),
        }
    }

    /// The metrics it writes to.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Waits until everything recorded so far is stored, or was tried to be; false when that
    /// took longer than `patience`.
    #[must_use]
    pub fn flush(&self, patience: Duration) -> bool {
        let (done, wait) = std::sync::mpsc::sync_channel(1);
        self.shared.queue.flush(done);
        wait.recv_timeout(patience).is_ok()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(target: "babyshield", "the event writer ended in a panic");
        }
    }
}

impl Sink for Store {
    fn record(&self, event: Event) {
        let shared = &self.shared;
        if let Event::Request(request) = &event {
            shared.count(&Figures::from(&**request));
            if is_plain_request(request) && !shared.admit_plain(request.at) {
                return;
            }
        }
        shared.queue.push(event);
    }

    fn count(&self, figures: &Figures<'_>) -> bool {
        let shared = &self.shared;
        let most = u64::from(shared.spec.plain_rate);
        let enough = shared.sampler.has(figures.at, most);
        if enough {
            shared.count(figures);
            shared.thin();
        }
        enough
    }
}

impl Shared {
    fn admit_plain(&self, at: Timestamp) -> bool {
        let fits = self.sampler.next(at) <= u64::from(self.spec.plain_rate);
        if !fits {
            self.thin();
        }
        fits
    }

    fn thin(&self) {
        self.totals.thinned.fetch_add(1, Ordering::Relaxed);
        self.handles.thinned.increment(1);
    }

    fn count(&self, figures: &Figures<'_>) {
        self.counters.add(figures);
        let handles = &self.handles;
        handles.decision.record(seconds(figures.decision_micros));
        handles.duration.record(seconds(figures.total_micros));
    }
}

/// Counts within one second. Two threads at the turn of a second may both begin it: a request
/// or two more are kept, nothing else.
#[derive(Debug, Default)]
struct Sampler {
    second: AtomicU64,
    count: AtomicU64,
}

impl Sampler {
    /// Whether there were so many in this second already.
    fn has(&self, at: Timestamp, most: u64) -> bool {
        self.second.load(Ordering::Relaxed) == at.0 / 1000
            && self.count.load(Ordering::Relaxed) >= most
    }

    fn next(&self, at: Timestamp) -> u64 {
        let second = at.0 / 1000;
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.count.store(0, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
