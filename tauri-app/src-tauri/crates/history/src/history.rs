//! The handle: what can be asked of the history. Clones share one writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rusqlite::Connection;

use crate::answer::{Begun, End, Finished, Question, TextFrom};
use crate::clock::millis;
use crate::conversations::{self, Cursor, Page};
use crate::error::HistoryError;
use crate::export::{self, MarkdownWords};
use crate::import::{self, Imported};
use crate::search::{self, Found};
use crate::store::{self, Opened};
use crate::types::{Conversation, Message};
use crate::writer::{Writer, WriterThread};

/// An open history.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

struct Inner {
    /// For what may take long and must not keep an answer from being saved. Closed before
    /// the writer, which is then the last one and tidies up.
    reader: Mutex<Option<Connection>>,
    writer: WriterThread,
    path: PathBuf,
}

impl History {
    /// Opens the history at `path`, or begins one; a folder that is missing is made. Both
    /// are for the user alone (modes 0700 and 0600 on Unix). Answers that were being
    /// written when the app last ended are *interrupted* from now on.
    ///
    /// # Errors
    /// [`HistoryError::NoAccess`], [`HistoryError::DiskFull`], [`HistoryError::UnsoundSqlite`]
    /// or [`HistoryError::Database`]. A damaged file or a newer one is no error: see [`Opened`].
    pub fn open(path: &Path, now: SystemTime) -> Result<(Self, Opened), HistoryError> {
        Self::open_with(path, now, store::STEPS)
    }

    /// As [`History::open`], with these steps for the schema.
    pub(crate) fn open_with(
        path: &Path,
        now: SystemTime,
        steps: &[&str],
    ) -> Result<(Self, Opened), HistoryError> {
        let (connection, opened) = store::open(path, millis(now), steps)?;
        let writer = WriterThread::start(Writer::new(connection, &opened))?;
        let reader = Mutex::new(Some(store::reader(path)?));
        let inner = Inner { reader, writer, path: path.to_owned() };
        Ok((Self { inner: Arc::new(inner) }, opened))
    }

    /// Saves what is in memory, marks answers that are being written as interrupted, and
    /// ends the writer. The same happens when the last handle is dropped; an app that ends
    /// by `exit` calls this.
    ///
    /// # Errors
    /// What kept the last text from being saved; [`HistoryError::Closed`] the second time.
    pub fn close(&self) -> Result<(), HistoryError> {
        drop(self.reader().take());
        self.inner.writer.close()
    }

    /// Keeps a question, and begins the answer to it. The question is on disk afterwards.
    ///
    /// # Errors
    /// [`HistoryError::UnknownConversation`], [`HistoryError::PromptEmpty`],
    /// [`HistoryError::Busy`] if an answer is being written in this conversation, and what
    /// the disk says.
    pub fn begin_answer(&self, question: Question, now: SystemTime) -> Result<Begun, HistoryError> {
        self.inner.writer.ask(move |writer| writer.begin(&question, millis(now)))
    }

    /// Begins another answer to the last question of a conversation. The earlier answer is
    /// hidden meanwhile; it is deleted when the new one ends with a text, and comes back if
    /// nothing came, also when the app ends in between.
    ///
    /// # Errors
    /// As [`History::begin_answer`]; [`HistoryError::NothingToRepeat`].
    pub fn begin_again(
        &self,
        conversation: &str,
        model: Option<&str>,
        now: SystemTime,
    ) -> Result<Begun, HistoryError> {
        let (conversation, model) = (conversation.to_owned(), model.map(str::to_owned));
        self.inner
            .writer
            .ask(move |writer| writer.begin_again(&conversation, model.as_deref(), millis(now)))
    }

    /// Adds to an answer. Never blocks: the text is in the writer's memory at once and on
    /// disk within [`crate::SAVED_WITHIN`]. Text for an answer that was deleted meanwhile
    /// is dropped; what the disk refuses is told by [`History::finish_answer`].
    ///
    /// # Errors
    /// [`HistoryError::Closed`].
    pub fn append(&self, answer: &str, text: &str) -> Result<(), HistoryError> {
        let (answer, text) = (answer.to_owned(), text.to_owned());
        self.inner.writer.tell(move |writer| writer.append(&answer, &text))
    }

    /// Ends an answer. On success all of it is on disk. If that fails, all of it stays in
    /// memory, is what [`History::messages`] and [`History::text_from`] tell, and is tried
    /// again until it succeeds or the history is closed.
    ///
    /// # Errors
    /// [`HistoryError::UnknownMessage`] if it is not being written,
    /// [`HistoryError::NotAnEnd`], and what the disk says.
    pub fn finish_answer(
        &self,
        answer: &str,
        end: End,
        now: SystemTime,
    ) -> Result<Finished, HistoryError> {
        let answer = answer.to_owned();
        self.inner.writer.ask(move |writer| writer.finish(&answer, end, millis(now)))
    }

    /// A message's text from `offset` on, counted in UTF-16 code units as JavaScript counts,
    /// while it is written and afterwards. Everything appended before is in it.
    ///
    /// # Errors
    /// [`HistoryError::UnknownMessage`], [`HistoryError::OffsetBeyondEnd`].
    pub fn text_from(
        &self,
        conversation: &str,
        message: &str,
        offset: usize,
    ) -> Result<TextFrom, HistoryError> {
        let (conversation, message) = (conversation.to_owned(), message.to_owned());
        self.inner.writer.ask(move |writer| writer.text_from(&conversation, &message, offset))
    }

    /// Conversations, the last used first, at most `limit` (bounded at 200), after `after`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn conversations(
        &self,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, HistoryError> {
        self.read(|connection| conversations::list(connection, after, limit))
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`HistoryError::UnknownConversation`].
    pub fn conversation(&self, id: &str) -> Result<Conversation, HistoryError> {
        self.read(|connection| conversations::one(connection, id))
    }

    /// A conversation's messages in their order, the last `limit` of those before `before`
    /// (a message's id). What is being written is there with all of its text.
    ///
    /// # Errors
    /// [`HistoryError::UnknownConversation`], [`HistoryError::UnknownMessage`].
    pub fn messages(
        &self,
        conversation: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Message>, HistoryError> {
        let (conversation, before) = (conversation.to_owned(), before.map(str::to_owned));
        self.inner
            .writer
            .ask(move |writer| writer.messages(&conversation, before.as_deref(), limit))
    }

    /// One message, with all of its text.
    ///
    /// # Errors
    /// [`HistoryError::UnknownMessage`] if it is not in this conversation.
    pub fn message(&self, conversation: &str, id: &str) -> Result<Message, HistoryError> {
        let (conversation, id) = (conversation.to_owned(), id.to_owned());
        self.inner.writer.ask(move |writer| writer.message(&conversation, &id))
    }

    /// Gives a conversation another title; returns it as it is kept, without outer spaces.
    ///
    /// # Errors
    /// [`HistoryError::UnknownConversation`] and those named after the title.
    pub fn rename(&self, conversation: &str, title: &str) -> Result<String, HistoryError> {
        let (conversation, title) = (conversation.to_owned(), title.to_owned());
        self.inner.writer.ask(move |writer| writer.rename(&conversation, &title))
    }

    /// Deletes a conversation: its words are overwritten in the file. The caller stops an
    /// answer that is being written in it first, and has the engine forget its context:
    /// see [`History::pending_forgets`], which is returned. Copies from before a migration
    /// still hold it; [`History::delete_all`] removes those too.
    ///
    /// # Errors
    /// [`HistoryError::UnknownConversation`].
    pub fn delete(&self, conversation: &str, now: SystemTime) -> Result<Vec<String>, HistoryError> {
        let conversation = conversation.to_owned();
        self.inner.writer.ask(move |writer| writer.delete(&conversation, millis(now)))
    }

    /// Deletes every conversation, and every backup and damaged file that was set aside
    /// beside the history. Returns what the engine must forget.
    ///
    /// # Errors
    /// What the disk says.
    pub fn delete_all(&self, now: SystemTime) -> Result<Vec<String>, HistoryError> {
        let path = self.inner.path.clone();
        self.inner.writer.ask(move |writer| writer.delete_all(&path, millis(now)))
    }

    /// Conversations that were deleted here and whose context the engine was not yet made
    /// to forget, also those of earlier runs.
    ///
    /// # Errors
    /// What the disk says.
    pub fn pending_forgets(&self) -> Result<Vec<String>, HistoryError> {
        self.read(conversations::pending_forgets)
    }

    /// The engine has forgotten the context of this conversation.
    ///
    /// # Errors
    /// What the disk says.
    pub fn forgotten(&self, conversation: &str) -> Result<(), HistoryError> {
        let conversation = conversation.to_owned();
        self.inner.writer.ask(move |writer| writer.forgotten(&conversation))
    }

    /// Finds conversations by title and messages by text, the newest first, at most `limit`
    /// of each (bounded at 100). All words must be there, the last one may be a beginning;
    /// case and accents do not matter, and nothing typed has another meaning. Further
    /// messages come by passing [`Found::next`] as `after`. An answer is found once it is
    /// finished.
    ///
    /// # Errors
    /// [`HistoryError::QueryTooLong`].
    pub fn search(
        &self,
        query: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Found, HistoryError> {
        self.read(|connection| search::find(connection, query, after, limit))
    }

    /// Writes one conversation for people to read.
    ///
    /// # Errors
    /// [`HistoryError::UnknownConversation`], [`HistoryError::NoAccess`],
    /// [`HistoryError::DiskFull`]. What was at `to` before is then unchanged.
    pub fn export_markdown(
        &self,
        conversation: &str,
        words: &MarkdownWords,
        to: &Path,
    ) -> Result<(), HistoryError> {
        let reader = store::reader(&self.inner.path)?;
        export::markdown(&reader, conversation, words, to)
    }

    /// Writes one conversation for [`History::import`].
    ///
    /// # Errors
    /// As [`History::export_markdown`].
    pub fn export_json(
        &self,
        conversation: &str,
        to: &Path,
        now: SystemTime,
    ) -> Result<(), HistoryError> {
        let reader = store::reader(&self.inner.path)?;
        export::json(&reader, Some(conversation), to, millis(now)).map(drop)
    }

    /// Writes every conversation for [`History::import`], one at a time, as they stand at
    /// one moment; returns how many. An answer that is being written is *interrupted* there.
    ///
    /// # Errors
    /// As [`History::export_markdown`].
    pub fn export_all(&self, to: &Path, now: SystemTime) -> Result<usize, HistoryError> {
        let reader = store::reader(&self.inner.path)?;
        export::json(&reader, None, to, millis(now))
    }

    /// Takes over an export: all of it or, if anything is wrong in it, nothing. What is
    /// here already is left alone; a conversation that differs from the one of the same id
    /// comes in beside it as a copy, and only once, however often it is imported.
    ///
    /// # Errors
    /// [`HistoryError::NotImportable`] with every place that is wrong (the first 20),
    /// [`HistoryError::NoAccess`], and [`HistoryError::Busy`] while an answer is written.
    pub fn import(&self, from: &Path) -> Result<Imported, HistoryError> {
        let conversations = import::read(from)?;
        self.inner.writer.ask(move |writer| writer.import(&conversations))
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        work(self.reader().as_ref().ok_or(HistoryError::Closed)?)
    }

    fn reader(&self) -> MutexGuard<'_, Option<Connection>> {
        // A panic of another reader leaves a connection that is as good as before.
        self.inner.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
