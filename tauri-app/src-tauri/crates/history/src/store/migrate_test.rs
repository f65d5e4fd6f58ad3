//! From one schema to the next, with a step that exists for these tests alone: there is only
//! one version so far, and its fixture is what every later one must bring over.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::{Opened, STEPS};
use crate::{History, HistoryError};

const VERSION_1: &[u8] = include_bytes!("../../tests/fixtures/version-1.sqlite3");

/// What a later version may need.
const PIN: &str = "ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_455_248)
}

fn old_history() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite3");
    fs::write(&path, VERSION_1).unwrap();
    (folder, path)
}

fn open(path: &Path, steps: &[&str]) -> Result<(History, Opened), HistoryError> {
    History::open_with(path, now(), steps)
}

fn schema(path: &Path) -> (i32, bool) {
    let connection = Connection::open(path).unwrap();
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    (version, connection.prepare("SELECT pinned FROM conversations").is_ok())
}

fn titles(history: &History) -> Vec<String> {
    let page = history.conversations(None, 10).unwrap();
    page.conversations.into_iter().map(|conversation| conversation.title).collect()
}

#[test]
fn an_older_history_is_copied_and_then_brought_to_the_current_schema() {
    let (folder, path) = old_history();
    let (history, opened) = open(&path, &[STEPS[0], PIN]).unwrap();
    let backup = folder.path().join("history.version-1-20261123T173408Z.sqlite3");
    assert_eq!(opened, Opened::Migrated { from: 1, backup: backup.clone() });
    assert_eq!(titles(&history), ["Por que o céu é azul?"]);
    history.close().unwrap();
    assert_eq!(schema(&path), (2, true));
    assert_eq!(open(&path, &[STEPS[0], PIN]).unwrap().1, Opened::Fine);

    // The backup is a whole history of the older version.
    assert_eq!(schema(&backup), (1, false));
    let (before, opened) = open(&backup, STEPS).unwrap();
    assert_eq!(opened, Opened::Fine);
    assert_eq!(titles(&before), ["Por que o céu é azul?"]);
    assert_eq!(before.search("rayleigh", None, 9).unwrap().messages.len(), 1);
}

#[test]
fn a_backup_has_what_was_still_in_the_wal_and_is_for_the_user_alone() {
    let (_folder, path) = old_history();
    let writer = Connection::open(&path).unwrap();
    writer.pragma_update(None, "journal_mode", "WAL").unwrap();
    writer.execute("UPDATE conversations SET title = 'only in the WAL'", []).unwrap();
    let (_, opened) = open(&path, &[STEPS[0], PIN]).unwrap();
    let Opened::Migrated { backup, .. } = opened else { panic!("{opened:?}") };
    assert_eq!(titles(&open(&backup, STEPS).unwrap().0), ["only in the WAL"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_step_that_fails_leaves_the_history_as_it_was() {
    let (_folder, path) = old_history();
    let failing = [STEPS[0], "DROP TABLE messages; ALTER TABLE nothing ADD COLUMN x;"];
    let Err(error) = open(&path, &failing) else { panic!("it migrated") };
    assert_eq!(error.code(), "history_unusable");
    assert_eq!(schema(&path), (1, false));
    let (history, opened) = open(&path, STEPS).unwrap();
    assert_eq!(opened, Opened::Fine);
    assert_eq!(titles(&history), ["Por que o céu é azul?"]);
    assert_eq!(history.search("rayleigh", None, 9).unwrap().messages.len(), 1);
}

#[test]
fn a_history_that_is_brought_over_equals_one_that_is_begun() {
    let (folder, path) = old_history();
    let steps = [STEPS[0], PIN];
    let begun = folder.path().join("new.sqlite3");
    drop((open(&path, &steps).unwrap(), open(&begun, &steps).unwrap()));
    let described = |path: &Path| -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let mut all = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = all.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        rows.map(|row| row.unwrap().unwrap_or_default()).collect()
    };
    assert_eq!(described(&path), described(&begun));
}
