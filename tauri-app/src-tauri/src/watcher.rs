//! Tells the page of every change of the engine's state and of the chosen model.

use std::sync::{Arc, Mutex, PoisonError};

use engine_supervisor::Engine;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;

use crate::assistant::Assistant;
use crate::status::EngineStatus;

/// The one listener: the page as it is loaded now. A reloaded page takes its place.
#[derive(Default)]
pub(crate) struct StatusWatcher {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl StatusWatcher {
    /// Tells `page`, which knows of `told`, of all that follows.
    pub(crate) fn replace(
        &self,
        assistant: Arc<Assistant>,
        page: Channel<EngineStatus>,
        mut told: EngineStatus,
    ) {
        let mut views = assistant.watch();
        let Ok(mut snapshots) = assistant.engine().map(Engine::watch) else { return };
        let task = tauri::async_runtime::spawn(async move {
            loop {
                let status = assistant.status();
                if status != told && page.send(status.clone()).is_err() {
                    return;
                }
                told = status;
                let changed = tokio::select! {
                    changed = snapshots.changed() => changed,
                    changed = views.changed() => changed,
                };
                if changed.is_err() {
                    return;
                }
            }
        });
        let mut current = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(previous) = current.replace(task) {
            previous.abort();
        }
    }
}
