use std::path::PathBuf;
use std::time::Duration;

use babyshield_model::ByteSize;

/// Where events are kept and how much of them. Everything an outsider can grow is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The database file. Its directory must exist.
    pub path: PathBuf,
    /// The file never grows beyond this; the oldest and least telling events make room.
    pub max_size: ByteSize,
    /// Events and counters older than this are deleted.
    pub max_age: Duration,
    /// Events that may wait for the disk. Beyond it they are counted as dropped.
    pub queue: usize,
    /// Memory the waiting events may take, by their own estimate.
    pub queue_size: ByteSize,
    /// Unremarkable requests kept in full, a second. The rest only count.
    pub plain_rate: u32,
    /// Unremarkable requests kept in full, altogether.
    pub plain_kept: u32,
    /// Latest events held in memory, readable while the disk is not.
    pub recent: usize,
    /// Events a live subscriber may lag behind before it loses the oldest.
    pub live: usize,
}

impl Spec {
    /// The defaults over a database at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            ..Self::default()
        }
    }
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            path: PathBuf::from("babyshield-events.db"),
            max_size: ByteSize(512 << 20),
            max_age: Duration::from_secs(30 * 24 * 3600),
            queue: 16_384,
            queue_size: ByteSize(16 << 20),
            plain_rate: 100,
            plain_kept: 10_000,
            recent: 256,
            live: 1024,
        }
    }
}
