//! Each withdrawal explained: the ways that it alone cuts, whom and what it costs, and what would make it unnecessary.

use cordon_plan::PlanDocument;
use cordon_plan::document::{Change, Path, UnnecessaryIf, WithdrawalEntry};

use super::reached::path_words;
use super::withdrawn::{heading, refusal, use_words};
use crate::render::paper::Paper;
use crate::render::quantity::{minutes, money};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words::{bare, listed, listed_of};

/// Most jewels named in one line.
const NAMES_SHOWN: usize = 6;

pub(super) fn section(paper: &mut Paper, plan: &PlanDocument) {
    if plan.withdrawals.is_empty() {
        return;
    }
    paper.heading("Withdraw, in this order, and why");
    for entry in &plan.withdrawals {
        heading(paper, entry);
        ways(paper, plan, entry);
        costs(paper, entry);
        for change in &entry.unnecessary_if {
            paper.paragraph(4, &unnecessary(change));
        }
        if let Some(words) = &entry.leaves_open {
            paper.paragraph(4, &Text::new().quiet(format!("leaves open: {words}")));
        }
    }
}

fn ways(paper: &mut Paper, plan: &PlanDocument, entry: &WithdrawalEntry) {
    let jewels: Vec<String> = entry
        .stops_jewels
        .iter()
        .map(|jewel| bare(jewel).to_owned())
        .collect();
    if !jewels.is_empty() {
        let names = listed_of(&jewels, NAMES_SHOWN, jewels.len());
        let words = format!("nothing else in the plan keeps the intruder from {names}");
        paper.paragraph(4, &Text::new().add(Role::Good, words));
    }
    let mut ways: Vec<&Path> = entry.stops.iter().collect();
    ways.sort_by_key(|way| way.steps.len() + way.steps_omitted as usize);
    for way in ways {
        let end = format!("to {}, {} away:", bare(&way.to), minutes(way.arrival_minutes));
        paper.paragraph(4, &Text::new().strong(end));
        paper.hanging(6, 8, &path_words(plan, way, usize::MAX));
    }
}

fn costs(paper: &mut Paper, entry: &WithdrawalEntry) {
    let mut parts = vec![
        format!("costs {}", money(entry.friction_pence as f64)),
        use_words(entry),
    ];
    if !entry.downs.is_empty() {
        parts.push(format!("stops {}", listed(&entry.downs)));
    }
    if !entry.degrades.is_empty() {
        parts.push(format!("degrades {}", listed(&entry.degrades)));
    }
    parts.extend(refusal(entry));
    paper.paragraph(4, &Text::new().plain(parts.join("; ")));
}

fn unnecessary(one: &UnnecessaryIf) -> Text {
    let price = match &one.change {
        Change::Instead { price_pence, .. } => format!(", for {} more", money(*price_pence as f64)),
        Change::Cleared { .. } => String::new(),
    };
    Text::new()
        .quiet("unnecessary if ")
        .plain(format!("{}{price}", one.text))
}
