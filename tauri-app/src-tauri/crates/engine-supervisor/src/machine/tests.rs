//! What the machine does, case by case.

use std::time::Duration;

use serde_json::json;

use super::world::World;
use super::{Ask, Input};
use crate::cause::{Cause, Hang};
use crate::death::Exit;
use crate::error::EngineError;
use crate::problem::Problem;
use crate::snapshot::{State, StateKind};

const KILLED: Exit = Exit::Signal(9);

fn seconds(number: f64) -> Duration {
    Duration::from_secs_f64(number)
}

fn crash(world: &mut World, exit: Exit) {
    world.dies(exit);
    world.is_buried(&[]);
}

/// An engine that is alive answers pings while time goes by.
fn live(world: &mut World, time: f64) {
    for _ in 0..(time / 5.0) as u32 {
        world.pass(seconds(5.0));
        world.answers_pings();
    }
}

fn problem_of(world: &World, ask: Ask) -> Problem {
    match world.end_of(ask) {
        Some(Err(EngineError::Failed(problem))) => problem.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_states_follow_each_other_as_the_engine_goes_on() {
    let mut world = World::new();
    let mut seen = vec![world.kind()];
    world.load("a", None, false);
    seen.push(world.kind());
    world.spawn();
    seen.push(world.kind());
    world.answers();
    seen.push(world.kind());
    world.answers();
    seen.push(world.kind());
    let reply = world.generate();
    seen.push(world.kind());
    world.feed(Input::Cancel { ask: reply });
    seen.push(world.kind());
    world.answers();
    seen.push(world.kind());
    world.with_ask(|ask| Input::Stop { ask });
    seen.push(world.kind());
    world.dies(Exit::Code(0));
    seen.push(world.kind());
    use StateKind::*;
    let expected = [
        Stopped, Starting, Starting, Loading, Idle, Generating, Cancelling, Idle, Stopping, Stopped,
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_death_is_told_at_once_and_its_cause_refined_by_the_last_words() {
    let mut world = World::idle();
    let reply = world.generate();
    world.writes("Once");
    world.dies(Exit::Signal(6));
    assert_eq!(*world.state(), State::Crashed(Cause::Assertion));
    assert_eq!(world.machine.snapshot().pid, None);
    assert_eq!(world.end_of(reply), None, "what it wrote may still be in the pipe");
    world.is_buried(&["std::bad_alloc"]);
    let Some(Err(EngineError::Died(death))) = world.end_of(reply) else { panic!() };
    assert_eq!((death.cause, death.during), (Cause::OutOfMemory, StateKind::Generating));
    assert_eq!(world.heard[&reply].text, "Once");
    assert_eq!(world.kind(), StateKind::Starting, "the first restart is at once");
}

#[test]
fn text_that_was_in_the_pipe_when_it_died_is_told() {
    let mut world = World::idle();
    let reply = world.generate();
    let id = world.open_id();
    let epoch = world.engine.as_ref().unwrap().epoch;
    world.dies(KILLED);
    let delta = json!({"jsonrpc": "2.0", "method": "generate/delta",
        "params": {"id": id, "seq": 0, "text": "late", "tokens": 1}});
    let message = crate::rpc::decode(delta.to_string().as_bytes()).unwrap();
    world.feed(Input::Heard { epoch, message });
    world.is_buried(&[]);
    assert_eq!(world.heard[&reply].text, "late");
}

#[test]
fn waiting_replies_outlive_a_crash_and_the_one_at_work_does_not() {
    let mut world = World::idle();
    let (first, second) = (world.generate(), world.generate());
    crash(&mut world, KILLED);
    assert!(matches!(world.end_of(first), Some(Err(EngineError::Died(_)))));
    assert_eq!(world.end_of(second), None);
    world.comes_up();
    world.answers();
    assert_eq!(world.end_of(second), Some(&Ok(())));
}

#[test]
fn restarts_come_at_once_then_later_and_later_and_then_no_more() {
    let mut world = World::idle();
    for (crashes, delay) in [(1, 0.0), (2, 0.25), (3, 0.5), (4, 1.0)] {
        crash(&mut world, KILLED);
        if let State::BackingOff { attempt, until } = *world.state() {
            let wait = (until - world.now).as_secs_f64();
            assert_eq!(attempt, crashes);
            assert!((delay * 0.8..=delay * 1.2).contains(&wait), "{wait} instead of {delay}");
            world.pass(until - world.now);
        } else {
            assert_eq!(crashes, 1);
        }
        assert_eq!(world.kind(), StateKind::Starting);
        world.comes_up();
        assert_eq!(world.kind(), StateKind::Idle, "it comes back with its model");
    }
    crash(&mut world, KILLED);
    let State::Failed(Problem::KeepsCrashing { crashes: 5, death }) = world.state() else {
        panic!("{:?}", world.state())
    };
    assert_eq!(death.cause, Cause::Killed(9));
    let reply = world.generate();
    assert!(matches!(problem_of(&world, reply), Problem::KeepsCrashing { .. }));

    let restart = world.with_ask(|ask| Input::Restart { ask });
    world.comes_up();
    assert_eq!(world.end_of(restart), Some(&Ok(())));
    crash(&mut world, KILLED);
    assert_eq!(world.kind(), StateKind::Starting, "the crashes before were forgotten");
}

#[test]
fn a_minute_of_health_and_a_finished_reply_make_the_next_crash_the_first() {
    let mut world = World::idle();
    for _ in 0..20 {
        crash(&mut world, KILLED);
        assert_eq!(world.kind(), StateKind::Starting);
        world.comes_up();
        world.generate();
        world.answers();
        live(&mut world, 60.0);
    }
}

#[test]
fn exit_codes_that_cannot_get_better_are_no_reason_to_start_again() {
    for code in [64, 69, 76] {
        let mut world = World::idle();
        crash(&mut world, Exit::Code(code));
        let State::Failed(Problem::WillNotRun(death)) = world.state() else { panic!("{code}") };
        assert_eq!(death.exit, Exit::Code(code));
        assert_eq!(world.starts, 1);
    }
}

#[test]
fn a_file_that_is_wrong_is_no_reason_to_start_again() {
    let mut world = World::new();
    let load = world.load("a", None, false);
    let problem = Problem::CannotStart { program: "/p".into(), reason: "gone".into() };
    world.feed(Input::NotStarted { epoch: 1, problem: problem.clone() });
    assert_eq!(*world.state(), State::Failed(problem.clone()));
    assert_eq!(problem_of(&world, load), problem);
    world.pass(seconds(1000.0));
    assert_eq!(world.starts, 1);
}

#[test]
fn a_crash_in_a_load_comes_back_without_the_model_and_a_second_one_ends_in_quarantine() {
    let mut world = World::new();
    let first = world.load("a", Some("Vulkan0"), false);
    world.spawn();
    world.answers();
    crash(&mut world, Exit::Signal(11));
    let Problem::LoadCrashed { offer, death, .. } = problem_of(&world, first) else { panic!() };
    assert_eq!((offer.as_deref(), death.cause), (Some("CPU"), Cause::WrongAccess));
    world.comes_up();
    assert_eq!(world.kind(), StateKind::Ready, "without the model");
    let reply = world.generate();
    assert!(matches!(problem_of(&world, reply), Problem::LoadCrashed { .. }));

    let second = world.load("a", Some("Vulkan0"), false);
    crash(&mut world, Exit::Signal(11));
    assert!(matches!(problem_of(&world, second), Problem::Quarantined { crashes: 2, .. }));
    world.pass(seconds(1.0));
    world.comes_up();

    let third = world.load("a", Some("Vulkan0"), false);
    assert!(matches!(problem_of(&world, third), Problem::Quarantined { .. }), "not even tried");
    assert_eq!(world.kind(), StateKind::Ready);
    let elsewhere = world.load("a", Some("CPU"), false);
    world.answers();
    assert_eq!(world.end_of(elsewhere), Some(&Ok(())), "the other device is not quarantined");
    let insisted = world.load("a", Some("Vulkan0"), true);
    world.answers();
    assert_eq!(world.end_of(insisted), Some(&Ok(())));
}

#[test]
fn a_request_that_was_at_work_at_two_crashes_is_not_sent_again() {
    let mut world = World::idle();
    let params = |text: &str| {
        crate::methods::GenerateParams::new(crate::methods::Input::Prompt(text.into()))
    };
    for _ in 0..2 {
        let ask = world.ask();
        // The world tells requests apart by their first word; these two are the same to it.
        world
            .machine
            .handle(world.now, Input::Do(super::Job::Generate { ask, params: params("x") }));
        crash(&mut world, KILLED);
        world.pass(seconds(1.0));
        world.comes_up();
    }
    let third = world.ask();
    world.feed(Input::Do(super::Job::Generate { ask: third, params: params("x") }));
    assert_eq!(world.end_of(third), Some(&Err(EngineError::KeepsKilling { crashes: 2 })));
    let another = world.generate();
    world.answers();
    assert_eq!(world.end_of(another), Some(&Ok(())));
}

#[test]
fn each_thing_that_stands_still_is_a_hang_of_its_own() {
    let hung = |prepare: &dyn Fn(&mut World), limit: f64| {
        let mut world = World::new();
        world.load("a", None, false);
        world.spawn();
        prepare(&mut world);
        live(&mut world, limit - 5.0);
        world.pass(seconds(4.9));
        assert!(!world.engine.as_ref().unwrap().killed, "killed too early");
        world.answers_pings();
        world.pass(seconds(0.2));
        assert!(world.engine.as_ref().unwrap().killed, "not killed");
        crash(&mut world, KILLED);
        let Some(death) = &world.machine.snapshot().last_death else { panic!() };
        death.cause
    };
    let writing = |world: &mut World| {
        world.answers();
        world.answers();
        world.generate();
    };
    assert_eq!(hung(&|_| {}, 30.0), Cause::Hung(Hang::Start));
    assert_eq!(hung(&|world| world.answers(), 60.0), Cause::Hung(Hang::Load));
    assert_eq!(hung(&writing, 60.0), Cause::Hung(Hang::Prompt));
    let first_text = |world: &mut World| {
        writing(world);
        world.writes("a");
    };
    assert_eq!(hung(&first_text, 30.0), Cause::Hung(Hang::Token));
    let cancelled = |world: &mut World| {
        first_text(world);
        let ask = *world.heard.keys().last().unwrap();
        world.feed(Input::Cancel { ask });
    };
    assert_eq!(hung(&cancelled, 30.0), Cause::Hung(Hang::Cancel));
    let counting = |world: &mut World| {
        world.answers();
        world.answers();
        world.tokenize();
    };
    assert_eq!(hung(&counting, 60.0), Cause::Hung(Hang::Answer));
}

#[test]
fn a_repeated_sign_of_life_is_no_progress_but_progress_is() {
    let mut world = World::new();
    world.load("a", None, false);
    world.spawn();
    world.answers();
    for _ in 0..59 {
        world.progresses("model/progress", json!({"fraction": 0.5}));
        world.answers_pings();
        world.pass(seconds(1.0));
    }
    world.progresses("model/progress", json!({"fraction": 0.6}));
    assert_eq!(*world.state(), State::Loading { fraction: 0.6 });
    live(&mut world, 55.0);
    assert!(!world.engine.as_ref().unwrap().killed);
    world.answers();
    assert_eq!(world.kind(), StateKind::Idle);

    world.generate();
    for done in 0..6 {
        world.progresses("generate/progress", json!({"promptTokensDone": done, "promptTokens": 9}));
        live(&mut world, 55.0);
        assert!(!world.engine.as_ref().unwrap().killed);
    }
    live(&mut world, 5.0);
    assert!(world.engine.as_ref().unwrap().killed);
}

#[test]
fn an_engine_that_answers_no_ping_is_killed_after_three_misses() {
    let mut world = World::idle();
    world.pass(seconds(19.9));
    assert!(!world.engine.as_ref().unwrap().killed);
    world.pass(seconds(0.1));
    assert!(world.engine.as_ref().unwrap().killed);
    crash(&mut world, KILLED);
    assert_eq!(
        world.machine.snapshot().last_death.as_ref().unwrap().cause,
        Cause::Hung(Hang::Ping)
    );
}

#[test]
fn a_sleep_of_the_machine_begins_every_wait_anew() {
    let mut world = World::idle();
    world.generate();
    world.writes("a");
    live(&mut world, 25.0);
    world.sleep();
    live(&mut world, 25.0);
    assert!(!world.engine.as_ref().unwrap().killed);
    assert_eq!(world.kind(), StateKind::Generating);
}

#[test]
fn an_engine_that_cannot_be_killed_does_not_keep_another_from_starting() {
    let mut world = World::idle();
    world.pass(seconds(20.0));
    world.pass(seconds(1.0));
    assert_eq!(world.kind(), StateKind::Starting);
    assert_eq!(world.starts, 2);
}

#[test]
fn the_ladder_asks_then_kills_then_waits_no_longer() {
    let mut world = World::idle();
    let stop = world.with_ask(|ask| Input::Stop { ask });
    let engine = world.engine.as_ref().unwrap();
    assert!(engine.asked_to_end && engine.input_ended && !engine.killed);
    world.pass(seconds(1.9));
    assert!(!world.engine.as_ref().unwrap().killed);
    world.pass(seconds(0.1));
    assert!(world.engine.as_ref().unwrap().killed);
    assert_eq!(world.end_of(stop), None);
    world.pass(seconds(1.0));
    assert_eq!(world.end_of(stop), Some(&Ok(())), "three seconds in all");
    assert_eq!(world.kind(), StateKind::Stopped);
}

#[test]
fn stopping_ends_what_runs_and_waits_and_the_next_request_starts_it_again() {
    let mut world = World::idle();
    let (running, waiting) = (world.generate(), world.generate());
    world.with_ask(|ask| Input::Stop { ask });
    for ask in [running, waiting] {
        assert_eq!(world.end_of(ask), Some(&Err(EngineError::Stopped)));
    }
    let meanwhile = world.generate();
    world.dies(Exit::Code(0));
    world.comes_up();
    world.answers();
    assert_eq!(world.end_of(meanwhile), Some(&Ok(())));
    assert_eq!(world.machine.snapshot().last_death, None, "it was asked to end");
}

#[test]
fn a_gap_in_the_text_ends_the_reply_and_nothing_is_told_after_it() {
    for seq in [0, 2, 99] {
        let mut world = World::idle();
        let reply = world.generate();
        world.writes("a");
        let delta = json!({"seq": seq, "text": "x", "tokens": 1});
        world.progresses("generate/delta", delta);
        let Some(Err(EngineError::BrokeProtocol(what))) = world.end_of(reply) else { panic!() };
        assert!(what.contains(&seq.to_string()), "{what}");
        assert_eq!(world.kind(), StateKind::Cancelling);
        world.writes("b");
        world.answers();
        assert_eq!((world.heard[&reply].text.as_str(), world.kind()), ("a", StateKind::Idle));
    }
}

#[test]
fn a_reply_of_which_characters_are_missing_is_not_whole() {
    let mut world = World::idle();
    let reply = world.generate();
    world.writes("héllo");
    world.engine.as_mut().unwrap().characters += 1;
    world.answers();
    assert!(matches!(world.end_of(reply), Some(Err(EngineError::BrokeProtocol(_)))));
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut world = World::idle();
    let reply = world.generate();
    for id in [json!(0), json!(9999), json!("text"), json!(null)] {
        let error = json!({"code": -1, "message": "m"});
        world.says(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }
    assert_eq!((world.kind(), world.end_of(reply)), (StateKind::Generating, None));
    world.answers();
    assert_eq!(world.end_of(reply), Some(&Ok(())));
}

#[test]
fn what_an_earlier_process_says_is_not_news() {
    let mut world = World::idle();
    let id = world.open_id_of_a_load_after_a_crash();
    let message = json!({"jsonrpc": "2.0", "id": id, "error": {"code": -1, "message": "m"}});
    let message = crate::rpc::decode(message.to_string().as_bytes()).unwrap();
    world.feed(Input::Heard { epoch: 1, message });
    world.feed(Input::Gone { epoch: 1, exit: KILLED });
    world.feed(Input::Buried { epoch: 1, last_words: Vec::new() });
    assert_eq!(world.kind(), StateKind::Loading);
}

impl World {
    fn open_id_of_a_load_after_a_crash(&mut self) -> crate::rpc::RequestId {
        crash(self, KILLED);
        self.spawn();
        self.answers();
        self.open_id()
    }
}

#[test]
fn another_model_takes_the_place_of_the_one_that_is_being_loaded() {
    let mut world = World::new();
    let first = world.load("a", None, false);
    world.spawn();
    world.answers();
    let second = world.load("b", None, false);
    assert_eq!(world.end_of(first), Some(&Err(EngineError::Superseded)));
    assert!(world.engine.as_ref().unwrap().cancelled);
    world.refuses();
    let open = world.engine.as_ref().unwrap().open.clone().unwrap();
    assert_eq!(open["params"]["path"], "/b.gguf");
    world.answers();
    assert_eq!(world.end_of(second), Some(&Ok(())));
    assert_eq!(world.machine.snapshot().problem, None);
}

#[test]
fn a_request_that_is_too_long_to_be_sent_is_refused_here() {
    let mut world = World::idle();
    let ask = world.ask();
    let text = format!("{} {}", ask.0, "x".repeat(crate::rpc::MAX_LINE_BYTES));
    let params = crate::methods::GenerateParams::new(crate::methods::Input::Prompt(text));
    world.feed(Input::Do(super::Job::Generate { ask, params }));
    assert!(matches!(world.end_of(ask), Some(Err(EngineError::TooLong { .. }))));
    assert_eq!(world.kind(), StateKind::Idle);
}

#[test]
fn eight_replies_may_wait() {
    let mut world = World::idle();
    let asked: Vec<Ask> = (0..10).map(|_| world.generate()).collect();
    assert_eq!(world.end_of(asked[8]), None);
    assert_eq!(world.end_of(asked[9]), Some(&Err(EngineError::Busy)));
}

#[test]
fn an_engine_of_another_version_is_ended_and_not_started_again() {
    let mut world = World::new();
    let load = world.load("a", None, false);
    world.spawn();
    let id = world.open_id();
    world.says(&json!({"jsonrpc": "2.0", "id": id, "result": {"protocolVersion": 2,
        "variant": "cpu", "backends": [], "server": {"name": "e", "version": "1", "buildId": "b"}}}));
    assert!(matches!(world.end_of(load), Some(Err(EngineError::BrokeProtocol(_)))));
    assert_eq!(world.kind(), StateKind::Stopping);
    world.dies(Exit::Code(0));
    assert!(matches!(world.state(), State::Failed(Problem::BrokeProtocol(_))));
}

#[test]
fn after_shutting_down_everything_is_refused() {
    let mut world = World::idle();
    let end = world.with_ask(|ask| Input::ShutDown { ask });
    world.dies(Exit::Code(0));
    assert_eq!(world.end_of(end), Some(&Ok(())));
    assert!(world.machine.has_ended());
    let asked = [world.generate(), world.forget(), world.load("a", None, true)];
    for ask in asked {
        assert_eq!(world.end_of(ask), Some(&Err(EngineError::Stopped)));
    }
    assert_eq!(world.starts, 1);
}

#[test]
fn a_flood_of_remarks_is_bounded() {
    let mut world = World::idle();
    for number in 0..1000 {
        let params = json!({"level": "warning", "kind": format!("k{number}"),
            "message": "m".repeat(100_000), "data": {"x": "y".repeat(100_000)}});
        world.says(&json!({"jsonrpc": "2.0", "method": "log", "params": params}));
    }
    let remarks = &world.machine.snapshot().remarks;
    assert_eq!(remarks.len(), 8);
    assert!(remarks.iter().all(|remark| remark.message.len() <= 1000 && remark.data.is_empty()));
}
