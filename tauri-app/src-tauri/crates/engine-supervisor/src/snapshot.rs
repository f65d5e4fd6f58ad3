//! What can be seen of the engine from outside, at any moment.

use crate::death::Death;
use crate::error::EngineError;
use crate::methods::{Initialized, LoadedModel, LogRecord};

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Phase {
    /// No process; the next request starts one.
    #[default]
    Stopped,
    /// The process was started and has not said yet who it is.
    Starting,
    /// It runs without a model.
    Ready,
    /// It loads a model.
    Loading {
        /// 0 to 1.
        fraction: f64,
    },
    /// A model is loaded and nothing runs.
    Idle,
    /// It writes a reply.
    Generating,
    /// It was asked to stop writing and has not answered yet.
    Cancelling,
    /// It was asked to end.
    Stopping,
}

/// The engine as it is now. Published whenever it changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// What it is doing.
    pub phase: Phase,
    /// The process, while there is one.
    pub pid: Option<u32>,
    /// What it said of itself.
    pub engine: Option<Initialized>,
    /// The model that is loaded.
    pub model: Option<LoadedModel>,
    /// What this process said that a person should see, the latest of each kind.
    pub remarks: Vec<LogRecord>,
    /// How many processes were started so far.
    pub starts: u64,
    /// How the last process ended, if nobody had asked it to.
    pub last_death: Option<Death>,
    /// Why there is no engine or no model now. Cleared by the next success.
    pub problem: Option<EngineError>,
}
