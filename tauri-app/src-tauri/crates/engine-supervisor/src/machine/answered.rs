//! What the engine answers.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Machine;
use super::inputs::Good;
use super::life::{InFlight, Life, Then, Work, Writing};
use crate::devices;
use crate::error::EngineError;
use crate::methods::{
    Generated, Initialized, LoadParams, LoadedModel, PROTOCOL_VERSION, Tokenized,
};
use crate::policy::hang::Pings;
use crate::problem::Problem;
use crate::reply::ReplyEvent;
use crate::rpc::RpcError;

impl Machine {
    pub(super) fn answered(&mut self, id: i64, outcome: Result<Value, RpcError>) {
        let request = match &mut self.life {
            Life::Running(running) => {
                if running.pings.as_mut().is_some_and(|pings| pings.answered(id)) {
                    // What is told of a proof may come before its result is in the status.
                    running.backends.due |=
                        self.snapshot.engine.as_ref().is_some_and(devices::is_probing);
                    return;
                }
                if running.backends.open == Some(id) {
                    running.backends.open = None;
                    return self.backends_are(outcome);
                }
                &mut running.request
            }
            Life::Dead(dead) => &mut dead.request,
            _ => return,
        };
        match request.take_if(|request| request.id == id) {
            Some(request) => self.conclude(request, outcome.map_err(EngineError::Refused)),
            None => self.stray(|| format!("an answer to {id}, which is not open")),
        }
    }

    fn conclude(&mut self, request: InFlight, outcome: Result<Value, EngineError>) {
        match request.work {
            Work::Initialize => self.introduced(outcome.and_then(read::<Initialized>)),
            Work::Load { model, superseded, .. } => {
                self.loaded(&model, superseded, outcome.and_then(read::<LoadedModel>));
            }
            Work::Generate(writing) => self.written(&writing, outcome.and_then(read::<Generated>)),
            Work::Unload { ask } => {
                self.snapshot.model = None;
                self.answer(ask, outcome.map(|_| Good::Done));
            }
            Work::Forget { ask } => self.answer(ask, outcome.map(|_| Good::Done)),
            Work::Tokenize { ask } => {
                let counted = outcome.and_then(read::<Tokenized>);
                self.answer(ask, counted.map(|counted| Good::Tokens(counted.tokens)));
            }
        }
    }

    fn introduced(&mut self, outcome: Result<Initialized, EngineError>) {
        let problem = match outcome {
            Ok(engine) if engine.protocol_version == PROTOCOL_VERSION => {
                if let Life::Running(running) = &mut self.life {
                    running.pings = Some(Pings::new(self.now, &self.policy));
                    running.health.ready = Some(self.now);
                }
                self.snapshot.engine = Some(engine);
                return;
            }
            Ok(engine) => Problem::BrokeProtocol(format!(
                "it speaks version {}, asked for was {PROTOCOL_VERSION}",
                engine.protocol_version
            )),
            Err(error) => problem_of(error),
        };
        self.refuse_all(&problem.clone().into());
        self.end(Then::Fail(problem));
    }

    fn loaded(
        &mut self,
        params: &LoadParams,
        superseded: bool,
        outcome: Result<LoadedModel, EngineError>,
    ) {
        if superseded {
            return;
        }
        let lives = matches!(self.life, Life::Running(_));
        if lives && !self.renewed && outcome.as_ref().is_err_and(wants_another_process) {
            return self.load_in_another_process();
        }
        self.renewed = false;
        match outcome {
            Ok(model) => {
                self.load_crashes.forgive(params);
                let (choice, engine) = (&self.snapshot.choice, &self.snapshot.engine);
                self.other_device =
                    devices::compare(params, &model, choice.as_ref(), engine.as_ref());
                self.snapshot.problem = None;
                self.snapshot.model = lives.then_some(model);
            }
            Err(error) => {
                let error = naming_the_device(error, params);
                self.refuse_all_that_need_a_model(&error);
                self.snapshot.problem = Some(problem_of(error));
            }
        }
    }

    fn written(&mut self, writing: &Writing, outcome: Result<Generated, EngineError>) {
        if let Some(health) = self.life.health() {
            health.finished_one = true;
        }
        self.repeats.finished(writing.fingerprint);
        if matches!(&outcome, Err(EngineError::Refused(error)) if error.kind() == "no_model") {
            self.snapshot.model = None;
        }
        let outcome = outcome.and_then(|generated| complete(generated, writing.characters));
        if let Some(ask) = writing.ask {
            self.tell(ask, ReplyEvent::Finished(outcome));
        }
    }
}

/// The engine counts what it wrote: a reply of which a part was lost is not whole.
fn complete(generated: Generated, characters: u64) -> Result<Generated, EngineError> {
    match generated.characters {
        Some(written) if written != characters => Err(EngineError::BrokeProtocol(format!(
            "it wrote {written} characters, of which {characters} came"
        ))),
        _ => Ok(generated),
    }
}

/// The device is proven, but a process that looked for devices before cannot use it.
fn wants_another_process(error: &EngineError) -> bool {
    match error {
        EngineError::Refused(error) => {
            error.kind() == "device_unavailable" && error.data.get("restart") == Some(&true.into())
        }
        _ => false,
    }
}

/// The engine says which devices there are, but not which one was asked for.
fn naming_the_device(error: EngineError, params: &LoadParams) -> EngineError {
    match (error, &params.device) {
        (EngineError::Refused(mut error), Some(device)) if error.kind() == "device_unavailable" => {
            error.data.insert("asked".into(), device.as_str().into());
            EngineError::Refused(error)
        }
        (error, _) => error,
    }
}

pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, EngineError> {
    serde_json::from_value(value).map_err(|error| EngineError::BrokeProtocol(error.to_string()))
}

fn problem_of(error: EngineError) -> Problem {
    match error {
        EngineError::Refused(error) => Problem::Refused(error),
        EngineError::Failed(problem) => problem,
        other => Problem::BrokeProtocol(other.to_string()),
    }
}
