//! What goes in and comes out while an answer is written.

use serde::Serialize;

use crate::types::{MessageState, Problem, Timings};

/// What a person asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Absent: a new conversation.
    pub conversation: Option<String>,
    /// Not empty; it is kept as it is.
    pub prompt: String,
    /// The model that is to answer.
    pub model: Option<String>,
}

/// An answer that was begun: the question is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// The conversation, a new one if none was named.
    pub conversation: String,
    /// Its title.
    pub title: String,
    /// The id of the question's message.
    pub question: String,
    /// The id of the answer's message: for appending to it and finishing it.
    pub answer: String,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Anything but [`MessageState::Streaming`].
    pub state: MessageState,
    /// What the engine measured.
    pub timings: Option<Timings>,
    /// What went wrong.
    pub problem: Option<Problem>,
}

impl End {
    /// Without timings or problem.
    #[must_use]
    pub fn new(state: MessageState) -> Self {
        Self { state, timings: None, problem: None }
    }
}

/// What became of a finished answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It is in the history.
    Kept,
    /// It was to replace an earlier answer, but nothing came: the earlier one is back.
    EarlierAnswerIsBack,
}

/// A message's text from some place on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextFrom {
    /// Where it begins, in UTF-16 code units: what was asked for, or one less if that was
    /// in the middle of a character.
    pub offset: usize,
    /// From there to the end.
    pub text: String,
    /// Length of the whole message in UTF-16 code units; the next place to ask for.
    pub length: usize,
    /// Whether more is to come.
    pub state: MessageState,
}
