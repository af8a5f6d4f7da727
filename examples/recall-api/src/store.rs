use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::{Error, seed};

/// Incident reports kept; older ones go first.
const INCIDENTS: i64 = 10_000;
/// Sessions kept; older ones go first.
const SESSIONS: i64 = 1_000;

/// The database: SQLite in memory, filled at the start, gone at the end.
#[derive(Clone, Debug)]
pub struct Store(Arc<Mutex<Connection>>);

#[derive(Debug, Serialize)]
pub(crate) struct Recall {
    pub(crate) id: i64,
    number: String,
    pub(crate) title: String,
    brand: String,
    category: String,
    hazard: String,
    remedy: String,
    units: i64,
    announced: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Product {
    sku: String,
    recall: i64,
    name: String,
    model: String,
}

/// An incident as reported.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Incident {
    #[serde(default)]
    pub(crate) id: i64,
    pub(crate) reporter: String,
    pub(crate) product: String,
    pub(crate) description: String,
    pub(crate) link: Option<String>,
}

/// Which page of how many rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

impl Store {
    /// A new database with its two hundred recalls.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn seeded() -> rusqlite::Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        seed::fill(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `work` away from the async threads.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.0);
        let run = move || work(&shared.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(run).await;
        Ok(done.map_err(|_| Error::Internal)??)
    }

    /// Recalls whose title or hazard holds `q`, of one category if given.
    pub(crate) async fn search(
        &self,
        q: String,
        category: Option<String>,
        window: Window,
    ) -> Result<Vec<Recall>, Error> {
        // The hole: the category goes into the statement as text. `q` is bound, as it should be.
        let filter = category.map_or(String::new(), |c| format!("AND category = '{c}'"));
        let sql = format!(
            "SELECT * FROM recall WHERE (instr(lower(title), lower(?1)) > 0 \
             OR instr(lower(hazard), lower(?1)) > 0) {filter} LIMIT {} OFFSET {}",
            window.limit, window.offset
        );
        self.with(move |database| {
            let mut statement = database.prepare(&sql)?;
            let rows = statement.query_map([q], recall)?;
            rows.collect()
        })
        .await
    }

    pub(crate) async fn recall(&self, id: i64) -> Result<Recall, Error> {
        self.with(move |database| {
            database.query_row("SELECT * FROM recall WHERE id = ?1", [id], recall)
        })
        .await
    }

    pub(crate) async fn products(&self, window: Window) -> Result<Vec<Product>, Error> {
        self.with(move |database| {
            let mut statement =
                database.prepare("SELECT * FROM product ORDER BY sku LIMIT ?1 OFFSET ?2")?;
            let rows = statement.query_map([window.limit, window.offset], product)?;
            rows.collect()
        })
        .await
    }

    pub(crate) async fn product(&self, sku: String) -> Result<Product, Error> {
        self.with(move |database| {
            database.query_row("SELECT * FROM product WHERE sku = ?1", [sku], product)
        })
        .await
    }

    /// Stores a report and gives its number.
    pub(crate) async fn report(&self, incident: Incident) -> Result<i64, Error> {
        self.with(move |database| {
            database.execute(
                "INSERT INTO incident (reporter, product, description, link) \
                 VALUES (?1, ?2, ?3, ?4)",
                params![
                    incident.reporter,
                    incident.product,
                    incident.description,
                    incident.link
                ],
            )?;
            let id = database.last_insert_rowid();
            database.execute("DELETE FROM incident WHERE id <= ?1", [id - INCIDENTS])?;
            Ok(id)
        })
        .await
    }

    pub(crate) async fn incident(&self, id: i64) -> Result<Incident, Error> {
        self.with(move |database| {
            database.query_row("SELECT * FROM incident WHERE id = ?1", [id], incident)
        })
        .await
    }

    pub(crate) async fn incidents(&self, window: Window) -> Result<Vec<Incident>, Error> {
        self.with(move |database| {
            let mut statement =
                database.prepare("SELECT * FROM incident ORDER BY id DESC LIMIT ?1 OFFSET ?2")?;
            let rows = statement.query_map([window.limit, window.offset], incident)?;
            rows.collect()
        })
        .await
    }

    /// Opens a session for the right password; the token is its only key.
    pub(crate) async fn login(&self, email: String, password: String) -> Result<String, Error> {
        let token = self
            .with(move |database| {
                database.execute(
                    "DELETE FROM session WHERE rowid <= (SELECT max(rowid) FROM session) - ?1",
                    [SESSIONS],
                )?;
                database.query_row(
                    "INSERT INTO session SELECT lower(hex(randomblob(16))), email FROM account \
                     WHERE email = ?1 AND password = ?2 RETURNING token",
                    [email, password],
                    |row| row.get(0),
                )
            })
            .await;
        match token {
            Err(Error::NotFound) => Err(Error::Unauthorized),
            other => other,
        }
    }

    /// Succeeds for the token of an administrator's session.
    pub(crate) async fn admit(&self, token: String) -> Result<(), Error> {
        let found = self
            .with(move |database| {
                database.query_row(
                    "SELECT 1 FROM session JOIN account USING (email) \
                     WHERE token = ?1 AND admin = 1",
                    [token],
                    |_| Ok(()),
                )
            })
            .await;
        match found {
            Err(Error::NotFound) => Err(Error::Unauthorized),
            other => other,
        }
    }
}

/// Reads whatever a column holds as text, as loosely as the statement it came from was built.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    })
}

fn recall(row: &Row<'_>) -> rusqlite::Result<Recall> {
    Ok(Recall {
        id: text(row, 0)?.parse().unwrap_or_default(),
        number: text(row, 1)?,
        title: text(row, 2)?,
        brand: text(row, 3)?,
        category: text(row, 4)?,
        hazard: text(row, 5)?,
        remedy: text(row, 6)?,
        units: text(row, 7)?.parse().unwrap_or_default(),
        announced: text(row, 8)?,
    })
}

fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        sku: row.get(0)?,
        recall: row.get(1)?,
        name: row.get(2)?,
        model: row.get(3)?,
    })
}

fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get(0)?,
        reporter: row.get(1)?,
        product: row.get(2)?,
        description: row.get(3)?,
        link: row.get(4)?,
    })
}
