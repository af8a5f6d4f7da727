use rusqlite::Connection;

use crate::error::Fault;

/// "BbyS": tells our files from other SQLite files.
const APPLICATION: i64 = 0x4262_7953;

/// One step a version; never edited once released, only added to.
const MIGRATIONS: &[&str] = &[include_str!("v1.sql")];

/// The version this program writes.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

#[derive(Debug)]
pub(crate) enum MigrateError {
    Sqlite(rusqlite::Error),
    Fault(Fault),
}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Fault> for MigrateError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Brings a file to [`VERSION`], all steps in one transaction.
pub(crate) fn migrate(connection: &Connection) -> Result<(), MigrateError> {
    let found = version(connection)?;
    let steps = usize::try_from(found)
        .ok()
        .and_then(|done| MIGRATIONS.get(done..))
        .ok_or(Fault::Newer {
            found,
            known: VERSION,
        })?;
    if steps.is_empty() {
        return Ok(());
    }
    let transaction =
        rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// The version of a file of ours; 0 for an empty one.
pub(crate) fn version(connection: &Connection) -> Result<i64, MigrateError> {
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (read("application_id")?, tables) {
        (APPLICATION, _) => Ok(read("user_version")?),
        (0, 0) => Ok(0),
        (_, _) => Err(Fault::Foreign.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_is_refused_with_both_versions() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        connection
            .pragma_update(None, "user_version", VERSION + 1)
            .unwrap();
        let error = migrate(&connection).unwrap_err();
        let MigrateError::Fault(fault @ Fault::Newer { .. }) = error else {
            panic!("{error:?}");
        };
        assert!(fault.to_string().contains(&(VERSION + 1).to_string()));
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        migrate(&connection).unwrap();
        assert!(matches!(version(&connection), Ok(VERSION)));
    }
}
