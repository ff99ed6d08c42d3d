//! `cordon apply`: carries an approved plan out, and says when it stands.

use std::path::PathBuf;

use clap::Args;
use cordon_act::approval::{Approved, SignedStatement, Terms, approve};
use cordon_act::{Book, Orders};
use jiff::Timestamp;

use super::{Execution, Planned, listed, signers, signing};
use crate::carry::Executor;
use crate::carry::begin::Begin;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::render::carry as words;

const EXAMPLES: &str = "\
Examples:
  cordon apply plan.json --estate estate --allowed-signers signers --approval dana.approval --approval lee.approval
  cordon apply plan.json --estate estate --allowed-signers signers --approval *.approval --stay   # and keep watch

It ends when everything stands and was tried; what stands is kept by the servers. With --stay it goes on: it sees what
somebody else undoes, ends leases, and says so.";

/// Carry an approved plan out
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Apply {
    #[command(flatten)]
    planned: Planned,
    #[command(flatten)]
    execution: Execution,
    /// An approval that `cordon approve` wrote; two at least
    #[arg(long = "approval", value_name = "FILE", num_args = 1.., required = true)]
    approvals: Vec<PathBuf>,
    /// Who may approve: an OpenSSH allowed-signers file, with roles as namespaces
    #[arg(long, value_name = "FILE", env = "CORDON_ALLOWED_SIGNERS")]
    allowed_signers: PathBuf,
    /// What no enforcement point can do is done by people; carry out the rest
    #[arg(long)]
    by_hand: bool,
    /// No break-glass logon was proven, and two people overrode that in the role cordon-force
    #[arg(long)]
    dangerously_without_break_glass: bool,
    /// Keep watch when everything stands
    #[arg(long)]
    stay: bool,
}

pub(crate) fn run(arguments: &Apply, console: &Console) -> Result<Answer, Failure> {
    let made = arguments.planned.made(console)?;
    if !made.by_hand.is_empty() && !arguments.by_hand {
        return Err(Failure::input(format!(
            "{}\nSay --by-hand when people see to that; the rest is then carried out.",
            listed(&made)
        )));
    }
    let signatures = signing::read(&arguments.approvals)?;
    let approved = approved(arguments, &made.orders, &signatures)?;
    let store = arguments.execution.place.open_or_make()?;
    let mut executor = Executor::start(store, &arguments.execution.actuator)?;
    for busy in executor.busy_elsewhere() {
        console.warn(&format!(
            "another executor acts at {busy}; it carries out what is for that point"
        ));
    }
    let begin = Begin {
        actuator: &arguments.execution.actuator,
        without_break_glass: arguments.dangerously_without_break_glass,
    };
    let break_glass = begin.prove_break_glass(&executor, &made.orders)?;
    begin.register(&made.orders, signatures)?;
    begin.accept(&mut executor, made.orders.clone(), &approved, break_glass)?;
    let plan_hash = made.orders.plan_hash.clone();
    let stay = arguments.stay;
    let show = |entry: &cordon_act::Entry| words::show(entry, console);
    executor.run(
        |book| !stay && (words::stands(book, &plan_hash) || words::is_stuck(book, &plan_hash)),
        show,
    )?;
    finish(executor.book(), &plan_hash, console)
}

fn approved(arguments: &Apply, orders: &Orders, signatures: &[SignedStatement]) -> Result<Approved, Failure> {
    let signers = signers(&arguments.allowed_signers)?;
    let terms = Terms {
        dangerously_without_break_glass: arguments.dangerously_without_break_glass,
        ..Terms::at(Timestamp::now())
    };
    approve(orders, signatures, &signers, &terms)
        .map_err(|error| Failure::input(format!("the plan is not approved: {error}")))
}

fn finish(book: &Book, plan_hash: &str, console: &Console) -> Result<Answer, Failure> {
    let rows = words::rows(book, Some(plan_hash));
    if console.json {
        console.print_json(&rows)?;
    } else {
        console.print(&words::table(&rows, Timestamp::now(), console.width))?;
    }
    Ok(if words::stands(book, plan_hash) {
        Answer::Yes
    } else {
        Answer::No
    })
}
