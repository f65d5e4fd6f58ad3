//! What can be seen of the engine from outside, at any moment.

use std::time::Instant;

use serde::Serialize;

use crate::cause::Cause;
use crate::death::Death;
use crate::devices::{DeviceChoice, DeviceNotice};
use crate::methods::{Initialized, LoadedModel, LogRecord};
use crate::problem::Problem;

/// What the engine is doing.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum State {
    /// No process; the next request starts one.
    #[default]
    Stopped,
    /// The process is being started and has not said yet who it is.
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
    /// It works on a request.
    Generating,
    /// It was asked to stop writing and has not answered yet.
    Cancelling,
    /// The process is gone, and nobody had asked it to go. The cause may still be refined by
    /// what the process wrote last; a moment later one of the next two states follows, or
    /// `Starting`.
    Crashed(Cause),
    /// It will be started again.
    BackingOff {
        /// Counts the crashes that led here.
        attempt: u32,
        /// When.
        until: Instant,
    },
    /// It is not started again before somebody insists.
    Failed(Problem),
    /// It was asked to end.
    Stopping,
}

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "EngineState"))]
pub enum StateKind {
    /// No process; the next request starts one.
    Stopped,
    /// A process was started.
    Starting,
    /// A process without a model.
    Ready,
    /// A model is being loaded.
    Loading,
    /// It waits for a request.
    Idle,
    /// It writes.
    Generating,
    /// It was asked to stop writing.
    Cancelling,
    /// It ended although nobody had asked it to.
    Crashed,
    /// It is started again in a moment.
    BackingOff,
    /// It is not started again before somebody insists.
    Failed,
    /// It was asked to end.
    Stopping,
}

impl State {
    /// Which state this is.
    #[must_use]
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Stopped => StateKind::Stopped,
            Self::Starting => StateKind::Starting,
            Self::Ready => StateKind::Ready,
            Self::Loading { .. } => StateKind::Loading,
            Self::Idle => StateKind::Idle,
            Self::Generating => StateKind::Generating,
            Self::Cancelling => StateKind::Cancelling,
            Self::Crashed(_) => StateKind::Crashed,
            Self::BackingOff { .. } => StateKind::BackingOff,
            Self::Failed(_) => StateKind::Failed,
            Self::Stopping => StateKind::Stopping,
        }
    }
}

/// The engine as it is now. Published whenever it changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// What it is doing.
    pub state: State,
    /// Since when; `None` before anything happened.
    pub since: Option<Instant>,
    /// The process, while there is one.
    pub pid: Option<u32>,
    /// What it said of itself; of its backends, what it said last.
    pub engine: Option<Initialized>,
    /// The model that is loaded.
    pub model: Option<LoadedModel>,
    /// The device that it chose by itself for that model, or for the one it loads now.
    pub choice: Option<DeviceChoice>,
    /// What there is to say about devices now.
    pub device_notices: Vec<DeviceNotice>,
    /// What this process said that a person should see, the latest about each subject.
    pub remarks: Vec<LogRecord>,
    /// How many processes were started so far: the number of the present one.
    pub starts: u64,
    /// How the last process ended, if nobody had asked it to.
    pub last_death: Option<Death>,
    /// When that was noticed.
    pub last_death_at: Option<Instant>,
    /// Why there is no engine or no model now. Cleared by the next success.
    pub problem: Option<Problem>,
}
