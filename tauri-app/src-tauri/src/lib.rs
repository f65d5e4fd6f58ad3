//! The desktop app: puts the engine, the commands and the window together.

mod answer;
mod arguments;
mod assistant;
#[cfg(test)]
mod assistant_test;
mod commands;
mod conversation;
mod error;
mod licences;
mod linux_webkit;
mod logging;
#[cfg(test)]
mod page_contract;
mod prompt;
mod signals;
mod status;
mod watcher;

use std::path::{Path, PathBuf};

use engine_supervisor::{Client, Settings, locate};
use tauri::{App, Builder, Manager, RunEvent, Runtime};

use crate::arguments::Arguments;
use crate::assistant::{Assistant, ChosenModel};
use crate::error::AppError;
use crate::watcher::StatusWatcher;

/// The engine's program, without the ending that Windows wants.
const ENGINE: &str = "localai-sidecar";

/// Where the app's resources hold the engine.
const ENGINE_FOLDER: &str = "engine";

/// Where the app's resources hold the demo model.
const DEMO_MODEL: &str = "models/stories260K.gguf";

/// Runs the app until its window is closed.
///
/// # Panics
/// When there is no display, or the app's own configuration is broken.
pub fn run() {
    logging::install();
    linux_webkit::prepare();
    let arguments = Arguments::parse(std::env::args_os().skip(1));
    let app = with_commands(tauri::Builder::default())
        .setup(move |app| {
            set_up(app, &arguments)?;
            signals::end_on_request(app.handle().clone());
            Ok(())
        })
        .build(tauri::generate_context!())
        .expect("there is a display to open a window on");
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(app.state::<Assistant>().shut_down());
        }
    });
}

/// Adds the commands of the page.
fn with_commands<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder.invoke_handler(tauri::generate_handler![
        commands::start_inference,
        commands::cancel_inference,
        commands::engine_status,
        commands::third_party_licences,
    ])
}

fn set_up<R: Runtime>(app: &mut App<R>, arguments: &Arguments) -> tauri::Result<()> {
    let resources = app.path().resource_dir()?;
    let model = match &arguments.model {
        Some(path) => ChosenModel { path: path.clone(), demo: false },
        None => ChosenModel { path: resources.join(DEMO_MODEL), demo: true },
    };
    let settings = find_engine(&resources, arguments).map(|program| Settings {
        program,
        client: Client {
            name: app.package_info().name.clone(),
            version: app.package_info().version.to_string(),
        },
    });
    app.manage(StatusWatcher::default());
    app.manage(Assistant::new(settings, model));
    let handle = app.handle().clone();
    tauri::async_runtime::spawn(async move { handle.state::<Assistant>().warm_up().await });
    Ok(())
}

/// The engine lies in the app's resources or beside the app, and nowhere else.
fn find_engine(resources: &Path, arguments: &Arguments) -> Result<PathBuf, AppError> {
    let mut folders: Vec<PathBuf> = arguments.engine.iter().cloned().collect();
    folders.push(resources.join(ENGINE_FOLDER));
    if let Some(beside) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        folders.push(beside.join(ENGINE_FOLDER));
    }
    folders.dedup();
    Ok(locate(ENGINE, &folders)?)
}
