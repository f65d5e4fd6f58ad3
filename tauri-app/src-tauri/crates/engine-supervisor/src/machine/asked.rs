//! What the program asks.

use std::collections::VecDeque;

use super::inputs::{Ask, Good};
use super::life::{Job, Life, Then, Waiter, Work};
use super::{MAX_WAITING, MAX_WAITING_IN_ALL, Machine};
use crate::cause::Hang;
use crate::error::EngineError;
use crate::methods::{Generated, LoadParams};
use crate::policy::hang::Patience;
use crate::policy::quarantine::another_device;
use crate::policy::repeats::Fingerprint;
use crate::problem::Problem;
use crate::reply::ReplyEvent;

impl Machine {
    pub(super) fn asked_to_load(&mut self, ask: Ask, model: Option<LoadParams>, insist: bool) {
        if self.ending {
            return self.refuse(ask, EngineError::Stopped);
        }
        if let Some(model) = model {
            if insist {
                self.insist_on(&model);
            }
            let diverted = self.device_crashes.divert(&model);
            if let Some(problem) = self.quarantined(&diverted) {
                return self.refuse(ask, problem.into());
            }
            self.choose(Some(model));
            self.reload = true;
        }
        let unavailable = self.life.failure().or(self.parked.clone().map(EngineError::from));
        match (unavailable, &self.snapshot.model) {
            (Some(error), _) => self.refuse(ask, error),
            // Not even a reply that is being written is waited for.
            (None, Some(loaded)) if self.chosen.is_some() && !self.reload => {
                let loaded = loaded.clone();
                self.answer(ask, Ok(Good::Model(loaded)));
            }
            (None, _) => {
                self.loads.push(Waiter { ask, any: false });
                self.wanted = true;
            }
        }
    }

    /// Takes `model`, or none, for the one to be loaded from now on.
    fn choose(&mut self, model: Option<LoadParams>) {
        self.refuse_loads(&EngineError::Superseded);
        self.supersede_load();
        self.chosen = model;
        self.parked = None;
        self.renewed = false;
        if !matches!(self.life, Life::Failed(_)) {
            self.snapshot.problem = None;
        }
    }

    fn insist_on(&mut self, model: &LoadParams) {
        self.load_crashes.forgive(model);
        self.device_crashes.forget();
        if matches!(self.life, Life::Failed(_)) {
            self.restarts.forget();
            self.life = Life::Absent;
        }
    }

    pub(super) fn quarantined(&self, model: &LoadParams) -> Option<Problem> {
        let crashes = self.load_crashes.count(model);
        (crashes >= self.policy.load_crashes).then(|| Problem::Quarantined {
            path: model.path.clone(),
            device: model.device.clone(),
            offer: another_device(model, self.snapshot.engine.as_ref()),
            crashes,
        })
    }

    /// What is being loaded is not wanted any more.
    fn supersede_load(&mut self) {
        let Some(request) = self.life.request() else { return };
        if let Work::Load { superseded, .. } = &mut request.work {
            *superseded = true;
            self.cancel_request();
        }
    }

    pub(super) fn asked_to_unload(&mut self, ask: Ask) {
        if self.ending {
            return self.refuse(ask, EngineError::Stopped);
        }
        self.choose(None);
        self.reload = false;
        self.wanted = false;
        if matches!(self.life, Life::Absent | Life::Failed(_)) {
            self.answer(ask, Ok(Good::Done));
        } else {
            self.waiting.push_back(Job::Unload { ask });
        }
    }

    pub(super) fn asked_to_do(&mut self, job: Job) {
        match self.reason_not_to_do(&job) {
            Some(error) => self.refuse_job(&job, error),
            None => self.waiting.push_back(job),
        }
    }

    fn reason_not_to_do(&self, job: &Job) -> Option<EngineError> {
        if self.ending {
            return Some(EngineError::Stopped);
        }
        let full = if job.needs_model() {
            self.waiting.iter().filter(|waiting| waiting.needs_model()).count() >= MAX_WAITING
        } else {
            self.waiting.len() >= MAX_WAITING_IN_ALL
        };
        if full {
            return Some(EngineError::Busy);
        }
        if let Job::Generate { params, .. } = job {
            let crashes = self.repeats.count(Fingerprint::of(params));
            if crashes >= self.policy.request_crashes {
                return Some(EngineError::KeepsKilling { crashes });
            }
        }
        self.life.failure()
    }

    /// One that has ended, or that nobody knows, is not touched.
    pub(super) fn asked_to_cancel(&mut self, ask: Ask) {
        let meant =
            |job: &Job| matches!(job, Job::Generate { ask: waiting, .. } if *waiting == ask);
        if let Some(index) = self.waiting.iter().position(meant) {
            self.waiting.remove(index);
            return self.tell(ask, ReplyEvent::Finished(Ok(Generated::cancelled_early())));
        }
        let running = self.life.request().map(|request| &request.work);
        if matches!(running, Some(Work::Generate(writing)) if writing.ask == Some(ask)) {
            self.cancel_request();
        }
    }

    /// Sends `cancel` for what the engine works on, once. One that was killed hears nothing.
    pub(super) fn cancel_request(&mut self) {
        let (now, Life::Running(running)) = (self.now, &mut self.life) else { return };
        if running.hung.is_some() {
            return;
        }
        let epoch = running.epoch;
        if let Some(request) = running.request.as_mut().filter(|request| !request.cancelled) {
            request.cancelled = true;
            request.patience = Patience::new(Hang::Cancel, now);
            let id = request.id;
            self.send_cancel(epoch, id);
        }
    }

    pub(super) fn asked_to_restart(&mut self, ask: Ask) {
        if self.ending {
            return self.refuse(ask, EngineError::Stopped);
        }
        self.restarts.forget();
        self.load_crashes.forget();
        self.device_crashes.forget();
        self.repeats.forget();
        self.parked = None;
        self.snapshot.problem = None;
        self.end(Then::Start);
        self.loads.push(Waiter { ask, any: true });
        self.wanted = true;
    }

    pub(super) fn asked_to_stop(&mut self, ask: Ask, for_good: bool) {
        self.ending |= for_good;
        self.stops.push(ask);
        self.end(Then::Nothing);
    }

    pub(super) fn refuse_job(&mut self, job: &Job, error: EngineError) {
        let ask = job.ask();
        match job {
            Job::Generate { .. } => self.tell(ask, ReplyEvent::Finished(Err(error))),
            _ => self.refuse(ask, error),
        }
    }

    pub(super) fn refuse_loads(&mut self, error: &EngineError) {
        for waiter in std::mem::take(&mut self.loads) {
            self.refuse(waiter.ask, error.clone());
        }
    }

    /// Tells everybody who waits for a model that there will be none.
    pub(super) fn refuse_all_that_need_a_model(&mut self, error: &EngineError) {
        self.wanted = false;
        self.refuse_loads(error);
        let (refused, kept): (VecDeque<Job>, VecDeque<Job>) =
            std::mem::take(&mut self.waiting).into_iter().partition(Job::needs_model);
        self.waiting = kept;
        refused.iter().for_each(|job| self.refuse_job(job, error.clone()));
    }

    /// Tells everybody who waits for anything that it will not come.
    pub(super) fn refuse_all(&mut self, error: &EngineError) {
        self.refuse_all_that_need_a_model(error);
        for job in std::mem::take(&mut self.waiting) {
            self.refuse_job(&job, error.clone());
        }
    }
}
