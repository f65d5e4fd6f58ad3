//! Reads stdin: what may not wait is answered here, the rest is handed to the worker.

use std::io::BufRead;
use std::sync::mpsc::Sender;

use engine_faults::Point;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::worker::Job;
use crate::{answers, voice};

/// Exit code of an engine that is asked for another version of the protocol.
const VERSION_NOT_SPOKEN: i32 = 76;

/// Reads to the end of stdin, which ends the program.
pub(crate) fn read(stage: &Stage, jobs: &Sender<Job>) {
    let mut initialized = false;
    for line in std::io::stdin().lock().lines() {
        let Ok(message) = line.map_err(drop).and_then(|line| parse(&line)) else { continue };
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let (id, params) = (message["id"].clone(), message["params"].clone());
        match method.as_str() {
            "initialize" => initialized |= initialize(stage, &id, &params),
            _ if !initialized => voice::refuse(&id, -32002, "not_initialized"),
            "ping" => {
                stage.note("ping", "");
                stage.reach(Point::Ping, "").answer(&id, &json!({}));
            }
            "status" => voice::answer(&id, &answers::status(&stage.device(), &stage.backends())),
            "cancel" => {
                if stage.reach(Point::Cancel, "").answers() {
                    stage.cancel(&params["id"]);
                }
            }
            "shutdown" => {
                let manner = stage.reach(Point::Shutdown, "");
                if manner.answers() {
                    manner.answer(&id, &Value::Null);
                    std::process::exit(0);
                }
            }
            _ => drop(jobs.send(Job { id, method, params })),
        }
    }
    if !stage.reach(Point::EndOfInput, "").answers() {
        loop {
            std::thread::park();
        }
    }
}

fn parse(line: &str) -> Result<Value, ()> {
    serde_json::from_str(line).map_err(drop)
}

/// Whether the conversation may go on.
fn initialize(stage: &Stage, id: &Value, params: &Value) -> bool {
    if params["protocolVersion"] != 1 {
        voice::refuse(id, -32001, "protocol_version");
        std::process::exit(VERSION_NOT_SPOKEN);
    }
    stage.note("initialize", "");
    let manner = stage.reach(Point::Initialize, "");
    let result = answers::initialized(manner.version.unwrap_or(1), &stage.backends());
    manner.answer(id, &result);
    stage.reach(Point::Initialized, "");
    true
}
