//! One conversation as Markdown.

use std::fmt::Write;
use std::path::Path;

use rusqlite::Connection;

use super::record::ConversationRecord;
use crate::error::HistoryError;
use crate::types::{Message, MessageState, Role};
use crate::{atomic, clock};

/// What stands around the messages, in the person's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkdownWords {
    /// Above instructions to the model.
    pub system: &'static str,
    /// Above what the person said.
    pub user: &'static str,
    /// Above what the model said.
    pub assistant: &'static str,
    /// Below an answer that was interrupted.
    pub interrupted: &'static str,
    /// Below an answer that failed.
    pub failed: &'static str,
}

impl MarkdownWords {
    /// In English.
    pub const ENGLISH: Self = Self {
        system: "Instructions",
        user: "You",
        assistant: "Assistant",
        interrupted: "interrupted",
        failed: "failed",
    };

    /// In Brazilian Portuguese.
    pub const PORTUGUESE: Self = Self {
        system: "Instruções",
        user: "Você",
        assistant: "Assistente",
        interrupted: "interrompida",
        failed: "falhou",
    };
}

/// Writes a conversation to `to`.
pub(crate) fn markdown(
    connection: &Connection,
    conversation: &str,
    words: &MarkdownWords,
    to: &Path,
) -> Result<(), HistoryError> {
    let moment = connection.unchecked_transaction()?;
    let text = render(&ConversationRecord::read(&moment, conversation)?, words);
    atomic::write(to, |out| {
        out.write_all(text.as_bytes()).map_err(|error| HistoryError::io(to, &error))
    })
}

fn render(conversation: &ConversationRecord, words: &MarkdownWords) -> String {
    let mut text =
        format!("# {}\n\n{}\n", plain(&conversation.title), clock::date(conversation.created));
    for message in &conversation.messages {
        let ending = if message.text.ends_with('\n') { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {}\n\n{}{ending}", heading(message, words), message.text);
        match message.state {
            MessageState::Interrupted => text += &format!("\n*({})*\n", words.interrupted),
            MessageState::Failed => text += &format!("\n*({}{})*\n", words.failed, reason(message)),
            MessageState::Streaming | MessageState::Done => {}
        }
    }
    text
}

fn heading(message: &Message, words: &MarkdownWords) -> String {
    let who = match message.role {
        Role::System => words.system,
        Role::User => words.user,
        Role::Assistant => words.assistant,
    };
    match &message.model {
        Some(model) => format!("{who} ({})", plain(model)),
        None => who.to_owned(),
    }
}

fn reason(message: &Message) -> String {
    message
        .problem
        .as_ref()
        .map(|problem| format!(": {}", plain(&problem.message)))
        .unwrap_or_default()
}

/// Text that means nothing to Markdown.
fn plain(text: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|');
    text.chars()
        .flat_map(|character| special(character).then_some('\\').into_iter().chain([character]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Problem;

    fn message(role: Role, text: &str, state: MessageState) -> Message {
        Message {
            id: "m".into(),
            role,
            text: text.into(),
            state,
            created: 0,
            model: None,
            timings: None,
            problem: None,
        }
    }

    #[test]
    fn a_conversation_reads_like_a_document() {
        let problem = Problem {
            code: "died".into(),
            message: "the engine <died>".into(),
            hint: None,
            values: serde_json::Map::new(),
        };
        let conversation = ConversationRecord {
            id: "c".into(),
            title: "Bolo *de* fubá".into(),
            created: 1_795_455_248_123,
            updated: 0,
            model: None,
            messages: vec![
                message(Role::User, "Como se faz?\n", MessageState::Done),
                Message {
                    model: Some("tiny_model".into()),
                    ..message(Role::Assistant, "```\nmisture\n```", MessageState::Interrupted)
                },
                Message {
                    problem: Some(problem),
                    ..message(Role::Assistant, "", MessageState::Failed)
                },
            ],
        };
        assert_eq!(
            render(&conversation, &MarkdownWords::PORTUGUESE),
            "# Bolo \\*de\\* fubá\n\n2026-11-23 17:34 UTC\n\
             \n## Você\n\nComo se faz?\n\
             \n## Assistente (tiny\\_model)\n\n```\nmisture\n```\n\n*(interrompida)*\n\
             \n## Assistente\n\n\n\n*(falhou: the engine \\<died\\>)*\n"
        );
    }
}
