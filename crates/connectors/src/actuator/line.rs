//! Lines of a connection: bounded in length and time.

use std::io::{self, Read, Write};
use std::time::Instant;

use cordon_act::wire::{LINE_BYTES_MAX, REGISTER_BYTES_MAX, REGISTER_START};

use super::limits::{IDLE, LINE_TIME};

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A whole line, without its end.
    Text(Vec<u8>),
    /// One that is too long. What follows cannot be read any more.
    TooLong,
    /// No more comes: the other side closed, or was silent for too long, or the process is ending.
    End,
}

/// Reads lines. The stream must give up a read from time to time ([`io::ErrorKind::WouldBlock`] or `TimedOut`).
pub(super) struct Lines<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: Read + Write> Lines<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// The next line; none while nothing has come and `ending` says so.
    pub(super) fn next(&mut self, ending: impl Fn() -> bool) -> io::Result<Line> {
        let (mut since, mut searched) = (Instant::now(), 0);
        let mut block = vec![0; 16 * 1024];
        loop {
            if let Some(place) = end_of_line(&self.buffer, searched) {
                let rest = self.buffer.split_off(place + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                return Ok(if line.len() > limit(&line) {
                    Line::TooLong
                } else {
                    Line::Text(line)
                });
            }
            searched = self.buffer.len();
            if self.buffer.len() > limit(&self.buffer) {
                return Ok(Line::TooLong);
            }
            match self.stream.read(&mut block) {
                Ok(0) => return Ok(Line::End),
                Ok(read) => {
                    if self.buffer.is_empty() {
                        since = Instant::now();
                    }
                    self.buffer.extend(block.iter().take(read));
                    // Whoever sends a line byte by byte never pauses.
                    if since.elapsed() > LINE_TIME {
                        return Ok(Line::End);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_pause(&error) => {
                    let longest = if self.buffer.is_empty() { IDLE } else { LINE_TIME };
                    if (self.buffer.is_empty() && ending()) || since.elapsed() > longest {
                        return Ok(Line::End);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.stream.write_all(text)?;
        self.stream.flush()
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn end_of_line(buffer: &[u8], from: usize) -> Option<usize> {
    let found = buffer.get(from..)?.iter().position(|byte| *byte == b'\n')?;
    Some(from + found)
}

/// How long a line with this start may be.
fn limit(start: &[u8]) -> usize {
    let after_id = start.strip_prefix(b"{\"id\":").map(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.get(digits..).unwrap_or_default()
    });
    match after_id {
        Some(rest) if rest.starts_with(REGISTER_START.as_bytes()) => REGISTER_BYTES_MAX,
        _ => LINE_BYTES_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that gives what it has in pieces, then pauses.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let mut piece = self.0.remove(0);
            let fits = piece.len().min(buffer.len());
            buffer[..fits].copy_from_slice(&piece[..fits]);
            let rest = piece.split_off(fits);
            if !rest.is_empty() {
                self.0.insert(0, rest);
            }
            Ok(fits)
        }
    }

    impl Write for Pieces {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            Ok(buffer.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(pieces: &[&[u8]]) -> Lines<Pieces> {
        Lines::new(Pieces(pieces.iter().map(|piece| piece.to_vec()).collect()))
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = lines(&[b"on", b"e\ntwo\nth", b"ree\n"]);
        for wanted in ["one", "two", "three"] {
            assert_eq!(
                lines.next(|| true).unwrap(),
                Line::Text(wanted.as_bytes().to_vec())
            );
        }
        assert_eq!(lines.next(|| true).unwrap(), Line::End);
    }

    #[test]
    fn only_a_line_that_registers_may_be_long() {
        let long = vec![b'x'; LINE_BYTES_MAX + 1];
        assert_eq!(lines(&[&long]).next(|| true).unwrap(), Line::TooLong);
        let start = format!("{{\"id\":1{REGISTER_START}");
        let text = [start.as_bytes(), &long, b"\n"].concat();
        assert!(matches!(lines(&[&text]).next(|| true).unwrap(), Line::Text(_)));
        let longer = vec![b'x'; REGISTER_BYTES_MAX + 1];
        assert_eq!(
            lines(&[start.as_bytes(), &longer]).next(|| true).unwrap(),
            Line::TooLong
        );
    }
}
