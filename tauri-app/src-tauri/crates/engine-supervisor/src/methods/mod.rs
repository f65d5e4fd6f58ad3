//! The methods of protocol version 1 that this crate speaks, as types.

mod notifications;
mod requests;
mod results;

pub use notifications::{Delta, LoadProgress, LogRecord, Notification, PromptProgress};
pub use requests::{
    Client, ForgetParams, GenerateOptions, GenerateParams, InitializeParams, Input, LoadParams,
    PROTOCOL_VERSION, Request, Role, TokenizeParams, Turn,
};
pub use results::{
    Backend, Device, FinishReason, Generated, Initialized, LoadedModel, ModelInfo, Server, Status,
    Timings, Tokenized,
};
