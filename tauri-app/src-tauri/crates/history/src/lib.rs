//! Conversations on disk: what was asked and answered survives a crash of the engine, of the
//! app and of the machine.
//!
//! ```no_run
//! use std::{path::Path, time::SystemTime};
//! use history::{End, History, MessageState, Question};
//!
//! # fn example() -> Result<(), history::HistoryError> {
//! let now = SystemTime::now;
//! let (history, opened) = History::open(Path::new("/home/me/.local/share/app/history.sqlite3"), now())?;
//! println!("{opened:?}");
//! let begun = history.begin_answer(Question { prompt: "Why is the sky blue?".into(), ..Question::default() }, now())?;
//! history.append(&begun.answer, "Because of ")?; // on disk within half a second
//! history.append(&begun.answer, "Rayleigh.")?;
//! history.finish_answer(&begun.answer, End::new(MessageState::Done), now())?;
//! let found = history.search("rayl", None, 20)?;
//! assert_eq!(found.messages[0].conversation, begun.conversation);
//! history.close()
//! # }
//! ```
//!
//! Invariants: one thread writes; every method may block on the disk (call it from where
//! blocking is allowed), except [`History::append`], which never does; every moment is passed
//! in; an id that is not there is an error, never a guess; nothing here knows a window.

mod answer;
mod atomic;
mod clock;
mod conversations;
mod error;
mod export;
mod history;
mod import;
mod messages;
mod search;
mod store;
mod title;
mod types;
mod utf16;
mod writer;

pub use answer::{Begun, End, Finished, Question, TextFrom};
pub use conversations::{Cursor, Page};
pub use error::{HistoryError, Wrong};
pub use export::MarkdownWords;
pub use history::History;
pub use import::{Imported, MAX_IMPORT_BYTES};
pub use search::{Found, MAX_QUERY_CHARACTERS, MessageHit, Span, TitleHit};
pub use store::{MIN_SQLITE_VERSION, Opened, SCHEMA_VERSION};
pub use title::MAX_TITLE_CHARACTERS;
pub use types::{Conversation, Message, MessageState, Problem, Role, Timings};
pub use writer::SAVED_WITHIN;
