//! A question, and the beginning of its answer: on disk in one transaction.

use rusqlite::{Connection, TransactionBehavior, params};
use uuid::{NoContext, Timestamp, Uuid};

use super::Writer;
use super::streams::Stream;
use crate::answer::{Begun, Question};
use crate::error::HistoryError;
use crate::messages::{self, NewMessage};
use crate::types::{Conversation, MessageState, Role};
use crate::{conversations, title};

impl Writer {
    pub(crate) fn begin(&mut self, question: &Question, now: i64) -> Result<Begun, HistoryError> {
        self.free_for_an_answer(question.conversation.as_deref())?;
        if !title::has_content(&question.prompt) {
            return Err(HistoryError::PromptEmpty);
        }
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (row, conversation) = match &question.conversation {
            Some(id) => conversations::find(&change, id)?,
            None => new_conversation(&change, &question.prompt, now)?,
        };
        let asked = NewMessage::new(Role::User, MessageState::Done, now);
        let asked = NewMessage { text: &question.prompt, ..asked };
        let (asked, _) = messages::insert(&change, row, &asked)?;
        let answer = insert_answer(&change, row, question.model.as_deref(), None, now)?;
        change.commit()?;
        Ok(self.writing(conversation, asked, answer))
    }

    pub(crate) fn begin_again(
        &mut self,
        conversation: &str,
        model: Option<&str>,
        now: i64,
    ) -> Result<Begun, HistoryError> {
        self.free_for_an_answer(Some(conversation))?;
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (row, conversation) = conversations::find(&change, conversation)?;
        let Some((asked, earlier)) = last_exchange(&change, row)? else {
            return Err(HistoryError::NothingToRepeat(conversation.id));
        };
        let answer = insert_answer(&change, row, model, Some(earlier), now)?;
        change.commit()?;
        Ok(self.writing(conversation, asked, answer))
    }

    fn free_for_an_answer(&self, conversation: Option<&str>) -> Result<(), HistoryError> {
        self.writable()?;
        if conversation.is_some_and(|id| self.streams.is_writing(Some(id))) {
            return Err(HistoryError::Busy);
        }
        Ok(())
    }

    /// From now on text can be added to `answer`, which is an id and a row.
    fn writing(
        &mut self,
        conversation: Conversation,
        question: String,
        (answer, row): (String, i64),
    ) -> Begun {
        let Conversation { id, title, .. } = conversation;
        self.streams.insert(answer.clone(), Stream::new(row, id.clone()));
        Begun { conversation: id, title, question, answer }
    }
}

/// A new id; ids are in the order of their making.
pub(crate) fn new_id(now: i64) -> String {
    let (seconds, millis) = (now / 1000, now % 1000);
    let moment = Timestamp::from_unix(NoContext, seconds as u64, millis as u32 * 1_000_000);
    Uuid::new_v7(moment).to_string()
}

fn new_conversation(
    change: &Connection,
    prompt: &str,
    now: i64,
) -> Result<(i64, Conversation), HistoryError> {
    let title = title::made_from(prompt);
    let conversation =
        Conversation { id: new_id(now), title, created: now, updated: now, model: None };
    Ok((conversations::insert(change, &conversation)?, conversation))
}

/// An empty answer at the end of a conversation, which is used now; its id and row.
fn insert_answer(
    change: &Connection,
    conversation: i64,
    model: Option<&str>,
    replaces: Option<i64>,
    now: i64,
) -> Result<(String, i64), HistoryError> {
    let answer = NewMessage::new(Role::Assistant, MessageState::Streaming, now);
    let inserted =
        messages::insert(change, conversation, &NewMessage { model, replaces, ..answer })?;
    change.execute(
        "UPDATE conversations SET updated = max(updated, ?2), model = coalesce(?3, model)
        WHERE row = ?1",
        params![conversation, now, model],
    )?;
    Ok(inserted)
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
