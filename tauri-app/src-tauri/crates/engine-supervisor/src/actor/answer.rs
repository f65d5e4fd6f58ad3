//! The end of something that was asked for, on its way to who asked.

use tokio::sync::oneshot;

use crate::error::EngineError;
use crate::in_flight::Job;
use crate::methods::{Generated, LoadedModel};

/// The end of something that was asked for.
pub(super) enum Answer {
    Load(oneshot::Sender<Result<LoadedModel, EngineError>>, Result<LoadedModel, EngineError>),
    Reply(Job, Result<Generated, EngineError>),
}

impl Answer {
    /// Nobody waiting for it any more is fine.
    pub(super) fn deliver(self) {
        match self {
            Self::Load(asked, outcome) => drop(asked.send(outcome)),
            Self::Reply(job, outcome) => job.finish(outcome),
        }
    }
}
