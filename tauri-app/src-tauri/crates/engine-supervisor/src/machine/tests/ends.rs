//! Ends that were asked for.

use serde_json::json;

use super::seconds;
use crate::death::Exit;
use crate::error::EngineError;
use crate::machine::Input;
use crate::machine::world::World;
use crate::problem::Problem;
use crate::snapshot::{State, StateKind};

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
