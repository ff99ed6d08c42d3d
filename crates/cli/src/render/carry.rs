//! What is being carried out, as rows and in words.

mod summary;

use std::collections::{BTreeMap, BTreeSet};

use cordon_act::recover::Last;
use cordon_act::{Book, Entry, OrderId, OrderState, Placement, PlacementState, ProbeAnswer, Trouble};
use jiff::Timestamp;
use serde::Serialize;

use crate::console::Console;

/// One order with how it stands.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    order: OrderId,
    plan_hash: String,
    text: String,
    point: String,
    state: &'static str,
    targets: usize,
    in_force: usize,
    lease_until: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

impl Row {
    pub(crate) fn is_open(&self) -> bool {
        self.state != "lifted"
    }
}

fn placements<'b>(
    book: &'b Book,
    order: &'b OrderState,
) -> impl Iterator<Item = (Placement, &'b PlacementState)> {
    order.order.targets.iter().filter_map(move |target| {
        let placement = Placement {
            point: order.order.point.clone(),
            target: target.clone(),
        };
        let state = book.placement(&placement)?;
        Some((placement, state))
    })
}

/// True while anything of an order stands or may stand, or is wanted.
pub(crate) fn is_open(book: &Book, order: &OrderState) -> bool {
    order.lift_asked_by.is_none() || placements(book, order).any(|(_, state)| is_left(state, order))
}

/// True if something of a lifted order still stands and no other order holds it.
fn is_left(state: &PlacementState, order: &OrderState) -> bool {
    if order.lift_asked_by.is_some() {
        state.holders.is_empty() && state.last != Last::Nothing
    } else {
        state.is_active()
    }
}

/// The rows of one plan, or of all, in the order of execution.
pub(crate) fn rows(book: &Book, plan_hash: Option<&str>) -> Vec<Row> {
    book.orders()
        .values()
        .filter(|order| plan_hash.is_none_or(|hash| order.plan_hash == hash))
        .map(|order| row(book, order))
        .collect()
}

/// The rows of these orders.
pub(crate) fn rows_of(book: &Book, orders: &[OrderId]) -> Vec<Row> {
    orders
        .iter()
        .filter_map(|id| book.orders().get(id))
        .map(|order| row(book, order))
        .collect()
}

fn row(book: &Book, order: &OrderState) -> Row {
    let in_force = placements(book, order)
        .filter(|(_, state)| state.last == Last::InForce)
        .count();
    let halted = book
        .plans()
        .get(&order.plan_hash)
        .and_then(|plan| plan.halted.clone());
    let trouble = placements(book, order)
        .find_map(|(placement, state)| Some(format!("{placement}: {}", trouble(state.trouble.as_ref()?))))
        .or_else(|| {
            order
                .overdue
                .then(|| "its lease is over: renew or lift it".to_owned())
        })
        .or_else(|| {
            halted
                .filter(|_| in_force < order.order.targets.len())
                .map(|why| format!("halted: {why}"))
        });
    Row {
        order: order.order.id.clone(),
        plan_hash: order.plan_hash.clone(),
        text: order.order.text.clone(),
        point: order.order.point.to_string(),
        state: state(book, order, in_force),
        targets: order.order.targets.len(),
        in_force,
        lease_until: order.lease_until,
        trouble,
    }
}

fn state(book: &Book, order: &OrderState, in_force: usize) -> &'static str {
    let lifting = order.lift_asked_by.is_some();
    match (lifting, is_open(book, order)) {
        (true, true) => "lifting",
        (true, false) => "lifted",
        (false, _) if in_force == order.order.targets.len() && order.overdue => "overdue",
        (false, _) if in_force == order.order.targets.len() => "in force",
        (false, _) => "applying",
    }
}

fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Failing(kind, text) => format!("{kind:?}: {text}; it is tried again"),
        Trouble::Unverified(how) => format!("UNVERIFIED, the access gets through: {how}"),
        Trouble::Drifted => "somebody undid it; it is withdrawn again".to_owned(),
        Trouble::NeedsPerson(why) => why.clone(),
    }
}

/// True if every order of a plan is in force.
pub(crate) fn stands(book: &Book, plan_hash: &str) -> bool {
    let mut orders = book
        .orders()
        .values()
        .filter(|order| order.plan_hash == plan_hash)
        .peekable();
    orders.peek().is_some()
        && orders.all(|order| placements(book, order).all(|(_, state)| state.last == Last::InForce))
}

/// True if nothing more of a plan happens before a person does something.
pub(crate) fn is_stuck(book: &Book, plan_hash: &str) -> bool {
    let halted = book
        .plans()
        .get(plan_hash)
        .is_some_and(|plan| plan.halted.is_some());
    let orders = book
        .orders()
        .values()
        .filter(|order| order.plan_hash == plan_hash);
    let mut states = orders
        .flat_map(|order| placements(book, order))
        .map(|(_, state)| state)
        .peekable();
    states.peek().is_some()
        && states.all(|state| {
            let begun = state.last != Last::Nothing;
            state.last == Last::InForce
                || state.is_escalated()
                || (halted && !begun)
                || (halted && state.trouble.is_some())
        })
}

/// True if these orders are lifted, or wait for a person.
pub(crate) fn are_lifted(book: &Book, orders: &[OrderId]) -> bool {
    orders.iter().filter_map(|id| book.orders().get(id)).all(|order| {
        order.lift_asked_by.is_some()
            && placements(book, order).all(|(_, state)| {
                !is_left(state, order) || matches!(state.trouble, Some(Trouble::NeedsPerson(_)))
            })
    })
}

/// True if nothing of these orders is left at any server.
pub(crate) fn is_given_back(book: &Book, orders: &[OrderId]) -> bool {
    orders
        .iter()
        .filter_map(|id| book.orders().get(id))
        .all(|order| !is_open(book, order))
}

/// True if these orders are valid until then, and servers that hold leases themselves know it.
pub(crate) fn are_renewed(book: &Book, orders: &[OrderId], until: Timestamp) -> bool {
    orders.iter().filter_map(|id| book.orders().get(id)).all(|order| {
        let told = placements(book, order).all(|(placement, state)| {
            state.last != Last::InForce
                || state.server_lease_until.is_none()
                || state.server_lease_until == book.server_lease(&placement)
        });
        order.lease_until >= until && told
    })
}

/// These orders by the plan that they are of.
pub(crate) fn by_plan(book: &Book, orders: &[OrderId]) -> BTreeMap<String, BTreeSet<OrderId>> {
    let mut plans: BTreeMap<String, BTreeSet<OrderId>> = BTreeMap::new();
    for id in orders {
        if let Some(order) = book.orders().get(id) {
            plans
                .entry(order.plan_hash.clone())
                .or_default()
                .insert(id.clone());
        }
    }
    plans
}

/// The rows as a table; many that stand alike as one line.
pub(crate) fn table(rows: &[Row], now: Timestamp, width: usize) -> String {
    use std::fmt::Write as _;
    if rows.is_empty() {
        return "Nothing is withdrawn.\n".to_owned();
    }
    let rows = summary::folded(rows);
    let wide = rows
        .iter()
        .map(|row| row.order.0.len() + 1)
        .max()
        .unwrap_or(0)
        .max(16);
    let mut text = format!(
        "{:wide$}{:10}{:>9}  {:7}what\n",
        "order", "state", "targets", "lease"
    );
    for row in &rows {
        let count = format!("{}/{}", row.in_force, row.targets);
        let line = format!(
            "{:wide$}{:10}{count:>9}  {:7}{}, at {}",
            row.order.0,
            row.state,
            left(row, now),
            row.text,
            row.point
        );
        let _ = writeln!(text, "{}", cut(&line, width));
        if let Some(trouble) = &row.trouble {
            let _ = writeln!(
                text,
                "{:16}! {}",
                "",
                cut(trouble, width.saturating_sub(18).max(40))
            );
        }
    }
    text
}

fn cut(line: &str, width: usize) -> String {
    let plain: String = line
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    if plain.chars().count() <= width {
        return plain;
    }
    plain.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// How long a lease still runs.
fn left(row: &Row, now: Timestamp) -> String {
    let minutes = row.lease_until.duration_since(now).as_mins();
    match (row.state, minutes) {
        ("lifted", _) => "-".to_owned(),
        (_, ..=0) => "over".to_owned(),
        (_, 1..=90) => format!("{minutes} min"),
        _ => format!("{} h", minutes / 60),
    }
}

/// Says on stderr what was just recorded.
pub(crate) fn show(entry: &Entry, console: &Console) {
    let words = match entry {
        Entry::Accepted(accepted) => format!("accepted {} orders", accepted.orders.orders.len()),
        Entry::Applied { placement, .. } => format!("withdrawn: {placement}"),
        Entry::Verified {
            placement,
            answer: ProbeAnswer::Refused,
            how,
        } => format!("tried and refused: {placement} ({how})"),
        Entry::Verified { placement, how, .. } => {
            format!("read back, could not be tried: {placement} ({how})")
        }
        Entry::Lifted { placement, .. } => format!("given back: {placement}"),
        Entry::Failed {
            placement,
            text,
            attempt,
            ..
        } => format!("try {attempt} failed: {placement}: {text}"),
        Entry::Unverified { placement, how } => {
            return console.warn(&format!("{placement} still gets through: {how}"));
        }
        Entry::Drifted { placement, .. } => return console.warn(&format!("somebody undid {placement}")),
        Entry::NeedsPerson { placement, why } => return console.warn(&format!("{placement}: {why}")),
        Entry::Overdue { order } => {
            return console.warn(&format!("the lease of {order} is over: renew or lift it"));
        }
        Entry::Halted { why, .. } => {
            return console.warn(&format!("the rest of the plan is not begun: {why}"));
        }
        _ => return,
    };
    console.note(&words);
}
