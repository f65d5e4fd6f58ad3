//! One answer on its way from the engine to the page.

use std::time::Instant;

use engine_supervisor::{
    Coalescer, Engine, EngineError, FinishReason, GenerateParams, Generated, ReplyEvent,
};
use serde::Serialize;
use tokio::sync::Notify;

use crate::error::AppError;

/// What the page hears while an answer is written. Numbered from 0 without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
pub(crate) enum StreamEvent {
    /// The prompt was accepted.
    Started {
        /// To go on with this conversation.
        conversation_id: String,
        /// To stop this answer.
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
        /// Never empty.
        text: String,
    },
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AnswerState {
    /// Complete, or as long as allowed.
    Done,
    /// Stopped by the user, or the engine ended while it was at work on it.
    Interrupted,
    /// The engine refused it.
    Failed,
}

/// An answer as it stands in the end: the truth, should a message have been lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    /// The conversation it belongs to.
    pub(crate) conversation_id: String,
    /// Its own name.
    pub(crate) message_id: String,
    /// How it ended.
    pub(crate) state: AnswerState,
    /// All of its text.
    pub(crate) text: String,
    /// Why it ended, if it ended in order.
    pub(crate) finish_reason: Option<FinishReason>,
    /// Its length.
    pub(crate) tokens: Option<u64>,
    /// Its speed, without the time to read the prompt.
    pub(crate) tokens_per_second: Option<f64>,
    /// From the request to the first token, in milliseconds.
    pub(crate) first_token_ms: Option<f64>,
    /// Earlier turns that the model no longer reads, for lack of room.
    pub(crate) forgotten_turns: usize,
    /// What went wrong, if it did.
    pub(crate) problem: Option<AppError>,
}

/// Numbers what the page hears and passes it on, if anybody listens.
pub(crate) struct Stream<F> {
    next: u64,
    listener: F,
}

impl<F: FnMut(StreamMessage)> Stream<F> {
    pub(crate) fn new(listener: F) -> Self {
        Self { next: 0, listener }
    }

    pub(crate) fn send(&mut self, event: StreamEvent) {
        (self.listener)(StreamMessage { seq: self.next, event });
        self.next += 1;
    }
}

/// Text and end of one reply.
pub(crate) type Outcome = (String, Result<Generated, EngineError>);

/// Has the engine write a reply and streams it in few messages of bounded size.
pub(crate) async fn write<F: FnMut(StreamMessage)>(
    engine: &Engine,
    params: GenerateParams,
    stop: &Notify,
    stream: &mut Stream<F>,
) -> Outcome {
    let mut reply = engine.generate(params);
    let mut coalescer = Coalescer::default();
    let mut text = String::new();
    loop {
        let due = coalescer.due(Instant::now());
        tokio::select! {
            event = reply.next() => match event {
                Some(ReplyEvent::Text(piece)) => {
                    coalescer.push(&piece);
                    text.push_str(&piece);
                }
                Some(ReplyEvent::PromptProgress { done, total }) => {
                    stream.send(StreamEvent::Progress { done, total });
                }
                Some(ReplyEvent::Finished(outcome)) => {
                    flush(&mut coalescer, stream);
                    return (text, outcome);
                }
                None => return (text, Err(EngineError::Stopped)),
            },
            () = wait_until(due) => flush(&mut coalescer, stream),
            () = stop.notified() => reply.canceller().cancel(),
        }
    }
}

fn flush<F: FnMut(StreamMessage)>(coalescer: &mut Coalescer, stream: &mut Stream<F>) {
    while let Some(text) = coalescer.take(Instant::now()) {
        stream.send(StreamEvent::Delta { text });
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
