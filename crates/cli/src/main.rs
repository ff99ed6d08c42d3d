//! The command `cordon`: all input and output, and the screens that people read.
//!
//! This crate must never decide anything about an incident: it opens files, hands their content to the crates
//! below, and shows what comes back.

mod actuator;
mod carry;
mod command;
mod console;
mod failure;
mod input;
mod live;
mod night;
mod output;
mod progress;
mod render;
mod report;
mod watch;

use std::process::ExitCode;

/// Reading logs and estates and planning make and drop very many small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::run(std::env::args_os())
}
