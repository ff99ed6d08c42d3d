//! `cordon status`: what is withdrawn now, and what is wrong with it.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use cordon_act::Book;
use jiff::Timestamp;

use crate::carry::read;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::record::{Place, failure};
use crate::render::carry as words;

const EXAMPLES: &str = "\
Examples:
  cordon status
  cordon status --watch
  cordon status --json | jq '.[] | select(.trouble)'";

/// Show what is withdrawn, until when, and what is wrong with it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Status {
    #[command(flatten)]
    place: Place,
    /// Show it anew every second until interrupted
    #[arg(long, short)]
    watch: bool,
    /// Lifted orders too
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(arguments: &Status, console: &Console) -> Result<Answer, Failure> {
    let store = arguments.place.open_to_read()?;
    let (mut book, mut seen) = (Book::default(), 0);
    loop {
        let head = store.head().map_err(|error| failure(&error))?.entries;
        read(&*store, seen, head, &BTreeSet::new(), &mut |time, entry| {
            book.record(time, &entry)
        })?;
        seen = head;
        let mut rows = words::rows(&book, None);
        rows.retain(|row| arguments.all || row.is_open());
        if console.json {
            console.print_json(&rows)?;
        } else {
            let clear = if arguments.watch { "\u{1b}[2J\u{1b}[H" } else { "" };
            console.print(&format!(
                "{clear}{}",
                words::table(&rows, Timestamp::now(), console.width)
            ))?;
        }
        if !arguments.watch {
            let well = rows.iter().all(|row| row.trouble.is_none());
            return Ok(if well { Answer::Yes } else { Answer::No });
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
