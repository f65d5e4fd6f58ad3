//! From one schema to the next. The version stands in the file's header (`user_version`).

use rusqlite::{Connection, TransactionBehavior};

use crate::error::HistoryError;

/// Marks the file as a history of this app: "LAIH".
const APPLICATION_ID: i32 = 0x4C41_4948;

/// The schema of the file; 0 for an empty one.
///
/// # Errors
/// [`HistoryError::Damaged`] for a database of another program.
pub(super) fn version(connection: &Connection) -> Result<u32, HistoryError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let version = number("user_version")?;
    let foreign = match version {
        0 => !is_empty(connection)?,
        _ => number("application_id")? != APPLICATION_ID,
    };
    if foreign {
        return Err(HistoryError::Damaged("it is a database of another program".into()));
    }
    u32::try_from(version)
        .map_err(|_| HistoryError::Damaged(format!("its schema has the number {version}")))
}

/// Takes the steps after `from`, all or none.
pub(super) fn migrate(
    connection: &mut Connection,
    from: u32,
    steps: &[&str],
) -> Result<(), HistoryError> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    for step in steps.iter().skip(from as usize) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "application_id", APPLICATION_ID)?;
    change.pragma_update(None, "user_version", steps.len() as u32)?;
    Ok(change.commit()?)
}

fn is_empty(connection: &Connection) -> Result<bool, HistoryError> {
    let objects: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(objects == 0)
}
