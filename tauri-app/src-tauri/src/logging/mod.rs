//! The app's log: one line per record, on stderr and in a few files of bounded size.
//! Prompts and answers are never logged.

mod rolling;

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use rolling::{Limit, Rolling};

/// 5 MB in all.
const LIMIT: Limit = Limit { bytes: 1_000_000, files: 5 };

/// Lines kept for the file until it is known where it lies. There are few before that.
const MOST_EARLY_LINES: usize = 100;

struct Log {
    files: Mutex<Files>,
}

/// Where lines go besides stderr.
enum Files {
    Early(Vec<String>),
    Open(Rolling),
    Broken,
}

static LOG: Log = Log { files: Mutex::new(Files::Early(Vec::new())) };

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Libraries below us say too much at `info`.
        let ours = ["localaiapp", "engine_supervisor", "history", "settings"]
            .iter()
            .any(|name| metadata.target().starts_with(name));
        ours || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // A closed stderr is no reason to stop working.
        let _ = writeln!(io::stderr(), "{} {}", record.level(), record.args());
        self.files().write(format!("{} {} {}", now(), record.level(), record.args()));
    }

    fn flush(&self) {}
}

impl Log {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn write(&mut self, line: String) {
        match self {
            Self::Early(lines) if lines.len() < MOST_EARLY_LINES => lines.push(line),
            Self::Early(_) | Self::Broken => {}
            Self::Open(rolling) => {
                if let Err(error) = rolling.write(&line) {
                    let _ = writeln!(io::stderr(), "ERROR the log file cannot be written: {error}");
                    *self = Self::Broken;
                }
            }
        }
    }
}

/// Starts logging. A second call, as in tests, changes nothing.
pub(crate) fn install() {
    if log::set_logger(&LOG).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
        std::panic::set_hook(Box::new(|panic| {
            // Only the place: the words of a panic may hold what a person wrote.
            let place = panic.location().map_or_else(String::new, ToString::to_string);
            log::error!("a defect of the app at {place}");
        }));
    }
}

/// From now on into files in `folder` too, what was said before included.
///
/// # Errors
/// When no file can be written there; stderr goes on.
pub(crate) fn to_folder(folder: &Path) -> io::Result<()> {
    let mut rolling = Rolling::open(folder, "localaiapp", LIMIT)?;
    let mut files = LOG.files();
    if let Files::Early(lines) = &*files {
        lines.iter().try_for_each(|line| rolling.write(line))?;
    }
    *files = Files::Open(rolling);
    Ok(())
}

/// The time of a record: UTC, to the second.
pub(crate) fn now() -> String {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0);
    now.ok().and_then(|now| now.format(&Rfc3339).ok()).unwrap_or_default()
}
