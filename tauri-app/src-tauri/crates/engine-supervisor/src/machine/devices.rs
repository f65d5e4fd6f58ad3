//! The devices: which one is in use, what is held against it, and how the backends are now.

use serde_json::Value;

use super::Machine;
use super::answered::read;
use super::inputs::Effect;
use super::life::{Dead, Life, Work};
use crate::cause::Cause;
use crate::devices::DeviceChoice;
use crate::error::EngineError;
use crate::methods::{LogRecord, Request, Status};
use crate::policy::quarantine::{CPU, another_device};
use crate::rpc::{self, RequestId, RpcError};

/// What the engine says when a backend or a device of it is not what it was.
const OF_BACKENDS: [&str; 5] =
    ["backend_ready", "backend_unavailable", "device_ready", "device_skipped", CHOSEN];

/// What it says when it takes a device that nobody had asked for.
const CHOSEN: &str = "device_chosen";

/// What is kept of the reason for a choice, in characters.
const MAX_REASON: usize = 1_000;

impl Machine {
    pub(super) fn hear_of_devices(&mut self, record: &LogRecord) {
        if !OF_BACKENDS.contains(&record.kind.as_str()) {
            return;
        }
        if let Life::Running(running) = &mut self.life {
            running.backends.due = true;
        }
        let text = |name: &str| record.data.get(name).and_then(Value::as_str).unwrap_or_default();
        if record.kind != CHOSEN {
            return;
        }
        if self.is_loading() {
            let reason = text("reason").chars().take(MAX_REASON).collect();
            self.snapshot.choice = Some(DeviceChoice { device: text("device").into(), reason });
        } else if let Life::Dead(dead) = &mut self.life {
            blame(dead, text("device"));
        }
    }

    fn is_loading(&mut self) -> bool {
        let request = self.life.request();
        matches!(request.map(|request| &request.work), Some(Work::Load { .. }))
    }

    /// One question at a time, of an engine that has said who it is and was not killed.
    pub(super) fn ask_for_backends(&mut self) {
        let Life::Running(running) = &mut self.life else { return };
        let refresh = &running.backends;
        let ready = running.pings.is_some() && running.hung.is_none();
        if !ready || !refresh.due || refresh.open.is_some() {
            return;
        }
        self.last_id += 1;
        (running.backends.due, running.backends.open) = (false, Some(self.last_id));
        let epoch = running.epoch;
        let line = rpc::encode_request(&RequestId::Number(self.last_id), &Request::Status);
        self.effect(Effect::Send { epoch, line });
    }

    pub(super) fn backends_are(&mut self, outcome: Result<Value, RpcError>) {
        match outcome.map_err(EngineError::Refused).and_then(read::<Status>) {
            Ok(status) => {
                if let Some(engine) = &mut self.snapshot.engine {
                    engine.backends = status.backends;
                }
            }
            Err(error) => self.stray(|| format!("no status: {error}")),
        }
    }

    /// What computes now, as far as it is known.
    pub(super) fn device_in_use(&mut self) -> Option<String> {
        let loaded = self.snapshot.model.as_ref().map(|model| model.device.clone());
        let chosen = self.snapshot.choice.as_ref().map(|choice| choice.device.clone());
        match &self.life.request()?.work {
            Work::Generate(_) => loaded,
            Work::Load { model, .. } => model.device.clone().or(chosen),
            _ => None,
        }
    }

    /// What may do better than what computes now.
    pub(super) fn offer(&mut self) -> Option<String> {
        if let Some(device) = self.device_in_use() {
            return (device != CPU).then(|| CPU.into());
        }
        match &self.life.request()?.work {
            Work::Load { model, .. } => another_device(model, self.snapshot.engine.as_ref()),
            _ => None,
        }
    }

    /// Counts the death against the device that was in use. True: the CPU is used from now on,
    /// so it is not offered.
    pub(super) fn gives_up_the_device(&mut self, dead: &mut Dead, last_words: &[String]) -> bool {
        let Some(device) = &dead.device else { return false };
        let cause = Cause::of(dead.exit, last_words, dead.hung);
        let died = self.snapshot.last_death_at.unwrap_or(self.now);
        let given_up = self.device_crashes.crashed(device, died, cause, &self.policy);
        if given_up {
            log::error!("{device} is given up: the CPU computes from now on");
            dead.offer = None;
        }
        given_up
    }
}

/// What it had chosen to load on was still in the pipe when its death was noticed.
fn blame(dead: &mut Dead, chosen: &str) {
    let work = dead.request.as_ref().map(|request| &request.work);
    if matches!(work, Some(Work::Load { model, .. }) if model.device.is_none()) {
        dead.device = Some(chosen.into());
        dead.offer = (chosen != CPU).then(|| CPU.into());
    }
}
