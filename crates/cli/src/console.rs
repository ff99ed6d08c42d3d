//! The terminal: what goes to standard output, what to standard error, how wide, and in which colours.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::render::style::{Paint, Role};
use crate::render::text::clean;

/// Columns where there is no terminal to ask.
const WIDTH_DEFAULT: usize = 80;

/// Widest that text is laid out: longer lines are hard to read.
const WIDTH_MAX: usize = 100;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command writes.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    /// Colours on standard output.
    pub(crate) paint: Paint,
    /// Columns to lay text out for.
    pub(crate) width: usize,
    /// True if standard output carries JSON and nothing else.
    pub(crate) json: bool,
    quiet: bool,
    warning_paint: Paint,
}

impl Console {
    /// A console by the user's choice and by what the process is connected to.
    pub(crate) fn new(choice: ColourChoice, json: bool, quiet: bool) -> Self {
        let width = terminal_size::terminal_size().map_or(WIDTH_DEFAULT, |(width, _)| usize::from(width.0));
        Self {
            paint: paint(choice, std::io::stdout().is_terminal()),
            width: width.min(WIDTH_MAX),
            json,
            quiet,
            warning_paint: paint(choice, std::io::stderr().is_terminal()),
        }
    }

    /// Writes text to standard output.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(stdout_failed)
    }

    /// Writes one JSON document to standard output: over several lines on a terminal, else on one.
    pub(crate) fn print_json(&self, document: &impl Serialize) -> Result<(), Failure> {
        let text = if std::io::stdout().is_terminal() {
            serde_json::to_string_pretty(document)
        } else {
            serde_json::to_string(document)
        };
        let text = text.map_err(|error| Failure::Bug(format!("cannot write the answer as JSON: {error}")))?;
        self.print(&(text + "\n"))
    }

    /// Writes one line of newline-delimited JSON to standard output.
    pub(crate) fn print_line(&self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(document)
            .map_err(|error| Failure::Bug(format!("cannot write the answer as JSON: {error}")))?;
        self.print(&(text + "\n"))
    }

    /// Says on standard error what went less well than it should have.
    pub(crate) fn warn(&self, words: &str) {
        self.say(Role::Warn, "warning", words);
    }

    /// Says on standard error what the user may want to know.
    pub(crate) fn note(&self, words: &str) {
        if !self.quiet {
            self.say(Role::Quiet, "note", words);
        }
    }

    /// Says on standard error why the command failed.
    pub(crate) fn error(&self, words: &str) {
        self.say(Role::Bad, "error", words);
    }

    /// Asks for a line on standard error, without ending its own.
    pub(crate) fn prompt(&self, words: &str) {
        let mut text = String::new();
        self.warning_paint.write(&mut text, Role::Strong, words);
        // Nobody can be told that standard error is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn say(&self, role: Role, label: &str, words: &str) {
        let mut text = String::new();
        self.warning_paint.write(&mut text, role, &format!("{label}:"));
        let lines: Vec<String> = words.lines().map(clean).collect();
        text.push(' ');
        text.push_str(&lines.join("\n"));
        text.push('\n');
        // Nobody can be told that standard error is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Shows on standard error how far a long step has come; `total` of 0 means that nobody knows.
    pub(crate) fn progress(&self, what: &str, total: u64) -> Progress {
        Progress::new(what, total, !self.quiet && std::io::stderr().is_terminal())
    }
}

fn paint(choice: ColourChoice, terminal: bool) -> Paint {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    let colour = match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto => terminal && !refused,
    };
    if colour { Paint::Colour } else { Paint::Never }
}

/// What a failed write to standard output means.
pub(crate) fn stdout_failed(error: std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Failure::BrokenPipe;
    }
    Failure::input(format!("cannot write to standard output: {error}"))
}
