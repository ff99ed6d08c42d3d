//! Flattens one JSON object straight into a record, in one pass and without a tree.
//!
//! The record's text starts with a copy of the object, and every name and value without escapes is a range of it.
//! Control characters inside strings are accepted, as real shippers write them.

use memchr::memchr2;

use super::limits::{MAX_DEPTH, MAX_FIELDS, MAX_GROWTH, MIN_TEXT_BYTES};
use crate::record::{Record, Span, Stored};

/// Names whose nested value is also kept as its own JSON text, because rules search in it as a whole.
const RAW_NAMES: [&str; 4] = [
    "requestParameters",
    "responseElements",
    "targetResources",
    "TargetResources",
];

/// Adds the fields of `object` to `record`, which has no text yet.
///
/// # Errors
/// What is wrong and at which byte, when it is no JSON object or exceeds a limit.
pub(crate) fn flatten(object: &str, record: &mut Record) -> Result<(), String> {
    record.reserve(object.len());
    record.append(object);
    let mut parser = Parser {
        bytes: object.as_bytes(),
        at: 0,
        max_text: object.len().saturating_mul(MAX_GROWTH).max(MIN_TEXT_BYTES),
        record,
    };
    parser.spaces();
    if parser.byte() != Some(b'{') {
        return Err("no JSON object".to_owned());
    }
    parser
        .object(Span::EMPTY, 0)
        .and_then(|()| parser.end())
        .map_err(|what| format!("broken JSON at byte {}: {what}", parser.at))
}

/// How often eight bytes are looked at before the search for long strings starts.
const SHORT_STEPS: usize = 6;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of every byte that is a quote or a backslash; exact up to the first one.
fn quote_or_backslash(eight: u64) -> u64 {
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & HIGHS;
    zero(eight ^ (ONES * b'"' as u64)) | zero(eight ^ (ONES * b'\\' as u64))
}

type Parsed<T> = Result<T, &'static str>;

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    max_text: usize,
    record: &'a mut Record,
}

impl Parser<'_> {
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Parsed<()> {
        self.spaces();
        match self.byte() {
            None => Ok(()),
            Some(_) => Err("more after the object"),
        }
    }

    fn expect(&mut self, byte: u8, otherwise: &'static str) -> Parsed<()> {
        self.spaces();
        if self.byte() != Some(byte) {
            return Err(otherwise);
        }
        self.at += 1;
        Ok(())
    }

    fn object(&mut self, parent: Span, depth: usize) -> Parsed<()> {
        self.at += 1;
        self.spaces();
        if self.byte() == Some(b'}') {
            self.at += 1;
            return self.push(parent, Stored::Null);
        }
        loop {
            self.expect(b'"', "a name in quotes is missing")?;
            let own = self.string()?;
            let name = self.path(parent, own)?;
            self.expect(b':', "a colon is missing")?;
            self.value(name, depth)?;
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, name: Span, depth: usize) -> Parsed<()> {
        self.at += 1;
        self.spaces();
        if self.byte() == Some(b']') {
            self.at += 1;
            return self.push(name, Stored::Null);
        }
        loop {
            self.value(name, depth)?;
            if !self.more(b']')? {
                return Ok(());
            }
        }
    }

    /// Whether a comma follows rather than `close`.
    fn more(&mut self, close: u8) -> Parsed<bool> {
        self.spaces();
        let byte = self.byte();
        self.at += 1;
        match byte {
            Some(b',') => Ok(true),
            Some(byte) if byte == close => Ok(false),
            _ => Err("a comma or a closing bracket is missing"),
        }
    }

    fn path(&mut self, parent: Span, own: Span) -> Parsed<Span> {
        if parent == Span::EMPTY {
            return Ok(own);
        }
        if self.record.buffer().len() > self.max_text {
            return Err("nested names are too long");
        }
        Ok(self.record.append_path(parent, own))
    }

    fn value(&mut self, name: Span, depth: usize) -> Parsed<()> {
        self.spaces();
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                let text = self.string()?;
                self.push(name, Stored::Str(text))
            }
            Some(b'{' | b'[') => self.nested(name, depth + 1),
            Some(b't') => self.word(b"true", name, Stored::Bool(true)),
            Some(b'f') => self.word(b"false", name, Stored::Bool(false)),
            Some(b'n') => self.word(b"null", name, Stored::Null),
            Some(b'-' | b'0'..=b'9') => self.number(name),
            _ => Err("a value is missing"),
        }
    }

    fn nested(&mut self, name: Span, depth: usize) -> Parsed<()> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply");
        }
        let start = self.at;
        if self.byte() == Some(b'{') {
            self.object(name, depth)?;
        } else {
            self.array(name, depth)?;
        }
        if RAW_NAMES.contains(&self.record.slice(name)) {
            self.push(name, Stored::Str(Span::new(start, self.at)))?;
        }
        Ok(())
    }

    fn push(&mut self, name: Span, value: Stored) -> Parsed<()> {
        if self.record.len() >= MAX_FIELDS {
            return Err("too many fields");
        }
        if name != Span::EMPTY {
            self.record.push_span(name, value);
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8], name: Span, value: Stored) -> Parsed<()> {
        if !self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            return Err("a value is missing");
        }
        self.at += word.len();
        self.push(name, value)
    }

    fn number(&mut self, name: Span) -> Parsed<()> {
        let start = self.at;
        let negative = self.byte() == Some(b'-');
        self.at += usize::from(negative);
        let mut whole = Some(0_i64);
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            let digit = i64::from(digit - b'0');
            whole = whole.and_then(|sum| sum.checked_mul(10)?.checked_sub(digit));
            self.at += 1;
        }
        if matches!(self.byte(), Some(b'.' | b'e' | b'E')) {
            return self.fraction(start, name);
        }
        if self.at == start + usize::from(negative) {
            return Err("a digit is missing");
        }
        let whole = if negative {
            whole
        } else {
            whole.and_then(i64::checked_neg)
        };
        // A number that 64 bits cannot hold stays text, digit for digit.
        let value = whole.map_or(Stored::Str(Span::new(start, self.at)), Stored::Int);
        self.push(name, value)
    }

    fn fraction(&mut self, start: usize, name: Span) -> Parsed<()> {
        while let Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-') = self.byte() {
            self.at += 1;
        }
        let number = self.record.slice(Span::new(start, self.at)).parse();
        self.push(name, Stored::Float(number.map_err(|_| "no number")?))
    }

    /// The string that starts here, behind its opening quote; ends behind the closing one.
    fn string(&mut self) -> Parsed<Span> {
        let start = self.at;
        if self.find_end()? == b'"' {
            self.at += 1;
            return Ok(Span::new(start, self.at - 1));
        }
        self.escaped_string(start)
    }

    /// Moves to the next quote or backslash: eight bytes at a time at first, as most strings are short.
    fn find_end(&mut self) -> Parsed<u8> {
        for _ in 0..SHORT_STEPS {
            let Some(eight) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) else {
                break;
            };
            let ends = quote_or_backslash(u64::from_le_bytes(*eight));
            if ends != 0 {
                self.at += ends.trailing_zeros() as usize / 8;
                return self.byte().ok_or("a string does not end");
            }
            self.at += 8;
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr2(b'"', b'\\', rest).ok_or("a string does not end")?;
        self.byte().ok_or("a string does not end")
    }

    fn escaped_string(&mut self, mut from: usize) -> Parsed<Span> {
        let start = self.record.buffer().len();
        loop {
            self.copy(from);
            if self.byte() == Some(b'"') {
                self.at += 1;
                return Ok(Span::new(start, self.record.buffer().len()));
            }
            self.at += 1;
            let escaped = self.escape()?;
            self.record.buffer().push(escaped);
            from = self.at;
            self.find_end()?;
        }
    }

    /// Appends the source from `from` up to here.
    fn copy(&mut self, from: usize) {
        self.record.buffer().extend_from_within(from..self.at);
    }

    fn escape(&mut self) -> Parsed<char> {
        let byte = self.byte().ok_or("a string does not end")?;
        self.at += 1;
        Ok(match byte {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => self.unicode()?,
            b'"' | b'\\' | b'/' => char::from(byte),
            _ => return Err("no such escape"),
        })
    }

    /// A `\u` escape, with its second half; a half alone becomes the replacement character.
    fn unicode(&mut self) -> Parsed<char> {
        let first = self.hex()?;
        if let Some(own) = char::from_u32(first) {
            return Ok(own);
        }
        let follows = self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(b"\\u"));
        if first >= 0xDC00 || !follows {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let before = self.at;
        self.at += 2;
        let second = self.hex()?;
        if !(0xDC00..0xE000).contains(&second) {
            self.at = before;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let both = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Parsed<u32> {
        let digits = self
            .bytes
            .get(self.at..self.at + 4)
            .ok_or("a string does not end")?;
        self.at += 4;
        digits.iter().try_fold(0, |sum, digit| {
            let value = char::from(*digit).to_digit(16).ok_or("no hexadecimal digit")?;
            Ok(sum << 4 | value)
        })
    }
}
