//! Programs that cannot be started.

use std::os::unix::fs::PermissionsExt;

use engine_supervisor::StateKind;

use crate::common::Place;
use crate::drive::{self, load_in_words, model, patient};
use crate::row::Row;

const MUST: &str = "told with its path and the system's reason; not tried again";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("the program is missing", MUST, missing),
        Row::new("the program is not executable", MUST, not_executable),
        Row::new(
            "the program is cut short",
            "told with the cause; given up like any that keeps dying",
            cut_short,
        ),
    ]
}

async fn missing() -> String {
    let place = Place::with(&[]);
    std::fs::remove_file(place.program()).unwrap();
    cannot_start(&place, "No such file or directory").await
}

async fn not_executable() -> String {
    let place = Place::with(&[]);
    replace_program(&place, b"#!/bin/sh\n", 0o644);
    cannot_start(&place, "Permission denied").await
}

async fn cut_short() -> String {
    let place = Place::with(&[]);
    let whole = std::fs::read(place.program()).unwrap();
    replace_program(&place, &whole[..whole.len() / 2], 0o755);
    let engine = drive::engine(&place, patient());
    let load = load_in_words(&engine.load(model()).await);
    assert!(load.starts_with("engine_keeps_crashing: "), "{load}");
    assert_eq!(engine.snapshot().state.kind(), StateKind::Failed);
    engine.shut_down().await;
    assert!(place.pids().is_empty());
    load
}

fn replace_program(place: &Place, bytes: &[u8], mode: u32) {
    std::fs::remove_file(place.program()).unwrap();
    std::fs::write(place.program(), bytes).unwrap();
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(place.program(), permissions).unwrap();
}

/// Loading must fail for that reason, without a second try.
async fn cannot_start(place: &Place, reason: &str) -> String {
    let engine = drive::engine(place, patient());
    let error = engine.load(model()).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), "engine_cannot_start", "{text}");
    assert!(text.contains(reason), "{text}");
    assert!(text.contains(&*place.program().to_string_lossy()), "{text}");
    assert!(error.hint().is_some());
    assert_eq!(drive::reply(&engine, "first").await, "engine_cannot_start");
    let now = engine.snapshot();
    assert_eq!((now.state.kind(), now.starts), (StateKind::Failed, 1));
    engine.shut_down().await;
    assert!(place.pids().is_empty());
    format!("{}: {reason}", error.kind())
}
