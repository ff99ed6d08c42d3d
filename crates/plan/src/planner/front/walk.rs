//! Which questions find the points of a front, and what their answers prove.
//!
//! A point is on the front if nothing disrupts less and loses no more. Weighted sums find its corners; what lies between two corners is
//! found by bounding the loss and asking for the least disruption (the epsilon-constraint of Haimes, Lasdon and Wismer 1971), the gap
//! that looks widest on logarithmic scales first (the order is ours). An answer also proves something: nothing that loses at most
//! so much disrupts by less than its bound. A gap between neighbours is closed once that is known for every loss below the left one.

use std::collections::BTreeMap;

use crate::document::CutOff;
use crate::limits::{FRONT_PRICE_MAX, FRONT_SOLVES_PER_POINT_MAX};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The least disruption, and the least loss with it.
    LeastDisruption,
    /// The least sum of both, each counted so often.
    Weighed {
        /// How often disruption is counted, above 0.
        disruption: i64,
        /// How often loss is counted.
        loss: i64,
    },
    /// The least disruption among what loses at most this, and the least loss with it.
    LossAtMost(i64),
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
#[derive(Clone, Debug, Default)]
pub(super) struct Probed {
    /// The best found; none if there is none or none was found.
    pub(super) found: Option<Place>,
    /// Nothing that the question allows disrupts by less than this; none for weighted sums.
    pub(super) bound: Option<i64>,
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
    /// (loss, disruption): nothing that loses at most the first disrupts by less than the second.
    floors: Vec<(i64, i64)>,
    /// How many questions were asked of a gap, by its ends.
    tries: BTreeMap<(i64, i64), u32>,
}

impl Walk {
    /// Walks the front on which a plan lies, up to a number of points.
    pub(super) fn along(plan: Place, points_max: usize, prober: &mut dyn Prober) -> Self {
        let mut walk = Self {
            places: vec![plan.clone()],
            plan,
            ..Self::default()
        };
        walk.ask(Aim::LeastDisruption, prober);
        let least_sum = Aim::Weighed {
            disruption: 1,
            loss: 1,
        };
        walk.ask(least_sum, prober);
        let far = Aim::Weighed {
            disruption: 1,
            loss: FRONT_PRICE_MAX,
        };
        walk.ask(far, prober);
        let solves_max = FRONT_SOLVES_PER_POINT_MAX.saturating_mul(points_max as u32);
        walk.fill(points_max, solves_max, prober);
        walk.prove(solves_max.saturating_add(points_max as u32), prober);
        if walk.cut_off.is_none() && walk.open_gaps() > 0 {
            walk.cut_off = Some(CutOff::Effort);
        }
        walk
    }

    /// Nothing that loses no more than a place disrupts by less than this, as far as is known.
    pub(super) fn bound(&self, place: &Place) -> Option<i64> {
        let floors = self.floors.iter().filter(|(loss, _)| *loss >= place.loss);
        floors.map(|(_, bound)| (*bound).min(place.disruption)).max()
    }

    /// Gaps in which there may be further points.
    pub(super) fn open_gaps(&self) -> usize {
        self.gaps()
            .filter(|(left, right)| !self.is_closed(left, right))
            .count()
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
            let tries = self.tries.entry((left.loss, right.loss)).or_insert(0);
            *tries += 1;
            let aim = match *tries {
                1 => Aim::Weighed {
                    disruption: left.loss.saturating_sub(right.loss).max(1),
                    loss: right.disruption.saturating_sub(left.disruption),
                },
                2 => Aim::LossAtMost(between(left.loss, right.loss)),
                _ => Aim::LossAtMost(left.loss.saturating_sub(1)),
            };
            self.ask(aim, prober);
        }
    }

    /// Asks of every point whether it is beaten.
    fn prove(&mut self, solves_max: u32, prober: &mut dyn Prober) {
        for place in self.places.clone() {
            let is_known = self.bound(&place).is_some_and(|bound| bound >= place.disruption);
            if is_known || self.solves >= solves_max || prober.is_late() {
                continue;
            }
            self.ask(Aim::LossAtMost(place.loss), prober);
        }
    }

    fn ask(&mut self, aim: Aim, prober: &mut dyn Prober) {
        self.solves += 1;
        let Probed { found, bound } = prober.probe(aim);
        let allowed = match aim {
            Aim::LeastDisruption => Some(i64::MAX),
            Aim::LossAtMost(loss) => Some(loss),
            Aim::Weighed { .. } => None,
        };
        self.floors.extend(allowed.zip(bound));
        if let Some(found) = found {
            self.take(found);
        }
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
        let mut floors = self.floors.iter();
        floors.any(|(loss, bound)| *loss >= left.loss.saturating_sub(1) && *bound >= right.disruption)
    }

    /// The gap to look into next, if there is one of which not everything has been asked.
    fn widest(&self) -> Option<(Place, Place)> {
        let is_open = |(left, right): &(&Place, &Place)| {
            let tries = self.tries.get(&(left.loss, right.loss)).copied().unwrap_or(0);
            tries < 3 && !self.is_closed(left, right)
        };
        let gaps = self.gaps().filter(is_open);
        let widest = gaps.max_by(|one, other| width(one.0, one.1).total_cmp(&width(other.0, other.1)));
        widest.map(|(left, right)| (left.clone(), right.clone()))
    }
}

/// Pounds on a scale that shows the small beside the large.
fn scaled(pence: i64) -> f64 {
    (1.0 + pence.max(0) as f64 / 100.0).ln()
}

fn width(left: &Place, right: &Place) -> f64 {
    (scaled(right.disruption) - scaled(left.disruption)) * (scaled(left.loss) - scaled(right.loss))
}

/// A loss half-way between two on the same scale, below the larger one.
fn between(larger: i64, smaller: i64) -> i64 {
    let middle = ((scaled(larger) + scaled(smaller)) / 2.0).exp_m1() * 100.0;
    (middle as i64).clamp(smaller, larger.saturating_sub(1).max(smaller))
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

    impl Prober for Everything {
        fn probe(&mut self, aim: Aim) -> Probed {
            let all = self.0.iter().copied();
            let best = match aim {
                Aim::LeastDisruption => all.min(),
                Aim::Weighed { disruption, loss } => all.min_by_key(|one| {
                    (
                        i128::from(one.0) * i128::from(disruption) + i128::from(one.1) * i128::from(loss),
                        *one,
                    )
                }),
                Aim::LossAtMost(most) => all.filter(|one| one.1 <= most).min(),
            };
            let is_weighed = matches!(aim, Aim::Weighed { .. });
            Probed {
                found: best.map(place),
                bound: (!is_weighed).then(|| best.map_or(i64::MAX, |one| one.0)),
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
            let far = Aim::Weighed {
                disruption: 1,
                loss: FRONT_PRICE_MAX,
            };
            let end = all.probe(far).found.unwrap().disruption;
            let front: Vec<(i64, i64)> = all.front().into_iter().filter(|one| one.0 <= end).collect();
            let walk = Walk::along(place(front[front.len() / 2]), 60, &mut all);
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
            let walk = Walk::along(place(front[0]), 3, &mut all);
            assert!(points(&walk).iter().all(|one| front.contains(one)), "seed {seed}");
            if walk.open_gaps() > 0 {
                assert_eq!(walk.cut_off, Some(CutOff::Points), "seed {seed}");
                cut += 1;
            }
        }
        assert!(cut > 50, "{cut}");
    }

    #[test]
    fn a_plan_that_is_beaten_stays() {
        let mut all = Everything(vec![(0, 100), (50, 40), (100, 0)]);
        let walk = Walk::along(place((60, 40)), 9, &mut all);
        assert!(points(&walk).contains(&(60, 40)));
        assert_eq!(walk.bound(&place((60, 40))), Some(50));
    }

    #[test]
    fn between_lies_between() {
        for (larger, smaller) in [(100, 0), (5_000_000_000, 1), (3, 1), (2, 1), (i64::MAX / 2, 0)] {
            let middle = between(larger, smaller);
            assert!(
                middle >= smaller && middle < larger,
                "{larger} {smaller}: {middle}"
            );
        }
    }
}
