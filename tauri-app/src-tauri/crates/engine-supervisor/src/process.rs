//! One life of the engine: its process, its pipes, and how it ends.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::death::{Death, Exit};
use crate::lines::{Line, Lines};
use crate::rpc::{self, Incoming, MAX_LINE_BYTES};
use crate::spawn::spawn;

/// How long the engine may take to end in order before its group is killed.
/// The protocol promises one second; the second one is for a loaded machine.
const ORDERLY_END: Duration = Duration::from_secs(2);

/// What is still in the pipes when the process is gone is read for this long: a
/// grandchild that holds them open must not hide the death.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Log lines of the engine remembered for the case of its death.
const REMEMBERED_LOG_LINES: usize = 20;

/// The longest log line kept, in bytes.
const MAX_LOG_LINE_BYTES: usize = 8_192;

/// What a process tells the actor.
#[derive(Debug)]
pub(crate) enum Event {
    /// It said something.
    Said(Incoming),
    /// It ended, by itself or because it was told to.
    Ended(Death),
}

/// An [`Event`] with the life it belongs to, so that a late one is not taken for news.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) epoch: u64,
    pub(crate) event: Event,
}

/// When the process is to be killed, should it still live then.
struct KillAt(Instant);

/// A running engine. Dropping it kills the process.
pub(crate) struct Process {
    pub(crate) epoch: u64,
    pub(crate) pid: u32,
    stdin: Option<mpsc::UnboundedSender<String>>,
    orders: mpsc::UnboundedSender<KillAt>,
}

impl Process {
    /// Starts `program`; what it says and its end are told to `events`.
    pub(crate) fn start(
        program: &Path,
        epoch: u64,
        events: &mpsc::Sender<Told>,
    ) -> io::Result<Self> {
        let mut child = spawn(program)?;
        let pid = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin().take(), child.stdout().take(), child.stderr().take())
        else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (stdin_lines, lines) = mpsc::unbounded_channel();
        let (orders, received_orders) = mpsc::unbounded_channel();
        tokio::spawn(write_lines(stdin, lines));
        let reader = tokio::spawn(read_messages(stdout, epoch, events.clone()));
        let log = tokio::spawn(read_log(stderr));
        tokio::spawn(keep(child, received_orders, reader, log, epoch, events.clone()));
        Ok(Self { epoch, pid, stdin: Some(stdin_lines), orders })
    }

    /// Sends one line. A process that is gone is told of by its [`Event::Ended`].
    pub(crate) fn send(&self, line: String) {
        if let Some(stdin) = &self.stdin {
            let _ = stdin.send(line);
        }
    }

    /// Ends its stdin, which ends the engine; kills its group if that takes too long.
    pub(crate) fn end(&mut self) {
        self.stdin = None;
        let _ = self.orders.send(KillAt(Instant::now() + ORDERLY_END));
    }

    /// Kills its group now.
    pub(crate) fn kill(&self) {
        let _ = self.orders.send(KillAt(Instant::now()));
    }
}

/// Ends when the sender is dropped, which closes the pipe.
async fn write_lines(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        if let Err(error) = stdin.write_all(line.as_bytes()).await {
            log::debug!("the engine's stdin is closed: {error}");
            return;
        }
    }
}

async fn read_messages(stdout: ChildStdout, epoch: u64, events: mpsc::Sender<Told>) {
    let mut lines = Lines::new(BufReader::new(stdout), MAX_LINE_BYTES);
    while let Ok(Some(line)) = lines.next().await {
        let Line::Whole(line) = line else {
            log::warn!("the engine sent a line of more than {MAX_LINE_BYTES} bytes; it is ignored");
            continue;
        };
        match rpc::decode(&line) {
            Ok(message) => {
                if events.send(Told { epoch, event: Event::Said(message) }).await.is_err() {
                    return;
                }
            }
            Err(error) => log::warn!("a line of the engine is ignored: {error}"),
        }
    }
}

/// Passes the engine's log on to ours and returns its last lines.
async fn read_log(stderr: ChildStderr) -> VecDeque<String> {
    let mut last = VecDeque::with_capacity(REMEMBERED_LOG_LINES);
    let mut lines = Lines::new(BufReader::new(stderr), MAX_LOG_LINE_BYTES);
    while let Ok(Some(line)) = lines.next().await {
        let Line::Whole(line) = line else { continue };
        let line = String::from_utf8_lossy(&line).into_owned();
        log::info!("engine: {line}");
        if last.len() == REMEMBERED_LOG_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    last
}

/// Owns the child until it is gone. Waits for the process itself, never for its pipes.
async fn keep(
    mut child: Box<dyn ChildWrapper>,
    mut orders: mpsc::UnboundedReceiver<KillAt>,
    reader: JoinHandle<()>,
    log: JoinHandle<VecDeque<String>>,
    epoch: u64,
    events: mpsc::Sender<Told>,
) {
    let mut kill_at: Option<Instant> = None;
    let mut owned = true;
    let exit = loop {
        let deadline = kill_at.unwrap_or_else(Instant::now);
        tokio::select! {
            status = child.wait() => match status {
                Ok(status) => break Exit::from_status(status),
                Err(error) => {
                    log::error!("waiting for the engine failed: {error}");
                    break Exit::Code(-1);
                }
            },
            () = sleep_until(deadline), if kill_at.is_some() => {
                log_failure("killing the engine", child.start_kill());
                kill_at = None;
            }
            order = orders.recv(), if owned => match order {
                Some(KillAt(at)) => kill_at = Some(at),
                None => {
                    owned = false;
                    kill_at.get_or_insert(Instant::now());
                }
            },
        }
    };
    // Whatever else is in its group goes with it; usually there is nothing (ESRCH).
    let _ = child.start_kill();
    let last_words = last_words(reader, log).await;
    let _ = events.send(Told { epoch, event: Event::Ended(Death { exit, last_words }) }).await;
}

async fn last_words(reader: JoinHandle<()>, log: JoinHandle<VecDeque<String>>) -> Vec<String> {
    let _ = timeout(LAST_WORDS, reader).await;
    match timeout(LAST_WORDS, log).await {
        Ok(Ok(lines)) => lines.into(),
        _ => Vec::new(),
    }
}

fn log_failure(what: &str, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        log::warn!("{what} failed: {error}");
    }
}
