//! Connections to the database, each with the settings that keep it safe.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::HistoryError;

/// Before it, two processes or threads at a checkpoint could damage a database in WAL mode.
pub const MIN_SQLITE_VERSION: &str = "3.51.3";

const MIN_SQLITE_NUMBER: i32 = 3_051_003;

/// Longer than any transaction of this crate takes; a second process may look in.
const WAIT_FOR_LOCK: Duration = Duration::from_secs(5);

/// A connection that can write, to a file that is there. It changes nothing, not even when
/// it is closed, before [`keep_safe`].
pub(super) fn writer(path: &Path) -> Result<Connection, HistoryError> {
    sound(rusqlite::version_number())?;
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// What is committed survives a loss of power, and what is deleted cannot be read any more.
pub(super) fn keep_safe(connection: &Connection) -> Result<(), HistoryError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        log::warn!("the history's disk has no room for a WAL, its journal is `{mode}`");
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    Ok(())
}

/// A connection that cannot write.
pub(crate) fn reader(path: &Path) -> Result<Connection, HistoryError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, HistoryError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| HistoryError::no_access(path, error))?;
    connection.busy_timeout(WAIT_FOR_LOCK)?;
    // A file that somebody has tampered with runs no functions of its own choice.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(connection)
}

fn sound(version: i32) -> Result<(), HistoryError> {
    if version >= MIN_SQLITE_NUMBER {
        return Ok(());
    }
    let found = format!("{}.{}.{}", version / 1_000_000, version / 1000 % 1000, version % 1000);
    Err(HistoryError::UnsoundSqlite { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_sqlite_is_one_that_does_not_damage_a_wal() {
        assert_eq!(sound(rusqlite::version_number()), Ok(()));
        let error = sound(3_051_002).unwrap_err();
        assert_eq!(error.to_string(), "SQLite 3.51.2 can damage a history; 3.51.3 is needed");
    }

    #[test]
    fn the_parts_that_ship_name_the_version_of_sqlite_that_is_compiled_in() {
        let declared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../ci/shipped.toml");
        let parts = std::fs::read_to_string(declared).unwrap();
        let expected = format!("name = \"SQLite\"\nversion = \"{}\"\n", rusqlite::version());
        assert!(parts.contains(&expected), "ci/shipped.toml lacks {expected}");
    }

    #[test]
    fn the_writer_syncs_every_commit_and_overwrites_what_it_deletes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let connection = writer(file.path()).unwrap();
        keep_safe(&connection).unwrap();
        let setting = |name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(setting("journal_mode"), "Text(\"wal\")");
        assert_eq!(setting("synchronous"), "Integer(2)");
        assert_eq!(setting("foreign_keys"), "Integer(1)");
        assert_eq!(setting("secure_delete"), "Integer(1)");
        assert_eq!(setting("busy_timeout"), "Integer(5000)");
        assert_eq!(setting("trusted_schema"), "Integer(0)");
    }
}
