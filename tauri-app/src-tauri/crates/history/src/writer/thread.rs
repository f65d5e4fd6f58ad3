//! The thread and its queue. Whoever asks waits for the answer; the thread wakes by itself
//! when text is due to be saved.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::Writer;
use crate::error::HistoryError;

enum Job {
    Work(Box<dyn FnOnce(&mut Writer) + Send>),
    Close(Sender<Result<(), HistoryError>>),
}

/// The running thread. Dropping it saves everything and waits until that is done.
pub(crate) struct WriterThread {
    jobs: Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WriterThread {
    pub(crate) fn start(writer: Writer) -> Result<Self, HistoryError> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("history".into())
            .spawn(move || run(writer, &queue))
            .map_err(|error| HistoryError::Database(format!("no thread for it: {error}")))?;
        Ok(Self { jobs, thread: Mutex::new(Some(thread)) })
    }

    /// Has `work` done, and waits for what comes of it.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let (answer, answered) = mpsc::channel();
        self.tell(move |writer| {
            // Who asked waits below, so there is somebody to hear it.
            let _ = answer.send(work(writer));
        })?;
        answered.recv().unwrap_or(Err(HistoryError::Closed))
    }

    /// Has `work` done some time soon, in the order of asking.
    pub(crate) fn tell(
        &self,
        work: impl FnOnce(&mut Writer) + Send + 'static,
    ) -> Result<(), HistoryError> {
        self.jobs.send(Job::Work(Box::new(work))).map_err(|_| HistoryError::Closed)
    }

    /// Saves everything and ends the thread.
    pub(crate) fn close(&self) -> Result<(), HistoryError> {
        let (answer, answered) = mpsc::channel();
        self.jobs.send(Job::Close(answer)).map_err(|_| HistoryError::Closed)?;
        let result = answered.recv().unwrap_or(Err(HistoryError::Closed));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Err(HistoryError::Database("its thread has panicked".into()));
        }
        result
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        match self.close() {
            Ok(()) | Err(HistoryError::Closed) => {}
            Err(error) => log::error!("the last of the history could not be saved: {error}"),
        }
    }
}

fn run(mut writer: Writer, queue: &Receiver<Job>) {
    loop {
        match next(&writer, queue) {
            Some(Job::Work(work)) => work(&mut writer),
            Some(Job::Close(answer)) => {
                let result = writer.save_all();
                // Before the answer: whoever closes may open the file anew at once.
                drop(writer);
                let _ = answer.send(result);
                return;
            }
            None => {}
        }
        writer.save_what_is_due(Instant::now());
    }
}

/// The next job; `None` when it is time to save.
fn next(writer: &Writer, queue: &Receiver<Job>) -> Option<Job> {
    let Some(due) = writer.streams.next_due() else {
        return queue.recv().ok();
    };
    // A timeout, as the queue cannot be disconnected: dropping its sender closes it first.
    queue.recv_timeout(due.saturating_duration_since(Instant::now())).ok()
}
