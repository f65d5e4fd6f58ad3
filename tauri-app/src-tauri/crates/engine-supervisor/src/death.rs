//! How an engine process ended, in words a person understands.

use std::fmt;
use std::process::ExitStatus;

use serde::Serialize;

/// How the operating system says the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// Reads the status that `wait` returned.
    #[must_use]
    pub fn from_status(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        Self::Code(status.code().unwrap_or(-1))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Signal(number) => match signal_name(number) {
                Some(name) => write!(formatter, "it was killed by signal {number} ({name})"),
                None => write!(formatter, "it was killed by signal {number}"),
            },
            Self::Code(code) => match code_meaning(code) {
                Some(meaning) => write!(formatter, "it ended with exit code {code}: {meaning}"),
                None => write!(formatter, "it ended with exit code {code}"),
            },
        }
    }
}

/// The end of an engine process that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Death {
    /// Signal or exit code.
    pub exit: Exit,
    /// The last lines it wrote to its log, oldest first.
    pub last_words: Vec<String>,
}

impl fmt::Display for Death {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exit.fmt(formatter)
    }
}

/// The signals that end engines in practice, by their names on Linux.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL, an instruction this processor does not have",
        6 => "SIGABRT, a failed check in native code",
        7 => "SIGBUS, a file or memory that went away",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV, a wrong memory access",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        31 => "SIGSYS",
        _ => return None,
    })
}

/// The exit codes that the protocol names.
fn code_meaning(code: i32) -> Option<&'static str> {
    Some(match code {
        0 => "it stopped in order, but nobody asked it to",
        64 => "it did not understand its command line",
        69 => "its native libraries are missing or cannot be loaded",
        70 => "an internal error",
        76 => "it speaks another version of the protocol",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_with_its_number_and_name() {
        assert_eq!(Exit::Signal(9).to_string(), "it was killed by signal 9 (SIGKILL)");
        assert_eq!(Exit::Signal(63).to_string(), "it was killed by signal 63");
    }

    #[test]
    fn an_exit_code_of_the_protocol_is_told_with_its_meaning() {
        assert_eq!(
            Exit::Code(69).to_string(),
            "it ended with exit code 69: its native libraries are missing or cannot be loaded"
        );
        assert_eq!(Exit::Code(3).to_string(), "it ended with exit code 3");
    }

    #[cfg(unix)]
    #[test]
    fn a_wait_status_is_read_as_signal_or_code() {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(Exit::from_status(ExitStatus::from_raw(9)), Exit::Signal(9));
        assert_eq!(Exit::from_status(ExitStatus::from_raw(70 << 8)), Exit::Code(70));
    }
}
