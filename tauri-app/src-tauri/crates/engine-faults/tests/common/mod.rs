//! A folder with the scripted sidecar in it, and what it left there.
#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod apps;
pub(crate) mod real;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine_faults::{ASKED_FILE, Rule, SCRIPT_FILE, STARTS_FILE, Script};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine; it only ends what would hang.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A folder with the program `faulty-engine` and its script. Goes when it is dropped, and
/// every process that was started there with it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// The program is a hard link: a copy that was just written could not be started while
    /// another test's fork still holds it open (ETXTBSY).
    pub(crate) fn new(script: &Script) -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let place = Self { folder };
        place.link_program();
        place.rewrite(script);
        place
    }

    fn link_program(&self) {
        std::fs::hard_link(env!("CARGO_BIN_EXE_faulty-engine"), self.program()).expect("a link");
    }

    /// The program's file is removed and there again, as after an update.
    pub(crate) fn replace_program(&self) {
        std::fs::remove_file(self.program()).expect("it is there");
        self.link_program();
    }

    /// A place whose engine does these things.
    pub(crate) fn with(rules: &[Rule]) -> Self {
        Self::new(&Script { rules: rules.to_vec(), ..Script::default() })
    }

    /// What the next start will do.
    pub(crate) fn rewrite(&self, script: &Script) {
        let text = serde_json::to_vec(script).expect("a script is JSON");
        std::fs::write(self.file(SCRIPT_FILE), text).expect("the folder can be written");
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.file("faulty-engine")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The pids of all processes that were started here, oldest first.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.read(STARTS_FILE).lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// The pid of the process that an engine left behind.
    pub(crate) fn grandchild(&self) -> Option<u32> {
        self.read("grandchild").trim().parse().ok()
    }

    /// Every request that was read here: number of the start, method, what about.
    pub(crate) fn asked(&self) -> Vec<(u64, String, String)> {
        let read = |line: &str| -> Option<(u64, String, String)> {
            let value: Value = serde_json::from_str(line).ok()?;
            serde_json::from_value(value).ok()
        };
        self.read(ASKED_FILE).lines().filter_map(read).collect()
    }

    /// How often a request of that method about exactly this was read here.
    pub(crate) fn times_asked(&self, method: &str, about: &str) -> usize {
        self.asked().iter().filter(|(_, asked, text)| asked == method && text == about).count()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for pid in self.pids().into_iter().chain(self.grandchild()) {
            let is_ours = std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| {
                program.starts_with(self.folder()) || program.ends_with("sleep")
            });
            if is_ours {
                signal(pid, Signal::SIGKILL);
            }
        }
    }
}

/// Sends a signal; a process that is gone is fine.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid.try_into().expect("a pid")), signal);
}

/// Whether a process of that number runs; a zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}

/// Whether the process is gone before the limit.
pub(crate) fn gone_within(pid: u32, limit: Duration) -> bool {
    eventually(limit, || !runs(pid))
}

/// Whether something becomes so before the limit. It is looked at every few milliseconds.
pub(crate) fn eventually(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    is_so()
}
