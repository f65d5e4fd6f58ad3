//! The fault table: what an engine may do wrong, and what must come of it. Every row is
//! played with real processes; all are played before the test tells which failed.
//!
//! `FAULT=text` plays only the rows with that text in their name. The table with its
//! verdicts is written to `faults.md` in Cargo's folder for test files (`target/tmp`).
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

mod alone;
mod deaths;
mod devices;
mod drive;
mod files;
mod floods;
mod hangs;
mod hashes;
mod loads;
mod orphans;
mod play;
mod presses;
mod restarts;
mod row;
mod sleeps;
mod stops;
mod talk;
mod words;

use row::Row;

fn table() -> Vec<Row> {
    [
        words::rows(),
        deaths::rows(),
        hangs::rows(),
        sleeps::rows(),
        floods::rows(),
        loads::rows(),
        devices::rows(),
        restarts::rows(),
        files::rows(),
        hashes::rows(),
        orphans::rows(),
        stops::rows(),
        presses::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_fault_ends_as_the_table_says() {
    let wanted = std::env::var("FAULT").unwrap_or_default();
    let rows: Vec<Row> = table().into_iter().filter(|row| row.fault.contains(&wanted)).collect();
    let verdicts = play::all(rows);
    let report = play::report(&verdicts);
    println!("{report}");
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.md");
    std::fs::write(file, &report).unwrap();
    let failed = verdicts.iter().filter(|verdict| !verdict.stands()).count();
    assert!(failed == 0, "{failed} of {} rows do not stand, see the table above", verdicts.len());
}

#[test]
fn the_table_has_thirty_faults_and_each_its_own_name() {
    let mut names: Vec<&str> = table().iter().map(|row| row.fault).collect();
    let rows = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == rows && rows >= 30, "{rows} rows, {} names", names.len());
}

#[test]
fn the_table_is_documented_as_it_is() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("FAULTS.md");
    let documentation = play::documentation(&table());
    if std::env::var_os("FAULTS_WRITE").is_some() {
        std::fs::write(&page, &documentation).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == documentation,
        "{} is not up to date: hint: FAULTS_WRITE=1 writes it",
        page.display()
    );
}
