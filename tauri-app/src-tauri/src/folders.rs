//! Where the app keeps what is its own, by the platform's rules: XDG on Linux, Known Folders
//! on Windows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager, Runtime};

/// The app's own folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folders {
    /// Conversations, settings, the list of models.
    pub(crate) data: PathBuf,
    /// The log.
    pub(crate) logs: PathBuf,
    /// Sockets of this login, if the system has such a folder.
    pub(crate) runtime: Option<PathBuf>,
}

impl Folders {
    /// The folders of this user, made if need be, and readable by nobody else.
    ///
    /// # Errors
    /// When the user has no home, or a folder cannot be made.
    pub(crate) fn of<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Self> {
        let paths = app.path();
        let folders = Self {
            data: paths.app_local_data_dir()?,
            logs: paths.app_log_dir()?,
            // The session's folder may be named in the environment and not be there.
            runtime: paths.runtime_dir().ok().filter(|folder| folder.is_dir()),
        };
        make_private(&folders.data)?;
        make_private(&folders.logs)?;
        Ok(folders)
    }
}

/// Makes `folder` with all above it; on Unix nobody else may look into it.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
