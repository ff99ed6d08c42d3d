//! At what price draws of undecided worlds may be lost, so that most is proved.

use super::charge::Look;
use super::tree::Fixed;
use super::{Proof, Terms};

/// How often a price is doubled, and how often the best is looked at more closely.
const DOUBLED_MAX: u32 = 8;
const CLOSER_MAX: u32 = 5;

/// How often the price of another case is doubled or halved.
const AROUND_MAX: u32 = 6;

/// What a price proves.
#[derive(Clone, Copy)]
struct Tried {
    bound_pence: i64,
    draw_pence: i64,
}

/// What prices are tried for.
struct Search<'s> {
    root: &'s Fixed,
    guide: &'s [u32],
    wanted: i64,
    /// How much work may be left when no further price is tried.
    work_left_min: usize,
}

impl Proof<'_, '_> {
    /// The price for the first case: what is proved rises with it to a point and falls from there. Leaves half of the work to do.
    pub(super) fn first_price(&mut self, root: &Fixed, guide: &[u32], wanted: i64) -> i64 {
        let draws_left = i64::from(self.scenes.draws_left(root).unwrap_or(0));
        let undecided = self.scenes.undecided(root).map(|world| self.scenes.draws(world));
        let draws: i64 = undecided.map(i64::from).sum();
        if draws == 0 || self.terms == Terms::Refuted {
            return 0;
        }
        let search = Search {
            root,
            guide,
            wanted,
            work_left_min: self.work_left / 2,
        };
        let Some(mut best) = self.tried(&search, 0) else {
            return 0;
        };
        // No lower price makes up for what is missing, if every draw that may not be let go pays it.
        let missing = wanted.saturating_sub(best.bound_pence);
        let mut draw_pence = missing / (draws - draws_left).max(1);
        for _ in 0..=DOUBLED_MAX {
            draw_pence = draw_pence.max(1);
            match self.tried(&search, draw_pence) {
                Some(one) if best.bound_pence < wanted && one.bound_pence >= best.bound_pence => best = one,
                _ => break,
            }
            draw_pence = draw_pence.saturating_mul(2);
        }
        self.closer(&search, best)
    }

    /// What a case costs at least, at a price that another case had or at one near it.
    pub(super) fn look_around(&mut self, fixed: &Fixed, guide: &[u32], wanted: i64, draw_pence: i64) -> Look {
        let mut best = self.look(fixed, guide, wanted, draw_pence);
        for is_up in [true, false] {
            let before = best.bound_pence;
            for _ in 0..AROUND_MAX {
                let draw_pence = best.draw_pence();
                if draw_pence == 0 || best.bound_pence >= wanted || self.work_left == 0 {
                    return best;
                }
                let draw_pence = if is_up {
                    draw_pence.saturating_mul(2)
                } else {
                    draw_pence / 2
                };
                let other = self.look(fixed, guide, wanted, draw_pence);
                if other.bound_pence <= best.bound_pence {
                    break;
                }
                best = other;
            }
            if best.bound_pence > before {
                break;
            }
        }
        best
    }

    /// The best price around one.
    fn closer(&mut self, search: &Search<'_>, mut best: Tried) -> i64 {
        let mut step = best.draw_pence / 2;
        for _ in 0..CLOSER_MAX {
            for draw_pence in [best.draw_pence - step / 2, best.draw_pence.saturating_add(step)] {
                if best.bound_pence >= search.wanted || step == 0 {
                    return best.draw_pence;
                }
                let Some(one) = self.tried(search, draw_pence) else {
                    return best.draw_pence;
                };
                if one.bound_pence > best.bound_pence {
                    best = one;
                    break;
                }
            }
            step /= 2;
        }
        best.draw_pence
    }

    fn tried(&mut self, search: &Search<'_>, draw_pence: i64) -> Option<Tried> {
        if self.work_left <= search.work_left_min {
            return None;
        }
        let look = self.look(search.root, search.guide, search.wanted, draw_pence);
        Some(Tried {
            bound_pence: look.bound_pence,
            draw_pence,
        })
    }
}
