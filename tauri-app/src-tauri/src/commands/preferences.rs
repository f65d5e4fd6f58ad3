//! The user's settings.

use serde::Deserialize;
use settings::Settings;
use tauri::Runtime;

use super::{Args, Context, Nothing};
use crate::error::AppError;

/// The settings as they are.
#[tauri::command]
pub(crate) async fn get_settings<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<Settings, AppError> {
    Ok(context.assistant().preferences().get())
}

/// Arguments of `set_settings`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SetSettings {
    /// All of them.
    settings: Settings,
}

/// Keeps the settings. How a model is loaded counts from the next load on.
///
/// # Errors
/// What is wrong with a setting, by its name; `unknown_model`; what is wrong with the disk.
#[tauri::command]
pub(crate) async fn set_settings<R: Runtime>(
    context: Context<R>,
    args: Args<SetSettings>,
) -> Result<Settings, AppError> {
    let assistant = context.assistant();
    if let Some(model) = &args.0.settings.model {
        assistant.models().find(model)?;
    }
    assistant.save_settings(args.0.settings)?;
    Ok(assistant.preferences().get())
}
