//! The world around the machine, for its tests: an engine that does what a test says, and a
//! record of what the machine did. Whatever it must never do is asserted here.

mod engine;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::engine::Engine;
use super::{Ask, Effect, Input, Job, Machine};
use crate::death::Exit;
use crate::error::EngineError;
use crate::methods::{
    Client, GenerateParams, Generated, Input as Asked, LoadParams, TokenizeParams,
};
use crate::reply::ReplyEvent;
use crate::rpc::{self, RequestId};
use crate::settings::Policy;
use crate::snapshot::{State, StateKind};

/// What somebody asked and heard.
#[derive(Debug, Default)]
pub(in crate::machine) struct Heard {
    pub(in crate::machine) text: String,
    pub(in crate::machine) end: Option<Result<(), EngineError>>,
    sent: bool,
}

pub(in crate::machine) struct World {
    pub(in crate::machine) machine: Machine,
    pub(in crate::machine) now: Instant,
    /// Ordered and not started yet.
    pub(in crate::machine) spawning: Option<u64>,
    pub(in crate::machine) engine: Option<Engine>,
    /// Gone, but not all of its words were read.
    pub(in crate::machine) unburied: Option<u64>,
    pub(in crate::machine) heard: BTreeMap<Ask, Heard>,
    pub(in crate::machine) starts: u64,
    /// The device that an engine takes if none is asked for.
    pub(in crate::machine) best_device: &'static str,
    /// The device that was in use when the last engine died.
    pub(in crate::machine) died_on: Option<String>,
}

impl World {
    pub(in crate::machine) fn new() -> Self {
        let client = Client { name: "world".into(), version: "1".into() };
        let now = Instant::now();
        Self {
            machine: Machine::new(Policy::default(), client, 7, now),
            now,
            spawning: None,
            engine: None,
            unburied: None,
            heard: BTreeMap::new(),
            starts: 0,
            best_device: "CPU",
            died_on: None,
        }
    }

    pub(in crate::machine) fn state(&self) -> &State {
        &self.machine.snapshot().state
    }

    pub(in crate::machine) fn kind(&self) -> StateKind {
        self.state().kind()
    }

    pub(in crate::machine) fn feed(&mut self, input: Input) {
        for effect in self.machine.handle(self.now, input) {
            self.note(effect);
        }
    }

    fn note(&mut self, effect: Effect) {
        match effect {
            Effect::Start { epoch } => {
                assert!(self.engine.as_ref().is_none_or(|engine| engine.killed), "two engines");
                assert_eq!(epoch, self.starts + 1, "epochs count the starts");
                self.engine = None;
                self.starts = epoch;
                self.spawning = Some(epoch);
            }
            Effect::Send { epoch, line } => {
                self.note_generate(&line);
                self.living(epoch).receive(&line);
            }
            Effect::EndInput { epoch } => self.living(epoch).input_ended = true,
            Effect::Kill { epoch } => self.living(epoch).killed = true,
            Effect::Tell { ask, event } => self.tell(ask, event),
            Effect::Answer { ask, outcome } => self.end(ask, outcome.map(|_| ())),
        }
    }

    fn living(&mut self, epoch: u64) -> &mut Engine {
        let engine = self.engine.as_mut().filter(|engine| engine.epoch == epoch);
        engine.expect("only the living engine is dealt with")
    }

    /// Each prompt begins with the number of who asked.
    fn note_generate(&mut self, line: &str) {
        let message: Value = serde_json::from_str(line).unwrap();
        let Some(prompt) = message["params"]["prompt"].as_str() else { return };
        let number = prompt.split(' ').next().unwrap().parse().unwrap();
        let heard = self.heard.get_mut(&Ask(number)).unwrap();
        assert!(!std::mem::replace(&mut heard.sent, true), "request {number} is sent twice");
        assert!(heard.end.is_none(), "request {number} is sent after its end");
    }

    fn tell(&mut self, ask: Ask, event: ReplyEvent) {
        let heard = self.heard.get_mut(&ask).expect("somebody asked");
        assert!(heard.end.is_none(), "{ask:?} hears {event:?} after the end");
        match event {
            ReplyEvent::Text(text) => heard.text.push_str(&text),
            ReplyEvent::PromptProgress { .. } => {}
            ReplyEvent::Finished(outcome) => self.end(ask, outcome.map(|_| ())),
        }
    }

    fn end(&mut self, ask: Ask, outcome: Result<(), EngineError>) {
        let heard = self.heard.get_mut(&ask).expect("somebody asked");
        assert!(heard.end.is_none(), "{ask:?} is answered twice");
        heard.end = Some(outcome);
    }

    // What the program asks.

    pub(in crate::machine) fn ask(&mut self) -> Ask {
        let ask = Ask(self.heard.len() as u64 + 1);
        self.heard.insert(ask, Heard::default());
        ask
    }

    pub(in crate::machine) fn load(
        &mut self,
        name: &str,
        device: Option<&str>,
        insist: bool,
    ) -> Ask {
        let model = LoadParams {
            path: format!("/{name}.gguf"),
            device: device.map(str::to_owned),
            ..LoadParams::default()
        };
        let ask = self.ask();
        self.feed(Input::Load { ask, model: Some(model), insist });
        ask
    }

    pub(in crate::machine) fn generate(&mut self) -> Ask {
        let ask = self.ask();
        let params = GenerateParams::new(Asked::Prompt(format!("{} please", ask.0)));
        self.feed(Input::Do(Job::Generate { ask, params }));
        ask
    }

    pub(in crate::machine) fn tokenize(&mut self) -> Ask {
        let ask = self.ask();
        self.feed(Input::Do(Job::Tokenize { ask, params: TokenizeParams::Text("a".into()) }));
        ask
    }

    pub(in crate::machine) fn forget(&mut self) -> Ask {
        let ask = self.ask();
        self.feed(Input::Do(Job::Forget { ask, conversation: "c".into() }));
        ask
    }

    pub(in crate::machine) fn with_ask(&mut self, input: impl FnOnce(Ask) -> Input) -> Ask {
        let ask = self.ask();
        self.feed(input(ask));
        ask
    }

    pub(in crate::machine) fn end_of(&self, ask: Ask) -> Option<&Result<(), EngineError>> {
        self.heard[&ask].end.as_ref()
    }

    // What the engine does.

    pub(in crate::machine) fn spawn(&mut self) {
        let Some(epoch) = self.spawning.take() else { return };
        if self.machine.is_starting(epoch) {
            self.engine = Some(Engine { epoch, ..Engine::default() });
            self.feed(Input::Started { epoch, pid: 1000 });
        }
    }

    pub(in crate::machine) fn says(&mut self, message: &Value) {
        let Some(epoch) = self.engine.as_ref().map(|engine| engine.epoch) else { return };
        let message = rpc::decode(message.to_string().as_bytes()).unwrap();
        self.feed(Input::Heard { epoch, message });
    }

    /// Answers the open request as an engine would.
    pub(in crate::machine) fn answers(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        let asked = engine.asked_device();
        let Some(open) = engine.open.take() else { return };
        let result = match open["method"].as_str().unwrap() {
            "initialize" => json!({"protocolVersion": 1, "variant": "cpu", "backends": [],
                "server": {"name": "e", "version": "1", "buildId": "b"}}),
            "model/load" => {
                engine.has_model = true;
                engine.device = asked.unwrap_or_else(|| self.best_device.to_owned());
                json!({"model": {"name": "m", "contextLength": 8, "hasChatTemplate": false},
                    "device": engine.device, "loadMs": 1.0})
            }
            "model/unload" => {
                engine.has_model = false;
                json!({})
            }
            "generate" => {
                let mut result = serde_json::to_value(Generated::cancelled_early()).unwrap();
                result["characters"] = engine.characters.into();
                result
            }
            "tokenize" => json!({"tokens": 3}),
            _ => json!({}),
        };
        self.says(&json!({"jsonrpc": "2.0", "id": open["id"], "result": result}));
    }

    pub(in crate::machine) fn refuses(&mut self) {
        let Some(open) = self.engine.as_mut().and_then(|engine| engine.open.take()) else { return };
        let error = json!({"code": -32603, "message": "no", "data": {"kind": "internal"}});
        self.says(&json!({"jsonrpc": "2.0", "id": open["id"], "error": error}));
    }

    /// Refuses the open load because of its device.
    pub(in crate::machine) fn refuses_device(&mut self, restart: bool) {
        let Some(engine) = self.engine.as_mut().filter(|e| e.method() == Some("model/load")) else {
            return;
        };
        let open = engine.open.take().unwrap();
        let data = json!({"kind": "device_unavailable", "available": ["CPU"], "restart": restart});
        let error = json!({"code": -32024, "message": "no", "data": data});
        self.says(&json!({"jsonrpc": "2.0", "id": open["id"], "error": error}));
    }

    pub(in crate::machine) fn writes(&mut self, text: &str) {
        let Some(engine) = self.engine.as_mut().filter(|e| e.method() == Some("generate")) else {
            return;
        };
        let (id, seq) = (engine.open.as_ref().unwrap()["id"].clone(), engine.next_seq);
        engine.next_seq += 1;
        engine.characters += text.chars().count() as u64;
        let params = json!({"id": id, "seq": seq, "text": text, "tokens": 1});
        self.says(&json!({"jsonrpc": "2.0", "method": "generate/delta", "params": params}));
    }

    pub(in crate::machine) fn progresses(&mut self, method: &str, mut params: Value) {
        let Some(engine) = &self.engine else { return };
        let Some(open) = &engine.open else { return };
        params["id"] = open["id"].clone();
        self.says(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(in crate::machine) fn answers_pings(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        for id in std::mem::take(&mut engine.pings) {
            self.says(&json!({"jsonrpc": "2.0", "id": id, "result": {}}));
        }
    }

    pub(in crate::machine) fn remarks(&mut self, kind: &str, data: &Value) {
        let params = json!({"level": "info", "kind": kind, "message": kind, "data": data});
        self.says(&json!({"jsonrpc": "2.0", "method": "log", "params": params}));
    }

    /// Answers the open question for its backends with one in this state.
    pub(in crate::machine) fn answers_status(&mut self, backend: &str, state: &str) {
        let Some(id) = self.engine.as_mut().and_then(|engine| engine.status.take()) else { return };
        let backends = json!([{"name": backend, "state": state, "reason": "so it is"}]);
        self.says(&json!({"jsonrpc": "2.0", "id": id, "result": {"backends": backends}}));
    }

    pub(in crate::machine) fn dies(&mut self, exit: Exit) {
        if let Some(engine) = self.engine.take() {
            self.unburied = Some(engine.epoch);
            self.died_on = engine.in_use();
            self.feed(Input::Gone { epoch: engine.epoch, exit });
        }
    }

    pub(in crate::machine) fn is_buried(&mut self, last_words: &[&str]) {
        if let Some(epoch) = self.unburied.take() {
            let last_words = last_words.iter().map(|line| (*line).to_owned()).collect();
            self.feed(Input::Buried { epoch, last_words });
        }
    }

    /// Time goes by, and the machine is told whenever it asked for that.
    pub(in crate::machine) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.feed(Input::Time);
            assert!(self.machine.deadline().is_none_or(|next| next > self.now), "it spins");
        }
        self.now = until;
        self.feed(Input::Time);
    }

    /// An hour goes by in which nobody is awake. Pings from before do not count any more.
    pub(in crate::machine) fn sleep(&mut self) {
        self.now += Duration::from_secs(3600);
        if let Some(engine) = &mut self.engine {
            engine.pings.clear();
        }
        self.feed(Input::Slept);
    }

    /// An engine that has loaded a model.
    pub(in crate::machine) fn idle() -> Self {
        let mut world = Self::new();
        world.load("a", None, false);
        world.comes_up();
        assert_eq!(world.kind(), StateKind::Idle);
        world
    }

    pub(in crate::machine) fn comes_up(&mut self) {
        self.spawn();
        self.answers();
        self.answers();
    }

    pub(in crate::machine) fn open_id(&self) -> RequestId {
        let open = self.engine.as_ref().and_then(|engine| engine.open.as_ref());
        RequestId::Number(open.expect("something is open")["id"].as_i64().unwrap())
    }
}
