//! What decoding one file needs to know, the same for all of its blocks.

use std::borrow::Cow;

use super::clock::Clock;
use super::csv::Columns;
use super::report::Format;
use super::zeek::Header;
use super::{csv, dialect, json, syslog, zeek};
use crate::record::{FileId, Record};

/// Shared by all blocks of one file.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) file: FileId,
    pub(crate) format: Format,
    pub(crate) clock: Clock,
    /// For CSV: which column is which field.
    pub(crate) columns: Option<Columns>,
}

impl Context {
    pub(crate) fn is_evtx(&self) -> bool {
        self.format == Format::Evtx
    }

    /// Decodes one line or document into an empty record.
    pub(crate) fn decode_item(
        &self,
        bytes: &[u8],
        header: Option<&Header>,
        record: &mut Record,
        repaired: &mut bool,
    ) -> Result<(), String> {
        let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        *repaired = matches!(text, Cow::Owned(_));
        match (self.format, header, &self.columns) {
            (Format::ZeekTsv, Some(header), _) => zeek::decode(&text, header, record, &self.clock),
            (Format::ZeekTsv, None, _) => Err("no #fields line before it".to_owned()),
            (Format::Csv, _, Some(columns)) => csv::decode(&text, columns, record, &self.clock),
            (Format::Syslog, ..) => syslog::decode(&text, record, &self.clock),
            _ => {
                json::flatten(&text, record)?;
                dialect::normalise(record, &self.clock)
            }
        }
    }
}
