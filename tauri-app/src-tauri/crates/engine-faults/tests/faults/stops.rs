//! An engine that will not end, stopped in each state: three seconds at most, and nothing
//! of it is left.

use std::time::{Duration, Instant};

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::{Engine, Policy, ReplyEvent, StateKind};

use crate::common::Place;
use crate::drive::{self, model, patient, prompt, until};
use crate::row::{Row, play};
use crate::talk::{STOP_LIMIT, nothing_is_left};

const MUST: &str = "stopped within 3 s (5 s on a busy machine), no process is left";

pub(crate) fn rows() -> Vec<Row> {
    use StateKind::{BackingOff, Cancelling, Failed, Generating, Idle, Loading, Ready, Starting};
    let at = |point, deed| vec![Rule::at(point, deed)];
    let still = |point| at(point, Deed::StandStill);
    let deaf = [at(Point::Cancel, Deed::Silence), still(Point::Writing)].concat();
    let silent = at(Point::Initialize, Deed::Silence);
    let stopped = at(Point::Writing, Deed::Signal("SIGSTOP".into()));
    vec![
        row("will not end while it starts", Starting, silent),
        row("will not end while it has no model", Ready, vec![]),
        row("will not end while it loads", Loading, still(Point::Loading)),
        row("will not end while it is idle", Idle, vec![]),
        row("will not end while it writes", Generating, still(Point::Writing)),
        row("will not end while it is cancelled", Cancelling, deaf),
        row("is stopped by SIGSTOP and shall end", Generating, stopped),
        row(
            "is to be started again after a crash, and shall end",
            BackingOff,
            at(Point::Start, Deed::Exit(70)),
        ),
        row("was given up, and shall end", Failed, at(Point::Start, Deed::Exit(69))),
        Row::new("remarks without end, and shall end", MUST, remarks_without_end),
    ]
}

fn row(fault: &'static str, state: StateKind, mut rules: Vec<Rule>) -> Row {
    rules.push(Rule::at(Point::Shutdown, Deed::Silence));
    rules.push(Rule::at(Point::EndOfInput, Deed::Silence));
    let check = move || play(stop_from(state, rules));
    Row { fault, must: MUST.into(), check: Box::new(check) }
}

async fn stop_from(state: StateKind, rules: Vec<Rule>) -> String {
    let place = Place::with(&rules);
    // Long enough to be stopped in before the next start.
    let policy = Policy { delays: vec![Duration::from_secs(30); 4], ..patient() };
    let engine = drive::engine(&place, policy);
    let work = tokio::spawn(bring_to(engine.clone(), state));
    until(&engine, |now| now.state.kind() == state).await;
    let seen = stop(&engine, &place).await;
    work.await.unwrap();
    seen
}

async fn stop(engine: &Engine, place: &Place) -> String {
    let started = Instant::now();
    engine.stop().await.unwrap();
    let took = started.elapsed();
    assert!(took < STOP_LIMIT, "stopped after {took:?}");
    assert_eq!(engine.snapshot().state.kind(), StateKind::Stopped);
    nothing_is_left(place);
    engine.shut_down().await;
    format!("stopped after {:.1} s", took.as_secs_f64())
}

async fn remarks_without_end() -> String {
    let place = Place::with(&[
        Rule::at(Point::Writing, Deed::Chatter(u64::MAX)),
        Rule::at(Point::Shutdown, Deed::Silence),
        Rule::at(Point::EndOfInput, Deed::Silence),
    ]);
    let engine = drive::engine(&place, patient());
    engine.load(model()).await.unwrap();
    let _reply = engine.generate(prompt("first"));
    let now = until(&engine, |now| now.remarks.len() > 1).await;
    assert!(now.remarks.len() <= 16, "{} remarks are kept", now.remarks.len());
    stop(&engine, &place).await
}

/// Asks for what leads to that state; it ends when the engine is stopped.
pub(crate) async fn bring_to(engine: Engine, state: StateKind) {
    if state == StateKind::Ready {
        let _ = engine.restart().await;
        return;
    }
    if engine.load(model()).await.is_err() || state == StateKind::Idle {
        return;
    }
    let mut reply = engine.generate(prompt("first"));
    let canceller = reply.canceller();
    while let Some(event) = reply.next().await {
        let began = matches!(event, ReplyEvent::Text(_));
        if began && state == StateKind::Cancelling {
            canceller.cancel();
        }
    }
}
