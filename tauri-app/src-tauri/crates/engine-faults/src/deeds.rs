//! The misdeeds themselves. Those that change an answer are noted in its [`Manner`].

use std::io::Write;
use std::time::Duration;

use engine_faults::Deed;
use serde_json::{Value, json};

use crate::voice;

/// Written at once where it must go fast.
const BLOCK: usize = 1 << 20;

/// How an answer is given.
#[derive(Default)]
pub(crate) struct Manner {
    silent: bool,
    twice: bool,
    wrong_shape: bool,
    refusal: Option<(i64, String)>,
    pub(crate) version: Option<u64>,
    pub(crate) gap: bool,
    pub(crate) late_tokens: bool,
    pub(crate) stands_still: bool,
    pub(crate) refuses_device: bool,
    pub(crate) device: Option<String>,
}

impl Manner {
    /// Whether it is answered, or done, at all.
    pub(crate) fn answers(&self) -> bool {
        !self.silent
    }

    /// Whether it is refused. What it asks for is not done then.
    pub(crate) fn refuses(&self) -> bool {
        self.refusal.is_some()
    }

    /// Answers a request this way; whether it was answered with a result.
    pub(crate) fn answer(&self, id: &Value, result: &Value) -> bool {
        if self.silent {
            return false;
        }
        if let Some((code, kind)) = &self.refusal {
            voice::refuse(id, *code, kind);
            return false;
        }
        let wrong = json!({"nothing": "of this is known"});
        let result = if self.wrong_shape { &wrong } else { result };
        for _ in 0..=u8::from(self.twice) {
            voice::answer(id, result);
        }
        true
    }
}

/// Does it, now.
pub(crate) fn perform(deed: &Deed, manner: &mut Manner) {
    match deed {
        Deed::Silence => manner.silent = true,
        Deed::AnswerTwice => manner.twice = true,
        Deed::WrongShape => manner.wrong_shape = true,
        Deed::Refuse(code, kind) => manner.refusal = Some((*code, kind.clone())),
        Deed::OtherVersion(version) => manner.version = Some(*version),
        Deed::SequenceGap => manner.gap = true,
        Deed::LateTokens => manner.late_tokens = true,
        Deed::RefuseDevice => manner.refuses_device = true,
        Deed::TakeDevice(id) => manner.device = Some(id.clone()),
        Deed::Remark(kind, data) => voice::tell("log", &remark_of(kind, data)),
        Deed::StandStill => manner.stands_still = true,
        Deed::Late(ms) => std::thread::sleep(Duration::from_millis(*ms)),
        Deed::Hang => hang(),
        Deed::Exit(code) => std::process::exit(*code),
        Deed::Complain(words) => eprintln!("{words}"),
        Deed::Junk(lines) => junk(*lines),
        Deed::Nonsense => nonsense(),
        Deed::Chatter(count) => chatter(*count),
        Deed::InvalidUtf8 => invalid_utf8(),
        Deed::LongLine(bytes) => voice::tell("log", &remark(&"x".repeat(*bytes))),
        Deed::HalfLine => voice::write(br#"{"jsonrpc":"2.0","id":1,"resu"#),
        Deed::LogFlood(bytes) => log_flood(*bytes),
        Deed::UnknownId => unknown_id(),
        Deed::Signal(_)
        | Deed::CloseOutput
        | Deed::CloseInput
        | Deed::Grandchild(_)
        | Deed::Grow(_)
        | Deed::Outlive => of_the_system(deed),
        // The stage keeps it.
        Deed::BackendIs(..) => {}
    }
}

#[cfg(target_os = "linux")]
fn of_the_system(deed: &Deed) {
    crate::linux::perform(deed);
}

#[cfg(not(target_os = "linux"))]
fn of_the_system(deed: &Deed) {
    eprintln!("ERROR {deed:?} is not known on this system");
    std::process::abort();
}

/// This thread stays here.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn remark(message: &str) -> Value {
    json!({"level": "info", "kind": "scripted", "message": message, "data": {}})
}

fn remark_of(kind: &str, data: &str) -> Value {
    let data: Value = serde_json::from_str(data).expect("the script is well formed");
    json!({"level": "info", "kind": kind, "message": kind, "data": data})
}

fn junk(lines: u64) {
    let mut block = Vec::with_capacity(2 * BLOCK);
    for number in 0..lines {
        let _ = writeln!(block, "ggml_init: line {number} that is no message");
        if block.len() >= BLOCK {
            voice::write(&block);
            block.clear();
        }
    }
    voice::write(&block);
}

fn nonsense() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let lines = [
        "",
        "\r",
        "null",
        "7",
        "[]",
        "{}",
        &deep,
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":{},"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":99999999999999999999,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":987654,"error":"no object"}"#,
        r#"{"jsonrpc":"2.0","method":"weather/changed","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"generate/delta","params":[]}"#,
        r#"{"jsonrpc":"2.0","method":"generate/delta","params":{"id":1,"seq":-1,"text":7}}"#,
        r#"{"jsonrpc":"2.0","method":"model/progress","params":{"id":1,"fraction":1e999}}"#,
        r#"{"jsonrpc":"2.0","method":"model/progress","params":{"id":null,"fraction":NaN}}"#,
        r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#,
    ];
    voice::write(format!("{}\n", lines.join("\n")).as_bytes());
}

/// In lines of their own, so that others may speak in between.
fn chatter(count: u64) {
    for number in 0..count {
        let message = format!("remark {number}");
        let params = json!({
            "level": "warning", "kind": format!("kind-{number}"), "message": message, "data": {},
        });
        voice::tell("log", &params);
    }
}

fn invalid_utf8() {
    voice::write(b"\xff\xfe\xc3\x28\n");
    voice::write(b"{\"jsonrpc\":\"2.0\",\"method\":\"log\",\"params\":{\"level\":\"info\",");
    voice::write(b"\"kind\":\"\xe2\x82\",\"message\":\"\xf0\x9f\",\"data\":{}}}\n");
}

fn log_flood(bytes: u64) {
    let block = "DEBUG the same again and again, and nobody wants to know\n".repeat(BLOCK / 57);
    let mut left = bytes;
    let mut stderr = std::io::stderr().lock();
    while left > 0 {
        let piece = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if stderr.write_all(&block.as_bytes()[..piece]).is_err() {
            return;
        }
        left -= piece as u64;
    }
}

fn unknown_id() {
    let nobody = json!(987_654_321);
    voice::delta(&nobody, 0, "for nobody ");
    voice::answer(&nobody, &json!({}));
    voice::answer(&json!("text"), &json!({}));
    voice::refuse(&Value::Null, -32700, "parse_error");
}
