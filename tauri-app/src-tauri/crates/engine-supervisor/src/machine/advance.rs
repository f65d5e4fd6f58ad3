//! The next thing that is due, unless something is being done.

use super::Machine;
use super::inputs::{Effect, Good};
use super::life::{InFlight, Job, Life, Refresh, Running, Work, Writing};
use crate::cause::Hang;
use crate::error::EngineError;
use crate::methods::{ForgetParams, InitializeParams, PROTOCOL_VERSION, Request};
use crate::policy::hang::Patience;
use crate::policy::repeats::Fingerprint;
use crate::policy::restart::Health;
use crate::problem::Problem;
use crate::rpc::{self, MAX_LINE_BYTES, RequestId};

impl Machine {
    pub(super) fn advance(&mut self) {
        self.ask_for_backends();
        match &self.life {
            Life::Absent if self.wanted || !self.waiting.is_empty() => self.start(),
            Life::BackingOff { until, .. } if self.now >= *until => self.start(),
            Life::Running(running) if running.hung.is_none() => while self.take_a_step() {},
            _ => {}
        }
    }

    pub(super) fn start(&mut self) {
        self.snapshot.starts += 1;
        let epoch = self.snapshot.starts;
        self.life = Life::Spawning { epoch };
        self.effect(Effect::Start { epoch });
    }

    pub(super) fn started(&mut self, epoch: u64, pid: u32) {
        if !self.is_starting(epoch) {
            return;
        }
        self.snapshot.pid = Some(pid);
        self.life = Life::Running(Box::new(Running {
            epoch,
            request: None,
            pings: None,
            backends: Refresh::default(),
            health: Health::default(),
            hung: None,
        }));
        let params =
            InitializeParams { protocol_version: PROTOCOL_VERSION, client: self.client.clone() };
        self.request(Work::Initialize, Hang::Start, &Request::Initialize(params));
    }

    pub(super) fn not_started(&mut self, epoch: u64, problem: Problem) {
        if self.is_starting(epoch) {
            self.fail(problem);
        }
    }

    /// False when the engine is busy or nothing is to be done.
    fn take_a_step(&mut self) -> bool {
        if self.life.request().is_some() {
            return false;
        }
        if self.wanted {
            return if self.model_is_due() { self.load() } else { self.settle_loads() };
        }
        match self.waiting.front() {
            None => false,
            Some(job) if job.needs_model() && self.model_is_due() => self.load(),
            Some(_) => self.take_job(),
        }
    }

    fn model_is_due(&self) -> bool {
        let missing = self.snapshot.model.is_none() || self.reload;
        self.chosen.is_some() && self.parked.is_none() && missing
    }

    fn load(&mut self) -> bool {
        let Some(chosen) = &self.chosen else { return false };
        let model = self.device_crashes.divert(chosen);
        self.snapshot.model = None;
        self.snapshot.choice = None;
        self.reload = false;
        let request = Request::LoadModel(model.clone());
        let work = Work::Load { model, fraction: 0.0, superseded: false };
        match self.request(work, Hang::Load, &request) {
            None => false,
            Some(bytes) => {
                self.chosen = None;
                let error = EngineError::TooLong { bytes, limit: MAX_LINE_BYTES };
                self.refuse_all_that_need_a_model(&error);
                true
            }
        }
    }

    /// The engine is as far as it can get: tells those who waited for that.
    fn settle_loads(&mut self) -> bool {
        self.wanted = false;
        for waiter in std::mem::take(&mut self.loads) {
            let outcome = match (&self.snapshot.model, &self.parked) {
                _ if waiter.any => Ok(Good::Done),
                (Some(model), _) => Ok(Good::Model(model.clone())),
                (None, Some(problem)) => Err(problem.clone().into()),
                (None, None) => Err(EngineError::NoModel),
            };
            self.answer(waiter.ask, outcome);
        }
        true
    }

    fn take_job(&mut self) -> bool {
        let Some(job) = self.waiting.pop_front() else { return false };
        if job.needs_model() && self.snapshot.model.is_none() {
            let reason = self.parked.clone().map_or(EngineError::NoModel, EngineError::from);
            self.refuse_job(&job, reason);
            return true;
        }
        let (work, hang, request) = prepare(&job);
        if let Some(bytes) = self.request(work, hang, &request) {
            self.refuse_job(&job, EngineError::TooLong { bytes, limit: MAX_LINE_BYTES });
        }
        true
    }

    /// Sends a request; or returns its length if it is too long to be sent. The engine could
    /// not say whose request it had refused.
    fn request(&mut self, work: Work, hang: Hang, request: &Request) -> Option<usize> {
        let id = self.new_id();
        let line = rpc::encode_request(&RequestId::Number(id), request);
        if line.len() > MAX_LINE_BYTES {
            return Some(line.len());
        }
        let patience = Patience::new(hang, self.now);
        if let Life::Running(running) = &mut self.life {
            running.request = Some(InFlight { id, work, patience, cancelled: false });
            let epoch = running.epoch;
            self.effect(Effect::Send { epoch, line });
        }
        None
    }

    pub(super) fn send_cancel(&mut self, epoch: u64, id: i64) {
        let line = rpc::encode_cancel(&RequestId::Number(id));
        self.effect(Effect::Send { epoch, line });
    }

    /// There will be no engine until somebody insists.
    pub(super) fn fail(&mut self, problem: Problem) {
        log::error!("no engine: {problem}");
        self.snapshot.problem = Some(problem.clone());
        self.refuse_all(&problem.clone().into());
        self.life = Life::Failed(problem);
    }
}

fn prepare(job: &Job) -> (Work, Hang, Request) {
    match job.clone() {
        Job::Generate { ask, params } => {
            let writing = Writing {
                ask: Some(ask),
                fingerprint: Fingerprint::of(&params),
                next_seq: 0,
                characters: 0,
                prompt_done: 0,
            };
            (Work::Generate(writing), Hang::Prompt, Request::Generate(params))
        }
        Job::Tokenize { ask, params } => {
            (Work::Tokenize { ask }, Hang::Answer, Request::Tokenize(params))
        }
        Job::Forget { ask, conversation } => {
            (Work::Forget { ask }, Hang::Answer, Request::Forget(ForgetParams { conversation }))
        }
        Job::Unload { ask } => (Work::Unload { ask }, Hang::Answer, Request::UnloadModel),
    }
}
