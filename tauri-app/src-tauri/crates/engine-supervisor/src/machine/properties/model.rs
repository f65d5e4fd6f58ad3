//! What is promised about restarts, in its simplest form.

use std::time::{Duration, Instant};

/// What counts for the next crash.
#[derive(Default)]
pub(super) struct Model {
    /// Crashes that count, oldest first.
    pub(super) crashes: Vec<Instant>,
    pub(super) ready: Option<Instant>,
    pub(super) finished_one: bool,
    pub(super) failed: bool,
    pub(super) ended: bool,
}

impl Model {
    /// The range in which the restart after a crash lies; `None` when there is none.
    pub(super) fn crashed(&mut self, now: Instant) -> Option<(Duration, Duration)> {
        let healthy = self.finished_one
            && self.ready.is_some_and(|ready| now - ready >= Duration::from_secs(60));
        if healthy {
            self.crashes.clear();
        }
        self.crashes.push(now);
        let recent = |crash: &Instant| now - *crash <= Duration::from_secs(180);
        self.crashes.retain(recent);
        let delay = *[0, 250, 500, 1000].get(self.crashes.len() - 1)?;
        let share = |percent| Duration::from_millis(delay) * percent / 100;
        Some((share(80), share(120)))
    }

    pub(super) fn new_life(&mut self) {
        self.ready = None;
        self.finished_one = false;
    }
}
