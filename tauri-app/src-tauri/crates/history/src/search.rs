//! Full-text search. What a person types is words to be found, never the syntax of FTS5.

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::conversations::Cursor;
use crate::error::HistoryError;
use crate::types::Role;

/// The longest search.
pub const MAX_QUERY_CHARACTERS: usize = 500;

/// The most hits of one kind.
const MAX_HITS: usize = 100;

/// Words of a message around the first hit.
const SNIPPET_WORDS: u32 = 24;

/// Around a hit in what SQLite returns: characters that no text may hold.
const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Never empty.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// A conversation whose title was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TitleHit {
    /// Its id.
    pub conversation: String,
    /// Its whole title.
    pub title: Vec<Span>,
    /// When something was last said in it.
    pub updated: i64,
}

/// A message whose text was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageHit {
    /// The conversation it is in.
    pub conversation: String,
    /// That conversation's title.
    pub title: String,
    /// Its own id.
    pub message: String,
    /// Who said it.
    pub role: Role,
    /// When.
    pub created: i64,
    /// The words around the first hit, with `…` where more was cut off.
    pub snippet: Vec<Span>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// By title, the last used first; only in the first part of the results.
    pub conversations: Vec<TitleHit>,
    /// By text, the newest first.
    pub messages: Vec<MessageHit>,
    /// Where further messages begin, if there are any.
    pub next: Option<Cursor>,
}

pub(crate) fn find(
    connection: &Connection,
    query: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Found, HistoryError> {
    let length = query.chars().count();
    if length > MAX_QUERY_CHARACTERS {
        return Err(HistoryError::QueryTooLong { length, limit: MAX_QUERY_CHARACTERS });
    }
    let Some(query) = quoted(query) else { return Ok(Found::default()) };
    let limit = limit.clamp(1, MAX_HITS);
    let conversations = match after {
        None => titles(connection, &query, limit)?,
        Some(_) => Vec::new(),
    };
    let mut messages = messages(connection, &query, after, limit + 1)?;
    let more = messages.len() > limit;
    messages.truncate(limit);
    let next = messages
        .last()
        .filter(|_| more)
        .map(|last| Cursor { at: last.created, id: last.message.clone() });
    Ok(Found { conversations, messages, next })
}

/// Every word as a string of FTS5, the last one as the beginning of a word.
fn quoted(query: &str) -> Option<String> {
    let words: Vec<String> = query
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| format!("{} *", words.join(" ")))
}

fn titles(
    connection: &Connection,
    query: &str,
    limit: usize,
) -> Result<Vec<TitleHit>, HistoryError> {
    let find = "SELECT c.id, c.updated, highlight(found_titles, 0, ?2, ?3)
        FROM found_titles JOIN conversations c ON c.row = found_titles.rowid
        WHERE found_titles MATCH ?1 ORDER BY c.updated DESC, c.id DESC LIMIT ?4";
    let mut statement = connection.prepare_cached(find)?;
    let rows = statement.query_map(
        params![query, OPEN.to_string(), CLOSE.to_string(), limit as i64],
        |row| {
            let title: String = row.get(2)?;
            Ok(TitleHit { conversation: row.get(0)?, updated: row.get(1)?, title: spans(&title) })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn messages(
    connection: &Connection,
    query: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<MessageHit>, HistoryError> {
    // Snippets are made afterwards: they cost more than all the rest, and few are shown.
    let find = "SELECT m.row, c.id, c.title, m.id, m.role, m.created
        FROM found_texts JOIN messages m ON m.row = found_texts.rowid
            JOIN conversations c ON c.row = m.conversation
        WHERE found_texts MATCH ?1 AND (m.created, m.id) < (?2, ?3)
            AND NOT EXISTS (SELECT 1 FROM messages later WHERE later.replaces = m.row)
        ORDER BY m.created DESC, m.id DESC LIMIT ?4";
    let (at, id) = after.map_or((i64::MAX, ""), |cursor| (cursor.at, &cursor.id));
    let mut statement = connection.prepare_cached(find)?;
    let rows = statement.query_map(params![query, at, id, limit as i64], |row| {
        let hit = MessageHit {
            conversation: row.get(1)?,
            title: row.get(2)?,
            message: row.get(3)?,
            role: row.get(4)?,
            created: row.get(5)?,
            snippet: Vec::new(),
        };
        Ok((row.get::<_, i64>(0)?, hit))
    })?;
    rows.map(|row| {
        let (row, hit) = row?;
        Ok(MessageHit { snippet: snippet(connection, query, row)?, ..hit })
    })
    .collect()
}

fn snippet(connection: &Connection, query: &str, row: i64) -> Result<Vec<Span>, HistoryError> {
    let cut = "SELECT snippet(found_texts, 0, ?3, ?4, '…', ?5) FROM found_texts
        WHERE found_texts MATCH ?1 AND rowid = ?2";
    let text: String = connection.prepare_cached(cut)?.query_row(
        params![query, row, OPEN.to_string(), CLOSE.to_string(), SNIPPET_WORDS],
        |row| row.get(0),
    )?;
    Ok(spans(&text))
}

fn spans(marked: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut hit = false;
    for piece in marked.split_inclusive([OPEN, CLOSE]) {
        let text = piece.trim_end_matches([OPEN, CLOSE]);
        if !text.is_empty() {
            spans.push(Span { text: text.to_owned(), hit });
        }
        hit = piece.ends_with(OPEN);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_the_last_one_may_go_on() {
        assert_eq!(quoted("bolo de fub").unwrap(), r#""bolo" "de" "fub" *"#);
        assert_eq!(quoted(r#"a" OR b* NEAR(c"#).unwrap(), r#""a""" "OR" "b*" "NEAR(c" *"#);
        assert_eq!(quoted(" \t\0\n"), None);
    }

    #[test]
    fn hits_are_told_from_what_is_around_them() {
        let marked = format!("…a {OPEN}bolo{CLOSE} b {OPEN}fubá{CLOSE}");
        let spans: Vec<_> = spans(&marked).into_iter().map(|span| (span.text, span.hit)).collect();
        let expected = [("…a ", false), ("bolo", true), (" b ", false), ("fubá", true)];
        assert_eq!(spans, expected.map(|(text, hit)| (text.to_owned(), hit)));
    }
}
