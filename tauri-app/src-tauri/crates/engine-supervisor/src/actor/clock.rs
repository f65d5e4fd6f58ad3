//! The time, and waiting for it.

use std::time::{Duration, Instant, SystemTime};

use crate::policy::clock::{Reading, slept};

/// How long nothing may be waited for. Nothing depends on it.
const LONG: Duration = Duration::from_secs(3600);

pub(super) struct Clock {
    before: Reading,
    due: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        let before = read();
        Self { before, due: before.steady }
    }
}

/// Through tokio, whose time tests can stop.
fn read() -> Reading {
    Reading { steady: tokio::time::Instant::now().into_std(), wall: SystemTime::now() }
}

impl Clock {
    #[allow(clippy::unused_self, reason = "the time is asked of the clock")]
    pub(super) fn now(&self) -> Instant {
        read().steady
    }

    /// From now on, until `due`.
    pub(super) fn wait_until(&mut self, due: Option<Instant>) {
        self.before = read();
        self.due = due.unwrap_or(self.before.steady + LONG);
    }

    pub(super) async fn wait(&self) {
        tokio::time::sleep_until(self.due.into()).await;
    }

    /// Whether the machine or this program slept since it was last asked to wait.
    pub(super) fn slept(&mut self) -> bool {
        let now = read();
        let slept = slept(self.before, now, self.due);
        self.before = now;
        self.due = self.due.max(now.steady);
        slept
    }
}
