//! The soak: the real sidecar is killed at random moments while it answers into a history.
//! What was shown must be a beginning of the right text, and be in the history.
//!
//! ```text
//! LOCALAI_TEST_ENGINE=… cargo test --release -p engine-faults --test soak -- --ignored --nocapture
//! ```
//! `SOAK_KILLS` says how often, `SOAK_SEED` repeats the moments of an earlier run.
#![cfg(target_os = "linux")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use common::{LIMIT, eventually, real, signal};
use engine_supervisor::{Engine, EngineError, Reply, ReplyEvent};
use history::{Begun, End, History, MessageState, Question};
use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

/// The whole reply takes about as long on an idle machine.
const LONGEST_DELAY: Duration = Duration::from_millis(200);

const STORY: u32 = 400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
#[ignore = "1,000 kills take eight minutes"]
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
    /// Loading was what died.
    without_reply: u64,
    answers: Vec<Answer>,
}

/// A reply as it was shown, and where it is kept.
struct Answer {
    kept: Begun,
    shown: String,
    state: MessageState,
}

async fn soak(kills: u64, mut random: fastrand::Rng) {
    let started = Instant::now();
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("history.sqlite");
    let (history, _) = History::open(&file, SystemTime::now()).unwrap();
    let engine = real::engine(real::program());
    engine.load(real::model()).await.unwrap();
    let story = ask(&engine, &history).await;
    assert_eq!(story.state, MessageState::Done);
    let before = descriptors();

    let mut tally = Tally::default();
    while tally.kills < kills {
        one_round(&engine, &history, &mut random, &mut tally).await;
    }
    engine.load_insisting(real::model()).await.expect("it comes back a last time");
    tally.answers.push(ask(&engine, &history).await);
    assert_eq!(tally.answers.last().map(|last| last.state), Some(MessageState::Done));
    assert_eq!(descriptors(), before, "descriptors after and before");
    engine.shut_down().await;
    let left = || members_of(&tally.pids);
    assert!(eventually(LIMIT, || left().is_empty()), "processes {:?} are left", left());
    history.close().unwrap();
    compare(&tally.answers, &story.shown, &file);
    report(&tally, started.elapsed());
}

/// Kills the engine while it is asked for the story, or loads the model for that.
async fn one_round(
    engine: &Engine,
    history: &History,
    random: &mut fastrand::Rng,
    tally: &mut Tally,
) {
    let delay = LONGEST_DELAY.mul_f64(random.f64());
    let killer = tokio::spawn(kill_after(engine.clone(), delay));
    if is_loaded(engine).await {
        tally.answers.push(ask(engine, history).await);
    } else {
        tally.without_reply += 1;
    }
    if let Some((pid, during)) = killer.await.unwrap() {
        tally.kills += 1;
        tally.pids.insert(pid);
        *tally.during.entry(during).or_default() += 1;
    }
}

async fn is_loaded(engine: &Engine) -> bool {
    if engine.snapshot().model.is_some() {
        return true;
    }
    let loading = timeout(LIMIT, engine.load_insisting(real::model())).await.expect("it ends");
    assert!(
        matches!(loading, Ok(_) | Err(EngineError::Failed(_) | EngineError::Died(_))),
        "it ended otherwise: {loading:?}"
    );
    loading.is_ok()
}

/// Asks for the story, and keeps what comes before it is shown, as the app does.
async fn ask(engine: &Engine, history: &History) -> Answer {
    let question = Question { prompt: real::PROMPT.into(), ..Question::default() };
    let kept = history.begin_answer(question, SystemTime::now()).unwrap();
    let mut reply = engine.generate(real::story(STORY));
    let mut shown = String::new();
    while let Some(text) = next_text(&mut reply).await {
        match text {
            Ok(piece) => {
                history.append(&kept.answer, &piece).unwrap();
                shown.push_str(&piece);
            }
            Err(state) => {
                history.finish_answer(&kept.answer, End::new(state), SystemTime::now()).unwrap();
                return Answer { kept, shown, state };
            }
        }
    }
    panic!("a reply ended without telling how, after {shown:?}")
}

/// The next piece of text; or as an error, how the reply ended.
async fn next_text(reply: &mut Reply) -> Option<Result<String, MessageState>> {
    loop {
        match timeout(LIMIT, reply.next()).await.expect("a reply goes on")? {
            ReplyEvent::Text(piece) => return Some(Ok(piece)),
            ReplyEvent::PromptProgress { .. } => {}
            ReplyEvent::Finished(Ok(_)) => return Some(Err(MessageState::Done)),
            ReplyEvent::Finished(Err(EngineError::Died(_) | EngineError::Failed(_))) => {
                return Some(Err(MessageState::Interrupted));
            }
            ReplyEvent::Finished(other) => panic!("it ended otherwise: {other:?}"),
        }
    }
}

/// Every answer is a beginning of the story, the finished ones all of it, and each is in the
/// history as it was shown.
fn compare(answers: &[Answer], story: &str, file: &Path) {
    let (history, opened) = History::open(file, SystemTime::now()).unwrap();
    println!("the history opened: {opened:?}");
    for Answer { kept, shown, state } in answers {
        assert!(story.starts_with(shown), "{shown:?} is not how {story:?} begins");
        assert!(*state != MessageState::Done || shown == story, "{shown:?} is not all");
        let messages = history.messages(&kept.conversation, None, 10).unwrap();
        let message = messages.iter().find(|message| message.id == kept.answer).unwrap();
        assert_eq!((&message.text, message.state), (shown, *state));
    }
    history.close().unwrap();
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
    let count =
        |wanted: MessageState| tally.answers.iter().filter(|answer| answer.state == wanted).count();
    let shown: usize = tally.answers.iter().map(|answer| answer.shown.chars().count()).sum();
    let figures = json!({
        "kills": tally.kills, "killedWhile": tally.during, "answersWhole": count(MessageState::Done),
        "answersInterrupted": count(MessageState::Interrupted),
        "loadsThatDied": tally.without_reply, "charactersShown": shown,
        "answersThatDifferInTheHistory": 0, "processesLeft": 0, "descriptorsLeaked": 0,
        "seconds": took.as_secs(),
    });
    println!("{figures:#}");
}
