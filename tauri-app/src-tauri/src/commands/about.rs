//! What the app says of itself, for people and for those who help them.

use tauri::{Manager, Runtime};

use super::{Args, Context, Nothing};
use crate::about::AppInfo;
use crate::causes::Causes;
use crate::diagnostics;
use crate::error::AppError;
use crate::folders::Folders;
use crate::licences;

/// Versions of the app and of what it stands on.
#[tauri::command]
pub(crate) async fn app_info<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<AppInfo, AppError> {
    Ok(info(&context))
}

fn info<R: Runtime>(context: &Context<R>) -> AppInfo {
    let engine = context.assistant().snapshot().engine;
    AppInfo::new(context.app().package_info(), engine.as_ref())
}

/// Shows the folder of logs in the system's file manager.
///
/// # Errors
/// `logs_not_shown` when there is none, or nothing that shows folders.
#[tauri::command]
pub(crate) async fn open_logs<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<(), AppError> {
    let logs = context.state::<Folders>().logs.clone();
    let refused = |reason: String| {
        AppError::new("logs_not_shown", format!("the folder of logs cannot be shown: {reason}"))
            .hint("copy the diagnostics instead")
    };
    if !logs.is_dir() {
        return Err(refused("it is not there".into()));
    }
    open::that_detached(&logs).map_err(|error| refused(error.to_string()))
}

/// A text for whoever helps: versions, devices, recent causes. No prompts, no folders.
#[tauri::command]
pub(crate) async fn diagnostics<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<String, AppError> {
    let assistant = context.assistant();
    let causes = context.state::<Causes>().latest();
    Ok(diagnostics::text(&info(&context), &assistant.status(), &assistant.snapshot(), &causes))
}

/// The licences of what others wrote and this app contains, as one text.
#[tauri::command]
pub(crate) async fn third_party_licences<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<String, AppError> {
    let resources = context.app().path().resource_dir().ok();
    tauri::async_runtime::spawn_blocking(move || licences::read(resources.as_deref()))
        .await
        .unwrap_or_else(|error| Err(AppError::new("unexpected", error.to_string())))
}
