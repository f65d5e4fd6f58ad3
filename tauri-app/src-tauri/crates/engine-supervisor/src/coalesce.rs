//! Joins small pieces of text into few messages of bounded size. Pure: time is passed in.

use std::time::{Duration, Instant};

/// Two frames of a 60 Hz display: text that comes faster than this is joined.
pub const COALESCE_INTERVAL: Duration = Duration::from_millis(33);

/// The longest text of one message, in bytes of its JSON form.
pub const MAX_CHUNK_BYTES: usize = 4_096;

/// Collects text and says when and in which pieces to pass it on.
#[derive(Debug, Default)]
pub struct Coalescer {
    buffer: String,
    last_taken: Option<Instant>,
}

impl Coalescer {
    /// Adds text that came from the engine.
    pub fn push(&mut self, text: &str) {
        self.buffer.push_str(text);
    }

    /// When the text that is waiting is due. `None` when none is waiting.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<Instant> {
        if self.buffer.is_empty() {
            return None;
        }
        match self.last_taken {
            Some(last) if json_bytes(&self.buffer) < MAX_CHUNK_BYTES => {
                Some(last + COALESCE_INTERVAL)
            }
            _ => Some(now),
        }
    }

    /// The next piece, if any text is waiting. Call again until `None`.
    pub fn take(&mut self, now: Instant) -> Option<String> {
        if self.buffer.is_empty() {
            return None;
        }
        self.last_taken = Some(now);
        let rest = self.buffer.split_off(chunk_end(&self.buffer));
        Some(std::mem::replace(&mut self.buffer, rest))
    }
}

/// Where to cut `text` so that the first part is at most [`MAX_CHUNK_BYTES`] in JSON.
fn chunk_end(text: &str) -> usize {
    let mut bytes = 0;
    for (index, character) in text.char_indices() {
        bytes += json_bytes_of(character);
        if bytes > MAX_CHUNK_BYTES {
            return index;
        }
    }
    text.len()
}

fn json_bytes(text: &str) -> usize {
    text.chars().map(json_bytes_of).sum()
}

/// Length of a character in a JSON string as serde_json writes it.
fn json_bytes_of(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_pieces(text: &str) -> Vec<String> {
        let mut coalescer = Coalescer::default();
        coalescer.push(text);
        std::iter::from_fn(|| coalescer.take(Instant::now())).collect()
    }

    #[test]
    fn the_first_text_is_due_at_once_and_the_next_one_a_frame_later() {
        let start = Instant::now();
        let mut coalescer = Coalescer::default();
        assert_eq!(coalescer.due(start), None);
        coalescer.push("Once");
        assert_eq!(coalescer.due(start), Some(start));
        assert_eq!(coalescer.take(start).as_deref(), Some("Once"));
        coalescer.push(" upon");
        coalescer.push(" a");
        assert_eq!(coalescer.due(start), Some(start + COALESCE_INTERVAL));
        assert_eq!(coalescer.take(start + COALESCE_INTERVAL).as_deref(), Some(" upon a"));
        assert_eq!(coalescer.due(start), None);
    }

    #[test]
    fn a_full_buffer_is_due_at_once() {
        let start = Instant::now();
        let mut coalescer = Coalescer::default();
        coalescer.push("a");
        coalescer.take(start);
        coalescer.push(&"b".repeat(MAX_CHUNK_BYTES));
        assert_eq!(coalescer.due(start), Some(start));
    }

    #[test]
    fn no_piece_is_larger_than_allowed_in_json_and_no_text_is_lost() {
        for unit in ["a", "é", "漢", "🦉", "\"", "\u{1}", "a\n\u{1}🦉"] {
            let text = unit.repeat(3 * MAX_CHUNK_BYTES / unit.len());
            let pieces = all_pieces(&text);
            assert_eq!(pieces.concat(), text);
            for piece in pieces {
                let json = serde_json::to_string(&piece).unwrap();
                assert!(json.len() - 2 <= MAX_CHUNK_BYTES, "{unit:?}: {} bytes", json.len());
            }
        }
    }

    #[test]
    fn the_length_in_json_is_counted_as_serde_json_writes_it() {
        for code in (0..0x3000).filter_map(char::from_u32) {
            let json = serde_json::to_string(&code.to_string()).unwrap();
            assert_eq!(json_bytes_of(code), json.len() - 2, "U+{:04X}", u32::from(code));
        }
    }
}
