//! What the targets share: reading bytes to the end, whatever they are.

use std::io::Cursor;

use cordon_evidence::read::{CsvMap, Input, LocalTime, Options, RecordStream, Source};
use cordon_evidence::record::FileId;

const MAP: &str = "time: { column: t }\ncolumns: { h: Computer }\nconstants: { Channel: Security }\n";

/// Reads `start` and `data` as one file and holds what must hold of any file.
pub fn read(start: &[u8], data: &[u8]) {
    let bytes = [start, data].concat();
    let options = Options {
        local_time: LocalTime::Inferred,
        block_bytes: 4096,
        csv_map: CsvMap::from_yaml("map", MAP).ok(),
        ..Options::default()
    };
    let source = Source {
        name: "fuzzed".to_owned(),
        file: FileId(0),
        receipt: "2025-06-02T00:00:00Z".parse().ok(),
        open: Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())) as Input)),
    };
    let mut stream = RecordStream::new(vec![source], options);
    let mut events = 0;
    for record in stream.by_ref() {
        assert_eq!(record.fields().count(), record.len());
        events += 1;
    }
    assert_eq!(stream.report().events, events);
}
