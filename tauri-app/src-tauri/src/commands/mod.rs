//! What the page can ask for. Thin: each command checks, calls, and packs again.

mod about;
mod context;
mod conversations;
mod engine;
mod files;
mod inference;
mod models;
#[cfg(test)]
pub(crate) mod names;
mod preferences;

pub(crate) use context::{Args, Context};

use serde::Deserialize;
use tauri::{Builder, Runtime};

/// The arguments of a command that takes none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Nothing {}

/// All commands, each with its arguments and its answer, handed to another macro. The one
/// list of them: what is served, and what the page's types are written from.
macro_rules! every_command {
    ($with:ident) => {
        $with! {
            inference::start_inference(inference::StartInference) -> crate::answer::Answer,
            inference::regenerate(inference::Regenerate) -> crate::answer::Answer,
            inference::cancel_inference(inference::CancelInference) -> bool,
            inference::attach_answer(inference::AttachAnswer) -> crate::answer::Answer,
            engine::engine_status(engine::WatchEngine) -> crate::status::EngineStatus,
            engine::engine_restart(Nothing) -> (),
            engine::measure_speed(engine::MeasureSpeed) -> Vec<crate::assistant::Speed>,
            engine::cancel_measure_speed(Nothing) -> bool,
            models::list_models(Nothing) -> Vec<crate::models::Model>,
            models::add_model(Nothing) -> Option<crate::models::Model>,
            models::remove_model(models::OneModel) -> (),
            models::load_model(models::LoadModel) -> crate::models::Model,
            models::unload_model(Nothing) -> (),
            conversations::resume_conversation(Nothing) -> Option<crate::assistant::OpenConversation>,
            conversations::list_conversations(conversations::ListConversations) -> history::Page,
            conversations::open_conversation(conversations::OpenOne) -> crate::assistant::OpenConversation,
            conversations::rename_conversation(conversations::Rename) -> String,
            conversations::delete_conversation(conversations::OneConversation) -> (),
            conversations::answer_text(conversations::TextAfter) -> history::TextFrom,
            conversations::search_messages(conversations::Search) -> history::Found,
            files::export_conversation(files::ExportOne) -> bool,
            files::export_all_conversations(Nothing) -> Option<usize>,
            files::import_conversations(Nothing) -> Option<history::Imported>,
            preferences::get_settings(Nothing) -> settings::Settings,
            preferences::set_settings(preferences::SetSettings) -> settings::Settings,
            about::app_info(Nothing) -> crate::about::AppInfo,
            about::open_logs(Nothing) -> (),
            about::diagnostics(Nothing) -> String,
            about::third_party_licences(Nothing) -> String,
        }
    };
}
// Below the list: a macro is known from its definition on.
#[cfg(test)]
mod bindings;

/// Adds all commands to the app.
pub(crate) fn serve<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    macro_rules! handler {
        ($($module:ident::$name:ident($args:ty) -> $answer:ty,)*) => {
            tauri::generate_handler![$($module::$name),*]
        };
    }
    builder.invoke_handler(every_command!(handler))
}
