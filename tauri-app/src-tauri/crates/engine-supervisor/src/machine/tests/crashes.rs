//! Deaths that nobody asked for, and what follows on them.

use serde_json::json;

use super::{KILLED, crash, live, problem_of, seconds};
use crate::cause::Cause;
use crate::death::Exit;
use crate::error::EngineError;
use crate::machine::world::World;
use crate::machine::{Input, Job};
use crate::methods::{GenerateParams, Input as Asked};
use crate::problem::Problem;
use crate::rpc;
use crate::snapshot::{State, StateKind};

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
    let message = rpc::decode(delta.to_string().as_bytes()).unwrap();
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
fn a_request_that_was_at_work_at_two_crashes_is_not_sent_again() {
    let mut world = World::idle();
    let params = |text: &str| GenerateParams::new(Asked::Prompt(text.into()));
    for _ in 0..2 {
        let ask = world.ask();
        // The world tells requests apart by their first word; these two are the same to it.
        world.machine.handle(world.now, Input::Do(Job::Generate { ask, params: params("x") }));
        crash(&mut world, KILLED);
        world.pass(seconds(1.0));
        world.comes_up();
    }
    let third = world.ask();
    world.feed(Input::Do(Job::Generate { ask: third, params: params("x") }));
    assert_eq!(world.end_of(third), Some(&Err(EngineError::KeepsKilling { crashes: 2 })));
    let another = world.generate();
    world.answers();
    assert_eq!(world.end_of(another), Some(&Ok(())));
}
