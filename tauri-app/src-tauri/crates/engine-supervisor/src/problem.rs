//! Why there is no engine, or no model in it.

use std::fmt;
use std::path::PathBuf;

use crate::death::Death;
use crate::rpc::RpcError;
use crate::verify::WrongFile;

/// Why there is no engine, or no model in it. It stays so until somebody insists
/// ([`Engine::restart`](crate::Engine::restart)) or asks for something else.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// The program could not be started.
    CannotStart {
        /// The program.
        program: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file of the engine is not the one that was packed.
    WrongFile(WrongFile),
    /// The engine refused to be driven by us, or to load the model.
    Refused(RpcError),
    /// The engine answered in a shape that the protocol does not allow.
    BrokeProtocol(String),
    /// It ended with an exit code that says: starting it again will not help.
    WillNotRun(Death),
    /// It ended too often.
    KeepsCrashing {
        /// How often, within [`Policy::crash_window`](crate::Policy::crash_window).
        crashes: u32,
        /// The last time.
        death: Death,
    },
    /// It ended while it loaded this model, and was started again without it.
    LoadCrashed {
        /// The model.
        path: String,
        /// The device that was asked for.
        device: Option<String>,
        /// How it ended, and the device on which the model may work.
        death: Death,
    },
    /// It ended each time it loaded this model on this device: that is not tried again.
    Quarantined {
        /// The model.
        path: String,
        /// The device that was asked for.
        device: Option<String>,
        /// A device on which it may work.
        offer: Option<String>,
        /// How often it ended.
        crashes: u32,
    },
}

impl Problem {
    /// A stable name, for translations and logs.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::CannotStart { .. } => "engine_cannot_start",
            Self::WrongFile(_) => "engine_file_wrong",
            Self::Refused(error) => error.kind(),
            Self::BrokeProtocol(_) => "engine_broke_protocol",
            Self::WillNotRun(_) => "engine_will_not_run",
            Self::KeepsCrashing { .. } => "engine_keeps_crashing",
            Self::LoadCrashed { .. } => "model_load_crashed",
            Self::Quarantined { .. } => "model_quarantined",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::CannotStart { .. } | Self::WrongFile(_) | Self::WillNotRun(_) => {
                "install the app again: its engine is damaged or incomplete"
            }
            Self::Refused(error) => error.hint().unwrap_or("look at the engine's log"),
            Self::BrokeProtocol(_) => "app and engine do not fit together: install the app again",
            Self::KeepsCrashing { .. } => {
                "restart the engine; if it ends again, try another model and look at its log"
            }
            Self::LoadCrashed { death: Death { offer: Some(_), .. }, .. }
            | Self::Quarantined { offer: Some(_), .. } => {
                "load it on the offered device, or choose another model"
            }
            Self::LoadCrashed { .. } => "try once more, or choose another model",
            Self::Quarantined { .. } => "choose another model, or insist on this one",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotStart { program, reason } => {
                write!(
                    formatter,
                    "the engine `{}` could not be started: {reason}",
                    program.display()
                )
            }
            Self::WrongFile(wrong) => wrong.fmt(formatter),
            Self::Refused(error) => formatter.write_str(&error.message),
            Self::BrokeProtocol(detail) => {
                write!(formatter, "the engine broke the protocol: {detail}")
            }
            Self::WillNotRun(death) => write!(formatter, "the engine cannot run: {death}"),
            Self::KeepsCrashing { crashes, death } => {
                write!(
                    formatter,
                    "the engine ended {crashes} times in short order, the last time: {death}"
                )
            }
            Self::LoadCrashed { path, device, death } => {
                write!(formatter, "the engine ended while it loaded ")?;
                model_on(formatter, path, device.as_deref())?;
                write!(formatter, ": {death}")
            }
            Self::Quarantined { path, device, crashes, .. } => {
                write!(formatter, "the engine ended {crashes} times while it loaded ")?;
                model_on(formatter, path, device.as_deref())?;
                formatter.write_str("; it is not tried again by itself")
            }
        }
    }
}

fn model_on(formatter: &mut fmt::Formatter<'_>, path: &str, device: Option<&str>) -> fmt::Result {
    match device {
        Some(device) => write!(formatter, "`{path}` on {device}"),
        None => write!(formatter, "`{path}`"),
    }
}
