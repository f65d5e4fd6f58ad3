//! Where the program stands: its script, its folder, how often it was started, and what
//! runs now.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use engine_faults::{ASKED_FILE, Deed, Point, Rule, SCRIPT_FILE, STARTS_FILE, Script};
use serde_json::{Value, json};

use crate::answers;
use crate::deeds::{self, Manner};

/// What both threads look at.
pub(crate) struct Stage {
    pub(crate) script: Script,
    folder: PathBuf,
    start: u64,
    device: Mutex<String>,
    /// The backends that are not ready: the device, the state, the reason.
    backends: Mutex<Vec<(String, String, String)>>,
    /// The id of the request that works now.
    running: Mutex<Value>,
    /// The ids of all that was cancelled so far.
    cancelled: Mutex<Vec<Value>>,
}

impl Stage {
    /// Reads the script and counts this start.
    pub(crate) fn set() -> Self {
        let program = std::env::current_exe().expect("a program knows where it lies");
        let folder = program.parent().expect("a program lies in a folder").to_path_buf();
        let script = match std::fs::read(folder.join(SCRIPT_FILE)) {
            Ok(text) => serde_json::from_slice(&text).expect("the script is well formed"),
            Err(_) => Script::default(),
        };
        let start = count_start(&folder);
        let device = Mutex::new(script.devices.first().cloned().unwrap_or_default());
        Self {
            script,
            folder,
            start,
            device,
            backends: Mutex::default(),
            running: Mutex::default(),
            cancelled: Mutex::default(),
        }
    }

    /// Does what the script says for this point; tells how the answer is to be given.
    pub(crate) fn reach(&self, point: Point, about: &str) -> Manner {
        let mut manner = Manner::default();
        for rule in self.script.rules.iter().filter(|rule| self.applies(rule, point, about)) {
            if let Deed::BackendIs(id, state, reason) = &rule.deed {
                self.note_backend(id, state, reason);
            }
            deeds::perform(&rule.deed, &mut manner);
        }
        manner
    }

    fn applies(&self, rule: &Rule, point: Point, about: &str) -> bool {
        rule.at == point
            && rule.when.last_start.is_none_or(|last| self.start <= last)
            && rule.when.device.as_ref().is_none_or(|device| *device == self.device())
            && rule.when.about.as_ref().is_none_or(|text| about.contains(text.as_str()))
    }

    pub(crate) fn device(&self) -> String {
        self.device.lock().expect("nobody panics with it").clone()
    }

    pub(crate) fn use_device(&self, id: &str) {
        *self.device.lock().expect("nobody panics with it") = id.to_owned();
    }

    fn note_backend(&self, id: &str, state: &str, reason: &str) {
        let mut backends = self.backends.lock().expect("nobody panics with it");
        backends.retain(|(known, ..)| known != id);
        backends.push((id.into(), state.into(), reason.into()));
    }

    /// The backends as they are now.
    pub(crate) fn backends(&self) -> Value {
        let noted = self.backends.lock().expect("nobody panics with it");
        let of = |id: &String| match noted.iter().find(|(known, ..)| known == id) {
            Some((_, state, reason)) => answers::backend(id, state, Some(reason)),
            None => answers::backend(id, "ready", None),
        };
        self.script.devices.iter().map(of).collect()
    }

    pub(crate) fn begin(&self, id: &Value) {
        *self.running.lock().expect("nobody panics with it") = id.clone();
    }

    /// Also of what waits: the worker may not have begun it yet.
    pub(crate) fn cancel(&self, id: &Value) {
        self.cancelled.lock().expect("nobody panics with it").push(id.clone());
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        let running = self.running.lock().expect("nobody panics with it");
        self.cancelled.lock().expect("nobody panics with it").contains(&running)
    }

    /// Notes a request for the test to see.
    pub(crate) fn note(&self, method: &str, about: &str) {
        append(&self.folder.join(ASKED_FILE), &json!([self.start, method, about]).to_string());
    }
}

fn count_start(folder: &Path) -> u64 {
    let file = folder.join(STARTS_FILE);
    append(&file, &std::process::id().to_string());
    let text = std::fs::read_to_string(file).unwrap_or_default();
    u64::try_from(text.lines().count()).unwrap_or(u64::MAX)
}

fn append(path: &Path, line: &str) {
    let file: std::io::Result<File> = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("ERROR `{}` cannot be written: {error}", path.display());
    }
}
