//! The engine's state in the form in which the page shows it.

use engine_supervisor::{EngineError, Phase, Snapshot};
use serde::Serialize;

use crate::assistant::ChosenModel;
use crate::error::AppError;

/// What the page shows of the engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EngineStatus {
    /// What it is doing.
    pub(crate) state: EngineState,
    /// How far loading is, 0 to 1.
    pub(crate) fraction: Option<f64>,
    /// The model that is used, loaded or not.
    pub(crate) model: ModelStatus,
    /// The id of the device that computes.
    pub(crate) device: Option<String>,
    /// Processes started so far: more than one means that the engine was replaced.
    pub(crate) starts: u64,
    /// What the engine said that a person should see.
    pub(crate) remarks: Vec<AppError>,
    /// How the last process ended, if nobody had asked it to.
    pub(crate) last_death: Option<AppError>,
    /// Why there is no engine or no model.
    pub(crate) problem: Option<AppError>,
}

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineState {
    /// No process; the next question starts one.
    Stopped,
    /// A process was started.
    Starting,
    /// A process without a model.
    Ready,
    /// A model is being loaded.
    Loading,
    /// It waits for a question.
    Idle,
    /// It writes.
    Generating,
    /// It was asked to stop writing.
    Cancelling,
    /// It was asked to end.
    Stopping,
    /// It ended while it started or loaded, and is tried again with the next question.
    Crashed,
    /// There is no engine or no model, for the reason in `problem`.
    Failed,
}

/// What the page shows of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelStatus {
    /// For a person.
    pub(crate) name: String,
    /// It is the tiny one that comes with the app.
    pub(crate) demo: bool,
    /// In tokens, once loaded.
    pub(crate) context_length: Option<u32>,
    /// Whether it answers or only continues text, once loaded.
    pub(crate) has_chat_template: Option<bool>,
}

impl EngineStatus {
    /// The state `snapshot` of an engine that uses `model`.
    pub(crate) fn new(snapshot: &Snapshot, model: &ChosenModel) -> Self {
        let loaded = snapshot.model.as_ref();
        Self {
            state: state(snapshot),
            fraction: match snapshot.phase {
                Phase::Loading { fraction } => Some(fraction),
                _ => None,
            },
            model: ModelStatus {
                name: model.name(),
                demo: model.demo,
                context_length: loaded.map(|loaded| loaded.model.context_length),
                has_chat_template: loaded.map(|loaded| loaded.model.has_chat_template),
            },
            device: loaded.map(|loaded| loaded.device.clone()),
            starts: snapshot.starts,
            remarks: snapshot.remarks.iter().cloned().map(AppError::from).collect(),
            last_death: snapshot.last_death.clone().map(|death| EngineError::Died(death).into()),
            problem: snapshot.problem.clone().map(AppError::from),
        }
    }

    /// The state of an app that has no engine, because of `problem`.
    pub(crate) fn without_engine(problem: AppError, model: &ChosenModel) -> Self {
        let status = Self::new(&Snapshot::default(), model);
        Self { state: EngineState::Failed, problem: Some(problem), ..status }
    }
}

fn state(snapshot: &Snapshot) -> EngineState {
    match (snapshot.phase, &snapshot.problem) {
        (Phase::Stopped | Phase::Ready, Some(EngineError::Died(_))) => EngineState::Crashed,
        (Phase::Stopped | Phase::Ready, Some(_)) => EngineState::Failed,
        (Phase::Stopped, None) => EngineState::Stopped,
        (Phase::Ready, None) => EngineState::Ready,
        (Phase::Starting, _) => EngineState::Starting,
        (Phase::Loading { .. }, _) => EngineState::Loading,
        (Phase::Idle, _) => EngineState::Idle,
        (Phase::Generating, _) => EngineState::Generating,
        (Phase::Cancelling, _) => EngineState::Cancelling,
        (Phase::Stopping, _) => EngineState::Stopping,
    }
}
