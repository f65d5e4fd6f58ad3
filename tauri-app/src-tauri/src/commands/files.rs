//! Conversations out to a file that the user chooses, and back in. The page sees no path.

use std::time::SystemTime;

use history::MarkdownWords;
use serde::Deserialize;
use settings::Language;
use tauri::Runtime;

use super::conversations::known_form;
use super::{Args, Context, Nothing};
use crate::dialogs::{Ask, Dialogs};
use crate::error::AppError;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Format {
    /// For people.
    Markdown,
    /// To import it again.
    Json,
}

/// Arguments of `export_conversation`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct ExportOne {
    conversation_id: String,
    format: Format,
    /// Of the headings in Markdown (`en`).
    language: Option<Language>,
}

/// Writes a conversation to a file that the user chooses. False if the user does not.
///
/// # Errors
/// `unknown_conversation`, `no_access`, `disk_full`.
#[tauri::command]
pub(crate) async fn export_conversation<R: Runtime>(
    context: Context<R>,
    args: Args<ExportOne>,
) -> Result<bool, AppError> {
    let ExportOne { conversation_id, format, language } = args.0;
    let id = known_form(conversation_id)?;
    let assistant = context.assistant();
    let asked = id.clone();
    let title = assistant.kept(move |history| history.conversation(&asked)).await?.title;
    let ending = match format {
        Format::Markdown => "md",
        Format::Json => "json",
    };
    let name = format!("{}.{ending}", file_name(&title));
    let Some(path) = context.state::<Dialogs>().ask(Ask::Save(name)).await else {
        return Ok(false);
    };
    let words = words(language.unwrap_or(Language::English));
    assistant
        .kept(move |history| match format {
            Format::Markdown => history.export_markdown(&id, &words, &path),
            Format::Json => history.export_json(&id, &path, SystemTime::now()),
        })
        .await?;
    Ok(true)
}

/// Writes every conversation to a file that the user chooses; returns how many. Nothing if
/// the user does not choose.
///
/// # Errors
/// `no_access`, `disk_full`.
#[tauri::command]
pub(crate) async fn export_all_conversations<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<Option<usize>, AppError> {
    let name = "localaiapp-conversations.json".to_owned();
    let Some(path) = context.state::<Dialogs>().ask(Ask::Save(name)).await else {
        return Ok(None);
    };
    let exported = context
        .assistant()
        .kept(move |history| history.export_all(&path, SystemTime::now()))
        .await?;
    Ok(Some(exported))
}

/// Takes over an export that the user chooses. Nothing if the user does not choose.
///
/// # Errors
/// `not_importable`, `no_access`, `busy`.
#[tauri::command]
pub(crate) async fn import_conversations<R: Runtime>(
    context: Context<R>,
    _args: Args<Nothing>,
) -> Result<Option<history::Imported>, AppError> {
    let Some(path) = context.state::<Dialogs>().ask(Ask::Import).await else { return Ok(None) };
    context.assistant().kept(move |history| history.import(&path)).await.map(Some)
}

/// A title as the name of a file on every system.
fn file_name(title: &str) -> String {
    let allowed = |character: char| match character {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        character if character.is_control() => '-',
        character => character,
    };
    let name: String = title.chars().map(allowed).take(60).collect();
    let name = name.trim().trim_matches('.');
    if name.is_empty() { "conversation".into() } else { name.into() }
}

fn words(language: Language) -> MarkdownWords {
    match language {
        Language::English => MarkdownWords {
            system: "Instructions",
            user: "You",
            assistant: "Assistant",
            interrupted: "Interrupted",
            failed: "Not answered",
        },
        Language::Portuguese => MarkdownWords {
            system: "Instruções",
            user: "Você",
            assistant: "Assistente",
            interrupted: "Interrompida",
            failed: "Sem resposta",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_name_that_every_system_takes() {
        assert_eq!(file_name("a/b: \"c\"?"), "a-b- -c--");
        assert_eq!(file_name(" ...\u{7}"), "-");
        assert_eq!(file_name("."), "conversation");
        assert_eq!(file_name(&"é".repeat(300)).chars().count(), 60);
    }
}
