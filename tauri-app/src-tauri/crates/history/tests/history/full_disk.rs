//! A real disk that is full: a file system of 2 MiB with something else on it.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use history::{End, History, HistoryError, MessageState, SAVED_WITHIN};

use crate::place::{Place, at, exchange, question, texts};

/// Where the child finds the small disk.
const DISK: &str = "HISTORY_SMALL_DISK";

const MOUNT_AND_RUN: &str = r#"mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" --exact full_disk::child_on_a_small_disk --ignored"#;

#[test]
#[ignore = "mounts a file system, which needs root on Linux"]
fn on_a_disk_that_is_full_nothing_is_lost() {
    let place = Place::new();
    // The mount is gone with the process.
    let status = Command::new("unshare")
        .args(["--mount", "sh", "-c", MOUNT_AND_RUN, "sh"])
        .args([place.file(""), std::env::current_exe().unwrap()])
        .env(DISK, place.file(""))
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "the child of the other test here"]
fn child_on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK) else { return };
    let disk = Path::new(&disk);
    let path = disk.join("history.sqlite3");
    let (history, _) = History::open(&path, at(0)).unwrap();
    let kept = exchange(&history, None, "before", "all was well", 0);
    let begun = history.begin_answer(question("and now?"), at(1)).unwrap();
    let ballast = disk.join("ballast");
    fill(&ballast);

    let long = "because ".repeat(20_000);
    history.append(&begun.answer, &long).unwrap();
    let end = || End::new(MessageState::Done);
    assert_eq!(history.finish_answer(&begun.answer, end(), at(2)), Err(HistoryError::DiskFull));
    assert_eq!(texts(&history, &begun.conversation), ["and now?", &long]);
    assert_eq!(texts(&history, &kept.conversation), ["before", "all was well"]);
    let large = history::Question { prompt: long.clone(), ..question("") };
    assert_eq!(history.begin_answer(large, at(3)), Err(HistoryError::DiskFull));
    let export = disk.join("export.json");
    assert_eq!(history.export_all(&export, at(3)), Err(HistoryError::DiskFull));
    assert!(!export.exists());

    fs::remove_file(&ballast).unwrap();
    wait_until_found(&history, "because");
    history.close().unwrap();
    fill(&ballast);
    let opened =
        History::open(&path, at(4)).map(|(history, _)| texts(&history, &kept.conversation));
    match opened {
        Ok(said) => assert_eq!(said, ["before", "all was well"]),
        Err(error) => assert_eq!(error, HistoryError::DiskFull),
    }
    fs::remove_file(&ballast).unwrap();
    let (history, _) = History::open(&path, at(5)).unwrap();
    assert_eq!(texts(&history, &begun.conversation), ["and now?", &long]);
}

/// Takes all the room there is.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    for size in [64 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

fn wait_until_found(history: &History, word: &str) {
    let begun = Instant::now();
    while history.search(word, None, 1).unwrap().messages.is_empty() {
        assert!(begun.elapsed() < 10 * SAVED_WITHIN, "not tried again");
        thread::sleep(Duration::from_millis(10));
    }
}
