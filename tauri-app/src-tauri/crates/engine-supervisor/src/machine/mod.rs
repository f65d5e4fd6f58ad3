//! The state machine that decides everything: inputs and the time go in, effects come out.
//! It has no clock, no pipe and no process, so that every sequence of events can be tried.

mod advance;
mod answered;
mod asked;
mod devices;
mod ended;
mod heard;
mod inputs;
mod life;
#[cfg(test)]
mod properties;
mod show;
mod stopping;
#[cfg(test)]
mod tests;
mod time;
#[cfg(test)]
mod world;

use std::collections::VecDeque;
use std::time::Instant;

pub(crate) use self::inputs::{Ask, Effect, Good, Input};
pub(crate) use self::life::Job;
use self::life::{Life, Waiter};
use crate::devices::DeviceNotice;
use crate::error::EngineError;
use crate::methods::{Client, LoadParams};
use crate::policy::device_crashes::DeviceCrashes;
use crate::policy::quarantine::LoadCrashes;
use crate::policy::repeats::Repeats;
use crate::policy::restart::Restarts;
use crate::problem::Problem;
use crate::reply::ReplyEvent;
use crate::settings::Policy;
use crate::snapshot::Snapshot;

/// Replies, and counts of tokens, that may wait their turn.
const MAX_WAITING: usize = 8;

/// Everything that may wait its turn, chores included.
const MAX_WAITING_IN_ALL: usize = 64;

pub(crate) struct Machine {
    policy: Policy,
    client: Client,
    now: Instant,
    life: Life,
    snapshot: Snapshot,
    /// The model to load now and after every restart.
    chosen: Option<LoadParams>,
    /// The chosen one is not the one that is loaded.
    reload: bool,
    /// Why the chosen model is not loaded by itself.
    parked: Option<Problem>,
    /// Whether the engine is to be brought up, with the chosen model, without a job waiting.
    wanted: bool,
    loads: Vec<Waiter>,
    waiting: VecDeque<Job>,
    stops: Vec<Ask>,
    /// It is shut down: nothing is begun any more.
    ending: bool,
    restarts: Restarts,
    load_crashes: LoadCrashes,
    device_crashes: DeviceCrashes,
    /// The chosen model is being loaded in a process that was started for that.
    renewed: bool,
    /// The loaded model is not on the device that was asked for.
    other_device: Option<DeviceNotice>,
    repeats: Repeats,
    last_id: i64,
    strays: u64,
    random: u64,
    effects: Vec<Effect>,
}

impl Machine {
    /// `seed` makes the delays of restarts differ from those of other supervisors.
    pub(crate) fn new(policy: Policy, client: Client, seed: u64, now: Instant) -> Self {
        Self {
            policy,
            client,
            now,
            life: Life::Absent,
            snapshot: Snapshot::default(),
            chosen: None,
            reload: false,
            parked: None,
            wanted: false,
            loads: Vec::new(),
            waiting: VecDeque::new(),
            stops: Vec::new(),
            ending: false,
            restarts: Restarts::default(),
            load_crashes: LoadCrashes::default(),
            device_crashes: DeviceCrashes::default(),
            renewed: false,
            other_device: None,
            repeats: Repeats::default(),
            last_id: 0,
            strays: 0,
            random: seed,
            effects: Vec::new(),
        }
    }

    /// Takes note of `input` and says what is to be done, in that order.
    pub(crate) fn handle(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        self.now = now;
        self.take_note(input);
        self.check_time();
        self.advance();
        self.show();
        std::mem::take(&mut self.effects)
    }

    /// What can be seen from outside.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whether the process of that epoch is still to be started.
    pub(crate) fn is_starting(&self, epoch: u64) -> bool {
        matches!(self.life, Life::Spawning { epoch: spawning } if spawning == epoch)
    }

    /// Whether it is being shut down.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending
    }

    /// Whether it was shut down and everything has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.ending && self.stops.is_empty()
    }

    fn take_note(&mut self, input: Input) {
        match input {
            Input::Load { ask, model, insist } => self.asked_to_load(ask, model, insist),
            Input::TrustDevices => self.device_crashes.forget(),
            Input::Unload { ask } => self.asked_to_unload(ask),
            Input::Do(job) => self.asked_to_do(job),
            Input::Cancel { ask } => self.asked_to_cancel(ask),
            Input::Overflowed { ask } => self.give_up_listening(ask),
            Input::Restart { ask } => self.asked_to_restart(ask),
            Input::Stop { ask } => self.asked_to_stop(ask, false),
            Input::ShutDown { ask } => self.asked_to_stop(ask, true),
            Input::Started { epoch, pid } => self.started(epoch, pid),
            Input::NotStarted { epoch, problem } => self.not_started(epoch, problem),
            Input::Heard { epoch, message } => self.heard(epoch, message),
            Input::Gone { epoch, exit } => self.gone(epoch, exit),
            Input::Buried { epoch, last_words } => self.buried(epoch, last_words),
            Input::Slept => self.slept(),
            Input::Time => {}
        }
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn answer(&mut self, ask: Ask, outcome: Result<Good, EngineError>) {
        self.effect(Effect::Answer { ask, outcome });
    }

    fn refuse(&mut self, ask: Ask, error: EngineError) {
        self.answer(ask, Err(error));
    }

    fn tell(&mut self, ask: Ask, event: ReplyEvent) {
        self.effect(Effect::Tell { ask, event });
    }

    fn new_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// From −1 to 1; splitmix64.
    fn roll(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = u32::try_from((bits ^ (bits >> 31)) >> 32).unwrap_or_default();
        f64::from(high) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}
