//! The methods of protocol version 1 that this crate speaks, as types.

mod notifications;
mod requests;
mod results;

pub use notifications::{Delta, LoadProgress, LogRecord, Notification, PromptProgress};
pub use requests::{
    Client, GenerateOptions, GenerateParams, InitializeParams, Input, LoadParams, PROTOCOL_VERSION,
    Request, Role, Turn,
};
pub use results::{
    Backend, FinishReason, Generated, Initialized, LoadedModel, ModelInfo, Server, Timings,
};
