//! The last lines of a log, within so many bytes.

use std::collections::VecDeque;

/// Forgets the oldest lines when there is no room.
#[derive(Debug)]
pub(super) struct Ring {
    lines: VecDeque<String>,
    bytes: usize,
    capacity: usize,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, capacity }
    }

    /// A line counts with its line feed, so that empty ones do not fill the memory.
    pub(super) fn push(&mut self, line: String) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line);
        while self.bytes > self.capacity {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.len() + 1;
        }
    }

    /// The last lines, oldest first, at most `count`.
    pub(super) fn last(&self, count: usize) -> Vec<String> {
        self.lines.iter().skip(self.lines.len().saturating_sub(count)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_older_ones_forgotten() {
        let mut ring = Ring::new(12);
        ["one", "two", "three", "four"].iter().for_each(|line| ring.push((*line).into()));
        assert_eq!(ring.last(9), ["three", "four"]);
        assert_eq!(ring.last(1), ["four"]);
    }

    #[test]
    fn a_flood_of_empty_lines_costs_bounded_memory() {
        let mut ring = Ring::new(100);
        (0..10_000).for_each(|_| ring.push(String::new()));
        assert_eq!(ring.lines.len(), 100);
    }

    #[test]
    fn a_line_that_fills_it_is_let_go() {
        let mut ring = Ring::new(4);
        ring.push("longer".into());
        assert_eq!((ring.last(9).len(), ring.bytes), (0, 0));
    }
}
