//! Which questions find the points of a front, and what their answers prove.
//!
//! A point is on the front if nothing disrupts less and loses no more. Weighted sums find its corners, and the answer to one proves its
//! corner: nothing lies below the line through it. What lies between two corners, above the line through both, is looked for afterwards, by the
//! least such sum among what disrupts less than the one and loses less than the other (the two phases of Ulungu and Teghem
//! 1995). Each time the gap comes first that looks widest on logarithmic scales (the order is ours). A gap between neighbours is closed
//! once it is known that nothing which loses less than the left one disrupts less than the right one.

use std::collections::BTreeMap;

use super::floor::{Floor, Weights};
use crate::document::CutOff;
use crate::limits::{FRONT_GAP_SHARE_MIN, FRONT_PRICE_MAX, FRONT_SOLVES_PER_POINT_MAX};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The least disruption, and the least loss with it.
    LeastDisruption,
    /// The least sum of disruption and loss.
    LeastSum {
        /// How often each is counted; weights near these will do.
        weights: Weights,
        /// The most disruption and the most loss that are allowed; none for any.
        within: Option<(i64, i64)>,
    },
}

/// Withdrawals with what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// One flag for each column.
    pub(super) chosen: Vec<bool>,
    /// What it disrupts, in pence.
    pub(super) disruption: i64,
    /// What it loses, in pence.
    pub(super) loss: i64,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Probed {
    /// The best found; none if there is none or none was found.
    pub(super) found: Option<Place>,
    /// What is proven.
    pub(super) floor: Floor,
}

/// What answers questions.
pub(super) trait Prober {
    /// Answers one.
    fn probe(&mut self, aim: Aim) -> Probed;
    /// True if there is no time for another.
    fn is_late(&mut self) -> bool;
}

/// What a walk has found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The points, from the least disruption to the least loss; the plan is among them, whatever beats it.
    pub(super) places: Vec<Place>,
    /// Questions asked.
    pub(super) solves: u32,
    /// Why it ended early, if it did.
    pub(super) cut_off: Option<CutOff>,
    plan: Place,
    /// The last thing that is asked of a gap.
    most: Asked,
    floors: Vec<Floor>,
    /// How much was asked of a gap, by the losses at its ends.
    asked: BTreeMap<(i64, i64), Asked>,
}

/// How much was asked of a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// Nothing yet.
    #[default]
    Nothing,
    /// Whether there is anything below the line between its ends.
    Below,
    /// Whether there is anything at all.
    All,
}

impl Walk {
    /// Walks the front on which a plan lies, up to a number of points; its corners alone, none of them proven, if it is told to.
    pub(super) fn along(plan: Place, points_max: usize, corners_only: bool, prober: &mut dyn Prober) -> Self {
        let mut walk = Self {
            places: vec![plan.clone()],
            plan,
            most: if corners_only { Asked::Below } else { Asked::All },
            ..Self::default()
        };
        walk.ask(Aim::LeastDisruption, prober);
        for loss in [1, FRONT_PRICE_MAX] {
            let weights = Weights { disruption: 1, loss };
            let within = None;
            walk.ask(Aim::LeastSum { weights, within }, prober);
        }
        let solves_max = FRONT_SOLVES_PER_POINT_MAX.saturating_mul(points_max as u32);
        walk.fill(points_max, solves_max, prober);
        if !corners_only {
            walk.prove(solves_max.saturating_add(points_max as u32), prober);
        }
        if walk.cut_off.is_none() && walk.open_gaps() > 0 {
            walk.cut_off = Some(CutOff::Effort);
        }
        walk
    }

    /// Nothing that loses no more than a place disrupts by less than this, as far as is known.
    pub(super) fn bound(&self, place: &Place) -> Option<i64> {
        let floor = self.floor(place.loss);
        floor.map(|floor| floor.min(place.disruption))
    }

    /// Gaps in which there may be further points.
    pub(super) fn open_gaps(&self) -> usize {
        self.gaps()
            .filter(|(left, right)| !self.is_closed(left, right))
            .count()
    }

    /// Nothing that loses at most this disrupts by less, as far as is known.
    fn floor(&self, loss: i64) -> Option<i64> {
        self.floors.iter().filter_map(|floor| floor.at(loss)).max()
    }

    /// Looks for points between neighbours.
    fn fill(&mut self, points_max: usize, solves_max: u32, prober: &mut dyn Prober) {
        while let Some((left, right)) = self.widest() {
            self.cut_off = match () {
                () if prober.is_late() => Some(CutOff::Time),
                () if self.places.len() >= points_max => Some(CutOff::Points),
                () if self.solves >= solves_max => Some(CutOff::Effort),
                () => None,
            };
            if self.cut_off.is_some() {
                return;
            }
            let asked = self.asked.entry((left.loss, right.loss)).or_default();
            let is_between = *asked == Asked::Below;
            *asked = if is_between { Asked::All } else { Asked::Below };
            let between = (right.disruption.saturating_sub(1), left.loss.saturating_sub(1));
            let aim = Aim::LeastSum {
                weights: along(&left, &right),
                within: is_between.then_some(between),
            };
            let Some(found) = self.ask(aim, prober).filter(|_| is_between) else {
                continue;
            };
            // Nothing lies below the line between the ends, so that nothing lies below those to a point above it.
            for gap in [(left.loss, found), (found, right.loss)] {
                self.asked.insert(gap, Asked::Below);
            }
        }
    }

    /// Asks of every point whether it is beaten.
    fn prove(&mut self, solves_max: u32, prober: &mut dyn Prober) {
        for (number, place) in self.places.clone().into_iter().enumerate() {
            let is_known = self.bound(&place).is_some_and(|bound| bound >= place.disruption);
            if is_known || self.solves >= solves_max || prober.is_late() {
                continue;
            }
            let near = self.places.get(number.saturating_sub(1)..).unwrap_or(&[]);
            let weights = match near {
                [left, _, right, ..] | [left, right] => along(left, right),
                _ => along(&place, &place),
            };
            let within = Some((place.disruption.saturating_sub(1), place.loss));
            self.ask(Aim::LeastSum { weights, within }, prober);
        }
    }

    /// Asks, and tells what the place found loses.
    fn ask(&mut self, aim: Aim, prober: &mut dyn Prober) -> Option<i64> {
        self.solves += 1;
        let Probed { found, floor } = prober.probe(aim);
        self.floors.push(floor);
        let loss = found.as_ref().map(|found| found.loss);
        found.into_iter().for_each(|found| self.take(found));
        loss
    }

    /// Adds a place unless something known is as good in both; what it beats is left out, but never the plan.
    fn take(&mut self, place: Place) {
        let beats = |one: &Place, other: &Place| one.disruption <= other.disruption && one.loss <= other.loss;
        if self.places.iter().any(|known| beats(known, &place)) {
            return;
        }
        let plan = &self.plan;
        self.places.retain(|known| known == plan || !beats(&place, known));
        self.places.push(place);
        self.places
            .sort_by_key(|place| (place.disruption, std::cmp::Reverse(place.loss)));
    }

    fn gaps(&self) -> impl Iterator<Item = (&Place, &Place)> {
        let neighbours = self.places.iter().zip(self.places.iter().skip(1));
        neighbours.filter(|(left, right)| {
            left.loss > right.loss.saturating_add(1) && left.disruption < right.disruption
        })
    }

    fn is_closed(&self, left: &Place, right: &Place) -> bool {
        let floor = self.floor(left.loss.saturating_sub(1));
        floor.is_some_and(|floor| floor >= right.disruption)
    }

    /// The gap to look into next, if there is one of which not everything has been asked: those that hardly matter last, else those of
    /// which less was asked first, and of these the widest.
    fn widest(&self) -> Option<(Place, Place)> {
        let most = self.places.last().map_or(0, |last| last.disruption);
        let rank = |(left, right): &(&Place, &Place)| {
            let asked = self
                .asked
                .get(&(left.loss, right.loss))
                .copied()
                .unwrap_or_default();
            let share = (right.disruption - left.disruption) as f64 / most.max(1) as f64;
            (share < FRONT_GAP_SHARE_MIN, asked)
        };
        let is_open = |gap: &(&Place, &Place)| rank(gap).1 < self.most && !self.is_closed(gap.0, gap.1);
        let first = |one: &(&Place, &Place), other: &(&Place, &Place)| {
            let wider = || width(other.0, other.1).total_cmp(&width(one.0, one.1));
            rank(one).cmp(&rank(other)).then_with(wider)
        };
        let next = self.gaps().filter(is_open).min_by(first);
        next.map(|(left, right)| (left.clone(), right.clone()))
    }
}

/// The weights that make two neighbours the same.
fn along(left: &Place, right: &Place) -> Weights {
    Weights {
        disruption: left.loss.saturating_sub(right.loss).max(1),
        loss: right.disruption.saturating_sub(left.disruption).max(1),
    }
}

/// Pounds on a scale that shows the small beside the large.
fn scaled(pence: i64) -> f64 {
    (1.0 + pence.max(0) as f64 / 100.0).ln()
}

fn width(left: &Place, right: &Place) -> f64 {
    (scaled(right.disruption) - scaled(left.disruption)) * (scaled(left.loss) - scaled(right.loss))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that could be chosen, as (disruption, loss); what is asked is answered by looking at all of it.
    struct Everything(Vec<(i64, i64)>);

    impl Everything {
        fn random(mut seed: u64) -> Self {
            let mut below = |bound: u64| {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                ((seed >> 33) % bound) as i64
            };
            let mut all = vec![(0, 5_000_000)];
            all.extend((0..12).map(|_| (below(90_000), below(4_000_000))));
            Self(all)
        }

        fn front(&self) -> Vec<(i64, i64)> {
            let beaten = |one: &(i64, i64)| {
                let others = self.0.iter().filter(|other| *other != one);
                others
                    .into_iter()
                    .any(|other| other.0 <= one.0 && other.1 <= one.1)
            };
            let mut front: Vec<(i64, i64)> = self.0.iter().copied().filter(|one| !beaten(one)).collect();
            front.sort_unstable();
            front.dedup();
            front
        }
    }

    const fn place((disruption, loss): (i64, i64)) -> Place {
        Place {
            chosen: Vec::new(),
            disruption,
            loss,
        }
    }

    /// A sum that any weights and any numbers of a test leave whole.
    fn sum(weights: Weights, one: (i64, i64)) -> i128 {
        i128::from(one.0) * i128::from(weights.disruption) + i128::from(one.1) * i128::from(weights.loss)
    }

    impl Prober for Everything {
        fn probe(&mut self, aim: Aim) -> Probed {
            let all = self.0.iter().copied();
            let (meant, within) = match aim {
                Aim::LeastDisruption => (
                    Weights {
                        disruption: 1,
                        loss: 0,
                    },
                    None,
                ),
                Aim::LeastSum { weights, within } => (weights, within),
            };
            let (disruption_max, loss_max) = within.unwrap_or((i64::MAX, i64::MAX));
            let weights = match aim {
                Aim::LeastDisruption => meant,
                Aim::LeastSum { .. } => meant.within(1 << 20, 1 << 20),
            };
            let allowed = all.filter(|one| one.0 <= disruption_max && one.1 <= loss_max);
            let best = allowed.min_by_key(|one| (sum(weights, *one), *one));
            let least = best.map_or(i64::MAX, |one| sum(weights, one) as i64);
            Probed {
                found: best.map(place),
                floor: Floor {
                    least,
                    disruption_max,
                    loss_max,
                    ..Floor::all(weights)
                },
            }
        }

        fn is_late(&mut self) -> bool {
            false
        }
    }

    fn points(walk: &Walk) -> Vec<(i64, i64)> {
        walk.places
            .iter()
            .map(|place| (place.disruption, place.loss))
            .collect()
    }

    #[test]
    fn with_room_enough_every_point_up_to_the_far_end_is_found_and_proven() {
        let mut unsupported = 0;
        for seed in 0..500 {
            let mut all = Everything::random(seed);
            let weights = Weights {
                disruption: 1,
                loss: FRONT_PRICE_MAX,
            };
            let far = Aim::LeastSum {
                weights,
                within: None,
            };
            let end = all.probe(far).found.unwrap().disruption;
            let front: Vec<(i64, i64)> = all.front().into_iter().filter(|one| one.0 <= end).collect();
            let walk = Walk::along(place(front[front.len() / 2]), 60, false, &mut all);
            assert_eq!(points(&walk), front, "seed {seed}");
            assert_eq!((walk.cut_off, walk.open_gaps()), (None, 0), "seed {seed}");
            for one in &walk.places {
                assert_eq!(walk.bound(one), Some(one.disruption), "seed {seed}");
            }
            let corners = front.windows(3).filter(|three| {
                let slope =
                    |one: (i64, i64), other: (i64, i64)| (one.1 - other.1) as f64 / (other.0 - one.0) as f64;
                slope(three[0], three[1]) < slope(three[1], three[2])
            });
            unsupported += corners.count();
        }
        assert!(
            unsupported > 50,
            "{unsupported} points that no weighted sum finds"
        );
    }

    #[test]
    fn with_little_room_what_is_left_out_is_said() {
        let mut cut = 0;
        for seed in 0..200 {
            let mut all = Everything::random(seed);
            let front = all.front();
            let walk = Walk::along(place(front[0]), 3, false, &mut all);
            assert!(points(&walk).iter().all(|one| front.contains(one)), "seed {seed}");
            if walk.open_gaps() > 0 {
                assert_eq!(walk.cut_off, Some(CutOff::Points), "seed {seed}");
                cut += 1;
            }
        }
        assert!(cut > 50, "{cut}");
    }

    #[test]
    fn corners_alone_are_found_with_fewer_questions() {
        for seed in 0..200 {
            let mut all = Everything::random(seed);
            let front = all.front();
            let corners = Walk::along(place(front[0]), 60, true, &mut all);
            let whole = Walk::along(place(front[0]), 60, false, &mut all);
            assert!(
                corners.places.iter().all(|one| whole.places.contains(one)),
                "seed {seed}"
            );
            assert!(corners.solves <= whole.solves, "seed {seed}");
            assert_eq!(corners.cut_off.is_some(), corners.open_gaps() > 0, "seed {seed}");
        }
    }

    #[test]
    fn a_plan_that_is_beaten_stays() {
        let mut all = Everything(vec![(0, 100), (50, 40), (100, 0)]);
        let walk = Walk::along(place((60, 40)), 9, false, &mut all);
        assert!(points(&walk).contains(&(60, 40)));
        assert_eq!(walk.bound(&place((60, 40))), Some(50));
    }
}
