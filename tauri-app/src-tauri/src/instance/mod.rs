//! One running app per data folder. A second start hands its arguments to the first one and
//! ends. Needs no D-Bus session.
//!
//! The lock decides, and the system frees it however the app ends. The socket only carries
//! the arguments, so a stale one does no harm.

mod leave;
mod plugin;
mod socket;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::folders::Folders;

pub(crate) use plugin::{plugin, serve};
use socket::Listener;

/// Held as long as the app runs.
const LOCK: &str = "running.lock";

/// What a later start asks of the running app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The model it was started with, as an absolute path.
    pub(crate) model: Option<PathBuf>,
}

/// The right to be the running app. Whoever drops it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    _lock: File,
    listener: Option<Listener>,
}

/// Which start this is.
#[derive(Debug)]
pub(crate) enum Start {
    /// There is no other.
    First(Place),
    /// Another one runs, and took the request.
    Later,
}

/// Becomes the running app, or hands `request` to the one that is.
///
/// # Errors
/// When the data folder cannot be written, or the running app does not answer.
pub(crate) fn claim(folders: &Folders, request: &Request) -> io::Result<Start> {
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folders.data.join(LOCK))?;
    let address = address(folders);
    match lock.try_lock() {
        Ok(()) => {
            let listener = socket::listen(&address)
                .inspect_err(|error| log::warn!("later starts will not reach this one: {error}"))
                .ok();
            Ok(Start::First(Place { _lock: lock, listener }))
        }
        Err(TryLockError::WouldBlock) => socket::send(&address, request).map(|()| Start::Later),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Place {
    /// Calls `on_request` for every later start, on a thread of its own.
    pub(crate) fn serve(&mut self, on_request: impl Fn(Request) + Send + 'static) {
        if let Some(listener) = self.listener.take() {
            listener.serve(on_request);
        }
    }
}

/// The socket's place: that of this login, else among the app's own data.
fn address(folders: &Folders) -> PathBuf {
    let folder: &Path = folders.runtime.as_deref().unwrap_or(&folders.data);
    folder.join(format!("localaiapp-{:016x}.sock", fingerprint(&folders.data)))
}

/// Tells data folders apart: FNV-1a, which is the same in every build.
fn fingerprint(folder: &Path) -> u64 {
    let bytes = folder.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;
    use tempfile::tempdir;

    const LIMIT: Duration = Duration::from_secs(30);

    fn folders(data: &Path) -> Folders {
        Folders { data: data.into(), logs: data.join("logs"), runtime: None }
    }

    fn first(folders: &Folders) -> Place {
        match claim(folders, &Request::default()).unwrap() {
            Start::First(place) => place,
            Start::Later => panic!("another one runs"),
        }
    }

    #[test]
    fn a_second_start_hands_its_model_to_the_first_and_is_told_to_end() {
        let folder = tempdir().unwrap();
        let folders = folders(folder.path());
        let mut place = first(&folders);
        let (heard, hears) = mpsc::channel();
        place.serve(move |request| heard.send(request).unwrap());
        let request = Request { model: Some("/models/a b.gguf".into()) };
        for _ in 0..3 {
            assert!(matches!(claim(&folders, &request).unwrap(), Start::Later));
            assert_eq!(hears.recv_timeout(LIMIT).unwrap(), request);
        }
    }

    #[test]
    fn when_the_first_has_ended_the_next_start_takes_its_place_and_its_stale_socket() {
        let folder = tempdir().unwrap();
        let folders = folders(folder.path());
        // A killed app leaves its socket behind.
        std::mem::forget(socket::listen(&address(&folders)).unwrap());
        let mut place = first(&folders);
        let (heard, hears) = mpsc::channel();
        place.serve(move |request| heard.send(request).unwrap());
        assert!(matches!(claim(&folders, &Request::default()).unwrap(), Start::Later));
        hears.recv_timeout(LIMIT).unwrap();
        drop(place);
        first(&folders);
    }

    #[test]
    fn apps_with_other_data_do_not_meet() {
        let (one, other) = (tempdir().unwrap(), tempdir().unwrap());
        let _place = first(&folders(one.path()));
        first(&folders(other.path()));
    }

    #[test]
    fn a_running_app_that_cannot_be_reached_is_told_as_an_error() {
        let folder = tempdir().unwrap();
        let folders = folders(folder.path());
        let mut place = first(&folders);
        drop(place.listener.take());
        assert!(claim(&folders, &Request::default()).is_err());
    }
}
