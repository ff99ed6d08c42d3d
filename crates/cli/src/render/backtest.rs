//! A replayed night on one screen.

use cordon_incident::BacktestDocument;
use cordon_incident::backtest::{BacktestFoothold, BacktestStep};
use cordon_plan::document::WithdrawalId;
use jiff::Timestamp;

use super::paper::{Align, Paper};
use super::quantity::{clock, count, counted, instant, minutes, percent, seconds};
use super::style::{Paint, Role};
use super::text::{Text, width as columns};
use super::words::{listed_of, numbers};
use crate::night::step_words;
use crate::render::plan;

/// Most steps listed.
const STEPS_SHOWN: usize = 8;

/// Most footholds listed.
const FOOTHOLDS_SHOWN: usize = 5;

/// Most techniques named of steps that are told together.
const TECHNIQUES_SHOWN: usize = 3;

/// The whole screen.
pub(crate) fn screen(document: &BacktestDocument, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    headline(&mut paper, document);
    footholds(&mut paper, document, width);
    steps(&mut paper, document, width);
    if let Some(plan) = &document.plan_document {
        plan::decision_in_short(&mut paper, plan);
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
            let ready = format!("The first plan was ready at {}", instant(plan));
            (Role::Good, format!("{ready}{}{blocked}.", since(document, plan)))
        }
        (Some(_), None) => (
            Role::Warn,
            "Something was detected, but never enough for a plan.".to_owned(),
        ),
        (None, None) => (Role::Bad, "Nothing was detected.".to_owned()),
    };
    paper.paragraph(0, &Text::new().add(role, words));
}

/// How long after the first detection the plan came, between commas.
fn since(document: &BacktestDocument, plan: Timestamp) -> String {
    let after = |detection: Timestamp| later(plan.duration_since(detection).as_secs_f64());
    let words = document.first_detection.map(after);
    words.map_or_else(String::new, |words| format!(", {words} the first detection,"))
}

fn later(after_seconds: f64) -> String {
    if after_seconds <= 0.0 {
        "at the moment of".to_owned()
    } else if after_seconds < 1.0 {
        "within a second of".to_owned()
    } else {
        format!("{} after", minutes(after_seconds / 60.0))
    }
}

fn footholds(paper: &mut Paper, document: &BacktestDocument, width: usize) {
    if document.footholds.is_empty() {
        return;
    }
    let heading = "Who and what counts as held at the end";
    paper.heading(&of_all(heading, document.footholds.len(), FOOTHOLDS_SHOWN));
    let shown = || document.footholds.iter().take(FOOTHOLDS_SHOWN);
    let names = shown().map(|one| who(one).width()).max().unwrap_or(0);
    // What is left beside the columns of probability, name and truth.
    let room = width
        .saturating_sub(names + "  >99%".len() + "right".len() + 6)
        .max(20);
    let rows: Vec<Vec<Text>> = shown().map(|one| foothold(one, room)).collect();
    paper.table(2, &[Align::Right, Align::Left, Align::Left, Align::Left], &rows);
}

/// A heading that says so if not all of a list is shown.
fn of_all(heading: &str, total: usize, shown: usize) -> String {
    if total > shown {
        format!("{heading} ({shown} of {}, all with --json)", count(total as u64))
    } else {
        heading.to_owned()
    }
}

fn who(one: &BacktestFoothold) -> Text {
    Text::new().name(&one.name).quiet(format!(" {}", one.kind))
}

fn foothold(one: &BacktestFoothold, room: usize) -> Vec<Text> {
    let truth = match one.held_in_truth {
        Some(true) => Text::new().add(Role::Good, "right"),
        Some(false) => Text::new().add(Role::Bad, "wrong"),
        None => Text::new(),
    };
    let why = one.reasons.first().map_or("", String::as_str);
    vec![
        Text::new().strong(percent(one.probability)),
        who(one),
        truth,
        Text::new().plain(cut(why, room)),
    ]
}

/// As much of the words as there is room for.
fn cut(words: &str, room: usize) -> String {
    if columns(words) <= room {
        return words.to_owned();
    }
    let mut kept = String::new();
    for character in words.chars() {
        kept.push(character);
        if columns(&kept) >= room {
            kept.pop();
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// What could not have followed the blocked steps, as the end of a sentence.
fn prevented(document: &BacktestDocument) -> String {
    match document.steps_prevented {
        0 => String::new(),
        more => format!("; {more} more could not have followed"),
    }
}

fn steps(paper: &mut Paper, document: &BacktestDocument, width: usize) {
    if document.steps.is_empty() {
        return;
    }
    let groups = grouped(&document.steps);
    let heading = "What the intruder did, and what the plan does about it";
    paper.heading(&of_all(heading, groups.len(), STEPS_SHOWN));
    let outcomes: Vec<Text> = groups.iter().map(|group| outcome(document, group)).collect();
    let widest = outcomes
        .iter()
        .take(STEPS_SHOWN)
        .map(Text::width)
        .max()
        .unwrap_or(0);
    let room = width.saturating_sub(widest + "  00:00:00".len() + 4).max(30);
    let rows: Vec<Vec<Text>> = groups
        .iter()
        .zip(outcomes)
        .take(STEPS_SHOWN)
        .map(|(group, outcome)| {
            let time = group.first().map_or(String::new(), |first| clock(first.time));
            vec![
                Text::new().quiet(time),
                Text::new().plain(cut(&group_words(group), room)),
                outcome,
            ]
        })
        .collect();
    paper.table(2, &[Align::Left, Align::Left, Align::Left], &rows);
}

/// Steps that follow each other and have the same outcome, together: those before the plan and those prevented in any
/// case, others if they are of one technique from one host.
fn grouped(steps: &[BacktestStep]) -> Vec<Vec<&BacktestStep>> {
    let mut groups: Vec<Vec<&BacktestStep>> = Vec::new();
    for step in steps {
        let group = groups
            .last_mut()
            .filter(|group| group.first().is_some_and(|first| alike(first, step)));
        match group {
            Some(group) => group.push(step),
            None => groups.push(vec![step]),
        }
    }
    groups
}

fn alike(one: &BacktestStep, other: &BacktestStep) -> bool {
    let outcome = |step: &BacktestStep| (step.blocked_by.clone(), step.prevented, step.after_plan);
    let nothing_to_say = one.prevented || (!one.after_plan && one.blocked_by.is_none());
    let same_act = one.technique == other.technique && one.from_host == other.from_host;
    outcome(one) == outcome(other) && (nothing_to_say || same_act)
}

fn group_words(group: &[&BacktestStep]) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let distinct = |of: fn(&BacktestStep) -> &str| {
        let mut all: Vec<String> = group.iter().map(|step| of(step).to_owned()).collect();
        all.dedup();
        all
    };
    if group.len() == 1 {
        return step_words(first);
    }
    let techniques = distinct(|step| &step.technique);
    let number = group.len() as u64;
    if techniques.len() > 1 {
        let named = listed_of(&techniques, TECHNIQUES_SHOWN, techniques.len());
        return format!("{} steps: {named}", count(number));
    }
    let one_or = |names: Vec<String>, many: &str| match names.as_slice() {
        [only] => only.clone(),
        several => format!("{} {many}", several.len()),
    };
    let together = BacktestStep {
        to_host: one_or(distinct(|step| &step.to_host), "systems"),
        account: one_or(distinct(|step| &step.account), "accounts"),
        ..(*first).clone()
    };
    format!("{} × {}", count(number), step_words(&together))
}

fn outcome(document: &BacktestDocument, group: &[&BacktestStep]) -> Text {
    let Some(one) = group.first() else {
        return Text::new();
    };
    match &one.blocked_by {
        Some(by) => {
            let own = [WithdrawalId(by.clone())];
            let number = document.plan_document.as_ref().map(|plan| numbers(plan, &own));
            let by = number
                .filter(|number| !number.is_empty())
                .unwrap_or_else(|| by.clone());
            Text::new().add(Role::Good, format!("blocked by {by}"))
        }
        None if one.prevented => Text::new().add(Role::Good, "could not have followed"),
        None if one.after_plan => Text::new().add(Role::Warn, "not blocked"),
        None => Text::new().quiet("before the plan"),
    }
}

fn figures(paper: &mut Paper, document: &BacktestDocument) {
    match &document.plan_document {
        Some(plan) => paper.paragraph(2, &Text::new().add(Role::Good, plan::proof_in_short(plan))),
        None => paper.heading("Measured"),
    }
    if document.first_plan.is_some() {
        let words = format!(
            "{} of {} by others after the plan would have been denied.",
            count(document.legitimate_denied),
            counted(document.legitimate_after_plan, "network logon", "network logons"),
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

#[cfg(test)]
mod tests;
