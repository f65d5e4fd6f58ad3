//! One life of the engine: its process and its pipes.

mod budget;
mod keep;
mod pipes;
mod ring;
mod spawn;

use std::io;
use std::path::Path;

use tokio::sync::mpsc;

use crate::death::Exit;
use crate::rpc::Incoming;

/// What it says, in its order, and after all of it the last lines of its log.
#[derive(Debug)]
pub(crate) enum Word {
    Said(Incoming),
    Last(Vec<String>),
}

/// Something with the life it belongs to.
#[derive(Debug)]
pub(crate) struct Of<T> {
    pub(crate) epoch: u64,
    pub(crate) what: T,
}

/// Where a process tells of itself. Its end does not wait behind what it says.
#[derive(Debug, Clone)]
pub(crate) struct Ears {
    pub(crate) words: mpsc::Sender<Of<Word>>,
    pub(crate) ends: mpsc::UnboundedSender<Of<Exit>>,
}

/// A running engine. Dropping it kills the process.
pub(crate) struct Process {
    pub(crate) epoch: u64,
    pub(crate) pid: u32,
    stdin: Option<mpsc::UnboundedSender<String>>,
    kill: mpsc::UnboundedSender<()>,
}

impl Process {
    /// Starts `program`. To be called on the thread that is to outlive it.
    pub(crate) fn start(program: &Path, epoch: u64, ears: Ears) -> io::Result<Self> {
        let mut child = spawn::spawn(program)?;
        let pid = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin().take(), child.stdout().take(), child.stderr().take())
        else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (stdin_lines, lines) = mpsc::unbounded_channel();
        let (kill, orders) = mpsc::unbounded_channel();
        tokio::spawn(pipes::write_lines(stdin, lines));
        let log = pipes::Log::default();
        let readers = [
            tokio::spawn(pipes::read_messages(stdout, epoch, ears.words.clone())),
            tokio::spawn(pipes::read_log(stderr, log.clone())),
        ];
        tokio::spawn(keep::keep(child, orders, readers, log, epoch, ears));
        Ok(Self { epoch, pid, stdin: Some(stdin_lines), kill })
    }

    /// Sends one line. A process that is gone is told of by its end.
    ///
    /// The queue is bounded by what there is to say: one request at a time, and no more pings
    /// than may be missed.
    pub(crate) fn send(&self, line: String) {
        if let Some(stdin) = &self.stdin {
            let _ = stdin.send(line);
        }
    }

    /// Closes its stdin after what was sent.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Kills its whole tree now.
    pub(crate) fn kill(&self) {
        let _ = self.kill.send(());
    }
}
