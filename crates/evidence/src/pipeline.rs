//! Records to detections on every core, handed on one by one in the order of time.
//!
//! Decoding has a thread of its own, evaluation as many as there are; correlation and whatever the caller does with the
//! detections happen on the caller's thread, in the order of the stream, so that a run gives the same result on any
//! number of threads.

use crate::read::{RecordStream, Workers, in_order};
use crate::record::Record;
use crate::sigma::{Correlator, Detection, Detector, Scratch};

/// What a batch of records gave: the detections of all, where those of each end, and what was extracted from each.
struct Found<T> {
    detections: Vec<Detection>,
    ends: Vec<usize>,
    extracts: Vec<T>,
}

/// Evaluates a stream, and gives `each` every record with its detections, correlations among them.
pub fn detect(
    stream: &mut RecordStream,
    detector: &Detector,
    correlator: &mut Correlator,
    workers: Workers,
    mut each: impl FnMut(&Record, &[Detection]),
) {
    detect_and(
        stream,
        detector,
        correlator,
        workers,
        |_| (),
        |record, detections, ()| each(record, detections),
    );
}

/// The same with something more to do on the threads that evaluate: `extract` sees every record there, and `each`
/// gets what it made of it.
///
/// # Panics
/// When `extract` panics, after the other threads have ended.
pub fn detect_and<T: Send>(
    stream: &mut RecordStream,
    detector: &Detector,
    correlator: &mut Correlator,
    workers: Workers,
    extract: impl Fn(&Record) -> T + Sync,
    mut each: impl FnMut(&Record, &[Detection], T),
) {
    let work = |scratch: &mut Scratch, records: &[Record]| evaluate(detector, scratch, records, &extract);
    let mut own = Vec::new();
    in_order(stream, workers, Scratch::default, work, |records, found| {
        let Found {
            detections,
            ends,
            extracts,
        } = found;
        let mut detections = detections.into_iter();
        let mut start = 0;
        for ((record, end), extract) in records.iter().zip(ends).zip(extracts) {
            own.extend(detections.by_ref().take(end.saturating_sub(start)));
            start = end;
            correlator.observe(record, &mut own);
            each(record, &own, extract);
            own.clear();
        }
    });
}

fn evaluate<T>(
    detector: &Detector,
    scratch: &mut Scratch,
    records: &[Record],
    extract: &impl Fn(&Record) -> T,
) -> Found<T> {
    let mut found = Found {
        detections: Vec::new(),
        ends: Vec::with_capacity(records.len()),
        extracts: Vec::with_capacity(records.len()),
    };
    for record in records {
        detector.detect(record, scratch, &mut found.detections);
        found.ends.push(found.detections.len());
        found.extracts.push(extract(record));
    }
    found
}
