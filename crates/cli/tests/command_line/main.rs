//! The program as a whole: what it accepts, what it prints, how it ends.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

mod basics;
mod blocks;
mod interactive;
mod main_job;
mod record;
mod reference;
mod running;
mod words_and_files;
