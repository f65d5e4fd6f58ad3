//! A row of the table.

use std::future::Future;

use crate::common::LIMIT;

/// A fault, what must come of it, and how that is found out.
pub(crate) struct Row {
    /// What the engine, or the world, does.
    pub(crate) fault: &'static str,
    /// What must come of it, for a person to read.
    pub(crate) must: String,
    /// Plays it. Returns what was seen; panics when that is not what must be.
    pub(crate) check: Box<dyn FnOnce() -> String + Send>,
}

impl Row {
    /// A row that is played by `check`.
    pub(crate) fn new<F>(fault: &'static str, must: &str, check: fn() -> F) -> Self
    where
        F: Future<Output = String> + 'static,
    {
        Self { fault, must: must.into(), check: Box::new(move || play(check())) }
    }
}

/// Runs it to its end, on this thread, within the limit.
pub(crate) fn play<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("it took too long"))
    })
}
