//! An answer as it stands in the end, for the page and for the history.

use engine_supervisor::{EngineError, FinishReason, Generated};
use history::{Message, MessageState, Timings};
use serde::Serialize;

use crate::error::AppError;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
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
#[cfg_attr(test, derive(ts_rs::TS))]
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
    pub(crate) finish_reason: Option<Ending>,
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

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Ending {
    /// The model was done, or a stop text came.
    Stop,
    /// `maxTokens` or the context was full.
    Length,
    /// It was asked to stop.
    Cancelled,
}

impl Ending {
    fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Cancelled => "cancelled",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Stop, Self::Length, Self::Cancelled].into_iter().find(|each| each.word() == word)
    }
}

impl From<FinishReason> for Ending {
    fn from(reason: FinishReason) -> Self {
        match reason {
            FinishReason::Stop => Self::Stop,
            FinishReason::Length => Self::Length,
            FinishReason::Cancelled => Self::Cancelled,
        }
    }
}

impl Answer {
    /// The answer that the engine ended with `end` after `text`.
    pub(crate) fn new(
        (conversation_id, message_id): (&str, &str),
        text: String,
        end: Result<Generated, EngineError>,
        forgotten_turns: usize,
    ) -> Self {
        let generated = end.as_ref().ok();
        Self {
            conversation_id: conversation_id.into(),
            message_id: message_id.into(),
            state: match &end {
                Ok(Generated { finish_reason: FinishReason::Cancelled, .. })
                | Err(EngineError::Died(_) | EngineError::Stopped) => AnswerState::Interrupted,
                Ok(_) => AnswerState::Done,
                Err(_) => AnswerState::Failed,
            },
            finish_reason: generated.map(|generated| generated.finish_reason.into()),
            tokens: generated.map(|generated| generated.completion_tokens),
            tokens_per_second: generated
                .and_then(|generated| generated.timings.decode_tokens_per_second),
            first_token_ms: generated.map(|generated| generated.timings.first_token_ms),
            forgotten_turns,
            problem: end.err().map(AppError::from),
            text,
        }
    }

    /// An answer of earlier, as the history has it.
    pub(crate) fn kept(conversation_id: &str, message: Message) -> Self {
        let timings = message.timings.unwrap_or_default();
        Self {
            conversation_id: conversation_id.into(),
            message_id: message.id,
            state: match message.state {
                MessageState::Done => AnswerState::Done,
                MessageState::Failed => AnswerState::Failed,
                MessageState::Interrupted | MessageState::Streaming => AnswerState::Interrupted,
            },
            text: message.text,
            finish_reason: timings.finish_reason.as_deref().and_then(Ending::from_word),
            tokens: timings.tokens,
            tokens_per_second: timings.tokens_per_second,
            first_token_ms: timings.first_token_ms,
            forgotten_turns: 0,
            problem: message.problem.map(AppError::from),
        }
    }

    /// How the history is to keep it; `prompt_tokens` is what only the engine knows.
    pub(crate) fn end(&self, prompt_tokens: Option<u64>) -> history::End {
        history::End {
            state: match self.state {
                AnswerState::Done => MessageState::Done,
                AnswerState::Interrupted => MessageState::Interrupted,
                AnswerState::Failed => MessageState::Failed,
            },
            timings: self.finish_reason.map(|reason| Timings {
                finish_reason: Some(reason.word().into()),
                prompt_tokens,
                tokens: self.tokens,
                tokens_per_second: self.tokens_per_second,
                first_token_ms: self.first_token_ms,
            }),
            problem: self.problem.clone().map(Into::into),
        }
    }
}
