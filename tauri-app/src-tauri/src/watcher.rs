//! Tells the page of every change of the engine's state.

use std::sync::{Mutex, PoisonError};

use engine_supervisor::Snapshot;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::watch;

use crate::assistant::ChosenModel;
use crate::status::EngineStatus;

/// The one listener: the page as it is loaded now. A reloaded page takes its place.
#[derive(Default)]
pub(crate) struct StatusWatcher {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl StatusWatcher {
    /// Tells `page` of all that follows on what `snapshots` holds now.
    pub(crate) fn replace(
        &self,
        mut snapshots: watch::Receiver<Snapshot>,
        model: ChosenModel,
        page: Channel<EngineStatus>,
    ) {
        snapshots.mark_unchanged();
        let task = tauri::async_runtime::spawn(async move {
            while snapshots.changed().await.is_ok() {
                let status = EngineStatus::new(&snapshots.borrow_and_update(), &model);
                if page.send(status).is_err() {
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
