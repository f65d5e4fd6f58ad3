//! The engine of the tests: it takes note of what it is sent, and does not take everything.

use serde_json::Value;

use crate::rpc::MAX_LINE_BYTES;

/// A process, as far as the machine can know of it.
#[derive(Debug, Default)]
pub(in crate::machine) struct Engine {
    pub(in crate::machine) epoch: u64,
    /// The one request that is open, as it was sent.
    pub(in crate::machine) open: Option<Value>,
    pub(in crate::machine) cancelled: bool,
    pub(in crate::machine) pings: Vec<i64>,
    /// The question for its backends that is open.
    pub(in crate::machine) status: Option<i64>,
    pub(in crate::machine) has_model: bool,
    /// What computes.
    pub(in crate::machine) device: String,
    pub(in crate::machine) next_seq: u64,
    pub(in crate::machine) characters: u64,
    pub(in crate::machine) asked_to_end: bool,
    pub(in crate::machine) input_ended: bool,
    pub(in crate::machine) killed: bool,
}

impl Engine {
    pub(in crate::machine) fn method(&self) -> Option<&str> {
        self.open.as_ref().and_then(|request| request["method"].as_str())
    }

    /// The device that is in use.
    pub(in crate::machine) fn in_use(&self) -> Option<String> {
        match self.method()? {
            "generate" => Some(self.device.clone()),
            "model/load" => self.asked_device(),
            _ => None,
        }
    }

    /// The device that the open request names.
    pub(in crate::machine) fn asked_device(&self) -> Option<String> {
        self.open.as_ref()?["params"]["device"].as_str().map(str::to_owned)
    }

    pub(in crate::machine) fn receive(&mut self, line: &str) {
        assert!(line.len() <= MAX_LINE_BYTES && !line.contains('\n'), "not a line: {line:.80}");
        assert!(!self.input_ended && !self.asked_to_end, "sent when it was to end: {line}");
        let message: Value = serde_json::from_str(line).unwrap();
        assert!(!self.killed || message["method"] == "shutdown", "sent when it was killed: {line}");
        match message["method"].as_str().unwrap() {
            "cancel" => {
                let open = self.open.as_ref().expect("something is cancelled that is open");
                assert_eq!(message["params"]["id"], open["id"]);
                assert!(!std::mem::replace(&mut self.cancelled, true), "cancelled twice");
            }
            "ping" => {
                self.pings.push(message["id"].as_i64().unwrap());
                assert!(self.pings.len() <= 3, "a fourth ping is sent to one who answers none");
            }
            "status" => {
                let earlier = self.status.replace(message["id"].as_i64().unwrap());
                assert_eq!(earlier, None, "asked for its status while it is asked");
            }
            "shutdown" => self.asked_to_end = true,
            method => {
                assert!(self.open.is_none(), "`{method}` is sent while something is open");
                let needs_model = ["generate", "tokenize"].contains(&method);
                assert!(self.has_model || !needs_model, "`{method}` without a model");
                if method == "model/load" {
                    self.has_model = false;
                }
                (self.cancelled, self.next_seq, self.characters) = (false, 0, 0);
                self.open = Some(message);
            }
        }
    }
}
