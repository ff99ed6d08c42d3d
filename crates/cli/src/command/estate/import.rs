//! `cordon estate import`: an estate from what other tools export.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use cordon_estate::import::csv::{Mapping, Table};
use cordon_estate::import::{ImportError, Imported, bloodhound, csv, edges};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::{self, bytes};
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon estate import bloodhound 20260301_BloodHound.zip -o imported
  cordon estate import bloodhound neo4j-export.jsonl.zst -o imported
  cordon estate import csv systems.csv accounts.csv services.csv -o imported
  cordon estate import csv cmdb.csv --table systems --column name=ci_name --column zone=vlan -o imported
  cordon estate import edges graph.csv -o imported";

/// Make an estate from the export of another tool
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// What was exported
    #[arg(value_enum)]
    format: Format,
    /// The exported files, or folders of them, also compressed with gzip or zstd
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the lines of CSV files are [default: told by their columns]
    #[arg(long, value_enum)]
    table: Option<TableName>,
    /// Which column of CSV files a field is in: zone=vlan
    #[arg(long, value_name = "FIELD=COLUMN")]
    column: Vec<String>,
    /// Write the estate to this folder
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Replace the estate that is in the folder
    #[arg(long)]
    force: bool,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// SharpHound or BloodHound CE: zip, JSON, or JSON lines of Neo4j's APOC
    Bloodhound,
    /// A configuration database: systems, accounts, services
    Csv,
    /// A table of edges: source, target, type
    Edges,
}

/// What the lines of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TableName {
    Systems,
    Accounts,
    Services,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answered<'a> {
    output: String,
    files: usize,
    accounts: usize,
    systems: usize,
    accesses: usize,
    #[serde(flatten)]
    report: &'a cordon_estate::import::ImportReport,
}

pub(crate) fn run(arguments: &Import, console: &Console) -> Result<Answer, Failure> {
    super::check_folder(&arguments.output, arguments.force)?;
    let imported = imported(arguments)?;
    let files = super::write(&imported.estate, &arguments.output)?;
    let (estate, report) = (&imported.estate, &imported.report);
    for (reason, skipped) in &report.skipped {
        let first = skipped
            .first_places
            .first()
            .map(|place| format!(", first at {place}"))
            .unwrap_or_default();
        console.warn(&format!("{} not used: {reason}{first}", skipped.count));
    }
    if console.json {
        let output = arguments.output.display().to_string();
        let (accounts, systems, accesses) =
            (estate.accounts.len(), estate.systems.len(), estate.accesses.len());
        console.print_json(&Answered {
            output,
            files,
            accounts,
            systems,
            accesses,
            report,
        })?;
        return Ok(Answer::Yes);
    }
    for assumption in &report.assumptions {
        console.note(&format!("taken as given: {assumption}"));
    }
    let text = render::estate::screen(estate, console.width, console.paint);
    console.print(&format!("{text}\nWritten to {}.\n", arguments.output.display()))?;
    Ok(Answer::Yes)
}

fn imported(arguments: &Import) -> Result<Imported, Failure> {
    let paths = input::files(&arguments.files)?;
    let result = match arguments.format {
        Format::Bloodhound => {
            let files = paths
                .iter()
                .map(|path| Ok((name(path), bytes(path)?)))
                .collect::<Result<Vec<_>, Failure>>()?;
            let borrowed: Vec<(&str, &[u8])> = files
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
                .collect();
            bloodhound::import(&borrowed)
        }
        Format::Csv => {
            let files = paths
                .iter()
                .map(|path| Ok((name(path), input::text(path)?)))
                .collect::<Result<Vec<_>, Failure>>()?;
            let mapping = mapping(arguments)?;
            let borrowed: Vec<(&str, &str, Mapping)> = files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str(), mapping.clone()))
                .collect();
            csv::import(&borrowed)
        }
        Format::Edges => match paths.as_slice() {
            [path] => edges::import(&name(path), &input::text(path)?),
            _ => return Err(Failure::input("a table of edges is one file: name exactly one")),
        },
    };
    result.map_err(|error: ImportError| Failure::input(error.to_string()))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn mapping(arguments: &Import) -> Result<Mapping, Failure> {
    let mut mapping = Mapping {
        table: arguments.table.map(|table| match table {
            TableName::Systems => Table::Systems,
            TableName::Accounts => Table::Accounts,
            TableName::Services => Table::Services,
        }),
        ..Mapping::default()
    };
    for words in &arguments.column {
        let fields: Vec<&str> = csv::FIELDS.iter().map(|(field, _)| *field).collect();
        match words.split_once('=') {
            Some((field, column)) if fields.contains(&field) => {
                mapping.columns.insert(field.to_owned(), column.to_owned());
            }
            _ => {
                return Err(Failure::input(format!(
                    "--column {words}: write FIELD=COLUMN, with a field of {}",
                    fields.join(", ")
                )));
            }
        }
    }
    Ok(mapping)
}
