//! The plan on one screen, for somebody who was asleep five minutes ago.

mod changed;
mod compared;
mod disruption;
mod explained;
mod front;
mod headline;
mod reached;
mod withdrawn;
mod worlds;

use cordon_plan::PlanDocument;

pub(crate) use changed::{Changed, changed};
pub(crate) use disruption::{level_words, people_words};
pub(crate) use front::{front_words, loss_words, name as point_name, services_words};
pub(crate) use headline::{give_up, headline, margin_words, proof_in_short, proof_words};
pub(crate) use reached::{alike, state_words, way};
pub(crate) use withdrawn::{deadline_words, refusal, stops_words, use_words};
pub(crate) use worlds::worlds_words;

use super::paper::{Align, Paper};
use super::quantity::percent;
use super::style::Paint;
use super::text::Text;
use super::words::Reasons;

/// Most footholds listed; the rest are counted.
const FOOTHOLDS_SHOWN: usize = 6;

/// Most ways to jewels shown.
const WAYS_SHOWN: usize = 3;

/// Reasons given for each foothold.
const REASONS_SHOWN: usize = 2;

/// The whole screen.
pub(crate) fn screen(plan: &PlanDocument, reasons: &Reasons, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    body(&mut paper, plan, reasons);
    paper.finish()
}

/// The same with all that is known of each withdrawal: what it cuts, what it costs, what would make it unnecessary.
pub(crate) fn screen_explained(plan: &PlanDocument, reasons: &Reasons, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    sections(&mut paper, plan, reasons, explained::section);
    paper.finish()
}

/// The sections of the plan, on paper that may have something on it already.
pub(crate) fn body(paper: &mut Paper, plan: &PlanDocument, reasons: &Reasons) {
    sections(paper, plan, reasons, withdrawn::section);
}

fn sections(
    paper: &mut Paper,
    plan: &PlanDocument,
    reasons: &Reasons,
    withdrawals: fn(&mut Paper, &PlanDocument),
) {
    headline::section(paper, plan);
    footholds(paper, plan, reasons);
    reached::section(paper, plan, WAYS_SHOWN);
    withdrawals(paper, plan);
    disruption::section(paper, plan);
    compared::section(paper, plan, "What else was considered");
    front::section(paper, plan);
    headline::proof(paper, plan);
}

/// The decision, shorter: beside what happened in a night there is room for what each withdrawal cuts and not for the
/// ways. What is proven goes below.
pub(crate) fn decision_in_short(paper: &mut Paper, plan: &PlanDocument) {
    reached::section_in_short(paper, plan);
    withdrawn::section_in_short(paper, plan);
    disruption::in_short(paper, plan);
    compared::section(paper, plan, "What else was considered, and what is proven");
    front::section(paper, plan);
}

fn footholds(paper: &mut Paper, plan: &PlanDocument, reasons: &Reasons) {
    paper.heading("Who and what may be held");
    if plan.footholds.is_empty() {
        paper.paragraph(2, &"Nothing is believed to be held.".into());
        return;
    }
    let rows: Vec<Vec<Text>> = plan
        .footholds
        .iter()
        .take(FOOTHOLDS_SHOWN)
        .map(|foothold| {
            let why = reasons
                .get(&foothold.entity)
                .map_or(&[] as &[String], Vec::as_slice);
            let why: Vec<&str> = why.iter().take(REASONS_SHOWN).map(String::as_str).collect();
            let who = Text::new()
                .name(&foothold.name)
                .quiet(format!(" {}", foothold.kind));
            vec![
                Text::new().strong(percent(foothold.probability)),
                who,
                Text::new().plain(why.join("; ")),
            ]
        })
        .collect();
    paper.table(2, &[Align::Right, Align::Left, Align::Left], &rows);
    more(paper, plan.footholds.len(), FOOTHOLDS_SHOWN);
}

/// Says how many of a list were not shown.
fn more(paper: &mut Paper, total: usize, shown: usize) {
    if total > shown {
        let rest = super::quantity::count((total - shown) as u64);
        paper.paragraph(
            2,
            &Text::new().quiet(format!("and {rest} more, see --json or --report")),
        );
    }
}

#[cfg(test)]
mod tests;
