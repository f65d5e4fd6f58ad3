//! What can be asked of the engine.

use serde::{Deserialize, Serialize};

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
    /// Takes the model out; that there is none is fine.
    #[serde(rename = "model/unload")]
    UnloadModel,
    /// Writes a reply.
    #[serde(rename = "generate")]
    Generate(GenerateParams),
    /// Counts tokens.
    #[serde(rename = "tokenize")]
    Tokenize(TokenizeParams),
    /// Forgets a kept context.
    #[serde(rename = "session/forget")]
    Forget(ForgetParams),
    /// Asks for a sign of life.
    #[serde(rename = "ping")]
    Ping,
    /// Asks how things stand; answered at once, whatever it is doing.
    #[serde(rename = "status")]
    Status,
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

/// Parameters of `tokenize`: what is to be counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenizeParams {
    /// Text as it stands, like [`Input::Prompt`].
    Text(String),
    /// A conversation in the model's own form, like [`Input::Messages`].
    Messages(Vec<Turn>),
}

/// Parameters of `session/forget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetParams {
    /// The key under which the context is kept.
    pub conversation: String,
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
