//! What the machine does, case by case.

mod crashes;
mod devices;
mod ends;
mod hangs;
mod loads;
mod talk;

use std::time::Duration;

use super::Ask;
use super::world::World;
use crate::death::Exit;
use crate::error::EngineError;
use crate::problem::Problem;

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
