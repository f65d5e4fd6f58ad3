//! The engine: its state, the button that restarts it, and how fast it is.

use serde::Deserialize;
use tauri::Runtime;
use tauri::ipc::JavaScriptChannelId;

use super::{Args, Context, Nothing};
use crate::assistant::{Speed, SpeedSetting};
use crate::error::AppError;
use crate::status::EngineStatus;
use crate::watcher::StatusWatcher;

/// Arguments of `engine_status`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct WatchEngine {
    /// Hears of every later state.
    #[cfg_attr(test, ts(optional, type = "Channel<EngineStatus>"))]
    on_change: Option<JavaScriptChannelId>,
}

/// The engine's state now; with a listener, also every later one.
#[tauri::command]
pub(crate) async fn engine_status<R: Runtime>(
    context: Context<R>,
    args: Args<WatchEngine>,
) -> Result<EngineStatus, AppError> {
    let assistant = context.assistant();
    let status = assistant.status();
    if let Some(page) = context.channel(args.0.on_change) {
        context.state::<StatusWatcher>().replace(assistant, page, status.clone());
    }
    Ok(status)
}

/// Ends the engine and starts it anew. Crashes are forgotten.
///
/// # Errors
/// Whatever keeps the engine from starting or from loading the model.
#[tauri::command]
pub(crate) async fn engine_restart<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<(), AppError> {
    context.assistant().restart().await
}

/// Arguments of `measure_speed`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct MeasureSpeed {
    /// At most 16. Absent: as the engine chooses.
    settings: Option<Vec<SpeedSetting>>,
    /// Hears of each setting before it is measured.
    #[cfg_attr(test, ts(optional, type = "Channel<SpeedProgress>"))]
    on_event: Option<JavaScriptChannelId>,
}

/// Measures how fast the chosen model is with each setting. The engine is stopped meanwhile
/// and loads the model again afterwards.
///
/// # Errors
/// `busy`, a setting that cannot be, or no engine.
#[tauri::command]
pub(crate) async fn measure_speed<R: Runtime>(
    context: Context<R>,
    args: Args<MeasureSpeed>,
) -> Result<Vec<Speed>, AppError> {
    let MeasureSpeed { settings, on_event } = args.0;
    let listener = context.listener(on_event);
    context.assistant().measure_speed(settings.unwrap_or_default(), listener).await
}

/// Ends the measuring; what was measured so far is its result. False if there is none.
#[tauri::command]
pub(crate) async fn cancel_measure_speed<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<bool, AppError> {
    Ok(context.assistant().cancel_measure_speed())
}
