//! `cordon apply`: carries an approved plan out, and says when it stands.

use std::path::PathBuf;

use clap::Args;
use cordon_act::Orders;
use cordon_act::approval::{Approved, SignedStatement, Terms, approve};
use jiff::Timestamp;

use super::{Execution, Planned, Waiting, listed, not_done, signers, signing};
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
somebody else undoes, ends leases, and says so. If it was ended before, or a server did not answer in time, the same
command goes on where it was.";

/// Carry an approved plan out
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Apply {
    #[command(flatten)]
    planned: Planned,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    waiting: Waiting,
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
    begin.begin(
        &mut executor,
        made.orders.clone(),
        (&approved, signatures),
        break_glass,
    )?;
    carry_out(
        &mut executor,
        &made.orders.plan_hash,
        arguments.waiting,
        arguments.stay,
        console,
    )
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

/// Works until the plan stands, a person has to do something, or the time to wait for servers is over; then says how it stands.
pub(super) fn carry_out(
    executor: &mut Executor,
    plan_hash: &str,
    waiting: Waiting,
    stay: bool,
    console: &Console,
) -> Result<Answer, Failure> {
    let is_over = waiting.is_over()?;
    executor.run(
        |book| !stay && (words::stands(book, plan_hash) || words::is_stuck(book, plan_hash) || is_over()),
        |entry| words::show(entry, console),
    )?;
    let book = executor.book();
    let rows = words::rows(book, Some(plan_hash));
    if console.json {
        console.print_json(&rows)?;
    } else {
        console.print(&words::table(&rows, Timestamp::now(), console.width))?;
    }
    if words::stands(book, plan_hash) {
        Ok(Answer::Yes)
    } else {
        not_done(book, &words::of_plan(book, plan_hash))
    }
}
