//! The one owner of the engine: one process at most, one request at a time.
//!
//! Everything that happens (a command, a message, a death) is first taken note of and
//! then followed by [`Actor::advance`], which does the next thing that is due.

mod answer;
mod hear;
mod stop;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

use self::answer::Answer;
use crate::engine::{ReplyEvent, Settings};
use crate::error::EngineError;
use crate::in_flight::{InFlight, Job, Work};
use crate::methods::{
    GenerateParams, Generated, InitializeParams, LoadParams, LoadedModel, PROTOCOL_VERSION, Request,
};
use crate::process::{Process, Told};
use crate::rpc::{self, RequestId};
use crate::snapshot::{Phase, Snapshot};

/// Messages of the engine that may wait for the actor; then the pipe holds them.
const EVENT_QUEUE: usize = 256;

/// Replies that may wait their turn, as many as the protocol lets an engine queue.
const MAX_WAITING: usize = 8;

/// What a handle asks of the actor.
#[derive(Debug)]
pub(crate) enum Command {
    /// Brings the engine up to a loaded model: this one, else the one chosen before.
    Load {
        model: Option<LoadParams>,
        answer: oneshot::Sender<Result<LoadedModel, EngineError>>,
    },
    Generate {
        id: RequestId,
        params: GenerateParams,
        events: mpsc::UnboundedSender<ReplyEvent>,
    },
    Cancel {
        id: RequestId,
    },
    ShutDown {
        done: oneshot::Sender<()>,
    },
}

pub(crate) struct Actor {
    settings: Settings,
    snapshot: Snapshot,
    publish: watch::Sender<Snapshot>,
    next_id: Arc<AtomicI64>,
    events: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    process: Option<Process>,
    in_flight: Option<InFlight>,
    /// The model to load now and after every restart.
    model: Option<LoadParams>,
    /// Whether the engine is to be brought up to a loaded model without a reply waiting.
    wanted: bool,
    /// An engine that died was replaced at once, and the new one has not written a reply yet.
    unproven: bool,
    loads: Vec<oneshot::Sender<Result<LoadedModel, EngineError>>>,
    waiting: VecDeque<Job>,
    shutting_down: Vec<oneshot::Sender<()>>,
    /// Told only after the state that goes with it was published.
    outbox: Vec<Answer>,
}

impl Actor {
    pub(crate) fn new(
        settings: Settings,
        publish: watch::Sender<Snapshot>,
        next_id: Arc<AtomicI64>,
    ) -> Self {
        let (events, told) = mpsc::channel(EVENT_QUEUE);
        Self {
            settings,
            snapshot: Snapshot::default(),
            publish,
            next_id,
            events,
            told,
            process: None,
            in_flight: None,
            model: None,
            wanted: false,
            unproven: false,
            loads: Vec::new(),
            waiting: VecDeque::new(),
            shutting_down: Vec::new(),
            outbox: Vec::new(),
        }
    }

    /// Works until it was shut down or every handle is gone; the engine has ended then.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while self.shutting_down.is_empty() {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                Some(told) = self.told.recv() => self.hear(told),
            }
            self.advance();
            self.snapshot.phase = self.phase();
            self.announce();
        }
        commands.close();
        while let Ok(command) = commands.try_recv() {
            self.obey(command);
        }
        self.stop().await;
        for done in self.shutting_down {
            let _ = done.send(());
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Load { model, answer } => {
                if model.is_some() {
                    self.model = model;
                    self.snapshot.model = None;
                }
                self.loads.push(answer);
                self.wanted = true;
            }
            Command::Generate { id, params, events } => {
                let job = Job { id, params, events };
                if self.waiting.len() < MAX_WAITING {
                    self.waiting.push_back(job);
                } else {
                    self.finish(job, Err(EngineError::Busy));
                }
            }
            Command::Cancel { id } => self.cancel(&id),
            Command::ShutDown { done } => self.shutting_down.push(done),
        }
    }

    fn cancel(&mut self, id: &RequestId) {
        if let Some(index) = self.waiting.iter().position(|job| job.id == *id) {
            if let Some(job) = self.waiting.remove(index) {
                self.finish(job, Ok(Generated::cancelled_early()));
            }
        } else if let (Some(running), Some(process)) = (&mut self.in_flight, &self.process)
            && running.id == *id
            && !running.cancelled
        {
            running.cancelled = true;
            process.send(rpc::encode_cancel(id));
        }
    }

    /// The engine is as far as it can get: tells those who waited for that.
    fn settle_loads(&mut self) {
        self.wanted = false;
        let outcome = self.snapshot.model.clone().ok_or(EngineError::NoModel);
        let settled = self.loads.drain(..).map(|asked| Answer::Load(asked, outcome.clone()));
        self.outbox.extend(settled);
    }

    fn fail_everything(&mut self, error: &EngineError) {
        self.wanted = false;
        self.snapshot.problem = Some(error.clone());
        let loads = self.loads.drain(..).map(|asked| Answer::Load(asked, Err(error.clone())));
        let replies = self.waiting.drain(..).map(|job| Answer::Reply(job, Err(error.clone())));
        self.outbox.extend(loads.chain(replies));
    }

    /// Does the next thing that is due, unless something is being done.
    fn advance(&mut self) {
        let nothing_due = !self.wanted && self.waiting.is_empty();
        if self.in_flight.is_some() || nothing_due {
            return;
        }
        if self.process.is_none() {
            self.start_process();
        } else if let (None, Some(model)) = (&self.snapshot.model, self.model.clone()) {
            self.ask(Work::Load { fraction: 0.0 }, Request::LoadModel(model));
        } else if let Some(job) = self.waiting.pop_front() {
            let request = Request::Generate(job.params.clone());
            self.ask_as(job.id.clone(), Work::Generate(job), &request);
        } else {
            self.settle_loads();
        }
    }

    fn start_process(&mut self) {
        self.snapshot.starts += 1;
        match Process::start(&self.settings.program, self.snapshot.starts, &self.events) {
            Ok(process) => {
                log::info!("engine started, pid {}", process.pid);
                self.snapshot.pid = Some(process.pid);
                self.process = Some(process);
                let params = InitializeParams {
                    protocol_version: PROTOCOL_VERSION,
                    client: self.settings.client.clone(),
                };
                self.ask(Work::Initialize, Request::Initialize(params));
            }
            Err(error) => self.fail_everything(&EngineError::CannotStart {
                program: self.settings.program.clone(),
                reason: error.to_string(),
            }),
        }
    }

    fn ask(&mut self, work: Work, request: Request) {
        let id = self.new_id();
        self.ask_as(id, work, &request);
    }

    fn new_id(&self) -> RequestId {
        RequestId::Number(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    fn ask_as(&mut self, id: RequestId, work: Work, request: &Request) {
        if let Some(process) = &self.process {
            process.send(rpc::encode_request(&id, request));
            self.in_flight = Some(InFlight { id, work, cancelled: false });
        }
    }

    /// Publishes the state, then tells those whose answer is ready.
    fn announce(&mut self) {
        self.publish.send_if_modified(|published| {
            let changed = *published != self.snapshot;
            if changed {
                published.clone_from(&self.snapshot);
            }
            changed
        });
        self.outbox.drain(..).for_each(Answer::deliver);
    }

    fn finish(&mut self, job: Job, outcome: Result<Generated, EngineError>) {
        self.outbox.push(Answer::Reply(job, outcome));
    }

    fn phase(&self) -> Phase {
        match (&self.process, &self.in_flight) {
            (None, _) => Phase::Stopped,
            (Some(_), Some(request)) => request.phase(),
            (Some(_), None) if self.snapshot.model.is_some() => Phase::Idle,
            (Some(_), None) => Phase::Ready,
        }
    }
}
