//! The soak: the real sidecar is killed at random moments, and nothing is lost by it.
//!
//! ```text
//! LOCALAI_TEST_ENGINE=… cargo test --release -p engine-faults --test soak -- --ignored --nocapture
//! ```
//! `SOAK_KILLS` says how often, `SOAK_SEED` repeats the moments of an earlier run.
#![cfg(target_os = "linux")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use common::{LIMIT, eventually, real, signal};
use engine_supervisor::{Engine, EngineError, Reply, ReplyEvent};
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::time::timeout;

/// The whole reply takes about as long on an idle machine.
const LONGEST_DELAY: Duration = Duration::from_millis(200);

const STORY: u32 = 400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
#[ignore = "1,000 kills take some ten minutes"]
fn killing_the_engine_at_random_moments_loses_no_text_and_leaves_nothing_behind() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seed = number("SOAK_SEED", u64::from(std::process::id()));
    println!("seed {seed}");
    runtime.block_on(soak(number("SOAK_KILLS", 1000), fastrand::Rng::with_seed(seed)));
}

/// What happened so far.
#[derive(Default)]
struct Tally {
    kills: u64,
    pids: BTreeSet<u32>,
    /// What the engine was doing when it was killed.
    during: BTreeMap<String, u64>,
    whole: u64,
    cut: u64,
    /// Ended before any text came.
    empty: u64,
    characters: usize,
}

async fn soak(kills: u64, mut random: fastrand::Rng) {
    let started = Instant::now();
    let engine = real::engine(real::program());
    engine.load(real::model()).await.unwrap();
    let (story, end) = listen(engine.generate(real::story(STORY))).await;
    end.unwrap();
    let before = descriptors();

    let mut tally = Tally::default();
    while tally.kills < kills {
        one_round(&engine, &story, &mut random, &mut tally).await;
    }
    engine.load_insisting(real::model()).await.expect("it comes back a last time");
    let (text, end) = listen(engine.generate(real::story(STORY))).await;
    assert_eq!((text, end.is_ok()), (story, true), "the last reply");
    assert_eq!(descriptors(), before, "descriptors after and before");
    engine.shut_down().await;
    let left = || members_of(&tally.pids);
    assert!(eventually(LIMIT, || left().is_empty()), "processes {:?} are left", left());
    report(&tally, started.elapsed());
}

/// Asks for the story (and loads first where there is no model), kills the engine
/// meanwhile, and compares what was shown with the story.
async fn one_round(engine: &Engine, story: &str, random: &mut fastrand::Rng, tally: &mut Tally) {
    let delay = LONGEST_DELAY.mul_f64(random.f64());
    let killer = tokio::spawn(kill_after(engine.clone(), delay));
    let (text, end) = ask(engine).await;
    if let Some((pid, during)) = killer.await.unwrap() {
        tally.kills += 1;
        tally.pids.insert(pid);
        *tally.during.entry(during).or_default() += 1;
    }
    assert!(story.starts_with(&text), "shown {text:?}, which is not how {story:?} begins");
    match end {
        Ok(()) => {
            assert_eq!(text, story);
            tally.whole += 1;
        }
        Err(EngineError::Died(_) | EngineError::Failed(_)) if text.is_empty() => tally.empty += 1,
        Err(EngineError::Died(_)) => tally.cut += 1,
        Err(other) => panic!("it ended otherwise: {other:?}"),
    }
    tally.characters += text.chars().count();
}

async fn ask(engine: &Engine) -> (String, Result<(), EngineError>) {
    if engine.snapshot().model.is_none() {
        let loading = timeout(LIMIT, engine.load_insisting(real::model())).await;
        if let Err(error) = loading.expect("loading ends") {
            return (String::new(), Err(error));
        }
    }
    listen(engine.generate(real::story(STORY))).await
}

/// All text that was shown, and the end.
async fn listen(mut reply: Reply) -> (String, Result<(), EngineError>) {
    let mut text = String::new();
    loop {
        match timeout(LIMIT, reply.next()).await.expect("a reply goes on").expect("it ends once") {
            ReplyEvent::Text(piece) => text.push_str(&piece),
            ReplyEvent::PromptProgress { .. } => {}
            ReplyEvent::Finished(outcome) => return (text, outcome.map(drop)),
        }
    }
}

/// Kills the process that there is after `delay`: its pid, and what it was doing.
async fn kill_after(engine: Engine, delay: Duration) -> Option<(u32, String)> {
    tokio::time::sleep(delay).await;
    let now = engine.snapshot();
    let pid = now.pid?;
    signal(pid, Signal::SIGKILL);
    Some((pid, format!("{:?}", now.state.kind())))
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Living processes of these process groups: the engines themselves, and their children.
fn members_of(groups: &BTreeSet<u32>) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| group_of(*pid).is_some_and(|group| groups.contains(&group))).collect()
}

/// The process group of a process that lives.
fn group_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(group)
}

fn report(tally: &Tally, took: Duration) {
    let figures = json!({
        "kills": tally.kills, "killedWhile": tally.during, "repliesWhole": tally.whole,
        "repliesCut": tally.cut, "repliesWithoutText": tally.empty,
        "charactersShown": tally.characters, "charactersLostOrDoubled": 0,
        "processesLeft": 0, "descriptorsLeaked": 0, "seconds": took.as_secs(),
    });
    println!("{figures:#}");
}
