//! What the answer to a question proves, and in which terms it is asked.

/// How often disruption and loss are counted in a sum of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    /// How often disruption is counted, above 0.
    pub(super) disruption: i64,
    /// How often loss is counted, 0 or more.
    pub(super) loss: i64,
}

impl Weights {
    /// The fraction of small numbers nearest to one of large ones: the last of its convergents that stays within bounds.
    ///
    /// Any weights prove something, those that were meant prove most. So it does not matter that this is not quite the same.
    pub(super) fn within(self, disruption_max: i64, loss_max: i64) -> Self {
        let (mut above, mut below) = (self.disruption.max(1), self.loss.max(1));
        let (mut last, mut now) = ((0, 1), (1, 0));
        while below > 0 {
            let whole = above / below;
            let next = (step(whole, now.0, last.0), step(whole, now.1, last.1));
            let fits = next.0 <= disruption_max && next.1 <= loss_max;
            if !fits || next.0 == i64::MAX || next.1 == i64::MAX {
                break;
            }
            (last, now) = (now, next);
            (above, below) = (below, above % below);
        }
        if now.0 < 1 || now.1 < 1 {
            let is_steep = self.disruption > self.loss;
            now = if is_steep {
                (disruption_max, 1)
            } else {
                (1, loss_max)
            };
        }
        Self {
            disruption: now.0.max(1),
            loss: now.1.max(1),
        }
    }
}

const fn step(whole: i64, now: i64, last: i64) -> i64 {
    whole.saturating_mul(now).saturating_add(last)
}

/// Nothing that disrupts and loses at most so much has a smaller sum of both than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floor {
    pub(super) weights: Weights,
    /// The least sum; [`i64::MAX`] if there is nothing at all.
    pub(super) least: i64,
    pub(super) disruption_max: i64,
    pub(super) loss_max: i64,
}

impl Floor {
    /// One over everything, of which nothing is known yet.
    pub(super) const fn all(weights: Weights) -> Self {
        Self {
            weights,
            least: 0,
            disruption_max: i64::MAX,
            loss_max: i64::MAX,
        }
    }

    /// Nothing that loses at most this disrupts by less than the number returned; none if nothing is known of so much loss.
    pub(super) fn at(&self, loss: i64) -> Option<i64> {
        if loss > self.loss_max {
            return None;
        }
        let beyond = self.disruption_max.saturating_add(1);
        if self.least == i64::MAX {
            return Some(beyond);
        }
        let (disruption, weight) = (i128::from(self.weights.disruption), i128::from(self.weights.loss));
        let left = i128::from(self.least) - weight * i128::from(loss);
        let least = (left + disruption - 1).div_euclid(disruption.max(1));
        let least = i64::try_from(least.max(0)).unwrap_or(i64::MAX);
        Some(least.min(beyond))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_weights_are_as_near_as_their_size_allows() {
        let meant = Weights {
            disruption: 148_539_900_000,
            loss: 184_201,
        };
        let near = meant.within(1 << 30, 1 << 20);
        let ratio = |weights: Weights| weights.disruption as f64 / weights.loss as f64;
        assert!((ratio(near) / ratio(meant) - 1.0).abs() < 1e-9, "{near:?}");
        assert!(near.disruption <= 1 << 30 && near.loss <= 1 << 20);
        for (disruption, loss) in [
            (1, i64::MAX),
            (i64::MAX, 1),
            (1, 100),
            (7, 7),
            (0, 0),
            (i64::MAX, i64::MAX),
        ] {
            let near = Weights { disruption, loss }.within(1_000, 1_000);
            assert!(
                (1..=1_000).contains(&near.disruption) && (1..=1_000).contains(&near.loss),
                "{near:?}"
            );
        }
        let whole = Weights {
            disruption: 3,
            loss: 200,
        };
        assert_eq!(whole.within(1_000, 1_000), whole);
    }

    #[test]
    fn a_floor_holds_for_everything_and_no_more() {
        let all = [(0, 100), (3, 60), (10, 59), (20, 10), (50, 0)];
        for (disruption, loss) in [(1, 1), (2, 1), (10, 7), (1, 0), (40, 1)] {
            for (disruption_max, loss_max) in [(i64::MAX, i64::MAX), (20, 60), (19, 99), (2, 99)] {
                let sum = |one: &(i64, i64)| one.0 * disruption + one.1 * loss;
                let within = all
                    .iter()
                    .filter(|one| one.0 <= disruption_max && one.1 <= loss_max);
                let floor = Floor {
                    weights: Weights { disruption, loss },
                    least: within.map(sum).min().unwrap_or(i64::MAX),
                    disruption_max,
                    loss_max,
                };
                for most in 0..120 {
                    let truly = all.iter().filter(|one| one.1 <= most).map(|one| one.0).min();
                    if let Some(at) = floor.at(most) {
                        assert!(at <= truly.unwrap_or(i64::MAX), "{floor:?} at {most}: {truly:?}");
                    }
                }
            }
        }
    }
}
