//! A replayed night on one screen.

use cordon_incident::BacktestDocument;
use cordon_incident::backtest::{BacktestFoothold, BacktestStep};

use super::paper::{Align, Paper};
use super::quantity::{clock, count, counted, instant, minutes, percent, seconds};
use super::style::{Paint, Role};
use super::text::Text;
use crate::night::step_words;
use crate::render::plan;

/// Most steps listed.
const STEPS_SHOWN: usize = 20;

/// Most footholds listed.
const FOOTHOLDS_SHOWN: usize = 8;

/// The whole screen.
pub(crate) fn screen(document: &BacktestDocument, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    headline(&mut paper, document);
    footholds(&mut paper, document);
    steps(&mut paper, document);
    if let Some(plan) = &document.plan_document {
        plan::decision(&mut paper, plan);
    }
    figures(&mut paper, document);
    paper.finish()
}

fn headline(paper: &mut Paper, document: &BacktestDocument) {
    let (role, words) = match (document.first_detection, document.first_plan) {
        (_, Some(plan)) => {
            let blocked = if document.steps_total == 0 {
                String::new()
            } else {
                format!(
                    " and would have blocked {} of the {} steps after it{}",
                    document.steps_blocked,
                    document.steps_after_plan,
                    prevented(document)
                )
            };
            (
                Role::Good,
                format!("The first plan was ready at {}{blocked}.", instant(plan)),
            )
        }
        (Some(_), None) => (
            Role::Warn,
            "Something was detected, but never enough for a plan.".to_owned(),
        ),
        (None, None) => (Role::Bad, "Nothing was detected.".to_owned()),
    };
    paper.paragraph(0, &Text::new().add(role, words));
    if let (Some(detection), Some(plan)) = (document.first_detection, document.first_plan) {
        let after = plan.duration_since(detection).as_secs_f64() / 60.0;
        paper.paragraph(
            0,
            &Text::new().quiet(format!(
                "First detection at {}, first plan {}.",
                instant(detection),
                later(after)
            )),
        );
    }
}

fn later(after_minutes: f64) -> String {
    if after_minutes * 60.0 < 1.0 {
        "at once".to_owned()
    } else {
        format!("{} later", minutes(after_minutes))
    }
}

fn footholds(paper: &mut Paper, document: &BacktestDocument) {
    if document.footholds.is_empty() {
        return;
    }
    paper.heading("Who and what counts as held at the end");
    let rows: Vec<Vec<Text>> = document
        .footholds
        .iter()
        .take(FOOTHOLDS_SHOWN)
        .map(foothold)
        .collect();
    paper.table(2, &[Align::Right, Align::Left, Align::Left, Align::Left], &rows);
    more(paper, document.footholds.len(), FOOTHOLDS_SHOWN);
}

fn foothold(one: &BacktestFoothold) -> Vec<Text> {
    let truth = match one.held_in_truth {
        Some(true) => Text::new().add(Role::Good, "right"),
        Some(false) => Text::new().add(Role::Bad, "wrong"),
        None => Text::new(),
    };
    vec![
        Text::new().strong(percent(one.probability)),
        Text::new().name(&one.name).quiet(format!(" {}", one.kind)),
        truth,
        Text::new().plain(one.reasons.first().map_or("", String::as_str)),
    ]
}

/// What could not have followed the blocked steps, as the end of a sentence.
fn prevented(document: &BacktestDocument) -> String {
    match document.steps_prevented {
        0 => String::new(),
        more => format!("; {more} more could not have followed"),
    }
}

fn steps(paper: &mut Paper, document: &BacktestDocument) {
    if document.steps.is_empty() {
        return;
    }
    paper.heading("What the intruder did, and what the plan does about it");
    let rows: Vec<Vec<Text>> = document.steps.iter().take(STEPS_SHOWN).map(step).collect();
    paper.table(2, &[Align::Left, Align::Left, Align::Left], &rows);
    more(paper, document.steps.len(), STEPS_SHOWN);
}

fn step(one: &BacktestStep) -> Vec<Text> {
    let what = match &one.blocked_by {
        Some(by) => Text::new().add(Role::Good, format!("blocked: {by}")),
        None if one.prevented => Text::new().add(Role::Good, "could not have followed"),
        None if one.after_plan => Text::new().add(Role::Warn, "not blocked"),
        None => Text::new().quiet("before the plan"),
    };
    vec![
        Text::new().quiet(clock(one.time)),
        Text::new().plain(step_words(one)),
        what,
    ]
}

fn figures(paper: &mut Paper, document: &BacktestDocument) {
    paper.heading("Measured");
    if document.first_plan.is_some() {
        let words = format!(
            "{} of {} by others would have been denied after the first plan ({} in the whole recording).",
            count(document.legitimate_denied),
            counted(document.legitimate_after_plan, "network logon", "network logons"),
            count(document.legitimate_total)
        );
        paper.paragraph(2, &words.into());
    }
    let unreadable = if document.unreadable > 0 {
        format!(", {} could not be read", count(document.unreadable))
    } else {
        String::new()
    };
    let words = format!(
        "{}{unreadable}, {}, {} in {}.",
        counted(document.events, "event", "events"),
        counted(document.detections, "detection", "detections"),
        counted(document.plans_made.into(), "plan", "plans"),
        seconds(document.seconds)
    );
    paper.paragraph(2, &Text::new().quiet(words));
}

fn more(paper: &mut Paper, total: usize, shown: usize) {
    if total > shown {
        paper.paragraph(
            2,
            &Text::new().quiet(format!("and {} more", count((total - shown) as u64))),
        );
    }
}
