//! More than anybody wants to read, and pipes that do not end.

use std::time::{Duration, Instant};

use engine_faults::{Deed, Point, Rule, Script};
use engine_supervisor::StateKind;
use nix::sys::signal::Signal;

use crate::alone;
use crate::common::{Place, gone_within, runs, signal};
use crate::drive::{self, finish, patient, prompt};
use crate::row::Row;
use crate::talk::{Talk, nothing_is_left};

/// Words of a reply that nobody listens to while it is written.
const LONG_REPLY: usize = 50_000;

pub(crate) fn rows() -> Vec<Row> {
    let at = |point, deed| [Rule::at(point, deed)];
    vec![
        Talk::new("a million lines of junk in a reply", at(Point::Writing, Deed::Junk(1_000_000)))
            .into(),
        Talk::new("20,000 remarks in a reply", at(Point::Writing, Deed::Chatter(20_000))).into(),
        Talk::new("256 MiB of log in a reply", at(Point::Writing, Deed::LogFlood(256 << 20)))
            .into(),
        Talk::new(
            "64 MiB of log before it says who it is",
            at(Point::Start, Deed::LogFlood(64 << 20)),
        )
        .into(),
        Row::new(
            "floods of log, junk and long lines",
            "the program that drives it grows by less than 32 MiB",
            || alone::play("alone::memory_is_bounded_under_floods"),
        ),
        Row::new(
            "nobody listens to a reply while it is written",
            "the engine is not held up, and all of the text is there afterwards",
            slow_listener,
        ),
        Row::new(
            "dies, and a grandchild of its group holds the pipes",
            "noticed at once; the grandchild is ended too",
            || grandchild(false),
        ),
        Row::new(
            "dies, and a grandchild of another session holds the pipes",
            "noticed at once, though the pipes stay open",
            || grandchild(true),
        ),
    ]
}

async fn slow_listener() -> String {
    let script = Script { deltas: LONG_REPLY as u64, pace_ms: 0, ..Script::default() };
    let place = Place::new(&script);
    let engine = drive::engine(&place, patient());
    engine.load(drive::model()).await.unwrap();
    let reply = engine.generate(prompt("first"));
    drive::until(&engine, |now| now.state.kind() == StateKind::Generating).await;
    drive::settled(&engine, 1).await;
    let (text, outcome) = finish(reply).await;
    assert_eq!(drive::reply_in_words(&text, &outcome), "whole");
    engine.shut_down().await;
    format!("{LONG_REPLY} words, all there")
}

/// The pipes stay open for 20 seconds; the next reply must come long before.
async fn grandchild(own_session: bool) -> String {
    let place = Place::with(&[
        Rule::at(Point::Writing, Deed::Grandchild(own_session)).first_starts(1),
        Rule::at(Point::Writing, Deed::Exit(70)).first_starts(1),
    ]);
    let engine = drive::engine(&place, patient());
    engine.load(drive::model()).await.unwrap();
    let started = Instant::now();
    assert_eq!(drive::reply(&engine, "first").await, "4 words, died: exit_code (70)");
    assert_eq!(drive::reply(&engine, "second").await, "whole");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "the next reply came after {took:?}");
    let left = place.grandchild().expect("it started one");
    if own_session {
        assert!(runs(left), "the grandchild did not hold the pipes");
        signal(left, Signal::SIGKILL);
    } else {
        assert!(gone_within(left, Duration::from_secs(5)), "the grandchild is left");
    }
    engine.shut_down().await;
    nothing_is_left(&place);
    format!("the next reply after {} ms", took.as_millis())
}
