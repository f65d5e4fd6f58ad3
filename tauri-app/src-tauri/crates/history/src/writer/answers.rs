//! An answer while it is written, and its end.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::Writer;
use super::streams::Stream;
use crate::answer::{End, Finished, TextFrom};
use crate::error::HistoryError;
use crate::types::MessageState;
use crate::{messages, utf16};

impl Writer {
    pub(crate) fn append(&mut self, answer: &str, text: &str) {
        match self.streams.get_mut(answer) {
            Some(stream) if stream.end.is_none() && !text.is_empty() => {
                stream.append(text, Instant::now());
            }
            _ => log::debug!("text for an answer that is not being written was dropped"),
        }
    }

    pub(crate) fn finish(
        &mut self,
        answer: &str,
        end: End,
        now: i64,
    ) -> Result<Finished, HistoryError> {
        if end.state == MessageState::Streaming {
            return Err(HistoryError::NotAnEnd);
        }
        match self.streams.get_mut(answer) {
            Some(stream) if stream.end.is_none() => stream.end = Some((end, now)),
            _ => return Err(HistoryError::UnknownMessage(answer.to_owned())),
        }
        self.save(answer, Instant::now())
    }

    pub(crate) fn text_from(
        &self,
        conversation: &str,
        message: &str,
        offset: usize,
    ) -> Result<TextFrom, HistoryError> {
        match self.streams.get(message) {
            Some(stream) if stream.conversation == conversation => {
                text_from(&stream.text, offset, stream.state())
            }
            _ => {
                let message = messages::one(&self.connection, conversation, message)?;
                text_from(&message.text, offset, message.state)
            }
        }
    }

    /// Saves an answer as far as it is, and lets go of it if it has ended.
    pub(super) fn save(&mut self, answer: &str, now: Instant) -> Result<Finished, HistoryError> {
        let Some(stream) = self.streams.get_mut(answer) else {
            return Err(HistoryError::UnknownMessage(answer.to_owned()));
        };
        match write(&mut self.connection, stream) {
            Ok(finished) => {
                stream.saved();
                if stream.end.is_some() {
                    self.streams.remove(answer);
                }
                Ok(finished)
            }
            Err(error) => {
                if stream.refused(now) {
                    log::error!("an answer could not be saved, it is tried again: {error}");
                }
                Err(error)
            }
        }
    }
}

fn write(connection: &mut Connection, stream: &Stream) -> Result<Finished, HistoryError> {
    let Some((end, at)) = &stream.end else {
        let save = "UPDATE messages SET text = ?2 WHERE row = ?1";
        connection.prepare_cached(save)?.execute(params![stream.row, stream.text])?;
        return Ok(Finished::Kept);
    };
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let earlier: Option<i64> = change
        .query_row("SELECT replaces FROM messages WHERE row = ?1", [stream.row], |row| row.get(0))
        .optional()?
        .flatten();
    if earlier.is_some() && stream.text.is_empty() {
        change.execute("DELETE FROM messages WHERE row = ?1", [stream.row])?;
        change.commit()?;
        return Ok(Finished::EarlierAnswerIsBack);
    }
    change.execute("DELETE FROM messages WHERE row = ?1", [earlier])?;
    change.execute(
        "UPDATE messages SET text = ?2, state = ?3, timings = ?4, problem = ?5 WHERE row = ?1",
        params![
            stream.row,
            stream.text,
            end.state,
            messages::json(end.timings.as_ref()),
            messages::json(end.problem.as_ref())
        ],
    )?;
    change.execute(
        "UPDATE conversations SET updated = max(updated, ?2) WHERE id = ?1",
        params![stream.conversation, at],
    )?;
    change.commit()?;
    Ok(Finished::Kept)
}

fn text_from(text: &str, offset: usize, state: MessageState) -> Result<TextFrom, HistoryError> {
    let length = utf16::length(text);
    match utf16::from(text, offset) {
        Some((offset, rest)) => Ok(TextFrom { offset, text: rest.to_owned(), length, state }),
        None => Err(HistoryError::OffsetBeyondEnd { offset, length }),
    }
}
