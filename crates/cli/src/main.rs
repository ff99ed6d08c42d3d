//! The command `cordon`: all input and output, and the screens that people read.
//!
//! This crate must never decide anything about an incident: it opens files, hands their content to the crates
//! below, and shows what comes back.

mod command;
#[expect(dead_code, reason = "`plan` prints JSON and shows progress")]
mod console;
mod failure;
#[expect(dead_code, reason = "`plan -o` checks its output first")]
mod output;
#[expect(dead_code, reason = "`plan` shows progress")]
mod progress;
#[cfg_attr(not(test), expect(dead_code, reason = "`plan` and `drill` show these"))]
mod render;
#[cfg_attr(not(test), expect(dead_code, reason = "`plan` and `drill` write these"))]
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run(std::env::args_os())
}
