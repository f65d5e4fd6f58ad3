//! Conversations as files: Markdown for people, JSON to take them along.

mod json;
mod markdown;
mod record;

pub(crate) use json::json;
pub(crate) use markdown::markdown;
pub use markdown::MarkdownWords;
pub(crate) use record::{ConversationRecord, FORMAT, VERSION};
