//! What the engine answers.

use serde::{Deserialize, Serialize};

/// What an engine says of itself when it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialized {
    /// The version that it speaks.
    pub protocol_version: u32,
    /// The program.
    pub server: Server,
    /// Which set of backend libraries it carries: `cpu`, `vulkan`, `cuda`.
    pub variant: String,
    /// The backends that it found.
    pub backends: Vec<Backend>,
}

/// Name, version and build of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// The program's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Names the exact bytes that were built.
    pub build_id: String,
}

/// One compute backend of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// For instance `CPU`.
    pub name: String,
    /// The library that was chosen for this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// `ready`, `probing` or `unavailable`.
    pub state: String,
    /// Why it is not available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it computes on.
    #[serde(default)]
    pub devices: Vec<Device>,
}

/// A device that a model can be loaded on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its name in requests, for instance `CPU` or `Vulkan0`.
    pub id: String,
    /// For instance `cpu` or `gpu`.
    pub kind: String,
    /// For a person.
    pub description: String,
    /// In bytes.
    pub memory_total: u64,
    /// In bytes, when it was looked at.
    pub memory_free: u64,
    /// `proven`, `untried` or `failed`. `None`: there is nothing to prove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why it is not used by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Result of `status`, as far as it is news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The backends as they are now.
    pub backends: Vec<Backend>,
}

/// Result of `model/load`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadedModel {
    /// What was loaded.
    pub model: ModelInfo,
    /// The id of the device that computes.
    pub device: String,
    /// How long loading took, in milliseconds.
    pub load_ms: f64,
}

/// What a model says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// The name written in the file.
    pub name: String,
    /// In tokens, as loaded.
    pub context_length: u32,
    /// Whether it knows how to take turns in a conversation.
    pub has_chat_template: bool,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model was done, or a stop text came.
    Stop,
    /// `maxTokens` or the context was full.
    Length,
    /// It was asked to stop.
    Cancelled,
}

/// Result of `generate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generated {
    /// Why the reply ended.
    pub finish_reason: FinishReason,
    /// Code points of all of its text. `None`: the engine does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<u64>,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the reply.
    pub completion_tokens: u64,
    /// How long what took.
    pub timings: Timings,
}

impl Generated {
    /// The result of a reply that was cancelled before the engine heard of it.
    #[must_use]
    pub fn cancelled_early() -> Self {
        Self {
            finish_reason: FinishReason::Cancelled,
            characters: Some(0),
            prompt_tokens: 0,
            completion_tokens: 0,
            timings: Timings::default(),
        }
    }
}

/// Times of one reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// From receipt of the request to the first token, in milliseconds.
    pub first_token_ms: f64,
    /// Tokens per second while writing; `None` below two tokens.
    pub decode_tokens_per_second: Option<f64>,
}

/// Result of `tokenize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokenized {
    /// What `generate` would report as the prompt's tokens.
    pub tokens: u64,
}
