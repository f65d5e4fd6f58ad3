//! A reply while it is being written: one buffer between the engine and who listens.
//!
//! The engine's pipe is never blocked by a slow listener, and a slow listener costs bounded
//! memory: text waits joined in one buffer, progress only in its latest form.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::command::Command;
use crate::error::EngineError;
use crate::methods::Generated;

/// Text that may wait for a listener, in bytes. No context holds as much, so only a broken
/// engine gets here.
const MAX_WAITING_TEXT: usize = 8 * 1024 * 1024;

/// What happens to a reply. `Finished` is the last event.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// Tokens of the prompt read so far, and in all.
    PromptProgress {
        /// So far.
        done: u64,
        /// In all.
        total: u64,
    },
    /// All text that came since the last event.
    Text(String),
    /// The end, with the reason or the error.
    Finished(Result<Generated, EngineError>),
}

/// A reply while it is being written. Dropping it cancels it.
#[derive(Debug)]
pub struct Reply {
    canceller: Canceller,
}

impl Reply {
    /// The next event; after `Finished` there is none. Safe to drop while it waits.
    pub async fn next(&mut self) -> Option<ReplyEvent> {
        let buffer = &self.canceller.buffer;
        loop {
            match buffer.take() {
                Taken::Event(event) => return Some(event),
                Taken::Nothing => buffer.news.notified().await,
                Taken::Over => return None,
            }
        }
    }

    /// Cancels this reply from elsewhere.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.canceller.cancel();
    }
}

/// Cancels one reply. One that has ended already is not touched.
#[derive(Debug, Clone)]
pub struct Canceller {
    buffer: Arc<Buffer>,
    commands: mpsc::Sender<Command>,
}

impl Canceller {
    /// The reply ends soon, as cancelled, with what it has.
    pub fn cancel(&self) {
        self.buffer.cancelled.store(true, Ordering::Release);
        // A full queue does no harm: the mark is looked at after each command.
        let _ = self.commands.try_send(Command::LookForCancels);
    }
}

/// A reply, and the end of it that the supervisor writes to.
pub(crate) fn open(commands: mpsc::Sender<Command>) -> (Reply, ReplyWriter) {
    let buffer = Arc::new(Buffer::default());
    let writer = ReplyWriter { buffer: Arc::clone(&buffer) };
    (Reply { canceller: Canceller { buffer, commands } }, writer)
}

/// Where the supervisor writes a reply. Dropped unfinished, the reply ends as stopped.
#[derive(Debug)]
pub(crate) struct ReplyWriter {
    buffer: Arc<Buffer>,
}

impl ReplyWriter {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.buffer.cancelled.load(Ordering::Acquire)
    }

    /// Adds an event. False: the listener is so far behind that no more can be kept.
    pub(crate) fn write(&self, event: ReplyEvent) -> bool {
        let mut waiting = self.buffer.waiting();
        match event {
            ReplyEvent::PromptProgress { done, total } => waiting.progress = Some((done, total)),
            ReplyEvent::Text(text) if waiting.text.len() + text.len() > MAX_WAITING_TEXT => {
                return false;
            }
            ReplyEvent::Text(text) => waiting.text.push_str(&text),
            ReplyEvent::Finished(outcome) => waiting.end(outcome),
        }
        drop(waiting);
        self.buffer.news.notify_one();
        true
    }
}

impl Drop for ReplyWriter {
    fn drop(&mut self) {
        self.write(ReplyEvent::Finished(Err(EngineError::Stopped)));
    }
}

#[derive(Debug, Default)]
struct Buffer {
    waiting: Mutex<Waiting>,
    news: Notify,
    cancelled: AtomicBool,
}

/// What was not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    progress: Option<(u64, u64)>,
    text: String,
    end: Option<Result<Generated, EngineError>>,
    ended: bool,
}

enum Taken {
    Event(ReplyEvent),
    Nothing,
    Over,
}

impl Waiting {
    /// Only the first end counts.
    fn end(&mut self, outcome: Result<Generated, EngineError>) {
        if !self.ended {
            self.ended = true;
            self.end = Some(outcome);
        }
    }
}

impl Buffer {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that could panic happens while it is held, so what it holds is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Taken {
        let mut waiting = self.waiting();
        if let Some((done, total)) = waiting.progress.take() {
            return Taken::Event(ReplyEvent::PromptProgress { done, total });
        }
        if !waiting.text.is_empty() {
            return Taken::Event(ReplyEvent::Text(std::mem::take(&mut waiting.text)));
        }
        match waiting.end.take() {
            Some(outcome) => Taken::Event(ReplyEvent::Finished(outcome)),
            None if waiting.ended => Taken::Over,
            None => Taken::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Reply, ReplyWriter, mpsc::Receiver<Command>) {
        let (commands, received) = mpsc::channel(1);
        let (reply, writer) = open(commands);
        (reply, writer, received)
    }

    #[tokio::test]
    async fn text_that_nobody_took_is_joined_and_progress_replaced() {
        let (mut reply, writer, _commands) = opened();
        for done in 1..=3 {
            writer.write(ReplyEvent::PromptProgress { done, total: 3 });
        }
        writer.write(ReplyEvent::Text("Once ".into()));
        writer.write(ReplyEvent::Text("upon".into()));
        drop(writer);
        assert_eq!(reply.next().await, Some(ReplyEvent::PromptProgress { done: 3, total: 3 }));
        assert_eq!(reply.next().await, Some(ReplyEvent::Text("Once upon".into())));
        let end = Some(ReplyEvent::Finished(Err(EngineError::Stopped)));
        assert_eq!(reply.next().await, end);
        assert_eq!(reply.next().await, None);
    }

    #[tokio::test]
    async fn a_waiting_listener_is_woken() {
        let (mut reply, writer, _commands) = opened();
        let waiting = tokio::spawn(async move { reply.next().await });
        tokio::task::yield_now().await;
        writer.write(ReplyEvent::Text("a".into()));
        assert_eq!(waiting.await.unwrap(), Some(ReplyEvent::Text("a".into())));
    }

    #[tokio::test]
    async fn only_the_first_end_is_told() {
        let (mut reply, writer, _commands) = opened();
        writer.write(ReplyEvent::Finished(Ok(Generated::cancelled_early())));
        writer.write(ReplyEvent::Finished(Err(EngineError::Busy)));
        let end = Some(ReplyEvent::Finished(Ok(Generated::cancelled_early())));
        assert_eq!(reply.next().await, end);
        assert_eq!(reply.next().await, None);
    }

    #[test]
    fn a_listener_that_never_listens_costs_bounded_memory() {
        let (_reply, writer, _commands) = opened();
        let megabyte = "x".repeat(1024 * 1024);
        let kept = (0..20).filter(|_| writer.write(ReplyEvent::Text(megabyte.clone()))).count();
        assert_eq!(kept, 8);
    }

    #[test]
    fn a_dropped_reply_is_cancelled_although_the_queue_is_full() {
        let (reply, writer, _commands) = opened();
        reply.canceller.commands.try_send(Command::LookForCancels).unwrap();
        assert!(!writer.is_cancelled());
        drop(reply);
        assert!(writer.is_cancelled());
    }
}
