//! An app with everything but a display, asked through Tauri's own IPC.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use engine_supervisor::{Client, NotFound, Settings, locate};
use serde_json::Value;
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};
use tempfile::TempDir;

use crate::assistant::Assistant;
use crate::commands;
use crate::dialogs::Dialogs;
use crate::error::AppError;
use crate::folders::Folders;
use crate::models::Models;
use crate::setup::{DEMO_MODEL, ENGINE, keep};

/// The channel of the page in these tests.
pub(super) const CHANNEL: &str = "__CHANNEL__:42";

/// An app with everything but a display, and a user who chooses `chosen` in every dialog.
pub(super) struct Bench {
    app: App<MockRuntime>,
    page: WebviewWindow<MockRuntime>,
    heard: Arc<Mutex<Vec<Value>>>,
    chosen: Arc<Mutex<Option<PathBuf>>>,
    pub(super) folder: TempDir,
}

impl Bench {
    pub(super) fn new(engine: Result<PathBuf, AppError>) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let app = commands::serve(mock_builder())
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
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_path_buf();
        let folders = Folders { logs: data.join("logs"), data, runtime: None };
        let models = Models::open(folders.data.join("models.json"), demo_model());
        keep(&app, &folders, engine.map(|program| Settings::new(program, client)), models);
        let chosen = Arc::new(Mutex::new(None));
        let choice = Arc::clone(&chosen);
        app.manage(Dialogs::new(move |_| {
            let path: Option<PathBuf> = choice.lock().unwrap().clone();
            Box::pin(async move { path })
        }));
        let page = app.get_webview_window("main").unwrap_or_else(|| {
            WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build().unwrap()
        });
        Self { app, page, heard, chosen, folder }
    }

    pub(super) fn with_real_engine() -> Self {
        let bench = Self::new(Ok(real_engine()));
        tauri::async_runtime::block_on(bench.assistant().warm_up());
        bench
    }

    pub(super) fn without_engine() -> Self {
        let nowhere = NotFound { looked_at: vec!["/nowhere/localai-sidecar".into()] };
        Self::new(Err(nowhere.into()))
    }

    pub(super) fn assistant(&self) -> Arc<Assistant> {
        Arc::clone(&self.app.state::<Arc<Assistant>>())
    }

    /// Chooses this file in the next dialogs.
    pub(super) fn choose(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        *self.chosen.lock().unwrap() = Some(path.clone());
        path
    }

    pub(super) fn invoke(&self, command: &str, arguments: Value) -> Result<Value, Value> {
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

    pub(super) fn heard(&self) -> Vec<Value> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        tauri::async_runtime::block_on(self.assistant().shut_down());
    }
}

pub(super) fn demo_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(DEMO_MODEL)
}

pub(super) fn real_engine() -> PathBuf {
    let folder = std::env::var_os("LOCALAI_TEST_ENGINE").expect(
        "LOCALAI_TEST_ENGINE is not set\nhint: run `python3 noxfile.py -s tests`, or set it to the \
         folder tauri-app/src-tauri/bin/localai-sidecar-<target>.dist that `place` has filled",
    );
    locate(ENGINE, &[folder.into()]).expect("the engine is placed")
}
