//! `cordon apply`: carries an approved plan out, and says when it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use cordon_act::admit::{Grounds, admit};
use cordon_act::approval::{Approved, SignedStatement, Terms, approve};
use cordon_act::wire::{Answer as Said, Ask, Claim, Outcome};
use cordon_act::{Orders, PointName};
use jiff::Timestamp;

use super::lift::not_taken;
use super::{Execution, Planned, Waiting, listed, not_done, signers, signing};
use crate::actuator::Client;
use crate::carry::Executor;
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
    let break_glass = prove_break_glass(arguments, &executor, &made.orders)?;
    register(arguments, &made.orders, signatures)?;
    accept(&mut executor, made.orders.clone(), &approved, break_glass)?;
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

/// Proves a break-glass logon at every point that has one configured.
fn prove_break_glass(
    arguments: &Apply,
    executor: &Executor,
    orders: &Orders,
) -> Result<Vec<(PointName, String)>, Failure> {
    let mut client = Client::new(&arguments.execution.actuator);
    let mut proofs = Vec::new();
    let points: BTreeSet<&PointName> = orders.orders.iter().map(|order| &order.point).collect();
    for point in points {
        let Some(epoch) = executor.epoch(point) else {
            continue;
        };
        let at = Claim {
            point: point.clone(),
            epoch,
            deadline_milliseconds: 20_000,
        };
        let answer = client
            .ask(Ask::ProveBreakGlass { at })
            .map_err(|error| Failure::Point(error.to_string()))?;
        match answer {
            Said::BreakGlass {
                outcome: Outcome::Done(Some(how)),
            } => proofs.push((point.clone(), how)),
            Said::BreakGlass {
                outcome: Outcome::Failed(error),
            } if !arguments.dangerously_without_break_glass => {
                return Err(Failure::Point(format!(
                    "the break-glass logon at {point} does not work: {error}\n\
                     Nobody could undo this if it went wrong. Repair it, or have two people override it: \
                     cordon approve --as force, then --dangerously-without-break-glass."
                )));
            }
            _ => {}
        }
    }
    Ok(proofs)
}

/// Hands orders and signatures to the actuator, which checks them by itself.
fn register(arguments: &Apply, orders: &Orders, signatures: Vec<SignedStatement>) -> Result<(), Failure> {
    let ask = Ask::Register {
        orders: Box::new(orders.clone()),
        signatures,
        dangerously_without_break_glass: arguments.dangerously_without_break_glass,
    };
    match Client::new(&arguments.execution.actuator).ask(ask) {
        Ok(Said::Registered { .. }) => Ok(()),
        Ok(Said::Refused { refusal }) => Err(Failure::input(format!(
            "the actuator refuses the plan: {refusal}"
        ))),
        Ok(_) => Err(Failure::Bug("the actuator answered another question".to_owned())),
        Err(error) => Err(not_taken(&error)),
    }
}

/// Has the reconciler take the orders over, unless they were accepted before: then it goes on where it was.
fn accept(
    executor: &mut Executor,
    orders: Orders,
    approved: &Approved,
    break_glass: Vec<(PointName, String)>,
) -> Result<(), Failure> {
    if words::is_lifted(executor.book(), &orders.plan_hash) {
        return Err(Failure::input(
            "this plan was carried out and lifted before\nMake a plan anew, from what is known now.",
        ));
    }
    if executor.book().plans().contains_key(&orders.plan_hash) {
        return Ok(());
    }
    let points: BTreeMap<_, _> = executor
        .points()
        .iter()
        .map(|point| (point.name.clone(), point.capabilities.clone()))
        .collect();
    let nobody = BTreeSet::new();
    // Break-glass accounts, Cordon's own and those of the people who can lift are the actuator's to know, and it checks them.
    let grounds = Grounds {
        points: &points,
        book: executor.book(),
        never_accounts: &nobody,
        lifters: &nobody,
    };
    let admitted = admit(orders, approved, break_glass, &grounds)
        .map_err(|refusal| Failure::input(format!("the plan is not carried out: {refusal}")))?;
    executor.reconciler().accept(admitted);
    Ok(())
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
