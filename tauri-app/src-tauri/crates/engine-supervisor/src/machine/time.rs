//! What follows from the time alone.

use std::time::Instant;

use super::Machine;
use super::inputs::Effect;
use super::life::{Life, Rung};
use crate::death::Exit;
use crate::methods::Request;
use crate::policy::hang::Beat;
use crate::rpc::{self, RequestId};

impl Machine {
    /// When [`Input::Time`](super::Input::Time) is due at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.life {
            Life::Running(running) => {
                if let Some((_, taken_for_granted)) = running.hung {
                    return Some(taken_for_granted);
                }
                let answer =
                    running.request.as_ref().map(|request| request.patience.ends(&self.policy));
                let ping = running.pings.as_ref().map(|pings| pings.due());
                answer.into_iter().chain(ping).min()
            }
            Life::BackingOff { until, .. } => Some(*until),
            Life::Stopping(ladder) => Some(match ladder.rung {
                Rung::Asked { kill_at } => kill_at,
                Rung::Killed { give_up_at } => give_up_at,
            }),
            Life::Absent | Life::Spawning { .. } | Life::Dead(_) | Life::Failed(_) => None,
        }
    }

    pub(super) fn check_time(&mut self) {
        match &self.life {
            Life::Running(_) => self.check_for_hangs(),
            Life::Stopping(_) => self.check_the_ladder(),
            _ => {}
        }
    }

    fn check_for_hangs(&mut self) {
        let (now, policy, Life::Running(running)) = (self.now, &self.policy, &self.life) else {
            return;
        };
        let epoch = running.epoch;
        if let Some((_, taken_for_granted)) = running.hung {
            if now >= taken_for_granted {
                log::error!("the engine cannot even be killed; another one takes its place");
                self.gone(epoch, Exit::Unknown);
                self.buried(epoch, Vec::new());
            }
            return;
        }
        let request = running.request.as_ref();
        if let Some(hang) = request.and_then(|request| request.patience.over(now, policy)) {
            return self.hang(hang);
        }
        match running.pings.as_ref().map(|pings| pings.beat(now, policy)) {
            Some(Beat::Hung) => self.hang(crate::cause::Hang::Ping),
            Some(Beat::Send) => self.ping(epoch),
            Some(Beat::Wait) | None => {}
        }
    }

    fn ping(&mut self, epoch: u64) {
        let (id, now) = (self.new_id(), self.now);
        if let Life::Running(running) = &mut self.life
            && let Some(pings) = &mut running.pings
        {
            pings.sent(id, now, &self.policy);
        }
        let line = rpc::encode_request(&RequestId::Number(id), &Request::Ping);
        self.effect(Effect::Send { epoch, line });
    }

    fn check_the_ladder(&mut self) {
        let (now, Life::Stopping(ladder)) = (self.now, &mut self.life) else { return };
        let epoch = ladder.epoch;
        match ladder.rung {
            Rung::Asked { kill_at } if now >= kill_at => {
                log::warn!("the engine did not end when asked to; it is killed");
                ladder.rung = Rung::Killed { give_up_at: now + self.policy.kill_limit };
                self.effect(Effect::Kill { epoch });
            }
            Rung::Killed { give_up_at } if now >= give_up_at => {
                log::error!("the engine cannot even be killed");
                self.has_stopped();
            }
            Rung::Asked { .. } | Rung::Killed { .. } => {}
        }
    }

    /// Nobody was awake: every wait begins anew.
    pub(super) fn slept(&mut self) {
        let (now, Life::Running(running)) = (self.now, &mut self.life) else { return };
        if let Some(pings) = &mut running.pings {
            pings.renew(now, &self.policy);
        }
        if let Some(request) = &mut running.request {
            request.patience.renew(now);
        }
    }
}
