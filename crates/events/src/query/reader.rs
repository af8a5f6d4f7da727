use std::path::{Path, PathBuf};
use std::time::Duration;

use babyshield_model::{Event, RequestEvent, RequestId};
use parking_lot::Mutex;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};

use super::filter::{Clause, Cursor, Filter};
use crate::database::{self, Identity};
use crate::error::{Error, Fault};

/// Connections kept open between questions.
const IDLE: usize = 2;

/// Events one page may have.
const PAGE: usize = 1000;

/// Reads the store while another connection, or another process, writes it.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<(Option<Identity>, Connection)>>,
}

/// One stored event.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Entry {
    /// Its place in the list.
    pub cursor: Cursor,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Some events, newest first.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Page {
    /// The events.
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl Reader {
    /// For a file that a store of this process has opened, or will.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    /// Opens an existing store for reading: what `babyshield why` does beside a running gateway.
    ///
    /// # Errors
    /// [`Error::Unusable`] when it is missing or not a store this version knows.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let reader = Self::new(path.to_owned());
        reader.ask(|_| Ok(()))?;
        Ok(reader)
    }

    /// One request by its id; `None` when it was not kept, or no longer.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn request(&self, id: RequestId) -> Result<Option<RequestEvent>, Error> {
        let body: Option<String> = self.ask(|connection| {
            connection
                .prepare_cached(
                    "SELECT body FROM event WHERE request = ?1 ORDER BY seq DESC LIMIT 1",
                )?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()
        })?;
        let event = body.map(|body| serde_json::from_str(&body)).transpose()?;
        Ok(event.and_then(|event| match event {
            Event::Request(request) => Some(*request),
            Event::System(_) => None,
        }))
    }

    /// Events that match, newest first, from `after` on; at most 1,000.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn events(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, Error> {
        let limit = limit.clamp(1, PAGE);
        let mut clause = Clause::events(filter);
        if let Some(Cursor(seq)) = after {
            clause.add("seq < ?", [Value::Integer(seq)]);
        }
        // One more than asked for tells whether there is a next page.
        let more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT seq, body FROM event {} ORDER BY seq DESC LIMIT {more}",
            clause.sql()
        );
        let rows: Vec<(i64, String)> =
            self.rows(&sql, &clause.values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let more = rows.len() > limit;
        let mut entries = Vec::with_capacity(rows.len());
        for (seq, body) in rows.into_iter().take(limit) {
            let event = serde_json::from_str(&body)?;
            entries.push(Entry {
                cursor: Cursor(seq),
                event,
            });
        }
        let next = entries.last().filter(|_| more).map(|entry| entry.cursor);
        Ok(Page { entries, next })
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.ask(|connection| {
            connection
                .prepare_cached(sql)?
                .query_map(params_from_iter(values), |row| read(row))?
                .collect()
        })
    }

    fn ask<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let current = database::identity(&self.path);
        let mut idle = self.idle.lock();
        // Connections to a file that is no longer there would answer with the past.
        idle.retain(|(identity, _)| *identity == current);
        let kept = idle.pop();
        drop(idle);
        let connection = match kept {
            Some((_, connection)) => connection,
            None => self.connect()?,
        };
        // A connection that failed is closed, not kept.
        let answer = f(&connection)?;
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push((current, connection));
        }
        Ok(answer)
    }

    fn connect(&self) -> Result<Connection, Error> {
        let fault = |fault| Error::Unusable {
            path: self.path.clone(),
            fault,
        };
        if !self.path.exists() {
            return Err(fault(Fault::Missing));
        }
        // Reading a WAL needs its shared memory, which only a writer may create; a user without
        // that right can still read a store at rest.
        let open = |flags| Connection::open_with_flags(&self.path, flags);
        let connection = open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX))
            .map_err(|error| fault(Fault::Open(error.to_string())))?;
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.pragma_update(None, "query_only", true)?;
        match database::version(&connection) {
            Ok(found) if found == database::VERSION => Ok(connection),
            Ok(found) if found > database::VERSION => Err(fault(Fault::Newer {
                found,
                known: database::VERSION,
            })),
            Ok(_) => Err(fault(Fault::Foreign)),
            Err(error) => Err(error.at(&self.path)),
        }
    }
}
