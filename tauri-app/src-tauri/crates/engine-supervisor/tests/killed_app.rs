//! The program that uses this crate is killed: its engine must not outlive it.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use common::{kill, real_engine, runs, tiny_model, wait_until_gone, within};

/// Before the pid of the engine, in the output of the program.
const MARK: &str = "engine pid ";

/// This test file once more, as a program of its own that runs `an_app`.
fn start_app() -> (Child, u32) {
    let mut app = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "an_app"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(app.stdout.take().unwrap());
    let pid = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once(MARK)?.1.trim().parse().ok())
        .expect("the app tells its engine's pid");
    (app, pid)
}

#[tokio::test]
#[ignore = "it is the program that the other test kills"]
async fn an_app() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    println!("{MARK}{}", engine.snapshot().pid.unwrap());
    std::future::pending::<()>().await;
}

#[test]
fn a_killed_app_takes_its_engine_along() {
    let (mut app, engine) = start_app();
    assert!(runs(engine));
    kill(app.id());
    app.wait().unwrap();
    wait_until_gone(engine);
}
