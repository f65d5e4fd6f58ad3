//! The engine's state in the form in which the page shows it.

use std::time::Instant;

use engine_supervisor::{EngineError, Snapshot, State, StateKind};
use serde::Serialize;

use crate::assistant::View;
use crate::devices::{self, DeviceStatus};
use crate::error::AppError;

/// What the page shows of the engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct EngineStatus {
    /// What it is doing.
    pub(crate) state: StateKind,
    /// How far loading is, 0 to 1.
    pub(crate) fraction: Option<f64>,
    /// Which restart is awaited, while the engine is *backing off*.
    pub(crate) attempt: Option<u32>,
    /// How long until then, in milliseconds.
    pub(crate) retry_in_ms: Option<u64>,
    /// The model that is used, loaded or not.
    pub(crate) model: ModelStatus,
    /// The id of the device that computes.
    pub(crate) device: Option<String>,
    /// The device that the settings ask for; absent: the engine chooses.
    pub(crate) requested_device: Option<String>,
    /// What the engine can compute on. Empty while there is no process.
    pub(crate) devices: Vec<DeviceStatus>,
    /// Processes started so far: more than one means that the engine was replaced.
    pub(crate) starts: u64,
    /// What the engine said that a person should see, and what is so about its devices.
    pub(crate) remarks: Vec<AppError>,
    /// How the last process ended, if nobody had asked it to.
    pub(crate) last_death: Option<AppError>,
    /// Why there is no engine or no model.
    pub(crate) problem: Option<AppError>,
}

/// What the page shows of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ModelStatus {
    /// What the page calls it by.
    pub(crate) id: String,
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
    /// The state `snapshot` of the engine, with what the page is shown beside it.
    pub(crate) fn new(snapshot: &Snapshot, view: &View) -> Self {
        let loaded = snapshot.model.as_ref();
        let (attempt, retry_in_ms) = awaited(&snapshot.state);
        let told = snapshot.remarks.iter().cloned().map(AppError::from);
        let noticed = snapshot.device_notices.iter().cloned().map(AppError::from);
        Self {
            state: snapshot.state.kind(),
            fraction: match snapshot.state {
                State::Loading { fraction } => Some(fraction),
                _ => None,
            },
            attempt,
            retry_in_ms,
            model: ModelStatus {
                id: view.model.id.clone(),
                name: view.model.name(),
                demo: view.model.demo(),
                context_length: loaded.map(|loaded| loaded.model.context_length),
                has_chat_template: loaded.map(|loaded| loaded.model.has_chat_template),
            },
            device: loaded.map(|loaded| loaded.device.clone()),
            requested_device: view.device.clone(),
            devices: devices::list(snapshot),
            starts: snapshot.starts,
            remarks: told.chain(noticed).chain(view.remarks.iter().cloned()).collect(),
            last_death: snapshot.last_death.clone().map(|death| EngineError::Died(death).into()),
            problem: snapshot.problem.clone().map(AppError::from),
        }
    }

    /// The state of an app that has no engine, because of `problem`.
    pub(crate) fn without_engine(problem: AppError, view: &View) -> Self {
        let status = Self::new(&Snapshot::default(), view);
        Self { state: StateKind::Failed, problem: Some(problem), ..status }
    }
}

fn awaited(state: &State) -> (Option<u32>, Option<u64>) {
    match state {
        State::BackingOff { attempt, until } => {
            let left = until.saturating_duration_since(Instant::now()).as_millis();
            (Some(*attempt), u64::try_from(left).ok())
        }
        _ => (None, None),
    }
}
