//! Lines of bounded length from a pipe. Of one that is too long only the beginning is kept.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// What [`Lines::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A whole line without its line feed.
    Whole(Vec<u8>),
    /// The beginning of a line that is longer than allowed; the rest is gone.
    TooLong(Vec<u8>),
}

/// Reads a pipe line by line.
pub(crate) struct Lines<R> {
    pipe: R,
    longest: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Lines of at most `longest` bytes.
    pub(crate) fn new(pipe: R, longest: usize) -> Self {
        Self { pipe, longest }
    }

    /// The next line; `None` at the end of the pipe. Half a line at the end is dropped.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let chunk = self.pipe.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            let room = self.longest - line.len();
            too_long |= piece.len() > room;
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = piece.len() + usize::from(end.is_some());
            self.pipe.consume(used);
            if end.is_some() {
                return Ok(Some(if too_long { Line::TooLong(line) } else { Line::Whole(line) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8]) -> Vec<Line> {
        // A buffer smaller than a line makes the reader join pieces.
        let mut lines = Lines::new(tokio::io::BufReader::with_capacity(3, bytes), 8);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        found
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn lines_come_whole_however_the_pipe_cuts_them() {
        assert_eq!(all(b"one\n\nthree33\n").await, [whole("one"), whole(""), whole("three33")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_cut_and_the_next_one_read() {
        let cut = Line::TooLong(b"12345678".to_vec());
        assert_eq!(all(b"123456789abc\nafter\n").await, [cut, whole("after")]);
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_is_dropped() {
        assert_eq!(all(b"one\ntw").await, [whole("one")]);
    }
}
