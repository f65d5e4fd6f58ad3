//! A folder for one test, and what most tests do in it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use history::{Begun, End, History, MessageState, Opened, Question};

/// A folder that is removed in the end.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.file("history.sqlite3")
    }

    pub(crate) fn open(&self) -> History {
        self.open_and_tell().0
    }

    pub(crate) fn open_and_tell(&self) -> (History, Opened) {
        History::open(&self.database(), at(0)).unwrap()
    }

    /// Names of the files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A moment, some seconds after one in November 2026.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_455_248 + seconds)
}

/// A question in a new conversation.
pub(crate) fn question(prompt: &str) -> Question {
    Question { prompt: prompt.into(), model: Some("tiny".into()), ..Question::default() }
}

/// A question with its whole answer.
pub(crate) fn exchange(
    history: &History,
    conversation: Option<&str>,
    prompt: &str,
    answer: &str,
    seconds: u64,
) -> Begun {
    let question = Question { conversation: conversation.map(str::to_owned), ..question(prompt) };
    let begun = history.begin_answer(question, at(seconds)).unwrap();
    history.append(&begun.answer, answer).unwrap();
    history.finish_answer(&begun.answer, End::new(MessageState::Done), at(seconds)).unwrap();
    begun
}

/// What a conversation says.
pub(crate) fn texts(history: &History, conversation: &str) -> Vec<String> {
    let messages = history.messages(conversation, None, usize::MAX).unwrap();
    messages.into_iter().map(|message| message.text).collect()
}
