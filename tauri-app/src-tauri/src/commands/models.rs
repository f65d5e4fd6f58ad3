//! The models on the list, and which of them is used.

use serde::Deserialize;
use tauri::Runtime;

use super::{Args, Context, Nothing};
use crate::assistant::LoadOptions;
use crate::dialogs::{Ask, Dialogs};
use crate::error::AppError;
use crate::models::Model;

/// Arguments of a command about one model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OneModel {
    /// Its id.
    id: String,
}

/// All models, the demo model first.
#[tauri::command]
pub(crate) async fn list_models<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<Vec<Model>, AppError> {
    let assistant = context.assistant();
    Ok(assistant.models().list(&assistant.chosen()))
}

/// Lets the user choose a file and takes it in. Nothing if the user thinks better of it.
///
/// # Errors
/// When the file is no model, or the list cannot be saved.
#[tauri::command]
pub(crate) async fn add_model<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<Option<Model>, AppError> {
    let chosen = context.state::<Dialogs>().ask(Ask::Model).await;
    let assistant = context.assistant();
    chosen.map(|path| assistant.models().add(&path, &assistant.chosen())).transpose()
}

/// Takes a model off the list. Its file is not touched.
///
/// # Errors
/// `unknown_model`, `model_built_in`, `model_in_use`.
#[tauri::command]
pub(crate) async fn remove_model<R: Runtime>(
    context: Context<R>,
    args: Args<OneModel>,
) -> Result<(), AppError> {
    let assistant = context.assistant();
    assistant.models().remove(&args.0.id, &assistant.chosen())
}

/// Arguments of `load_model`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct LoadModel {
    /// Its id.
    id: String,
    /// Absent: as the engine chooses.
    options: Option<LoadOptions>,
}

/// Makes a model the one to use, now and at the next start, and loads it.
///
/// # Errors
/// `unknown_model`, `out_of_range`, and whatever keeps it from being loaded.
#[tauri::command]
pub(crate) async fn load_model<R: Runtime>(
    context: Context<R>,
    args: Args<LoadModel>,
) -> Result<Model, AppError> {
    let LoadModel { id, options } = args.0;
    context.assistant().load(&id, options.unwrap_or_default()).await
}

/// Takes the model out of the engine's memory. The next question loads it again.
///
/// # Errors
/// What keeps the engine from doing so.
#[tauri::command]
pub(crate) async fn unload_model<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<(), AppError> {
    context.assistant().unload().await
}
