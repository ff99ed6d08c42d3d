//! What to withdraw: numbered, in words, where, how fast, what it stops and breaks, and the price of refusing it.

use cordon_plan::PlanDocument;
use cordon_plan::document::WithdrawalEntry;

use crate::render::paper::Paper;
use crate::render::quantity::{count, counted, money, seconds};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words::{bare, listed, listed_of};

/// Most names in one line.
const NAMES_SHOWN: usize = 3;

/// Most withdrawals shown on a screen.
const WITHDRAWALS_SHOWN: usize = 12;

/// Most withdrawals shown where there is little room.
const WITHDRAWALS_SHOWN_IN_SHORT: usize = 5;

pub(super) fn section(paper: &mut Paper, plan: &PlanDocument) {
    let limit = WITHDRAWALS_SHOWN;
    listed_up_to(
        paper,
        plan,
        limit,
        "Withdraw, in this order",
        (place_words, clauses),
    );
}

/// With the step that each cuts in place of the jewels behind it, and without the price of refusing it.
pub(super) fn section_in_short(paper: &mut Paper, plan: &PlanDocument) {
    let heading = "Withdraw, in this order, and what it breaks";
    let limit = WITHDRAWALS_SHOWN_IN_SHORT;
    listed_up_to(paper, plan, limit, heading, (place_in_short, clauses_in_short));
}

/// Each clause with how it is meant.
type Clauses = Vec<(Role, String)>;

/// Where a withdrawal is done, and what is told of it.
type Told = (fn(&WithdrawalEntry) -> String, fn(&WithdrawalEntry) -> Clauses);

fn listed_up_to(paper: &mut Paper, plan: &PlanDocument, limit: usize, heading: &str, (place, clauses): Told) {
    if plan.withdrawals.is_empty() {
        return;
    }
    paper.heading(heading);
    for entry in plan.withdrawals.iter().take(limit) {
        one(paper, entry, place(entry), clauses(entry));
    }
    super::more(paper, plan.withdrawals.len(), limit);
}

/// Where it is done, how fast, and by when it is needed.
fn place_words(entry: &WithdrawalEntry) -> String {
    let needed = entry
        .deadline_seconds
        .map(|at| format!(", needed by {}", seconds(at)));
    place_in_short(entry) + &needed.unwrap_or_default()
}

fn place_in_short(entry: &WithdrawalEntry) -> String {
    format!("  at {}, in {}", entry.point_name, seconds(entry.effect_seconds))
}

/// Its number, what is done, where, how fast and by when.
pub(super) fn heading(paper: &mut Paper, entry: &WithdrawalEntry) {
    heading_with(paper, entry, place_words(entry));
}

fn heading_with(paper: &mut Paper, entry: &WithdrawalEntry, place: String) {
    let mark = format!("{:>2}.", entry.order);
    paper.item(0, &mark, &Text::new().strong(&entry.text).quiet(place));
}

fn one(paper: &mut Paper, entry: &WithdrawalEntry, place: String, clauses: Clauses) {
    heading_with(paper, entry, place);
    let mut text = Text::new();
    for (role, clause) in clauses {
        text = if text.width() > 0 { text.quiet("; ") } else { text };
        text = text.add(role, clause);
    }
    if text.width() > 0 {
        paper.paragraph(4, &text);
    }
}

fn clauses_in_short(entry: &WithdrawalEntry) -> Clauses {
    let mut clauses = clauses(entry);
    clauses.retain(|(role, _)| *role != Role::Quiet);
    let steps = entry.stops.iter().flat_map(|path| &path.steps);
    let cut = steps.into_iter().find(|step| step.cut_by.contains(&entry.id));
    if let (Some(step), Some((_, words))) = (cut, clauses.first_mut()) {
        let jewels = match entry.stops_jewels.len() as u64 {
            0 => String::new(),
            jewels => format!(" ({})", counted(jewels, "jewel", "jewels")),
        };
        *words = format!("cuts “{}”{jewels}", step.text);
    }
    clauses
}

/// What one withdrawal stops and what it takes away, each in a few words.
fn clauses(entry: &WithdrawalEntry) -> Clauses {
    let mut clauses = stops_words(entry);
    if !entry.downs.is_empty() {
        clauses.push((Role::Bad, format!("stops {}", listed(&entry.downs))));
    }
    if !entry.degrades.is_empty() {
        clauses.push((Role::Warn, format!("degrades {}", listed(&entry.degrades))));
    }
    clauses.push((Role::Plain, use_words(entry)));
    clauses.extend(
        entry
            .leaves_open
            .as_ref()
            .map(|words| (Role::Quiet, format!("leaves open: {words}"))),
    );
    clauses.extend(refusal(entry).map(|words| (Role::Quiet, words)));
    clauses
}

/// What only this withdrawal keeps out of reach, and what it comes too late for.
pub(crate) fn stops_words(entry: &WithdrawalEntry) -> Vec<(Role, String)> {
    let jewels: Vec<String> = entry
        .stops_jewels
        .iter()
        .map(|jewel| bare(jewel).to_owned())
        .collect();
    let mut clauses = Vec::new();
    if !jewels.is_empty() {
        clauses.push((
            Role::Good,
            format!(
                "cuts the way to {}",
                listed_of(&jewels, NAMES_SHOWN, jewels.len())
            ),
        ));
    } else if let Some(way) = entry.stops.first() {
        clauses.push((Role::Good, format!("keeps {} out of reach", bare(&way.to))));
    }
    if entry.too_late > 0 {
        let all = count(entry.removes.into());
        clauses.push((
            Role::Warn,
            format!(
                "may come too late for {} of the {all} accesses that it withdraws",
                count(entry.too_late.into())
            ),
        ));
    }
    clauses
}

/// By when it has to be in effect, and how long it takes.
pub(crate) fn deadline_words(entry: &WithdrawalEntry) -> Vec<(Role, String)> {
    let takes = effect_words(entry);
    let Some(deadline) = entry.deadline_seconds else {
        return vec![(Role::Plain, takes)];
    };
    let begin = entry.begin_by_seconds().unwrap_or_default();
    let role = if begin < 60.0 { Role::Warn } else { Role::Plain };
    let words = format!("in effect within {} of the newest evidence", seconds(deadline));
    let begun = if begin < 1.0 {
        "begun at once".to_owned()
    } else {
        format!("begun within {}", seconds(begin))
    };
    vec![(role, format!("{words}, so {begun}")), (Role::Quiet, takes)]
}

/// How long it takes to take effect.
fn effect_words(entry: &WithdrawalEntry) -> String {
    let p95 = seconds(entry.effect_seconds);
    match entry.effect_median_seconds {
        Some(median) => format!(
            "takes at most {} in half of all cases and {p95} in 95 of 100",
            seconds(median)
        ),
        None => format!("takes at most {p95} in 95 of 100 cases"),
    }
}

/// Whom it keeps from what they use.
pub(crate) fn use_words(entry: &WithdrawalEntry) -> String {
    match (entry.people, entry.uses_per_day) {
        (0, uses) if uses < 0.05 => "nobody uses it".to_owned(),
        (0, uses) => format!("used {} times a day", count(uses.ceil() as u64)),
        (people, _) => format!("touches {}", counted(u64::from(people), "person", "people")),
    }
}

/// What it would cost to do without it.
pub(crate) fn refusal(entry: &WithdrawalEntry) -> Option<String> {
    if entry.forced {
        return Some("forced by you".to_owned());
    }
    if entry.indispensable {
        return Some("no plan without it".to_owned());
    }
    entry
        .refusal_price_pence
        .map(|pence| format!("to refuse it costs {} more", money(pence as f64)))
}
