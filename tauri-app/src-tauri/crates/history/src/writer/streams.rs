//! Answers that are being written, and when to save them. Pure: time is passed in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::answer::End;
use crate::types::MessageState;

/// Text that was appended is on disk within this time, unless the disk refuses it.
pub const SAVED_WITHIN: Duration = Duration::from_millis(500);

/// How long text waits for more to be saved along with it. The rest of [`SAVED_WITHIN`] is
/// for the disk: a sync takes up to 100 ms on one that turns.
const SAVE_AFTER: Duration = Duration::from_millis(250);

/// One answer.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) row: i64,
    pub(super) conversation: String,
    /// All of it so far.
    pub(super) text: String,
    /// It ended at this time, and that is not saved yet.
    pub(super) end: Option<(End, i64)>,
    /// Since when there is something to save, or since when it was last refused.
    waiting: Option<Instant>,
    /// The last attempt to save it failed.
    refused: bool,
}

impl Stream {
    pub(super) fn new(row: i64, conversation: String) -> Self {
        Self { row, conversation, text: String::new(), end: None, waiting: None, refused: false }
    }

    pub(super) fn append(&mut self, text: &str, now: Instant) {
        self.text.push_str(text);
        self.waiting.get_or_insert(now);
    }

    pub(super) fn state(&self) -> MessageState {
        self.end.as_ref().map_or(MessageState::Streaming, |(end, _)| end.state)
    }

    pub(super) fn saved(&mut self) {
        self.waiting = None;
        self.refused = false;
    }

    /// It stays to be saved. True the first time in a row.
    pub(super) fn refused(&mut self, now: Instant) -> bool {
        self.waiting = Some(now);
        !std::mem::replace(&mut self.refused, true)
    }
}

/// All of them, by the id of their message.
#[derive(Debug, Default)]
pub(super) struct Streams(HashMap<String, Stream>);

impl Streams {
    pub(super) fn insert(&mut self, answer: String, stream: Stream) {
        self.0.insert(answer, stream);
    }

    pub(super) fn get(&self, answer: &str) -> Option<&Stream> {
        self.0.get(answer)
    }

    pub(super) fn get_mut(&mut self, answer: &str) -> Option<&mut Stream> {
        self.0.get_mut(answer)
    }

    pub(super) fn remove(&mut self, answer: &str) {
        self.0.remove(answer);
    }

    pub(super) fn remove_conversation(&mut self, conversation: &str) {
        self.0.retain(|_, stream| stream.conversation != conversation);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether more is to come for an answer, of this conversation or of any.
    pub(super) fn is_writing(&self, conversation: Option<&str>) -> bool {
        self.0.values().any(|stream| {
            stream.end.is_none() && conversation.is_none_or(|id| id == stream.conversation)
        })
    }

    /// When the next one is to be saved.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.0.values().filter_map(|stream| stream.waiting).min().map(|since| since + SAVE_AFTER)
    }

    /// Those whose time has come.
    pub(super) fn due(&self, now: Instant) -> Vec<String> {
        let is_due =
            |stream: &Stream| stream.waiting.is_some_and(|since| since + SAVE_AFTER <= now);
        self.0.iter().filter(|(_, s)| is_due(s)).map(|(answer, _)| answer.clone()).collect()
    }

    /// Those with something to save.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, stream)| stream.waiting.is_some()).map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> Streams {
        let mut streams = Streams::default();
        streams.insert("a".into(), Stream::new(1, "c".into()));
        streams.insert("b".into(), Stream::new(2, "d".into()));
        streams
    }

    #[test]
    fn text_waits_no_longer_than_its_oldest_piece_may() {
        let start = Instant::now();
        let mut streams = streams();
        assert_eq!(streams.next_due(), None);
        let a = streams.get_mut("a").unwrap();
        a.append("Once", start);
        a.append(" upon", start + SAVE_AFTER / 2);
        assert_eq!(streams.next_due(), Some(start + SAVE_AFTER));
        assert_eq!(streams.due(start + SAVE_AFTER / 2), Vec::<String>::new());
        assert_eq!(streams.due(start + SAVE_AFTER), ["a"]);
        assert!(SAVE_AFTER < SAVED_WITHIN);
    }

    #[test]
    fn what_was_saved_is_not_due_and_what_was_refused_is_due_again() {
        let start = Instant::now();
        let mut streams = streams();
        for answer in ["a", "b"] {
            streams.get_mut(answer).unwrap().append("text", start);
        }
        streams.get_mut("a").unwrap().saved();
        let b = streams.get_mut("b").unwrap();
        assert!(b.refused(start), "the first time is told");
        assert!(!b.refused(start + SAVE_AFTER), "the next ones are not");
        assert_eq!(streams.next_due(), Some(start + 2 * SAVE_AFTER));
        assert_eq!(streams.unsaved().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn an_answer_that_ended_is_no_longer_being_written() {
        let mut streams = streams();
        assert!(streams.is_writing(Some("c")));
        streams.get_mut("a").unwrap().end = Some((End::new(MessageState::Done), 0));
        assert!(!streams.is_writing(Some("c")));
        assert!(streams.is_writing(None), "the other one still is");
    }
}
