//! The methods of protocol version 1 that this crate speaks, as types.

use serde::{Deserialize, Serialize};

use crate::rpc::RequestId;

/// The version asked for in `initialize`.
pub const PROTOCOL_VERSION: u32 = 1;

/// What can be asked of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum Request {
    /// The first one, always.
    #[serde(rename = "initialize")]
    Initialize(InitializeParams),
    /// Loads a model in place of the one that is loaded.
    #[serde(rename = "model/load")]
    LoadModel(LoadParams),
    /// Writes a reply.
    #[serde(rename = "generate")]
    Generate(GenerateParams),
    /// Ends the process in order.
    #[serde(rename = "shutdown")]
    Shutdown,
}

/// Parameters of `initialize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeParams {
    /// The version that the driver speaks.
    pub protocol_version: u32,
    /// Who is driving.
    pub client: Client,
}

/// Name and version of the program that drives the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// For instance `localaiapp`.
    pub name: String,
    /// For instance `0.1.0`.
    pub version: String,
}

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
    /// `ready`, `probing` or `unavailable`.
    pub state: String,
    /// Why it is not available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Parameters of `model/load`. What is `None` the engine chooses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadParams {
    /// Absolute path of a GGUF file.
    pub path: String,
    /// In tokens; 0 is the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_length: Option<u32>,
    /// Layers to put on the device; −1 is as many as fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_layers: Option<i32>,
    /// A device's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// 0: chosen and adapted by the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
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

/// Who said something in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions to the model.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

/// What is to be continued or answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Text that is continued as it stands.
    Prompt(String),
    /// A conversation that is answered.
    Messages(Vec<Turn>),
}

/// Parameters of `generate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateParams {
    /// Prompt or messages.
    #[serde(flatten)]
    pub input: Input,
    /// The key under which the engine keeps the context for the next turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// How the text is chosen.
    #[serde(flatten)]
    pub options: GenerateOptions,
}

impl GenerateParams {
    /// A reply to `input` with the engine's own choice of everything else.
    #[must_use]
    pub fn new(input: Input) -> Self {
        Self { input, conversation: None, options: GenerateOptions::default() }
    }
}

/// Options of `generate`. What is `None` the engine chooses; it also checks the ranges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateOptions {
    /// The longest reply, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 is greedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Choose among the k likeliest tokens; 0 is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Choose among the likeliest tokens that hold this share together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Drop tokens below this share of the likeliest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Make repetition less likely; 1.0 is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_penalty: Option<f64>,
    /// The same seed gives the same text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Texts that end the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
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

/// What the engine tells on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum Notification {
    /// How far loading is.
    #[serde(rename = "model/progress")]
    LoadProgress(LoadProgress),
    /// How far reading the prompt is.
    #[serde(rename = "generate/progress")]
    PromptProgress(PromptProgress),
    /// A piece of a reply.
    #[serde(rename = "generate/delta")]
    Delta(Delta),
    /// Something that a person should see.
    #[serde(rename = "log")]
    Log(LogRecord),
}

impl Notification {
    /// The methods known here; others are ignored, as the protocol asks.
    pub(crate) const METHODS: [&str; 4] =
        ["model/progress", "generate/progress", "generate/delta", "log"];
}

/// Parameters of `model/progress`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadProgress {
    /// The request that loads.
    pub id: RequestId,
    /// 0 to 1.
    pub fraction: f64,
}

/// Parameters of `generate/progress`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptProgress {
    /// The request that reads.
    pub id: RequestId,
    /// Tokens read so far.
    pub prompt_tokens_done: u64,
    /// Tokens in all.
    pub prompt_tokens: u64,
}

/// Parameters of `generate/delta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The request that writes.
    pub id: RequestId,
    /// Counts from 0 without gaps.
    pub seq: u64,
    /// The next piece of the reply, never empty.
    pub text: String,
    /// Tokens sampled since the previous delta.
    pub tokens: u64,
}

/// Parameters of `log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// `info`, `warning` or `error`.
    pub level: String,
    /// A stable name.
    pub kind: String,
    /// One sentence for a person.
    pub message: String,
}
