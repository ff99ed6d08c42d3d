//! The trade-off between disruption and loss: its points, and what is claimed of them.

use cordon_plan::PlanDocument;
use cordon_plan::document::{Alternative, CutOff, FrontEntry};

use crate::render::paper::{Align, Paper};
use crate::render::quantity::{count, counted, money, percent};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words;

/// The points with what was done without Cordon, as a table; nothing if they were not asked for.
pub(super) fn section(paper: &mut Paper, plan: &PlanDocument) {
    if plan.front.is_none() {
        return;
    }
    paper.heading("The trade-off: each of these is a plan");
    let heads = ["", "acts", "disrupts", "may be lost", "down", "jewels", ""];
    let mut rows = vec![heads.map(|head| Text::new().quiet(head)).to_vec()];
    rows.extend(
        plan.alternatives
            .iter()
            .enumerate()
            .map(|(place, one)| row(place + 1, one)),
    );
    let aligns = [
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
    ];
    paper.table(2, &aligns, &rows);
    for words in front_words(plan) {
        paper.paragraph(2, &Text::new().quiet(words));
    }
}

fn row(number: usize, one: &Alternative) -> Vec<Text> {
    let role = if one.chosen { Role::Strong } else { Role::Plain };
    let metrics = &one.metrics;
    let jewels = if metrics.jewels_reachable > 0 {
        Role::Bad
    } else {
        Role::Good
    };
    vec![
        Text::new().add(role, number.to_string()),
        Text::new().add(role, count(metrics.withdrawals.into())),
        Text::new().add(role, money(metrics.cost.disruption_pence() as f64)),
        Text::new().add(role, loss_words(one)),
        Text::new().add(role, count(metrics.services_down.into())),
        Text::new().add(jewels, count(metrics.jewels_reachable.into())),
        Text::new().add(role, name(one)),
    ]
}

/// What may be lost, with its standard error where it is an average.
pub(crate) fn loss_words(one: &Alternative) -> String {
    let loss = money(one.metrics.loss_pence() as f64);
    match one.metrics.expected {
        Some(expected) => format!("{loss} \u{b1} {}", money(expected.standard_error_pence as f64)),
        None => loss,
    }
}

/// What a point is, and whether it is the knee.
pub(crate) fn name(one: &Alternative) -> String {
    if one.knee {
        format!("{} (knee)", one.text)
    } else {
        one.text.clone()
    }
}

/// What is claimed of the points, and how to take another; one sentence each, none if the whole front was not asked for.
pub(crate) fn front_words(plan: &PlanDocument) -> Vec<String> {
    let Some(front) = &plan.front else {
        return Vec::new();
    };
    let points = plan.alternatives.len();
    let proven = plan.alternatives.iter().filter(|one| one.is_proven()).count();
    let mut words = Vec::new();
    if front.worlds.is_none() {
        let all = if proven == points { "Of each" } else { "Of" };
        let some = if proven == points {
            String::new()
        } else {
            format!(" {} of {}", count(proven as u64), count(points as u64))
        };
        words.push(format!(
            "{all}{some} it is proven that nothing disrupts less and loses no more."
        ));
    }
    words.push(end_words(front));
    words.extend(worlds_words(plan, front));
    if front.chosen.is_none() {
        words.extend(plan.least_sum().map(|place| {
            format!(
                "Point {} disrupts and loses least together. To take another: --point NUMBER, knee or least, with the same options.",
                place + 1
            )
        }));
    }
    words
}

fn end_words(front: &FrontEntry) -> String {
    let solves = counted(front.solves.into(), "problem was solved", "problems were solved");
    let gaps = counted(front.open_gaps.into(), "gap", "gaps");
    let ended = match front.cut_off {
        None => return format!("No other point lies between the first and the last; {solves}."),
        Some(CutOff::Points) => "as many points were found as were asked for",
        Some(CutOff::Effort) => "the effort for one search was spent",
        Some(CutOff::Time) => "the time was over",
    };
    format!("There may be others in {gaps} between them: {ended}; {solves}.")
}

fn worlds_words(plan: &PlanDocument, front: &FrontEntry) -> Option<String> {
    let worlds = front.worlds?;
    let expected = plan.alternatives.iter().find_map(|one| one.metrics.expected)?;
    Some(format!(
        "What may be lost is the average over {} sampled worlds, with its standard error; points were looked for over the {} \
         that are {} of another sample.",
        count(expected.worlds.into()),
        counted(worlds.into(), "world", "commonest worlds"),
        percent(front.worlds_share.unwrap_or(1.0)),
    ))
}

/// The services that an alternative takes down or degrades, in one sentence; none if it leaves all as they are.
pub(crate) fn services_words(one: &Alternative) -> Option<String> {
    let listed = |names: &[String], total: u32, how: &str| {
        (total > 0).then(|| format!("{how}: {}", words::listed_of(names, 6, total as usize)))
    };
    let down = listed(&one.services_down, one.metrics.services_down, "down");
    let degraded = listed(&one.services_degraded, one.metrics.services_degraded, "degraded");
    let parts: Vec<String> = down.into_iter().chain(degraded).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
