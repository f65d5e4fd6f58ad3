//! The program that drives the engine is stopped for longer than any limit, as when the
//! machine sleeps, and goes on.

use std::time::Duration;

use engine_faults::Script;
use engine_supervisor::ReplyEvent;
use nix::sys::signal::Signal;

use crate::common::{Place, apps, signal};
use crate::drive::{self, impatient, model, prompt, reply_in_words};
use crate::row::{self, Row};

/// Longer than any limit of an impatient supervisor.
const PAUSE: Duration = Duration::from_secs(5);

pub(crate) fn rows() -> Vec<Row> {
    vec![Row::new(
        "the app itself is stopped for five seconds in mid-reply, and goes on",
        "nothing is taken for hung: the reply is whole, started once",
        paused_app,
    )]
}

async fn paused_app() -> String {
    let (mut app, mut told) = apps::start("sleeps::an_app", None);
    assert_eq!(told.next(), "it writes");
    signal(app.id(), Signal::SIGSTOP);
    tokio::time::sleep(PAUSE).await;
    signal(app.id(), Signal::SIGCONT);
    let seen = told.next();
    assert!(app.wait().unwrap().success());
    assert_eq!(seen, "whole, starts: 1");
    seen
}

#[test]
#[ignore = "it is the program that a row stops"]
fn an_app() {
    row::play(async {
        let script = Script { deltas: 14, pace_ms: 500, ..Script::default() };
        let place = Place::new(&script);
        let engine = drive::engine(&place, impatient());
        engine.load(model()).await.unwrap();
        let mut reply = engine.generate(prompt("first"));
        let mut text = String::new();
        let outcome = loop {
            match reply.next().await.unwrap() {
                ReplyEvent::Text(piece) => {
                    if text.is_empty() {
                        apps::tell("it writes");
                    }
                    text.push_str(&piece);
                }
                ReplyEvent::PromptProgress { .. } => {}
                ReplyEvent::Finished(outcome) => break outcome,
            }
        };
        let starts = engine.snapshot().starts;
        apps::tell(format_args!("{}, starts: {starts}", reply_in_words(&text, &outcome)));
        engine.shut_down().await;
    });
}
