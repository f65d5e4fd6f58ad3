//! Why an engine process ended, in words a person understands. Pure.

use std::fmt;

use serde::Serialize;

/// Why an engine process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum Cause {
    /// It asked for memory that was not there.
    OutOfMemory,
    /// The graphics card or its driver went away.
    GpuLost,
    /// The processor does not have an instruction that it used.
    IllegalInstruction,
    /// A check in its native code failed.
    Assertion,
    /// It touched memory that is not its own.
    WrongAccess,
    /// A file that it had mapped, the model usually, was cut short or went away.
    FileVanished,
    /// A library that it needs is missing or does not fit.
    MissingLibrary,
    /// It did not understand its command line: program and engine do not fit together.
    WrongCommandLine,
    /// It speaks another version of the protocol.
    WrongVersion,
    /// It did not go on and was killed for that.
    Hung(Hang),
    /// Somebody or something ended it by this signal.
    Killed(i32),
    /// It ended with this code.
    ExitCode(i32),
    /// Windows ended it with this status.
    NtStatus(u32),
    /// The system does not say.
    Unknown,
}

/// What did not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Hang {
    /// `initialize` was not answered.
    Start,
    /// `ping` was not answered.
    Ping,
    /// The fraction of a load stood still.
    Load,
    /// Reading the prompt stood still.
    Prompt,
    /// No token came.
    Token,
    /// A request that was cancelled was not answered.
    Cancel,
    /// Another request was not answered.
    Answer,
}

impl Cause {
    /// A stable name, for translations and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OutOfMemory => "out_of_memory",
            Self::GpuLost => "gpu_lost",
            Self::IllegalInstruction => "illegal_instruction",
            Self::Assertion => "assertion",
            Self::WrongAccess => "wrong_access",
            Self::FileVanished => "file_vanished",
            Self::MissingLibrary => "missing_library",
            Self::WrongCommandLine => "wrong_command_line",
            Self::WrongVersion => "wrong_version",
            Self::Hung(_) => "hung",
            Self::Killed(_) => "killed",
            Self::ExitCode(_) => "exit_code",
            Self::NtStatus(_) => "nt_status",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match *self {
            Self::OutOfMemory => "there was not enough memory",
            Self::GpuLost => "the graphics card or its driver stopped answering",
            Self::IllegalInstruction => "this processor lacks an instruction that it used",
            Self::Assertion => "a check inside its native code failed",
            Self::WrongAccess => "its native code touched memory that is not its own",
            Self::FileVanished => "a file it was using was cut short or went away",
            Self::MissingLibrary => "a library it needs is missing or cannot be loaded",
            Self::WrongCommandLine => "it did not understand how it was started",
            Self::WrongVersion => "it speaks another version of the protocol",
            Self::Hung(hang) => return write!(formatter, "it hung: {hang}"),
            Self::Killed(9) => {
                "something killed it: the system does that when memory runs out, or a person"
            }
            Self::Killed(number) => {
                return write!(formatter, "something outside ended it by signal {number}");
            }
            Self::ExitCode(0) => "it stopped in order, but nobody had asked it to",
            Self::ExitCode(70) => "it had an internal error",
            Self::ExitCode(code) => return write!(formatter, "it ended itself with code {code}"),
            Self::NtStatus(status) => {
                return write!(formatter, "Windows ended it with 0x{status:08X}");
            }
            Self::Unknown => "the system does not say why",
        };
        formatter.write_str(sentence)
    }
}

impl fmt::Display for Hang {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Start => "it did not say who it is",
            Self::Ping => "it did not answer to ping",
            Self::Load => "loading the model stood still",
            Self::Prompt => "reading the prompt stood still",
            Self::Token => "no token came",
            Self::Cancel => "it did not stop when told to",
            Self::Answer => "a request was not answered",
        })
    }
}
