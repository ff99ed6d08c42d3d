//! The plan as it was asked for: the cheapest, or a point of its trade-off.

use std::time::Instant;

use cordon_estate::Estate;
use cordon_estate::names::Directory;
use cordon_evidence::document::Evidence;
use cordon_plan::{Constraints, PlanDocument, Planner, Settings, Watch};
use cordon_reach::Options;

use super::{footholds, progress_words};
use crate::console::Console;
use crate::failure::Failure;

/// The plan for an estate and evidence about it, or the point of its trade-off that is taken.
pub(super) fn made(
    estate: &Estate,
    evidence: &Evidence,
    (settings, constraints): (Settings, Constraints),
    point_taken: Option<&str>,
    console: &Console,
) -> Result<PlanDocument, Failure> {
    let footholds = footholds(estate, &Directory::from_estate(estate), evidence)?;
    let begun = Instant::now();
    let mut shown = console.progress("planning", 0);
    let mut watch = Watch {
        progress: &mut |at| shown.say(&progress_words(at)),
        clock: &mut || begun.elapsed().as_secs_f64(),
    };
    let mut planner = Planner::new(estate, &Options::default());
    let plan = planner.plan(&footholds, &settings, &constraints, &mut watch);
    let Some(words) = point_taken else {
        return Ok(plan);
    };
    let number = point(words, &plan)?;
    let begun = Instant::now();
    let mut clock = || begun.elapsed().as_secs_f64();
    watch.clock = &mut clock;
    let taken = planner.take_point(&plan, number, &footholds, &settings, &constraints, &mut watch);
    taken.ok_or_else(|| {
        Failure::input(format!(
            "--point {words}: this point withdraws nothing, so there is nothing to carry out"
        ))
    })
}

/// The number of the point of the trade-off that was asked for.
fn point(words: &str, plan: &PlanDocument) -> Result<u32, Failure> {
    let points = plan.alternatives.len();
    let knee = || plan.alternatives.iter().position(|one| one.knee);
    let number = match words {
        "knee" => knee().map(|place| place + 1),
        "least" => plan.least_sum().map(|place| place + 1),
        number => number
            .parse::<usize>()
            .ok()
            .filter(|number| (1..=points).contains(number)),
    };
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        let next = match words {
            "knee" => {
                "This trade-off has no knee: write the number of a point, as --front shows it.".to_owned()
            }
            _ => format!("Write a number from 1 to {points}, as --front shows it, or knee, or least."),
        };
        Failure::input(format!("--point {words}: no such point\n{next}"))
    })
}
