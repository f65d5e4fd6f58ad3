//! The one thread that writes. It owns the connection and the answers that are being written.

mod answers;
mod begin;
mod changes;
#[cfg(test)]
mod full_disk_test;
mod streams;
mod thread;

use std::time::Instant;

use rusqlite::Connection;

use self::streams::Streams;
use crate::error::HistoryError;
use crate::messages;
use crate::store::{self, Opened};
use crate::types::Message;

pub(crate) use begin::new_id;
pub use streams::SAVED_WITHIN;
pub(crate) use thread::WriterThread;

/// What the thread owns.
pub(crate) struct Writer {
    connection: Connection,
    streams: Streams,
    /// Why nothing may be written.
    read_only: Option<HistoryError>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, opened: &Opened) -> Self {
        let read_only = match *opened {
            Opened::ReadOnlyNewerSchema { found, known } => {
                Some(HistoryError::ReadOnly { found, known })
            }
            _ => None,
        };
        Self { connection, streams: Streams::default(), read_only }
    }

    /// A conversation's messages, with what was not saved yet.
    pub(crate) fn messages(
        &self,
        conversation: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Message>, HistoryError> {
        let mut messages = messages::of(&self.connection, conversation, before, limit)?;
        messages.iter_mut().for_each(|message| self.bring_up_to_date(message));
        Ok(messages)
    }

    /// One message, with what was not saved yet.
    pub(crate) fn message(&self, conversation: &str, id: &str) -> Result<Message, HistoryError> {
        let mut message = messages::one(&self.connection, conversation, id)?;
        self.bring_up_to_date(&mut message);
        Ok(message)
    }

    fn bring_up_to_date(&self, message: &mut Message) {
        if let Some(stream) = self.streams.get(&message.id) {
            message.text.clone_from(&stream.text);
            message.state = stream.state();
        }
    }

    /// Saves what has waited long enough.
    fn save_what_is_due(&mut self, now: Instant) {
        for answer in self.streams.due(now) {
            // What cannot be saved waits for the next time, and was logged.
            let _ = self.save(&answer, now);
        }
    }

    /// The last chance: everything is saved, and nothing is *streaming* any more.
    fn save_all(&mut self) -> Result<(), HistoryError> {
        let now = Instant::now();
        let unsaved: Vec<_> = self.streams.unsaved().map(str::to_owned).collect();
        let saved: Result<Vec<_>, _> =
            unsaved.iter().map(|answer| self.save(answer, now)).collect();
        if self.read_only.is_none() {
            store::interrupt_what_streams(&mut self.connection)?;
        }
        saved.map(drop)
    }

    fn writable(&self) -> Result<(), HistoryError> {
        self.read_only.clone().map_or(Ok(()), Err)
    }
}
