//! Messages in the database.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::conversations;
use crate::error::HistoryError;
use crate::types::{Message, MessageState, Role};
use crate::writer::new_id;

const COLUMNS: &str =
    "SELECT m.id, m.role, m.text, m.state, m.created, m.model, m.timings, m.problem
    FROM messages m";

/// What a new message begins with.
pub(crate) struct NewMessage<'a> {
    pub(crate) role: Role,
    pub(crate) text: &'a str,
    pub(crate) state: MessageState,
    pub(crate) created: i64,
    pub(crate) model: Option<&'a str>,
    /// The row of the answer whose place it takes.
    pub(crate) replaces: Option<i64>,
}

impl NewMessage<'_> {
    pub(crate) fn new(role: Role, state: MessageState, created: i64) -> Self {
        Self { role, text: "", state, created, model: None, replaces: None }
    }
}

/// Puts a message at the end of a conversation; its id and row.
pub(crate) fn insert(
    connection: &Connection,
    conversation: i64,
    message: &NewMessage<'_>,
) -> Result<(String, i64), HistoryError> {
    let id = new_id(message.created);
    let insert = "INSERT INTO messages
            (id, conversation, position, role, text, state, created, model, replaces)
        SELECT ?1, ?2, coalesce(max(position), -1) + 1, ?3, ?4, ?5, ?6, ?7, ?8
        FROM messages WHERE conversation = ?2";
    connection.prepare_cached(insert)?.execute(params![
        id,
        conversation,
        message.role,
        message.text,
        message.state,
        message.created,
        message.model,
        message.replaces
    ])?;
    Ok((id, connection.last_insert_rowid()))
}

/// The last `limit` messages before `before`, in their order. An answer whose place another
/// one is about to take is not among them.
pub(crate) fn of(
    connection: &Connection,
    conversation: &str,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Message>, HistoryError> {
    let row = conversations::row_of(connection, conversation)?;
    let before = match before {
        Some(id) => position_of(connection, row, id)?,
        None => i64::MAX,
    };
    let last = format!(
        "{COLUMNS} WHERE m.conversation = ?1 AND m.position < ?2
            AND NOT EXISTS (SELECT 1 FROM messages later WHERE later.replaces = m.row)
        ORDER BY m.position DESC LIMIT ?3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&last)?;
    let rows = statement.query_map(params![row, before, limit], from_row)?;
    let mut messages: Vec<_> = rows.collect::<Result<_, _>>()?;
    messages.reverse();
    Ok(messages)
}

/// One message as it is saved.
pub(crate) fn one(
    connection: &Connection,
    conversation: &str,
    id: &str,
) -> Result<Message, HistoryError> {
    let find = format!(
        "{COLUMNS} WHERE m.id = ?1
            AND m.conversation = (SELECT row FROM conversations WHERE id = ?2)"
    );
    connection
        .prepare_cached(&find)?
        .query_row([id, conversation], from_row)
        .optional()?
        .ok_or_else(|| HistoryError::UnknownMessage(id.to_owned()))
}

/// How timings and problems are kept: as JSON, absent for `None`.
pub(crate) fn json<T: Serialize>(value: Option<&T>) -> Option<String> {
    value.and_then(|value| serde_json::to_string(value).ok())
}

fn position_of(connection: &Connection, conversation: i64, id: &str) -> Result<i64, HistoryError> {
    let find = "SELECT position FROM messages WHERE conversation = ?1 AND id = ?2";
    connection
        .query_row(find, params![conversation, id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| HistoryError::UnknownMessage(id.to_owned()))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        role: row.get(1)?,
        text: row.get(2)?,
        state: row.get(3)?,
        created: row.get(4)?,
        model: row.get(5)?,
        timings: from_json(row.get(6)?),
        problem: from_json(row.get(7)?),
    })
}

/// What cannot be read is left out: a measurement is not worth a conversation.
fn from_json<T: DeserializeOwned>(text: Option<String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}
