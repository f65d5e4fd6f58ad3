//! Everything that can go wrong with the history, each with a stable name and what to do next.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why something asked of the history was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// No conversation has this id.
    #[error("there is no conversation `{0}`")]
    UnknownConversation(String),
    /// No message has this id, or it is in another conversation, or it is not being written.
    #[error("there is no message `{0}` here")]
    UnknownMessage(String),
    /// An answer is being written, which this would disturb.
    #[error("an answer is being written")]
    Busy,
    /// There is no answer that could be written anew.
    #[error("the conversation `{0}` does not end with an answer")]
    NothingToRepeat(String),
    /// A title without a letter.
    #[error("the title is empty")]
    TitleEmpty,
    /// A title beyond [`crate::MAX_TITLE_CHARACTERS`].
    #[error("the title has {length} characters; {limit} are allowed")]
    TitleTooLong {
        /// Its characters.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A title with a line break or the like.
    #[error("the title holds the control character U+{:04X}", u32::from(*.0))]
    TitleControlCharacter(char),
    /// Nothing was asked.
    #[error("the prompt is empty")]
    PromptEmpty,
    /// A search beyond [`crate::MAX_QUERY_CHARACTERS`].
    #[error("the search has {length} characters; {limit} are allowed")]
    QueryTooLong {
        /// Its characters.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A text is shorter than the place it was asked from.
    #[error("the message has {length} UTF-16 units; it was asked for from {offset} on")]
    OffsetBeyondEnd {
        /// What was asked for.
        offset: usize,
        /// What there is.
        length: usize,
    },
    /// An answer cannot end by being written.
    #[error("an answer cannot end in the state `streaming`")]
    NotAnEnd,
    /// The file is of a newer version of the app.
    #[error("the history is of a newer version of the app (schema {found}; {known} is known)")]
    ReadOnly {
        /// The file's schema.
        found: u32,
        /// The newest one known here.
        known: u32,
    },
    /// No room left. What could not be written is kept in memory and tried again.
    #[error("the disk is full")]
    DiskFull,
    /// SQLite found the file in disorder.
    #[error("the history is damaged: {0}")]
    Damaged(String),
    /// Another program has it open and lets nobody else write.
    #[error("another program is using the history")]
    InUse,
    /// A file or folder cannot be read or written.
    #[error("`{}` cannot be used: {reason}", path.display())]
    NoAccess {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file that is not a history of this app, or not whole. Nothing of it was taken.
    #[error("the file cannot be imported: {}", Listed(.0))]
    NotImportable(Vec<Wrong>),
    /// The linked SQLite has an error that can damage a database in WAL mode.
    #[error("SQLite {found} can damage a history; {} is needed", crate::MIN_SQLITE_VERSION)]
    UnsoundSqlite {
        /// The version that was linked.
        found: String,
    },
    /// The history was closed.
    #[error("the history is closed")]
    Closed,
    /// Anything else that SQLite said.
    #[error("the history cannot be used: {0}")]
    Database(String),
}

/// One thing wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Wrong {
    /// Where: `conversations[3].messages[0].text`.
    pub place: String,
    /// What was found there, and what is allowed.
    pub problem: String,
}

impl HistoryError {
    /// A name that never changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownConversation(_) => "unknown_conversation",
            Self::UnknownMessage(_) => "unknown_message",
            Self::Busy => "busy",
            Self::NothingToRepeat(_) => "nothing_to_repeat",
            Self::TitleEmpty => "title_empty",
            Self::TitleTooLong { .. } => "title_too_long",
            Self::TitleControlCharacter(_) => "title_control_character",
            Self::PromptEmpty => "prompt_empty",
            Self::QueryTooLong { .. } => "query_too_long",
            Self::OffsetBeyondEnd { .. } => "offset_beyond_end",
            Self::NotAnEnd => "not_an_end",
            Self::ReadOnly { .. } => "history_read_only",
            Self::DiskFull => "disk_full",
            Self::Damaged(_) => "history_damaged",
            Self::InUse => "history_in_use",
            Self::NoAccess { .. } => "no_access",
            Self::NotImportable(_) => "not_importable",
            Self::UnsoundSqlite { .. } => "unsound_sqlite",
            Self::Closed => "history_closed",
            Self::Database(_) => "history_unusable",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownConversation(_) | Self::UnknownMessage(_) => {
                "it was deleted, or never there: look at the list again"
            }
            Self::Busy => "wait for the answer, or stop it",
            Self::NothingToRepeat(_) => "ask something first",
            Self::TitleEmpty | Self::PromptEmpty => "type something first",
            Self::TitleTooLong { .. } | Self::QueryTooLong { .. } => "shorten it",
            Self::TitleControlCharacter(_) => "remove it: a title is one line",
            Self::OffsetBeyondEnd { .. } => "ask from 0 on: the text was another one",
            Self::NotAnEnd => "end it as done, interrupted or failed",
            Self::ReadOnly { .. } => "install the newest version of the app; nothing was changed",
            Self::DiskFull => {
                "make room: what was not saved is tried again as long as the app is open"
            }
            Self::Damaged(_) => "start the app again: it sets the file aside and begins a new one",
            Self::InUse => "end the other program; what was not saved is tried again",
            Self::NoAccess { .. } => "look at its permissions, or choose another place",
            Self::NotImportable(_) => {
                "nothing was imported; choose a file that this app has exported as JSON"
            }
            Self::UnsoundSqlite { .. } => "build the app with the SQLite it brings along",
            Self::Closed => "start the app again",
            Self::Database(_) => "start the app again; if that does not help, look at its log",
        }
    }

    pub(crate) fn no_access(path: &Path, reason: impl fmt::Display) -> Self {
        Self::NoAccess { path: path.to_owned(), reason: reason.to_string() }
    }

    /// What the system said of `path`; a full disk is told as such.
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::no_access(path, error),
        }
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase,
        };
        use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
        let number = error.sqlite_error().map_or(0, |error| error.extended_code);
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::DiskFull,
            // There is no room for the index of the WAL.
            Some(_) if number == SQLITE_IOERR_SHMSIZE => Self::DiskFull,
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            Some(DatabaseBusy | DatabaseLocked) => Self::InUse,
            Some(_) => Self::Database(format!("{error} (SQLite's error {number})")),
            None => Self::Database(error.to_string()),
        }
    }
}

struct Listed<'a>(&'a [Wrong]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, wrong) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "; " };
            write!(formatter, "{comma}{}: {}", wrong.place, wrong.problem)?;
        }
        Ok(())
    }
}
