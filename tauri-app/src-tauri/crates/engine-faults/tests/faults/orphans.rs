//! The program that drives the engine is killed; it cannot do anything about its engine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::{Engine, Settings};
use nix::sys::signal::Signal;
use tokio::time::timeout;

use crate::common::{Place, apps, gone_within, runs, signal};
use crate::drive::{self, model, patient, prompt, reply};
use crate::row::{self, Row};

/// How long a process may take to go once nothing holds it.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// A reply that says nothing for so long stands still.
const STANDS_STILL: Duration = Duration::from_secs(1);

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "the app is killed, and the engine does not care about the end of its stdin",
            "the system ends it (parent-death signal)",
            || killed_app(&[(Point::EndOfInput, Deed::Silence)]),
        ),
        Row::new(
            "the app is killed in mid-reply, and the engine does not care",
            "the system ends it (parent-death signal)",
            || {
                killed_app(&[
                    (Point::EndOfInput, Deed::Silence),
                    (Point::Writing, Deed::StandStill),
                ])
            },
        ),
        Row::new(
            "the app is killed, and the engine gets no parent-death signal",
            "it ends with its stdin",
            || killed_app(&[(Point::Start, Deed::Outlive)]),
        ),
        Row::new(
            "the app is killed, and its engine outlives that",
            "the next start of the app ends it",
            || stale_engine(false),
        ),
        Row::new(
            "the app is killed and updated, and its old engine outlives that",
            "the next start of the app ends it",
            || stale_engine(true),
        ),
        Row::new(
            "the app is killed, and its engine's number belongs to another process since",
            "the other process is left alone",
            other_process_of_that_number,
        ),
    ]
}

fn start_app(place: &Place) -> (Child, u32) {
    apps::start_with_engine("orphans::an_app", &place.program())
}

#[test]
#[ignore = "it is the program that the rows kill"]
fn an_app() {
    let program = PathBuf::from(std::env::var_os(apps::PROGRAM).expect("a row starts it"));
    row::play(async {
        let engine = Engine::new(settings(&program));
        engine.load(model()).await.unwrap();
        // To its end, or as far as it gets: what would write later would notice that nobody
        // reads any more.
        let mut reply = engine.generate(prompt("first"));
        while let Ok(Some(_)) = timeout(STANDS_STILL, reply.next()).await {}
        apps::tell(engine.snapshot().pid.unwrap());
        std::future::pending::<()>().await;
    });
}

/// It remembers its engine beside the program.
fn settings(program: &Path) -> Settings {
    let client = engine_supervisor::Client { name: "fault-suite".into(), version: "0.1.0".into() };
    Settings {
        folder: program.parent().map(|folder| folder.join("remembered")),
        policy: patient(),
        ..Settings::new(program.into(), client)
    }
}

fn kill_app(app: &mut Child) {
    app.kill().unwrap();
    app.wait().unwrap();
}

fn place(deeds: &[(Point, Deed)]) -> Place {
    let rules: Vec<Rule> =
        deeds.iter().map(|(point, deed)| Rule::at(*point, deed.clone()).first_starts(1)).collect();
    Place::with(&rules)
}

async fn killed_app(deeds: &[(Point, Deed)]) -> String {
    let place = place(deeds);
    let (mut app, engine) = start_app(&place);
    assert!(runs(engine));
    let killed = Instant::now();
    kill_app(&mut app);
    assert!(gone_within(engine, GONE_WITHIN), "the engine is left");
    format!("gone after {} ms", killed.elapsed().as_millis())
}

const UNKILLABLE: [(Point, Deed); 2] =
    [(Point::Start, Deed::Outlive), (Point::EndOfInput, Deed::Silence)];

async fn stale_engine(updated: bool) -> String {
    let place = place(&UNKILLABLE);
    let (mut app, stale) = start_app(&place);
    kill_app(&mut app);
    assert!(runs(stale), "it was to outlive its app");
    if updated {
        place.replace_program();
    }
    let engine = Engine::new(settings(&place.program()));
    engine.load(model()).await.unwrap();
    assert!(gone_within(stale, GONE_WITHIN), "the stale engine is left");
    assert_eq!(reply(&engine, "second").await, "whole");
    engine.shut_down().await;
    "ended by the next start".into()
}

async fn other_process_of_that_number() -> String {
    let place = place(&UNKILLABLE);
    let (mut app, stale) = start_app(&place);
    kill_app(&mut app);
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let note = place.file("remembered").join("engine.json");
    let text = std::fs::read_to_string(&note).unwrap();
    let changed = text.replace(&stale.to_string(), &other.id().to_string());
    assert_ne!(text, changed, "the note does not name the engine: {text}");
    std::fs::write(&note, changed).unwrap();
    let engine = drive_one(&place).await;
    assert!(runs(other.id()), "another process was killed");
    engine.shut_down().await;
    signal(stale, Signal::SIGKILL);
    other.kill().unwrap();
    other.wait().unwrap();
    "left alone".into()
}

async fn drive_one(place: &Place) -> Engine {
    let engine = Engine::new(settings(&place.program()));
    engine.load(model()).await.unwrap();
    assert_eq!(drive::reply(&engine, "second").await, "whole");
    engine
}
