//! What a supervisor checks before it starts the engine, and what it writes down meanwhile.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{LIMIT, kill, real_settings, runs, tiny_model, until, within};
use engine_supervisor::{
    Cause, Engine, EngineError, Hang, Policy, Problem, Settings, State, StateKind,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// As the packager writes it, of all files in the engine's folder.
fn manifest_of(settings: &Settings) -> Value {
    let engine = settings.program.parent().unwrap();
    let hash_all = "find . -type f -printf '%P\\0' | xargs -0 sha256sum";
    let output = Command::new("sh").args(["-c", hash_all]).current_dir(engine).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let hashes = lines.lines().map(|line| line.split_once("  ").unwrap());
    let files: serde_json::Map<String, Value> =
        hashes.map(|(hash, name)| (name.to_owned(), hash.into())).collect();
    json!({"schema": 1, "program": "localai-sidecar", "files": files})
}

/// The real engine, checked against this manifest.
fn checked(folder: &Path, manifest: &Value, settings: Settings) -> Settings {
    let path = folder.join("manifest.json");
    std::fs::write(&path, manifest.to_string()).unwrap();
    Settings { manifest: Some(path), folder: Some(folder.join("memory")), ..settings }
}

#[tokio::test]
async fn an_engine_as_it_was_packed_is_started_and_written_down_while_it_runs() {
    let (folder, settings) = (TempDir::new().unwrap(), real_settings());
    let manifest = manifest_of(&settings);
    let engine = Engine::new(checked(folder.path(), &manifest, settings));
    within("loading", engine.load(tiny_model())).await.unwrap();

    let text = std::fs::read_to_string(folder.path().join("memory/engine.json")).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(written["engine"]["pid"], engine.snapshot().pid.unwrap());
    assert_eq!(written["owner"]["pid"], std::process::id());
    assert!(folder.path().join("memory/verified.json").exists());
    within("shutting down", engine.shut_down()).await;
    assert!(!folder.path().join("memory/engine.json").exists());
}

#[tokio::test]
async fn an_engine_that_is_not_as_it_was_packed_is_not_started_and_the_file_named() {
    let (folder, settings) = (TempDir::new().unwrap(), real_settings());
    let mut manifest = manifest_of(&settings);
    manifest["files"]["llama/libllama.so"] = "00".into();
    let engine = Engine::new(checked(folder.path(), &manifest, settings));
    let error = within("loading", engine.load(tiny_model())).await.unwrap_err();
    let EngineError::Failed(Problem::WrongFile(wrong)) = &error else { panic!("{error:?}") };
    assert!(wrong.path.ends_with("llama/libllama.so"), "{error}");
    let now = engine.snapshot();
    assert_eq!((now.state.kind(), now.pid), (StateKind::Failed, None));
    within("shutting down", engine.shut_down()).await;
}

#[tokio::test]
async fn stopping_while_the_files_are_checked_leaves_nothing_running() {
    let (folder, settings) = (TempDir::new().unwrap(), real_settings());
    let manifest = manifest_of(&settings);
    let engine = Engine::new(checked(folder.path(), &manifest, settings));
    let loading = tokio::spawn({
        let engine = engine.clone();
        async move { engine.load(tiny_model()).await }
    });
    until(&engine, "it is being started", |now| now.starts == 1).await;
    within("shutting down", engine.shut_down()).await;
    assert_eq!(engine.snapshot().pid, None);
    assert_eq!(within("loading", loading).await.unwrap(), Err(EngineError::Stopped));
}

#[tokio::test]
async fn the_engine_of_a_killed_app_is_ended_when_the_next_one_starts() {
    let folder = TempDir::new().unwrap();
    let settings = Settings { folder: Some(folder.path().into()), ..real_settings() };
    let mut left_over = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", left_over.id())).unwrap();
    let started: u64 =
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().parse().unwrap();
    let executable = std::fs::read_link(format!("/proc/{}/exe", left_over.id())).unwrap();
    let engine = json!({"pid": left_over.id(), "started": started, "executable": executable});
    let owner = json!({"pid": left_over.id(), "started": 0, "executable": "/nowhere"});
    let pair = json!({"engine": engine, "owner": owner});
    std::fs::write(folder.path().join("engine.json"), pair.to_string()).unwrap();

    let engine = Engine::new(settings);
    let ended = tokio::task::spawn_blocking(move || left_over.wait().unwrap());
    let status = within("it is ended", ended).await.unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    within("shutting down", engine.shut_down()).await;
}

#[tokio::test]
async fn an_engine_that_stands_still_is_replaced() {
    let policy = Policy { ping_interval: Duration::from_millis(500), ..Policy::default() };
    let engine = Engine::new(Settings { policy, ..real_settings() });
    within("loading", engine.load(tiny_model())).await.unwrap();
    let pid = engine.snapshot().pid.unwrap();
    common::signal(pid, "STOP");
    let again = |now: &engine_supervisor::Snapshot| now.starts == 2 && now.state == State::Idle;
    let now = until(&engine, "another one is idle", again).await;
    assert_eq!(now.last_death.unwrap().cause, Cause::Hung(Hang::Ping));
    assert!(!runs(pid));
    within("shutting down", engine.shut_down()).await;
}

#[tokio::test]
async fn a_program_can_measure_how_long_it_was_without_its_engine() {
    let engine = Engine::new(real_settings());
    within("loading", engine.load(tiny_model())).await.unwrap();
    let killed = std::time::Instant::now();
    kill(engine.snapshot().pid.unwrap());
    let back = |now: &engine_supervisor::Snapshot| now.starts == 2 && now.state == State::Idle;
    let now = until(&engine, "another one is idle", back).await;
    let (noticed, ready) = (now.last_death_at.unwrap(), now.since.unwrap());
    println!("noticed after {:?}, ready again after {:?}", noticed - killed, ready - killed);
    assert!(killed < noticed && noticed < ready && ready - killed < LIMIT);
    within("shutting down", engine.shut_down()).await;
}
