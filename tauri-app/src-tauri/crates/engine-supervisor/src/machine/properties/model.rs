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
    /// Crashes on a device in use, and the devices that were given up.
    pub(super) device_crashes: Vec<(String, Instant)>,
    pub(super) given_up: Vec<String>,
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

    /// Three within five minutes give a device up; the CPU is never given up.
    pub(super) fn crashed_on(&mut self, device: String, now: Instant) {
        if device == "CPU" || self.given_up.contains(&device) {
            return;
        }
        self.device_crashes.push((device.clone(), now));
        let recent = |(crashed, at): &&(String, Instant)| {
            *crashed == device && now - *at <= Duration::from_secs(300)
        };
        if self.device_crashes.iter().filter(recent).count() >= 3 {
            self.given_up.push(device);
        }
    }

    pub(super) fn trusts_devices(&mut self) {
        self.device_crashes.clear();
        self.given_up.clear();
    }

    /// Whether a load that names this device, or none, may be sent.
    pub(super) fn may_load_on(&self, device: Option<&str>) -> bool {
        match device {
            Some(device) => self.given_up.iter().all(|given_up| given_up != device),
            None => self.given_up.is_empty(),
        }
    }

    pub(super) fn new_life(&mut self) {
        self.ready = None;
        self.finished_one = false;
    }
}
