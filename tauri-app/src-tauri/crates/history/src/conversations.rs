//! Conversations in the database: listed, found by id, forgotten.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::error::HistoryError;
use crate::types::Conversation;

/// The most conversations of one page.
const MAX_PAGE: usize = 200;

const COLUMNS: &str = "SELECT id, title, created, updated, model FROM conversations";

/// A place in a list that has the newest first: after this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Its time, by which the list is ordered.
    pub at: i64,
    /// Its id, which decides between those of one time.
    pub id: String,
}

/// A part of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The last used first.
    pub conversations: Vec<Conversation>,
    /// Where the next part begins, if there is one.
    pub next: Option<Cursor>,
}

pub(crate) fn list(
    connection: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, HistoryError> {
    let limit = limit.clamp(1, MAX_PAGE);
    let (at, id) = after.map_or((i64::MAX, ""), |cursor| (cursor.at, &cursor.id));
    let list =
        format!("{COLUMNS} WHERE (updated, id) < (?1, ?2) ORDER BY updated DESC, id DESC LIMIT ?3");
    let mut statement = connection.prepare_cached(&list)?;
    let rows = statement.query_map(params![at, id, limit as i64 + 1], from_row)?;
    let mut conversations: Vec<_> = rows.collect::<Result<_, _>>()?;
    let more = conversations.len() > limit;
    conversations.truncate(limit);
    let next = conversations
        .last()
        .filter(|_| more)
        .map(|last| Cursor { at: last.updated, id: last.id.clone() });
    Ok(Page { conversations, next })
}

pub(crate) fn one(connection: &Connection, id: &str) -> Result<Conversation, HistoryError> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?
        .ok_or_else(|| HistoryError::UnknownConversation(id.to_owned()))
}

/// A conversation with its row.
pub(crate) fn find(connection: &Connection, id: &str) -> Result<(i64, Conversation), HistoryError> {
    Ok((row_of(connection, id)?, one(connection, id)?))
}

pub(crate) fn row_of(connection: &Connection, id: &str) -> Result<i64, HistoryError> {
    connection
        .prepare_cached("SELECT row FROM conversations WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| HistoryError::UnknownConversation(id.to_owned()))
}

/// Every id, the first begun first.
pub(crate) fn ids(connection: &Connection) -> Result<Vec<String>, HistoryError> {
    let mut statement = connection.prepare("SELECT id FROM conversations ORDER BY row")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn insert(
    connection: &Connection,
    conversation: &Conversation,
) -> Result<i64, HistoryError> {
    let insert = "INSERT INTO conversations (id, title, created, updated, model)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(insert)?.execute(params![
        conversation.id,
        conversation.title,
        conversation.created,
        conversation.updated,
        conversation.model
    ])?;
    Ok(connection.last_insert_rowid())
}

pub(crate) fn pending_forgets(connection: &Connection) -> Result<Vec<String>, HistoryError> {
    let mut statement =
        connection.prepare_cached("SELECT conversation FROM forgets ORDER BY since")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: row.get(0)?,
        title: row.get(1)?,
        created: row.get(2)?,
        updated: row.get(3)?,
        model: row.get(4)?,
    })
}
