//! What is being carried out, as rows and in words.

mod recorded;
mod summary;
mod tried;

use std::collections::{BTreeMap, BTreeSet};

use cordon_act::recover::Last;
use cordon_act::{Book, OrderId, OrderState, Placement, PlacementState, PointErrorKind, Trouble};
use jiff::Timestamp;
use serde::Serialize;

pub(crate) use recorded::{sentence, show};
use tried::Tried;

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
    tried: Tried,
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
    order.lift_asked_by.is_none()
        || placements(book, order).any(|(placement, state)| is_left(book, order, &placement, state))
}

/// True if something of a lifted order still stands, no other order holds it, and it is this order's to give back.
fn is_left(book: &Book, order: &OrderState, placement: &Placement, state: &PlacementState) -> bool {
    if order.lift_asked_by.is_none() {
        return state.is_active();
    }
    state.holders.is_empty() && state.last != Last::Nothing && is_of(book, order, placement)
}

/// True if no order that was accepted later names the placement: what is recorded of it would be that order's.
fn is_of(book: &Book, order: &OrderState, placement: &Placement) -> bool {
    let named = book.placement(placement).map(PlacementState::named_by);
    let mut others = named.into_iter().flatten().filter_map(|id| book.orders().get(id));
    !others.any(|other| other.accepted_at > order.accepted_at)
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
    let is_open = is_open(book, order);
    let in_force = placements(book, order)
        .filter(|(_, state)| is_open && state.last == Last::InForce)
        .count();
    let halted = book
        .plans()
        .get(&order.plan_hash)
        .and_then(|plan| plan.halted.clone());
    let trouble = placements(book, order)
        .filter(|_| is_open)
        .find_map(|(placement, state)| Some(format!("{placement}: {}", trouble(state.trouble.as_ref()?))))
        .or_else(|| (is_open && order.overdue).then(|| "its lease is over: renew or lift it".to_owned()))
        .or_else(|| {
            halted
                .filter(|_| is_open && in_force < order.order.targets.len())
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
        tried: Tried::of(book, order),
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

/// The orders of a plan that nobody asked to be lifted.
fn wanted<'b>(book: &'b Book, plan_hash: &'b str) -> impl Iterator<Item = &'b OrderState> {
    let orders = book.orders().values();
    orders.filter(move |order| order.plan_hash == plan_hash && order.lift_asked_by.is_none())
}

/// True if every order of a plan is in force, but for those that somebody had lifted.
pub(crate) fn stands(book: &Book, plan_hash: &str) -> bool {
    let mut orders = wanted(book, plan_hash).peekable();
    orders.peek().is_some()
        && orders.all(|order| placements(book, order).all(|(_, state)| state.last == Last::InForce))
}

/// True if a plan was carried out before, and all of it lifted.
pub(crate) fn is_lifted(book: &Book, plan_hash: &str) -> bool {
    book.plans().contains_key(plan_hash) && wanted(book, plan_hash).next().is_none()
}

/// Why a server keeps one of these orders from its end: what it says, and of which placement.
pub(crate) fn failing(book: &Book, orders: &[OrderId]) -> Option<String> {
    let orders = orders.iter().filter_map(|id| book.orders().get(id));
    let mut placements = orders.flat_map(|order| placements(book, order));
    placements.find_map(|(placement, state)| match &state.trouble {
        Some(Trouble::Failing(_, text)) => Some(format!("{placement}: {text} (tries: {})", state.attempts)),
        _ => None,
    })
}

/// The orders of a plan, in the order of execution.
pub(crate) fn of_plan(book: &Book, plan_hash: &str) -> Vec<OrderId> {
    let orders = book.orders().iter();
    let of_plan = orders.filter(|(_, order)| order.plan_hash == plan_hash);
    of_plan.map(|(id, _)| id.clone()).collect()
}

/// True if it failed so often that people were told, in a way that does not end by itself.
fn is_for_a_person(state: &PlacementState) -> bool {
    let passes = matches!(
        state.trouble,
        Some(Trouble::Failing(
            PointErrorKind::Target | PointErrorKind::Unknown,
            _
        ))
    );
    state.is_escalated() && !passes
}

/// True if nothing more of a plan happens before a person does something. A server that does not answer may answer soon.
pub(crate) fn is_stuck(book: &Book, plan_hash: &str) -> bool {
    let halted = book
        .plans()
        .get(plan_hash)
        .is_some_and(|plan| plan.halted.is_some());
    let mut states = wanted(book, plan_hash)
        .flat_map(|order| placements(book, order))
        .map(|(_, state)| state)
        .peekable();
    states.peek().is_some()
        && states.all(|state| {
            let begun = state.last != Last::Nothing;
            state.last == Last::InForce
                || is_for_a_person(state)
                || (halted && !begun)
                || (halted && matches!(state.trouble, Some(Trouble::Unverified(_))))
        })
}

/// True if these orders are lifted, or wait for a person.
pub(crate) fn are_lifted(book: &Book, orders: &[OrderId]) -> bool {
    orders.iter().filter_map(|id| book.orders().get(id)).all(|order| {
        order.lift_asked_by.is_some()
            && placements(book, order)
                .all(|(placement, state)| !is_left(book, order, &placement, state) || is_for_a_person(state))
    })
}

/// True if everything that these orders gave back was tried since, but for what was off before and is off again.
pub(crate) fn are_tried(book: &Book, orders: &[OrderId]) -> bool {
    let orders = orders.iter().filter_map(|id| book.orders().get(id));
    let mut placements = orders.flat_map(|order| placements(book, order));
    placements.all(|(_, state)| {
        state.is_active() || state.is_given_back_off || state.tried.is_some() || state.trouble.is_some()
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
        let tried = row.tried.words(!row.is_open());
        if !tried.is_empty() {
            let _ = writeln!(text, "{:16}{}", "", cut(&tried, width.saturating_sub(16).max(40)));
        }
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
