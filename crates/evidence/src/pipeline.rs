//! Records to detections on every core, handed on one by one in the order of time.
//!
//! Decoding has a thread of its own, evaluation as many as there are; correlation and whatever the caller does with the
//! detections happen on the caller's thread, in the order of the stream, so that a run gives the same result on any
//! number of threads.

use crate::read::{RecordStream, Workers, in_order};
use crate::record::Record;
use crate::sigma::{Correlator, Detection, Detector, Scratch};

/// What a record gave.
struct Found<T> {
    detections: Vec<Detection>,
    extract: T,
}

/// Evaluates a stream, and gives `each` every record with its detections, correlations among them.
pub fn detect(
    stream: &mut RecordStream,
    detector: &Detector,
    correlator: &mut Correlator,
    workers: Workers,
    mut each: impl FnMut(&Record, &[Detection]),
) {
    let all = Extraction {
        extract: |_: &Record| (),
        needed: |(): &()| true,
    };
    detect_and(
        stream,
        detector,
        correlator,
        workers,
        all,
        |record, detections, ()| {
            each(record, detections);
        },
    );
}

/// What else is done on the threads that evaluate.
pub struct Extraction<Extract, Needed> {
    /// Sees every record there; `each` gets what it made of it.
    pub extract: Extract,
    /// Whether the fields of a record without detections are still needed after that. If not, `each` gets the record
    /// without them: to hold them until it is due would cost memory.
    pub needed: Needed,
}

/// The same with something more to do on the threads that evaluate.
///
/// # Panics
/// When `extract` panics, after the other threads have ended.
pub fn detect_and<T: Send>(
    stream: &mut RecordStream,
    detector: &Detector,
    correlator: &mut Correlator,
    workers: Workers,
    more: Extraction<impl Fn(&Record) -> T + Sync, impl Fn(&T) -> bool>,
    mut each: impl FnMut(&Record, &[Detection], T),
) {
    let Extraction { extract, needed } = more;
    let work = |scratch: &mut Scratch, record: &Record| {
        let mut detections = Vec::new();
        detector.detect(record, scratch, &mut detections);
        Found {
            detections,
            extract: extract(record),
        }
    };
    let needed = |found: &Found<T>| !found.detections.is_empty() || needed(&found.extract);
    in_order(
        stream,
        workers,
        Scratch::default,
        work,
        needed,
        |record, found| {
            let Found {
                mut detections,
                extract,
            } = found;
            correlator.observe(record, &mut detections);
            each(record, &detections, extract);
        },
    );
}
