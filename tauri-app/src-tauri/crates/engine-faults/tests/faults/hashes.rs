//! Files that are not what was packed, by the manifest beside the engine's folder.

use std::path::{Path, PathBuf};
use std::time::Instant;

use engine_supervisor::{Engine, EngineError, Settings, StateKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::Place;
use crate::drive::{self, load_in_words, model, patient, settings};
use crate::row::Row;
use crate::talk::STOP_LIMIT;

const REFUSED: &str = "not started; file, expected and found are told, and what to do";

/// Takes a while to hash, in bytes.
const LARGE: usize = 32 << 20;

/// A library that the engine is packed with.
const LIBRARY: &str = "libengine.so";

/// One that is not.
const SPARE_LIBRARY: &str = "libengine-older.so.1";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("all files are as they were packed", "started", all_right),
        Row::new("the program is not the one that was packed", REFUSED, other_program),
        Row::new("a library was changed after it was checked", REFUSED, changed_library),
        Row::new("a library is missing", REFUSED, missing_library),
        Row::new("there is a library that nobody packed", REFUSED, spare_library),
        Row::new("the manifest is missing", REFUSED, || {
            wrong_manifest(None, "No such file or directory")
        }),
        Row::new("the manifest is cut short", REFUSED, || {
            wrong_manifest(Some(br#"{"schema": 1, "program": "#), "EOF while parsing")
        }),
        Row::new("the manifest is of another schema", REFUSED, || {
            wrong_manifest(
                Some(br#"{"schema": 2, "program": "faulty-engine", "files": {}}"#),
                "schema 2",
            )
        }),
        Row::new("the manifest does not name the program", REFUSED, || {
            wrong_manifest(
                Some(br#"{"schema": 1, "program": "another", "files": {}}"#),
                "the program `another`",
            )
        }),
        Row::new("the program is repaired, and Restart", "started", repaired),
        Row::new(
            "it is stopped while its files are checked",
            "stopped at once; what the check comes to starts nothing",
            stopped_while_checked,
        ),
    ]
}

/// An engine of a program and a library, packed.
struct Packed {
    place: Place,
}

impl Packed {
    fn new() -> Self {
        let place = Place::with(&[]);
        std::fs::write(place.file(LIBRARY), "a library").unwrap();
        let packed = Self { place };
        packed.write_manifest(&packed.true_hashes());
        packed
    }

    fn manifest(&self) -> PathBuf {
        self.place.file("manifest.json")
    }

    fn true_hashes(&self) -> Value {
        let hash = |name: &str| sha256(&self.place.file(name));
        json!({"faulty-engine": hash("faulty-engine"), LIBRARY: hash(LIBRARY)})
    }

    fn write_manifest(&self, files: &Value) {
        let manifest = json!({"schema": 1, "program": "faulty-engine", "files": files});
        std::fs::write(self.manifest(), manifest.to_string()).unwrap();
    }

    /// Claims another hash of a file than it has.
    fn write_wrong_hash(&self, name: &str) {
        let mut files = self.true_hashes();
        files[name] = Value::from("0".repeat(64));
        self.write_manifest(&files);
    }

    fn engine(&self) -> Engine {
        Engine::new(Settings {
            manifest: Some(self.manifest()),
            folder: Some(self.place.file("remembered")),
            ..settings(&self.place, patient())
        })
    }
}

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(std::fs::read(path).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Loading must be refused with these words, and no process be started.
async fn refused(packed: &Packed, engine: &Engine, words: &str) -> String {
    let error = engine.load(model()).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), "engine_file_wrong", "{text}");
    assert!(text.contains(words), "{text}");
    assert!(text.contains(&*packed.place.folder().to_string_lossy()), "{text}");
    assert!(error.hint().is_some());
    assert_eq!(drive::reply(engine, "first").await, "engine_file_wrong");
    format!("{}: … {words}", error.kind())
}

async fn all_right() -> String {
    let packed = Packed::new();
    // Twice: the second time, the library's hash is remembered.
    for _ in 0..2 {
        let engine = packed.engine();
        assert_eq!(load_in_words(&engine.load(model()).await), "loaded on CPU");
        engine.shut_down().await;
    }
    "started".into()
}

async fn other_program() -> String {
    let packed = Packed::new();
    packed.write_wrong_hash("faulty-engine");
    let engine = packed.engine();
    let seen = refused(&packed, &engine, &format!("expected SHA-256 {}", "0".repeat(64))).await;
    engine.shut_down().await;
    assert!(packed.place.pids().is_empty());
    seen.replace(&"0".repeat(60), "…")
}

async fn changed_library() -> String {
    let packed = Packed::new();
    let engine = packed.engine();
    engine.load(model()).await.unwrap();
    engine.stop().await.unwrap();
    std::fs::write(packed.place.file(LIBRARY), "A library").unwrap();
    let seen = refused(&packed, &engine, LIBRARY).await;
    engine.shut_down().await;
    assert_eq!(packed.place.pids().len(), 1);
    seen
}

async fn missing_library() -> String {
    let packed = Packed::new();
    std::fs::remove_file(packed.place.file(LIBRARY)).unwrap();
    let engine = packed.engine();
    let seen = refused(&packed, &engine, "No such file or directory").await;
    engine.shut_down().await;
    assert!(packed.place.pids().is_empty());
    seen
}

async fn spare_library() -> String {
    let packed = Packed::new();
    std::fs::write(packed.place.file(SPARE_LIBRARY), "a library of the version before").unwrap();
    let engine = packed.engine();
    let seen = refused(&packed, &engine, SPARE_LIBRARY).await;
    engine.shut_down().await;
    assert!(packed.place.pids().is_empty());
    seen
}

async fn wrong_manifest(text: Option<&'static [u8]>, words: &str) -> String {
    let packed = Packed::new();
    match text {
        Some(text) => std::fs::write(packed.manifest(), text).unwrap(),
        None => std::fs::remove_file(packed.manifest()).unwrap(),
    }
    let engine = packed.engine();
    let seen = refused(&packed, &engine, words).await;
    engine.shut_down().await;
    assert!(packed.place.pids().is_empty());
    seen
}

async fn repaired() -> String {
    let packed = Packed::new();
    packed.write_wrong_hash(LIBRARY);
    let engine = packed.engine();
    refused(&packed, &engine, LIBRARY).await;
    packed.write_manifest(&packed.true_hashes());
    engine.restart().await.unwrap();
    assert_eq!(load_in_words(&engine.load(model()).await), "loaded on CPU");
    engine.shut_down().await;
    "refused, then started".into()
}

async fn stopped_while_checked() -> String {
    let packed = Packed::new();
    std::fs::write(packed.place.file(LIBRARY), vec![0; LARGE]).unwrap();
    packed.write_manifest(&packed.true_hashes());
    let engine = packed.engine();
    let loading = tokio::spawn({
        let engine = engine.clone();
        async move { engine.load(model()).await }
    });
    drive::until(&engine, |now| now.state.kind() == StateKind::Starting).await;
    let started = Instant::now();
    engine.stop().await.unwrap();
    let took = started.elapsed();
    assert!(took < STOP_LIMIT, "stopped after {took:?}");
    assert_eq!(loading.await.unwrap(), Err(EngineError::Stopped));
    // By then the first check has come to its end, too: it began earlier.
    assert_eq!(load_in_words(&engine.load(model()).await), "loaded on CPU");
    assert_eq!(packed.place.pids().len(), 1, "processes were started");
    engine.shut_down().await;
    format!("stopped after {} ms", took.as_millis())
}
