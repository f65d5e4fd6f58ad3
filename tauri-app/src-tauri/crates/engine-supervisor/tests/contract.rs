//! The lines in `tests/contract/sidecar`, which the engine itself is held to, are read and
//! written by these types.

use std::collections::HashMap;
use std::path::PathBuf;

use engine_supervisor::rpc::{self, Incoming};
use engine_supervisor::{Generated, Initialized, LoadedModel, Request, RequestId};
use serde_json::Value;

/// A file's lines: what the driver sends, and what comes back.
struct Exchange {
    name: String,
    sent: Vec<Value>,
    received: Vec<Value>,
}

impl Exchange {
    /// The results of this exchange, each with the method that was asked for.
    fn results(&self) -> Vec<(&str, &Value)> {
        let methods: HashMap<String, &str> = self
            .sent
            .iter()
            .filter_map(|message| {
                Some((message.get("id")?.to_string(), message["method"].as_str()?))
            })
            .collect();
        self.received
            .iter()
            .filter_map(|message| {
                Some((*methods.get(&message.get("id")?.to_string())?, message.get("result")?))
            })
            .collect()
    }

    /// The requests that were answered with a result: those that are well formed.
    fn accepted(&self) -> impl Iterator<Item = &Value> {
        self.sent.iter().filter(|message| {
            let answered = |reply: &&Value| {
                reply.get("id") == message.get("id") && reply.get("result").is_some()
            };
            message.get("id").is_some() && self.received.iter().any(|reply| answered(&reply))
        })
    }
}

fn exchanges() -> Vec<Exchange> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../tests/contract/sidecar");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "the contract has only {} files", files.len());
    files.iter().map(read).collect()
}

fn read(path: &PathBuf) -> Exchange {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let field = |name: &str| -> Vec<Value> {
        lines.iter().filter_map(|line| line.get(name).cloned()).collect()
    };
    let received = [field("from"), field("example")].concat();
    Exchange { name: path.display().to_string(), sent: field("to"), received }
}

/// `0` and `0.0` are the same number in JSON.
fn same_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(same_numbers).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), same_numbers(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn every_line_of_the_engine_is_understood() {
    for exchange in exchanges() {
        for message in &exchange.received {
            let decoded = rpc::decode(message.to_string().as_bytes())
                .unwrap_or_else(|error| panic!("{}: {message}: {error}", exchange.name));
            let is_response = message.get("method").is_none();
            match decoded {
                Incoming::Response(..) => assert!(is_response, "{}: {message}", exchange.name),
                Incoming::Notification(_) => assert!(!is_response, "{}: {message}", exchange.name),
                Incoming::Unknown(method) => panic!("{}: `{method}` is not known", exchange.name),
            }
        }
    }
}

#[test]
fn every_result_this_crate_asks_for_has_its_type() {
    let exchanges = exchanges();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for exchange in &exchanges {
        for (method, result) in exchange.results() {
            let read = match method {
                "initialize" => serde_json::from_value::<Initialized>(result.clone()).map(drop),
                "model/load" => serde_json::from_value::<LoadedModel>(result.clone()).map(drop),
                "generate" => serde_json::from_value::<Generated>(result.clone()).map(drop),
                _ => continue,
            };
            read.unwrap_or_else(|error| panic!("{}: {method}: {result}: {error}", exchange.name));
            *seen.entry(method).or_default() += 1;
        }
    }
    for method in ["initialize", "model/load", "generate"] {
        assert!(seen.contains_key(method), "the contract has no result of `{method}`");
    }
}

#[test]
fn every_accepted_request_is_written_as_the_contract_has_it() {
    let mut compared = 0;
    for exchange in &exchanges() {
        for message in exchange.accepted() {
            // Methods that this crate does not use are no part of its types.
            let Ok(request) = serde_json::from_value::<Request>(message.clone()) else { continue };
            let id: RequestId = serde_json::from_value(message["id"].clone()).unwrap();
            let line: Value = serde_json::from_str(&rpc::encode_request(&id, &request)).unwrap();
            assert_eq!(same_numbers(&line), same_numbers(message), "{}", exchange.name);
            compared += 1;
        }
    }
    assert!(compared >= 20, "only {compared} requests were compared");
}

#[test]
fn cancel_is_written_as_the_contract_has_it() {
    let mut compared = 0;
    for exchange in &exchanges() {
        let is_cancel =
            |message: &&Value| message["method"] == "cancel" && message.get("id").is_none();
        for message in exchange.sent.iter().filter(is_cancel) {
            let Ok(id) = serde_json::from_value::<RequestId>(message["params"]["id"].clone())
            else {
                continue;
            };
            let line: Value = serde_json::from_str(&rpc::encode_cancel(&id)).unwrap();
            assert_eq!(&line, message, "{}", exchange.name);
            compared += 1;
        }
    }
    assert!(compared > 0, "the contract has no cancel");
}
