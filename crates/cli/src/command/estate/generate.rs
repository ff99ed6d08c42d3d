//! `cordon estate generate`: the fictional retailer, of any size.

use std::path::PathBuf;

use clap::Args;
use cordon_estate::Estate;
use cordon_evidence::document::{Evidence, entity_name};
use cordon_sim::northgate::{self, Options, STORES};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::evidence;
use crate::output;
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon estate generate -o northgate
  cordon estate generate --stores 50 --seed 7 -o small
  cordon plan --estate small --evidence small/evidence.json";

/// Write the fictional retailer Northgate Co-operative, with a sample incident in evidence.json
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Generate {
    /// Decides everything that is drawn; the same seed gives the same estate
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Food stores, 10 to 20,000; everything else follows in proportion
    #[arg(long, default_value_t = 2300, value_parser = clap::value_parser!(u32).range(store_range()))]
    pub(crate) stores: u32,
    /// Write the estate to this folder
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Replace the estate that is in the folder
    #[arg(long)]
    force: bool,
}

/// How many stores there can be.
pub(crate) fn store_range() -> std::ops::RangeInclusive<i64> {
    i64::from(*STORES.start())..=i64::from(*STORES.end())
}

/// The answer as JSON.
#[derive(Serialize)]
struct Generated {
    output: String,
    files: usize,
    accounts: usize,
    systems: usize,
    accesses: usize,
    services: usize,
    footholds: usize,
}

pub(crate) fn run(arguments: &Generate, console: &Console) -> Result<Answer, Failure> {
    super::check_folder(&arguments.output, arguments.force)?;
    let estate = northgate::generate(&Options {
        seed: arguments.seed,
        stores: arguments.stores,
        ..Options::default()
    });
    let files = super::write(&estate, &arguments.output)?;
    let evidence = sample(&estate, arguments.seed);
    output::write_file(
        &arguments.output.join("evidence.json"),
        evidence::to_json(&evidence)?.as_bytes(),
    )?;
    if console.json {
        console.print_json(&Generated {
            output: arguments.output.display().to_string(),
            files: files + 1,
            accounts: estate.accounts.len(),
            systems: estate.systems.len(),
            accesses: estate.accesses.len(),
            services: estate.services.len(),
            footholds: evidence.footholds.len(),
        })?;
        return Ok(Answer::Yes);
    }
    let folder = arguments.output.display();
    let text = render::estate::screen(&estate, console.width, console.paint);
    console.print(&format!("{text}\nWritten to {folder}. Try:\n  cordon plan --estate {folder} --evidence {folder}/evidence.json\n"))?;
    Ok(Answer::Yes)
}

fn sample(estate: &Estate, seed: u64) -> Evidence {
    let footholds = cordon_sim::sample_incident(estate, seed)
        .into_iter()
        .map(|one| {
            let entity = entity_name(one.entity, estate);
            evidence::foothold(entity, one.probability, Some(one.reason))
        })
        .collect();
    Evidence {
        footholds,
        ..Evidence::default()
    }
}
