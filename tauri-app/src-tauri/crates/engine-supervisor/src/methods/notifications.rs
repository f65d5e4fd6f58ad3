//! What the engine tells on its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::rpc::RequestId;

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
    /// The values in the message.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}
