//! The state as it is seen from outside.

use super::Machine;
use super::life::{Life, Running, Work};
use crate::devices::DeviceNotice;
use crate::snapshot::State;

impl Machine {
    pub(super) fn show(&mut self) {
        let state = self.state();
        if state.kind() != self.snapshot.state.kind() || self.snapshot.since.is_none() {
            self.snapshot.since = Some(self.now);
        }
        self.snapshot.state = state;
        let given_up = self.device_crashes.given_up().iter().map(DeviceNotice::from);
        let other = self.other_device.clone().filter(|_| self.snapshot.model.is_some());
        self.snapshot.device_notices = given_up.chain(other).collect();
    }

    fn state(&self) -> State {
        match &self.life {
            Life::Absent => State::Stopped,
            Life::Spawning { .. } => State::Starting,
            Life::Running(running) => self.state_of(running),
            Life::Dead(_) => match &self.snapshot.last_death {
                Some(death) => State::Crashed(death.cause),
                None => State::Stopped,
            },
            Life::BackingOff { attempt, until } => {
                State::BackingOff { attempt: *attempt, until: *until }
            }
            Life::Failed(problem) => State::Failed(problem.clone()),
            Life::Stopping(_) => State::Stopping,
        }
    }

    fn state_of(&self, running: &Running) -> State {
        let request = running.request.as_ref();
        match request.map(|request| (&request.work, request.cancelled)) {
            Some((Work::Initialize, _)) => State::Starting,
            Some((Work::Load { fraction, .. }, _)) => State::Loading { fraction: *fraction },
            Some((Work::Generate(_), true)) => State::Cancelling,
            Some((Work::Generate(_), false)) => State::Generating,
            _ if self.snapshot.model.is_some() => State::Idle,
            _ => State::Ready,
        }
    }
}
