use std::path::PathBuf;

/// Why the event store cannot be opened or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be used as it is; the message says what to do.
    #[error("event store {}: {fault}", path.display())]
    Unusable {
        /// The database file.
        path: PathBuf,
        /// What is the matter with it.
        fault: Fault,
    },
    /// SQLite refused.
    #[error("event store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored event does not read back.
    #[error("event store: a stored event is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// The writer thread could not be started.
    #[error("event store: cannot start the writer: {0}")]
    Thread(std::io::Error),
    /// Another recorder of metrics was installed before ours.
    #[error("metrics are already being recorded elsewhere in this process")]
    MetricsTaken,
}

/// What can be the matter with a database file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No such directory, or no permission.
    #[error("cannot open it ({0}); the directory must exist and be writable")]
    Open(String),
    /// There is none to read.
    #[error("there is none; name that of the gateway with its policy, or with --store")]
    Missing,
    /// The file is something else.
    #[error("it is not an event store of BabyShield; move it away or choose another path")]
    Foreign,
    /// A newer version wrote it.
    #[error("schema version {found} is newer than {known}, the newest this version knows")]
    Newer {
        /// Version in the file.
        found: i64,
        /// Version this program writes.
        known: i64,
    },
}
