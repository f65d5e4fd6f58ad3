//! Conversations as files: Markdown for people, JSON to take them along.

mod json;
mod markdown;
mod record;

pub(crate) use json::json;
pub use markdown::MarkdownWords;
pub(crate) use markdown::markdown;
pub(crate) use record::{ConversationRecord, FORMAT, VERSION};
