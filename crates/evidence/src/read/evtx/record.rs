//! Runs compiled templates over the values of one record after another.

use std::rc::Rc;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::Raw;
use super::bytes::{Broken, Cursor};
use super::program::{FRAGMENT, INSTANCE, Name, Part, Place, Step, compile, settled};
use super::values::{self, BINARY_XML, Typed};
use crate::read::clock::Clock;
use crate::read::dialect::settle_values;
use crate::read::instant::{self, Instant};
use crate::read::limits::{MAX_CHUNK_WORK, MAX_DEPTH, MAX_FIELDS, MAX_ITEM_BYTES};
use crate::record::{Dialect, Record, Span};

/// Decodes the records of one chunk; templates are compiled once.
pub(super) struct Decoder<'a> {
    chunk: &'a [u8],
    programs: FxHashMap<(usize, Place), Rc<[Step]>>,
    values: Vec<Typed>,
    time: Option<Timestamp>,
    /// Work that may still be done for this chunk, in bytes looked at.
    budget: usize,
}

/// What running one step counts as.
const STEP_COST: usize = 16;

const TEMPLATE_HEADER_BYTES: usize = 24;

impl<'a> Decoder<'a> {
    pub(super) fn new(chunk: &'a [u8]) -> Self {
        Self {
            chunk,
            programs: FxHashMap::default(),
            values: Vec::new(),
            time: None,
            budget: MAX_CHUNK_WORK,
        }
    }

    /// Templates can place a value many times and nest; hostile ones must not cost more than their bytes.
    fn spend(&mut self, cost: usize) -> Result<(), Broken> {
        self.budget = self
            .budget
            .checked_sub(cost)
            .ok_or("its chunk is too much work")?;
        Ok(())
    }

    pub(super) fn decode(&mut self, raw: &Raw, record: &mut Record, clock: &Clock) -> Result<(), String> {
        record.dialect = Dialect::Windows;
        record.reserve(raw.end.saturating_sub(raw.start));
        self.values.clear();
        self.time = None;
        self.stream(
            Cursor::new(self.chunk, raw.start, raw.end),
            &Place::Event,
            record,
            0,
        )
        .map_err(|what| format!("broken binary XML: {what}"))?;
        settle_values(record);
        if record.is_empty() {
            return Err("a record without content".to_owned());
        }
        let written = values::file_time(raw.written).filter(|_| raw.written > 0);
        let own = self.time.or(written);
        // A forwarded event is written when it is received; a time before the event's own is none of receipt.
        let received = written.filter(|written| Some(*written) >= own);
        if clock.set(record, own.map(Instant::Exact), received) {
            Ok(())
        } else {
            Err("a time that does not exist".to_owned())
        }
    }

    /// A stream of binary XML that is no template.
    fn stream(
        &mut self,
        mut cursor: Cursor<'a>,
        place: &Place,
        record: &mut Record,
        depth: usize,
    ) -> Result<(), Broken> {
        let start = cursor;
        let mut token = cursor.u8()?;
        while token == FRAGMENT {
            cursor.take(3)?;
            token = cursor.u8()?;
        }
        if token == INSTANCE {
            return self.instance(cursor, place, record, depth);
        }
        self.spend(start.end.saturating_sub(start.at))?;
        let steps = compile(start, place, false)?;
        self.run(&steps, (0, 0), cursor.end, record, depth)
    }

    /// A template's number, where it is defined, and its values.
    fn instance(
        &mut self,
        mut cursor: Cursor<'a>,
        place: &Place,
        record: &mut Record,
        depth: usize,
    ) -> Result<(), Broken> {
        cursor.take(5)?;
        let offset = cursor.u32()? as usize;
        if offset == cursor.at {
            cursor.take(TEMPLATE_HEADER_BYTES - 4)?;
            let size = cursor.u32()? as usize;
            cursor.take(size)?;
        }
        let steps = self.program(offset, place)?;
        let first = self.values.len();
        self.read_values(&mut cursor)?;
        let last = self.values.len();
        let result = self.run(&steps, (first, last), cursor.end, record, depth);
        self.values.truncate(first);
        result
    }

    fn read_values(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Broken> {
        let count = cursor.u32()? as usize;
        let mut descriptors = *cursor;
        cursor.take(count.checked_mul(4).ok_or("a size overflows")?)?;
        for _ in 0..count {
            let size = usize::from(descriptors.u16()?);
            let kind = descriptors.u8()?;
            descriptors.u8()?;
            let start = cursor.at;
            cursor.take(size)?;
            self.values.push(Typed {
                kind,
                start,
                end: cursor.at,
            });
        }
        Ok(())
    }

    fn program(&mut self, offset: usize, place: &Place) -> Result<Rc<[Step]>, Broken> {
        let key = (offset, place.clone());
        if let Some(steps) = self.programs.get(&key) {
            return Ok(Rc::clone(steps));
        }
        let mut cursor = Cursor::new(self.chunk, offset, self.chunk.len());
        cursor.take(TEMPLATE_HEADER_BYTES - 4)?;
        let size = cursor.u32()? as usize;
        self.spend(size)?;
        let body = Cursor::new(self.chunk, cursor.at, cursor.at.saturating_add(size));
        let steps: Rc<[Step]> = compile(body, place, true)?.into();
        self.programs.insert(key, Rc::clone(&steps));
        Ok(steps)
    }

    /// Every level of nesting comes through here: a template that holds itself would go on for ever.
    fn run(
        &mut self,
        steps: &[Step],
        values: (usize, usize),
        end: usize,
        record: &mut Record,
        depth: usize,
    ) -> Result<(), Broken> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply");
        }
        for step in steps {
            self.spend(STEP_COST)?;
            if record.len() > MAX_FIELDS || record.buffer().len() > MAX_ITEM_BYTES {
                return Err("too much content");
            }
            match step {
                Step::Field { name, parts } => self.field(name, parts, values, record),
                Step::Content {
                    place,
                    index,
                    name,
                    section,
                } => {
                    let value = self.value(*index, values);
                    let empty = value.is_none_or(|value| value.start == value.end);
                    if let Some(value) = value.filter(|value| value.kind == BINARY_XML && !empty) {
                        let inner = Cursor::new(self.chunk, value.start, value.end);
                        self.stream(inner, place, record, depth + 1)?;
                    } else if !(empty && *section) {
                        self.single(name, value, values, record);
                    }
                }
                Step::Instance { place, offset } => {
                    let inner = Cursor::new(self.chunk, *offset, end);
                    self.instance(inner, place, record, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn value(&self, index: usize, (first, last): (usize, usize)) -> Option<Typed> {
        self.values.get(first..last)?.get(index).copied()
    }

    fn bytes(&self, value: Typed) -> &'a [u8] {
        self.chunk.get(value.start..value.end).unwrap_or_default()
    }

    fn field(&mut self, name: &Name, parts: &[Part], values: (usize, usize), record: &mut Record) {
        if let [Part::Value(index)] = parts {
            let value = self.value(*index, values);
            return self.single(name, value, values, record);
        }
        let text = self.joined(parts, values, record);
        if *name == Name::Time {
            self.time = instant::parse(record.slice(text)).and_then(Instant::utc);
        }
        let Some(name) = self.name(name, values, record) else {
            return;
        };
        record.push_span(name, crate::record::Stored::Str(text));
    }

    /// A field that is one value.
    fn single(&mut self, name: &Name, value: Option<Typed>, values: (usize, usize), record: &mut Record) {
        let (kind, bytes) = value.map_or((0, &[][..]), |value| (value.kind, self.bytes(value)));
        if *name == Name::Time {
            self.time = values::time_in(kind, bytes);
            return;
        }
        if let Some(name) = self.name(name, values, record) {
            values::push(record, name, kind, bytes);
        }
    }

    fn name(&self, name: &Name, values: (usize, usize), record: &mut Record) -> Option<Span> {
        match name {
            Name::Known(name) => Some(record.append(name)),
            Name::Made(parts, place) => {
                let made = self.joined(parts, values, record);
                let settled = settled(record.slice(made), place);
                Some(settled.map_or(made, |name| record.append(&name)))
            }
            Name::Time => None,
        }
    }

    fn joined(&self, parts: &[Part], values: (usize, usize), record: &mut Record) -> Span {
        let start = record.buffer().len();
        for part in parts {
            match part {
                Part::Text(text) => record.buffer().push_str(text),
                Part::Value(index) => {
                    if let Some(value) = self.value(*index, values) {
                        // Writing to a string cannot fail.
                        let _ = values::write_text(record.buffer(), value.kind & 0x7f, self.bytes(value));
                    }
                }
            }
        }
        Span::new(start, record.buffer().len())
    }
}
