//! What the page is told when something does not work: `{code, message, hint, values}`.

use engine_supervisor::{EngineError, Exit, LogRecord, NotFound};
use serde::Serialize;
use serde_json::{Map, Value};

/// An error for the page. A code exists because the page has its own words for it; the
/// message is for those who read English, and for logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AppError {
    /// A stable name.
    pub(crate) code: String,
    /// What happened, with the value in it.
    pub(crate) message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The values in the message, for the page's own words.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) values: Map<String, Value>,
}

impl AppError {
    /// An error without hint or values.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: None, values: Map::new() }
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a value of the message.
    #[must_use]
    pub(crate) fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }
}

impl From<NotFound> for AppError {
    fn from(error: NotFound) -> Self {
        Self::new("engine_missing", error.to_string())
            .hint("install the app again: the engine is part of its package")
    }
}

impl From<EngineError> for AppError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Busy => Self::new("busy", message).hint("wait for the answer, or stop it"),
            EngineError::Stopped => Self::new("engine_stopped", message),
            EngineError::NoModel => Self::new("no_model", message),
            EngineError::CannotStart { .. } => Self::new("engine_cannot_start", message)
                .hint("install the app again; if that does not help, look at its log"),
            EngineError::BrokeProtocol(_) => Self::new("engine_broke_protocol", message)
                .hint("app and engine do not fit together: install the app again"),
            EngineError::Died(death) => {
                let error = Self::new("engine_died", message)
                    .hint("ask again: a new engine is started for the next answer");
                match death.exit {
                    Exit::Signal(number) => error.value("signal", number),
                    Exit::Code(code) => error.value("exitCode", code),
                }
            }
            EngineError::Refused(refusal) => Self {
                code: refusal.kind().to_owned(),
                hint: refusal.hint().map(str::to_owned),
                message,
                values: numbers(refusal.data),
            },
        }
    }
}

impl From<LogRecord> for AppError {
    fn from(record: LogRecord) -> Self {
        Self { values: numbers(record.data), ..Self::new(&record.kind, record.message) }
    }
}

/// Only numbers: texts of the engine may hold paths, which the page does not need.
fn numbers(data: Map<String, Value>) -> Map<String, Value> {
    data.into_iter().filter(|(_, value)| value.is_number()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_supervisor::{Death, RpcError};
    use serde_json::json;

    #[test]
    fn a_killed_engine_is_told_with_its_signal() {
        let death = Death { exit: Exit::Signal(9), last_words: vec!["secret".into()] };
        assert_eq!(
            serde_json::to_value(AppError::from(EngineError::Died(death))).unwrap(),
            json!({
                "code": "engine_died",
                "message": "the engine ended unexpectedly: it was killed by signal 9 (SIGKILL)",
                "hint": "ask again: a new engine is started for the next answer",
                "values": {"signal": 9},
            })
        );
    }

    #[test]
    fn the_engines_own_errors_keep_their_name_hint_and_numbers() {
        let refusal: RpcError = serde_json::from_value(json!({
            "code": -32011,
            "message": "too long",
            "data": {"kind": "context_overflow", "hint": "shorten it", "promptTokens": 600, "path": "/home/me"},
        }))
        .unwrap();
        let error = AppError::from(EngineError::Refused(refusal));
        assert_eq!(error.code, "context_overflow");
        assert_eq!(error.hint.as_deref(), Some("shorten it"));
        assert_eq!(Value::Object(error.values), json!({"promptTokens": 600}));
    }
}
