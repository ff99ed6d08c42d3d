//! What could be reached, by which way, how soon, and where the plan cuts it.

use cordon_plan::PlanDocument;
use cordon_plan::document::{JewelEntry, JewelState, Path};

use crate::render::paper::Paper;
use crate::render::quantity::{count, counted, minutes};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words::{listed_of, numbers, reach};

/// Most jewels named of those reached by the same way.
const NAMES_SHOWN: usize = 4;

/// Most ways named that stay open, where there is little room.
const OPEN_SHOWN: usize = 3;

/// Most steps of a path shown on a screen.
const STEPS_SHOWN: usize = 6;

pub(super) fn section(paper: &mut Paper, plan: &PlanDocument, ways_shown: usize) {
    paper.heading("What can be reached from there");
    let before = &plan.exposure.before;
    paper.item(2, "now: ", &Text::new().plain(reach(before)));
    if !plan.withdrawals.is_empty() {
        paper.item(2, "then:", &Text::new().plain(reach(&plan.exposure.after)));
    }
    let threatened: Vec<&JewelEntry> = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state != JewelState::OutOfReach)
        .collect();
    let ways = alike(&threatened);
    for way in ways.iter().take(ways_shown) {
        one_way(paper, plan, way);
    }
    super::more(paper, ways.len(), ways_shown);
    let safe = plan.jewels.len() - threatened.len();
    if safe > 0 && !threatened.is_empty() {
        let words = counted(safe as u64, "other jewel is", "other jewels are");
        paper.paragraph(2, &Text::new().quiet(format!("{words} out of reach anyway.")));
    }
}

/// Without the ways: how much is in reach before and after, what stays so, and how soon the first jewel would be.
pub(super) fn section_in_short(paper: &mut Paper, plan: &PlanDocument) {
    paper.heading("What can be reached from there");
    paper.item(2, "now: ", &Text::new().plain(reach(&plan.exposure.before)));
    if !plan.withdrawals.is_empty() {
        paper.item(2, "then:", &Text::new().plain(reach(&plan.exposure.after)));
    }
    let in_state = |states: &[JewelState]| -> Vec<&JewelEntry> {
        let jewels = plan.jewels.iter();
        jewels.filter(|jewel| states.contains(&jewel.state)).collect()
    };
    let open = in_state(&[JewelState::MayBeTaken, JewelState::Reachable]);
    let ways = alike(&open);
    for way in ways.iter().take(OPEN_SHOWN) {
        named(paper, way);
    }
    super::more(paper, ways.len(), OPEN_SHOWN);
    let stopped = in_state(&[JewelState::Stopped]);
    let arrival = |jewel: &JewelEntry| jewel.arrival_minutes_before.unwrap_or(f64::INFINITY);
    if let Some(first) = stopped.iter().min_by(|a, b| arrival(a).total_cmp(&arrival(b))) {
        let text = Text::new().plain(format!(
            "{} ({}), {} away; ",
            first.name,
            first.kind,
            minutes(arrival(first))
        ));
        let all = if open.is_empty() {
            "none in reach then"
        } else {
            "out of reach then"
        };
        paper.item(2, "soonest:", &text.add(Role::Good, all));
    }
}

fn one_way(paper: &mut Paper, plan: &PlanDocument, alike: &[&JewelEntry]) {
    named(paper, alike);
    if let Some(path) = alike.first().and_then(|jewel| way(jewel)) {
        paper.paragraph(4, &path_words(plan, path, STEPS_SHOWN));
    }
}

/// Jewels that are alike, with their state.
fn named(paper: &mut Paper, alike: &[&JewelEntry]) {
    let Some(jewel) = alike.first() else { return };
    let (role, state) = state_words(jewel);
    let names: Vec<String> = alike.iter().map(|one| one.name.clone()).collect();
    let kind = format!(
        " ({}{})",
        jewel.kind,
        if jewel.inferred { ", inferred" } else { "" }
    );
    let names = listed_of(&names, NAMES_SHOWN, names.len());
    paper.hanging(
        2,
        4,
        &Text::new().strong(names).plain(kind).plain(": ").add(role, state),
    );
}

/// The way to show: the one that is left, else the one that was.
pub(crate) fn way(jewel: &JewelEntry) -> Option<&Path> {
    if jewel.state == JewelState::Reachable {
        jewel.path_after.as_ref()
    } else {
        jewel.path.as_ref()
    }
}

/// Jewels in the same state that are reached by ways that differ in their last step's target alone, together.
pub(crate) fn alike<'a>(jewels: &[&'a JewelEntry]) -> Vec<Vec<&'a JewelEntry>> {
    let mut groups: Vec<Vec<&JewelEntry>> = Vec::new();
    for jewel in jewels {
        let group = groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| same_way(first, jewel)));
        match group {
            Some(group) => group.push(jewel),
            None => groups.push(vec![jewel]),
        }
    }
    groups
}

fn same_way(one: &JewelEntry, other: &JewelEntry) -> bool {
    let (Some(way_of_one), Some(way_of_other)) = (way(one), way(other)) else {
        return false;
    };
    let before = |path: &Path| {
        path.steps
            .split_last()
            .map(|(last, rest)| (last.rule.clone(), rest.to_vec()))
    };
    let words = |jewel: &JewelEntry| state_words(jewel).1;
    one.kind == other.kind && words(one) == words(other) && before(way_of_one) == before(way_of_other)
}

/// What became of a jewel, in words.
pub(crate) fn state_words(jewel: &JewelEntry) -> (Role, String) {
    let soon = |arrival: Option<f64>| arrival.map_or("some time".to_owned(), minutes);
    match jewel.state {
        JewelState::MayBeTaken => (Role::Bad, "may be taken already".to_owned()),
        JewelState::Reachable => (
            Role::Bad,
            format!("in reach even so, in {}", soon(jewel.arrival_minutes_after)),
        ),
        JewelState::Stopped if jewel.margin_minutes.is_some_and(|margin| margin < 0.0) => (
            Role::Bad,
            format!(
                "{} away, and may be taken already when the plan takes effect",
                soon(jewel.arrival_minutes_before)
            ),
        ),
        JewelState::Stopped => (
            Role::Warn,
            format!("{} away, out of reach then", soon(jewel.arrival_minutes_before)),
        ),
        JewelState::OutOfReach => (Role::Good, "out of reach".to_owned()),
    }
}

/// A way in one paragraph, with the withdrawals that cut each step.
pub(super) fn path_words(plan: &PlanDocument, path: &Path, shown: usize) -> Text {
    let mut text = Text::new();
    for (number, step) in path.steps.iter().take(shown).enumerate() {
        text = text
            .quiet(if number == 0 { "> " } else { " > " })
            .plain(&step.text);
        let cut = numbers(plan, &step.cut_by);
        if !cut.is_empty() {
            text = text.add(Role::Good, format!(" [cut by {cut}]"));
        }
    }
    let rest = path.steps.len().saturating_sub(shown) + path.steps_omitted as usize;
    if rest > 0 {
        text = text.quiet(format!(" > and {} more", count(rest as u64)));
    }
    text
}
