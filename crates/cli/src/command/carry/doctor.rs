//! `cordon doctor`: could we withdraw access tonight?

use std::path::PathBuf;

use clap::Args;
use cordon_act::approval::Role;
use cordon_act::wire::{Answer as Said, Ask, Claim, Outcome};
use serde::Serialize;

use super::{Execution, signers};
use crate::actuator::Client;
use crate::console::Console;
use crate::failure::{Answer, Failure};

const EXAMPLES: &str = "\
Examples:
  cordon doctor --allowed-signers signers
  cordon doctor --json | jq '.[] | select(.well | not)'";

/// Rehearse everything that a withdrawal needs: the actuator, each enforcement point, break-glass logons, signers, the record
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    #[command(flatten)]
    execution: Execution,
    /// Who may approve: an OpenSSH allowed-signers file, with roles as namespaces
    #[arg(long, value_name = "FILE", env = "CORDON_ALLOWED_SIGNERS")]
    allowed_signers: Option<PathBuf>,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    well: bool,
    how: String,
}

pub(crate) fn run(arguments: &Doctor, console: &Console) -> Result<Answer, Failure> {
    let mut findings = vec![record(arguments)];
    findings.extend(people(arguments));
    findings.extend(actuator(arguments));
    let well = findings.iter().all(|finding| finding.well);
    if console.json {
        console.print_json(&findings)?;
    } else {
        let lines = findings.iter().map(|finding| {
            let mark = if finding.well { "ok   " } else { "WRONG" };
            format!("{mark}  {}: {}\n", finding.what, finding.how)
        });
        let verdict = if well {
            "Access could be withdrawn tonight."
        } else {
            "Not everything is ready."
        };
        console.print(&format!("{}\n{verdict}\n", lines.collect::<String>()))?;
    }
    Ok(if well { Answer::Yes } else { Answer::No })
}

fn finding(what: impl Into<String>, result: Result<String, String>) -> Finding {
    let well = result.is_ok();
    Finding {
        what: what.into(),
        well,
        how: result.unwrap_or_else(|why| why),
    }
}

fn record(arguments: &Doctor) -> Finding {
    let opened = arguments
        .execution
        .place
        .open_or_make()
        .map_err(|error| error.to_string());
    let result = opened.and_then(|store| {
        let head = store.head().map_err(|error| error.to_string())?;
        Ok(format!("can be written, {} entries", head.entries))
    });
    finding("the record", result)
}

/// Two people must be able to approve, two to lift.
fn people(arguments: &Doctor) -> Vec<Finding> {
    let Some(path) = &arguments.allowed_signers else {
        return vec![finding(
            "who may approve",
            Err("no --allowed-signers file is named".to_owned()),
        )];
    };
    let signers = match signers(path) {
        Ok(signers) => signers,
        Err(error) => return vec![finding("who may approve", Err(error.to_string()))],
    };
    let needed = [
        (Role::Approve, 2),
        (Role::Lift, 2),
        (Role::Renew, 1),
        (Role::Resume, 1),
    ];
    needed
        .into_iter()
        .map(|(role, least)| {
            let people = signers.people(role, jiff::Timestamp::now());
            let names = people.iter().cloned().collect::<Vec<_>>().join(", ");
            let text = format!("{} people: {names}", people.len());
            let result = if people.len() >= least {
                Ok(text)
            } else {
                Err(format!("{text}; {least} are needed"))
            };
            finding(format!("role {role}"), result)
        })
        .collect()
}

fn actuator(arguments: &Doctor) -> Vec<Finding> {
    let mut client = Client::new(&arguments.execution.actuator);
    let greeting = match client.greeting() {
        Ok(greeting) => greeting,
        Err(error) => return vec![finding("the actuator", Err(error.to_string()))],
    };
    let mut findings = vec![finding("the actuator", Ok(greeting.protections.join("; ")))];
    for point in greeting.points {
        let at = Claim {
            point: point.name.clone(),
            epoch: 0,
            deadline_milliseconds: 15_000,
        };
        let result = match client.ask(Ask::ProveBreakGlass { at }) {
            Ok(Said::BreakGlass {
                outcome: Outcome::Done(Some(how)),
            }) => Ok(format!("break-glass logon works: {how}")),
            Ok(Said::BreakGlass {
                outcome: Outcome::Done(None),
            }) => Ok("no break-glass logon is configured".to_owned()),
            Ok(Said::BreakGlass {
                outcome: Outcome::Failed(error),
            }) => Err(error.to_string()),
            Ok(Said::BreakGlass {
                outcome: Outcome::Refused(refusal),
            }) => Err(refusal.to_string()),
            Ok(_) => Err("the actuator answered another question".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        findings.push(finding(format!("{} ({})", point.name, point.kind), result));
    }
    findings.extend(services(&mut client));
    findings
}

fn services(client: &mut Client) -> Vec<Finding> {
    match client.ask(Ask::Services {
        names: Vec::new(),
        deadline_milliseconds: 20_000,
    }) {
        Ok(Said::Services { services }) => services
            .into_iter()
            .map(|one| {
                finding(
                    format!("service {}", one.name),
                    if one.serves { Ok(one.how) } else { Err(one.how) },
                )
            })
            .collect(),
        Ok(_) => Vec::new(),
        Err(error) => vec![finding(
            "the probes of protected services",
            Err(error.to_string()),
        )],
    }
}
