//! The three pipes. Each is read or written by a task of its own, with bounded memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::mpsc;

use super::budget::Budget;
use super::ring::Ring;
use super::{Of, Word};
use crate::lines::{Line, Lines};
use crate::rpc::{self, MAX_LINE_BYTES, NotAMessage};

/// The longest log line kept, in bytes.
const MAX_LOG_LINE_BYTES: usize = 8_192;

/// What is kept of the log, in bytes.
const LOG_RING_BYTES: usize = 64 * 1024;

/// Lines of the engine's log, and of junk on its stdout, that get into ours in a second.
const LOGGED_PER_SECOND: u32 = 100;

/// Ends when the sender is dropped, which closes the pipe.
pub(super) async fn write_lines(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        if let Err(error) = stdin.write_all(line.as_bytes()).await {
            log::debug!("the engine's stdin is closed: {error}");
            return;
        }
    }
}

/// Passes messages on; what is none is dropped here and never troubles anybody.
pub(super) async fn read_messages(stdout: ChildStdout, epoch: u64, words: mpsc::Sender<Of<Word>>) {
    let mut lines = Lines::new(BufReader::new(stdout), MAX_LINE_BYTES);
    let mut budget = Budget::new(LOGGED_PER_SECOND, Instant::now());
    while let Ok(Some(line)) = lines.next().await {
        let message = match line {
            Line::TooLong(_) => Err(NotAMessage::TooLong),
            Line::Whole(line) if line.is_empty() => continue,
            Line::Whole(line) => rpc::decode(&line),
        };
        match message {
            Ok(message) => {
                let what = Word::Said(message);
                if words.send(Of { epoch, what }).await.is_err() {
                    return;
                }
            }
            Err(error) if budget.allows(Instant::now()) => {
                log::warn!("a line of the engine is ignored: {error}");
                budget.report();
            }
            Err(_) => {}
        }
    }
}

/// The end of the engine's log, for the case of its death.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Mutex<Ring>>);

impl Default for Log {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Ring::new(LOG_RING_BYTES))))
    }
}

impl Log {
    /// The last lines, oldest first, at most `count`.
    pub(super) fn last_lines(&self, count: usize) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last(count)
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// Passes the engine's log on to ours, and keeps its end.
pub(super) async fn read_log(stderr: ChildStderr, log: Log) {
    let mut lines = Lines::new(BufReader::new(stderr), MAX_LOG_LINE_BYTES);
    let mut budget = Budget::new(LOGGED_PER_SECOND, Instant::now());
    while let Ok(Some(line)) = lines.next().await {
        let (Line::Whole(line) | Line::TooLong(line)) = line;
        let line = String::from_utf8_lossy(&line).into_owned();
        if budget.allows(Instant::now()) {
            log::info!("engine: {line}");
            budget.report();
        }
        log.push(line);
    }
}
