//! Putting sound conversations into the database, within the caller's transaction.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde::Serialize;
use uuid::Uuid;

use crate::error::HistoryError;
use crate::export::ConversationRecord;
use crate::types::Message;
use crate::{conversations, messages};

/// What became of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Conversations that came in.
    pub conversations: usize,
    /// Of these, those that came in as a copy beside another one of the same id.
    pub copies: usize,
    /// Conversations that were here already, with every one of their messages.
    pub already_there: usize,
}

pub(crate) fn insert(
    connection: &Connection,
    conversations: &[ConversationRecord],
) -> Result<Imported, HistoryError> {
    let mut imported = Imported::default();
    for conversation in conversations {
        if is_there(connection, conversation)? {
            imported.already_there += 1;
        } else if is_free(connection, conversation)? {
            insert_one(connection, conversation)?;
            imported.conversations += 1;
        } else {
            let copy = with_new_ids(conversation);
            if is_there(connection, &copy)? {
                imported.already_there += 1;
            } else {
                insert_one(connection, &copy)?;
                imported.conversations += 1;
                imported.copies += 1;
            }
        }
    }
    Ok(imported)
}

/// Whether every message is in the conversation of this id already. That one may have been
/// renamed or gone on since.
fn is_there(connection: &Connection, record: &ConversationRecord) -> Result<bool, HistoryError> {
    match messages::of(connection, &record.id, None, usize::MAX) {
        Ok(there) => {
            let there: HashMap<_, _> = there.iter().map(|message| (&message.id, message)).collect();
            Ok(record.messages.iter().all(|message| there.get(&message.id) == Some(&message)))
        }
        Err(HistoryError::UnknownConversation(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether none of its ids is taken.
fn is_free(connection: &Connection, record: &ConversationRecord) -> Result<bool, HistoryError> {
    let mut conversation =
        connection.prepare_cached("SELECT 1 FROM conversations WHERE id = ?1")?;
    let mut message = connection.prepare_cached("SELECT 1 FROM messages WHERE id = ?1")?;
    if conversation.exists([&record.id])? {
        return Ok(false);
    }
    for Message { id, .. } in &record.messages {
        if message.exists([id])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same conversation under ids made from its content: they are the same ones when the
/// same export comes again.
fn with_new_ids(record: &ConversationRecord) -> ConversationRecord {
    // What was read from JSON can be written as JSON.
    let content = serde_json::to_vec(record).unwrap_or_default();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &content);
    let mut copy = record.clone();
    copy.id = id.to_string();
    for message in &mut copy.messages {
        message.id = Uuid::new_v5(&id, message.id.as_bytes()).to_string();
    }
    copy
}

fn insert_one(connection: &Connection, record: &ConversationRecord) -> Result<(), HistoryError> {
    let row = conversations::insert(connection, &record.conversation())?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO messages
            (id, conversation, position, role, text, state, created, model, timings, problem)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for (position, message) in record.messages.iter().enumerate() {
        insert.execute(params![
            message.id,
            row,
            position as i64,
            message.role,
            message.text,
            message.state,
            message.created,
            message.model,
            messages::json(message.timings.as_ref()),
            messages::json(message.problem.as_ref())
        ])?;
    }
    Ok(())
}
