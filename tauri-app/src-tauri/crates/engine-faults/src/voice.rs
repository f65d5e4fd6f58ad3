//! stdout: one message per line, whole, from whichever thread.

use std::io::{self, Write};

use serde_json::{Value, json};

/// Writes bytes as they are. A driver that is gone ends the program, as the protocol asks.
pub(crate) fn write(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    if stdout.write_all(bytes).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Writes one message.
pub(crate) fn say(message: &Value) {
    write(format!("{message}\n").as_bytes());
}

/// Answers a request.
pub(crate) fn answer(id: &Value, result: &Value) {
    say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
}

/// Refuses a request.
pub(crate) fn refuse(id: &Value, code: i64, kind: &str) {
    let message = format!("the scripted engine refuses: {kind}");
    let error = json!({"code": code, "message": message, "data": {"kind": kind, "hint": "none"}});
    say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
}

/// Refuses to use the device `asked`, one of `devices`.
pub(crate) fn refuse_device(id: &Value, devices: &[String], asked: &str) {
    let available: Vec<&String> = devices.iter().filter(|device| *device != asked).collect();
    let data = json!({"kind": "device_unavailable", "hint": "none", "available": available});
    let message = format!("the scripted engine has no {asked}");
    let error = json!({"code": -32024, "message": message, "data": data});
    say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
}

/// Tells something without being asked.
pub(crate) fn tell(method: &str, params: &Value) {
    say(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
}

/// A piece of a reply.
pub(crate) fn delta(id: &Value, seq: u64, text: &str) {
    tell("generate/delta", &json!({"id": id, "seq": seq, "text": text, "tokens": 1}));
}
