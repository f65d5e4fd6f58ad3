//! Puts together what the commands work with, before the page can ask for the first of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use engine_supervisor::{Client, Settings, locate};
use history::{History, Opened};
use tauri::{App, AppHandle, Manager, PackageInfo, Runtime};

use crate::assistant::Assistant;
use crate::causes::Causes;
use crate::command_line::CommandLine;
use crate::dialogs::Dialogs;
use crate::error::AppError;
use crate::folders::Folders;
use crate::models::Models;
use crate::preferences::Preferences;
use crate::watcher::StatusWatcher;
use crate::{instance, logging, window};

/// The engine's program, without the ending that Windows wants.
pub(crate) const ENGINE: &str = "localai-sidecar";

/// Where the app's resources hold the engine.
const ENGINE_FOLDER: &str = "engine";

/// The hashes of the engine's files, as the toolkit packs them beside that folder.
const ENGINE_MANIFEST: &str = "engine-manifest.json";

/// Where the app's resources hold the demo model.
pub(crate) const DEMO_MODEL: &str = "models/stories260K.gguf";

/// Opens what was kept, finds the engine, and begins to load the model.
pub(crate) fn prepare<R: Runtime>(app: &mut App<R>, asked: &CommandLine) -> tauri::Result<()> {
    let folders = Folders::of(app.handle())?;
    if let Err(error) = logging::to_folder(&folders.logs) {
        log::warn!("there is no log file: {error}");
    }
    let package = app.package_info();
    log::info!("{} {} begins", package.name, package.version);
    let resources = app.path().resource_dir()?;
    let engine = engine(&resources, &folders, asked, package);
    let models = Models::open(folders.data.join("models.json"), resources.join(DEMO_MODEL));
    let assistant = keep(app, &folders, engine, models);
    app.manage(Dialogs::of_system(app.handle().clone()));
    serve_later_starts(app.handle(), &assistant);
    let model = asked.model.clone();
    tauri::async_runtime::spawn(async move {
        let opened = match model {
            Some(path) => assistant.open_file(&path).await,
            None => false,
        };
        if !opened {
            assistant.warm_up().await;
        }
        assistant.forget_deleted().await;
    });
    Ok(())
}

/// Gives `app` the assistant and what belongs to it.
pub(crate) fn keep<R: Runtime>(
    app: &App<R>,
    folders: &Folders,
    engine: Result<Settings, AppError>,
    models: Models,
) -> Arc<Assistant> {
    let (history, remark) = open_history(&folders.data.join("history.sqlite3"));
    let (preferences, told) = Preferences::load(&folders.data.join("settings.json"));
    let assistant = Assistant::new(engine, history, models, preferences);
    [remark, told].into_iter().flatten().for_each(|remark| assistant.remark(remark));
    app.manage(Arc::clone(&assistant));
    app.manage(StatusWatcher::default());
    app.manage(Causes::default());
    app.manage(folders.clone());
    if let Ok(snapshots) = assistant.engine().map(engine_supervisor::Engine::watch) {
        let handle = app.handle().clone();
        tauri::async_runtime::spawn(
            async move { handle.state::<Causes>().follow(snapshots).await },
        );
    }
    assistant
}

/// The history, or why there is none; and what a person should know about it.
fn open_history(path: &Path) -> (Result<History, AppError>, Option<AppError>) {
    let (history, opened) = match History::open(path, SystemTime::now()) {
        Ok(open) => open,
        Err(error) => {
            let error = AppError::from(error);
            return (Err(error.clone()), Some(error));
        }
    };
    let remark = match opened {
        Opened::Fine | Opened::New => None,
        Opened::Migrated { from, backup } => {
            log::info!("the history had schema {from}; a copy is {}", backup.display());
            None
        }
        Opened::ReadOnlyNewerSchema { found, known } => {
            Some(history::HistoryError::ReadOnly { found, known }.into())
        }
        Opened::SetAside(aside) => {
            log::error!("the history was damaged; it is kept as {}", aside.display());
            Some(
                AppError::new("history_set_aside", "the history was damaged, and a new one began")
                    .hint("the damaged file is kept in the app's data folder"),
            )
        }
    };
    (Ok(history), remark)
}

/// The engine lies in the app's resources or beside the app, and nowhere else.
fn engine(
    resources: &Path,
    folders: &Folders,
    asked: &CommandLine,
    package: &PackageInfo,
) -> Result<Settings, AppError> {
    let mut places: Vec<PathBuf> = asked.engine.iter().cloned().collect();
    places.push(resources.join(ENGINE_FOLDER));
    if let Some(beside) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(beside.join(ENGINE_FOLDER));
    }
    places.dedup();
    let program = locate(ENGINE, &places)?;
    let client = Client { name: package.name.clone(), version: package.version.to_string() };
    let manifest = manifest(&program).filter(|_| asked.engine.is_none());
    let folder = Some(folders.data.clone());
    Ok(Settings { manifest, folder, ..Settings::new(program, client) })
}

/// The hashes of the engine's files lie beside its folder. A package has them; a build for
/// developers may go without.
fn manifest(program: &Path) -> Option<PathBuf> {
    let beside = program.parent()?.with_file_name(ENGINE_MANIFEST);
    (beside.is_file() || !cfg!(debug_assertions)).then_some(beside)
}

fn serve_later_starts<R: Runtime>(app: &AppHandle<R>, assistant: &Arc<Assistant>) {
    let (handle, assistant) = (app.clone(), Arc::clone(assistant));
    instance::serve(app, move |request| {
        window::show(&handle);
        let assistant = Arc::clone(&assistant);
        if let Some(path) = request.model {
            tauri::async_runtime::spawn(async move { assistant.open_file(&path).await });
        }
    });
}
