//! What the page can ask for. Thin: each command unpacks, calls, and packs again.

use engine_supervisor::GenerateOptions;
use tauri::ipc::{Channel, JavaScriptChannelId};
use tauri::{AppHandle, Manager, Runtime, State, Webview};

use crate::answer::{Answer, StreamMessage};
use crate::assistant::{Assistant, Question};
use crate::error::AppError;
use crate::licences;
use crate::status::EngineStatus;
use crate::watcher::StatusWatcher;

/// Answers `prompt`. Only that is needed: without a conversation a new one begins, and
/// without a listener the answer comes in one piece.
///
/// # Errors
/// What keeps an answer from being begun.
#[tauri::command]
pub(crate) async fn start_inference<R: Runtime>(
    webview: Webview<R>,
    assistant: State<'_, Assistant>,
    prompt: String,
    conversation_id: Option<String>,
    params: Option<GenerateOptions>,
    on_event: Option<JavaScriptChannelId>,
) -> Result<Answer, AppError> {
    let channel: Option<Channel<StreamMessage>> = on_event.map(|id| id.channel_on(webview));
    let question = Question { prompt, conversation_id, options: params.unwrap_or_default() };
    assistant
        .answer(question, |message| {
            // A page that is gone hears nothing; the answer is finished all the same.
            if let Some(Err(error)) = channel.as_ref().map(|channel| channel.send(message)) {
                log::debug!("the page did not get a message: {error}");
            }
        })
        .await
}

/// Stops the answer of that name, else the running one. False if there is none.
#[tauri::command]
pub(crate) fn cancel_inference(
    assistant: State<'_, Assistant>,
    message_id: Option<String>,
) -> bool {
    assistant.stop(message_id.as_deref())
}

/// The engine's state now; with a listener, also every later one.
#[tauri::command]
pub(crate) async fn engine_status<R: Runtime>(
    webview: Webview<R>,
    assistant: State<'_, Assistant>,
    watcher: State<'_, StatusWatcher>,
    on_change: Option<JavaScriptChannelId>,
) -> Result<EngineStatus, AppError> {
    let model = assistant.model();
    let engine = match assistant.engine() {
        Ok(engine) => engine,
        Err(problem) => return Ok(EngineStatus::without_engine(problem, model)),
    };
    let snapshots = engine.watch();
    let status = EngineStatus::new(&engine.snapshot(), model);
    if let Some(id) = on_change {
        watcher.replace(snapshots, model.clone(), id.channel_on(webview));
    }
    Ok(status)
}

/// The licences of what others wrote and this app contains, as one text.
#[tauri::command(async)]
pub(crate) fn third_party_licences<R: Runtime>(app: AppHandle<R>) -> Result<String, AppError> {
    licences::read(app.path().resource_dir().ok().as_deref())
}
