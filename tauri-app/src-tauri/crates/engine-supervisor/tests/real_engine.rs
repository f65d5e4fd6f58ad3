//! The supervisor with the real engine and the real tiny model.

mod common;

use std::time::{Duration, Instant};

use common::{finish, greedy, kill, real_engine, runs, tiny_model, until, wait_until_gone, within};
use engine_supervisor::{
    Cause, EngineError, Exit, FinishReason, LoadParams, Problem, ReplyEvent, Snapshot, State,
    StateKind, TokenizeParams,
};

const PROMPT: &str = "Once upon a time, there was a little girl named";

#[tokio::test]
async fn a_prompt_is_answered_with_text_of_the_model() {
    let engine = real_engine();
    let loaded = within("loading", engine.load(tiny_model())).await.unwrap();
    assert_eq!(loaded.model.name, "stories260K");
    assert!(!loaded.model.has_chat_template);

    let (text, end) = finish(engine.generate(greedy(PROMPT, 16))).await;
    let end = end.unwrap();
    assert!(text.starts_with(" Lily"), "this is not how the story goes on: {text:?}");
    assert_eq!((end.finish_reason, end.completion_tokens), (FinishReason::Length, 16));
    engine.shut_down().await;
}

#[tokio::test]
async fn nothing_is_started_before_it_is_needed_and_a_request_starts_it() {
    let engine = real_engine();
    assert_eq!(engine.snapshot().pid, None);
    within("loading", engine.load(tiny_model())).await.unwrap();
    let snapshot = until(&engine, "the engine is idle", |now| now.state == State::Idle).await;
    assert!(runs(snapshot.pid.unwrap()));
    assert_eq!(snapshot.starts, 1);
    assert_eq!(snapshot.engine.unwrap().server.name, "localai-sidecar");
    engine.shut_down().await;
}

#[tokio::test]
async fn replies_asked_for_at_once_are_written_one_after_the_other() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let replies: Vec<_> = (0..4).map(|_| engine.generate(greedy(PROMPT, 8))).collect();
    let mut texts = Vec::new();
    for reply in replies {
        let (text, end) = finish(reply).await;
        end.unwrap();
        texts.push(text);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    engine.shut_down().await;
}

#[tokio::test]
async fn a_waiting_reply_is_cancelled_without_troubling_the_engine() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let first = engine.generate(greedy(PROMPT, 400));
    let second = engine.generate(greedy(PROMPT, 400));
    second.canceller().cancel();
    let (text, end) = finish(second).await;
    assert_eq!((text.as_str(), end.unwrap().finish_reason), ("", FinishReason::Cancelled));
    finish(first).await.1.unwrap();
    engine.shut_down().await;
}

#[tokio::test]
async fn a_killed_idle_engine_is_replaced_at_once_with_its_model() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let first = engine.snapshot().pid.unwrap();
    kill(first);
    let now = until(&engine, "a new engine is idle", |now| {
        now.state == State::Idle && now.pid.is_some_and(|pid| pid != first)
    })
    .await;
    assert_eq!(now.starts, 2);
    assert_eq!(now.last_death.unwrap().exit, Exit::Signal(9));
    let (text, end) = finish(engine.generate(greedy(PROMPT, 4))).await;
    end.unwrap();
    assert!(!text.is_empty());
    engine.shut_down().await;
}

#[tokio::test]
async fn an_engine_that_keeps_dying_is_given_up_at_the_fifth_time_until_somebody_insists() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    for life in 1..=5 {
        let idle = |now: &Snapshot| now.starts == life && now.state == State::Idle;
        kill(until(&engine, "it is back", idle).await.pid.unwrap());
    }
    let now = until(&engine, "it is given up", |now| now.state.kind() == StateKind::Failed).await;
    let Some(Problem::KeepsCrashing { crashes: 5, death }) = now.problem else {
        panic!("{:?}", now.problem)
    };
    assert_eq!((death.cause, death.during), (Cause::Killed(9), StateKind::Idle));
    let (_, end) = finish(engine.generate(greedy(PROMPT, 4))).await;
    assert!(matches!(end, Err(EngineError::Failed(Problem::KeepsCrashing { .. }))), "{end:?}");

    within("restarting", engine.restart()).await.unwrap();
    let now = engine.snapshot();
    assert_eq!((now.starts, now.problem, now.state), (6, None, State::Idle));
    finish(engine.generate(greedy(PROMPT, 4))).await.1.unwrap();
    engine.shut_down().await;
}

#[tokio::test]
async fn a_stopped_engine_is_gone_and_the_next_request_starts_it_with_its_model() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    within("stopping", engine.stop()).await.unwrap();
    assert!(!runs(pid));
    let now = engine.snapshot();
    assert_eq!((now.state, now.pid, now.last_death), (State::Stopped, None, None));
    finish(engine.generate(greedy(PROMPT, 4))).await.1.unwrap();
    assert_eq!(engine.snapshot().starts, 2);
    engine.shut_down().await;
}

#[tokio::test]
async fn an_unloaded_model_is_not_loaded_again_by_itself() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    within("unloading", engine.unload()).await.unwrap();
    until(&engine, "it has no model", |now| now.state == State::Ready).await;
    let (_, end) = finish(engine.generate(greedy(PROMPT, 4))).await;
    assert_eq!(end, Err(EngineError::NoModel));
    engine.shut_down().await;
}

#[tokio::test]
async fn tokens_are_counted_and_contexts_forgotten() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let count = engine.tokenize(TokenizeParams::Text(PROMPT.into()));
    let counted = within("counting", count).await.unwrap();
    let (_, end) = finish(engine.generate(greedy(PROMPT, 1))).await;
    assert_eq!(end.unwrap().prompt_tokens, counted);
    within("forgetting", engine.forget("nobody")).await.unwrap();
    engine.shut_down().await;
}

#[tokio::test]
async fn a_slow_listener_gets_all_text_in_few_pieces() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let (all, _) = finish(engine.generate(greedy(PROMPT, 200))).await;
    let slow = engine.generate(greedy(PROMPT, 200));
    // A second reply is begun only when the first has been written, which nobody reads.
    finish(engine.generate(greedy(PROMPT, 1))).await.1.unwrap();
    let (mut slow, mut text, mut pieces) = (slow, String::new(), 0);
    while let Some(event) = within("it goes on", slow.next()).await {
        if let ReplyEvent::Text(piece) = event {
            text.push_str(&piece);
            pieces += 1;
        }
    }
    assert_eq!((text, pieces), (all, 1));
    engine.shut_down().await;
}

#[tokio::test]
async fn an_engine_killed_in_mid_answer_ends_the_reply_with_the_cause_and_the_next_one_is_answered()
{
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    // The tiny model writes a whole reply in a tenth of a second: it is stopped first,
    // so that it is surely in the middle of this one.
    common::signal(pid, "STOP");
    let reply = engine.generate(greedy(PROMPT, 400));
    until(&engine, "it writes", |now| now.state == State::Generating).await;
    kill(pid);
    let (_, end) = finish(reply).await;
    let Err(EngineError::Died(death)) = end else {
        panic!("it did not end with the death: {end:?}")
    };
    assert_eq!((death.exit, death.cause), (Exit::Signal(9), Cause::Killed(9)));
    assert_eq!(death.during, StateKind::Generating);

    let (text, end) = finish(engine.generate(greedy(PROMPT, 8))).await;
    end.unwrap();
    assert!(text.starts_with(" Lily"));
    assert_ne!(engine.snapshot().pid, Some(pid));
    engine.shut_down().await;
}

#[tokio::test]
async fn death_is_noticed_at_once() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    let killed = Instant::now();
    kill(pid);
    let dead = until(&engine, "the death is noticed", |now| now.last_death_at.is_some()).await;
    let noticed = dead.last_death_at.unwrap() - killed;
    // Promised are 50 ms.
    assert!(noticed < Duration::from_millis(500), "noticed after {noticed:?}");
    engine.shut_down().await;
}

#[tokio::test]
async fn a_dropped_reply_is_cancelled_and_the_engine_is_free_for_the_next_one() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    let mut reply = engine.generate(greedy(PROMPT, 400));
    loop {
        match within("text comes", reply.next()).await.unwrap() {
            ReplyEvent::PromptProgress { .. } => {}
            ReplyEvent::Text(_) => break,
            ReplyEvent::Finished(end) => panic!("it ended without text: {end:?}"),
        }
    }
    drop(reply);
    finish(engine.generate(greedy(PROMPT, 4))).await.1.unwrap();
    assert_eq!(engine.snapshot().pid, Some(pid));
    engine.shut_down().await;
}

#[tokio::test]
async fn a_model_that_cannot_be_loaded_is_told_and_another_one_can_be_loaded() {
    let engine = real_engine();
    let missing = LoadParams { path: "/nowhere/a.gguf".into(), ..LoadParams::default() };
    let error = within("loading", engine.load(missing)).await.unwrap_err();
    let EngineError::Refused(refusal) = error else { panic!("not refused: {error:?}") };
    assert_eq!(refusal.kind(), "model_not_found");
    let (_, end) = finish(engine.generate(greedy(PROMPT, 4))).await;
    assert!(matches!(end, Err(EngineError::Refused(_))), "{end:?}");

    within("loading", engine.load(tiny_model())).await.unwrap();
    finish(engine.generate(greedy(PROMPT, 4))).await.1.unwrap();
    engine.shut_down().await;
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_refused_with_both_lengths() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let (_, end) = finish(engine.generate(greedy(&"word ".repeat(2000), 4))).await;
    let Err(EngineError::Refused(refusal)) = end else { panic!("not refused: {end:?}") };
    assert_eq!(refusal.kind(), "context_overflow");
    assert_eq!(refusal.data["contextLength"], 512);
    engine.shut_down().await;
}

#[tokio::test]
async fn without_a_model_that_is_said() {
    let engine = real_engine();
    assert_eq!(within("asking", engine.ready()).await, Err(EngineError::NoModel));
    engine.shut_down().await;
}

#[tokio::test]
async fn after_shutting_down_nothing_is_left_and_everything_is_refused() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    let started = Instant::now();
    within("shutting down", engine.shut_down()).await;
    assert!(!runs(pid));
    // It ends in order, long before it would be killed after two seconds.
    assert!(started.elapsed() < Duration::from_secs(2), "took {:?}", started.elapsed());
    assert_eq!(engine.snapshot().state, State::Stopped);
    let (_, end) = finish(engine.generate(greedy(PROMPT, 4))).await;
    assert_eq!(end, Err(EngineError::Stopped));
    assert_eq!(engine.ready().await, Err(EngineError::Stopped));
    within("shutting down again", engine.shut_down()).await;
}

#[tokio::test]
async fn shutting_down_in_mid_answer_ends_the_reply_too() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let reply = engine.generate(greedy(PROMPT, 400));
    let pid = engine.snapshot().pid.unwrap();
    engine.shut_down().await;
    let (_, end) = finish(reply).await;
    assert!(matches!(end, Err(EngineError::Stopped) | Ok(_)), "{end:?}");
    assert!(!runs(pid));
}

#[tokio::test]
async fn an_engine_whose_every_handle_is_gone_ends() {
    let engine = real_engine();
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    drop(engine);
    wait_until_gone(pid);
}
