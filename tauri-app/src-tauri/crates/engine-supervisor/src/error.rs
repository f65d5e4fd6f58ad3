//! Why something asked of the engine was not done.

use std::fmt;

use crate::death::Death;
use crate::problem::Problem;
use crate::rpc::RpcError;

/// Why something asked of the engine was not done.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineError {
    /// Too much is waiting already.
    Busy,
    /// The engine was stopped, restarted or shut down meanwhile.
    Stopped,
    /// No model was chosen.
    NoModel,
    /// Another model was chosen before this one was loaded.
    Superseded,
    /// The request is longer than the protocol allows.
    TooLong {
        /// Its length as it would be sent.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The process ended while it was at work on this. It is not sent again by itself.
    Died(Death),
    /// This very request was at work each time the engine ended: it is not sent again.
    KeepsKilling {
        /// How often.
        crashes: u32,
    },
    /// The engine answered with an error.
    Refused(RpcError),
    /// The engine answered in a shape that the protocol does not allow.
    BrokeProtocol(String),
    /// There is no engine, or no model in it.
    Failed(Problem),
}

impl EngineError {
    /// A stable name, for translations and logs.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Busy => "busy",
            Self::Stopped => "engine_stopped",
            Self::NoModel => "no_model",
            Self::Superseded => "superseded",
            Self::TooLong { .. } => "too_long",
            Self::Died(_) => "engine_died",
            Self::KeepsKilling { .. } => "request_keeps_killing",
            Self::Refused(error) => error.kind(),
            Self::BrokeProtocol(_) => "engine_broke_protocol",
            Self::Failed(problem) => problem.kind(),
        }
    }

    /// What to do next, if there is anything to do.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        Some(match self {
            Self::Busy => "wait for the answer, or stop it",
            Self::Stopped => "ask again: the engine starts when it is needed",
            Self::NoModel => "choose a model",
            Self::Superseded => return None,
            Self::TooLong { .. } => "ask with less text",
            Self::Died(_) => "ask again: the engine starts anew by itself",
            Self::KeepsKilling { .. } => {
                "ask something else, choose another model, or restart the engine"
            }
            Self::Refused(error) => return error.hint(),
            Self::BrokeProtocol(_) => "app and engine do not fit together: install the app again",
            Self::Failed(problem) => problem.hint(),
        })
    }
}

impl From<Problem> for EngineError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(error) => Self::Refused(error),
            Problem::BrokeProtocol(detail) => Self::BrokeProtocol(detail),
            other => Self::Failed(other),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => formatter.write_str("the engine has too much to do already"),
            Self::Stopped => formatter.write_str("the engine was stopped"),
            Self::NoModel => formatter.write_str("no model was chosen"),
            Self::Superseded => formatter.write_str("another model was chosen meanwhile"),
            Self::TooLong { bytes, limit } => {
                write!(formatter, "the request has {bytes} bytes, allowed are {limit}")
            }
            Self::Died(death) => write!(formatter, "the engine ended unexpectedly: {death}"),
            Self::KeepsKilling { crashes } => write!(
                formatter,
                "the engine ended {crashes} times in a row while it worked on this"
            ),
            Self::Refused(error) => formatter.write_str(&error.message),
            Self::BrokeProtocol(detail) => {
                write!(formatter, "the engine broke the protocol: {detail}")
            }
            Self::Failed(problem) => problem.fmt(formatter),
        }
    }
}

impl std::error::Error for EngineError {}
