//! Requests that were at work when the engine died: one of them may be why. Pure.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::methods::GenerateParams;

/// Requests remembered; who asks for more different ones meanwhile is not repeating any.
const REMEMBERED: usize = 16;

/// Tells requests apart by all that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// Of a request as it is sent, without its id.
    pub(crate) fn of(params: &GenerateParams) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(params).unwrap_or_default().hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// How often which request was at work at a death.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    counts: VecDeque<(Fingerprint, u32)>,
}

impl Repeats {
    pub(crate) fn crashed(&mut self, request: Fingerprint) {
        let count = self.count(request) + 1;
        self.finished(request);
        if self.counts.len() == REMEMBERED {
            self.counts.pop_front();
        }
        self.counts.push_back((request, count));
    }

    /// It was answered: it does no harm.
    pub(crate) fn finished(&mut self, request: Fingerprint) {
        self.counts.retain(|(known, _)| *known != request);
    }

    pub(crate) fn count(&self, request: Fingerprint) -> u32 {
        let known = self.counts.iter().find(|(known, _)| *known == request);
        known.map_or(0, |(_, count)| *count)
    }

    pub(crate) fn forget(&mut self) {
        self.counts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::Input;

    fn request(text: &str) -> Fingerprint {
        Fingerprint::of(&GenerateParams::new(Input::Prompt(text.into())))
    }

    #[test]
    fn the_same_request_is_recognised_and_another_is_not() {
        let mut repeats = Repeats::default();
        repeats.crashed(request("a"));
        repeats.crashed(request("b"));
        repeats.crashed(request("a"));
        assert_eq!([request("a"), request("b"), request("c")].map(|r| repeats.count(r)), [2, 1, 0]);
    }

    #[test]
    fn an_answer_clears_its_request() {
        let mut repeats = Repeats::default();
        repeats.crashed(request("a"));
        repeats.finished(request("a"));
        assert_eq!(repeats.count(request("a")), 0);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut repeats = Repeats::default();
        (0..100).for_each(|number| repeats.crashed(request(&number.to_string())));
        assert_eq!(repeats.counts.len(), REMEMBERED);
        assert_eq!(repeats.count(request("99")), 1);
    }
}
