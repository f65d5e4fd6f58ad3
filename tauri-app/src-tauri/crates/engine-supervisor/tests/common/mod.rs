//! The real engine, the tiny model, and bounded waiting.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use engine_supervisor::{
    Client, Engine, EngineError, GenerateOptions, GenerateParams, Generated, Input, LoadParams,
    Reply, ReplyEvent, Settings, Snapshot, locate,
};

/// Longer than anything here takes on a busy machine; it only ends what would hang.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The engine in the folder that `LOCALAI_TEST_ENGINE` names.
pub(crate) fn real_engine() -> Engine {
    Engine::new(real_settings())
}

/// To change before an engine is made of them.
pub(crate) fn real_settings() -> Settings {
    let folder = std::env::var_os("LOCALAI_TEST_ENGINE").expect(
        "LOCALAI_TEST_ENGINE is not set\nhint: run `python3 noxfile.py -s tests`, or set it to the \
         folder tauri-app/src-tauri/bin/localai-sidecar-<target>.dist that `place` has filled",
    );
    settings(locate("localai-sidecar", &[PathBuf::from(folder)]).expect("the engine is placed"))
}

/// An engine that runs `program`.
pub(crate) fn engine(program: PathBuf) -> Engine {
    Engine::new(settings(program))
}

/// To change before an engine is made of them.
pub(crate) fn settings(program: PathBuf) -> Settings {
    let client = Client { name: "engine-supervisor-tests".into(), version: "0.1.0".into() };
    Settings::new(program, client)
}

/// The demo model, on one thread so that other tests do not slow it down.
pub(crate) fn tiny_model() -> LoadParams {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let path = models.canonicalize().unwrap().join("stories260K.gguf");
    LoadParams { path: path.to_str().unwrap().into(), threads: Some(1), ..LoadParams::default() }
}

/// Greedy, so that the text is the same each time.
pub(crate) fn greedy(prompt: &str, max_tokens: u32) -> GenerateParams {
    GenerateParams {
        options: GenerateOptions {
            max_tokens: Some(max_tokens),
            temperature: Some(0.0),
            ..GenerateOptions::default()
        },
        ..GenerateParams::new(Input::Prompt(prompt.into()))
    }
}

/// The reply's text and its end.
pub(crate) async fn finish(mut reply: Reply) -> (String, Result<Generated, EngineError>) {
    let mut text = String::new();
    loop {
        match within("the reply goes on", reply.next()).await {
            Some(ReplyEvent::Text(piece)) => text.push_str(&piece),
            Some(ReplyEvent::PromptProgress { .. }) => {}
            Some(ReplyEvent::Finished(outcome)) => return (text, outcome),
            None => panic!("the reply ended without telling how"),
        }
    }
}

/// `what`, which must come about before the limit.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("waited too long: {what}"))
}

/// The first snapshot of which `is_so` holds.
pub(crate) async fn until(
    engine: &Engine,
    what: &str,
    is_so: impl FnMut(&Snapshot) -> bool,
) -> Snapshot {
    let mut snapshots = engine.watch();
    within(what, snapshots.wait_for(is_so)).await.expect("the supervisor lives").clone()
}

/// Kills one process, as the system's memory killer would.
pub(crate) fn kill(pid: u32) {
    signal(pid, "KILL");
}

/// Sends a signal by its name.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = std::process::Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(status.unwrap().success(), "process {pid} could not be sent {name}");
}

/// Whether a process of that number runs; a zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}

/// Waits until process `pid` is gone.
pub(crate) fn wait_until_gone(pid: u32) {
    let deadline = Instant::now() + LIMIT;
    while runs(pid) {
        assert!(Instant::now() < deadline, "process {pid} is still there");
        std::thread::yield_now();
    }
}
