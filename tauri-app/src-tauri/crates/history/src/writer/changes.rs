//! Renaming, deleting and taking over: what changes besides answers.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::Writer;
use crate::conversations;
use crate::error::HistoryError;
use crate::export::ConversationRecord;
use crate::import::{self, Imported};
use crate::{store, title};

impl Writer {
    pub(crate) fn rename(&mut self, conversation: &str, to: &str) -> Result<String, HistoryError> {
        self.writable()?;
        let title = title::check(to)?;
        let changed = self.connection.execute(
            "UPDATE conversations SET title = ?2 WHERE id = ?1",
            params![conversation, title],
        )?;
        match changed {
            0 => Err(HistoryError::UnknownConversation(conversation.to_owned())),
            _ => Ok(title.to_owned()),
        }
    }

    pub(crate) fn delete(
        &mut self,
        conversation: &str,
        now: i64,
    ) -> Result<Vec<String>, HistoryError> {
        self.writable()?;
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let row = conversations::row_of(&change, conversation)?;
        change.execute(
            "INSERT OR IGNORE INTO forgets (conversation, since) VALUES (?1, ?2)",
            params![conversation, now],
        )?;
        change.execute("DELETE FROM conversations WHERE row = ?1", [row])?;
        change.commit()?;
        self.streams.remove_conversation(conversation);
        empty_wal(&self.connection)?;
        conversations::pending_forgets(&self.connection)
    }

    pub(crate) fn delete_all(
        &mut self,
        path: &Path,
        now: i64,
    ) -> Result<Vec<String>, HistoryError> {
        self.writable()?;
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        change.execute(
            "INSERT OR IGNORE INTO forgets (conversation, since) SELECT id, ?1 FROM conversations",
            [now],
        )?;
        change.execute("DELETE FROM conversations", [])?;
        change.commit()?;
        self.streams.clear();
        store::remove_set_aside(path)?;
        self.connection.execute("VACUUM", [])?;
        empty_wal(&self.connection)?;
        conversations::pending_forgets(&self.connection)
    }

    pub(crate) fn forgotten(&mut self, conversation: &str) -> Result<(), HistoryError> {
        self.writable()?;
        self.connection.execute("DELETE FROM forgets WHERE conversation = ?1", [conversation])?;
        Ok(())
    }

    pub(crate) fn import(
        &mut self,
        conversations: &[ConversationRecord],
    ) -> Result<Imported, HistoryError> {
        self.writable()?;
        if self.streams.is_writing(None) {
            return Err(HistoryError::Busy);
        }
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let imported = import::insert(&change, conversations)?;
        change.commit()?;
        Ok(imported)
    }
}

/// The WAL still holds what was just overwritten in the database. If somebody is reading,
/// it is emptied at a later checkpoint.
fn empty_wal(connection: &Connection) -> Result<(), HistoryError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}
