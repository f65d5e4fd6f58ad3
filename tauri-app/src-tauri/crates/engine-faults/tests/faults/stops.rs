//! An engine that will not end, stopped in each state: three seconds at most, and nothing
//! of it is left.

use std::time::{Duration, Instant};

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::{Engine, Policy, StateKind};

use crate::common::Place;
use crate::drive::{self, model, patient, prompt, until};
use crate::row::{Row, play};
use crate::talk::{STOP_LIMIT, nothing_is_left};

const MUST: &str = "stopped within 3 s (5 s on a busy machine), no process is left";

pub(crate) fn rows() -> Vec<Row> {
    let stand_still = |point| vec![Rule::at(point, Deed::StandStill)];
    let deaf =
        || vec![Rule::at(Point::Cancel, Deed::Silence), Rule::at(Point::Writing, Deed::StandStill)];
    let slow = Policy { delays: vec![Duration::from_secs(30); 4], ..patient() };
    let stopped = || vec![Rule::at(Point::Writing, Deed::Signal("SIGSTOP".into()))];
    vec![
        row(
            "will not end while it starts",
            StateKind::Starting,
            vec![Rule::at(Point::Initialize, Deed::Silence)],
            patient(),
        ),
        row("will not end while it has no model", StateKind::Ready, vec![], patient()),
        row(
            "will not end while it loads",
            StateKind::Loading,
            stand_still(Point::Loading),
            patient(),
        ),
        row("will not end while it is idle", StateKind::Idle, vec![], patient()),
        row(
            "will not end while it writes",
            StateKind::Generating,
            stand_still(Point::Writing),
            patient(),
        ),
        row("will not end while it is cancelled", StateKind::Cancelling, deaf(), patient()),
        row("is stopped by SIGSTOP and shall end", StateKind::Generating, stopped(), patient()),
        row(
            "is to be started again after a crash, and shall end",
            StateKind::BackingOff,
            vec![Rule::at(Point::Start, Deed::Exit(70))],
            slow,
        ),
        row(
            "was given up, and shall end",
            StateKind::Failed,
            vec![Rule::at(Point::Start, Deed::Exit(69))],
            patient(),
        ),
    ]
}

fn row(fault: &'static str, state: StateKind, mut rules: Vec<Rule>, policy: Policy) -> Row {
    rules.push(Rule::at(Point::Shutdown, Deed::Silence));
    rules.push(Rule::at(Point::EndOfInput, Deed::Silence));
    let check = move || play(stop_from(state, rules, policy));
    Row { fault, must: MUST.into(), check: Box::new(check) }
}

async fn stop_from(state: StateKind, rules: Vec<Rule>, policy: Policy) -> String {
    let place = Place::with(&rules);
    let engine = drive::engine(&place, policy);
    let work = tokio::spawn(bring_to(engine.clone(), state));
    until(&engine, |now| now.state.kind() == state).await;
    let started = Instant::now();
    engine.stop().await.unwrap();
    let took = started.elapsed();
    assert!(took < STOP_LIMIT, "stopped after {took:?}");
    assert_eq!(engine.snapshot().state.kind(), StateKind::Stopped);
    nothing_is_left(&place);
    work.await.unwrap();
    engine.shut_down().await;
    format!("stopped after {:.1} s", took.as_secs_f64())
}

/// Asks for what leads to that state; it ends when the engine is stopped.
async fn bring_to(engine: Engine, state: StateKind) {
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
        let began = matches!(event, engine_supervisor::ReplyEvent::Text(_));
        if began && state == StateKind::Cancelling {
            canceller.cancel();
        }
    }
}
