//! The program that drives the engine is stopped for longer than any limit, as when the
//! machine sleeps, and goes on.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use engine_faults::Script;
use engine_supervisor::ReplyEvent;
use nix::sys::signal::Signal;

use crate::common::{Place, signal};
use crate::drive::{self, impatient, model, prompt, reply_in_words};
use crate::row::{self, Row};

/// Longer than any limit of an impatient supervisor.
const PAUSE: Duration = Duration::from_secs(5);

/// In front of what that program tells.
const MARK: &str = "told: ";

pub(crate) fn rows() -> Vec<Row> {
    vec![Row::new(
        "the app itself is stopped for five seconds in mid-reply, and goes on",
        "nothing is taken for hung: the reply is whole, started once",
        paused_app,
    )]
}

async fn paused_app() -> String {
    let (mut app, mut output) = start_app();
    assert_eq!(told(&mut output), "it writes");
    signal(app.id(), Signal::SIGSTOP);
    tokio::time::sleep(PAUSE).await;
    signal(app.id(), Signal::SIGCONT);
    let seen = told(&mut output);
    assert!(app.wait().unwrap().success());
    assert_eq!(seen, "whole, starts: 1");
    seen
}

/// This test program once more, with only the test below.
fn start_app() -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut app = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "sleeps::an_app"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(app.stdout.take().unwrap()).lines();
    (app, output)
}

fn told(output: &mut Lines<BufReader<ChildStdout>>) -> String {
    let marked = output.map_while(Result::ok).find_map(|line| {
        let (_, words) = line.split_once(MARK)?;
        Some(words.to_owned())
    });
    marked.expect("the app tells how it is")
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
                        println!("{MARK}it writes");
                    }
                    text.push_str(&piece);
                }
                ReplyEvent::PromptProgress { .. } => {}
                ReplyEvent::Finished(outcome) => break outcome,
            }
        };
        let starts = engine.snapshot().starts;
        println!("{MARK}{}, starts: {starts}", reply_in_words(&text, &outcome));
        engine.shut_down().await;
    });
}
