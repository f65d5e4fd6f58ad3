//! Plays `tests/contract/page` through Tauri's own IPC: the app's real configuration and
//! permissions, the real engine, the demo model; only the window is not there.

mod bench;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use self::bench::{Bench, CHANNEL, demo_model, real_engine};
use crate::commands;

/// Longer than anything here takes on a busy machine; it only ends what would hang.
const LIMIT: Duration = Duration::from_secs(60);

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
        if let Some(prompt) = case["after"].as_str() {
            let first = bench.invoke("start_inference", json!({"prompt": prompt})).unwrap();
            fill(&mut arguments, &first);
        }
        match bench.invoke(command, arguments) {
            Ok(result) => compare(about, &case["resolves"], &result, &vary),
            Err(error) => compare(about, &case["rejects"], &error, &vary),
        }
        if let Some(expected) = case["hears"].as_array() {
            compare_heard(about, expected, &bench.heard());
        }
    }
}

/// Names what an earlier answer is called where a case says `${conversationId}`.
fn fill(arguments: &mut Value, answer: &Value) {
    for value in arguments.as_object_mut().unwrap().values_mut() {
        for name in ["conversationId", "messageId"] {
            if value.as_str() == Some(&format!("${{{name}}}")) {
                *value = answer[name].clone();
            }
        }
    }
}

/// What is heard is the same up to how the text is cut, and numbered without gaps.
fn compare_heard(about: &str, expected: &[Value], heard: &[Value]) {
    for (number, message) in heard.iter().enumerate() {
        assert_eq!(message["seq"], number, "{about}: {heard:?}");
    }
    assert_eq!(shape(&heard[0]), shape(&expected[0]), "{about}");
    if expected.iter().any(|message| message["type"] == "delta") {
        assert_eq!(text_of(heard), text_of(expected), "{about}");
    }
}

fn text_of(messages: &[Value]) -> String {
    let deltas = messages.iter().filter(|message| message["type"] == "delta");
    deltas.map(|message| message["text"].as_str().unwrap()).collect()
}

fn compare(about: &str, expected: &Value, found: &Value, vary: &[Value]) {
    let (mut expected, mut found) = (expected.clone(), found.clone());
    for path in vary {
        let pointer = match path.as_str().unwrap() {
            "" => String::new(),
            path => format!("/{}", path.replace('.', "/")),
        };
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
fn every_command_keeps_its_contract() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contract/page");
    let mut played = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        play(&name);
        played.push(name.trim_end_matches(".json").to_owned());
    }
    played.sort();
    let mut commands = commands::names::COMMANDS.to_vec();
    commands.sort_unstable();
    assert_eq!(played, commands, "every command has its file in tests/contract/page");
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
    tauri::async_runtime::block_on(bench.assistant().warm_up());
    // Only the latest state is kept for a slow listener; this one lasts long enough.
    bench.invoke("start_inference", json!({"prompt": "Once"})).unwrap();
    let deadline = Instant::now() + LIMIT;
    let mut states = Vec::new();
    while !states.contains(&json!("generating")) || states.last() != Some(&json!("idle")) {
        assert!(Instant::now() < deadline, "it never came to rest: {states:?}");
        states.extend(bench.heard().into_iter().map(|status| status["state"].clone()));
        std::thread::yield_now();
    }
}

#[test]
fn what_was_said_is_listed_opened_found_renamed_exported_and_imported_again() {
    let bench = Bench::with_real_engine();
    let asked = json!({"prompt": "Once upon a time, there was a zebra"});
    let answer = bench.invoke("start_inference", asked).unwrap();
    let one = json!({"conversationId": answer["conversationId"]});
    let listed = bench.invoke("list_conversations", json!({})).unwrap();
    assert_eq!(listed["conversations"][0]["id"], answer["conversationId"]);
    let opened = bench.invoke("open_conversation", one.clone()).unwrap();
    assert_eq!(opened["messages"][1]["text"], answer["text"]);
    assert_eq!(opened["messages"][1]["id"], answer["messageId"]);
    let found = bench.invoke("search_messages", json!({"query": "zebr"})).unwrap();
    assert_eq!(found["messages"][0]["conversation"], answer["conversationId"]);
    let mut renamed = one.clone();
    renamed["title"] = json!(" The zebra ");
    assert_eq!(bench.invoke("rename_conversation", renamed).unwrap(), "The zebra");

    let file = bench.choose("all.json");
    assert_eq!(bench.invoke("export_all_conversations", json!({})).unwrap(), 1);
    bench.invoke("delete_conversation", one.clone()).unwrap();
    let gone = bench.invoke("open_conversation", one.clone()).unwrap_err();
    assert_eq!(gone["code"], "unknown_conversation");
    assert_eq!(bench.invoke("import_conversations", json!({})).unwrap()["conversations"], 1);
    assert_eq!(bench.invoke("open_conversation", one).unwrap()["messages"], opened["messages"]);
    assert!(file.exists());
}

#[test]
fn a_model_is_added_loaded_and_removed_by_its_id_and_no_path_reaches_the_page() {
    let bench = Bench::with_real_engine();
    let file = bench.choose("copy of the model.gguf");
    std::fs::copy(demo_model(), &file).unwrap();
    let added = bench.invoke("add_model", json!({})).unwrap();
    assert_eq!(added["name"], "copy of the model");
    let loaded = bench.invoke("load_model", json!({"id": added["id"]})).unwrap();
    assert_eq!(loaded["chosen"], true);
    let status = bench.invoke("engine_status", json!({})).unwrap();
    assert_eq!((&status["model"]["id"], &status["state"]), (&added["id"], &json!("idle")));
    let in_use = bench.invoke("remove_model", json!({"id": added["id"]})).unwrap_err();
    assert_eq!(in_use["code"], "model_in_use");
    bench.invoke("unload_model", json!({})).unwrap();
    assert_eq!(bench.invoke("engine_status", json!({})).unwrap()["state"], "ready");
    let asked = bench.invoke("start_inference", json!({"prompt": "Once"})).unwrap();
    assert_eq!(asked["state"], "done", "the next question loads it again");
    bench.invoke("load_model", json!({"id": "demo"})).unwrap();
    bench.invoke("remove_model", json!({"id": added["id"]})).unwrap();
    let told = bench.invoke("diagnostics", json!({})).unwrap();
    let seen = format!("{added}{loaded}{status}{told}");
    assert!(!seen.contains(&*bench.folder.path().to_string_lossy()), "{seen}");
}

#[test]
fn a_measurement_gives_figures_and_the_model_is_loaded_again() {
    let bench = Bench::with_real_engine();
    let settings = json!([{"threads": 1}, {"device": "NONE"}]);
    let asked = json!({"settings": settings, "onEvent": CHANNEL});
    let speeds = bench.invoke("measure_speed", asked).unwrap();
    assert!(speeds[0]["decodeTokensPerSecond"].as_f64().unwrap() > 1.0, "{speeds}");
    assert_eq!(speeds[0]["threads"], 1);
    assert_eq!(speeds[1]["problem"]["code"], "device_unavailable");
    let progress: Vec<Value> = bench.heard().iter().map(|each| each["done"].clone()).collect();
    assert_eq!(progress, [0, 1]);
    assert_eq!(bench.invoke("engine_status", json!({})).unwrap()["state"], "idle");
}

#[test]
fn a_page_that_is_loaded_anew_finds_the_last_conversation_and_the_text_of_its_answer() {
    let bench = Bench::with_real_engine();
    assert_eq!(bench.invoke("resume_conversation", json!({})).unwrap(), Value::Null);
    let answer = bench.invoke("start_inference", json!({"prompt": "Once upon"})).unwrap();
    let resumed = bench.invoke("resume_conversation", json!({})).unwrap();
    assert_eq!(resumed["conversation"]["id"], answer["conversationId"]);
    let text = answer["text"].as_str().unwrap();
    let rest = json!({
        "conversationId": answer["conversationId"],
        "messageId": answer["messageId"],
        "offset": 3,
        "onEvent": CHANNEL,
    });
    let again = bench.invoke("attach_answer", rest).unwrap();
    assert_eq!(again, answer);
    assert_eq!(text_of(&bench.heard()), text[3..]);
}
