//! How an engine process ended.

use std::fmt;
use std::process::ExitStatus;

use serde::Serialize;

use crate::cause::Cause;
use crate::snapshot::StateKind;

/// How the operating system says the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// Windows ended it with this status.
    NtStatus(u32),
    /// The system did not say.
    Unknown,
}

/// From here on an exit code on Windows is the status of an exception, not the program's own.
#[cfg(windows)]
const FIRST_NT_ERROR: u32 = 0xC000_0000;

impl Exit {
    /// Reads the status that `wait` returned.
    #[cfg(unix)]
    #[must_use]
    pub fn from_status(status: ExitStatus) -> Self {
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let code = status.code().map(Self::Code);
        signal.map(Self::Signal).or(code).unwrap_or(Self::Unknown)
    }

    /// Reads the status that `wait` returned.
    #[cfg(windows)]
    #[must_use]
    pub fn from_status(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) if code.cast_unsigned() >= FIRST_NT_ERROR => {
                Self::NtStatus(code.cast_unsigned())
            }
            Some(code) => Self::Code(code),
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Signal(number) => match signal_name(number) {
                Some(name) => write!(formatter, "signal {number} ({name})"),
                None => write!(formatter, "signal {number}"),
            },
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::NtStatus(status) => write!(formatter, "status 0x{status:08X}"),
            Self::Unknown => formatter.write_str("an unknown status"),
        }
    }
}

/// The signals that end engines in practice, by their names on Linux.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    })
}

/// The end of an engine process that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Death {
    /// What the system says.
    pub exit: Exit,
    /// What that and the last words mean.
    pub cause: Cause,
    /// The last lines it wrote to its log, oldest first.
    pub last_words: Vec<String>,
    /// What it was doing.
    pub during: StateKind,
    /// A device that may do better than the one on which it died.
    pub offer: Option<String>,
}

impl fmt::Display for Death {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.cause, self.exit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_with_its_number_and_name() {
        assert_eq!(Exit::Signal(9).to_string(), "signal 9 (SIGKILL)");
        assert_eq!(Exit::Signal(63).to_string(), "signal 63");
    }

    #[test]
    fn a_status_of_windows_is_told_in_the_form_in_which_it_is_searched_for() {
        assert_eq!(Exit::NtStatus(0xC000_0005).to_string(), "status 0xC0000005");
    }

    #[cfg(unix)]
    #[test]
    fn a_wait_status_is_read_as_signal_or_code() {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(Exit::from_status(ExitStatus::from_raw(9)), Exit::Signal(9));
        assert_eq!(Exit::from_status(ExitStatus::from_raw(70 << 8)), Exit::Code(70));
    }
}
