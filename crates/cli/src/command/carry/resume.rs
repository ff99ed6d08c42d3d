//! `cordon resume`: lets a halted plan go on.

use std::path::PathBuf;

use clap::Args;
use cordon_act::Book;
use cordon_act::approval::{ResumeStatement, Role, approve_resume};
use jiff::{SignedDuration, Timestamp};

use super::apply::carry_out;
use super::lift::later;
use super::{Execution, Waiting, signers, signing};
use crate::carry::Executor;
use crate::console::Console;
use crate::failure::{Answer, Failure};

const EXAMPLES: &str = "\
A plan halts when a wave hurts a protected service, or an access still gets through. `cordon status` says why.
Whoever lets it go on says that the rest is worth it; what got through halts it no more.

Examples:
  cordon resume 3fa2b1c0d4e5 --allowed-signers signers --key ~/.ssh/id_ed25519";

/// Let a halted plan go on
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Resume {
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    waiting: Waiting,
    /// The plan by the start of its hash, as `cordon status` names it
    #[arg(value_name = "PLAN")]
    plan: String,
    /// Your SSH key, with the role cordon-resume
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Who may: an OpenSSH allowed-signers file, with roles as namespaces
    #[arg(long, value_name = "FILE", env = "CORDON_ALLOWED_SIGNERS")]
    allowed_signers: PathBuf,
}

pub(crate) fn run(arguments: &Resume, console: &Console) -> Result<Answer, Failure> {
    let signers = signers(&arguments.allowed_signers)?;
    let store = arguments.execution.place.open()?;
    let mut executor = Executor::start(store, &arguments.execution.actuator)?;
    let plan_hash = halted(executor.book(), &arguments.plan)?;
    let statement = ResumeStatement {
        plan_hash: plan_hash.clone(),
        not_after: later(SignedDuration::from_mins(30))?,
    };
    let signed = signing::sign(statement.to_string(), Role::Resume, &arguments.key)?;
    let resumed = approve_resume(&signed, &signers, Timestamp::now())
        .map_err(|error| Failure::input(format!("the plan stays halted: {error}")))?;
    let by = resumed.approver();
    let by = format!("{} with the key {}", by.person, by.fingerprint);
    executor.reconciler().resume(plan_hash.clone(), by);
    carry_out(&mut executor, &plan_hash, arguments.waiting, false, console)
}

/// The one halted plan whose hash starts so.
fn halted(book: &Book, start: &str) -> Result<String, Failure> {
    let mut named = book
        .plans()
        .iter()
        .filter(|(hash, _)| start.len() >= 6 && hash.starts_with(start));
    let (Some((hash, plan)), None) = (named.next(), named.next()) else {
        return Err(Failure::input(format!(
            "no plan's hash starts with {start}\nSix letters at least; the orders that `cordon status` lists start with it."
        )));
    };
    if plan.halted.is_none() {
        return Err(Failure::input(format!(
            "the plan {start} is not halted\n`cordon status` says how it stands."
        )));
    }
    Ok(hash.clone())
}
