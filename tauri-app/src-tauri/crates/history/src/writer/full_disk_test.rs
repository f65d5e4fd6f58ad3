//! The disk is full: it is told, and nothing that was said is lost. SQLite's own limit of
//! pages stands for the disk; both end in the same error.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::{SAVED_WITHIN, Writer};
use crate::store::{self, Opened};
use crate::types::{Message, MessageState};
use crate::{End, HistoryError, Question};

const NO_LIMIT: u32 = u32::MAX - 1;

struct Desk {
    folder: tempfile::TempDir,
    writer: Writer,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.sqlite3");
        let (connection, opened) = store::open(&path, 0, store::STEPS).unwrap();
        assert_eq!(opened, Opened::New);
        Self { folder, writer: Writer::new(connection, &opened) }
    }

    /// No page more than there are now.
    fn fill_the_disk(&self) {
        self.limit_pages(1);
    }

    fn make_room(&self) {
        self.limit_pages(NO_LIMIT);
    }

    fn limit_pages(&self, pages: u32) {
        let limit = format!("PRAGMA max_page_count = {pages}");
        self.writer.connection.query_row(&limit, [], |_| Ok(())).unwrap();
    }

    fn on_disk(&self, message: &str) -> (String, String) {
        let path = self.folder.path().join("history.sqlite3");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap()
            .query_row("SELECT text, state FROM messages WHERE id = ?1", [message], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap()
    }

    fn messages(&self, conversation: &str) -> Vec<Message> {
        self.writer.messages(conversation, None, 10).unwrap()
    }
}

fn question() -> Question {
    Question { prompt: "Why?".into(), ..Question::default() }
}

fn long() -> String {
    "because ".repeat(50_000)
}

#[test]
fn an_answer_that_does_not_fit_stays_in_memory_and_is_saved_when_there_is_room() {
    let mut desk = Desk::new();
    let begun = desk.writer.begin(&question(), 0).unwrap();
    desk.fill_the_disk();
    desk.writer.append(&begun.answer, &long());
    desk.writer.save_what_is_due(Instant::now() + SAVED_WITHIN);
    assert_eq!(desk.on_disk(&begun.answer).0, "", "else the disk was not full");

    let error = desk.writer.finish(&begun.answer, End::new(MessageState::Done), 1).unwrap_err();
    assert_eq!(error, HistoryError::DiskFull);
    assert!(error.hint().contains("make room"), "{}", error.hint());
    let shown = &desk.messages(&begun.conversation)[1];
    assert_eq!((shown.text.as_str(), shown.state), (long().as_str(), MessageState::Done));
    let rest = desk.writer.text_from(&begun.conversation, &begun.answer, 399_992).unwrap();
    assert_eq!((rest.text.as_str(), rest.state), ("because ", MessageState::Done));

    desk.make_room();
    assert!(desk.writer.streams.next_due().is_some(), "nobody would try again");
    desk.writer.save_what_is_due(Instant::now() + SAVED_WITHIN);
    assert_eq!(desk.on_disk(&begun.answer), (long(), "done".into()));
    assert_eq!(desk.writer.streams.next_due(), None);
}

#[test]
fn a_question_that_does_not_fit_is_refused_whole() {
    let mut desk = Desk::new();
    let begun = desk.writer.begin(&question(), 0).unwrap();
    desk.writer.finish(&begun.answer, End::new(MessageState::Done), 1).unwrap();
    desk.fill_the_disk();
    let conversation = Some(begun.conversation.clone());
    let large = Question { conversation, prompt: long(), ..Question::default() };
    assert_eq!(desk.writer.begin(&large, 2), Err(HistoryError::DiskFull));
    assert_eq!(desk.messages(&begun.conversation).len(), 2);
    desk.make_room();
    desk.writer.begin(&large, 3).unwrap();
    assert_eq!(desk.messages(&begun.conversation).len(), 4);
}

#[test]
fn closing_with_a_full_disk_tells_it_and_keeps_what_was_saved_before() {
    let mut desk = Desk::new();
    let begun = desk.writer.begin(&question(), 0).unwrap();
    desk.writer.append(&begun.answer, "Because");
    desk.writer.save_what_is_due(Instant::now() + Duration::from_secs(1));
    desk.fill_the_disk();
    desk.writer.append(&begun.answer, &long());
    assert_eq!(desk.writer.save_all(), Err(HistoryError::DiskFull));
    assert_eq!(desk.on_disk(&begun.answer).0, "Because");
}

#[test]
fn an_import_that_does_not_fit_brings_nothing() {
    let mut source = Desk::new();
    let begun = source.writer.begin(&question(), 0).unwrap();
    source.writer.append(&begun.answer, &long());
    source.writer.finish(&begun.answer, End::new(MessageState::Done), 1).unwrap();
    let record =
        crate::export::ConversationRecord::read(&source.writer.connection, &begun.conversation)
            .unwrap();
    let mut desk = Desk::new();
    desk.fill_the_disk();
    let records = [record];
    assert_eq!(desk.writer.import(&records).unwrap_err(), HistoryError::DiskFull);
    let unknown = desk.writer.messages(&begun.conversation, None, 10).unwrap_err();
    assert_eq!(unknown.code(), "unknown_conversation");
    desk.make_room();
    assert_eq!(desk.writer.import(&records).unwrap().conversations, 1);
}
