//! Any sequence of events at all: the world asserts what must never happen, and a small
//! model of what is promised says which state the machine has to be in.

mod event;
mod model;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;
use serde_json::json;

use self::event::{Event, event};
use self::model::Model;
use super::world::World;
use super::{Ask, Input};
use crate::death::Exit;
use crate::devices::DeviceNotice;
use crate::problem::Problem;
use crate::snapshot::{Snapshot, State, StateKind};

struct Trial {
    world: World,
    model: Model,
}

fn exit(number: u8) -> Exit {
    [
        Exit::Signal(9),
        Exit::Signal(11),
        Exit::Signal(6),
        Exit::Code(0),
        Exit::Code(70),
        Exit::Code(69),
        Exit::NtStatus(0xC000_0005),
        Exit::Unknown,
    ][usize::from(number) % 8]
}

impl Trial {
    fn new() -> Self {
        let world = World { best_device: "Vulkan1", ..World::new() };
        Self { world, model: Model::default() }
    }

    fn happens(&mut self, event: Event) {
        let (starts, loading) = (self.world.starts, self.open_load());
        match event {
            Event::Load { model, device, insist } => {
                let device = [None, Some("CPU"), Some("Vulkan0")][usize::from(device)];
                self.model.failed &= !insist;
                if insist && !self.model.ended {
                    self.model.trusts_devices();
                }
                if insist && self.world.kind() == StateKind::Failed {
                    self.model.crashes.clear();
                }
                self.world.load(["a", "b"][usize::from(model)], device, insist);
            }
            Event::Ready => {
                self.world.with_ask(|ask| Input::Load { ask, model: None, insist: false });
            }
            Event::TrustDevices => {
                self.model.trusts_devices();
                self.world.feed(Input::TrustDevices);
            }
            Event::Unload => drop(self.world.with_ask(|ask| Input::Unload { ask })),
            Event::Forget => drop(self.world.forget()),
            Event::Tokenize => drop(self.world.tokenize()),
            Event::Generate => drop(self.world.generate()),
            Event::Cancel(which) => self.for_one_who_asked(which, |ask| Input::Cancel { ask }),
            Event::Overflow(which) => {
                self.for_one_who_asked(which, |ask| Input::Overflowed { ask });
            }
            Event::Restart => self.restart(),
            Event::Stop => {
                self.model.failed = false;
                self.world.with_ask(|ask| Input::Stop { ask });
            }
            Event::ShutDown => {
                (self.model.failed, self.model.ended) = (false, true);
                self.world.with_ask(|ask| Input::ShutDown { ask });
            }
            Event::Spawn => {
                if self.world.spawning.is_some() {
                    self.model.new_life();
                }
                self.world.spawn();
            }
            Event::SpawnFails => self.spawn_fails(),
            Event::Answer => self.answer(),
            Event::Refuse => self.refuse(),
            Event::RefuseDevice(restart) => self.world.refuses_device(restart),
            Event::AnswerInAnotherShape => self.answer_in_another_shape(),
            Event::Write => self.world.writes("Wört "),
            Event::WriteWithAGap => self
                .world
                .progresses("generate/delta", json!({"seq": 1_000_000, "text": "x", "tokens": 1})),
            Event::Progress(done) => self.progress(done),
            Event::Stray(id) => {
                self.world.says(&json!({"jsonrpc": "2.0", "id": -i64::from(id), "result": {}}));
            }
            Event::DeviceNews => {
                self.world.remarks("device_ready", &json!({"device": "Vulkan0"}));
            }
            Event::AnswerStatus => self.world.answers_status("Vulkan", "ready"),
            Event::AnswerPings => self.world.answers_pings(),
            Event::Die(number) => self.world.dies(exit(number)),
            Event::DieWriting(device) => self.die_writing(device),
            Event::Bury => self.bury(),
            Event::OldNews => {
                let epoch = self.world.starts.saturating_sub(1);
                self.world.feed(Input::Gone { epoch, exit: Exit::Signal(9) });
                self.world.feed(Input::Buried { epoch, last_words: Vec::new() });
            }
            Event::Pass(milliseconds) => self.pass(Duration::from_millis(milliseconds.into())),
            Event::Linger => self.linger(),
            Event::Sleep => {
                self.the_system_ends_what_was_killed();
                self.world.sleep();
                self.the_system_ends_what_was_killed();
            }
        }
        let more = self.world.starts - starts;
        assert!(!self.model.ended || more == 0, "started after it was shut down");
        if self.open_load() != loading
            && let Some((_, device)) = self.open_load()
        {
            assert!(self.model.may_load_on(device.as_deref()), "{device:?} was given up");
        }
        self.check();
    }

    /// The `model/load` that is open: its id, and the device that it names.
    fn open_load(&self) -> Option<(u64, Option<String>)> {
        let engine = self.world.engine.as_ref()?;
        let load = engine.open.as_ref().filter(|open| open["method"] == "model/load")?;
        Some((load["id"].as_u64()?, engine.asked_device()))
    }

    fn for_one_who_asked(&mut self, which: u8, input: impl FnOnce(Ask) -> Input) {
        let count = self.world.heard.len() as u64;
        if count > 0 {
            self.world.feed(input(Ask(u64::from(which) % count + 1)));
        }
    }

    fn restart(&mut self) {
        if !self.model.ended {
            self.model.failed = false;
            self.model.crashes.clear();
            self.model.trusts_devices();
        }
        self.world.with_ask(|ask| Input::Restart { ask });
    }

    fn spawn_fails(&mut self) {
        let Some(epoch) = self.world.spawning.take() else { return };
        self.model.failed |= self.world.machine.is_starting(epoch);
        let problem = Problem::CannotStart { program: "/p".into(), reason: "r".into() };
        self.world.feed(Input::NotStarted { epoch, problem });
    }

    fn method(&self) -> Option<String> {
        let engine = self.world.engine.as_ref()?;
        engine.method().map(str::to_owned)
    }

    /// Whether what the engine says still interests anybody.
    fn is_listened_to(&self) -> bool {
        self.world.engine.as_ref().is_some_and(|engine| !engine.asked_to_end)
    }

    fn answer(&mut self) {
        if self.is_listened_to() {
            match self.method().as_deref() {
                Some("initialize") => self.model.ready = Some(self.world.now),
                Some("generate") => self.model.finished_one = true,
                _ => {}
            }
        }
        self.world.answers();
    }

    fn refuse(&mut self) {
        if self.is_listened_to() && self.method().as_deref() == Some("generate") {
            self.model.finished_one = true;
        }
        self.world.refuses();
    }

    fn answer_in_another_shape(&mut self) {
        if self.is_listened_to() && self.method().as_deref() == Some("generate") {
            self.model.finished_one = true;
        }
        let open = self.world.engine.as_mut().and_then(|engine| engine.open.take());
        if let Some(open) = open {
            self.world.says(&json!({"jsonrpc": "2.0", "id": open["id"], "result": [1]}));
        }
    }

    fn progress(&mut self, done: u8) {
        let fraction = f64::from(done) / 100.0;
        self.world.progresses("model/progress", json!({"fraction": fraction}));
        let params = json!({"promptTokensDone": done, "promptTokens": 200});
        self.world.progresses("generate/progress", params);
    }

    fn die_writing(&mut self, device: u8) {
        let load = Event::Load { model: 0, device, insist: false };
        let (up, dead) = ([Event::Pass(1_300), Event::Spawn, Event::Answer], [Event::Bury]);
        let busy = [load, Event::Answer, Event::Generate, Event::Write, Event::Die(1)];
        up.into_iter().chain(busy).chain(dead).for_each(|event| self.happens(event));
    }

    /// A crash is judged when all is known of it.
    fn bury(&mut self) {
        let is_crash = self.world.kind() == StateKind::Crashed && self.world.unburied.is_some();
        let before = self.world.starts;
        self.world.is_buried(&["bye"]);
        if !is_crash {
            return;
        }
        let died = self.world.machine.snapshot().last_death_at.unwrap();
        if let Some(device) = self.world.died_on.take() {
            self.model.crashed_on(device, died);
        }
        let death = self.world.machine.snapshot().last_death.clone().expect("it died");
        if matches!(death.exit, Exit::Code(64 | 69 | 76)) {
            self.model.failed = true;
            return;
        }
        let now = self.world.now;
        match (self.model.crashed(died), self.world.state()) {
            (None, State::Failed(Problem::KeepsCrashing { .. })) => self.model.failed = true,
            (Some((earliest, latest)), State::BackingOff { until, .. }) => {
                let wait = *until - now;
                assert!(earliest <= wait && wait <= latest, "{wait:?}");
            }
            (Some((Duration::ZERO, _)), State::Starting) => {
                assert_eq!(self.world.starts, before + 1);
            }
            (expected, found) => panic!("{expected:?} was due, found {found:?}"),
        }
    }

    /// From deadline to deadline, so that an engine that was killed ends in time.
    fn pass(&mut self, time: Duration) {
        self.the_system_ends_what_was_killed();
        let until = self.world.now + time;
        while self.world.now < until {
            let due = self.world.machine.deadline().filter(|due| *due <= until);
            self.world.pass(due.unwrap_or(until).saturating_duration_since(self.world.now));
            self.the_system_ends_what_was_killed();
        }
    }

    /// Until the next deadline. If that ends in a kill, the system takes its time.
    fn linger(&mut self) {
        self.the_system_ends_what_was_killed();
        if let Some(due) = self.world.machine.deadline() {
            self.world.pass(due.saturating_duration_since(self.world.now));
        }
    }

    fn the_system_ends_what_was_killed(&mut self) {
        if self.world.engine.as_ref().is_some_and(|engine| engine.killed) {
            self.world.dies(Exit::Signal(9));
            self.bury();
        }
    }

    fn check(&mut self) {
        let (world, model) = (&self.world, &self.model);
        let snapshot = world.machine.snapshot();
        let kind = world.kind();
        // Refusing the first request ends in failure, too: by way of an orderly end.
        if model.failed {
            assert_eq!(kind, StateKind::Failed);
        }
        assert_eq!(snapshot.starts, world.starts);
        assert_eq!(told_given_up(snapshot), model.given_up);
        let crashed = kind == StateKind::Crashed;
        if let Some(engine) = &world.engine {
            assert_eq!(snapshot.pid, Some(1000));
            let expected = match (engine.asked_to_end, engine.method()) {
                (true, _) => StateKind::Stopping,
                (_, Some("initialize")) => StateKind::Starting,
                (_, Some("model/load")) => StateKind::Loading,
                (_, Some("generate")) if engine.cancelled => StateKind::Cancelling,
                (_, Some("generate")) => StateKind::Generating,
                _ if engine.has_model && snapshot.model.is_some() => StateKind::Idle,
                _ => StateKind::Ready,
            };
            assert_eq!(kind, expected);
        } else {
            assert_eq!((snapshot.pid, snapshot.model.is_some()), (None, false));
            let possible = [
                StateKind::Stopped,
                StateKind::Starting,
                StateKind::BackingOff,
                StateKind::Failed,
                StateKind::Crashed,
            ];
            assert!(possible.contains(&kind), "{kind:?} without an engine");
            assert!(!crashed || world.unburied.is_some(), "it stays crashed");
        }
    }

    /// In the end everybody was told something.
    fn ends(mut self) {
        self.happens(Event::ShutDown);
        self.world.pass(Duration::from_secs(3));
        assert!(self.world.machine.has_ended());
        assert_eq!(self.world.kind(), StateKind::Stopped);
        for (ask, heard) in &self.world.heard {
            assert!(heard.end.is_some(), "{ask:?} was told nothing");
            let whole = heard.text.len().is_multiple_of("Wört ".len());
            assert!(whole && heard.text.starts_with(&"Wört ".repeat(heard.text.len() / 6)));
        }
    }
}

fn told_given_up(snapshot: &Snapshot) -> Vec<String> {
    let device = |notice: &DeviceNotice| match notice {
        DeviceNotice::GivenUp { device, .. } => Some(device.clone()),
        DeviceNotice::Other { .. } => None,
    };
    snapshot.device_notices.iter().filter_map(device).collect()
}

fn try_sequences(cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        // The other generator takes most of the time.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    proptest!(config, |(events in prop::collection::vec(event(), 1..80))| {
        let mut trial = Trial::new();
        events.into_iter().for_each(|event| trial.happens(event));
        trial.ends();
    });
}

#[test]
fn any_sequence_of_events_keeps_what_is_promised() {
    try_sequences(4_000);
}

#[test]
#[ignore = "a hundred thousand sequences take a minute or two"]
fn very_many_sequences_of_events_keep_what_is_promised() {
    try_sequences(100_000);
}
