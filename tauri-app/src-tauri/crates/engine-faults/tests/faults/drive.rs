//! Drives a scripted engine through the supervisor, and says in a few words what came of it.

use std::time::Duration;

use engine_supervisor::{
    Cause, Client, Death, Engine, EngineError, FinishReason, GenerateOptions, GenerateParams,
    Generated, Input, LoadParams, LoadedModel, Policy, Problem, Reply, ReplyEvent, Settings,
    Snapshot, StateKind,
};

use crate::common::Place;

/// The usual numbers, but for the pauses before a restart: nothing here is worth waiting for.
pub(crate) fn patient() -> Policy {
    Policy { delays: [0, 10, 20, 40].map(Duration::from_millis).to_vec(), ..Policy::default() }
}

/// Takes an engine for hung after two or three seconds, which is long enough for a busy
/// machine. A missing `ping` (at most two seconds) is noticed before anything else.
pub(crate) fn impatient() -> Policy {
    let limit = Duration::from_secs(3);
    Policy {
        start_limit: limit,
        ping_interval: Duration::from_millis(500),
        load_limit: limit,
        prompt_limit: limit,
        token_limit: limit,
        cancel_limit: limit,
        answer_limit: limit,
        ..patient()
    }
}

/// What an app passes in for the engine in `place`.
pub(crate) fn settings(place: &Place, policy: Policy) -> Settings {
    let client = Client { name: "fault-suite".into(), version: "0.1.0".into() };
    Settings { policy, ..Settings::new(place.program(), client) }
}

pub(crate) fn engine(place: &Place, policy: Policy) -> Engine {
    Engine::new(settings(place, policy))
}

pub(crate) fn model() -> LoadParams {
    model_at("/models/tiny.gguf")
}

pub(crate) fn model_at(path: &str) -> LoadParams {
    LoadParams { path: path.into(), ..LoadParams::default() }
}

pub(crate) fn prompt(text: &str) -> GenerateParams {
    GenerateParams {
        options: GenerateOptions { seed: Some(1), ..GenerateOptions::default() },
        ..GenerateParams::new(Input::Prompt(text.into()))
    }
}

/// A reply's whole text and its end.
pub(crate) async fn finish(mut reply: Reply) -> (String, Result<Generated, EngineError>) {
    let mut text = String::new();
    loop {
        match reply.next().await.expect("a reply ends by telling how") {
            ReplyEvent::Text(piece) => text.push_str(&piece),
            ReplyEvent::PromptProgress { .. } => {}
            ReplyEvent::Finished(outcome) => return (text, outcome),
        }
    }
}

/// Asks, and says in words what came: `whole`, or how much of it and why not all.
pub(crate) async fn reply(engine: &Engine, text: &str) -> String {
    let (text, outcome) = finish(engine.generate(prompt(text))).await;
    reply_in_words(&text, &outcome)
}

/// The text that a scripted engine writes of `count` words.
pub(crate) fn words(count: usize) -> String {
    (0..count).map(|word| format!("word{word} ")).collect()
}

pub(crate) fn reply_in_words(text: &str, outcome: &Result<Generated, EngineError>) -> String {
    let count = text.split_whitespace().count();
    assert_eq!(text, words(count), "text is missing, doubled or mixed up");
    match outcome {
        Ok(Generated { finish_reason: FinishReason::Cancelled, .. }) => "cancelled".into(),
        Ok(end) if end.completion_tokens == count as u64 => "whole".into(),
        Ok(end) => format!("{count} words of {}", end.completion_tokens),
        Err(error) if count == 0 => error_in_words(error),
        Err(error) => format!("{count} words, {}", error_in_words(error)),
    }
}

pub(crate) fn load_in_words(outcome: &Result<LoadedModel, EngineError>) -> String {
    match outcome {
        Ok(loaded) => format!("loaded on {}", loaded.device),
        Err(error) => error_in_words(error),
    }
}

/// The error's stable name, and the cause where a death is behind it.
pub(crate) fn error_in_words(error: &EngineError) -> String {
    match error {
        EngineError::Died(death) => format!("died: {}", cause_in_words(death)),
        EngineError::Failed(problem) => problem_in_words(problem),
        other => other.kind().into(),
    }
}

pub(crate) fn problem_in_words(problem: &Problem) -> String {
    match problem {
        Problem::WillNotRun(death)
        | Problem::KeepsCrashing { death, .. }
        | Problem::LoadCrashed { death, .. } => {
            format!("{}: {}", problem.kind(), cause_in_words(death))
        }
        other => other.kind().into(),
    }
}

pub(crate) fn cause_in_words(death: &Death) -> String {
    match death.cause {
        Cause::Hung(hang) => format!("hung ({hang})"),
        Cause::Killed(number) => format!("killed ({number})"),
        Cause::ExitCode(code) => format!("exit_code ({code})"),
        other => other.kind().into(),
    }
}

/// The first state of which `is_so` holds.
pub(crate) async fn until(engine: &Engine, is_so: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    engine.watch().wait_for(is_so).await.expect("the supervisor lives").clone()
}

/// Whether nothing more happens by itself.
pub(crate) fn is_settled(now: &Snapshot) -> bool {
    use StateKind::{Failed, Idle, Ready, Stopped};
    matches!(now.state.kind(), Idle | Ready | Failed | Stopped)
}

/// Waits until the engine of the given number of starts has come to rest.
pub(crate) async fn settled(engine: &Engine, starts: u64) -> Snapshot {
    until(engine, |now| now.starts >= starts && is_settled(now)).await
}
