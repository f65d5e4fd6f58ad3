//! An end that was asked for: `shutdown` and the end of stdin, then the kill, then no more
//! waiting.

use super::Machine;
use super::inputs::{Effect, Good};
use super::life::{Ladder, Life, Rung, Then, Work};
use crate::error::EngineError;
use crate::methods::Request;
use crate::reply::ReplyEvent;
use crate::rpc::{self, RequestId};

impl Machine {
    /// Ends the process, if there is one, and everything that waits for it; `then` follows.
    pub(super) fn end(&mut self, then: Then) {
        self.refuse_all(&EngineError::Stopped);
        self.drop_work();
        self.snapshot.problem = self.parked.clone();
        match &mut self.life {
            Life::Running(running) => {
                let (epoch, hung) = (running.epoch, running.hung);
                let rung = match hung {
                    Some((_, give_up_at)) => Rung::Killed { give_up_at },
                    None => Rung::Asked { kill_at: self.now + self.policy.orderly_end },
                };
                self.climb_down(Ladder { epoch, rung, then });
            }
            Life::Stopping(ladder) => ladder.then = then,
            _ => {
                self.forget_process();
                self.snapshot.engine = None;
                self.follow(then);
            }
        }
    }

    /// Nobody who waits is told: it takes only longer.
    pub(super) fn load_in_another_process(&mut self) {
        log::info!("the device can be used by another process: the engine is started anew");
        let (loads, waiting) = (std::mem::take(&mut self.loads), std::mem::take(&mut self.waiting));
        self.end(Then::Start);
        (self.loads, self.waiting) = (loads, waiting);
        (self.wanted, self.renewed) = (true, true);
    }

    fn climb_down(&mut self, ladder: Ladder) {
        let epoch = ladder.epoch;
        self.life = Life::Stopping(ladder);
        let id = RequestId::Number(self.new_id());
        let line = rpc::encode_request(&id, &Request::Shutdown);
        self.effect(Effect::Send { epoch, line });
        self.effect(Effect::EndInput { epoch });
    }

    /// What was at work when it was asked to end, or when it died a moment before.
    fn drop_work(&mut self) {
        let work = match &mut self.life {
            Life::Running(running) => running.request.take(),
            Life::Dead(dead) => dead.request.take(),
            _ => None,
        };
        match work.map(|request| request.work) {
            Some(Work::Generate(writing)) => {
                if let Some(ask) = writing.ask {
                    self.tell(ask, ReplyEvent::Finished(Err(EngineError::Stopped)));
                }
            }
            Some(Work::Unload { ask } | Work::Forget { ask } | Work::Tokenize { ask }) => {
                self.refuse(ask, EngineError::Stopped);
            }
            Some(Work::Initialize | Work::Load { .. }) | None => {}
        }
    }

    /// The process that was asked to end is gone.
    pub(super) fn has_stopped(&mut self) {
        self.forget_process();
        self.snapshot.engine = None;
        if let Life::Stopping(ladder) = std::mem::replace(&mut self.life, Life::Absent) {
            self.follow(ladder.then);
        }
    }

    fn follow(&mut self, then: Then) {
        self.life = Life::Absent;
        for ask in std::mem::take(&mut self.stops) {
            self.answer(ask, Ok(Good::Done));
        }
        match then {
            Then::Nothing => {}
            Then::Start => self.start(),
            Then::Fail(problem) => self.fail(problem),
        }
    }
}
