//! What was said before: opened again, deleted with all traces in the engine.

use std::time::{Duration, SystemTime};

use history::{Conversation, Message};
use serde::Serialize;

use super::Assistant;
use crate::error::AppError;

/// Messages of a conversation that a page gets at once.
pub(crate) const MESSAGES_AT_ONCE: usize = 200;

/// How long an answer that was told to stop may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A conversation with its last messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OpenConversation {
    /// Itself.
    pub(crate) conversation: Conversation,
    /// In their order. One that is still being written is *streaming*, with its text so far.
    pub(crate) messages: Vec<Message>,
}

impl Assistant {
    /// The conversation whose answer is being written, else the last one.
    ///
    /// # Errors
    /// What is wrong with the history.
    pub(crate) async fn resume(&self) -> Result<Option<OpenConversation>, AppError> {
        let live = self.desk().live.as_ref().map(|live| live.conversation_id.clone());
        let last = match live {
            Some(id) => Some(id),
            None => self
                .kept(|history| history.conversations(None, 1))
                .await?
                .conversations
                .into_iter()
                .next()
                .map(|conversation| conversation.id),
        };
        match last {
            Some(id) => self.open(id, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// A conversation with the last messages before the message `before`.
    ///
    /// # Errors
    /// `unknown_conversation`, `unknown_message`.
    pub(crate) async fn open(
        &self,
        id: String,
        before: Option<String>,
    ) -> Result<OpenConversation, AppError> {
        self.kept(move |history| {
            Ok(OpenConversation {
                conversation: history.conversation(&id)?,
                messages: history.messages(&id, before.as_deref(), MESSAGES_AT_ONCE)?,
            })
        })
        .await
    }

    /// Deletes a conversation, and what the engine keeps of it. An answer that is being
    /// written in it is stopped first.
    ///
    /// # Errors
    /// `unknown_conversation`; what is wrong with the history.
    pub(crate) async fn delete(&self, id: String) -> Result<(), AppError> {
        let live = self.desk().live.clone().filter(|live| live.conversation_id == id);
        if let Some(live) = live {
            live.stop.notify_one();
            let _ = tokio::time::timeout(STOP_LIMIT, live.ended()).await;
        }
        self.kept(move |history| history.delete(&id, SystemTime::now())).await?;
        self.forget_deleted().await;
        Ok(())
    }

    /// Has the engine forget the contexts of deleted conversations, on disk too. What it
    /// cannot forget now it is told again at the next start.
    pub(crate) async fn forget_deleted(&self) {
        let (Ok(engine), Ok(pending)) =
            (&self.engine, self.kept(|history| history.pending_forgets()).await)
        else {
            return;
        };
        for conversation in pending {
            if let Err(error) = engine.forget(conversation.as_str()).await {
                log::warn!("the context of a deleted conversation is still kept: {error}");
                return;
            }
            if let Err(error) = self.kept(move |history| history.forgotten(&conversation)).await {
                log::warn!("{}", error.message);
            }
        }
    }
}
