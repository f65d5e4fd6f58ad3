//! What a handle asks of the supervisor's thread.

use tokio::sync::oneshot;

use crate::error::EngineError;
use crate::methods::{GenerateParams, LoadParams, LoadedModel, TokenizeParams};
use crate::reply::ReplyWriter;

/// Where an answer goes. That nobody waits for it any more is fine.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, EngineError>>;

#[derive(Debug)]
pub(crate) enum Command {
    /// Brings the engine up to a loaded model: this one, else the one chosen before.
    Load {
        model: Option<LoadParams>,
        insist: bool,
        answer: Answer<LoadedModel>,
    },
    /// A device was chosen anew: what was held against any does not count any more.
    TrustDevices,
    Unload {
        answer: Answer<()>,
    },
    Forget {
        conversation: String,
        answer: Answer<()>,
    },
    Tokenize {
        params: TokenizeParams,
        answer: Answer<u64>,
    },
    Generate {
        params: GenerateParams,
        reply: ReplyWriter,
    },
    /// A reply was cancelled; which one says the mark in its buffer.
    LookForCancels,
    Restart {
        answer: Answer<()>,
    },
    Stop {
        answer: Answer<()>,
    },
    ShutDown {
        answer: Answer<()>,
    },
}
