//! What an exit and the last lines of a log mean. Pure.

use crate::cause::{Cause, Hang};
use crate::death::Exit;

impl Cause {
    /// What `exit` and the last lines of the log mean. `hung`: it was killed for that.
    #[must_use]
    pub fn of(exit: Exit, last_words: &[String], hung: Option<Hang>) -> Self {
        if let Some(hang) = hung {
            return Self::Hung(hang);
        }
        of_exit_alone(exit)
            .or_else(|| last_words.iter().rev().find_map(|line| of_line(line)))
            .unwrap_or_else(|| of_exit(exit))
    }
}

/// Where the exit leaves no doubt, or where the process had no part in its end: what it
/// wrote before says nothing about it then.
fn of_exit_alone(exit: Exit) -> Option<Cause> {
    Some(match exit {
        Exit::Code(0) => Cause::ExitCode(0),
        Exit::Code(64) => Cause::WrongCommandLine,
        Exit::Code(69) => Cause::MissingLibrary,
        Exit::Code(76) => Cause::WrongVersion,
        Exit::Signal(4) | Exit::NtStatus(0xC000_001D) => Cause::IllegalInstruction,
        Exit::Signal(number @ (1 | 2 | 3 | 9 | 15 | 24)) => Cause::Killed(number),
        // Access to a page of a file that cannot be read.
        Exit::NtStatus(0xC000_0006) => Cause::FileVanished,
        // No memory, and no room in the page file.
        Exit::NtStatus(0xC000_0017 | 0xC000_012D) => Cause::OutOfMemory,
        // A DLL, an ordinal or an entry point was not found; a DLL refused to start.
        Exit::NtStatus(0xC000_0135 | 0xC000_0138 | 0xC000_0139 | 0xC000_0142) => {
            Cause::MissingLibrary
        }
        _ => return None,
    })
}

/// What the exit says when the last words say nothing.
fn of_exit(exit: Exit) -> Cause {
    match exit {
        // Abort, and Windows' fail-fast, which `abort` is there.
        Exit::Signal(6) | Exit::NtStatus(0xC000_0409) => Cause::Assertion,
        Exit::Signal(7) => Cause::FileVanished,
        // Access violation, and the end of the stack.
        Exit::Signal(11) | Exit::NtStatus(0xC000_0005 | 0xC000_00FD) => Cause::WrongAccess,
        Exit::Signal(number) => Cause::Killed(number),
        Exit::Code(code) => Cause::ExitCode(code),
        Exit::NtStatus(status) => Cause::NtStatus(status),
        Exit::Unknown => Cause::Unknown,
    }
}

/// What llama.cpp, its backends, C++ and the loader write, in lower case.
const WORDS: [(Cause, &[&str]); 4] = [
    (
        Cause::OutOfMemory,
        &[
            "out of memory",
            "outofhostmemory",
            "outofdevicememory",
            "bad_alloc",
            "cannot allocate memory",
            "failed to allocate",
            "unable to allocate",
            "memoryerror",
            "memory allocation of",
        ],
    ),
    (
        Cause::GpuLost,
        &[
            "devicelost",
            "device lost",
            "device_lost",
            "device was lost",
            "gpu has fallen off the bus",
            "unspecified launch failure",
            "cuda error",
            "cudaerror",
            "driver shutting down",
        ],
    ),
    (
        Cause::MissingLibrary,
        &[
            "error while loading shared libraries",
            "cannot open shared object file",
            "symbol lookup error",
            "undefined symbol",
            "specified module could not be found",
        ],
    ),
    (Cause::Assertion, &["ggml_assert", "assertion", "panicked at", "fatal error"]),
];

fn of_line(line: &str) -> Option<Cause> {
    let line = line.to_lowercase();
    WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| line.contains(word)))
        .map(|(cause, _)| *cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(exit: Exit, words: &[&str]) -> Cause {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Cause::of(exit, &words, None)
    }

    #[test]
    fn the_last_words_tell_what_an_abort_was_about() {
        let cases = [
            ("terminate called after throwing an instance of 'std::bad_alloc'", Cause::OutOfMemory),
            (
                "ggml_vulkan: Device memory allocation of size 9 failed: ErrorOutOfDeviceMemory",
                Cause::OutOfMemory,
            ),
            ("vk::Queue::submit: ErrorDeviceLost", Cause::GpuLost),
            ("CUDA error: unspecified launch failure", Cause::GpuLost),
            ("ggml.c:1842: GGML_ASSERT(a->ne[0] == b->ne[0]) failed", Cause::Assertion),
            (
                "engine: error while loading shared libraries: libx.so: cannot open",
                Cause::MissingLibrary,
            ),
            ("INFO 12:00:00 model loaded", Cause::Assertion),
        ];
        for (line, expected) in cases {
            assert_eq!(cause(Exit::Signal(6), &[line]), expected, "{line}");
        }
    }

    #[test]
    fn the_latest_line_that_says_something_counts() {
        let words = ["failed to allocate 9 bytes, trying less", "GGML_ASSERT(x) failed", "bye"];
        assert_eq!(cause(Exit::Signal(6), &words), Cause::Assertion);
    }

    #[test]
    fn earlier_complaints_do_not_explain_an_end_from_outside() {
        assert_eq!(cause(Exit::Signal(9), &["out of memory, using less"]), Cause::Killed(9));
        assert_eq!(cause(Exit::Code(0), &["CUDA error: none"]), Cause::ExitCode(0));
    }

    #[test]
    fn an_illegal_instruction_is_one_whatever_was_written() {
        assert_eq!(cause(Exit::Signal(4), &["GGML_ASSERT"]), Cause::IllegalInstruction);
        assert_eq!(cause(Exit::NtStatus(0xC000_001D), &[]), Cause::IllegalInstruction);
    }

    #[test]
    fn the_statuses_of_windows_have_names() {
        assert_eq!(cause(Exit::NtStatus(0xC000_0005), &[]), Cause::WrongAccess);
        assert_eq!(cause(Exit::NtStatus(0xC000_0135), &[]), Cause::MissingLibrary);
        assert_eq!(cause(Exit::NtStatus(0xC000_0017), &[]), Cause::OutOfMemory);
        assert_eq!(cause(Exit::NtStatus(0xC000_0420), &[]), Cause::NtStatus(0xC000_0420));
    }

    #[test]
    fn the_exit_codes_of_the_protocol_have_names() {
        assert_eq!(cause(Exit::Code(64), &[]), Cause::WrongCommandLine);
        assert_eq!(cause(Exit::Code(69), &["out of memory"]), Cause::MissingLibrary);
        assert_eq!(cause(Exit::Code(76), &[]), Cause::WrongVersion);
        assert_eq!(cause(Exit::Code(3), &[]), Cause::ExitCode(3));
    }

    #[test]
    fn whoever_hung_was_killed_for_that_and_nothing_else() {
        let cause = Cause::of(Exit::Signal(9), &["out of memory".into()], Some(Hang::Token));
        assert_eq!(cause, Cause::Hung(Hang::Token));
        assert_eq!(cause.to_string(), "it hung: no token came");
    }
}
