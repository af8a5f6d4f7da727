//! The SQLite file: opening, writing, making room. Reading is in [`crate::query`].
//!
//! Durability: the journal is a WAL, and each batch is one transaction whose frames have been
//! handed to the kernel when `COMMIT` returns, so `kill -9` takes nothing that was committed
//! whatever `synchronous` says. `synchronous = FULL` adds one fsync a batch (at most ten a
//! second, on the writer's thread), so that a power cut takes no more than `kill -9` does.

mod insert;
mod retain;
mod schema;

use std::path::{Path, PathBuf};

use babyshield_model::Event;
use rusqlite::{Connection, OpenFlags};

use crate::Spec;
use crate::counters::Minutes;
use crate::error::{Error, Fault};
use insert::signed;

pub(crate) use schema::{VERSION, version};

/// SQLite's page size; the file grows and shrinks by it.
const PAGE: u64 = 4096;

/// The write-ahead log is copied into the file at this many pages, and cut back to it.
const WAL_PAGES: u64 = 1000;

/// Smallest file that can hold the schema and a batch.
pub(crate) const SMALLEST: u64 = 256 * PAGE;

/// The one writing connection.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    max_size: u64,
    path: PathBuf,
    identity: Option<Identity>,
}

/// Which file a path names, as far as the system can tell.
pub(crate) type Identity = (u64, u64);

#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Elsewhere an open file cannot be taken away.
#[cfg(not(unix))]
pub(crate) fn identity(_: &Path) -> Option<Identity> {
    None
}

impl Database {
    pub(crate) fn open(spec: &Spec) -> Result<Self, Error> {
        create_private(&spec.path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&spec.path, flags)
            .map_err(|error| unusable(&spec.path, &error))?;
        let max_size = spec.max_size.0.max(SMALLEST);
        // The version comes first: a file that is not ours must not be touched.
        schema::version(&connection)
            .and_then(|_| prepare(&connection, max_size))
            .and_then(|()| schema::migrate(&connection))
            .map_err(|error| error.at(&spec.path))?;
        Ok(Self {
            connection,
            max_size,
            path: spec.path.clone(),
            identity: identity(&spec.path),
        })
    }

    /// Whether the path still names the open file. SQLite would go on writing to one that was
    /// deleted or replaced.
    pub(crate) fn is_in_place(&self) -> bool {
        identity(&self.path) == self.identity
    }

    /// Stores one batch: all of it or nothing.
    pub(crate) fn write<'a>(
        &mut self,
        events: impl IntoIterator<Item = &'a Event>,
        minutes: &Minutes,
    ) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        insert::events(&transaction, events)?;
        insert::minutes(&transaction, minutes)?;
        transaction.commit()
    }

    /// Bytes of pages in use, whether or not the file has been cut yet.
    pub(crate) fn used(&self) -> rusqlite::Result<u64> {
        let pages: u64 = self.pragma("page_count")?;
        let free: u64 = self.pragma("freelist_count")?;
        Ok(pages.saturating_sub(free) * PAGE)
    }

    fn pragma(&self, name: &str) -> rusqlite::Result<u64> {
        self.connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map(|value| u64::try_from(value).unwrap_or(0))
    }

    /// Empties the log into the file on the way out, so that one file is the whole store.
    pub(crate) fn close(self) -> rusqlite::Result<()> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, error)| error)
    }
}

fn prepare(connection: &Connection, max_size: u64) -> Result<(), schema::MigrateError> {
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    // Both are fixed by the first table, so they come before it; later they change nothing.
    connection.pragma_update(None, "page_size", signed(PAGE))?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let journal: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if journal != "wal" {
        return Err(Fault::Open(format!("its file system allows no WAL but {journal}")).into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", signed(WAL_PAGES))?;
    connection.pragma_update(None, "journal_size_limit", signed(WAL_PAGES * PAGE))?;
    // A backstop behind retention: SQLite itself refuses to let the file grow beyond it.
    connection
        .pragma_update_and_check(None, "max_page_count", signed(max_size / PAGE), |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Creates the file for its owner only: it holds addresses and request targets.
fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| Error::Unusable {
            path: path.to_owned(),
            fault: Fault::Open(error.to_string()),
        })
}

fn unusable(path: &Path, error: &rusqlite::Error) -> Error {
    Error::Unusable {
        path: path.to_owned(),
        fault: Fault::Open(error.to_string()),
    }
}

impl schema::MigrateError {
    pub(crate) fn at(self, path: &Path) -> Error {
        match self {
            Self::Sqlite(error) => judge(path, error),
            Self::Fault(fault) => Error::Unusable {
                path: path.to_owned(),
                fault,
            },
        }
    }
}

/// Tells a file that will never work from a disk that may work again.
fn judge(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{CannotOpen, NotADatabase, PermissionDenied, ReadOnly};
    match error.sqlite_error_code() {
        Some(NotADatabase) => Error::Unusable {
            path: path.to_owned(),
            fault: Fault::Foreign,
        },
        Some(CannotOpen | PermissionDenied | ReadOnly) => unusable(path, &error),
        Some(_) | None => Error::Sqlite(error),
    }
}

#[cfg(test)]
mod tests {
    use babyshield_model::{ByteSize, Verdict};

    use super::*;
    use crate::sample;

    fn write(database: &mut Database, from: u128, count: u128) -> rusqlite::Result<()> {
        let events: Vec<Event> = (from..from + count)
            .map(|n| {
                let event = sample::numbered(1000, Verdict::Block, n);
                Event::Request(Box::new(event))
            })
            .collect();
        database.write(&events, &Minutes::default())
    }

    #[test]
    fn the_file_cannot_outgrow_its_size_and_a_failed_batch_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let mut database = Database::open(&Spec {
            max_size: ByteSize(SMALLEST),
            ..Spec::at(dir.path().join("e.db"))
        })
        .unwrap();
        let mut stored = 0;
        let error = loop {
            match write(&mut database, stored, 100) {
                Ok(()) => stored += 100,
                Err(error) => break error,
            }
        };
        assert_eq!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DiskFull)
        );
        let rows: u32 = database
            .connection
            .query_row("SELECT count(*) FROM event", [], |row| row.get(0))
            .unwrap();
        assert_eq!(u128::from(rows), stored);
        assert!(database.used().unwrap() <= SMALLEST);
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        let text = "dear diary, ".repeat(1000);
        std::fs::write(&path, &text).unwrap();
        let error = Database::open(&Spec::at(&path)).unwrap_err();
        assert!(error.to_string().contains("not an event store"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_foreign_database_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.db");
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE customer(name TEXT)")
            .unwrap();
        drop(other);
        let error = Database::open(&Spec::at(&path)).unwrap_err();
        assert!(error.to_string().contains("not an event store"), "{error}");
        let other = Connection::open(&path).unwrap();
        let tables: u32 = other
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = Database::open(&Spec::at("/nonexistent/events.db")).unwrap_err();
        assert!(
            error.to_string().contains("/nonexistent/events.db"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let spec = Spec::at(dir.path().join("e.db"));
        let mut database = Database::open(&spec).unwrap();
        write(&mut database, 0, 1).unwrap();
        for name in ["e.db", "e.db-wal", "e.db-shm"] {
            let mode = std::fs::metadata(dir.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}
