//! The trade-off between disruption and loss: plans of which none beats another in both.
//!
//! With every plan come a few that are cheap to find ([`Planner::few`]). If the whole front is asked for, it is walked
//! (module `walk`) by solving problems over jewels and spread (module `probe`), within a bounded effort that does not depend on the
//! clock unless the time limit strikes. Every point is a set of withdrawals measured like the plan itself, and the document says of
//! which it is proven that nothing beats them.
//!
//! Loss is what stays in reach in the world of the plan. If worlds are sampled, points are looked for over the commonest of them,
//! weighed by how often they were drawn, and told with the loss to be expected over a second sample (module `expected`).

mod floor;
mod point;
mod probe;
mod taken;
mod walk;

use super::prepare::Prepared;
use super::solving::Session;
use super::worlds::{Sample, sample};
use super::{Constraints, Foothold, Planner, Settings, Watch, World};
use crate::document::{Act, Alternative, FrontEntry};
use crate::limits::{ALTERNATIVE_NODES_MAX, ALTERNATIVE_ROUNDS_MAX, FRONT_POINTS_MAX, FRONT_WORLDS_MAX};
use crate::master::Search;
use point::Point;
use probe::Solves;
use walk::Walk;

/// How much of a jewel's loss is expected, from "they will not go there" to certain; each gives one alternative.
const EXPECTED_SHARES: [f64; 5] = [0.000_01, 0.000_1, 0.001, 0.01, 0.1];

/// Worlds over which points are looked for, with the share of the sample that they are.
struct Faced {
    worlds: Vec<World>,
    share: f64,
}

impl Planner<'_> {
    /// The alternatives of a plan, measured over sampled worlds if those are asked for; the whole front if that is.
    pub(super) fn alternatives(
        &mut self,
        prepared: &Prepared,
        plan: &[bool],
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> (Vec<Alternative>, Option<FrontEntry>) {
        let plan = acts(prepared, plan);
        let (mut points, entry) = match settings.front_points {
            Some(most) => {
                let most = most.clamp(2, FRONT_POINTS_MAX);
                let faced = self.faced_worlds(prepared, footholds, settings);
                let (points, entry) = self.front(prepared, &plan, faced, most, settings, constraints, watch);
                (points, Some(entry))
            }
            None => (self.few(prepared, &plan, settings, watch), None),
        };
        for point in &mut points {
            point.measured = self.measure_acts(prepared, &point.acts, settings, constraints);
        }
        let sets: Vec<Vec<Act>> = points.iter().map(|point| point.acts.clone()).collect();
        let expected = self.expected_losses(prepared, &sets, footholds, settings);
        for (point, expected) in points.iter_mut().zip(expected) {
            point.measured.metrics.expected = expected;
        }
        (self.offered(prepared, points), entry)
    }

    /// A few points between doing nothing and the plan. They are looked for over jewels alone, within a bounded search: they are
    /// offers, and nothing is claimed of them but what is measured.
    fn few(
        &self,
        prepared: &Prepared,
        plan: &[Act],
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Vec<Point> {
        let nothing: Vec<bool> = prepared.fixed.iter().map(|fixed| *fixed == Some(true)).collect();
        let mut session = Session::new(prepared, vec![false; prepared.jewels()]);
        session.effort_max = (ALTERNATIVE_ROUNDS_MAX, ALTERNATIVE_NODES_MAX);
        let prices = session.instance.targets.clone();
        let mut choices = vec![nothing];
        for share in EXPECTED_SHARES {
            for (slot, price) in session.instance.targets.iter_mut().zip(&prices) {
                *slot = price.map(|pence| (pence as f64 * share).round() as i64);
            }
            choices.push(session.solve(&Search, settings, watch, 0).chosen);
        }
        let mut points = vec![Point::of_plan(plan.to_vec())];
        for chosen in choices {
            let acts = acts(prepared, &chosen);
            let is_whole = chosen.len() == prepared.columns.len();
            if is_whole && !points.iter().any(|known| known.acts == acts) {
                points.push(Point::of(acts));
            }
        }
        points
    }

    /// The worlds to look for points in; none for that of the plan.
    fn faced_worlds(
        &self,
        prepared: &Prepared,
        footholds: &[Foothold],
        settings: &Settings,
    ) -> Option<Faced> {
        let asked = settings.uncertainty.as_ref()?;
        let hidden = self.hidden(prepared);
        Some(commonest(&sample(footholds, &hidden, asked, asked.worlds, 0)))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is one thing that the front depends on"
    )]
    fn front(
        &mut self,
        prepared: &Prepared,
        plan: &[Act],
        faced: Option<Faced>,
        points_max: u32,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> (Vec<Point>, FrontEntry) {
        let share = faced.as_ref().map(|faced| faced.share);
        let number = faced.as_ref().map(|faced| faced.worlds.len() as u32);
        let prepared = &match faced {
            // Sixteen worlds are much to look at, and of what is found over them nothing is proven.
            Some(faced) => self.prepare(faced.worlds, settings, constraints),
            None => self.with_every_act(prepared, settings, constraints),
        };
        let mut solves = Solves::new(self, prepared, settings, watch);
        let chosen = prepared.columns.iter().map(|column| plan.contains(&column.act));
        let place = solves.place(chosen.collect());
        let walk = Walk::along(place.clone(), points_max as usize, number.is_some(), &mut solves);
        let points = walk.places.iter().map(|one| Point {
            is_plan: *one == place,
            // What is looked at is a sample: it proves nothing of what may be lost.
            disruption_bound_pence: walk.bound(one).filter(|_| number.is_none()),
            ..Point::of(if *one == place {
                plan.to_vec()
            } else {
                acts(prepared, &one.chosen)
            })
        });
        let entry = FrontEntry {
            chosen: None,
            solves: walk.solves,
            cut_off: walk.cut_off,
            open_gaps: walk.open_gaps() as u32,
            worlds: number,
            worlds_share: share,
        };
        (points.collect(), entry)
    }
}

/// The acts of a choice of columns.
fn acts(prepared: &Prepared, chosen: &[bool]) -> Vec<Act> {
    let columns = prepared.columns.iter().zip(chosen);
    columns
        .filter(|(_, chosen)| **chosen)
        .map(|(column, _)| column.act)
        .collect()
}

/// The commonest worlds of a sample, each weighed by how often it was drawn among them.
fn commonest(sample: &Sample) -> Faced {
    let drawn: u32 = sample.values().sum();
    let mut worlds: Vec<_> = sample.iter().collect();
    worlds.sort_by_key(|(held, count)| (std::cmp::Reverse(**count), held.len(), (*held).clone()));
    worlds.truncate(FRONT_WORLDS_MAX);
    let taken: u32 = worlds.iter().map(|(_, count)| **count).sum();
    let worlds = worlds.into_iter().map(|(held, count)| World {
        held: held.clone(),
        weight: f64::from(*count) / f64::from(taken.max(1)),
    });
    Faced {
        worlds: worlds.collect(),
        share: f64::from(taken) / f64::from(drawn.max(1)),
    }
}
