//! Devices: crashes on them, what is offered and done about it, and what is told of them.

use serde_json::json;

use super::{crash, live, problem_of, seconds};
use crate::cause::Cause;
use crate::death::Exit;
use crate::devices::DeviceNotice;
use crate::error::EngineError;
use crate::machine::Input;
use crate::machine::world::World;
use crate::problem::Problem;
use crate::snapshot::StateKind;

const SEGV: Exit = Exit::Signal(11);

/// An engine that has loaded a model on a graphics card.
fn on_vulkan(device: Option<&str>) -> World {
    let mut world = World { best_device: "Vulkan0", ..World::new() };
    world.load("a", device, false);
    world.comes_up();
    assert_eq!(world.kind(), StateKind::Idle);
    world
}

/// It dies while it writes, and comes back as far as to loading.
fn dies_writing(world: &mut World) -> Option<String> {
    let reply = world.generate();
    crash(world, SEGV);
    world.pass(seconds(1.2));
    world.spawn();
    world.answers();
    match world.end_of(reply) {
        Some(Err(EngineError::Died(death))) => death.offer.clone(),
        other => panic!("{other:?}"),
    }
}

/// The device that the open load names.
fn loads_on(world: &World) -> Option<String> {
    assert_eq!(world.kind(), StateKind::Loading);
    world.engine.as_ref().unwrap().asked_device()
}

fn cpu() -> Option<String> {
    Some("CPU".into())
}

#[test]
fn a_crash_in_use_offers_the_cpu_at_once_and_the_third_takes_it() {
    for device in [None, Some("Vulkan0")] {
        let mut world = on_vulkan(device);
        for _ in 0..2 {
            assert_eq!(dies_writing(&mut world), cpu());
            assert_eq!(loads_on(&world).as_deref(), device, "it comes back where it was");
            world.answers();
            assert_eq!(world.machine.snapshot().device_notices, []);
        }
        assert_eq!(dies_writing(&mut world), None, "nothing is offered that is done anyway");
        assert_eq!(loads_on(&world), cpu());
        world.answers();
        let given_up = DeviceNotice::GivenUp {
            device: "Vulkan0".into(),
            crashes: 3,
            cause: Cause::WrongAccess,
        };
        assert_eq!(world.machine.snapshot().device_notices, [given_up]);
        let reply = world.generate();
        world.answers();
        assert_eq!(world.end_of(reply), Some(&Ok(())));
    }
}

#[test]
fn crashes_on_the_cpu_or_while_nothing_computes_are_not_held_against_a_device() {
    let mut world = on_vulkan(Some("CPU"));
    assert_eq!(dies_writing(&mut world), None);
    let mut world = on_vulkan(None);
    for _ in 0..4 {
        crash(&mut world, SEGV);
        assert_eq!(world.machine.snapshot().last_death.as_ref().unwrap().offer, None);
        world.pass(seconds(1.2));
        world.spawn();
        world.answers();
        assert_eq!(loads_on(&world), None);
        world.answers();
    }
}

/// An engine whose `Vulkan0` was given up, with a model on the CPU.
fn given_up() -> World {
    let mut world = on_vulkan(Some("Vulkan0"));
    for _ in 0..3 {
        dies_writing(&mut world);
        world.answers();
    }
    assert_eq!(world.machine.snapshot().device_notices.len(), 1);
    world
}

#[test]
fn later_loads_of_that_device_or_of_none_go_to_the_cpu_until_somebody_wants_otherwise() {
    let mut world = given_up();
    for (asked, expected) in [(None, "CPU"), (Some("Vulkan0"), "CPU"), (Some("CUDA0"), "CUDA0")] {
        world.load("b", asked, false);
        assert_eq!(loads_on(&world).as_deref(), Some(expected));
        world.answers();
    }
    let wants: [fn(&mut World); 3] = [
        |world| {
            world.load("a", Some("Vulkan0"), true);
        },
        |world| {
            world.feed(Input::TrustDevices);
            world.load("a", Some("Vulkan0"), false);
        },
        |world| {
            world.with_ask(|ask| Input::Restart { ask });
            world.dies(Exit::Code(0));
            world.spawn();
            world.answers();
        },
    ];
    for want in wants {
        let mut world = given_up();
        want(&mut world);
        assert_eq!(loads_on(&world).as_deref(), Some("Vulkan0"));
        assert_eq!(world.machine.snapshot().device_notices, []);
        world.answers();
        assert_eq!(dies_writing(&mut world), cpu(), "the count begins anew");
    }
}

#[test]
fn three_loads_that_crash_of_different_models_are_a_device_that_is_given_up() {
    let mut world = World::new();
    for (name, starts) in [("a", 1), ("b", 2)] {
        let load = world.load(name, Some("Vulkan0"), false);
        if starts == 1 {
            world.spawn();
            world.answers();
        }
        crash(&mut world, SEGV);
        let Problem::LoadCrashed { death, .. } = problem_of(&world, load) else { panic!() };
        assert_eq!(death.offer, cpu());
        world.pass(seconds(1.2));
        world.comes_up();
        assert_eq!(world.kind(), StateKind::Ready, "without the model");
    }
    let third = world.load("c", Some("Vulkan0"), false);
    crash(&mut world, SEGV);
    assert_eq!(world.end_of(third), None, "it is still being loaded: on the CPU");
    world.pass(seconds(1.2));
    world.spawn();
    world.answers();
    assert_eq!(loads_on(&world), cpu());
    world.answers();
    assert_eq!(world.end_of(third), Some(&Ok(())));
}

#[test]
fn what_keeps_dying_on_the_cpu_too_is_given_up_at_the_fifth_crash_in_all() {
    let mut world = given_up();
    assert_eq!(dies_writing(&mut world), None);
    world.answers();
    world.generate();
    crash(&mut world, SEGV);
    assert_eq!(world.kind(), StateKind::Failed);
}

#[test]
fn a_device_that_the_engine_chose_while_loading_is_the_one_to_blame() {
    let mut world = World::new();
    let load = world.load("a", None, false);
    world.spawn();
    world.answers();
    world.remarks("device_chosen", &json!({"device": "CUDA0", "reason": "the fastest"}));
    let choice = world.machine.snapshot().choice.clone().unwrap();
    assert_eq!((choice.device.as_str(), choice.reason.as_str()), ("CUDA0", "the fastest"));
    crash(&mut world, SEGV);
    let Problem::LoadCrashed { death, .. } = problem_of(&world, load) else { panic!() };
    assert_eq!(death.offer, cpu());
}

#[test]
fn a_choice_that_was_still_in_the_pipe_at_the_death_is_blamed_for_it() {
    let mut world = World::new();
    for crashes in 1..=3 {
        let load = world.load(&format!("m{crashes}"), None, false);
        world.pass(seconds(1.2));
        world.spawn();
        world.answers();
        let epoch = world.engine.as_ref().unwrap().epoch;
        assert_eq!(loads_on(&world), None);
        world.dies(SEGV);
        let params = json!({"level": "info", "kind": "device_chosen", "message": "m",
            "data": {"device": "CUDA0", "reason": "the fastest"}});
        let chosen = json!({"jsonrpc": "2.0", "method": "log", "params": params});
        let message = crate::rpc::decode(chosen.to_string().as_bytes()).unwrap();
        world.feed(Input::Heard { epoch, message });
        world.is_buried(&[]);
        assert_eq!(world.machine.snapshot().choice, None, "nothing computes there now");
        if crashes < 3 {
            let Problem::LoadCrashed { death, .. } = problem_of(&world, load) else { panic!() };
            assert_eq!(death.offer, cpu());
        }
    }
    let [DeviceNotice::GivenUp { device, .. }] = &world.machine.snapshot().device_notices[..]
    else {
        panic!("{:?}", world.machine.snapshot().device_notices)
    };
    assert_eq!(device, "CUDA0");
}

#[test]
fn each_device_that_is_passed_over_is_told_of_and_the_latest_about_each_counts() {
    let mut world = World::idle();
    let skips = |world: &mut World, data: &serde_json::Value, message: &str| {
        let params = json!({"level": "warning", "kind": "device_skipped", "message": message,
            "data": data});
        world.says(&json!({"jsonrpc": "2.0", "method": "log", "params": params}));
    };
    let (radeon, cuda) =
        (json!({"backend": "Vulkan", "device": "Vulkan0"}), json!({"backend": "CUDA"}));
    skips(&mut world, &radeon, "it crashed");
    skips(&mut world, &cuda, "it hung");
    skips(&mut world, &radeon, "it computed wrongly");
    let told: Vec<&str> =
        world.machine.snapshot().remarks.iter().map(|each| each.message.as_str()).collect();
    assert_eq!(told, ["it hung", "it computed wrongly"]);
}

#[test]
fn another_device_than_was_asked_for_is_told_with_the_reason_as_long_as_it_computes() {
    let mut world = World::new();
    world.load("a", Some("Vulkan0"), false);
    world.spawn();
    world.answers();
    world.remarks("device_skipped", &json!({"backend": "Vulkan", "device": "Vulkan0"}));
    world.answers_status("Vulkan", "unavailable");
    world.engine.as_mut().unwrap().open.as_mut().unwrap()["params"]["device"] = json!("CPU");
    world.answers();
    let other = DeviceNotice::Other {
        asked: "Vulkan0".into(),
        actual: "CPU".into(),
        reason: Some("so it is".into()),
    };
    assert_eq!(world.machine.snapshot().device_notices, [other]);
    world.load("a", Some("CPU"), false);
    assert_eq!(world.machine.snapshot().device_notices, []);
    world.answers();
    assert_eq!(world.machine.snapshot().device_notices, []);
}

#[test]
fn a_device_that_is_refused_is_told_by_name() {
    let mut world = World::idle();
    let load = world.load("b", Some("Vulkan7"), false);
    world.refuses_device(false);
    let Some(Err(EngineError::Refused(error))) = world.end_of(load) else { panic!() };
    assert_eq!(error.data["asked"], "Vulkan7");
}

#[test]
fn a_device_that_only_another_process_can_use_gets_one_and_nobody_is_told_of_it() {
    let mut world = World::idle();
    let load = world.load("b", Some("Vulkan0"), false);
    let reply = world.generate();
    world.refuses_device(true);
    assert_eq!((world.kind(), world.end_of(load)), (StateKind::Stopping, None));
    world.dies(Exit::Code(0));
    world.comes_up();
    assert_eq!(world.end_of(load), Some(&Ok(())));
    assert_eq!(world.machine.snapshot().model.as_ref().unwrap().device, "Vulkan0");
    world.answers();
    assert_eq!(world.end_of(reply), Some(&Ok(())));
    assert_eq!(world.starts, 2);
}

#[test]
fn another_process_is_tried_once_for_a_load() {
    let mut world = World::idle();
    let load = world.load("b", Some("Vulkan0"), false);
    world.refuses_device(true);
    world.dies(Exit::Code(0));
    world.spawn();
    world.answers();
    world.refuses_device(true);
    let Some(Err(EngineError::Refused(error))) = world.end_of(load) else { panic!() };
    assert_eq!((error.kind(), world.starts), ("device_unavailable", 2));
    assert_eq!(world.kind(), StateKind::Ready);
}

/// What the snapshot says of the backends.
fn backends(world: &World) -> Vec<(&str, &str)> {
    let engine = world.machine.snapshot().engine.as_ref().unwrap();
    engine.backends.iter().map(|each| (each.name.as_str(), each.state.as_str())).collect()
}

#[test]
fn the_backends_are_asked_for_when_they_changed_once_for_many_changes_also_while_writing() {
    let mut world = World::idle();
    world.generate();
    let news = json!({"backend": "Vulkan"});
    world.remarks("device_ready", &news);
    let first = world.engine.as_ref().unwrap().status;
    assert!(first.is_some());
    for kind in ["backend_ready", "backend_unavailable", "device_skipped", "device_chosen"] {
        world.remarks(kind, &news);
    }
    assert_eq!(world.engine.as_ref().unwrap().status, first, "one question at a time");
    world.answers_status("Vulkan", "probing");
    assert_eq!(backends(&world), [("Vulkan", "probing")]);
    assert_ne!(world.engine.as_ref().unwrap().status, None, "more happened since it was asked");
    world.answers_status("Vulkan", "ready");
    assert_eq!(backends(&world), [("Vulkan", "ready")]);
    assert_eq!(world.engine.as_ref().unwrap().status, None);
    world.remarks("context_shortened", &json!({}));
    assert_eq!(world.engine.as_ref().unwrap().status, None, "that is not about devices");
    assert_eq!(world.kind(), StateKind::Generating);
}

#[test]
fn a_backend_that_is_being_proven_is_asked_about_with_each_ping_until_that_has_ended() {
    let mut world = World::idle();
    world.remarks("device_skipped", &json!({"backend": "Vulkan"}));
    world.answers_status("Vulkan", "probing");
    for state in ["probing", "unavailable"] {
        assert_eq!(world.engine.as_ref().unwrap().status, None);
        live(&mut world, 5.0);
        world.answers_status("Vulkan", state);
        assert_eq!(backends(&world), [("Vulkan", state)]);
    }
    live(&mut world, 5.0);
    assert_eq!(world.engine.as_ref().unwrap().status, None);
}

#[test]
fn what_an_earlier_process_says_of_its_backends_is_not_taken_for_the_present_ones() {
    let mut world = World::idle();
    world.remarks("device_ready", &json!({}));
    let id = world.engine.as_ref().unwrap().status.unwrap();
    crash(&mut world, SEGV);
    world.comes_up();
    let message = json!({"jsonrpc": "2.0", "id": id, "result": {"backends": [
        {"name": "Vulkan", "state": "ready"}]}});
    world.says(&message);
    assert_eq!(backends(&world), []);
    let message = crate::rpc::decode(message.to_string().as_bytes()).unwrap();
    world.feed(Input::Heard { epoch: 1, message });
    assert_eq!(backends(&world), []);
}
