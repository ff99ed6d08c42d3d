//! What can still be charged in one case.

use cordon_estate::ServiceId;
use cordon_reach::FactSet;
use cordon_trade::Lost;

use super::book::{Book, Choice};
use super::rows::Row;
use super::tree::Fixed;
use super::{Proof, Terms, lose};
use crate::document::Act;

/// A part of a service's price.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    pub(super) service: ServiceId,
    pub(super) from_pence: i64,
    pub(super) to_pence: i64,
}

/// Something that a row can be charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    Own(u32),
    Layer(u32),
}

/// A row charged.
#[derive(Clone, Debug)]
pub(super) struct Charged {
    pub(super) row: u32,
    pub(super) pence: i64,
    pub(super) spots: Vec<Spot>,
}

/// What a choice can be charged in a case.
#[derive(Clone, Debug)]
enum Purse {
    /// It may not be chosen.
    Barred,
    Open {
        price: i64,
        own: i64,
        layers: Vec<u32>,
    },
}

/// What is left to charge, and what was charged.
#[derive(Clone, Debug)]
pub(super) struct Left {
    lost: Lost,
    purses: Vec<Option<Purse>>,
    /// What the case says is not done.
    without: Vec<Act>,
    pub(super) layers: Vec<Layer>,
    layers_left: Vec<i64>,
    /// What each target can be charged, and then each further world; [`i64::MAX`] if it must be kept.
    pub(super) losses: Vec<i64>,
    /// By timing: facts that a choice takes away of which all is charged, or that is chosen.
    spent: Vec<FactSet>,
    /// Choices of which all is charged and whose facts are not spent yet.
    exhausted: Vec<u32>,
    by_layer: Vec<Vec<u32>>,
    /// How many choices were looked at.
    pub(super) looked_at: usize,
    pub(super) charged: Vec<Charged>,
    /// Rows looked at.
    pub(super) met: Vec<u32>,
    pub(super) sum: i64,
}

impl Proof<'_, '_> {
    /// Everything to charge in a case, where each draw of an undecided world may be lost at a price.
    pub(super) fn begun(&self, fixed: &Fixed, draw_pence: i64, lost: Lost, prices: &[i64]) -> Left {
        let without = fixed.without.iter();
        let without = without.filter_map(|&choice| self.book.choice(choice));
        let mut left = Left {
            lost,
            purses: vec![None; self.book.choices.len()],
            without: without.map(|choice| choice.act).collect(),
            layers: self.layers(prices),
            layers_left: Vec::new(),
            losses: self.losses(fixed, draw_pence),
            spent: vec![FactSet::with_room(self.planner.graph.base_facts()); self.scenes.timings.len()],
            exhausted: Vec::new(),
            by_layer: Vec::new(),
            looked_at: 0,
            charged: Vec::new(),
            met: Vec::new(),
            sum: 0,
        };
        let sizes = left.layers.iter().map(|layer| layer.to_pence - layer.from_pence);
        left.layers_left = sizes.collect();
        left.by_layer = vec![Vec::new(); left.layers.len()];
        for choice in fixed.with.iter().filter_map(|&choice| self.book.choice(choice)) {
            left.take_away(choice);
        }
        for &choice in &fixed.without {
            left.set(choice, Purse::Barred);
        }
        left
    }

    fn losses(&self, fixed: &Fixed, draw_pence: i64) -> Vec<i64> {
        let targets = self.prepared.targets.iter().zip(0_usize..);
        let own = targets.map(|(target, place)| {
            let is_hard = self.terms != Terms::GivenUp && self.hard.get(place) == Some(&true);
            match self.terms {
                _ if is_hard => i64::MAX,
                Terms::Refuted => 0,
                Terms::Kept | Terms::GivenUp => target.loss_pence,
            }
        });
        let further = (1..self.scenes.scenes.len() as u32).map(|world| match () {
            () if self.scenes.is_kept(world, fixed) => i64::MAX,
            () if fixed.let_go.contains(&world) => 0,
            () => draw_pence.saturating_mul(i64::from(self.scenes.draws(world))),
        });
        own.chain(further).collect()
    }

    /// The prices that every service can come to, one above the other.
    fn layers(&self, prices: &[i64]) -> Vec<Layer> {
        let mut layers = Vec::new();
        if self.terms == Terms::Refuted {
            return layers;
        }
        for ((id, service), &base) in self.planner.estate.services_with_ids().zip(prices) {
            let mut steps = self.possible_prices(id, service);
            steps.retain(|price| *price > base);
            steps.sort_unstable();
            steps.dedup();
            let mut from_pence = base;
            for to_pence in steps {
                layers.push(Layer {
                    service: id,
                    from_pence,
                    to_pence,
                });
                from_pence = to_pence;
            }
        }
        layers
    }

    /// Looks at a choice, if it was not looked at in this case.
    pub(super) fn meet(&self, left: &mut Left, choice: u32) {
        if matches!(left.purses.get(choice as usize), Some(Some(_))) {
            return;
        }
        let Some(one) = self.book.choice(choice) else {
            return;
        };
        let mut brings = Vec::new();
        if one.touches {
            let mut lost = left.lost.clone();
            lose(&mut lost, &one.removes);
            let Ok(prices) = self.prices(&lost) else {
                left.set(choice, Purse::Barred);
                return;
            };
            let reached = |layer: &Layer| {
                let price = prices.get(layer.service.index());
                price.is_some_and(|price| *price >= layer.to_pence)
            };
            let layers = left.layers.iter().zip(0_u32..);
            brings = layers
                .filter(|(layer, _)| reached(layer))
                .map(|(_, place)| place)
                .collect();
        }
        let own = match self.terms {
            Terms::Refuted => 1,
            Terms::Kept | Terms::GivenUp => one.friction_pence,
        };
        left.open(choice, own, brings);
    }
}

impl Left {
    /// Facts that a choice takes away of which all is charged, or that is chosen.
    pub(super) fn spent(&self, timing: usize) -> &FactSet {
        static NONE: FactSet = FactSet::new();
        self.spent.get(timing).unwrap_or(&NONE)
    }

    /// How many facts are spent.
    pub(super) fn spent_facts(&self) -> usize {
        self.spent.iter().map(FactSet::len).sum()
    }

    /// Nothing rests any more on what a choice takes away in time.
    fn take_away(&mut self, choice: &Choice) {
        for (timing, spent) in self.spent.iter_mut().enumerate() {
            spent.extend(choice.timely(timing).iter().copied());
        }
    }

    fn set(&mut self, choice: u32, purse: Purse) {
        if self.purses.len() <= choice as usize {
            self.purses.resize(choice as usize + 1, None);
        }
        if let Some(slot) = self.purses.get_mut(choice as usize) {
            *slot = Some(purse);
            self.looked_at += 1;
        }
    }

    fn open(&mut self, choice: u32, own: i64, layers: Vec<u32>) {
        let sizes = layers.iter().filter_map(|&layer| self.layers.get(layer as usize));
        let sizes: i64 = sizes.map(|layer| layer.to_pence - layer.from_pence).sum();
        for &layer in &layers {
            if let Some(list) = self.by_layer.get_mut(layer as usize) {
                list.push(choice);
            }
        }
        let price = own.saturating_add(sizes);
        self.set(choice, Purse::Open { price, own, layers });
        if self.uncharged(choice) == 0 {
            self.exhausted.push(choice);
        }
    }

    fn purse(&self, choice: u32) -> Option<&Purse> {
        self.purses.get(choice as usize)?.as_ref()
    }

    /// True if the case says that an act is not done.
    pub(super) fn is_without(&self, act: Act) -> bool {
        self.without.contains(&act)
    }

    /// True if the choice may not be made in this case.
    pub(super) fn is_barred(&self, choice: u32) -> bool {
        matches!(self.purse(choice), Some(Purse::Barred))
    }

    /// What a choice brings with it in this case.
    pub(super) fn price(&self, choice: u32) -> i64 {
        match self.purse(choice) {
            Some(Purse::Open { price, .. }) => *price,
            Some(Purse::Barred) | None => 0,
        }
    }

    fn layer_left(&self, layer: u32) -> i64 {
        self.layers_left.get(layer as usize).copied().unwrap_or(0)
    }

    /// What of a choice is not charged yet; 0 if it may not be made or was not looked at.
    pub(super) fn uncharged(&self, choice: u32) -> i64 {
        match self.purse(choice) {
            Some(Purse::Open { own, layers, .. }) => {
                let layers = layers.iter().map(|&layer| self.layer_left(layer));
                layers.fold(*own, i64::saturating_add)
            }
            Some(Purse::Barred) | None => 0,
        }
    }

    /// The largest part of a choice that can be charged at once; none if it may not be made.
    fn best(&self, choice: u32) -> Option<(i64, Spot)> {
        let Some(Purse::Open { own, layers, .. }) = self.purse(choice) else {
            return None;
        };
        let layers = layers
            .iter()
            .map(|&layer| (self.layer_left(layer), Spot::Layer(layer)));
        let own = (*own, Spot::Own(choice));
        Some(layers.fold(own, |best, one| if one.0 > best.0 { one } else { best }))
    }

    /// The largest part of a choice that can be charged at once; none if it may not be made or was not looked at.
    pub(super) fn most_of(&self, choice: u32) -> Option<i64> {
        self.best(choice).map(|(part, _)| part)
    }

    /// What a row can be charged at once; [`i64::MAX`] if it must be cut and nothing cuts it.
    pub(super) fn most(&self, row: &Row) -> i64 {
        let loss = self.losses.get(row.target as usize).copied().unwrap_or(0);
        let parts = row.choices.iter().filter_map(|&choice| self.best(choice));
        parts.fold(loss, |least, (part, _)| least.min(part))
    }

    /// Charges a row as far as it goes; false if it must be cut and nothing cuts it.
    pub(super) fn raise(&mut self, number: u32, row: &Row) -> bool {
        self.met.push(number);
        loop {
            let pence = self.most(row);
            if pence == i64::MAX {
                return false;
            }
            if pence <= 0 {
                return true;
            }
            let parts = row.choices.iter().filter_map(|&choice| self.best(choice));
            let mut spots: Vec<Spot> = parts.map(|(_, spot)| spot).collect();
            spots.sort_unstable();
            spots.dedup();
            for spot in &spots {
                self.take(*spot, pence);
            }
            if let Some(loss) = self
                .losses
                .get_mut(row.target as usize)
                .filter(|loss| **loss != i64::MAX)
            {
                *loss -= pence;
            }
            self.sum = self.sum.saturating_add(pence);
            self.charged.push(Charged {
                row: number,
                pence,
                spots,
            });
        }
    }

    fn take(&mut self, spot: Spot, pence: i64) {
        let mut touched = Vec::new();
        match spot {
            Spot::Own(choice) => {
                if let Some(Some(Purse::Open { own, .. })) = self.purses.get_mut(choice as usize) {
                    *own -= pence;
                }
                touched.push(choice);
            }
            Spot::Layer(layer) => {
                if let Some(left) = self.layers_left.get_mut(layer as usize) {
                    *left -= pence;
                    if *left == 0 {
                        touched.extend(self.by_layer.get(layer as usize).into_iter().flatten());
                    }
                }
            }
        }
        for choice in touched {
            if self.uncharged(choice) == 0 {
                self.exhausted.push(choice);
            }
        }
    }

    /// Sets apart the facts of choices of which all is charged.
    pub(super) fn spend(&mut self, book: &Book<'_, '_>) {
        for choice in std::mem::take(&mut self.exhausted) {
            if let Some(choice) = book.choice(choice) {
                self.take_away(choice);
            }
        }
    }
}
