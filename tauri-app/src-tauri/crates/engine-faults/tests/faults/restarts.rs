//! Crashes, and what is done and not done after them.

use std::time::{Duration, Instant};

use engine_faults::{Deed, Point, Rule, Script};
use engine_supervisor::{Policy, Problem, State, StateKind};
use nix::sys::signal::Signal;

use crate::alone;
use crate::common::{Place, signal};
use crate::drive::{self, finish, load_in_words, model, patient, prompt, reply, settled, until};
use crate::row::Row;
use crate::talk::nothing_is_left;

/// Promised are 50 ms; a busy machine gets ten times as much.
const NOTICED_WITHIN: Duration = Duration::from_millis(500);

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "killed while it is idle",
            "noticed within 50 ms (10 times that on a busy machine); comes back with its model",
            killed_idle,
        ),
        Row::new("killed while it has no model", "comes back without one", killed_without_a_model),
        Row::new(
            "dies each time it has loaded",
            "given up at the 5th crash, with the cause; Restart makes a good engine run",
            gives_up_and_restarts,
        ),
        Row::new(
            "dies after every reply, but was well until then",
            "never given up",
            health_forgives,
        ),
        Row::new(
            "dies of the same request twice",
            "the request is refused the third time; others are answered",
            deadly_request,
        ),
        Row::new(
            "dies while another request waits",
            "the one at work ends with the cause, the one that waited is answered; none is sent twice",
            waiting_request,
        ),
        Row::new("dies 50 times", "no descriptor and no process is left behind", || {
            alone::play("alone::no_descriptor_is_left_after_fifty_restarts")
        }),
    ]
}

async fn killed_idle() -> String {
    let place = Place::with(&[]);
    let engine = drive::engine(&place, patient());
    engine.load(model()).await.unwrap();
    let first = settled(&engine, 1).await.pid.unwrap();
    let killed = Instant::now();
    signal(first, Signal::SIGKILL);
    until(&engine, |now| now.pid != Some(first)).await;
    let noticed = killed.elapsed();
    assert!(noticed < NOTICED_WITHIN, "noticed after {noticed:?}");
    until(&engine, |now| now.starts == 2 && now.state == State::Idle).await;
    assert_eq!(reply(&engine, "first").await, "whole");
    engine.shut_down().await;
    format!("noticed after {:.1} ms", noticed.as_secs_f64() * 1000.0)
}

async fn killed_without_a_model() -> String {
    let place = Place::with(&[]);
    let engine = drive::engine(&place, patient());
    engine.restart().await.unwrap();
    let first = settled(&engine, 1).await;
    assert_eq!(first.state, State::Ready);
    signal(first.pid.unwrap(), Signal::SIGKILL);
    let second = settled(&engine, 2).await;
    assert_eq!((&second.state, second.model.is_none()), (&State::Ready, true));
    engine.shut_down().await;
    assert_eq!(place.asked().iter().filter(|(_, method, _)| method == "model/load").count(), 0);
    "ready again".into()
}

async fn gives_up_and_restarts() -> String {
    let place = Place::with(&[
        Rule::at(Point::Loaded, Deed::Complain("GGML_ASSERT(x) failed".into())),
        Rule::at(Point::Loaded, Deed::Signal("SIGABRT".into())),
    ]);
    let engine = drive::engine(&place, patient());
    engine.load(model()).await.unwrap();
    let now = until(&engine, |now| now.state.kind() == StateKind::Failed).await;
    let State::Failed(Problem::KeepsCrashing { crashes, death }) = now.state else {
        panic!("failed otherwise: {:?}", now.state)
    };
    assert_eq!((crashes, now.starts, drive::cause_in_words(&death).as_str()), (5, 5, "assertion"));
    assert_eq!(reply(&engine, "first").await, "engine_keeps_crashing: assertion");
    assert_eq!(engine.snapshot().starts, 5, "it was started again without being insisted on");

    place.rewrite(&Script::default());
    engine.restart().await.unwrap();
    assert_eq!(load_in_words(&engine.ready().await), "loaded on CPU");
    assert_eq!(reply(&engine, "second").await, "whole");
    engine.shut_down().await;
    nothing_is_left(&place);
    "given up after 5 starts (assertion); after Restart the reply is whole".into()
}

async fn health_forgives() -> String {
    let crashes = 8;
    let place = Place::with(&[Rule::at(Point::Generated, Deed::Exit(70)).first_starts(crashes)]);
    let engine = drive::engine(&place, Policy { health: Duration::ZERO, ..patient() });
    engine.load(model()).await.unwrap();
    for start in 1..=crashes {
        assert_eq!(reply(&engine, "again").await, "whole");
        assert_eq!(settled(&engine, start + 1).await.state, State::Idle);
    }
    engine.shut_down().await;
    format!("{crashes} crashes, {crashes} whole replies")
}

async fn deadly_request() -> String {
    let place = Place::with(&[Rule::at(Point::Prefill, Deed::Exit(70)).about("deadly")]);
    let engine = drive::engine(&place, patient());
    engine.load(model()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reply(&engine, "deadly").await, "died: exit_code (70)");
        assert_eq!(settled(&engine, 1).await.state, State::Idle);
    }
    assert_eq!(reply(&engine, "deadly").await, "request_keeps_killing");
    assert_eq!(reply(&engine, "harmless").await, "whole");
    assert_eq!(place.times_asked("generate", "deadly"), 2);
    engine.shut_down().await;
    "sent twice, refused the third time".into()
}

async fn waiting_request() -> String {
    let place = Place::with(&[Rule::at(Point::Writing, Deed::Exit(70)).first_starts(1)]);
    let engine = drive::engine(&place, patient());
    engine.load(model()).await.unwrap();
    let replies = ["first", "second"].map(|text| engine.generate(prompt(text)));
    let mut ends = Vec::new();
    for reply in replies {
        let (text, outcome) = finish(reply).await;
        ends.push(drive::reply_in_words(&text, &outcome));
    }
    assert_eq!(ends, ["4 words, died: exit_code (70)", "whole"]);
    for text in ["first", "second"] {
        assert_eq!(place.times_asked("generate", text), 1, "{text}");
    }
    engine.shut_down().await;
    ends.join(", then ")
}
