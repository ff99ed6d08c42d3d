//! Entries of the record in words.

use cordon_act::{Accepted, Entry, OrderId, PointName, ProbeAnswer, Verb};
use jiff::Timestamp;

use crate::console::Console;
use crate::render::quantity::{counted, instant};

/// How much of a plan's hash is shown, as `cordon status` shows it.
const HASH_SHOWN: usize = 12;

/// Most orders that are named in one line.
const ORDERS_NAMED: usize = 3;

/// Says on stderr what was just recorded, if people want to hear of it while they wait.
pub(crate) fn show(entry: &Entry, console: &Console) {
    match entry {
        Entry::Applying { .. }
        | Entry::Lifting { .. }
        | Entry::Renewed { .. }
        | Entry::LiftAsked { .. }
        | Entry::ServicesProbed { .. } => {}
        Entry::Accepted(accepted) => console.note(&format!("accepted {}", orders_of(accepted))),
        alarm if alarm.is_alarm() => console.warn(&sentence(alarm)),
        other => console.note(&sentence(other)),
    }
}

/// What an entry says, in one line and without the time.
pub(crate) fn sentence(entry: &Entry) -> String {
    match entry {
        Entry::Accepted(accepted) => acceptance(accepted),
        Entry::Halted { why, .. } => format!("the rest of the plan is not begun: {why}"),
        Entry::Resumed { by, .. } => format!("the rest of the plan goes on: {by}"),
        Entry::ServicesProbed { wave, failing, .. } => services(*wave, failing),
        Entry::Overdue { order } => format!("the lease of {order} is over: renew or lift it"),
        Entry::Renewed { orders, until, by } => renewal(orders, *until, by),
        Entry::LiftAsked { orders, by, .. } => format!("to be given back: {}, asked by {by}", named(orders)),
        other => of_placement(other),
    }
}

/// What was done at one place.
fn of_placement(entry: &Entry) -> String {
    match entry {
        Entry::Applying {
            placement, attempt, ..
        } => {
            format!("about to withdraw{}: {placement}", again(*attempt))
        }
        Entry::Applied {
            placement,
            adopted: true,
            ..
        } => format!("found withdrawn: {placement}"),
        Entry::Applied { placement, .. } => format!("withdrawn: {placement}"),
        Entry::Verified {
            placement,
            answer: ProbeAnswer::Refused,
            how,
        } => {
            format!("tried and refused: {placement} ({how})")
        }
        Entry::Verified { placement, how, .. } => {
            format!("read back, could not be tried: {placement} ({how})")
        }
        Entry::Unverified { placement, how } => format!("{placement} still gets through: {how}"),
        Entry::Drifted { placement, .. } => format!("somebody undid {placement}"),
        Entry::NeedsPerson { placement, why } => format!("{placement}: {why}"),
        Entry::Lifting {
            placement, attempt, ..
        } => {
            format!("about to give back{}: {placement}", again(*attempt))
        }
        Entry::Lifted { placement, .. } => format!("given back: {placement}"),
        Entry::LiftTried {
            placement,
            answer: ProbeAnswer::Admitted,
            how,
        } => {
            format!("tried and works again: {placement} ({how})")
        }
        Entry::LiftTried { placement, how, .. } => {
            format!("given back, not seen to work again: {placement} ({how})")
        }
        Entry::Failed {
            placement,
            verb,
            text,
            attempt,
            ..
        } => {
            format!("try {attempt} to {} failed: {placement}: {text}", asked(*verb))
        }
        _ => String::new(),
    }
}

const fn asked(verb: Verb) -> &'static str {
    match verb {
        Verb::Observe => "look",
        Verb::Apply => "withdraw",
        Verb::Lift => "give back",
        Verb::Probe => "use the access",
    }
}

fn acceptance(accepted: &Accepted) -> String {
    let orders = &accepted.orders;
    let hash: String = orders.plan_hash.chars().take(HASH_SHOWN).collect();
    let proof = match (&accepted.break_glass_overridden, accepted.break_glass.as_slice()) {
        (Some(why), _) => format!("; the proof of a break-glass logon was overridden: {why}"),
        (None, []) => String::new(),
        (None, points) => format!("; break-glass logon proven at {}", places(points)),
    };
    format!(
        "accepted {} of plan {hash}, approved by {}{proof}",
        orders_of(accepted),
        accepted.approved_by.join(" and ")
    )
}

fn orders_of(accepted: &Accepted) -> String {
    counted(accepted.orders.orders.len() as u64, "order", "orders")
}

fn places(proven: &[(PointName, String)]) -> String {
    let names: Vec<String> = proven.iter().map(|(point, _)| point.to_string()).collect();
    names.join(", ")
}

fn services(wave: u32, failing: &[String]) -> String {
    let when = match wave {
        0 => "before the first wave".to_owned(),
        wave => format!("after wave {wave}"),
    };
    if failing.is_empty() {
        format!("protected services asked {when}: none fails")
    } else {
        format!("protected services asked {when}: {} fail", failing.join(", "))
    }
}

fn renewal(orders: &[OrderId], until: Timestamp, by: &str) -> String {
    format!("renewed until {}: {}, by {by}", instant(until), named(orders))
}

/// The first few orders, and how many more.
fn named(orders: &[OrderId]) -> String {
    let mut names: Vec<String> = orders
        .iter()
        .take(ORDERS_NAMED)
        .map(ToString::to_string)
        .collect();
    let more = orders.len().saturating_sub(ORDERS_NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

fn again(attempt: u32) -> String {
    match attempt {
        0 | 1 => String::new(),
        attempt => format!(", try {attempt}"),
    }
}
