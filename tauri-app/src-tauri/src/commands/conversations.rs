//! What was said before: listed, opened, renamed, deleted, found.

use history::{Cursor, Found, Page, TextFrom};
use serde::Deserialize;
use tauri::Runtime;

use super::{Args, Context, Nothing};
use crate::assistant::OpenConversation;
use crate::check;
use crate::error::AppError;

/// Entries of a list that a page gets at once, if it does not say how many.
const AT_ONCE: u32 = 50;

/// Arguments of a command about one conversation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OneConversation {
    conversation_id: String,
}

/// The conversation whose answer is being written, else the last one, if there is any.
///
/// # Errors
/// What is wrong with the history.
#[tauri::command]
pub(crate) async fn resume_conversation<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<Option<OpenConversation>, AppError> {
    context.assistant().resume().await
}

/// Arguments of `list_conversations`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct ListConversations {
    /// `next` of the part before.
    after: Option<Cursor>,
    /// 1 to 200 (50).
    limit: Option<u32>,
}

/// Conversations, the last used first.
///
/// # Errors
/// `out_of_range`; what is wrong with the history.
#[tauri::command]
pub(crate) async fn list_conversations<R: Runtime>(
    context: Context<R>,
    args: Args<ListConversations>,
) -> Result<Page, AppError> {
    let ListConversations { after, limit } = args.0;
    let limit = at_most(200, limit)?;
    context.assistant().kept(move |history| history.conversations(after.as_ref(), limit)).await
}

/// Arguments of `open_conversation`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct OpenOne {
    conversation_id: String,
    /// Only messages before this one: to look further back.
    before: Option<String>,
}

/// A conversation with its last messages.
///
/// # Errors
/// `unknown_conversation`, `unknown_message`.
#[tauri::command]
pub(crate) async fn open_conversation<R: Runtime>(
    context: Context<R>,
    args: Args<OpenOne>,
) -> Result<OpenConversation, AppError> {
    let id = known_form(args.0.conversation_id)?;
    let before = args.0.before.map(message_id).transpose()?;
    context.assistant().open(id, before).await
}

/// Arguments of `rename_conversation`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Rename {
    conversation_id: String,
    /// One line.
    title: String,
}

/// Gives a conversation another title, and returns it as it is kept.
///
/// # Errors
/// `unknown_conversation`, and what is wrong with the title.
#[tauri::command]
pub(crate) async fn rename_conversation<R: Runtime>(
    context: Context<R>,
    args: Args<Rename>,
) -> Result<String, AppError> {
    let id = known_form(args.0.conversation_id)?;
    let title = args.0.title;
    context.assistant().kept(move |history| history.rename(&id, &title)).await
}

/// Deletes a conversation, and what the engine keeps of it, on disk too.
///
/// # Errors
/// `unknown_conversation`.
#[tauri::command]
pub(crate) async fn delete_conversation<R: Runtime>(
    context: Context<R>,
    args: Args<OneConversation>,
) -> Result<(), AppError> {
    context.assistant().delete(known_form(args.0.conversation_id)?).await
}

/// Arguments of `answer_text`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct TextAfter {
    conversation_id: String,
    message_id: String,
    /// In UTF-16 code units, as JavaScript counts.
    offset: usize,
}

/// The text of a message from some place on: for a page that lost some of it.
///
/// # Errors
/// `unknown_message`, `offset_beyond_end`.
#[tauri::command]
pub(crate) async fn answer_text<R: Runtime>(
    context: Context<R>,
    args: Args<TextAfter>,
) -> Result<TextFrom, AppError> {
    let TextAfter { conversation_id, message_id: message, offset } = args.0;
    let (conversation, message) = (known_form(conversation_id)?, message_id(message)?);
    context
        .assistant()
        .kept(move |history| history.text_from(&conversation, &message, offset))
        .await
}

/// Arguments of `search_messages`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct Search {
    /// Words; the last one may be a beginning.
    query: String,
    /// `next` of the part before.
    after: Option<Cursor>,
    /// 1 to 100 (50).
    limit: Option<u32>,
}

/// Conversations whose title, and messages whose text has all these words.
///
/// # Errors
/// `query_too_long`, `out_of_range`.
#[tauri::command]
pub(crate) async fn search_messages<R: Runtime>(
    context: Context<R>,
    args: Args<Search>,
) -> Result<Found, AppError> {
    let Search { query, after, limit } = args.0;
    let limit = at_most(100, limit)?;
    context.assistant().kept(move |history| history.search(&query, after.as_ref(), limit)).await
}

fn at_most(most: u32, limit: Option<u32>) -> Result<usize, AppError> {
    let limit = check::range("limit", limit, 1..=most)?.unwrap_or(AT_ONCE);
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The id of a conversation, if it has the form of one.
///
/// # Errors
/// `unknown_conversation`.
pub(super) fn known_form(id: String) -> Result<String, AppError> {
    check::id(&id, || {
        AppError::new("unknown_conversation", "no conversation has an id like this")
            .hint("look at the list again")
    })?;
    Ok(id)
}

/// The id of a message, if it has the form of one.
///
/// # Errors
/// `unknown_message`.
pub(super) fn message_id(id: String) -> Result<String, AppError> {
    check::id(&id, || {
        AppError::new("unknown_message", "no message has an id like this")
            .hint("open the conversation again")
    })?;
    Ok(id)
}
