//! From a question to the end of its answer.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::{NoContext, Timestamp, Uuid};

use super::Writer;
use super::streams::Stream;
use crate::answer::{Begun, End, Finished, Question, TextFrom};
use crate::conversations;
use crate::error::HistoryError;
use crate::messages::{self, NewMessage};
use crate::types::{Conversation, MessageState, Role};
use crate::{title, utf16};

impl Writer {
    pub(crate) fn begin(&mut self, question: &Question, now: i64) -> Result<Begun, HistoryError> {
        self.free_for_an_answer(question.conversation.as_deref())?;
        if question.prompt.trim().is_empty() {
            return Err(HistoryError::PromptEmpty);
        }
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (conversation, title) = match &question.conversation {
            Some(id) => (conversations::row_of(&change, id)?, conversations::one(&change, id)?),
            None => new_conversation(&change, &question.prompt, now)?,
        };
        let asked = NewMessage::new(Role::User, MessageState::Done, now);
        let asked = NewMessage { text: &question.prompt, ..asked };
        let (question_id, _) = messages::insert(&change, conversation, &asked)?;
        let answer = NewMessage {
            model: question.model.as_deref(),
            ..NewMessage::new(Role::Assistant, MessageState::Streaming, now)
        };
        let (answer_id, row) = messages::insert(&change, conversation, &answer)?;
        used(&change, conversation, question.model.as_deref(), now)?;
        change.commit()?;
        self.streams.insert(answer_id.clone(), Stream::new(row, title.id.clone()));
        Ok(Begun {
            conversation: title.id,
            title: title.title,
            question: question_id,
            answer: answer_id,
        })
    }

    pub(crate) fn begin_again(
        &mut self,
        conversation: &str,
        model: Option<&str>,
        now: i64,
    ) -> Result<Begun, HistoryError> {
        self.free_for_an_answer(Some(conversation))?;
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let kept = conversations::one(&change, conversation)?;
        let conversation_row = conversations::row_of(&change, conversation)?;
        let Some((question, earlier)) = last_exchange(&change, conversation_row)? else {
            return Err(HistoryError::NothingToRepeat(conversation.to_owned()));
        };
        let answer = NewMessage {
            model,
            replaces: Some(earlier),
            ..NewMessage::new(Role::Assistant, MessageState::Streaming, now)
        };
        let (answer_id, row) = messages::insert(&change, conversation_row, &answer)?;
        used(&change, conversation_row, model, now)?;
        change.commit()?;
        self.streams.insert(answer_id.clone(), Stream::new(row, kept.id.clone()));
        Ok(Begun { conversation: kept.id, title: kept.title, question, answer: answer_id })
    }

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

    fn free_for_an_answer(&self, conversation: Option<&str>) -> Result<(), HistoryError> {
        self.writable()?;
        if conversation.is_some_and(|id| self.streams.is_writing(Some(id))) {
            return Err(HistoryError::Busy);
        }
        Ok(())
    }
}

/// A new id; ids are in the order of their making.
pub(crate) fn new_id(now: i64) -> String {
    let (seconds, millis) = (now / 1000, now % 1000);
    let moment = Timestamp::from_unix(NoContext, seconds as u64, millis as u32 * 1_000_000);
    Uuid::new_v7(moment).to_string()
}

fn new_conversation(
    change: &Transaction<'_>,
    prompt: &str,
    now: i64,
) -> Result<(i64, Conversation), HistoryError> {
    let title = title::made_from(prompt);
    let conversation =
        Conversation { id: new_id(now), title, created: now, updated: now, model: None };
    Ok((conversations::insert(change, &conversation)?, conversation))
}

fn used(
    change: &Transaction<'_>,
    conversation: i64,
    model: Option<&str>,
    now: i64,
) -> Result<(), HistoryError> {
    change.execute(
        "UPDATE conversations SET updated = max(updated, ?2), model = coalesce(?3, model) WHERE row = ?1",
        params![conversation, now, model],
    )?;
    Ok(())
}

/// The last question's id, and the row of the answer to it.
fn last_exchange(
    connection: &Connection,
    conversation: i64,
) -> Result<Option<(String, i64)>, HistoryError> {
    let last = "SELECT row, id, role FROM messages WHERE conversation = ?1
                ORDER BY position DESC LIMIT 2";
    let mut statement = connection.prepare_cached(last)?;
    let rows = statement.query_map([conversation], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Role>(2)?))
    })?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    Ok(match rows.as_slice() {
        [(answer, _, Role::Assistant), (_, question, Role::User)] => {
            Some((question.clone(), *answer))
        }
        _ => None,
    })
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
