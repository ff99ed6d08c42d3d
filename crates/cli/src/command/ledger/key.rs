//! `cordon ledger key`: the key that signs checkpoints.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::key;

const EXAMPLES: &str = "\
Examples:
  cordon ledger key --new ledger.key --name cordon.example.org
  cordon ledger key --show ledger.key > ledger.pub";

/// Make the key that signs checkpoints, or show the public key that verifies them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Key {
    /// Make a key and keep it in this new file, which only its owner can read
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "show",
        conflicts_with = "show"
    )]
    new: Option<PathBuf>,
    /// Show the public key of the key in this file
    #[arg(long, value_name = "FILE")]
    show: Option<PathBuf>,
    /// What the record is called in its checkpoints: a name that no other record has [default: this host's]
    #[arg(long, value_name = "NAME", requires = "new")]
    name: Option<String>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Public<'a> {
    name: &'a str,
    key: String,
}

pub(crate) fn run(arguments: &Key, console: &Console) -> Result<Answer, Failure> {
    let signer = match (&arguments.new, &arguments.show) {
        (Some(path), _) => key::make(path, &arguments.name.clone().unwrap_or_else(host_name))?,
        (None, Some(path)) => key::secret(path)?,
        (None, None) => return Err(Failure::Bug("neither --new nor --show".to_owned())),
    };
    let public = signer.public();
    if console.json {
        console.print_json(&Public {
            name: public.name(),
            key: public.to_string(),
        })?;
    } else {
        console.print(&format!("{public}\n"))?;
    }
    if arguments.new.is_some() {
        console.note("Keep the file secret, and give the line above to whoever verifies the record.");
    }
    Ok(Answer::Yes)
}

/// The name of this host, as Linux says it.
fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "cordon".to_owned())
}
