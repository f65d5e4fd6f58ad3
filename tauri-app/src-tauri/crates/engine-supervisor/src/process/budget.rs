//! So many lines of another program's output get into our log, and no more. Pure.

use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// A number of lines for each second.
#[derive(Debug)]
pub(super) struct Budget {
    per_second: u32,
    left: u32,
    since: Instant,
    refused: u64,
}

impl Budget {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second, left: per_second, since: now, refused: 0 }
    }

    /// Whether one more line may be logged.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= SECOND {
            self.since = now;
            self.left = self.per_second;
        }
        let allowed = self.left > 0;
        if allowed {
            self.left -= 1;
        } else {
            self.refused += 1;
        }
        allowed
    }

    /// Logs how many lines were left out before the one that was just allowed.
    pub(super) fn report(&mut self) {
        if self.refused > 0 {
            log::warn!("{} more lines of the engine were left out before this", self.refused);
            self.refused = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_thinned_out_and_counted() {
        let start = Instant::now();
        let mut budget = Budget::new(3, start);
        let allowed = (0..10).filter(|_| budget.allows(start)).count();
        assert_eq!((allowed, budget.refused), (3, 7));
        assert!(budget.allows(start + SECOND));
        budget.report();
        assert_eq!(budget.refused, 0);
    }
}
