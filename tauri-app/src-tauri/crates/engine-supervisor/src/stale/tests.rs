//! Real processes in the part of the engine that was left over.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command};

use tempfile::TempDir;

use super::*;

fn engine() -> Child {
    Command::new("sleep").arg("600").process_group(0).spawn().unwrap()
}

/// An owner that is gone.
fn nobody() -> Identity {
    let mut ended = Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    Identity { pid: ended.id(), started: 1, executable: "/bin/true".into() }
}

fn write(folder: &Path, pair: &Pair) {
    files::replace(&folder.join(NAME), pair).unwrap();
}

/// The signal that ended it, if it has ended.
fn ended_by(engine: &mut Child) -> Option<i32> {
    engine.try_wait().unwrap().map(|status| status.signal().unwrap())
}

#[test]
fn an_engine_without_its_app_is_ended() {
    let (folder, mut left_over) = (TempDir::new().unwrap(), engine());
    let engine = system::identify(left_over.id()).unwrap();
    write(folder.path(), &Pair { engine, owner: nobody() });
    end(folder.path());
    assert_eq!(ended_by(&mut left_over), Some(9));
    assert!(!folder.path().join(NAME).exists());
}

#[test]
fn an_engine_whose_app_still_runs_is_left_alone() {
    let (folder, mut anothers) = (TempDir::new().unwrap(), engine());
    remember(folder.path(), anothers.id());
    end(folder.path());
    assert_eq!(ended_by(&mut anothers), None);
    assert!(folder.path().join(NAME).exists());
    anothers.kill().unwrap();
    anothers.wait().unwrap();
}

#[test]
fn another_process_that_got_its_number_is_left_alone() {
    let mut innocent = engine();
    let real = system::identify(innocent.id()).unwrap();
    let later = Identity { started: real.started - 1, ..real };
    let real = system::identify(innocent.id()).unwrap();
    let another_program = Identity { executable: "/usr/bin/another".into(), ..real };
    for engine in [later, another_program] {
        let folder = TempDir::new().unwrap();
        write(folder.path(), &Pair { engine, owner: nobody() });
        end(folder.path());
        assert!(!folder.path().join(NAME).exists());
    }
    assert_eq!(ended_by(&mut innocent), None);
    innocent.kill().unwrap();
    innocent.wait().unwrap();
}

#[test]
fn no_file_or_a_damaged_one_is_no_engine() {
    let folder = TempDir::new().unwrap();
    end(folder.path());
    std::fs::write(folder.path().join(NAME), "{").unwrap();
    end(folder.path());
    assert!(!folder.path().join(NAME).exists());
}

#[test]
fn the_start_time_is_found_behind_any_name() {
    let fields: Vec<String> = (3..=52).map(|field| field.to_string()).collect();
    let stat = format!("7 (a ) b (c) {}", fields.join(" "));
    assert_eq!(system::start_time(&stat), Some(22));
    assert_eq!(system::start_time("7 (x"), None);
}
