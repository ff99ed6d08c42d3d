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

use super::left::{Left, Spot};
use super::tree::Fixed;
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
    /// The choice to split it by; none if nothing is left to decide.
    pub(super) next: Option<u32>,
}

/// How the bound of a case is shown.
#[derive(Debug)]
pub(super) enum Shown {
    Down(ServiceId),
    Uncut(u32),
    Charged(Vec<Charge>),
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

/// A row that nothing can cut.
struct Uncut(u32);

impl Proof<'_, '_> {
    /// What a case costs at least, as far as is worth knowing: `wanted` is enough. The guide is a plan that does what the case says,
    /// the cheaper the better.
    pub(super) fn look(&mut self, fixed: &Fixed, guide: &[u32], wanted: i64) -> Look {
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
        let begun = self.begun(fixed, lost, &prices);
        if let Some(row) = self.uncut(&mut begun.clone()) {
            return Look::impossible(Shown::Uncut(row));
        }
        let mut left = begun;
        let open = |choice: &u32| !fixed.with.contains(choice) && !fixed.without.contains(choice);
        let guide: Vec<u32> = guide.iter().copied().filter(open).collect();
        if let Err(Uncut(row)) = self.ascend(&mut left, &guide, wanted.saturating_sub(paid)) {
            return Look::impossible(Shown::Uncut(row));
        }
        Look {
            bound_pence: paid.saturating_add(left.sum),
            next: self.next(&left, fixed, &guide),
            shown: Shown::Charged(self.charges(left)),
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
        let cut_by = |proof: &Self, skipped: Option<u32>| -> FactSet {
            let choices = guide.iter().filter(|choice| Some(**choice) != skipped);
            let choices = choices.filter_map(|&choice| proof.book.choice(choice));
            choices.flat_map(|choice| choice.timely.iter().copied()).collect()
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
        self.scaled(left, &FactSet::new(), most, None)
    }

    /// Charges derivations around some facts, first those that can be charged much: a thousand small charges prove no more
    /// than a large one, and may be in its way. If it is for one choice, only until all of that is charged.
    fn scaled(
        &mut self,
        left: &mut Left,
        around: &FactSet,
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
            let mut withdrawn = around.clone();
            self.withdraw_below(left, at_least, &mut withdrawn);
            if self.pass(left, &withdrawn, at_least, of)? {
                most = None;
                continue;
            }
            let Some(next) = self.largest_below(left, at_least) else {
                break;
            };
            at_least = next.min(at_least / 4).max(1);
            if of.is_none() && most.is_none() {
                withdrawn.clone_from(around);
                withdrawn.extend_from(&left.spent);
                most = self.dearest(&withdrawn, &left.losses);
                let Some(most) = most else { break };
                at_least = at_least.min(most);
            }
        }
        Ok(())
    }

    /// What the cheapest acts cost that no service suffers from, and the facts that they take away.
    fn cheapest(&self) -> &[(i64, FactId)] {
        match self.terms {
            Terms::Refuted => &[],
            Terms::Kept | Terms::GivenUp => &self.cheapest,
        }
    }

    /// Adds the facts that some act takes away of which less is left to charge.
    fn withdraw_below(&self, left: &Left, pence: i64, withdrawn: &mut FactSet) {
        let cheap = self.cheapest().iter().take_while(|(price, _)| *price < pence);
        withdrawn.extend(cheap.map(|(_, fact)| *fact));
        for (choice, number) in self.book.choices.iter().zip(0_u32..) {
            if left.most_of(number).is_some_and(|most| most < pence) {
                withdrawn.extend(choice.timely.iter().copied());
            }
        }
    }

    /// The largest amount below another that something can be charged; none if there is none.
    fn largest_below(&self, left: &Left, pence: i64) -> Option<i64> {
        let choices = 0..self.book.choices.len() as u32;
        let choices = choices.filter_map(|choice| left.most_of(choice));
        let dearer = self.cheapest.partition_point(|(price, _)| *price < pence);
        let below = self.cheapest.get(..dearer).unwrap_or(&[]);
        let plain = below.last().map(|(price, _)| *price);
        let targets = left.losses.iter().copied();
        let refuted = (self.terms == Terms::Refuted).then_some(1);
        let all = choices.chain(plain).chain(targets).chain(refuted);
        all.filter(|one| (1..pence).contains(one)).max()
    }

    /// Charges derivations around some facts by no less than an amount, until all of a choice is charged; false if nothing was learned by it.
    fn pass(
        &mut self,
        left: &mut Left,
        around: &FactSet,
        at_least: i64,
        of: Option<u32>,
    ) -> Result<bool, Uncut> {
        if self.work_left == 0 {
            return Ok(false);
        }
        let before = (left.charged.len(), left.spent.len(), left.looked_at);
        let mut withdrawn = left.spent.clone();
        withdrawn.extend_from(around);
        let reached = self.reached(&withdrawn, &left.losses, at_least);
        let patience = 1 + self.facts_chained() / CERTIFICATE_VAIN_SHARE;
        let mut in_vain = 0;
        for target in reached {
            if in_vain == patience {
                break;
            }
            in_vain += 1;
            let Some(row) = self.row(target, &left.spent) else {
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
        Ok((left.charged.len(), left.spent.len(), left.looked_at) != before)
    }

    /// What to split a case by: the act of the plan that is charged least, or else, in the row with the fewest choices
    /// left, the one that cuts most for its price.
    fn next(&self, left: &Left, fixed: &Fixed, guide: &[u32]) -> Option<u32> {
        let is_open = |choice: &u32| !fixed.with.contains(choice) && !left.is_barred(*choice);
        let open_guide = guide.iter().copied().filter(|choice| is_open(choice));
        let least = open_guide
            .map(|choice| (left.uncharged(choice), choice))
            .filter(|(uncharged, _)| *uncharged > 0)
            .max_by_key(|(uncharged, choice)| (*uncharged, std::cmp::Reverse(*choice)));
        if let Some((_, choice)) = least {
            return Some(choice);
        }
        let rows: Vec<&super::rows::Row> = left
            .met
            .iter()
            .filter_map(|row| self.pool.row(*row))
            .filter(|row| row.choices.iter().any(is_open))
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
