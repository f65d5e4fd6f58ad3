//! An engine that outlived the program that drove it.
//!
//! That cannot happen as long as the ropes of `process::spawn` hold. Should they not, the
//! next start finds the engine by what was written down about it: number, time of its start
//! and program all have to fit, and its owner has to be gone. On Windows there is nothing to
//! find: the system closes the job of a program that ends, and all in it end.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;

/// The file in the folder where the supervisor remembers.
const NAME: &str = "engine.json";

/// Tells a process from every other one, also from a later one of the same number.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    pid: u32,
    /// In the system's own unit since it was started.
    started: u64,
    executable: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pair {
    engine: Identity,
    owner: Identity,
}

/// Writes down that we drive process `engine`.
pub(crate) fn remember(folder: &Path, engine: u32) {
    let (Some(engine), Some(owner)) =
        (system::identify(engine), system::identify(std::process::id()))
    else {
        return;
    };
    if let Err(error) = files::replace(&folder.join(NAME), &Pair { engine, owner }) {
        log::warn!("`{}` could not be written: {error}", folder.join(NAME).display());
    }
}

/// It has ended.
pub(crate) fn forget(folder: &Path) {
    // That there is none is fine.
    let _ = std::fs::remove_file(folder.join(NAME));
}

/// Ends the engine that was written down, should it still run without its owner.
pub(crate) fn end(folder: &Path) {
    let Ok(text) = std::fs::read(folder.join(NAME)) else { return };
    if let Ok(pair) = serde_json::from_slice::<Pair>(&text) {
        let runs = |one: &Identity| system::identify(one.pid).as_ref() == Some(one);
        if runs(&pair.owner) {
            // It belongs to another one of us; its file stays.
            return;
        }
        if runs(&pair.engine) {
            log::warn!("an engine without its app is ended, pid {}", pair.engine.pid);
            system::kill_group(&pair.engine);
        }
    }
    forget(folder);
}

#[cfg(target_os = "linux")]
mod system {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::Pid;

    use super::Identity;

    /// How long the system may take to end it.
    const LIMIT: Duration = Duration::from_secs(1);

    /// How often it is looked whether it has.
    const LOOK: Duration = Duration::from_millis(2);

    /// `None`: it does not run, or is not ours to look at.
    pub(super) fn identify(pid: u32) -> Option<Identity> {
        let link = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        let executable = without_mark(&link);
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Identity { pid, started: start_time(&stat)?, executable })
    }

    /// The kernel marks the path of a program whose file was removed: after an update it is
    /// still the same process.
    fn without_mark(link: &Path) -> PathBuf {
        let bytes = link.as_os_str().as_bytes();
        let path = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
        PathBuf::from(OsStr::from_bytes(path))
    }

    /// Field 22, counted from behind the name, which may hold anything but ends with the
    /// last parenthesis.
    pub(super) fn start_time(stat: &str) -> Option<u64> {
        stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
    }

    /// It leads its group; one that does not is killed alone.
    pub(super) fn kill_group(one: &Identity) {
        let Ok(pid) = i32::try_from(one.pid).map(Pid::from_raw) else { return };
        let killed = killpg(pid, Signal::SIGKILL).or_else(|_| kill(pid, Signal::SIGKILL));
        if let Err(error) = killed {
            log::warn!("pid {pid} could not be ended: {error}");
        }
        let until = Instant::now() + LIMIT;
        while identify(one.pid).as_ref() == Some(one) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Identity;

    pub(super) fn identify(_pid: u32) -> Option<Identity> {
        None
    }

    pub(super) fn kill_group(_one: &Identity) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
