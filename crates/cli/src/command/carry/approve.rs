//! `cordon approve`: one person's signature under exactly this plan.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cordon_act::approval::{ApprovalStatement, Decision, Role};
use jiff::{SignedDuration, Timestamp};

use super::{Planned, listed, signing};
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output;

const EXAMPLES: &str = "\
Two different people, with two different keys, approve a plan before it is carried out.

Examples:
  cordon approve plan.json --estate estate --key ~/.ssh/id_ed25519 -o dana.approval
  cordon approve plan.json --estate estate --key ~/.ssh/token.pub -o lee.approval     # key in ssh-agent or on hardware
  cordon approve plan.json --estate estate                                            # only say what would be signed";

/// Approve a plan with your SSH key
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Approve {
    #[command(flatten)]
    planned: Planned,
    /// Your SSH key; without it, what would be signed is printed
    #[arg(long, value_name = "FILE", requires = "output")]
    key: Option<PathBuf>,
    /// In which role: the plan itself, more than the volume limits allow, or no proven break-glass logon
    #[arg(long = "as", value_enum, value_name = "ROLE", default_value = "approve")]
    role: As,
    /// How long the approval counts, 24h at most
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    expires: SignedDuration,
    /// Where the approval is written
    #[arg(long, short, value_name = "FILE", requires = "key")]
    output: Option<PathBuf>,
}

/// In which role somebody approves.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    /// One of the two who must
    Approve,
    /// The third, for more than the volume limits allow
    Bulk,
    /// One of the two who override the proof of a break-glass logon
    Force,
}

pub(crate) fn run(arguments: &Approve, console: &Console) -> Result<Answer, Failure> {
    let made = arguments.planned.made(console)?;
    let (decision, role) = match arguments.role {
        As::Approve => (Decision::Approve, Role::Approve),
        As::Bulk => (Decision::Bulk, Role::Bulk),
        As::Force => (Decision::Force, Role::Force),
    };
    let expires = Timestamp::now()
        .checked_add(arguments.expires)
        .map_err(|_| Failure::input("--expires is too long: 24h at most"))?;
    let statement = ApprovalStatement::of(&made.orders, decision, expires).to_string();
    let (Some(key), Some(output)) = (&arguments.key, &arguments.output) else {
        if console.json {
            console.print_json(
                &serde_json::json!({"orders": made.orders, "statement": statement, "role": role}),
            )?;
        } else {
            console.print(&format!(
                "{}\nTo be signed in the role {role}:\n\n{statement}",
                listed(&made)
            ))?;
        }
        return Ok(Answer::Yes);
    };
    let signed = signing::sign(statement, role, key)?;
    let json = serde_json::to_vec_pretty(&signed).map_err(|error| Failure::Bug(error.to_string()))?;
    output::write_file(output, &json)?;
    if console.json {
        console.print_json(&signed)?;
    } else {
        console.print(&format!(
            "{}\nApproved until {expires:.0}, written to {}\n",
            listed(&made),
            output.display()
        ))?;
    }
    Ok(Answer::Yes)
}
