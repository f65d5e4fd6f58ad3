//! Answers that nobody goes on writing.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::HistoryError;

/// Marks what is *streaming* as *interrupted*; its text stays. Where nothing has come, the
/// earlier answer that it was to replace is back; where something has, that one goes.
pub(crate) fn interrupt_what_streams(connection: &mut Connection) -> Result<(), HistoryError> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    change.execute_batch(
        "DELETE FROM messages WHERE state = 'streaming' AND text = '' AND replaces IS NOT NULL;
         DELETE FROM messages WHERE row IN (SELECT replaces FROM messages WHERE state = 'streaming');",
    )?;
    let interrupted = change
        .execute("UPDATE messages SET state = 'interrupted' WHERE state = 'streaming'", [])?;
    change.commit()?;
    if interrupted > 0 {
        log::info!("answers that were being written are interrupted now: {interrupted}");
    }
    Ok(())
}
