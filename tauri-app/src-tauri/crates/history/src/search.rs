//! Full-text search. What a person types is words to be found, never the syntax of FTS5.

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::conversations::Cursor;
use crate::error::HistoryError;
use crate::types::Role;
use crate::utf16;

/// The longest search.
pub const MAX_QUERY_CHARACTERS: usize = 500;

/// The most hits of one kind.
const MAX_HITS: usize = 100;

/// Characters of a message that are shown before its first hit, and from there on.
const SHOWN_BEFORE: usize = 60;
const SHOWN_FROM: usize = 160;

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
    /// Where in the message the first hit begins, in UTF-16 code units.
    pub offset: usize,
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
    let moment = connection.unchecked_transaction()?;
    let conversations = match after {
        None => titles(&moment, &query, limit)?,
        Some(_) => Vec::new(),
    };
    let mut messages = messages(&moment, &query, after, limit + 1)?;
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
    // Hits are marked afterwards: that costs more than all the rest, and few are shown.
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
            offset: 0,
            snippet: Vec::new(),
        };
        Ok((row.get::<_, i64>(0)?, hit))
    })?;
    rows.map(|row| {
        let (row, hit) = row?;
        let (offset, snippet) = excerpt(&marked(connection, query, row)?);
        Ok(MessageHit { offset, snippet, ..hit })
    })
    .collect()
}

/// The whole text with its hits marked. FTS5's own `snippet` takes the square of their
/// number: seconds for a long message that repeats a word.
fn marked(connection: &Connection, query: &str, row: i64) -> Result<String, HistoryError> {
    let mark = "SELECT highlight(found_texts, 0, ?3, ?4) FROM found_texts
        WHERE found_texts MATCH ?1 AND rowid = ?2";
    let parameters = params![query, row, OPEN.to_string(), CLOSE.to_string()];
    Ok(connection.prepare_cached(mark)?.query_row(parameters, |row| row.get(0))?)
}

/// Where the first hit is, and what is around it.
fn excerpt(marked: &str) -> (usize, Vec<Span>) {
    let (before, from) = marked.split_at(marked.find(OPEN).unwrap_or(0));
    let shown = format!("{}{}", end_of(before), beginning_of(from));
    (utf16::length(before), spans(&shown))
}

fn end_of(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().rev().nth(SHOWN_BEFORE) else {
        return text.to_owned();
    };
    let rest = &text[cut..];
    let word = rest.find(char::is_whitespace).unwrap_or(0);
    format!("…{}", rest[word..].trim_start())
}

fn beginning_of(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(SHOWN_FROM) else {
        return text.to_owned();
    };
    let rest = &text[..cut];
    let word = rest.rfind(char::is_whitespace).unwrap_or(cut);
    format!("{}…", rest[..word].trim_end())
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
    fn an_excerpt_is_cut_between_words_and_tells_where_the_hit_is() {
        let text = format!("{}{OPEN}owl{CLOSE}{}", "🦉 word ".repeat(50), " more".repeat(100));
        let (offset, spans) = excerpt(&text);
        assert_eq!(offset, 50 * 8);
        assert_eq!(spans[1], Span { text: "owl".into(), hit: true });
        assert!(spans[0].text.starts_with("…🦉 word") && spans[0].text.ends_with("🦉 word "));
        assert!(spans[2].text.ends_with(" more…"), "{spans:?}");
        assert_eq!(excerpt(&format!("{OPEN}漢{CLOSE}字")).1.len(), 2);
        let unbroken = format!("{}{OPEN}b{CLOSE}{}", "a".repeat(500), "c".repeat(500));
        let length: usize = excerpt(&unbroken).1.iter().map(|s| s.text.chars().count()).sum();
        assert!(length < SHOWN_BEFORE + SHOWN_FROM + 3, "{length}");
    }

    #[test]
    fn hits_are_told_from_what_is_around_them() {
        let marked = format!("…a {OPEN}bolo{CLOSE} b {OPEN}fubá{CLOSE}");
        let spans: Vec<_> = spans(&marked).into_iter().map(|span| (span.text, span.hit)).collect();
        let expected = [("…a ", false), ("bolo", true), (" b ", false), ("fubá", true)];
        assert_eq!(spans, expected.map(|(text, hit)| (text.to_owned(), hit)));
    }
}
