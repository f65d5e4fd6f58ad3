//! When an engine that lives counts as hung. Pure: time is passed in.

use std::time::{Duration, Instant};

use crate::cause::Hang;
use crate::settings::Policy;

/// What has to go on, and since when it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    hang: Hang,
    since: Instant,
}

impl Patience {
    /// From `now` on, `hang` is what it would be if nothing happened.
    pub(crate) fn new(hang: Hang, now: Instant) -> Self {
        Self { hang, since: now }
    }

    /// Something happened. Being told to stop is not undone by anything but the answer.
    pub(crate) fn moved(&mut self, hang: Hang, now: Instant) {
        if self.hang != Hang::Cancel {
            *self = Self::new(hang, now);
        }
    }

    /// Begins anew at `now`.
    pub(crate) fn renew(&mut self, now: Instant) {
        self.since = now;
    }

    pub(crate) fn ends(&self, policy: &Policy) -> Instant {
        self.since + limit(self.hang, policy)
    }

    /// What hangs, if the patience is over.
    pub(crate) fn over(&self, now: Instant, policy: &Policy) -> Option<Hang> {
        (now >= self.ends(policy)).then_some(self.hang)
    }
}

fn limit(hang: Hang, policy: &Policy) -> Duration {
    match hang {
        Hang::Start => policy.start_limit,
        Hang::Load => policy.load_limit,
        Hang::Prompt => policy.prompt_limit,
        Hang::Token => policy.token_limit,
        Hang::Cancel => policy.cancel_limit,
        Hang::Answer => policy.answer_limit,
        Hang::Ping => policy.ping_interval * policy.ping_misses,
    }
}

/// What is to be done about pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    Wait,
    Send,
    Hung,
}

/// The pings of one life.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pings {
    due: Instant,
    unanswered: Vec<i64>,
}

impl Pings {
    /// The first one is due an interval after `now`.
    pub(crate) fn new(now: Instant, policy: &Policy) -> Self {
        Self { due: now + policy.ping_interval, unanswered: Vec::new() }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Called with the time; a ping that is still unanswered when the next is due is a miss.
    pub(crate) fn beat(&self, now: Instant, policy: &Policy) -> Beat {
        if now < self.due {
            Beat::Wait
        } else if self.unanswered.len() >= policy.ping_misses as usize {
            Beat::Hung
        } else {
            Beat::Send
        }
    }

    pub(crate) fn sent(&mut self, id: i64, now: Instant, policy: &Policy) {
        self.unanswered.push(id);
        self.due = now + policy.ping_interval;
    }

    /// True if `id` is the name of a ping. Its answer, late or not, proves that the engine
    /// reads and writes.
    pub(crate) fn answered(&mut self, id: i64) -> bool {
        let known = self.unanswered.contains(&id);
        if known {
            self.unanswered.retain(|sent| *sent > id);
        }
        known
    }

    /// Misses so far do not count: nobody was awake to answer or to listen.
    pub(crate) fn renew(&mut self, now: Instant, policy: &Policy) {
        *self = Self::new(now, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn each_wait_has_its_limit() {
        let (start, policy) = (Instant::now(), Policy::default());
        let cases = [
            (Hang::Start, 30),
            (Hang::Load, 60),
            (Hang::Prompt, 60),
            (Hang::Token, 30),
            (Hang::Cancel, 30),
            (Hang::Answer, 60),
        ];
        for (hang, seconds) in cases {
            let patience = Patience::new(hang, start);
            assert_eq!(patience.over(after(start, seconds - 1), &policy), None, "{hang:?}");
            assert_eq!(patience.over(after(start, seconds), &policy), Some(hang));
        }
    }

    #[test]
    fn whatever_moves_begins_a_new_wait_but_for_what_was_told_to_stop() {
        let (start, policy) = (Instant::now(), Policy::default());
        let mut patience = Patience::new(Hang::Prompt, start);
        patience.moved(Hang::Token, after(start, 10));
        assert_eq!(patience.over(after(start, 39), &policy), None);
        assert_eq!(patience.over(after(start, 40), &policy), Some(Hang::Token));

        let mut patience = Patience::new(Hang::Cancel, start);
        patience.moved(Hang::Token, after(start, 29));
        assert_eq!(patience.over(after(start, 30), &policy), Some(Hang::Cancel));
    }

    #[test]
    fn three_unanswered_pings_in_a_row_are_a_hang() {
        let (start, policy) = (Instant::now(), Policy::default());
        let mut pings = Pings::new(start, &policy);
        assert_eq!(pings.beat(after(start, 4), &policy), Beat::Wait);
        for ping in 1..=3 {
            let now = after(start, 5 * ping);
            assert_eq!(pings.beat(now, &policy), Beat::Send);
            pings.sent(i64::try_from(ping).unwrap(), now, &policy);
        }
        assert_eq!(pings.beat(after(start, 19), &policy), Beat::Wait);
        assert_eq!(pings.beat(after(start, 20), &policy), Beat::Hung);
    }

    #[test]
    fn an_answer_makes_good_for_itself_and_those_before() {
        let (start, policy) = (Instant::now(), Policy::default());
        let mut pings = Pings::new(start, &policy);
        (1..=3).for_each(|id| pings.sent(id, start, &policy));
        assert!(pings.answered(2));
        assert!(!pings.answered(2));
        assert_eq!(pings.beat(after(start, 5), &policy), Beat::Send);
        assert_eq!(pings.unanswered, [3]);
    }
}
