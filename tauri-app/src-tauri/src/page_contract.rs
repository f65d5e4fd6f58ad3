//! Plays `tests/contract/page` through Tauri's own IPC: the app's real configuration and
//! permissions, the real engine, the demo model; only the window is not there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use engine_supervisor::{Client, NotFound, Settings, locate};
use serde_json::{Map, Value, json};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};

use crate::assistant::{Assistant, ChosenModel};
use crate::error::AppError;
use crate::watcher::StatusWatcher;
use crate::{DEMO_MODEL, ENGINE, with_commands};

/// The channel of the page in these tests.
const CHANNEL: &str = "__CHANNEL__:42";

/// An app with everything but a display.
struct Bench {
    app: App<MockRuntime>,
    page: WebviewWindow<MockRuntime>,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Bench {
    fn new(engine: Result<PathBuf, AppError>) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let app = with_commands(mock_builder())
            .channel_interceptor(move |_, _, _, body| {
                let InvokeResponseBody::Json(message) = body else { panic!("not JSON") };
                assert!(
                    message.len() < 8_192,
                    "a message of {} bytes loses its place",
                    message.len()
                );
                listener.lock().unwrap().push(serde_json::from_str(message).unwrap());
                true
            })
            .build(tauri::generate_context!(test = true))
            .unwrap();
        let client = Client { name: "localaiapp-tests".into(), version: "0.1.0".into() };
        let settings = engine.map(|program| Settings { program, client });
        app.manage(StatusWatcher::default());
        app.manage(Assistant::new(settings, demo_model()));
        let page = app.get_webview_window("main").unwrap_or_else(|| {
            WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build().unwrap()
        });
        Self { app, page, heard }
    }

    fn with_real_engine() -> Self {
        let bench = Self::new(Ok(real_engine()));
        tauri::async_runtime::block_on(bench.app.state::<Assistant>().warm_up());
        bench
    }

    fn without_engine() -> Self {
        let nowhere = NotFound { looked_at: vec!["/nowhere/localai-sidecar".into()] };
        Self::new(Err(nowhere.into()))
    }

    fn invoke(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.into(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "http://localhost:1420".parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: tauri::http::HeaderMap::default(),
            invoke_key: INVOKE_KEY.into(),
        };
        get_ipc_response(&self.page, request).map(|body| body.deserialize().unwrap())
    }

    fn heard(&self) -> Vec<Value> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        tauri::async_runtime::block_on(self.app.state::<Assistant>().shut_down());
    }
}

fn demo_model() -> ChosenModel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DEMO_MODEL);
    ChosenModel { path, demo: true }
}

fn real_engine() -> PathBuf {
    let folder = std::env::var_os("LOCALAI_TEST_ENGINE").expect(
        "LOCALAI_TEST_ENGINE is not set\nhint: run `python3 noxfile.py -s tests`, or set it to the \
         folder tauri-app/src-tauri/bin/localai-sidecar-<target>.dist that `place` has filled",
    );
    locate(ENGINE, &[folder.into()]).expect("the engine is placed")
}

fn contract(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contract/page");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let long = "word ".repeat(3_000);
    let too_long = "a".repeat(200_001);
    let text = text.replace("${LONG}", long.trim()).replace("${TOO_LONG}", &too_long);
    serde_json::from_str(&text).unwrap()
}

/// Plays every case of a file; each gets an app of its own.
fn play(name: &str) {
    let contract = contract(name);
    let command = contract["command"].as_str().unwrap();
    for case in contract["cases"].as_array().unwrap() {
        let about = case["about"].as_str().unwrap();
        let bench = match case["engine"].as_str() {
            Some("missing") => Bench::without_engine(),
            _ => Bench::with_real_engine(),
        };
        let mut arguments = case["arguments"].clone();
        if case.get("hears").is_some() {
            arguments["onEvent"] = json!(CHANNEL);
        }
        let vary = case["vary"].as_array().cloned().unwrap_or_default();
        match bench.invoke(command, arguments) {
            Ok(result) => compare(about, &case["resolves"], &result, &vary),
            Err(error) => compare(about, &case["rejects"], &error, &vary),
        }
        if let Some(expected) = case["hears"].as_array() {
            compare_heard(about, expected, &bench.heard());
        }
    }
}

/// What is heard is the same up to how the text is cut, and numbered without gaps.
fn compare_heard(about: &str, expected: &[Value], heard: &[Value]) {
    for (number, message) in heard.iter().enumerate() {
        assert_eq!(message["seq"], number, "{about}: {heard:?}");
    }
    assert_eq!(shape(&heard[0]), shape(&expected[0]), "{about}");
    assert_eq!(text_of(heard), text_of(expected), "{about}");
}

fn text_of(messages: &[Value]) -> String {
    let deltas = messages.iter().filter(|message| message["type"] == "delta");
    deltas.map(|message| message["text"].as_str().unwrap()).collect()
}

fn compare(about: &str, expected: &Value, found: &Value, vary: &[Value]) {
    let (mut expected, mut found) = (expected.clone(), found.clone());
    for path in vary {
        let pointer = format!("/{}", path.as_str().unwrap().replace('.', "/"));
        for side in [&mut expected, &mut found] {
            if let Some(value) = side.pointer_mut(&pointer) {
                *value = kind(value);
            }
        }
    }
    assert_eq!(found, expected, "{about}");
}

fn shape(message: &Value) -> Map<String, Value> {
    let fields = message.as_object().unwrap();
    fields.iter().map(|(name, value)| (name.clone(), kind(value))).collect()
}

fn kind(value: &Value) -> Value {
    json!(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

#[test]
fn start_inference_keeps_the_contract() {
    play("start_inference.json");
}

#[test]
fn cancel_inference_keeps_the_contract() {
    play("cancel_inference.json");
}

#[test]
fn engine_status_keeps_the_contract() {
    play("engine_status.json");
}

#[test]
fn third_party_licences_keeps_the_contract() {
    play("third_party_licences.json");
}

#[test]
fn a_conversation_goes_on_under_the_name_it_got() {
    let bench = Bench::with_real_engine();
    let first = bench.invoke("start_inference", json!({"prompt": "Once upon a time"})).unwrap();
    let more = json!({"prompt": "And then", "conversationId": first["conversationId"]});
    let second = bench.invoke("start_inference", more).unwrap();
    assert_eq!(second["conversationId"], first["conversationId"]);
    assert_ne!(second["messageId"], first["messageId"]);
    let other = bench.invoke("start_inference", json!({"prompt": "Once upon a time"})).unwrap();
    assert_ne!(other["conversationId"], first["conversationId"]);
}

#[test]
fn a_command_that_no_permission_names_is_refused() {
    let bench = Bench::without_engine();
    let refusal = bench.invoke("plugin:event|emit", json!({"event": "x"})).unwrap_err();
    assert!(refusal.as_str().unwrap().contains("not allowed"), "{refusal}");
}

#[test]
fn a_listener_hears_of_every_change_of_the_engine() {
    let bench = Bench::new(Ok(real_engine()));
    let first = bench.invoke("engine_status", json!({"onChange": CHANNEL})).unwrap();
    assert_eq!(first["state"], "stopped");
    tauri::async_runtime::block_on(bench.app.state::<Assistant>().warm_up());
    // Only the latest state is kept for a slow listener; this one lasts long enough.
    bench.invoke("start_inference", json!({"prompt": "Once"})).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut states = Vec::new();
    while !states.contains(&json!("generating")) || states.last() != Some(&json!("idle")) {
        assert!(std::time::Instant::now() < deadline, "it never came to rest: {states:?}");
        states.extend(bench.heard().into_iter().map(|status| status["state"].clone()));
        std::thread::yield_now();
    }
    assert!(
        states.contains(&json!("generating")) || states.contains(&json!("loading")),
        "{states:?}"
    );
}
