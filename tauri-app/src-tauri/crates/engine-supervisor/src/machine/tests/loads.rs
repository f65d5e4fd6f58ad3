//! Models: chosen, loaded, superseded, quarantined.

use super::{crash, problem_of, seconds};
use crate::cause::Cause;
use crate::death::Exit;
use crate::error::EngineError;
use crate::machine::world::World;
use crate::problem::Problem;
use crate::snapshot::StateKind;

#[test]
fn a_crash_in_a_load_comes_back_without_the_model_and_a_second_one_ends_in_quarantine() {
    let mut world = World::new();
    let first = world.load("a", Some("Vulkan0"), false);
    world.spawn();
    world.answers();
    crash(&mut world, Exit::Signal(11));
    let Problem::LoadCrashed { death, .. } = problem_of(&world, first) else { panic!() };
    assert_eq!((death.offer.as_deref(), death.cause), (Some("CPU"), Cause::WrongAccess));
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
