//! What is known of the process, and what it works on.

use std::time::Instant;

use super::inputs::Ask;
use crate::cause::Hang;
use crate::death::Exit;
use crate::error::EngineError;
use crate::methods::{GenerateParams, LoadParams, TokenizeParams};
use crate::policy::hang::{Patience, Pings};
use crate::policy::repeats::Fingerprint;
use crate::policy::restart::Health;
use crate::problem::Problem;
use crate::snapshot::StateKind;

/// The life of the process, or what is in its place.
#[derive(Debug)]
pub(super) enum Life {
    Absent,
    /// It was ordered; there is none yet.
    Spawning {
        epoch: u64,
    },
    Running(Box<Running>),
    /// It is gone; its pipes are still being read.
    Dead(Box<Dead>),
    BackingOff {
        attempt: u32,
        until: Instant,
    },
    Failed(Problem),
    Stopping(Ladder),
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) epoch: u64,
    pub(super) request: Option<InFlight>,
    /// `None`: it has not said yet who it is.
    pub(super) pings: Option<Pings>,
    /// Whether its backends are to be asked about, and the question that is open.
    pub(super) backends: Refresh,
    pub(super) health: Health,
    /// What it was killed for, and when its end is taken for granted.
    pub(super) hung: Option<(Hang, Instant)>,
}

#[derive(Debug)]
pub(super) struct Dead {
    pub(super) epoch: u64,
    pub(super) exit: Exit,
    pub(super) hung: Option<Hang>,
    pub(super) request: Option<InFlight>,
    pub(super) during: StateKind,
    /// What it computed on, if it was in use.
    pub(super) device: Option<String>,
    /// What may do better than that.
    pub(super) offer: Option<String>,
    pub(super) health: Health,
}

/// Questions for the backends of one life: one at a time, however much happens meanwhile.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    pub(super) due: bool,
    pub(super) open: Option<i64>,
}

/// How far an end that was asked for has come.
#[derive(Debug)]
pub(super) struct Ladder {
    pub(super) epoch: u64,
    pub(super) rung: Rung,
    pub(super) then: Then,
}

#[derive(Debug)]
pub(super) enum Rung {
    /// It was told to end, and its stdin is closed.
    Asked { kill_at: Instant },
    /// Its end is taken for granted then.
    Killed { give_up_at: Instant },
}

/// What follows on an end that was asked for.
#[derive(Debug)]
pub(super) enum Then {
    Nothing,
    Start,
    Fail(Problem),
}

/// The request that the engine has not answered yet.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) id: i64,
    pub(super) work: Work,
    pub(super) patience: Patience,
    pub(super) cancelled: bool,
}

#[derive(Debug)]
pub(super) enum Work {
    Initialize,
    Load { model: LoadParams, fraction: f64, superseded: bool },
    Generate(Writing),
    Unload { ask: Ask },
    Forget { ask: Ask },
    Tokenize { ask: Ask },
}

/// A reply that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    /// `None`: it was ended here; its answer is only waited for.
    pub(super) ask: Option<Ask>,
    pub(super) fingerprint: Fingerprint,
    pub(super) next_seq: u64,
    pub(super) characters: u64,
    pub(super) prompt_done: u64,
}

/// Something to be done when its turn comes.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    Generate { ask: Ask, params: GenerateParams },
    Tokenize { ask: Ask, params: TokenizeParams },
    Forget { ask: Ask, conversation: String },
    Unload { ask: Ask },
}

impl Job {
    pub(super) fn ask(&self) -> Ask {
        match self {
            Self::Generate { ask, .. }
            | Self::Tokenize { ask, .. }
            | Self::Forget { ask, .. }
            | Self::Unload { ask } => *ask,
        }
    }

    pub(super) fn needs_model(&self) -> bool {
        matches!(self, Self::Generate { .. } | Self::Tokenize { .. })
    }
}

/// Somebody who waits for the engine to be brought up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiter {
    pub(super) ask: Ask,
    /// An engine without a model will do.
    pub(super) any: bool,
}

impl Life {
    pub(super) fn running(&mut self, epoch: u64) -> Option<&mut Running> {
        match self {
            Self::Running(running) if running.epoch == epoch => Some(running),
            _ => None,
        }
    }

    pub(super) fn request(&mut self) -> Option<&mut InFlight> {
        match self {
            Self::Running(running) => running.request.as_mut(),
            _ => None,
        }
    }

    /// What the engine works on, or worked on when it died: what it wrote before that may
    /// still be in the pipe.
    pub(super) fn audible_request(&mut self) -> Option<&mut InFlight> {
        match self {
            Self::Running(running) => running.request.as_mut(),
            Self::Dead(dead) => dead.request.as_mut(),
            _ => None,
        }
    }

    pub(super) fn health(&mut self) -> Option<&mut Health> {
        match self {
            Self::Running(running) => Some(&mut running.health),
            Self::Dead(dead) => Some(&mut dead.health),
            _ => None,
        }
    }

    /// Why nothing can be asked of it.
    pub(super) fn failure(&self) -> Option<EngineError> {
        match self {
            Self::Failed(problem) => Some(problem.clone().into()),
            _ => None,
        }
    }
}
