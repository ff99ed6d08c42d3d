//! `cordon lift`: gives withdrawn access back, exactly as it was.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use cordon_act::approval::{LiftStatement, OrderChoice, Role};
use cordon_act::gate::Refusal;
use cordon_act::wire::Ask;
use cordon_act::{Book, OrderId, PointError, PointErrorKind};
use jiff::{SignedDuration, Timestamp};

use super::{Execution, Waiting, not_done, signing};
use crate::actuator::Client;
use crate::carry::Executor;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::render::carry as words;

const EXAMPLES: &str = "\
Examples:
  cordon lift 3fa2b1c0d4e5-02 --key ~/.ssh/id_ed25519     # one order
  cordon lift 3fa2b1c0d4e5 --key ~/.ssh/id_ed25519        # every order of a plan, the last first
  cordon lift --all --key ~/.ssh/id_ed25519";

/// How long it is waited for a trial of what was given back.
const TRY_FOR: Duration = Duration::from_secs(10);

/// Give withdrawn access back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Lift {
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    waiting: Waiting,
    /// Orders, or plans by the start of their hash, as `cordon status` names them
    #[arg(value_name = "ORDER", required_unless_present = "all")]
    which: Vec<String>,
    /// Everything that is in force
    #[arg(long, conflicts_with = "which")]
    all: bool,
    /// Your SSH key, with the role cordon-lift
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What somebody else changed meanwhile is left as it is
    #[arg(long)]
    accept_changes: bool,
}

pub(crate) fn run(arguments: &Lift, console: &Console) -> Result<Answer, Failure> {
    let store = arguments.execution.place.open()?;
    let mut executor = Executor::start(store, &arguments.execution.actuator)?;
    if arguments.all && is_all_lifted(executor.book()) {
        return nothing_left(&mut executor, console);
    }
    let chosen = chosen(executor.book(), &arguments.which, arguments.all)?;
    for (plan_hash, orders) in words::by_plan(executor.book(), &chosen) {
        let choice = choice(executor.book(), &plan_hash, &orders);
        permit(arguments, executor.book(), plan_hash, orders, choice)?;
    }
    // The last that was withdrawn comes back first.
    let orders: Vec<OrderId> = chosen.iter().rev().cloned().collect();
    executor
        .reconciler()
        .lift(orders, whose(&arguments.key), arguments.accept_changes);
    let (is_over, mut given_back) = (arguments.waiting.is_over()?, None);
    executor.run(
        |book| is_over() || (words::are_lifted(book, &chosen) && is_tried(book, &chosen, &mut given_back)),
        |entry| words::show(entry, console),
    )?;
    let rows = words::rows_of(executor.book(), &chosen);
    if console.json {
        console.print_json(&rows)?;
    } else {
        console.print(&words::table(&rows, Timestamp::now(), console.width))?;
    }
    if words::is_given_back(executor.book(), &chosen) {
        Ok(Answer::Yes)
    } else {
        not_done(executor.book(), &chosen)
    }
}

/// True if what was given back was tried. What cannot be tried soon is left untried.
fn is_tried(book: &Book, orders: &[OrderId], given_back: &mut Option<Instant>) -> bool {
    let since = given_back.get_or_insert_with(Instant::now);
    words::are_tried(book, orders) || since.elapsed() >= TRY_FOR
}

fn is_all_lifted(book: &Book) -> bool {
    let mut orders = book.orders().values().peekable();
    orders.peek().is_some() && !orders.any(|order| words::is_open(book, order))
}

/// Whoever asks a second time finds it done.
fn nothing_left(executor: &mut Executor, console: &Console) -> Result<Answer, Failure> {
    executor.run(|_| true, |entry| words::show(entry, console))?;
    let none = words::rows_of(executor.book(), &[]);
    if console.json {
        console.print_json(&none)?;
    } else {
        console.print(&words::table(&none, Timestamp::now(), console.width))?;
    }
    Ok(Answer::Yes)
}

/// A plan as a whole, or some of its orders: what a person reads who signs with a device.
fn choice(book: &Book, plan_hash: &str, orders: &BTreeSet<OrderId>) -> OrderChoice {
    let of_plan = book
        .orders()
        .values()
        .filter(|order| order.plan_hash == plan_hash);
    if of_plan.count() == orders.len() {
        OrderChoice::All
    } else {
        OrderChoice::These(orders.clone())
    }
}

/// Who asked, as far as this command knows: the name of the key. Who may lift, the actuator checks by the signature.
fn whose(key: &std::path::Path) -> String {
    let name = key.file_name().map(|name| name.to_string_lossy().into_owned());
    format!("the key {}", name.unwrap_or_default())
}

fn permit(
    arguments: &Lift,
    book: &Book,
    plan_hash: String,
    orders: BTreeSet<OrderId>,
    choice: OrderChoice,
) -> Result<(), Failure> {
    let was_asked = |id| {
        let order: Option<&cordon_act::OrderState> = book.orders().get(id);
        order.is_some_and(|order| order.lift_asked_by.is_some())
    };
    let asked_before = orders.iter().all(was_asked);
    let not_after = later(SignedDuration::from_mins(30))?;
    let statement = LiftStatement {
        plan_hash,
        orders: choice,
        not_after,
    };
    let signed = signing::sign(statement.to_string(), Role::Lift, &arguments.key)?;
    match leave(&arguments.execution, Ask::PermitLift { signed })? {
        // It has given all of that back already and knows it no more; the record does not know it yet.
        Some(Refusal::NotRegistered) if asked_before => Ok(()),
        refusal => refused(refusal),
    }
}

/// An instant so much later, in whole seconds, as statements have them.
pub(super) fn later(duration: SignedDuration) -> Result<Timestamp, Failure> {
    let too_long = |_| Failure::input("that is too long");
    let time = Timestamp::now().checked_add(duration).map_err(too_long)?;
    Timestamp::from_second(time.as_second()).map_err(too_long)
}

/// Hands something signed to the actuator, which checks who may.
pub(super) fn ask_leave(execution: &Execution, ask: Ask) -> Result<(), Failure> {
    refused(leave(execution, ask)?)
}

fn refused(refusal: Option<Refusal>) -> Result<(), Failure> {
    refusal.map_or(Ok(()), |refusal| {
        Err(Failure::input(format!("the actuator refuses: {refusal}")))
    })
}

fn leave(execution: &Execution, ask: Ask) -> Result<Option<Refusal>, Failure> {
    match Client::new(&execution.actuator).ask(ask) {
        Ok(cordon_act::wire::Answer::Noted { .. }) => Ok(None),
        Ok(cordon_act::wire::Answer::Refused { refusal }) => Ok(Some(refusal)),
        Ok(_) => Err(Failure::Bug("the actuator answered another question".to_owned())),
        Err(error) => Err(not_taken(&error)),
    }
}

/// What it means that the actuator did not take something signed.
pub(crate) fn not_taken(error: &PointError) -> Failure {
    match error.kind {
        PointErrorKind::Denied | PointErrorKind::Input => {
            Failure::input(format!("the actuator refuses: {error}"))
        }
        _ => Failure::Point(error.to_string()),
    }
}

/// The orders that somebody named, in the order of execution.
pub(super) fn chosen(book: &Book, which: &[String], all: bool) -> Result<Vec<OrderId>, Failure> {
    let mut chosen = Vec::new();
    for name in which {
        let fits = |id: &&OrderId| {
            id.0 == *name || (name.len() >= 6 && book_plan(book, id).starts_with(name.as_str()))
        };
        let before = chosen.len();
        chosen.extend(book.orders().keys().filter(fits).cloned());
        if chosen.len() == before {
            return Err(Failure::input(format!(
                "no order is called {name}, and no plan's hash starts so\n`cordon status` lists what is in force."
            )));
        }
    }
    if all {
        let open = book.orders().values().filter(|order| words::is_open(book, order));
        chosen.extend(open.map(|order| order.order.id.clone()));
    }
    chosen.sort();
    chosen.dedup();
    if chosen.is_empty() {
        Err(Failure::input("nothing is in force, so there is nothing to lift"))
    } else {
        Ok(chosen)
    }
}

fn book_plan<'a>(book: &'a Book, id: &OrderId) -> &'a str {
    book.orders().get(id).map_or("", |order| order.plan_hash.as_str())
}
