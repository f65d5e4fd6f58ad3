//! The app's log: one line per record on stderr. Prompts and answers are never logged.

use std::io::Write;

struct Stderr;

impl log::Log for Stderr {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Libraries below us say too much at `info`.
        let ours = ["localaiapp", "engine_supervisor"]
            .iter()
            .any(|name| metadata.target().starts_with(name));
        ours || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            // A closed stderr is no reason to stop working.
            let _ = writeln!(std::io::stderr(), "{} {}", record.level(), record.args());
        }
    }

    fn flush(&self) {}
}

/// Starts logging. A second call, as in tests, changes nothing.
pub(crate) fn install() {
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}
