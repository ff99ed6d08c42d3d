//! The program as a whole: what it accepts, what it prints, how it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod basics;
mod reference;
mod running;
