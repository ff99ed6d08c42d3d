//! `cordon completions`: what a shell needs in order to complete the command line.

use clap::Args;
use clap_complete::Shell;

use crate::console::Console;
use crate::failure::{Answer, Failure};

const EXAMPLES: &str = "\
Examples:
  cordon completions bash > /etc/bash_completion.d/cordon
  cordon completions fish > ~/.config/fish/completions/cordon.fish";

/// Write the completions of a shell to standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Completions, console: &Console) -> Result<Answer, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::definition(), "cordon", &mut text);
    console.print(&String::from_utf8_lossy(&text))?;
    Ok(Answer::Yes)
}
