//! `cordon renew`: keeps withdrawals valid for longer.

use std::path::PathBuf;

use clap::Args;
use cordon_act::approval::{OrderChoice, RenewalStatement, Role};
use cordon_act::wire::Ask;
use jiff::{SignedDuration, Timestamp};

use super::lift::{ask_leave, chosen, later};
use super::{Execution, signing};
use crate::carry::Executor;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::render::carry as words;

const EXAMPLES: &str = "\
Examples:
  cordon renew 3fa2b1c0d4e5 --lease 8h --key ~/.ssh/id_ed25519
  cordon renew --all --lease 2h --key ~/.ssh/id_ed25519";

/// Keep withdrawals valid for longer
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Renew {
    #[command(flatten)]
    execution: Execution,
    /// Orders, or plans by the start of their hash, as `cordon status` names them
    #[arg(value_name = "ORDER", required_unless_present = "all")]
    which: Vec<String>,
    /// Everything that is in force
    #[arg(long, conflicts_with = "which")]
    all: bool,
    /// How long they are valid from now
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    lease: SignedDuration,
    /// Your SSH key, with the role cordon-renew
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(crate) fn run(arguments: &Renew, console: &Console) -> Result<Answer, Failure> {
    let store = arguments.execution.place.open()?;
    let mut executor = Executor::start(store, &arguments.execution.actuator)?;
    let chosen = chosen(executor.book(), &arguments.which, arguments.all)?;
    let lease_until = later(arguments.lease)?;
    let not_after = later(SignedDuration::from_mins(30))?;
    for (plan_hash, orders) in words::by_plan(executor.book(), &chosen) {
        let orders = OrderChoice::These(orders);
        let statement = RenewalStatement {
            plan_hash,
            orders,
            lease_until,
            not_after,
        };
        let signed = signing::sign(statement.to_string(), Role::Renew, &arguments.key)?;
        ask_leave(&arguments.execution, Ask::Renew { signed })?;
    }
    let by = format!(
        "the key {}",
        arguments.key.file_name().unwrap_or_default().to_string_lossy()
    );
    executor.reconciler().renew(chosen.clone(), lease_until, by);
    let wanted = chosen.clone();
    executor.run(
        |book| words::are_renewed(book, &wanted, lease_until),
        |entry| words::show(entry, console),
    )?;
    let rows = words::rows_of(executor.book(), &chosen);
    if console.json {
        console.print_json(&rows)?;
    } else {
        console.print(&words::table(&rows, Timestamp::now(), console.width))?;
    }
    Ok(Answer::Yes)
}
