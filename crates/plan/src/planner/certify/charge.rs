//! What a case costs at least: dual ascent over acts and what they take down.
//!
//! The bound is that of [`crate::master::search`], with one addition: what a service loses to an act is asked with everything
//! chosen in the case already gone, so that the second of two acts that only together take a service down is charged too.

use std::cmp::Reverse;

use cordon_estate::ServiceId;
use cordon_reach::Base;
use cordon_trade::{Lost, ServiceState, cost_pence};

use super::tree::Fixed;
use super::{Choice, Proof};
use crate::document::{Charge, Stand};

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

/// A part of a service's price.
#[derive(Clone, Copy)]
struct Layer {
    service: u32,
    from_pence: i64,
    to_pence: i64,
}

/// What rows may be charged to in one case.
struct Charges {
    /// Rows that nothing chosen cuts, with the choices that may.
    open: Vec<(u32, Vec<u32>)>,
    layers: Vec<Layer>,
    /// Layers that each choice brings, by choice.
    brings: Vec<Vec<u32>>,
}

impl Proof<'_> {
    /// What every service costs when something is lost, or a protected one that is down.
    fn prices(&self, lost: &Lost) -> Result<Vec<i64>, ServiceId> {
        let states = self.services.states(lost);
        let both = states.iter().zip(&self.before);
        let mut prices = Vec::with_capacity(states.len());
        for ((id, service), (state, before)) in self.estate.services_with_ids().zip(both) {
            let protected = self.protected.get(id.index()) == Some(&true);
            if protected && *state == ServiceState::Down && *before != ServiceState::Down {
                return Err(id);
            }
            let price = |state| cost_pence(service, state, self.duration_hours).0;
            prices.push(price(*state).saturating_sub(price(*before)));
        }
        Ok(prices)
    }

    fn choice(&self, choice: u32) -> Option<&Choice> {
        self.choices.get(choice as usize)
    }

    fn pence(&self, choice: u32) -> i64 {
        self.choice(choice).map_or(0, |choice| choice.friction_pence)
    }
}

fn lose(lost: &mut Lost, removes: &[Base]) {
    for fact in removes {
        match *fact {
            Base::Access(id) => lost.lose_access(id),
            Base::Enabled(id) => lost.lose_account(id),
            Base::Connected(id) => lost.lose_system(id),
            _ => {}
        }
    }
}

/// What a case costs at least.
pub(super) fn look(proof: &Proof<'_>, fixed: &Fixed) -> Look {
    let mut lost = Lost::nothing();
    let mut paid = 0_i64;
    for choice in fixed.with.iter().filter_map(|&choice| proof.choice(choice)) {
        lose(&mut lost, &choice.removes);
        paid = paid.saturating_add(choice.friction_pence);
    }
    let impossible = |shown| Look {
        bound_pence: i64::MAX,
        shown,
        next: None,
    };
    let prices = match proof.prices(&lost) {
        Ok(prices) => prices,
        Err(service) => return impossible(Shown::Down(service)),
    };
    paid = prices.iter().fold(paid, |sum, price| sum.saturating_add(*price));
    let charges = charges(proof, fixed, &lost, &prices);
    let uncut = charges.open.iter().find(|(row, choices)| {
        let row = proof.rows.get(*row as usize);
        choices.is_empty() && row.is_some_and(|row| row.group.is_none())
    });
    if let Some((row, _)) = uncut {
        return impossible(Shown::Uncut(*row));
    }
    let (sum, found) = best_ascent(proof, &charges);
    Look {
        bound_pence: paid.saturating_add(sum),
        shown: Shown::Charged(found),
        next: next(proof, &charges),
    }
}

fn charges(proof: &Proof<'_>, fixed: &Fixed, lost: &Lost, prices: &[i64]) -> Charges {
    let cut = |row: &super::Cut| row.choices.iter().any(|choice| fixed.with.contains(choice));
    let rows = proof.rows.iter().zip(0_u32..).filter(|(row, _)| !cut(row));
    let mut open: Vec<(u32, Vec<u32>)> = rows.map(|(row, number)| (number, row.choices.clone())).collect();
    let mut free: Vec<u32> = open
        .iter()
        .flat_map(|(_, choices)| choices.iter().copied())
        .collect();
    free.sort_unstable();
    free.dedup();
    let mut brought: Vec<Option<Vec<i64>>> = vec![None; proof.choices.len()];
    let mut barred = fixed.without.clone();
    for &choice in &free {
        let Some(one) = proof.choice(choice).filter(|one| one.touches) else {
            continue;
        };
        let mut lost = lost.clone();
        lose(&mut lost, &one.removes);
        match proof.prices(&lost) {
            Ok(prices) => {
                if let Some(slot) = brought.get_mut(choice as usize) {
                    *slot = Some(prices);
                }
            }
            Err(_) => barred.push(choice),
        }
    }
    barred.sort_unstable();
    for (_, choices) in &mut open {
        choices.retain(|choice| barred.binary_search(choice).is_err());
    }
    let layers = layers(&brought, prices);
    let brings = brought.iter().map(|prices| {
        let reached = |layer: &Layer| {
            let price = prices
                .as_ref()
                .and_then(|prices| prices.get(layer.service as usize));
            price.is_some_and(|price| *price >= layer.to_pence)
        };
        let layers = layers.iter().zip(0_u32..);
        layers
            .filter(|(layer, _)| reached(layer))
            .map(|(_, place)| place)
            .collect()
    });
    Charges {
        brings: brings.collect(),
        open,
        layers,
    }
}

/// The prices that single choices bring every service to, as layers one above the other.
fn layers(brought: &[Option<Vec<i64>>], prices: &[i64]) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (service, &base) in prices.iter().enumerate() {
        let reached = brought
            .iter()
            .flatten()
            .filter_map(|prices| prices.get(service).copied());
        let mut steps: Vec<i64> = reached.filter(|price| *price > base).collect();
        steps.sort_unstable();
        steps.dedup();
        let mut from_pence = base;
        for to_pence in steps {
            layers.push(Layer {
                service: service as u32,
                from_pence,
                to_pence,
            });
            from_pence = to_pence;
        }
    }
    layers
}

/// The better of two orders in which rows are charged.
fn best_ascent(proof: &Proof<'_>, charges: &Charges) -> (i64, Vec<Charge>) {
    let mut narrow: Vec<&(u32, Vec<u32>)> = charges.open.iter().collect();
    narrow.sort_by_key(|(row, choices)| (choices.len(), *row));
    let cheapest = |choices: &[u32]| choices.iter().map(|&choice| proof.pence(choice)).min();
    let mut dear = narrow.clone();
    dear.sort_by_key(|(_, choices)| Reverse(cheapest(choices)));
    let (one, other) = (ascend(proof, charges, &narrow), ascend(proof, charges, &dear));
    if one.0 >= other.0 { one } else { other }
}

fn ascend(proof: &Proof<'_>, charges: &Charges, order: &[&(u32, Vec<u32>)]) -> (i64, Vec<Charge>) {
    let mut left = Left {
        own: proof.choices.iter().map(|choice| choice.friction_pence).collect(),
        layers: charges
            .layers
            .iter()
            .map(|layer| layer.to_pence - layer.from_pence)
            .collect(),
        groups: proof.groups.clone(),
    };
    let (mut sum, mut found) = (0_i64, Vec::new());
    for (row, choices) in order {
        let group = proof.rows.get(*row as usize).and_then(|row| row.group);
        while let Some((pence, stands)) = left.raise(choices, group, charges) {
            sum = sum.saturating_add(pence);
            let to = stands.into_iter().filter_map(|stand| match stand {
                Spot::Own(choice) => Some(Stand::Act {
                    act: proof.choice(choice)?.act,
                }),
                Spot::Layer(layer) => {
                    let layer = charges.layers.get(layer as usize)?;
                    Some(Stand::Service {
                        service: ServiceId(layer.service),
                        from_pence: layer.from_pence,
                        to_pence: layer.to_pence,
                    })
                }
            });
            found.push(Charge {
                row: *row,
                pence,
                to: to.collect(),
            });
        }
    }
    (sum, found)
}

/// What can still be charged.
struct Left {
    own: Vec<i64>,
    layers: Vec<i64>,
    groups: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Own(u32),
    Layer(u32),
}

fn at(table: &[i64], place: u32) -> i64 {
    table.get(place as usize).copied().unwrap_or(0)
}

fn take(table: &mut [i64], place: u32, pence: i64) {
    if let Some(left) = table.get_mut(place as usize) {
        *left -= pence;
    }
}

impl Left {
    /// Charges one row as far as one choice of stand-ins allows.
    fn raise(&mut self, choices: &[u32], group: Option<u32>, charges: &Charges) -> Option<(i64, Vec<Spot>)> {
        let mut pence = group.map_or(i64::MAX, |group| at(&self.groups, group));
        let mut spots = Vec::new();
        for &choice in choices {
            let brings = charges.brings.get(choice as usize).map_or(&[][..], Vec::as_slice);
            let layers = brings
                .iter()
                .map(|&layer| (at(&self.layers, layer), Spot::Layer(layer)));
            let own = (at(&self.own, choice), Spot::Own(choice));
            let (left, spot) = layers.fold(own, |best, one| if one.0 > best.0 { one } else { best });
            pence = pence.min(left);
            spots.push(spot);
        }
        if pence <= 0 || pence == i64::MAX {
            return None;
        }
        spots.sort_unstable();
        spots.dedup();
        for spot in &spots {
            match *spot {
                Spot::Own(choice) => take(&mut self.own, choice, pence),
                Spot::Layer(layer) => take(&mut self.layers, layer, pence),
            }
        }
        if let Some(group) = group {
            take(&mut self.groups, group, pence);
        }
        Some((pence, spots))
    }
}

/// In the open row with the fewest choices left, the one that cuts most for its price.
fn next(proof: &Proof<'_>, charges: &Charges) -> Option<u32> {
    let rows = charges.open.iter().filter(|(_, choices)| !choices.is_empty());
    let (_, choices) = rows.min_by_key(|(row, choices)| (choices.len(), *row))?;
    let value = |choice: u32| {
        let rows = proof.choice(choice).map_or(&[][..], |choice| &choice.rows);
        let cut = rows
            .iter()
            .filter(|row| charges.open.iter().any(|(open, _)| open == *row));
        let brings = charges.brings.get(choice as usize).map_or(&[][..], Vec::as_slice);
        let layers = brings
            .iter()
            .filter_map(|&layer| charges.layers.get(layer as usize));
        let services: i128 = layers
            .map(|layer| i128::from(layer.to_pence - layer.from_pence))
            .sum();
        (
            cut.count() as i128,
            1 + i128::from(proof.pence(choice)) + services,
        )
    };
    let better = |one: (i128, i128), other: (i128, i128)| one.0 * other.1 > other.0 * one.1;
    let mut best: Option<(u32, (i128, i128))> = None;
    for &choice in choices {
        let own = value(choice);
        if best.is_none_or(|(_, known)| better(own, known)) {
            best = Some((choice, own));
        }
    }
    best.map(|(choice, _)| choice)
}
