//! The scripted sidecar by itself: without a script it is a good engine, with one it does
//! what it is told, and only then.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use common::{LIMIT, Place, eventually};
use engine_faults::{Deed, Point, Rule, Script};
use serde_json::{Value, json};

/// A running program and its lines.
struct Talk {
    process: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    next_id: u64,
}

impl Talk {
    fn new(place: &Place) -> Self {
        let mut process = Command::new(place.program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        Self { stdin: process.stdin.take(), process, lines, next_id: 1 }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(LIMIT).expect("another line")
    }

    /// What comes before the answer, and the answer.
    fn answer(&self, id: u64) -> (Vec<Value>, Value) {
        let (mut before, deadline) = (Vec::new(), Instant::now() + LIMIT);
        while Instant::now() < deadline {
            let line = self.next();
            if line["id"] == id {
                return (before, line);
            }
            before.push(line);
        }
        panic!("request {id} was not answered, but {} other lines came", before.len())
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.answer(id).1
    }

    fn initialize(&mut self) -> Value {
        self.call("initialize", json!({"protocolVersion": 1}))
    }

    /// How it ended, by itself.
    fn ended(&mut self) -> ExitStatus {
        let ended = eventually(LIMIT, || self.process.try_wait().unwrap().is_some());
        assert!(ended, "it still runs");
        self.process.wait().unwrap()
    }

    /// Ends its stdin; how it ended, and its stderr.
    fn end(mut self) -> (ExitStatus, String) {
        self.stdin = None;
        let status = self.ended();
        let mut words = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        (status, words)
    }
}

#[test]
fn without_a_script_it_loads_writes_and_ends_as_the_protocol_says() {
    let place = Place::with(&[]);
    let mut talk = Talk::new(&place);
    assert_eq!(talk.call("ping", json!({}))["error"]["code"], -32002);
    assert_eq!(talk.initialize()["result"]["protocolVersion"], 1);
    let id = talk.ask("model/load", json!({"path": "/models/tiny.gguf"}));
    let (progress, loaded) = talk.answer(id);
    assert_eq!(progress.last().unwrap()["params"]["fraction"], 1.0);
    assert_eq!(loaded["result"]["model"]["name"], "tiny");

    let id = talk.ask("generate", json!({"prompt": "Hello", "maxTokens": 3}));
    let (before, end) = talk.answer(id);
    let deltas: Vec<&Value> =
        before.iter().filter(|line| line["method"] == "generate/delta").collect();
    let text: String =
        deltas.iter().map(|delta| delta["params"]["text"].as_str().unwrap()).collect();
    assert_eq!(text, "word0 word1 word2 ");
    assert_eq!(deltas.iter().map(|delta| &delta["params"]["seq"]).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(
        (&end["result"]["finishReason"], &end["result"]["characters"]),
        (&json!("length"), &json!(18))
    );

    assert_eq!(talk.call("shutdown", Value::Null)["result"], Value::Null);
    assert!(talk.end().0.success());
    assert_eq!(place.times_asked("generate", "Hello"), 1);
    assert_eq!(place.pids().len(), 1);
}

#[test]
fn a_reply_is_cancelled_and_a_ping_answered_while_it_is_written() {
    let place = Place::new(&Script { deltas: 1_000_000, ..Script::default() });
    let mut talk = Talk::new(&place);
    talk.initialize();
    talk.call("model/load", json!({"path": "/m.gguf"}));
    let reply = talk.ask("generate", json!({"prompt": "Hello"}));
    assert_eq!(talk.call("ping", json!({}))["result"], json!({}));
    talk.send(&json!({"jsonrpc": "2.0", "method": "cancel", "params": {"id": reply}}));
    assert_eq!(talk.answer(reply).1["result"]["finishReason"], "cancelled");
    assert!(talk.end().0.success());
}

#[test]
fn every_point_of_a_life_is_reached_in_its_order() {
    let complain = |point: Point| Rule::at(point, Deed::Complain(format!("{point:?}")));
    let place = Place::with(&Point::ALL.map(complain));
    let mut talk = Talk::new(&place);
    talk.initialize();
    talk.call("ping", json!({}));
    talk.call("model/load", json!({"path": "/m.gguf"}));
    talk.call("generate", json!({"prompt": "Hello"}));
    // The last point of a request comes after its answer, and the reader goes on meanwhile.
    talk.call("tokenize", json!({"text": "Hello"}));
    talk.send(&json!({"jsonrpc": "2.0", "method": "cancel", "params": {"id": 99}}));
    let (status, words) = talk.end();
    assert!(status.success());
    let ordered: Vec<String> = Point::ALL
        .iter()
        .filter(|point| **point != Point::Shutdown)
        .map(|point| format!("{point:?}"))
        .collect();
    assert_eq!(words.lines().collect::<Vec<_>>(), ordered);
}

#[test]
fn a_rule_for_the_first_start_leaves_the_second_alone() {
    let place = Place::with(&[Rule::at(Point::Start, Deed::Exit(70)).first_starts(1)]);
    assert_eq!(Talk::new(&place).end().0.code(), Some(70));
    assert_eq!(Talk::new(&place).end().0.code(), Some(0));
}

#[test]
fn a_rule_for_a_device_leaves_the_other_alone() {
    let place = Place::new(&Script {
        rules: vec![Rule::at(Point::Loading, Deed::Exit(1)).on_device("GPU0")],
        devices: vec!["GPU0".into(), "CPU".into()],
        ..Script::default()
    });
    let mut talk = Talk::new(&place);
    talk.initialize();
    let loaded = talk.call("model/load", json!({"path": "/m.gguf", "device": "CPU"}));
    assert_eq!(loaded["result"]["device"], "CPU");
    talk.ask("model/load", json!({"path": "/m.gguf"}));
    assert_eq!(talk.ended().code(), Some(1));
}

#[test]
fn each_signal_ends_it_by_that_signal() {
    use std::os::unix::process::ExitStatusExt;
    for (name, number) in [("SIGSEGV", 11), ("SIGABRT", 6), ("SIGILL", 4), ("SIGBUS", 7)] {
        let place = Place::with(&[Rule::at(Point::Start, Deed::Signal(name.into()))]);
        assert_eq!(Talk::new(&place).end().0.signal(), Some(number), "{name}");
    }
}

#[test]
fn taking_all_memory_ends_it_and_says_so() {
    let place = Place::with(&[Rule::at(Point::Start, Deed::Grow(512))]);
    let (status, words) = Talk::new(&place).end();
    assert!(!status.success());
    assert!(words.contains("memory allocation of"), "{words}");
}
