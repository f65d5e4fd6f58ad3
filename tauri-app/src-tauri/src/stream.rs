//! What the page hears while an answer is written.

use serde::Serialize;

/// What the page hears while an answer is written. Numbered from 0 without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct StreamMessage {
    /// Its number.
    pub(crate) seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub(crate) event: StreamEvent,
}

/// What happened to an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum StreamEvent {
    /// The prompt was accepted, or a page listens again.
    Started {
        /// To go on with this conversation.
        conversation_id: String,
        /// To stop this answer, and to ask for its text.
        message_id: String,
    },
    /// The engine is reading the prompt.
    Progress {
        /// Tokens read so far.
        done: u64,
        /// Tokens in all.
        total: u64,
    },
    /// The next piece of text.
    Delta {
        /// Where it belongs, in UTF-16 code units from the beginning of the answer.
        offset: usize,
        /// Never empty.
        text: String,
    },
}

/// Numbers what the page hears and passes it on, if anybody listens.
pub(crate) struct Stream<F> {
    next: u64,
    offset: usize,
    listener: F,
}

impl<F: FnMut(StreamMessage)> Stream<F> {
    /// For a listener that knows `offset` UTF-16 units of the text already.
    pub(crate) fn new(offset: usize, listener: F) -> Self {
        Self { next: 0, offset, listener }
    }

    pub(crate) fn started(&mut self, conversation_id: &str, message_id: &str) {
        let (conversation_id, message_id) = (conversation_id.into(), message_id.into());
        self.send(StreamEvent::Started { conversation_id, message_id });
    }

    pub(crate) fn progress(&mut self, done: u64, total: u64) {
        self.send(StreamEvent::Progress { done, total });
    }

    pub(crate) fn delta(&mut self, text: String) {
        let offset = self.offset;
        self.offset += text.encode_utf16().count();
        self.send(StreamEvent::Delta { offset, text });
    }

    fn send(&mut self, event: StreamEvent) {
        (self.listener)(StreamMessage { seq: self.next, event });
        self.next += 1;
    }
}
