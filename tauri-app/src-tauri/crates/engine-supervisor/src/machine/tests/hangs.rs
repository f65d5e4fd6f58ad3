//! Engines that live and do not go on.

use serde_json::json;

use super::{KILLED, crash, live, seconds};
use crate::cause::{Cause, Hang};
use crate::machine::Input;
use crate::machine::world::World;
use crate::snapshot::{State, StateKind};

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
fn nothing_is_sent_to_an_engine_that_was_killed_but_that_it_shall_end() {
    let mut world = World::idle();
    let reply = world.generate();
    world.pass(seconds(20.0));
    assert!(world.engine.as_ref().unwrap().killed);
    // The world would say so.
    world.feed(Input::Cancel { ask: reply });
    world.load("b", None, false);
    world.with_ask(|ask| Input::Unload { ask });
    world.with_ask(|ask| Input::Stop { ask });
    world.dies(KILLED);
    assert_eq!(world.kind(), StateKind::Stopped);
}
