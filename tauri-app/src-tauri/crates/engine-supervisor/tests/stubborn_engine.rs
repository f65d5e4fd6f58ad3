//! Engines that do not keep the protocol: real processes, written in shell for the purpose.
#![cfg(unix)]

mod common;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{engine, runs, tiny_model, until, wait_until_gone, within};
use engine_supervisor::{Cause, EngineError, Exit, Problem, StateKind};

/// Stop ladder: two seconds to end in order, then the kill; three in all.
const LADDER: Duration = Duration::from_secs(3);

/// A program with this shell script, in a folder of its own that goes with it.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, lines: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("engine-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("engine");
        // Written by another process: were it open for writing here, a fork of another test
        // could hold it open for a moment more, and starting it would fail (ETXTBSY).
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        let status = Command::new("sh").args(["-c", write]).arg(&program).arg(lines).status();
        assert!(status.unwrap().success());
        Self(program)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

#[tokio::test]
async fn an_engine_that_will_not_end_is_killed_with_its_children_within_the_ladder() {
    let script = Script::new(
        "deaf",
        "trap '' TERM\nsleep 600 &\necho $! > child\nwhile :; do sleep 600; done",
    );
    let engine = engine(script.0.clone());
    let loading = tokio::spawn({
        let engine = engine.clone();
        async move { engine.load(tiny_model()).await }
    });
    let pid = until(&engine, "it was started", |now| now.pid.is_some()).await.pid.unwrap();
    let child = within("its child is there", read_number(script.0.with_file_name("child"))).await;

    let started = Instant::now();
    within("shutting down", engine.shut_down()).await;
    let took = started.elapsed();
    assert!(took < LADDER + Duration::from_secs(2), "took {took:?}");
    assert!(!runs(pid));
    wait_until_gone(child);
    assert_eq!(loading.await.unwrap(), Err(EngineError::Stopped));
}

#[tokio::test]
async fn an_engine_that_dies_at_its_start_is_told_with_its_log_and_not_started_over_and_over() {
    let script = Script::new("short-lived", "echo 'ERROR libllama.so is missing' >&2\nexit 69");
    let engine = engine(script.0.clone());
    let error = within("loading", engine.load(tiny_model())).await.unwrap_err();
    let EngineError::Failed(Problem::WillNotRun(death)) = error else { panic!("{error:?}") };
    assert_eq!((death.exit, death.cause), (Exit::Code(69), Cause::MissingLibrary));
    assert_eq!(death.last_words, ["ERROR libllama.so is missing"]);
    assert_eq!(engine.snapshot().state.kind(), StateKind::Failed);

    within("loading again", engine.load(tiny_model())).await.unwrap_err();
    assert_eq!(engine.snapshot().starts, 1);
    within("insisting", engine.restart()).await.unwrap_err();
    assert_eq!(engine.snapshot().starts, 2);
    engine.shut_down().await;
}

#[tokio::test]
async fn death_is_noticed_although_a_grandchild_holds_the_pipes() {
    let script = Script::new("survived", "sleep 600 &\nexit 3");
    let engine = engine(script.0.clone());
    let error = within("loading", engine.load(tiny_model())).await.unwrap_err();
    let EngineError::Failed(Problem::KeepsCrashing { crashes: 5, death }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(death.exit, Exit::Code(3));
    engine.shut_down().await;
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_told_with_the_systems_reason() {
    let engine = engine(PathBuf::from("/nowhere/engine"));
    let error = within("loading", engine.load(tiny_model())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the engine `/nowhere/engine` could not be started: No such file or directory (os error 2)"
    );
    engine.shut_down().await;
}

#[tokio::test]
async fn junk_on_stdout_is_ignored_and_another_protocol_version_refused() {
    let refusal = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"version 2 only","data":{"kind":"protocol_version"}}}"#;
    let script = Script::new(
        "junk",
        &format!("printf 'hello\\n\\377\\376\\n{{}}\\n'\nread line\necho '{refusal}'\nread line"),
    );
    let engine = engine(script.0.clone());
    let error = within("loading", engine.load(tiny_model())).await.unwrap_err();
    let EngineError::Refused(refusal) = error else { panic!("not refused: {error:?}") };
    assert_eq!(refusal.kind(), "protocol_version");
    engine.shut_down().await;
}

#[tokio::test]
async fn what_the_engine_remarks_can_be_seen_until_it_ends() {
    let hello = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"server":{"name":"e","version":"1","buildId":"b"},"variant":"cpu","backends":[]}}"#;
    let remark = r#"{"jsonrpc":"2.0","method":"log","params":{"level":"warning","kind":"k","message":"m","data":{"n":1}}}"#;
    let all_is_well = remark.replace("warning", "info").replace(r#""k""#, r#""well""#);
    let lines = format!(
        "read line\necho '{hello}'\necho '{all_is_well}'\necho '{remark}'\necho '{remark}'\nread line\nread line"
    );
    let script = Script::new("talkative", &lines);
    let engine = engine(script.0.clone());
    let loading = tokio::spawn({
        let engine = engine.clone();
        async move { engine.load(tiny_model()).await }
    });
    let seen = until(&engine, "it remarks", |now| !now.remarks.is_empty()).await;
    assert_eq!((seen.remarks.len(), seen.remarks[0].kind.as_str()), (1, "k"));
    // It reads that it shall load and answers nothing; the end of its stdin ends it.
    engine.shut_down().await;
    assert_eq!(within("loading", loading).await.unwrap(), Err(EngineError::Stopped));
    assert!(engine.snapshot().remarks.is_empty());
}

#[tokio::test]
async fn the_engine_sees_a_clean_environment_and_works_in_its_own_folder() {
    let script = Script::new("curious", "env > seen\npwd > place\nexit 64");
    let engine = engine(script.0.clone());
    within("loading", engine.load(tiny_model())).await.unwrap_err();
    let seen = std::fs::read_to_string(script.0.with_file_name("seen")).unwrap();
    // Cargo sets variables of its own for this test; none of them may get through.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!seen.contains("CARGO"), "{seen}");
    let place = std::fs::read_to_string(script.0.with_file_name("place")).unwrap();
    assert_eq!(PathBuf::from(place.trim()), script.0.parent().unwrap());
    engine.shut_down().await;
}

async fn read_number(path: PathBuf) -> u32 {
    loop {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        match text.trim().parse() {
            Ok(number) => return number,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
