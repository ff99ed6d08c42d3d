//! Logs to records, records to detections and activities, both bound to the estate, and footholds inferred from
//! them.
//!
//! Everything here takes bytes, time and options by argument: no file is opened, no clock is read.

pub mod activity;
pub mod bind;
pub mod document;
pub mod infer;
pub mod ocsf;
pub mod pipeline;
pub mod read;
pub mod record;
pub mod reported;
pub mod sigma;
pub mod watch;
