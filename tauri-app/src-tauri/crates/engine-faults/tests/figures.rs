//! Figures of the real sidecar, as JSON: how soon a death is noticed and made good, and how
//! soon the sidecar is gone when the program that drives it is killed.
//!
//! ```text
//! LOCALAI_TEST_ENGINE=… cargo test --release -p engine-faults --test figures -- --ignored --nocapture
//! ```
//! `FIGURES_COUNT` is how often each thing is measured. `LOCALAI_TEST_ENGINE_FILE`, the
//! sidecar as a single file, adds that layout.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use common::{LIMIT, apps, real, runs, signal};
use engine_supervisor::{Engine, ReplyEvent, Snapshot, State};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// Long enough to be killed in the middle.
const LONG_STORY: u32 = 400;

fn count(default: usize) -> usize {
    std::env::var("FIGURES_COUNT").map_or(default, |text| text.parse().expect("a number"))
}

#[test]
#[ignore = "it measures: 200 kills take half a minute"]
fn deaths_are_noticed_and_made_good() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{:#}", runtime.block_on(deaths(count(200))));
}

async fn deaths(kills: usize) -> Value {
    let engine = real::engine(real::program());
    engine.load(real::model()).await.unwrap();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..kills {
        for (list, time) in times.iter_mut().zip(one_death(&engine).await) {
            list.push(time);
        }
    }
    engine.shut_down().await;
    let [noticed, respawned, ready, first_token] = times.map(in_milliseconds);
    json!({
        "kills": kills, "deathNoticedMs": noticed, "respawnedMs": respawned,
        "readyAgainMs": ready, "firstTokenAfterDeathMs": first_token,
    })
}

/// Kills it idle, for the first three times; then in mid-reply, for the time to the first
/// text of the same request asked for again at once.
async fn one_death(engine: &Engine) -> [Duration; 4] {
    let pid = until(engine, |now| now.state == State::Idle).await.pid.unwrap();
    let starts = engine.snapshot().starts;
    let killed = kill(pid);
    until(engine, |now| now.pid != Some(pid)).await;
    let noticed = killed.elapsed();
    until(engine, |now| now.starts > starts).await;
    let respawned = killed.elapsed();
    let pid = until(engine, |now| now.starts > starts && now.state == State::Idle).await.pid;
    let ready = killed.elapsed();

    let mut reply = engine.generate(real::story(LONG_STORY));
    first_text(&mut reply).await;
    let killed = kill(pid.unwrap());
    while reply.next().await.is_some() {}
    first_text(&mut engine.generate(real::story(8))).await;
    [noticed, respawned, ready, killed.elapsed()]
}

fn kill(pid: u32) -> Instant {
    let now = Instant::now();
    signal(pid, Signal::SIGKILL);
    now
}

async fn until(engine: &Engine, is_so: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    let mut snapshots = engine.watch();
    let waiting = tokio::time::timeout(LIMIT, snapshots.wait_for(is_so));
    waiting.await.expect("in time").expect("the supervisor lives").clone()
}

async fn first_text(reply: &mut engine_supervisor::Reply) {
    loop {
        match reply.next().await {
            Some(ReplyEvent::Text(_)) => return,
            Some(ReplyEvent::PromptProgress { .. }) => {}
            other => panic!("no text came: {other:?}"),
        }
    }
}

fn in_milliseconds(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |share: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        #[allow(clippy::cast_precision_loss, reason = "there are few")]
        let index = (share * (times.len() - 1) as f64).round() as usize;
        (times[index].as_secs_f64() * 1e5).round() / 100.0
    };
    json!({"p50": at(0.5), "p99": at(0.99), "max": at(1.0)})
}

#[test]
#[ignore = "it measures: 500 killed programs of each kind take four minutes"]
fn killed_programs_take_their_engine_along() {
    let folder = Some(("folder", real::program()));
    let file = std::env::var_os("LOCALAI_TEST_ENGINE_FILE").map(PathBuf::from);
    let layouts = folder.into_iter().chain(file.map(|file| ("single file", file)));
    let mut figures = Vec::new();
    for (layout, program) in layouts {
        for stdin_held in [false, true] {
            let times: Vec<Duration> =
                (0..count(500)).map(|_| gone_after(&program, stdin_held)).collect();
            let programs = times.len();
            figures.push(json!({
                "layout": layout, "stdinHeldOpen": stdin_held, "killedPrograms": programs,
                "engineGoneMs": in_milliseconds(times),
            }));
        }
    }
    println!("{:#}", Value::from(figures));
}

/// How long an engine lives on when the program that drives it is killed.
fn gone_after(program: &Path, stdin_held: bool) -> Duration {
    let (mut driver, engine) = start_driver(program);
    let held = stdin_held.then(|| hold_stdin(engine));
    let killed = kill(driver.id());
    while runs(engine) {
        assert!(killed.elapsed() < LIMIT, "engine {engine} is left");
        std::thread::sleep(Duration::from_micros(200));
    }
    let gone = killed.elapsed();
    drop(held);
    driver.wait().unwrap();
    gone
}

fn start_driver(program: &Path) -> (Child, u32) {
    apps::start_with_engine("a_driver", program)
}

#[test]
#[ignore = "it is the program that is killed"]
fn a_driver() {
    // Without the variable, all ignored tests were asked for, and this one is none.
    let Some(program) = std::env::var_os(apps::PROGRAM) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = real::engine(program.into());
        engine.load(real::model()).await.unwrap();
        apps::tell(engine.snapshot().pid.unwrap());
        std::future::pending::<()>().await;
    });
}

/// Writing ends of all pipes that the engine reads from: its stdin does not end while they
/// are held, as if some other process had inherited it.
fn hold_stdin(engine: u32) -> Vec<File> {
    let folder = PathBuf::from(format!("/proc/{engine}"));
    let reads = |name: &std::ffi::OsStr| {
        let is_pipe = std::fs::read_link(folder.join("fd").join(name))
            .is_ok_and(|link| link.to_string_lossy().starts_with("pipe:"));
        let info = std::fs::read_to_string(folder.join("fdinfo").join(name)).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        is_pipe && flags.is_some_and(|flags| flags.trim().ends_with('0'))
    };
    let entries = std::fs::read_dir(folder.join("fd")).unwrap().map_while(Result::ok);
    let held: Vec<File> = entries
        .filter(|entry| reads(&entry.file_name()))
        .filter_map(|entry| File::options().write(true).open(entry.path()).ok())
        .collect();
    assert!(!held.is_empty(), "the engine reads from no pipe");
    held
}
