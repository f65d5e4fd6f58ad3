//! The end of a process that nobody had asked to go.

use super::Machine;
use super::inputs::Effect;
use super::life::{Dead, Life, Work};
use crate::cause::{Cause, Hang};
use crate::death::{Death, Exit};
use crate::error::EngineError;
use crate::methods::LoadParams;
use crate::policy::restart::Verdict;
use crate::problem::Problem;
use crate::reply::ReplyEvent;

/// Exit codes after which starting it again changes nothing: a command line that it does not
/// understand, libraries that are missing, a version of the protocol that it does not speak.
const HOPELESS: [i32; 3] = [64, 69, 76];

impl Machine {
    /// It does not go on: it is killed, and what follows is dealt with as a death.
    pub(super) fn hang(&mut self, hang: Hang) {
        let taken_for_granted = self.now + self.policy.kill_limit;
        if let Life::Running(running) = &mut self.life {
            log::error!("the engine is killed because it hangs: {hang}");
            running.hung = Some((hang, taken_for_granted));
            let epoch = running.epoch;
            self.effect(Effect::Kill { epoch });
        }
    }

    /// The process is gone. What it wrote last may still tell why.
    pub(super) fn gone(&mut self, epoch: u64, exit: Exit) {
        if matches!(&self.life, Life::Stopping(ladder) if ladder.epoch == epoch) {
            return self.has_stopped();
        }
        let during = self.snapshot.state.kind();
        let (device, offer) = (self.device_in_use(), self.offer());
        let Some(running) = self.life.running(epoch) else { return };
        let dead = Dead {
            epoch,
            exit,
            hung: running.hung.map(|(hang, _)| hang),
            request: running.request.take(),
            during,
            device,
            offer,
            health: running.health,
        };
        self.snapshot.last_death = Some(death(&dead, Vec::new()));
        self.snapshot.last_death_at = Some(self.now);
        self.forget_process();
        self.life = Life::Dead(Box::new(dead));
    }

    pub(super) fn forget_process(&mut self) {
        self.snapshot.pid = None;
        self.snapshot.model = None;
        self.snapshot.choice = None;
        self.snapshot.remarks.clear();
    }

    /// All that there is to be known of the death is known.
    pub(super) fn buried(&mut self, epoch: u64, last_words: Vec<String>) {
        if !matches!(&self.life, Life::Dead(dead) if dead.epoch == epoch) {
            return;
        }
        let Life::Dead(dead) = std::mem::replace(&mut self.life, Life::Absent) else { return };
        let mut dead = *dead;
        let diverted = self.gives_up_the_device(&mut dead, &last_words);
        let death = death(&dead, last_words);
        log::warn!("the engine ended unexpectedly: {death}");
        self.snapshot.last_death = Some(death.clone());
        if let Some(request) = dead.request.take() {
            self.break_work(request.work, &death, diverted);
        }
        self.snapshot.engine = None;
        self.go_on_after(&dead, death);
    }

    /// `diverted`: its device is given up now, and another one is used by itself.
    fn break_work(&mut self, work: Work, death: &Death, diverted: bool) {
        let error = EngineError::Died(death.clone());
        match work {
            Work::Initialize => {}
            Work::Load { model, superseded, .. } => {
                self.load_crashes.crashed(&model);
                if !superseded && !diverted {
                    self.park(&model, death);
                }
            }
            Work::Generate(writing) => {
                self.repeats.crashed(writing.fingerprint);
                if let Some(ask) = writing.ask {
                    self.tell(ask, ReplyEvent::Finished(Err(error)));
                }
            }
            Work::Unload { ask } | Work::Forget { ask } | Work::Tokenize { ask } => {
                self.refuse(ask, error);
            }
        }
    }

    /// The engine comes back without this model, unless somebody asks for it again.
    fn park(&mut self, model: &LoadParams, death: &Death) {
        let problem = self.quarantined(model).unwrap_or_else(|| Problem::LoadCrashed {
            path: model.path.clone(),
            device: model.device.clone(),
            death: death.clone(),
        });
        self.refuse_all_that_need_a_model(&problem.clone().into());
        self.snapshot.problem = Some(problem.clone());
        self.parked = Some(problem);
    }

    fn go_on_after(&mut self, dead: &Dead, death: Death) {
        if self.ending {
            return;
        }
        if let Exit::Code(code) = death.exit
            && HOPELESS.contains(&code)
        {
            return self.fail(Problem::WillNotRun(death));
        }
        let (roll, died) = (self.roll(), self.snapshot.last_death_at.unwrap_or(self.now));
        match self.restarts.crashed(died, dead.health, roll, &self.policy) {
            Verdict::GiveUp { crashes } => self.fail(Problem::KeepsCrashing { crashes, death }),
            Verdict::Restart { attempt, after } => {
                self.wanted = true;
                self.life = Life::BackingOff { attempt, until: self.now + after };
            }
        }
    }
}

fn death(dead: &Dead, last_words: Vec<String>) -> Death {
    let cause = Cause::of(dead.exit, &last_words, dead.hung);
    Death { exit: dead.exit, cause, last_words, during: dead.during, offer: dead.offer.clone() }
}
