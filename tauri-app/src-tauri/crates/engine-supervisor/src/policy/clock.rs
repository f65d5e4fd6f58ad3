//! Whether time went by in which nobody could act: a machine that slept, or a supervisor
//! that was stopped itself. Pure.

use std::time::{Duration, Instant, SystemTime};

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// On Linux it stands still while the machine sleeps; on Windows it does not.
    pub(crate) steady: Instant,
    /// Goes on while the machine sleeps, and may be set.
    pub(crate) wall: SystemTime,
}

/// More than clocks are apart that are kept in step, and than a busy machine keeps a thread
/// waiting. Taking a long wait for a sleep does no harm: deadlines only begin anew.
const UNEXPLAINED: Duration = Duration::from_secs(2);

/// Whether the machine or this program slept between two readings. The second was to be
/// taken at `due`.
pub(crate) fn slept(before: Reading, now: Reading, due: Instant) -> bool {
    let steady = now.steady.saturating_duration_since(before.steady);
    // A wall clock that was set back tells nothing.
    let wall = now.wall.duration_since(before.wall).unwrap_or_default();
    wall > steady + UNEXPLAINED || now.steady > due + UNEXPLAINED
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it slept, if the clocks went on by so many seconds and 5 were waited for.
    fn slept_after(steady: f64, wall: f64) -> bool {
        let before = Reading { steady: Instant::now(), wall: SystemTime::now() };
        let later = |seconds| Duration::from_secs_f64(seconds);
        let now = Reading {
            steady: before.steady + later(steady),
            wall: if wall < 0.0 { before.wall - later(-wall) } else { before.wall + later(wall) },
        };
        slept(before, now, before.steady + Duration::from_secs(5))
    }

    #[test]
    fn clocks_that_go_alike_mean_that_nothing_happened() {
        assert!(!slept_after(5.0, 5.0));
        assert!(!slept_after(0.1, 0.1));
        assert!(!slept_after(6.5, 7.5));
    }

    #[test]
    fn a_wall_clock_that_ran_ahead_means_sleep() {
        assert!(slept_after(5.0, 3605.0));
    }

    #[test]
    fn waking_long_after_the_time_means_sleep_too() {
        assert!(slept_after(3605.0, 3605.0));
    }

    #[test]
    fn a_wall_clock_that_was_set_back_means_nothing() {
        assert!(!slept_after(5.0, -3600.0));
    }
}
