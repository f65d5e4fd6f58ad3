//! What goes to and fro.

use serde_json::json;

use super::{KILLED, crash};
use crate::death::Exit;
use crate::error::EngineError;
use crate::machine::world::World;
use crate::machine::{Ask, Input, Job};
use crate::methods::{GenerateParams, Input as Asked};
use crate::rpc::{self, RequestId};
use crate::snapshot::StateKind;

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
    let message = rpc::decode(message.to_string().as_bytes()).unwrap();
    world.feed(Input::Heard { epoch: 1, message });
    world.feed(Input::Gone { epoch: 1, exit: KILLED });
    world.feed(Input::Buried { epoch: 1, last_words: Vec::new() });
    assert_eq!(world.kind(), StateKind::Loading);
}

impl World {
    fn open_id_of_a_load_after_a_crash(&mut self) -> RequestId {
        crash(self, KILLED);
        self.spawn();
        self.answers();
        self.open_id()
    }
}

#[test]
fn a_request_that_is_too_long_to_be_sent_is_refused_here() {
    let mut world = World::idle();
    let ask = world.ask();
    let text = format!("{} {}", ask.0, "x".repeat(rpc::MAX_LINE_BYTES));
    let params = GenerateParams::new(Asked::Prompt(text));
    world.feed(Input::Do(Job::Generate { ask, params }));
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
