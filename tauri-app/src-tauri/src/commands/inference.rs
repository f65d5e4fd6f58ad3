//! Asking, listening, and stopping the answer.

use serde::Deserialize;
use tauri::Runtime;
use tauri::ipc::JavaScriptChannelId;

use super::conversations::{known_form, message_id};
use super::{Args, Context};
use crate::answer::Answer;
use crate::assistant::Question;
use crate::error::AppError;
use crate::options::AnswerOptions;

/// Arguments of `start_inference`. Only the prompt is needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct StartInference {
    /// What to answer.
    prompt: String,
    /// Absent: a new conversation.
    conversation_id: Option<String>,
    /// How the text is chosen.
    params: Option<AnswerOptions>,
    /// Hears the text while it is written. Absent: it comes in one piece.
    #[cfg_attr(test, ts(optional, type = "Channel<StreamMessage>"))]
    on_event: Option<JavaScriptChannelId>,
}

/// Answers a prompt.
///
/// # Errors
/// What keeps an answer from being begun.
#[tauri::command]
pub(crate) async fn start_inference<R: Runtime>(
    context: Context<R>,
    args: Args<StartInference>,
) -> Result<Answer, AppError> {
    let StartInference { prompt, conversation_id, params, on_event } = args.0;
    let assistant = context.assistant();
    let options = assistant.preferences().answer_options(params.unwrap_or_default()).check()?;
    let conversation_id = conversation_id.map(known_form).transpose()?;
    let question = Question { prompt, conversation_id, options };
    assistant.answer(question, context.listener(on_event)).await
}

/// Arguments of `regenerate`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct Regenerate {
    /// Its last answer is replaced.
    conversation_id: String,
    /// How the text is chosen.
    params: Option<AnswerOptions>,
    /// Hears the text while it is written.
    #[cfg_attr(test, ts(optional, type = "Channel<StreamMessage>"))]
    on_event: Option<JavaScriptChannelId>,
}

/// Answers the last question of a conversation anew. If nothing comes of it, the earlier
/// answer is back.
///
/// # Errors
/// What keeps an answer from being begun.
#[tauri::command]
pub(crate) async fn regenerate<R: Runtime>(
    context: Context<R>,
    args: Args<Regenerate>,
) -> Result<Answer, AppError> {
    let Regenerate { conversation_id, params, on_event } = args.0;
    let assistant = context.assistant();
    let options = assistant.preferences().answer_options(params.unwrap_or_default()).check()?;
    let id = known_form(conversation_id)?;
    assistant.regenerate(id, options, context.listener(on_event)).await
}

/// Arguments of `attach_answer`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct AttachAnswer {
    conversation_id: String,
    message_id: String,
    /// How much of the text is known already, in UTF-16 code units.
    offset: usize,
    /// Hears the rest of the text.
    #[cfg_attr(test, ts(optional, type = "Channel<StreamMessage>"))]
    on_event: Option<JavaScriptChannelId>,
}

/// Listens to an answer until its end, from some place of its text on: for a page that was
/// loaded anew. One that has ended is told at once.
///
/// # Errors
/// `unknown_conversation`, `unknown_message`, `offset_beyond_end`.
#[tauri::command]
pub(crate) async fn attach_answer<R: Runtime>(
    context: Context<R>,
    args: Args<AttachAnswer>,
) -> Result<Answer, AppError> {
    let AttachAnswer { conversation_id, message_id: message, offset, on_event } = args.0;
    let (conversation, message) = (known_form(conversation_id)?, message_id(message)?);
    let listener = context.listener(on_event);
    context.assistant().attach(conversation, message, offset, listener).await
}

/// Arguments of `cancel_inference`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct CancelInference {
    /// The answer to stop. Absent: the one that is being written.
    message_id: Option<String>,
}

/// Stops an answer. False if it is not being written.
#[tauri::command]
pub(crate) async fn cancel_inference<R: Runtime>(
    context: Context<R>,
    args: Args<CancelInference>,
) -> Result<bool, AppError> {
    Ok(context.assistant().stop(args.0.message_id.as_deref()))
}
