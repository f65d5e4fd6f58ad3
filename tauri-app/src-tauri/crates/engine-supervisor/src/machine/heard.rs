//! What the engine says.

use serde_json::Value;

use super::Machine;
use super::inputs::Ask;
use super::life::{InFlight, Life, Work};
use crate::cause::Hang;
use crate::error::EngineError;
use crate::methods::{Delta, LoadProgress, LogRecord, Notification, PromptProgress};
use crate::reply::ReplyEvent;
use crate::rpc::{Incoming, RequestId};

/// Remarks of an engine that are kept; one that makes more is talking to itself.
const MAX_REMARKS: usize = 8;

/// What is told of something that is none of our business, in characters.
const MAX_STRAY: usize = 200;

/// What is kept of a remark's sentence, in characters.
const MAX_REMARK: usize = 1_000;

/// More values than a remark has use for, in bytes of JSON.
const MAX_REMARK_DATA: usize = 4_096;

impl Machine {
    pub(super) fn heard(&mut self, epoch: u64, message: Incoming) {
        let present = match &self.life {
            Life::Running(running) => running.epoch,
            Life::Dead(dead) => dead.epoch,
            _ => return,
        };
        if present != epoch {
            return;
        }
        match message {
            Incoming::Response(Some(RequestId::Number(id)), outcome) => self.answered(id, outcome),
            Incoming::Response(id, outcome) => {
                self.stray(|| format!("an answer to {id:?}: {outcome:?}"))
            }
            Incoming::Notification(Notification::LoadProgress(progress)) => {
                self.loads_on(&progress)
            }
            Incoming::Notification(Notification::PromptProgress(progress)) => {
                self.reads_on(&progress)
            }
            Incoming::Notification(Notification::Delta(delta)) => self.writes_on(delta),
            Incoming::Notification(Notification::Log(record)) => {
                self.hear_of_devices(&record);
                self.remark(record);
            }
            Incoming::Unknown(method) => self.stray(|| format!("a notification `{method}`")),
        }
    }

    /// Something that is none of our business; told ever less often.
    pub(super) fn stray(&mut self, what: impl FnOnce() -> String) {
        self.strays += 1;
        if self.strays.is_power_of_two() {
            let what: String = what().chars().take(MAX_STRAY).collect();
            log::warn!("ignored, the {}. of its kind: the engine sent {what}", self.strays);
        }
    }

    /// What the engine works on, if that is its name.
    fn request_named(&mut self, id: &RequestId) -> Option<&mut InFlight> {
        self.life.audible_request().filter(|request| RequestId::Number(request.id) == *id)
    }

    fn loads_on(&mut self, progress: &LoadProgress) {
        let now = self.now;
        if let Some(request) = self.request_named(&progress.id)
            && let Work::Load { fraction, .. } = &mut request.work
            && *fraction != progress.fraction.clamp(0.0, 1.0)
        {
            *fraction = progress.fraction.clamp(0.0, 1.0);
            request.patience.moved(Hang::Load, now);
        }
    }

    fn reads_on(&mut self, progress: &PromptProgress) {
        let now = self.now;
        let (done, total) = (progress.prompt_tokens_done, progress.prompt_tokens);
        let Some(request) = self.request_named(&progress.id) else {
            return self.stray(|| "progress of what nobody asked".into());
        };
        let Work::Generate(writing) = &mut request.work else { return };
        if writing.prompt_done != done {
            writing.prompt_done = done;
            let next = if done >= total { Hang::Token } else { Hang::Prompt };
            request.patience.moved(next, now);
        }
        if let Some(ask) = writing.ask {
            self.tell(ask, ReplyEvent::PromptProgress { done, total });
        }
    }

    fn writes_on(&mut self, delta: Delta) {
        let now = self.now;
        let request = self.request_named(&delta.id);
        let Some((writing, patience)) = request.and_then(|request| match &mut request.work {
            Work::Generate(writing) => Some((writing, &mut request.patience)),
            _ => None,
        }) else {
            return self.stray(|| "text of a reply that nobody asked for".into());
        };
        let Some(ask) = writing.ask else { return };
        if delta.seq != writing.next_seq {
            let what =
                format!("piece {} of a reply came where {} was due", delta.seq, writing.next_seq);
            return self.break_off(ask, what);
        }
        writing.next_seq += 1;
        writing.characters += delta.text.chars().count() as u64;
        patience.moved(Hang::Token, now);
        self.tell(ask, ReplyEvent::Text(delta.text));
    }

    /// Whoever listens to this reply is too far behind to be told more.
    pub(super) fn give_up_listening(&mut self, ask: Ask) {
        let running = self.life.request().map(|request| &request.work);
        if matches!(running, Some(Work::Generate(writing)) if writing.ask == Some(ask)) {
            self.break_off(ask, "a reply is longer than any context".into());
        }
    }

    /// The reply cannot go on; the engine is told to stop and its answer waited for.
    fn break_off(&mut self, ask: Ask, what: String) {
        log::error!("the engine broke the protocol: {what}");
        self.tell(ask, ReplyEvent::Finished(Err(EngineError::BrokeProtocol(what))));
        if let Some(InFlight { work: Work::Generate(writing), .. }) = self.life.audible_request() {
            writing.ask = None;
        }
        self.cancel_request();
    }

    /// Keeps what a person should see, the latest about each subject. That all is well is for the log.
    fn remark(&mut self, mut record: LogRecord) {
        record.message = record.message.chars().take(MAX_REMARK).collect();
        record.kind = record.kind.chars().take(MAX_REMARK).collect();
        if serde_json::to_string(&record.data).is_ok_and(|data| data.len() > MAX_REMARK_DATA) {
            record.data.clear();
        }
        let remarks = &mut self.snapshot.remarks;
        let news = !remarks.contains(&record);
        if news {
            log::info!("the engine remarks: {}", record.message);
        }
        if record.level == "info" {
            return;
        }
        remarks.retain(|earlier| subject(earlier) != subject(&record));
        if remarks.len() == MAX_REMARKS {
            remarks.remove(0);
        }
        remarks.push(record);
    }
}

/// What a remark is about: its kind; and each device that is passed over is news of its own.
fn subject(record: &LogRecord) -> (&str, Option<&Value>) {
    let device = || record.data.get("device").or_else(|| record.data.get("backend"));
    (&record.kind, (record.kind == "device_skipped").then(device).flatten())
}
