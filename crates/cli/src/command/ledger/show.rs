//! `cordon ledger show`: what was decided and done, the newest last.

use std::collections::VecDeque;
use std::time::Duration;

use clap::Args;
use cordon_ledger::Entry;
use cordon_store::limits::READ_ENTRIES_MAX;
use cordon_store::{Store, entries};

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::record::{Place, failure};
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon ledger show
  cordon ledger show --kind withdrawal --follow
  cordon ledger show --last 10 --json | jq .body";

/// How often the store is asked for new entries.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// Show the entries of the record, the newest last
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Show {
    #[command(flatten)]
    place: Place,
    /// Only entries of this kind, or of the kinds that start with it and a dot; more than once for several
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Show at most so many, the last
    #[arg(long, value_name = "ENTRIES", default_value_t = 100)]
    last: usize,
    /// Go on and show entries as they are written, until interrupted
    #[arg(long, short)]
    follow: bool,
}

pub(crate) fn run(arguments: &Show, console: &Console) -> Result<Answer, Failure> {
    let store = arguments.place.open_to_read()?;
    let (shown, mut next_index) = last(store.as_ref(), arguments)?;
    print(&shown, console)?;
    if !arguments.follow {
        return Ok(Answer::Yes);
    }
    loop {
        std::thread::sleep(ASK_EVERY);
        let new = store
            .read(next_index, READ_ENTRIES_MAX)
            .map_err(|error| failure(&error))?;
        if let Some(last) = new.last() {
            next_index = last.index.saturating_add(1);
        }
        let chosen: Vec<Entry> = new
            .into_iter()
            .filter(|entry| is_chosen(entry, arguments))
            .collect();
        print(&chosen, console)?;
    }
}

/// The last entries of the kinds wanted, and the index after the last of all.
fn last(store: &dyn Store, arguments: &Show) -> Result<(Vec<Entry>, u64), Failure> {
    let ends = store.head().map_err(|error| failure(&error))?.entries;
    // Without a choice of kinds, those before the last need not be read.
    let from = if arguments.kind.is_empty() {
        ends.saturating_sub(arguments.last as u64)
    } else {
        0
    };
    let (mut kept, mut next_index) = (VecDeque::new(), ends);
    for entry in entries(store, from) {
        let entry = entry.map_err(|error| failure(&error))?;
        next_index = entry.index.saturating_add(1);
        if is_chosen(&entry, arguments) {
            kept.push_back(entry);
        }
        if kept.len() > arguments.last {
            kept.pop_front();
        }
    }
    Ok((kept.into(), next_index))
}

fn is_chosen(entry: &Entry, arguments: &Show) -> bool {
    let is_of = |kind: &String| {
        entry
            .kind
            .strip_prefix(kind.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    arguments.kind.is_empty() || arguments.kind.iter().any(is_of)
}

fn print(entries: &[Entry], console: &Console) -> Result<(), Failure> {
    if console.json {
        return entries.iter().try_for_each(|entry| console.print_line(entry));
    }
    if entries.is_empty() {
        return Ok(());
    }
    console.print(&render::ledger::entries(entries, console.width, console.paint))
}
