//! Opening: what there is at the path decides how.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{aside, backup, connect, migrate, private, recover};
use crate::error::HistoryError;

/// What was found when the history was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A history of the current schema.
    Fine,
    /// Nothing; a history was begun.
    New,
    /// A history of a newer version of the app: it can be read, and nothing is written.
    ReadOnlyNewerSchema {
        /// The file's schema.
        found: u32,
        /// The newest one known here.
        known: u32,
    },
    /// A damaged file. It is now at this path, and an empty history was begun.
    SetAside(PathBuf),
    /// A history of an older schema. It was copied to `backup` and brought to the current one.
    Migrated {
        /// The schema before.
        from: u32,
        /// The copy from before.
        backup: PathBuf,
    },
}

/// The connection that writes, at the current schema, and what was found.
pub(crate) fn open(
    path: &Path,
    now: i64,
    steps: &[&str],
) -> Result<(Connection, Opened), HistoryError> {
    private::prepare(path)?;
    match open_as_it_is(path, now, steps) {
        Err(HistoryError::Damaged(detail)) => {
            let aside = aside::set_aside(path, now)?;
            log::error!("the history is damaged ({detail}), it was moved to {}", aside.display());
            private::prepare(path)?;
            let (connection, _) = open_as_it_is(path, now, steps)?;
            Ok((connection, Opened::SetAside(aside)))
        }
        result => result,
    }
}

fn open_as_it_is(
    path: &Path,
    now: i64,
    steps: &[&str],
) -> Result<(Connection, Opened), HistoryError> {
    if aside::lost_its_pages(path) {
        return Err(HistoryError::Damaged("nothing but its journal is left".into()));
    }
    let mut connection = connect::writer(path)?;
    let known = steps.len() as u32;
    let found = migrate::version(&connection)?;
    check(&connection)?;
    if found > known {
        return Ok((connect::reader(path)?, Opened::ReadOnlyNewerSchema { found, known }));
    }
    connect::keep_safe(&connection)?;
    let opened = match found {
        0 => Opened::New,
        _ if found == known => Opened::Fine,
        from => {
            let backup = backup::before_migration(&connection, path, from, now)?;
            Opened::Migrated { from, backup }
        }
    };
    if found < known {
        migrate::migrate(&mut connection, found, steps)?;
    }
    recover::interrupt_what_streams(&mut connection)?;
    Ok((connection, opened))
}

/// Reads every page: damage is found now, not in the middle of a conversation.
fn check(connection: &Connection) -> Result<(), HistoryError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(HistoryError::Damaged(verdict)),
    }
}
