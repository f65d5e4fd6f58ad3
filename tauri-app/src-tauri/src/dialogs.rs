//! The system's own dialogs to choose a file. Paths go no further than Rust.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use rfd::AsyncFileDialog;
use tauri::{AppHandle, Manager, Runtime};

type Choice = Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

/// What is asked of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A model to use.
    Model,
    /// A file that conversations were exported to.
    Import,
    /// Where to write an export, with a name to begin with.
    Save(String),
}

/// Asks the user for a file.
pub(crate) struct Dialogs(Box<dyn Fn(Ask) -> Choice + Send + Sync>);

impl Dialogs {
    /// Those of the system, above the app's window.
    pub(crate) fn of_system<R: Runtime>(app: AppHandle<R>) -> Self {
        Self::new(move |ask| Box::pin(show(app.clone(), ask)))
    }

    /// Asked by `choose`, as in tests.
    pub(crate) fn new(choose: impl Fn(Ask) -> Choice + Send + Sync + 'static) -> Self {
        Self(Box::new(choose))
    }

    /// The file that the user chose, if any.
    pub(crate) async fn ask(&self, ask: Ask) -> Option<PathBuf> {
        (self.0)(ask).await
    }
}

async fn show<R: Runtime>(app: AppHandle<R>, ask: Ask) -> Option<PathBuf> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let handle = app.clone();
    // Windows and GTK want dialogs to be made on the thread of their window.
    let shown = app.run_on_main_thread(move || {
        let mut dialog = AsyncFileDialog::new();
        if let Some(window) = handle.get_webview_window("main") {
            dialog = dialog.set_parent(&window);
        }
        let choice: Choice = match ask {
            Ask::Model => Box::pin(picked(dialog.add_filter("GGUF", &["gguf", "GGUF"]))),
            Ask::Import => Box::pin(picked(dialog.add_filter("JSON", &["json"]))),
            Ask::Save(name) => Box::pin(saved(dialog.set_file_name(name))),
        };
        let _ = answer.send(choice);
    });
    if let Err(error) = shown {
        log::warn!("the dialog cannot be shown: {error}");
    }
    answered.await.ok()?.await
}

async fn picked(dialog: AsyncFileDialog) -> Option<PathBuf> {
    dialog.pick_file().await.map(|file| file.path().to_path_buf())
}

async fn saved(dialog: AsyncFileDialog) -> Option<PathBuf> {
    dialog.save_file().await.map(|file| file.path().to_path_buf())
}
