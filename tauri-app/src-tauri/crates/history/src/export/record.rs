//! The JSON file, version 1: `{"format", "version", "exported", "conversations": […]}`.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::HistoryError;
use crate::types::{Conversation, Message, MessageState};
use crate::{conversations, messages};

/// Tells the file from any other JSON.
pub(crate) const FORMAT: &str = "localaiapp-history";

/// What is written, and the newest that is read.
pub(crate) const VERSION: u32 = 1;

/// One conversation in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConversationRecord {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    pub(crate) messages: Vec<Message>,
}

impl ConversationRecord {
    /// All of a conversation. What is being written is interrupted in the file.
    pub(crate) fn read(connection: &Connection, id: &str) -> Result<Self, HistoryError> {
        let Conversation { id, title, created, updated, model } =
            conversations::one(connection, id)?;
        let mut messages = messages::of(connection, &id, None, usize::MAX)?;
        for message in &mut messages {
            if message.state == MessageState::Streaming {
                message.state = MessageState::Interrupted;
            }
        }
        Ok(Self { id, title, created, updated, model, messages })
    }

    /// Without its messages.
    pub(crate) fn conversation(&self) -> Conversation {
        Conversation {
            id: self.id.clone(),
            title: self.title.clone(),
            created: self.created,
            updated: self.updated,
            model: self.model.clone(),
        }
    }
}
