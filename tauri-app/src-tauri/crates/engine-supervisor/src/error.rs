//! Everything that can go wrong between this crate and an engine.

use std::fmt;
use std::path::PathBuf;

use crate::death::Death;
use crate::rpc::RpcError;

/// Why something asked of the engine was not done.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineError {
    /// Too much is waiting already.
    Busy,
    /// The supervisor was shut down.
    Stopped,
    /// No model was chosen.
    NoModel,
    /// The program could not be started.
    CannotStart {
        /// The program.
        program: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The process ended while it was at work on this, or before it could begin.
    Died(Death),
    /// The engine answered with an error.
    Refused(RpcError),
    /// The engine answered in a shape that the protocol does not allow.
    BrokeProtocol(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => formatter.write_str("the engine has too much to do already"),
            Self::Stopped => formatter.write_str("the engine was shut down"),
            Self::NoModel => formatter.write_str("no model was chosen"),
            Self::CannotStart { program, reason } => {
                write!(
                    formatter,
                    "the engine `{}` could not be started: {reason}",
                    program.display()
                )
            }
            Self::Died(death) => write!(formatter, "the engine ended unexpectedly: {death}"),
            Self::Refused(error) => formatter.write_str(&error.message),
            Self::BrokeProtocol(detail) => {
                write!(formatter, "the engine broke the protocol: {detail}")
            }
        }
    }
}

impl std::error::Error for EngineError {}
