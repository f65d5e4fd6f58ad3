//! The Restart button, pressed in each state of an engine that will not end by itself.

use std::time::{Duration, Instant};

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::{Policy, StateKind};

use crate::common::{Place, runs};
use crate::drive::{self, load_in_words, model, patient, reply, until};
use crate::row::{Row, play};
use crate::stops::bring_to;
use crate::talk::STOP_LIMIT;

pub(crate) fn rows() -> Vec<Row> {
    use StateKind::{BackingOff, Cancelling, Failed, Generating, Idle, Loading, Starting};
    let at = |point, deed| vec![Rule::at(point, deed)];
    let still = |point| at(point, Deed::StandStill);
    let deaf = [at(Point::Cancel, Deed::Silence), still(Point::Writing)].concat();
    let stopped = at(Point::Writing, Deed::Signal("SIGSTOP".into()));
    vec![
        row("Restart while it does not start", Starting, at(Point::Initialize, Deed::Silence)),
        row("Restart while loading stands still", Loading, still(Point::Loading)),
        row("Restart while it is idle", Idle, vec![]),
        row("Restart while a reply stands still", Generating, still(Point::Writing)),
        row("Restart while it is deaf to a cancel", Cancelling, deaf),
        row("Restart while it is stopped by SIGSTOP", Generating, stopped),
        row("Restart before it is started again", BackingOff, at(Point::Start, Deed::Exit(70))),
        row("Restart when it was given up", Failed, at(Point::Start, Deed::Exit(69))),
    ]
}

fn row(fault: &'static str, state: StateKind, mut rules: Vec<Rule>) -> Row {
    rules.push(Rule::at(Point::Shutdown, Deed::Silence));
    rules.push(Rule::at(Point::EndOfInput, Deed::Silence));
    let rules = rules.into_iter().map(|rule| rule.first_starts(1)).collect();
    let must = "the old one is ended within 3 s (5 s on a busy machine), the new one answers";
    Row { fault, must: must.into(), check: Box::new(move || play(restart_from(state, rules))) }
}

async fn restart_from(state: StateKind, rules: Vec<Rule>) -> String {
    let place = Place::with(&rules);
    let policy = Policy { delays: vec![Duration::from_secs(30); 4], ..patient() };
    let engine = drive::engine(&place, policy);
    let work = tokio::spawn(bring_to(engine.clone(), state));
    until(&engine, |now| now.state.kind() == state).await;
    let pressed = Instant::now();
    engine.restart().await.unwrap();
    let took = pressed.elapsed();
    assert!(took < STOP_LIMIT, "started again after {took:?}");
    work.await.unwrap();
    assert_eq!(load_in_words(&engine.load(model()).await), "loaded on CPU");
    assert_eq!(reply(&engine, "second").await, "whole");
    let left = place.pids().into_iter().filter(|pid| runs(*pid)).count();
    assert_eq!((engine.snapshot().starts, left), (2, 1), "starts, and processes");
    engine.shut_down().await;
    format!("started again after {:.1} s", took.as_secs_f64())
}
