//! What the engine tells: messages are taken note of, answers are passed on, and its end
//! is dealt with.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Actor;
use crate::death::Death;
use crate::engine::ReplyEvent;
use crate::error::EngineError;
use crate::in_flight::{InFlight, Work};
use crate::methods::{Generated, Initialized, LoadedModel, LogRecord, Notification};
use crate::process::{Event, Told};
use crate::rpc::{Incoming, RequestId, RpcError};

/// Remarks of an engine that are kept; one that makes more is talking to itself.
const MAX_REMARKS: usize = 8;

impl Actor {
    pub(super) fn hear(&mut self, told: Told) {
        if self.process.as_ref().map(|process| process.epoch) != Some(told.epoch) {
            return;
        }
        match told.event {
            Event::Ended(death) => self.bury(death),
            Event::Said(Incoming::Response(id, outcome)) => self.conclude(id, outcome),
            Event::Said(Incoming::Notification(notification)) => self.note(notification),
            Event::Said(Incoming::Unknown(method)) => {
                log::debug!("the engine's notification `{method}` is not known here");
            }
        }
    }

    fn note(&mut self, notification: Notification) {
        let running = self.in_flight.as_mut();
        match notification {
            Notification::LoadProgress(progress) => {
                if let Some(InFlight { id, work: Work::Load { fraction }, .. }) = running
                    && *id == progress.id
                {
                    *fraction = progress.fraction;
                }
            }
            Notification::PromptProgress(progress) => {
                let (done, total) = (progress.prompt_tokens_done, progress.prompt_tokens);
                self.pass_on(&progress.id, ReplyEvent::PromptProgress { done, total });
            }
            Notification::Delta(delta) => self.pass_on(&delta.id, ReplyEvent::Text(delta.text)),
            Notification::Log(record) => self.remark(record),
        }
    }

    /// Keeps what a person should see, the latest of each kind. That all is well is for the log.
    fn remark(&mut self, record: LogRecord) {
        log::info!("engine says: {}", record.message);
        if record.level == "info" {
            return;
        }
        let remarks = &mut self.snapshot.remarks;
        remarks.retain(|earlier| earlier.kind != record.kind);
        if remarks.len() == MAX_REMARKS {
            remarks.remove(0);
        }
        remarks.push(record);
    }

    fn pass_on(&mut self, id: &RequestId, event: ReplyEvent) {
        if let Some(InFlight { work: Work::Generate(job), .. }) = &self.in_flight
            && job.id == *id
        {
            // Nobody listens any more: its `Reply` was dropped, and a cancel is on its way.
            let _ = job.events.send(event);
        }
    }

    /// A response came: to the request in flight, or to nothing we know.
    fn conclude(&mut self, id: Option<RequestId>, outcome: Result<Value, RpcError>) {
        let Some(request) = self.in_flight.take_if(|running| Some(&running.id) == id.as_ref())
        else {
            log::warn!("the engine answered {id:?}, which nobody asked");
            return;
        };
        let outcome = outcome.map_err(EngineError::Refused);
        match request.work {
            Work::Initialize => match outcome.and_then(read::<Initialized>) {
                Ok(engine) => self.snapshot.engine = Some(engine),
                Err(error) => self.give_up(error),
            },
            Work::Load { .. } => self.conclude_load(outcome.and_then(read::<LoadedModel>)),
            Work::Generate(job) => {
                self.unproven = false;
                self.finish(job, outcome.and_then(read::<Generated>));
            }
        }
    }

    fn conclude_load(&mut self, outcome: Result<LoadedModel, EngineError>) {
        match outcome {
            Ok(model) => {
                self.snapshot.problem = None;
                self.snapshot.model = Some(model);
                self.settle_loads();
            }
            Err(error) => self.fail_everything(&error),
        }
    }

    /// The engine cannot be used: it is ended, and whoever waits is told why.
    fn give_up(&mut self, error: EngineError) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
        self.forget_process();
        self.fail_everything(&error);
    }

    /// The process is gone, and nobody had asked it to go.
    ///
    /// One that had started is replaced at once. One that died while starting or loading
    /// would only do so again, and so would one that replaced another and died without
    /// having written a reply: then the next request tries anew.
    fn bury(&mut self, death: Death) {
        log::warn!("the engine ended unexpectedly: {death}");
        self.process = None;
        let error = EngineError::Died(death.clone());
        let had_started = self.snapshot.model.is_some();
        if let Some(Work::Generate(job)) = self.in_flight.take().map(|request| request.work) {
            self.finish(job, Err(error.clone()));
        }
        self.forget_process();
        self.snapshot.last_death = Some(death);
        if had_started && !self.unproven {
            self.unproven = true;
            self.wanted = true;
        } else {
            self.fail_everything(&error);
        }
    }

    fn forget_process(&mut self) {
        self.in_flight = None;
        self.snapshot.pid = None;
        self.snapshot.engine = None;
        self.snapshot.model = None;
        self.snapshot.remarks.clear();
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, EngineError> {
    serde_json::from_value(value).map_err(|error| EngineError::BrokeProtocol(error.to_string()))
}
