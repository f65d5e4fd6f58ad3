//! Remembers why the engine ended lately, for those who look for a defect.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use engine_supervisor::Snapshot;
use tokio::sync::watch;

use crate::logging;
use crate::shorten::shorten;

/// As many as help; the log has more.
const MOST: usize = 20;

/// The latest causes, oldest first, each with its time.
#[derive(Debug, Default)]
pub(crate) struct Causes(Mutex<VecDeque<String>>);

impl Causes {
    /// Remembers every death and every problem that `snapshots` tells of, until it ends.
    pub(crate) async fn follow(&self, mut snapshots: watch::Receiver<Snapshot>) {
        let mut before = Snapshot::default();
        while snapshots.changed().await.is_ok() {
            let now = snapshots.borrow_and_update().clone();
            news(&before, &now).into_iter().for_each(|text| self.add(&text));
            before = now;
        }
    }

    pub(crate) fn latest(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn add(&self, text: &str) {
        log::warn!("{text}");
        let mut causes = self.lock();
        if causes.len() == MOST {
            causes.pop_front();
        }
        causes.push_back(format!("{} {}", logging::now(), shorten(text)));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `now` tells that `before` did not.
fn news(before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut news = Vec::new();
    if let Some(death) =
        now.last_death.as_ref().filter(|death| before.last_death.as_ref() != Some(death))
    {
        news.push(format!("the engine ended: {death}"));
    }
    if let Some(problem) =
        now.problem.as_ref().filter(|problem| before.problem.as_ref() != Some(problem))
    {
        news.push(problem.to_string());
    }
    news
}
