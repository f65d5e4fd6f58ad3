//! What is found at the path, and what becomes of it.

use std::fs;
use std::path::PathBuf;

use history::{End, History, HistoryError, MessageState, Opened, SCHEMA_VERSION};
use rusqlite::Connection;

use crate::place::{Place, at, exchange, question, texts};

/// A history as version 1 wrote it: one conversation of two exchanges, the last one cut off.
const VERSION_1: &[u8] = include_bytes!("../fixtures/version-1.sqlite3");

#[test]
fn a_history_is_begun_and_found_again() {
    let place = Place::new();
    let (history, opened) = place.open_and_tell();
    assert_eq!(opened, Opened::New);
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    history.close().unwrap();
    let (history, opened) = place.open_and_tell();
    assert_eq!(opened, Opened::Fine);
    assert_eq!(texts(&history, &begun.conversation), ["Olá", "Oi!"]);
}

#[test]
fn a_history_that_version_1_wrote_is_read_by_this_version() {
    let place = Place::new();
    fs::write(place.database(), VERSION_1).unwrap();
    let (history, opened) = place.open_and_tell();
    match opened {
        Opened::Fine => assert_eq!(SCHEMA_VERSION, 1),
        Opened::Migrated { from, .. } => assert_eq!(from, 1),
        other => panic!("{other:?}"),
    }
    let conversations = history.conversations(None, 10).unwrap().conversations;
    assert_eq!(conversations.len(), 1);
    assert_eq!(conversations[0].title, "Por que o céu é azul?");
    let messages = history.messages(&conversations[0].id, None, 10).unwrap();
    let said: Vec<_> =
        messages.iter().map(|message| (message.text.as_str(), message.state)).collect();
    assert_eq!(
        said,
        [
            ("Por que o céu é azul?", MessageState::Done),
            ("Por causa do espalhamento de Rayleigh.", MessageState::Done),
            ("E o mar?", MessageState::Done),
            ("Porque ", MessageState::Interrupted),
        ]
    );
    assert_eq!(messages[1].timings.as_ref().unwrap().tokens, Some(9));
    assert_eq!(history.search("ceu", None, 10).unwrap().messages.len(), 1);
}

/// Run once for every version that is released, before the first step is added to it.
#[test]
#[ignore = "writes the committed fixture of the current schema"]
fn write_the_fixture() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("Por que o céu é azul?"), at(0)).unwrap();
    history.append(&begun.answer, "Por causa do espalhamento de Rayleigh.").unwrap();
    let timings = history::Timings { tokens: Some(9), ..history::Timings::default() };
    let end = End { timings: Some(timings), ..End::new(MessageState::Done) };
    history.finish_answer(&begun.answer, end, at(1)).unwrap();
    let more = history::Question { conversation: Some(begun.conversation), ..question("E o mar?") };
    let cut = history.begin_answer(more, at(2)).unwrap();
    history.append(&cut.answer, "Porque ").unwrap();
    history.close().unwrap();
    let name = format!("tests/fixtures/version-{SCHEMA_VERSION}.sqlite3");
    let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::copy(place.database(), fixture).unwrap();
}

#[test]
fn an_empty_file_is_a_history_to_be_begun() {
    let place = Place::new();
    fs::write(place.database(), "").unwrap();
    assert_eq!(place.open_and_tell().1, Opened::New);
}

#[test]
fn a_damaged_file_is_set_aside_whole_and_a_new_history_begun() {
    let place = Place::new();
    let history = place.open();
    exchange(&history, None, "Olá", &"words ".repeat(20_000), 0);
    history.close().unwrap();
    let sound = fs::read(place.database()).unwrap();
    let mut overwritten = sound.clone();
    overwritten[40_000..60_000].fill(0xA5);
    let damages: [(&str, &[u8]); 4] = [
        ("no database", b"this is a shopping list, not a database: eggs, milk, bread"),
        ("overwritten", &overwritten),
        ("cut off", &sound[..50_000]),
        ("cut in the header", &sound[..60]),
    ];
    for (what, bytes) in damages {
        let place = Place::new();
        fs::write(place.database(), bytes).unwrap();
        let (history, opened) = place.open_and_tell();
        let aside = place.file("history.damaged-20261123T173408Z.sqlite3");
        assert_eq!(opened, Opened::SetAside(aside.clone()), "{what}");
        assert!(fs::read(&aside).unwrap() == bytes, "{what}: the file was changed");
        let begun = exchange(&history, None, "new", "words", 1);
        history.close().unwrap();
        let (history, opened) = place.open_and_tell();
        assert_eq!(opened, Opened::Fine, "{what}");
        assert_eq!(texts(&history, &begun.conversation), ["new", "words"]);
    }
}

#[test]
fn what_was_said_last_goes_aside_with_a_damaged_file() {
    let running = Place::new();
    let history = running.open();
    exchange(&history, None, "Olá", &"words ".repeat(20_000), 0);
    let [sound, journal] = ["history.sqlite3", "history.sqlite3-wal"]
        .map(|name| fs::read(running.file(name)).unwrap());
    assert!(journal.len() > 100_000, "else there is nothing to lose");
    let with_journal = |bytes: &[u8]| {
        let place = Place::new();
        fs::write(place.database(), bytes).unwrap();
        fs::write(place.file("history.sqlite3-wal"), &journal).unwrap();
        place
    };
    let mut overwritten = sound.clone();
    overwritten[..100].fill(0xA5);
    let place = with_journal(&overwritten);
    let (healed, opened) = place.open_and_tell();
    assert_eq!(opened, Opened::Fine, "the journal has the first page too");
    assert_eq!(healed.search("words", None, 9).unwrap().messages.len(), 1);
    for damaged in [&sound[..0], &sound[..100]] {
        let place = with_journal(damaged);
        let Opened::SetAside(aside) = place.open_and_tell().1 else { panic!("not set aside") };
        assert!(fs::read(&aside).unwrap() == damaged);
        assert!(fs::read(aside.with_extension("sqlite3-wal")).unwrap() == journal);
    }
}

#[test]
fn looking_at_a_damaged_file_changes_neither_it_nor_its_journal() {
    let running = Place::new();
    exchange(&running.open(), None, "Olá", &"words ".repeat(20_000), 0);
    let history = running.open();
    exchange(&history, None, "and", "more", 1);
    let place = Place::new();
    let mut damaged = fs::read(running.database()).unwrap();
    damaged[40_000..60_000].fill(0xA5);
    let journal = fs::read(running.file("history.sqlite3-wal")).unwrap();
    assert!(!journal.is_empty(), "else there is nothing to lose");
    fs::write(place.database(), &damaged).unwrap();
    fs::write(place.file("history.sqlite3-wal"), &journal).unwrap();
    let Opened::SetAside(aside) = place.open_and_tell().1 else { panic!("not set aside") };
    assert!(fs::read(&aside).unwrap() == damaged);
    assert!(fs::read(aside.with_extension("sqlite3-wal")).unwrap() == journal);
}

#[test]
fn files_set_aside_in_the_same_second_do_not_overwrite_each_other() {
    let place = Place::new();
    for content in ["first", "second"] {
        fs::write(place.database(), content.repeat(50)).unwrap();
        drop(place.open());
    }
    let aside: Vec<_> =
        place.files().into_iter().filter(|name| name.contains(".damaged-")).collect();
    assert_eq!(
        aside,
        ["history.damaged-20261123T173408Z-2.sqlite3", "history.damaged-20261123T173408Z.sqlite3"]
    );
}

#[test]
fn another_programs_database_is_set_aside_unchanged() {
    let place = Place::new();
    let other = Connection::open(place.database()).unwrap();
    other.execute_batch("CREATE TABLE recipes (name); PRAGMA user_version = 1").unwrap();
    drop(other);
    let bytes = fs::read(place.database()).unwrap();
    let Opened::SetAside(aside) = place.open_and_tell().1 else { panic!("not set aside") };
    assert!(fs::read(aside).unwrap() == bytes);
}

#[test]
fn a_newer_history_is_read_and_never_written() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    history.close().unwrap();
    let newer = Connection::open(place.database()).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    drop(newer);
    let bytes = fs::read(place.database()).unwrap();

    let (history, opened) = place.open_and_tell();
    assert_eq!(opened, Opened::ReadOnlyNewerSchema { found: 7, known: SCHEMA_VERSION });
    assert_eq!(texts(&history, &begun.conversation), ["Olá", "Oi!"]);
    assert_eq!(history.search("ola", None, 9).unwrap().messages.len(), 1);
    let export = place.file("all.json");
    assert_eq!(history.export_all(&export, at(1)), Ok(1));
    let id = &begun.conversation;
    let refused: [HistoryError; 7] = [
        history.begin_answer(question("?"), at(1)).unwrap_err(),
        history.begin_again(id, None, at(1)).unwrap_err(),
        history.rename(id, "x").unwrap_err(),
        history.delete(id, at(1)).unwrap_err(),
        history.delete_all(at(1)).unwrap_err(),
        history.forgotten(id).unwrap_err(),
        history.import(&export).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error, HistoryError::ReadOnly { found: 7, known: SCHEMA_VERSION });
    }
    history.close().unwrap();
    assert!(fs::read(place.database()).unwrap() == bytes);
}

#[test]
fn a_history_that_another_program_holds_is_neither_damaged_nor_lost() {
    let place = Place::new();
    drop(place.open());
    let other = Connection::open(place.database()).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN EXCLUSIVE; DELETE FROM forgets; COMMIT").unwrap();
    let Err(error) = History::open(&place.database(), at(0)) else { panic!("it opened") };
    assert_eq!(error, HistoryError::InUse);
    drop(other);
    assert_eq!(place.open_and_tell().1, Opened::Fine);
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let place = Place::new();
    fs::write(place.file("file"), "").unwrap();
    let path = place.file("file/history.sqlite3");
    let Err(error) = History::open(&path, at(0)) else { panic!("it opened") };
    assert_eq!(error.code(), "no_access");
    assert!(error.to_string().contains("file"), "{error}");
    fs::create_dir(place.database()).unwrap();
    let Err(error) = History::open(&place.database(), at(0)) else { panic!("it opened") };
    assert_eq!(error.code(), "no_access");
}
