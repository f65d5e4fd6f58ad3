//! A small engine's files, checked against the manifest that the packager wrote of the same.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// An engine in a folder of its own, and a folder to remember in.
struct Engine {
    folder: TempDir,
    manifest: PathBuf,
}

impl Engine {
    /// The one that `tests/contract/engine-manifest.json` is of; the packager's tests make
    /// the same one.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("engine/llama")).unwrap();
        fs::write(folder.path().join("engine/localai-sidecar"), "program\n").unwrap();
        fs::write(folder.path().join("engine/llama/libllama.so"), "library\n").unwrap();
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../../tests/contract/engine-manifest.json");
        Self { folder, manifest }
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("engine/localai-sidecar")
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("engine/llama/libllama.so")
    }

    fn verify(&self) -> Result<(), WrongFile> {
        verify(&self.program(), &self.manifest, Some(self.folder.path()))
    }

    /// Puts other text in the place of `file` without leaving a trace in its metadata.
    fn change_secretly(&self, file: &Path, text: &str) {
        let time = fs::metadata(file).unwrap().modified().unwrap();
        fs::write(file, text).unwrap();
        fs::File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
    }

    fn with_manifest(mut self, text: &str) -> Self {
        self.manifest = self.folder.path().join("manifest.json");
        fs::write(&self.manifest, text).unwrap();
        self
    }
}

#[test]
fn the_engine_of_the_packagers_example_is_right() {
    assert_eq!(Engine::new().verify(), Ok(()));
}

#[test]
fn a_changed_library_is_named_with_both_hashes() {
    let engine = Engine::new();
    fs::write(engine.library(), "librarz\n").unwrap();
    let wrong = engine.verify().unwrap_err();
    assert_eq!(wrong.path, engine.library());
    assert!(wrong.expected.starts_with("SHA-256 b5e0dfe3"), "{wrong}");
    assert!(wrong.found.starts_with("SHA-256 ") && wrong.found != wrong.expected, "{wrong}");
}

#[test]
fn a_missing_file_is_named() {
    let engine = Engine::new();
    fs::remove_file(engine.library()).unwrap();
    let wrong = engine.verify().unwrap_err();
    assert_eq!(wrong.path, engine.library());
    assert!(wrong.found.contains("os error 2"), "{wrong}");
}

#[test]
fn a_library_that_nobody_packed_is_named_and_other_files_are_not() {
    let engine = Engine::new();
    fs::write(engine.library().with_file_name("README.pacnew"), "a packager's\n").unwrap();
    assert_eq!(engine.verify(), Ok(()));
    for name in ["libggml-cpu-older.so", "libllama.so.0.2", "GGML.DLL"] {
        let spare = engine.library().with_file_name(name);
        fs::write(&spare, "of the version before\n").unwrap();
        assert_eq!(engine.verify().unwrap_err().path, spare);
        fs::remove_file(spare).unwrap();
    }
}

#[test]
fn the_program_is_hashed_each_time_and_a_library_when_it_looks_different() {
    let engine = Engine::new();
    engine.verify().unwrap();
    engine.change_secretly(&engine.library(), "librarz\n");
    assert_eq!(engine.verify(), Ok(()), "size, time and inode are those of before");
    let file = fs::File::options().write(true).open(engine.library()).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(engine.verify().unwrap_err().path, engine.library());

    let engine = Engine::new();
    engine.verify().unwrap();
    engine.change_secretly(&engine.program(), "progran\n");
    assert_eq!(engine.verify().unwrap_err().path, engine.program());
}

#[test]
fn what_was_remembered_of_another_version_does_not_count() {
    let engine = Engine::new();
    engine.verify().unwrap();
    let text = fs::read_to_string(&engine.manifest).unwrap();
    let engine = engine.with_manifest(&text.replace("b5e0dfe3", "00000000"));
    assert_eq!(engine.verify().unwrap_err().path, engine.library());
}

#[test]
fn a_damaged_memory_only_costs_time() {
    let engine = Engine::new();
    engine.verify().unwrap();
    let memory = engine.folder.path().join("verified.json");
    fs::write(&memory, "{").unwrap();
    assert_eq!(engine.verify(), Ok(()));
    assert!(fs::read_to_string(memory).unwrap().contains("libllama"));
}

#[test]
fn a_manifest_that_cannot_be_used_is_told_with_what_is_in_it() {
    let cases = [
        ("{}", "missing field"),
        (r#"{"schema": 2, "program": "p", "files": {}}"#, "schema 2"),
        (r#"{"schema": 1, "program": "p", "files": {"../x": "0"}}"#, "`../x`"),
        (r#"{"schema": 1, "program": "p", "files": {"/x": "0"}}"#, "`/x`"),
        (r#"{"schema": 1, "program": "another", "files": {"another": "0"}}"#, "`another`"),
        (r#"{"schema": 1, "program": "localai-sidecar", "files": {}}"#, "0 hashes"),
    ];
    for (text, expected) in cases {
        let engine = Engine::new().with_manifest(text);
        let wrong = engine.verify().unwrap_err();
        assert_eq!(wrong.path, engine.manifest);
        assert!(wrong.found.contains(expected), "{text}: {wrong}");
    }
    let engine = Engine { manifest: "/nowhere/manifest.json".into(), ..Engine::new() };
    assert!(engine.verify().unwrap_err().found.contains("os error 2"));
}

#[test]
#[ignore = "it measures: the real engine's files, in milliseconds"]
fn checking_the_real_engine_takes() {
    let folder = PathBuf::from(std::env::var_os("LOCALAI_TEST_ENGINE").unwrap());
    let program = folder.join("localai-sidecar");
    let mut files = serde_json::Map::new();
    for entry in ["", "llama"].iter().flat_map(|sub| fs::read_dir(folder.join(sub)).unwrap()) {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            files.insert(name, hash::of_file(&path).unwrap().into());
        }
    }
    let text =
        serde_json::json!({"schema": 1, "program": "localai-sidecar", "files": files}).to_string();
    let engine = Engine::new().with_manifest(&text);
    let memory = engine.folder.path().join("memory");
    for what in ["all files", "the program alone", "again", "again"] {
        let begun = std::time::Instant::now();
        verify(&program, &engine.manifest, Some(&memory)).unwrap();
        println!("{what}: {:.1} ms", begun.elapsed().as_secs_f64() * 1000.0);
    }
}
