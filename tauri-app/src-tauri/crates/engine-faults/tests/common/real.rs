//! The real sidecar and the demo model, for what is measured and soaked.

use std::path::PathBuf;
use std::time::Duration;

use engine_supervisor::{
    Client, Engine, GenerateOptions, GenerateParams, Input, LoadParams, Policy, Settings,
};

/// A beginning that the demo model goes on with.
pub(crate) const PROMPT: &str = "Once upon a time, there was a little girl named";

/// The program in the folder that `LOCALAI_TEST_ENGINE` names.
pub(crate) fn program() -> PathBuf {
    let folder = std::env::var_os("LOCALAI_TEST_ENGINE").expect(
        "LOCALAI_TEST_ENGINE is not set\nhint: set it to the folder \
         tauri-app/src-tauri/bin/localai-sidecar-<target>.dist that `place` has filled",
    );
    PathBuf::from(folder).join("localai-sidecar")
}

/// The real engine, restarted at once however often and at whatever work it was killed.
pub(crate) fn engine(program: PathBuf) -> Engine {
    let client = Client { name: "fault-suite".into(), version: "0.1.0".into() };
    let policy = Policy {
        delays: vec![Duration::ZERO; 100_000],
        health: Duration::ZERO,
        load_crashes: u32::MAX,
        request_crashes: u32::MAX,
        ..Policy::default()
    };
    Engine::new(Settings { policy, ..Settings::new(program, client) })
}

/// The demo model, on one thread.
pub(crate) fn model() -> LoadParams {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/stories260K.gguf");
    let path = path.canonicalize().expect("the demo model is there");
    LoadParams {
        path: path.to_str().expect("UTF-8").into(),
        threads: Some(1),
        ..LoadParams::default()
    }
}

/// Greedy, so that the text is the same each time.
pub(crate) fn story(max_tokens: u32) -> GenerateParams {
    GenerateParams {
        options: GenerateOptions {
            max_tokens: Some(max_tokens),
            temperature: Some(0.0),
            ..GenerateOptions::default()
        },
        ..GenerateParams::new(Input::Prompt(PROMPT.into()))
    }
}
