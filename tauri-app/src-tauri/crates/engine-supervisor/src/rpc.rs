//! JSON-RPC 2.0 lines to messages and back. Pure: no pipe, no clock, no process.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::methods::{Notification, Request};

/// The longest line either side may send, in bytes without its line feed.
pub const MAX_LINE_BYTES: usize = 1_048_576;

/// The name of a request. Ours are numbers; the protocol also allows text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A number, as this crate sends it.
    Number(i64),
    /// Text, as other drivers may send it.
    Text(String),
}

/// What the engine refused, in its own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RpcError {
    /// JSON-RPC's number for the error.
    pub code: i64,
    /// One sentence for a person.
    pub message: String,
    /// `kind`, `hint` and whatever else belongs to the error.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

impl RpcError {
    /// The error's stable name, for instance `context_overflow`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("kind").unwrap_or("internal")
    }

    /// What to do next, if the engine says so.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.text("hint")
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.data.get(field).and_then(Value::as_str)
    }
}

/// A message from the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// The answer to the request of that name. `None`: to a line it could not read.
    Response(Option<RequestId>, Result<Value, RpcError>),
    /// Something it tells on its own.
    Notification(Notification),
    /// A notification of a method this version does not know: to be ignored.
    Unknown(String),
}

/// Why a line is not a message.
#[derive(Debug)]
pub enum NotAMessage {
    /// Not JSON, or not of the promised shape.
    Malformed(serde_json::Error),
    /// JSON, but neither a response nor a notification.
    NeitherResponseNorNotification,
    /// Longer than [`MAX_LINE_BYTES`].
    TooLong,
}

impl std::fmt::Display for NotAMessage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => write!(formatter, "not a protocol message: {error}"),
            Self::NeitherResponseNorNotification => {
                formatter.write_str("neither a response nor a notification")
            }
            Self::TooLong => write!(formatter, "longer than {MAX_LINE_BYTES} bytes"),
        }
    }
}

impl From<serde_json::Error> for NotAMessage {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error)
    }
}

#[derive(Serialize)]
struct RequestLine<'a> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    #[serde(flatten)]
    request: &'a Request,
}

#[derive(Serialize)]
struct CancelLine<'a> {
    jsonrpc: &'static str,
    method: &'static str,
    params: CancelParams<'a>,
}

#[derive(Serialize)]
struct CancelParams<'a> {
    id: &'a RequestId,
}

#[derive(Deserialize)]
struct IncomingLine {
    #[serde(default)]
    id: Option<RequestId>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    // A result of `null` is a result: `shutdown` answers so.
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<RpcError>,
}

fn present<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

/// The line that asks for `request`, without its line feed.
#[must_use]
pub fn encode_request(id: &RequestId, request: &Request) -> String {
    to_line(&RequestLine { jsonrpc: "2.0", id, request })
}

/// The line that asks the engine to stop working on request `id`.
#[must_use]
pub fn encode_cancel(id: &RequestId) -> String {
    to_line(&CancelLine { jsonrpc: "2.0", method: "cancel", params: CancelParams { id } })
}

fn to_line(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("these types have text keys and finite numbers only")
}

/// Reads one line of the engine.
///
/// # Errors
/// [`NotAMessage`] when the line is not JSON or has the shape of no message.
pub fn decode(line: &[u8]) -> Result<Incoming, NotAMessage> {
    let line: IncomingLine = serde_json::from_slice(line)?;
    match line {
        IncomingLine { error: Some(error), id, .. } => Ok(Incoming::Response(id, Err(error))),
        IncomingLine { result: Some(value), id: Some(id), .. } => {
            Ok(Incoming::Response(Some(id), Ok(value)))
        }
        IncomingLine { method: Some(method), params, .. } => decode_notification(method, params),
        _ => Err(NotAMessage::NeitherResponseNorNotification),
    }
}

fn decode_notification(method: String, params: Value) -> Result<Incoming, NotAMessage> {
    if !Notification::METHODS.contains(&method.as_str()) {
        return Ok(Incoming::Unknown(method));
    }
    let tagged = serde_json::json!({ "method": method, "params": params });
    Ok(Incoming::Notification(serde_json::from_value(tagged)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::{Delta, GenerateParams, Input};

    #[test]
    fn a_request_carries_only_what_was_asked() {
        let request = Request::Generate(GenerateParams::new(Input::Prompt("Hi".into())));
        assert_eq!(
            encode_request(&RequestId::Number(7), &request),
            r#"{"jsonrpc":"2.0","id":7,"method":"generate","params":{"prompt":"Hi"}}"#
        );
    }

    #[test]
    fn a_request_without_parameters_has_no_params_field() {
        assert_eq!(
            encode_request(&RequestId::Number(1), &Request::Shutdown),
            r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#
        );
    }

    #[test]
    fn cancel_is_a_notification() {
        assert_eq!(
            encode_cancel(&RequestId::Number(3)),
            r#"{"jsonrpc":"2.0","method":"cancel","params":{"id":3}}"#
        );
    }

    #[test]
    fn a_result_of_null_is_a_result() {
        let line = br#"{"jsonrpc":"2.0","id":4,"result":null}"#;
        let expected = Incoming::Response(Some(RequestId::Number(4)), Ok(Value::Null));
        assert_eq!(decode(line).unwrap(), expected);
    }

    #[test]
    fn an_error_for_an_unreadable_line_has_no_id() {
        let line = br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no","data":{"kind":"parse_error"}}}"#;
        let Incoming::Response(None, Err(error)) = decode(line).unwrap() else {
            panic!("not an error without an id");
        };
        assert_eq!((error.code, error.kind(), error.hint()), (-32700, "parse_error", None));
    }

    #[test]
    fn a_delta_is_typed_and_its_unknown_fields_are_ignored() {
        let line = br#"{"jsonrpc":"2.0","method":"generate/delta","params":{"id":2,"seq":0,"text":"\u00e9","tokens":1,"new":true}}"#;
        let delta = Delta { id: RequestId::Number(2), seq: 0, text: "é".into(), tokens: 1 };
        assert_eq!(decode(line).unwrap(), Incoming::Notification(Notification::Delta(delta)));
    }

    #[test]
    fn an_unknown_notification_is_named_and_not_an_error() {
        let line = br#"{"jsonrpc":"2.0","method":"weather/changed","params":{}}"#;
        assert_eq!(decode(line).unwrap(), Incoming::Unknown("weather/changed".into()));
    }

    #[test]
    fn junk_is_not_a_message() {
        for junk in [&b"hello"[..], b"[]", b"{}", b"{\"id\":1}", b"\xff\xfe", b"7"] {
            assert!(
                decode(junk).is_err(),
                "{:?} was taken for a message",
                String::from_utf8_lossy(junk)
            );
        }
    }
}
