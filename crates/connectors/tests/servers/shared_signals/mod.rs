//! The point of shared signals against a receiver that verifies with PyJWT.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod bed;
mod refusals;
mod signals;
