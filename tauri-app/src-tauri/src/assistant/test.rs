//! The assistant with an engine that says what the test needs: a real process, written in
//! shell, that answers one line with one line or more.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use engine_supervisor::{Client, Settings};
use serde_json::{Value, json};

use history::History;

use crate::answer::AnswerState;
use crate::assistant::{Assistant, Question};
use crate::models::Models;
use crate::preferences::Preferences;
use crate::stream::{StreamEvent, StreamMessage};

/// Longer than anything here takes on a busy machine; it only ends what would hang.
const LIMIT: Duration = Duration::from_secs(30);

/// A folder with an engine that gives `answers` in turn and keeps what it was asked.
struct ScriptedEngine(PathBuf);

impl ScriptedEngine {
    /// The supervisor numbers its requests from 1: `initialize`, `model/load`, then replies.
    fn new(name: &str, answers: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("assistant-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut script = String::from("#!/bin/sh\n[ \"$1\" = --bench ] && exec sleep 600\n");
        for answer in answers {
            script +=
                &format!("IFS= read -r line && printf '%s\\n' \"$line\" >> asked\n{answer}\n");
        }
        script += "read -r line\n";
        let program = folder.join("engine");
        // Written by another process, see the supervisor's tests (ETXTBSY).
        let write = "printf '%s' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        let status = Command::new("sh").args(["-c", write]).arg(&program).arg(&script).status();
        assert!(status.unwrap().success());
        Self(folder)
    }

    fn assistant(&self) -> Arc<Assistant> {
        let client = Client { name: "localaiapp-tests".into(), version: "0.1.0".into() };
        let settings = Settings::new(self.0.join("engine"), client);
        let history = History::open(&self.0.join("history.sqlite3"), SystemTime::now()).unwrap().0;
        let models = Models::open(self.0.join("models.json"), "/models/chat.gguf".into());
        let (preferences, _) = Preferences::load(&self.0.join("settings.json"));
        Assistant::new(Ok(settings), Ok(history), models, preferences)
    }

    /// The `params` of every request of that method.
    fn asked(&self, method: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.0.join("asked")).unwrap();
        let requests = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        requests
            .filter(|line| line["method"] == method)
            .map(|line| line["params"].clone())
            .collect()
    }
}

impl Drop for ScriptedEngine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const HELLO: &str = r#"echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"server":{"name":"e","version":"1","buildId":"b"},"variant":"cpu","backends":[]}}'"#;
const CHAT_MODEL: &str = r#"echo '{"jsonrpc":"2.0","id":2,"result":{"model":{"name":"chat","contextLength":64,"hasChatTemplate":true},"device":"CPU","loadMs":1.0}}'"#;

fn reply(id: u32, text: &str) -> String {
    let result = json!({"jsonrpc": "2.0", "id": id, "result": {
        "finishReason": "stop", "promptTokens": 9, "completionTokens": 2,
        "timings": {"firstTokenMs": 1.0, "decodeTokensPerSecond": 50.0}}});
    let delta = json!({"jsonrpc": "2.0", "method": "generate/delta", "params": {
        "id": id, "seq": 0, "text": text, "tokens": 2}});
    format!("echo '{delta}'\necho '{result}'")
}

fn too_long(id: u32) -> String {
    let error = json!({"jsonrpc": "2.0", "id": id, "error": {
        "code": -32011, "message": "too long",
        "data": {"kind": "context_overflow", "promptTokens": 70, "contextLength": 64}}});
    format!("echo '{error}'")
}

fn question(prompt: &str, conversation_id: Option<&str>) -> Question {
    Question {
        prompt: prompt.into(),
        conversation_id: conversation_id.map(str::to_owned),
        ..Question::default()
    }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("waited too long: {what}"))
}

#[tokio::test]
async fn when_a_conversation_no_longer_fits_its_oldest_turns_are_forgotten_and_that_is_said() {
    let answers = [HELLO, CHAT_MODEL, &reply(3, "one"), &too_long(4), &reply(5, "two")];
    let engine = ScriptedEngine::new("forgetful", &answers);
    let assistant = engine.assistant();
    within("loading", assistant.warm_up()).await;

    let first = within("the first", assistant.answer(question("1?", None), |_| {})).await.unwrap();
    assert_eq!((first.text.as_str(), first.forgotten_turns), ("one", 0));
    let more = question("2?", Some(&first.conversation_id));
    let second = within("the second", assistant.answer(more, |_| {})).await.unwrap();
    assert_eq!((second.text.as_str(), second.forgotten_turns), ("two", 2));

    let asked: Vec<Value> =
        engine.asked("generate").into_iter().map(|mut p| p["messages"].take()).collect();
    let turn = |role: &str, content: &str| json!({"role": role, "content": content});
    assert_eq!(
        asked,
        [
            json!([turn("user", "1?")]),
            json!([turn("user", "1?"), turn("assistant", "one"), turn("user", "2?")]),
            json!([turn("user", "2?")]),
        ]
    );
    within("the end", assistant.shut_down()).await;
}

#[tokio::test]
async fn a_question_that_is_too_long_alone_fails_and_is_not_part_of_the_conversation() {
    let engine =
        ScriptedEngine::new("strict", &[HELLO, CHAT_MODEL, &too_long(3), &reply(4, "yes")]);
    let assistant = engine.assistant();
    within("loading", assistant.warm_up()).await;
    let failed =
        within("the first", assistant.answer(question("long", None), |_| {})).await.unwrap();
    assert_eq!(failed.state, AnswerState::Failed);
    assert_eq!(failed.problem.unwrap().code, "context_overflow");

    let more = question("short", Some(&failed.conversation_id));
    within("the second", assistant.answer(more, |_| {})).await.unwrap();
    let messages = &engine.asked("generate")[1]["messages"];
    assert_eq!(messages, &json!([{"role": "user", "content": "short"}]));
    within("the end", assistant.shut_down()).await;
}

#[tokio::test]
async fn a_question_while_another_is_answered_is_refused_and_stop_ends_even_one_that_waits_for_the_model()
 {
    // It never answers `model/load`, so the question waits for the model.
    let engine = ScriptedEngine::new("slow", &[HELLO]);
    let assistant = engine.assistant();
    let loading = Arc::clone(&assistant);
    let warm_up = tokio::spawn(async move { loading.warm_up().await });
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel::<StreamMessage>();
    let asking = Arc::clone(&assistant);
    let answer = tokio::spawn(async move {
        asking.answer(question("?", None), |message| drop(heard.send(message))).await
    });
    let started = within("it starts", hears.recv()).await.unwrap();
    let StreamEvent::Started { message_id, .. } = started.event else { panic!("{started:?}") };

    let refused = assistant.answer(question("me too", None), |_| {}).await.unwrap_err();
    assert_eq!(refused.code, "busy");
    assert!(!assistant.stop(Some("m99")));
    assert!(assistant.stop(Some(&message_id)));
    let answer = within("it stops", answer).await.unwrap().unwrap();
    assert_eq!((answer.state, answer.text.as_str()), (AnswerState::Interrupted, ""));
    assert!(!assistant.stop(None));
    within("the end", assistant.shut_down()).await;
    within("loading ends", warm_up).await.unwrap();
}

#[tokio::test]
async fn a_measurement_that_takes_long_is_cancelled_and_nothing_else_runs_meanwhile() {
    let engine = ScriptedEngine::new("bench", &[HELLO, CHAT_MODEL]);
    let assistant = engine.assistant();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let measuring = Arc::clone(&assistant);
    let measured = tokio::spawn(async move {
        measuring.measure_speed(Vec::new(), |progress| drop(begun.send(progress))).await
    });
    assert_eq!(within("it begins", begins.recv()).await.unwrap().done, 0);
    let refused = assistant.answer(question("?", None), |_| {}).await.unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("busy", "the speed is being measured")
    );
    assert!(assistant.cancel_measure_speed());
    assert_eq!(within("it ends", measured).await.unwrap().unwrap(), []);
    assert!(!assistant.cancel_measure_speed());
    assert!(assistant.snapshot().model.is_some(), "the model is loaded again");
    within("the end", assistant.shut_down()).await;
}

#[tokio::test]
async fn what_is_deleted_is_forgotten_by_the_engine_too() {
    let forgotten = r#"echo '{"jsonrpc":"2.0","id":4,"result":{}}'"#;
    let engine = ScriptedEngine::new("forget", &[HELLO, CHAT_MODEL, &reply(3, "one"), forgotten]);
    let assistant = engine.assistant();
    within("loading", assistant.warm_up()).await;
    let said = within("an answer", assistant.answer(question("1?", None), |_| {})).await.unwrap();
    let id = said.conversation_id;
    within("deleting", assistant.delete(id.clone())).await.unwrap();
    assert_eq!(engine.asked("session/forget"), [json!({"conversation": id})]);
    assert_eq!(assistant.open(id, None).await.unwrap_err().code, "unknown_conversation");
    let pending = assistant.kept(|history| history.pending_forgets()).await.unwrap();
    assert_eq!(pending, Vec::<String>::new());
    within("the end", assistant.shut_down()).await;
}
