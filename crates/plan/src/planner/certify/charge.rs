//! What a case costs at least: dual ascent over acts and what they take down, finding the rows to charge as it goes.
//!
//! Derivations are looked for around everything that some act can take away whose whole price is charged already, so that each row
//! found can be charged. Of one chaining, the derivation found soonest is charged first: it is part of others that come later,
//! so that fewer acts share its charge. Those that rest on what is all charged by then are left to the next chaining.
//!
//! The plan guides the ascent: of an optimal charging, every row that is charged is cut by one act of the plan or by none
//! (complementary slackness), so each act of the plan is charged first for what it alone cuts.

use cordon_estate::ServiceId;
use cordon_reach::{FactId, FactSet};
use cordon_trade::Lost;

use super::book::Choice;
use super::left::{Left, Spot};
use super::tree::{Fixed, Split};
use super::{Proof, Terms, lose};
use crate::document::{Charge, Stand};
use crate::limits::CERTIFICATE_VAIN_SHARE;

/// What a charge comes to that is tried first, in pence.
const CHARGE_FIRST_PENCE: i64 = 1 << 32;

/// What is known of one case.
#[derive(Debug)]
pub(super) struct Look {
    /// What it costs at least; [`i64::MAX`] if nothing is possible in it.
    pub(super) bound_pence: i64,
    pub(super) shown: Shown,
    /// What to split it by; none if nothing is left to decide.
    pub(super) next: Option<Split>,
}

/// How the bound of a case is shown.
#[derive(Debug)]
pub(super) enum Shown {
    Down(ServiceId),
    Uncut(u32),
    TooMany,
    /// At this price for each draw of an undecided world.
    Charged(Vec<Charge>, i64),
}

impl Look {
    const fn impossible(shown: Shown) -> Self {
        Self {
            bound_pence: i64::MAX,
            shown,
            next: None,
        }
    }
}

impl Look {
    /// The price at which draws of undecided worlds may be lost.
    pub(super) const fn draw_pence(&self) -> i64 {
        match self.shown {
            Shown::Charged(_, draw_pence) => draw_pence,
            Shown::Down(_) | Shown::Uncut(_) | Shown::TooMany => 0,
        }
    }
}

/// A row that nothing can cut.
struct Uncut(u32);

impl Proof<'_, '_> {
    /// What a case costs at least, as far as is worth knowing: `wanted` is enough. The guide is a plan that does what the case says,
    /// the cheaper the better. Each draw of an undecided world may be lost at a price.
    pub(super) fn look(&mut self, fixed: &Fixed, guide: &[u32], wanted: i64, draw_pence: i64) -> Look {
        let Some(draws_left) = self.scenes.draws_left(fixed) else {
            return Look::impossible(Shown::TooMany);
        };
        let is_priced = self.scenes.undecided(fixed).next().is_some();
        let draw_pence = if is_priced { draw_pence } else { 0 };
        let credit = draw_pence.saturating_mul(i64::from(draws_left));
        let mut lost = Lost::nothing();
        let mut paid = 0_i64;
        for choice in fixed.with.iter().filter_map(|&choice| self.book.choice(choice)) {
            lose(&mut lost, &choice.removes);
            paid = paid.saturating_add(choice.friction_pence);
        }
        let prices = match self.prices(&lost) {
            Ok(prices) => prices,
            Err(service) => return Look::impossible(Shown::Down(service)),
        };
        paid = prices.iter().fold(paid, |sum, price| sum.saturating_add(*price));
        let begun = self.begun(fixed, draw_pence, lost, &prices);
        if let Some(row) = self.uncut(&mut begun.clone()) {
            return Look::impossible(Shown::Uncut(row));
        }
        let mut left = begun;
        let open = |choice: &u32| !fixed.with.contains(choice) && !fixed.without.contains(choice);
        let guide: Vec<u32> = guide.iter().copied().filter(open).collect();
        let enough = wanted.saturating_sub(paid).saturating_add(credit);
        if let Err(Uncut(row)) = self.ascend(&mut left, &guide, enough) {
            return Look::impossible(Shown::Uncut(row));
        }
        Look {
            bound_pence: paid.saturating_add(left.sum).saturating_sub(credit),
            next: self.next(&left, fixed, &guide),
            shown: Shown::Charged(self.charges(left), draw_pence),
        }
    }

    fn charges(&self, left: Left) -> Vec<Charge> {
        let stand = |spot: Spot| match spot {
            Spot::Own(choice) => Some(Stand::Act {
                act: self.book.choice(choice)?.act,
            }),
            Spot::Layer(layer) => {
                let layer = left.layers.get(layer as usize)?;
                Some(Stand::Service {
                    service: layer.service,
                    from_pence: layer.from_pence,
                    to_pence: layer.to_pence,
                })
            }
        };
        let told = left.charged.iter().map(|one| Charge {
            row: one.row,
            pence: one.pence,
            to: one.spots.iter().filter_map(|spot| stand(*spot)).collect(),
        });
        told.collect()
    }

    /// Charges everything that can be found, or as much as is enough.
    fn ascend(&mut self, left: &mut Left, guide: &[u32], enough: i64) -> Result<(), Uncut> {
        let cut_by = |proof: &Self, skipped: Option<u32>| -> Vec<FactSet> {
            let choices = guide.iter().filter(|choice| Some(**choice) != skipped);
            let choices: Vec<&Choice> = choices.filter_map(|&choice| proof.book.choice(choice)).collect();
            let at = |timing| choices.iter().flat_map(move |choice| choice.timely(timing));
            let timings = 0..proof.scenes.timings.len();
            timings.map(|timing| at(timing).copied().collect()).collect()
        };
        if !guide.is_empty() {
            let around = cut_by(self, None);
            self.scaled(left, &around, CHARGE_FIRST_PENCE, None)?;
            for &choice in guide {
                let around = cut_by(self, Some(choice));
                self.meet(left, choice);
                self.scaled(left, &around, CHARGE_FIRST_PENCE, Some(choice))?;
                if left.sum >= enough {
                    return Ok(());
                }
            }
        }
        // Whatever is charged beyond that goes to an act of the plan too, or to nothing that the plan leaves.
        let most = guide.iter().map(|&choice| left.uncharged(choice)).max();
        let most = most.unwrap_or(CHARGE_FIRST_PENCE);
        if most == 0 {
            return Ok(());
        }
        let nothing = vec![FactSet::new(); self.scenes.timings.len()];
        self.scaled(left, &nothing, most, None)
    }

    /// Charges derivations around some facts, first those that can be charged much: a thousand small charges prove no more
    /// than a large one, and may be in its way. If it is for one choice, only until all of that is charged.
    fn scaled(
        &mut self,
        left: &mut Left,
        around: &[FactSet],
        first_pence: i64,
        of: Option<u32>,
    ) -> Result<(), Uncut> {
        let to_charge = |left: &Left| match of {
            Some(choice) => left.uncharged(choice),
            None => i64::MAX,
        };
        let first_pence = if self.terms == Terms::Refuted {
            1
        } else {
            first_pence
        };
        let mut at_least = to_charge(left).min(first_pence);
        // Of whatever is reached, no more can be charged than that.
        let mut most = None;
        while to_charge(left) > 0 {
            at_least = at_least.min(to_charge(left));
            let withdrawn = self.withdrawn_below(left, at_least, around);
            if self.pass(left, &withdrawn, at_least, of)? {
                most = None;
                continue;
            }
            let Some(next) = self.largest_below(left, at_least) else {
                break;
            };
            at_least = next.min(at_least / 4).max(1);
            if of.is_none() && most.is_none() {
                most = self.dearest_anywhere(left, around);
                let Some(most) = most else { break };
                at_least = at_least.min(most);
            }
        }
        Ok(())
    }

    /// What the cheapest acts cost that no service suffers from, and the facts that they take away.
    fn cheapest(&self, timing: usize) -> &[(i64, FactId)] {
        match self.terms {
            Terms::Refuted => &[],
            Terms::Kept | Terms::GivenUp => {
                let timing = self.scenes.timings.get(timing);
                timing.map_or(&[], |timing| &timing.cheapest)
            }
        }
    }

    /// By timing, some facts and those that some act takes away of which less is left to charge.
    fn withdrawn_below(&self, left: &Left, pence: i64, around: &[FactSet]) -> Vec<FactSet> {
        let mut withdrawn = around.to_vec();
        for (timing, withdrawn) in withdrawn.iter_mut().enumerate() {
            let cheap = self.cheapest(timing).iter();
            let cheap = cheap.take_while(|(price, _)| *price < pence);
            withdrawn.extend(cheap.map(|(_, fact)| *fact));
        }
        for (choice, number) in self.book.choices.iter().zip(0_u32..) {
            if left.most_of(number).is_some_and(|most| most < pence) {
                for (timing, withdrawn) in withdrawn.iter_mut().enumerate() {
                    withdrawn.extend(choice.timely(timing).iter().copied());
                }
            }
        }
        withdrawn
    }

    /// The most that is left of a target that is reached in any world around some facts and those that are spent.
    fn dearest_anywhere(&mut self, left: &Left, around: &[FactSet]) -> Option<i64> {
        let mut most = None;
        for world in 0..self.scenes.scenes.len() as u32 {
            if self.wants(left, world, 1) {
                let withdrawn = self.withdrawn(left, world, around);
                most = most.max(self.dearest(world, &withdrawn, &left.losses));
            }
        }
        most
    }

    /// True if so much is left of something in a world.
    fn wants(&self, left: &Left, world: u32, at_least: i64) -> bool {
        world == 0
            || left
                .losses
                .get(self.target_in(world))
                .is_some_and(|left| *left >= at_least)
    }

    /// What is spent in a world, and some facts more.
    fn withdrawn(&self, left: &Left, world: u32, around: &[FactSet]) -> FactSet {
        let timing = self.scenes.timing_of(world);
        let mut withdrawn = left.spent(timing).clone();
        if let Some(around) = around.get(timing) {
            withdrawn.extend_from(around);
        }
        withdrawn
    }

    /// The largest amount below another that something can be charged; none if there is none.
    fn largest_below(&self, left: &Left, pence: i64) -> Option<i64> {
        let choices = 0..self.book.choices.len() as u32;
        let choices = choices.filter_map(|choice| left.most_of(choice));
        let timings = self.scenes.timings.iter();
        let plain = timings.filter_map(|timing| {
            let dearer = timing.cheapest.partition_point(|(price, _)| *price < pence);
            let below = timing.cheapest.get(..dearer).unwrap_or(&[]);
            below.last().map(|(price, _)| *price)
        });
        let targets = left.losses.iter().copied();
        let refuted = (self.terms == Terms::Refuted).then_some(1);
        let all = choices.chain(plain).chain(targets).chain(refuted);
        all.filter(|one| (1..pence).contains(one)).max()
    }

    /// Charges derivations around some facts by no less than an amount, until all of a choice is charged; false if nothing was learned by it.
    fn pass(
        &mut self,
        left: &mut Left,
        around: &[FactSet],
        at_least: i64,
        of: Option<u32>,
    ) -> Result<bool, Uncut> {
        let state = |left: &Left| (left.charged.len(), left.spent_facts(), left.looked_at);
        let before = state(left);
        for world in 0..self.scenes.scenes.len() as u32 {
            if self.work_left == 0 || of.is_some_and(|choice| left.uncharged(choice) == 0) {
                break;
            }
            if self.wants(left, world, at_least) {
                self.pass_in(world, left, around, at_least, of)?;
            }
        }
        Ok(state(left) != before)
    }

    /// The same in one world.
    fn pass_in(
        &mut self,
        world: u32,
        left: &mut Left,
        around: &[FactSet],
        at_least: i64,
        of: Option<u32>,
    ) -> Result<(), Uncut> {
        let withdrawn = self.withdrawn(left, world, around);
        let reached = self.reached(world, &withdrawn, &left.losses, at_least);
        let patience = 1 + self.facts_chained() / CERTIFICATE_VAIN_SHARE;
        let timing = self.scenes.timing_of(world);
        let mut in_vain = 0;
        for target in reached {
            if in_vain == patience {
                break;
            }
            in_vain += 1;
            let Some(row) = self.row(target, left.spent(timing)) else {
                continue;
            };
            for &choice in &row.choices {
                self.meet(left, choice);
            }
            if left.most(&row) >= at_least {
                let Some(number) = self.pooled(&row) else { continue };
                if !left.raise(number, &row) {
                    return Err(Uncut(number));
                }
                in_vain = 0;
            }
            left.spend(&self.book);
            if of.is_some_and(|choice| left.uncharged(choice) == 0) {
                break;
            }
        }
        Ok(())
    }

    /// What to split a case by: the act of the plan that is charged least, or the world that it lets go of which least is charged; then a
    /// world of which all is charged; or else, in the row with the fewest choices left, the one that cuts most for its price.
    fn next(&self, left: &Left, fixed: &Fixed, guide: &[u32]) -> Option<Split> {
        let is_open = |choice: &u32| !fixed.with.contains(choice) && !left.is_barred(*choice);
        let open_guide = guide.iter().copied().filter(|choice| is_open(choice));
        let acts = open_guide.map(|choice| (left.uncharged(choice), Split::Choice(choice)));
        let undecided: Vec<u32> = self.scenes.undecided(fixed).collect();
        let loss = |world: u32| left.losses.get(self.target_in(world)).copied().unwrap_or(0);
        let let_go = undecided.iter().filter(|world| self.let_go.contains(world));
        let worlds = let_go.map(|&world| (loss(world), Split::World(world)));
        let all = acts.chain(worlds).filter(|(uncharged, _)| *uncharged > 0);
        let least = all.max_by_key(|(uncharged, split)| (*uncharged, std::cmp::Reverse(split.order())));
        if let Some((_, split)) = least {
            return Some(split);
        }
        let order = |world: &&u32| {
            let is_charged = loss(**world) == 0;
            (
                self.let_go.contains(world),
                is_charged,
                self.scenes.draws(**world),
                std::cmp::Reverse(**world),
            )
        };
        let world = undecided.iter().max_by_key(order);
        let choice = || self.next_choice(left, is_open).map(Split::Choice);
        world.map(|world| Split::World(*world)).or_else(choice)
    }

    /// In the row with the fewest choices left, the one that cuts most for its price.
    fn next_choice(&self, left: &Left, is_open: impl Fn(&u32) -> bool) -> Option<u32> {
        let rows: Vec<&super::rows::Row> = left
            .met
            .iter()
            .filter_map(|row| self.pool.row(*row))
            .filter(|row| row.choices.iter().any(&is_open))
            .collect();
        let open = |row: &super::rows::Row| row.choices.iter().filter(|choice| is_open(choice)).count();
        let narrow = rows.iter().min_by_key(|row| (open(row), row.target))?;
        let mut best: Option<(u32, (i128, i128))> = None;
        for choice in narrow.choices.iter().copied().filter(|choice| is_open(choice)) {
            let cut = rows
                .iter()
                .filter(|row| row.choices.binary_search(&choice).is_ok());
            let own = (cut.count() as i128, 1 + i128::from(left.price(choice)));
            if best.is_none_or(|(_, known)| own.0 * known.1 > known.0 * own.1) {
                best = Some((choice, own));
            }
        }
        best.map(|(choice, _)| choice)
    }
}
