//! When an engine that crashed is started again, and when it is given up. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::settings::Policy;

/// What is to be done after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Restart { attempt: u32, after: Duration },
    GiveUp { crashes: u32 },
}

/// What is known of the life that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// When it had started up.
    pub(crate) ready: Option<Instant>,
    /// It answered a request for a reply.
    pub(crate) finished_one: bool,
}

/// Remembers the crashes that count.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    crashes: VecDeque<Instant>,
}

impl Restarts {
    /// A life ended at `now`. `roll` is a random number from −1 to 1.
    pub(crate) fn crashed(
        &mut self,
        now: Instant,
        health: Health,
        roll: f64,
        policy: &Policy,
    ) -> Verdict {
        if was_healthy(now, health, policy) {
            self.forget();
        }
        self.crashes.push_back(now);
        self.crashes.retain(|crash| now.duration_since(*crash) <= policy.crash_window);
        let crashes = self.crashes.len();
        let attempt = u32::try_from(crashes).unwrap_or(u32::MAX);
        match policy.delays.get(crashes - 1) {
            Some(delay) => {
                Verdict::Restart { attempt, after: delay.mul_f64(1.0 + policy.jitter * roll) }
            }
            None => Verdict::GiveUp { crashes: attempt },
        }
    }

    pub(crate) fn forget(&mut self) {
        self.crashes.clear();
    }
}

fn was_healthy(now: Instant, health: Health, policy: &Policy) -> bool {
    health.finished_one
        && health.ready.is_some_and(|ready| now.duration_since(ready) >= policy.health)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SICK: Health = Health { ready: None, finished_one: false };

    fn seconds(number: f64) -> Duration {
        Duration::from_secs_f64(number)
    }

    fn verdicts(gap: Duration, count: u32) -> Vec<Verdict> {
        let (mut restarts, start) = (Restarts::default(), Instant::now());
        let policy = Policy::default();
        (0..count).map(|n| restarts.crashed(start + gap * n, SICK, 0.0, &policy)).collect()
    }

    #[test]
    fn at_once_then_later_and_later_and_given_up_at_the_fifth_crash() {
        let restart = |attempt, after| Verdict::Restart { attempt, after: seconds(after) };
        let expected = [
            restart(1, 0.0),
            restart(2, 0.25),
            restart(3, 0.5),
            restart(4, 1.0),
            Verdict::GiveUp { crashes: 5 },
        ];
        assert_eq!(verdicts(seconds(1.0), 5), expected);
        // Three minutes from the first to the fifth still count.
        assert_eq!(verdicts(seconds(45.0), 5), expected);
    }

    #[test]
    fn crashes_that_are_far_apart_are_not_added_up() {
        let given_up = |verdict: &Verdict| matches!(verdict, Verdict::GiveUp { .. });
        assert!(!verdicts(seconds(45.1), 100).iter().any(given_up));
    }

    #[test]
    fn a_delay_varies_by_a_fifth_at_most() {
        for (roll, expected) in [(-1.0, 0.2), (0.0, 0.25), (1.0, 0.3)] {
            let (mut restarts, now) = (Restarts::default(), Instant::now());
            let policy = Policy::default();
            restarts.crashed(now, SICK, roll, &policy);
            let verdict = restarts.crashed(now, SICK, roll, &policy);
            let Verdict::Restart { after, .. } = verdict else { panic!("{verdict:?}") };
            assert!((after.as_secs_f64() - expected).abs() < 1e-9, "{after:?}");
        }
    }

    #[test]
    fn health_and_a_finished_request_together_wipe_the_slate() {
        let now = Instant::now();
        let health = |seconds, finished_one| Health {
            ready: now.checked_sub(Duration::from_secs(seconds)),
            finished_one,
        };
        for (life, forgotten) in
            [(health(60, true), true), (health(59, true), false), (health(600, false), false)]
        {
            let (mut restarts, policy) = (Restarts::default(), Policy::default());
            let before = now.checked_sub(seconds(61.0)).unwrap();
            restarts.crashed(before, SICK, 0.0, &policy);
            let verdict = restarts.crashed(now, life, 0.0, &policy);
            let first = matches!(verdict, Verdict::Restart { attempt: 1, .. });
            assert_eq!(first, forgotten, "{life:?}");
        }
    }
}
