//! One leaf: what its plans cost at least.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::ServiceId;
use cordon_reach::Base;
use cordon_trade::{Lost, naive};

use super::Asked;
use super::cases::Fixed;
use super::rows::{Effect, Or, Row, Rows};
use crate::check::view::View;
use crate::document::{Act, Case, Charge, Stand};

/// The plans that choose some acts and not some others.
pub(super) struct Leaf<'a> {
    view: &'a View<'a>,
    rows: &'a Rows,
    asked: Asked<'a>,
    fixed: &'a Fixed,
    lost: Lost,
    friction_pence: i128,
    /// What services cost with the chosen acts alone.
    paid: Prices,
}

/// What every service costs, or the name of a protected one that is down.
type Prices = Result<Vec<i128>, String>;

/// What was charged so far.
#[derive(Default)]
struct Charged {
    acts: BTreeMap<Act, i128>,
    /// By service: parts of its price, each from, to and how much.
    services: BTreeMap<ServiceId, BTreeMap<(i64, i64), i128>>,
    groups: BTreeMap<usize, i128>,
    worlds: BTreeMap<u32, i128>,
    sum: i128,
    /// Prices with one act more that some service suffers from, as they were asked for.
    prices: BTreeMap<Act, Prices>,
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

impl<'a> Leaf<'a> {
    pub(super) fn new(view: &'a View<'a>, rows: &'a Rows, asked: Asked<'a>, fixed: &'a Fixed) -> Self {
        let mut leaf = Self {
            view,
            rows,
            asked,
            fixed,
            lost: Lost::nothing(),
            friction_pence: 0,
            paid: Ok(Vec::new()),
        };
        for act in &fixed.with {
            let effect = leaf.effect(*act);
            lose(&mut leaf.lost, &effect.removes);
            leaf.friction_pence += effect.pence;
        }
        leaf.paid = leaf.prices(&leaf.lost);
        leaf
    }

    fn effect(&self, act: Act) -> Cow<'a, Effect> {
        let known = self.rows.acts.get(&act);
        known.map_or_else(|| Cow::Owned(Effect::of(act, self.view)), Cow::Borrowed)
    }

    fn prices(&self, lost: &Lost) -> Prices {
        let states = naive::states(self.view.estate, lost);
        let mut prices = Vec::new();
        for ((id, service), state) in self.view.estate.services_with_ids().zip(states) {
            let price = self.view.service_pence(id, service, state, self.asked.terms);
            prices.push(price.ok_or_else(|| service.name.clone())?);
        }
        Ok(prices)
    }

    /// What does not hold, in words.
    pub(super) fn check(&self, case: &Case) -> Result<(), String> {
        match case {
            Case::Down { service } => match &self.paid {
                Err(name) if name == service => Ok(()),
                _ => Err(format!("{service} is not protected, or not down")),
            },
            Case::Uncut { row } => self.check_uncut(*row),
            Case::TooMany => match self.draws_left() {
                None => Ok(()),
                Some(_) => Err("so many worlds may be let go".to_owned()),
            },
            Case::Charged { charges, draw_pence } => match self.asked.bound_pence {
                Some(bound_pence) => self.check_charged(charges, *draw_pence, bound_pence),
                None => Err("it is possible for all that is shown".to_owned()),
            },
            Case::Either { .. } | Case::EitherWorld { .. } => Err("it is no leaf".to_owned()),
        }
    }

    /// How many draws may still be let go; none if too many are.
    fn draws_left(&self) -> Option<u32> {
        match self.asked.draws {
            None => Some(0),
            Some(draws) => draws.left(&self.fixed.let_go),
        }
    }

    /// What may be accepted in this case instead of cutting a row.
    fn or(&self, row: &Row) -> Or {
        match row.or {
            Or::World(world) if self.fixed.kept.contains(&world) => Or::Never,
            Or::World(world) if !self.fixed.let_go.contains(&world) => {
                let draws = self.asked.draws.map_or(0, |draws| draws.of(world));
                match self.draws_left() {
                    Some(left) if draws <= left => row.or,
                    _ => Or::Never,
                }
            }
            or => or,
        }
    }

    fn row(&self, place: u32) -> Result<&Row, String> {
        let row = self.rows.rows.get(place as usize);
        let row = row.ok_or_else(|| format!("there is no row {place}"))?;
        if row.acts.is_disjoint(&self.fixed.with) {
            Ok(row)
        } else {
            Err(format!("row {place} is cut already"))
        }
    }

    fn check_uncut(&self, place: u32) -> Result<(), String> {
        let row = self.row(place)?;
        if self.or(row) != Or::Never {
            return Err(format!("row {place} need not be cut"));
        }
        let mut charged = Charged::default();
        let may = row
            .acts
            .difference(&self.fixed.without)
            .find(|act| self.with_one(**act, &mut charged).is_ok());
        may.map_or(Ok(()), |_| Err(format!("row {place} can still be cut")))
    }

    /// Prices with one act more.
    fn with_one<'c>(&'c self, act: Act, charged: &'c mut Charged) -> &'c Prices {
        let effect = self.effect(act);
        if !effect.touches {
            return &self.paid;
        }
        charged.prices.entry(act).or_insert_with(|| {
            let mut lost = self.lost.clone();
            lose(&mut lost, &effect.removes);
            self.prices(&lost)
        })
    }

    fn check_charged(&self, charges: &[Charge], draw_pence: i64, bound_pence: i64) -> Result<(), String> {
        let draws_left = self.draws_left().ok_or("more worlds are let go than may be")?;
        if draw_pence < 0 {
            return Err("a draw has a price below 0".to_owned());
        }
        let paid = self.paid.as_ref();
        let paid = paid.map_err(|name| format!("{name} is down, which no plan may do"))?;
        let mut charged = Charged::default();
        for charge in charges {
            self.charge(charge, &mut charged)?;
        }
        for (act, sum) in &charged.acts {
            if *sum > self.effect(*act).pence {
                return Err(format!(
                    "{} is charged beyond its price",
                    self.view.candidates.id(*act)
                ));
            }
        }
        for (group, sum) in &charged.groups {
            if self.rows.losses.get(*group).is_none_or(|loss| sum > loss) {
                return Err("a loss is charged beyond its price".to_owned());
            }
        }
        for (world, sum) in &charged.worlds {
            let draws = self.asked.draws.map_or(0, |draws| draws.of(*world));
            if self.fixed.let_go.contains(world) || *sum > i128::from(draw_pence) * i128::from(draws) {
                return Err("a world is charged beyond its price".to_owned());
            }
        }
        for (service, parts) in &charged.services {
            let base = paid.get(service.index()).ok_or("there is no such service")?;
            check_parts(parts, *base)?;
        }
        let let_go = i128::from(draw_pence) * i128::from(draws_left);
        let total = self.friction_pence + paid.iter().sum::<i128>() + charged.sum - let_go;
        if total < i128::from(bound_pence) {
            return Err(format!("it proves {total} pence only"));
        }
        Ok(())
    }

    fn charge(&self, charge: &Charge, charged: &mut Charged) -> Result<(), String> {
        let row = self.row(charge.row)?;
        if charge.pence <= 0 {
            return Err("a charge is not above 0".to_owned());
        }
        let pence = i128::from(charge.pence);
        let stands: BTreeSet<Stand> = charge.to.iter().copied().collect();
        for act in row.acts.difference(&self.fixed.without) {
            let is_charged = stands.contains(&Stand::Act { act: *act })
                || match self.with_one(*act, charged) {
                    Err(_) => true,
                    Ok(prices) => stands.iter().any(|stand| brings(*stand, prices)),
                };
            if !is_charged {
                let id = self.view.candidates.id(*act);
                return Err(format!("row {} can be cut by {id} for nothing", charge.row));
            }
        }
        for stand in stands {
            match stand {
                Stand::Act { act } => *charged.acts.entry(act).or_default() += pence,
                Stand::Service {
                    service,
                    from_pence,
                    to_pence,
                } => {
                    let parts = charged.services.entry(service).or_default();
                    *parts.entry((from_pence, to_pence)).or_default() += pence;
                }
            }
        }
        match self.or(row) {
            Or::Never => {}
            Or::Loss(group) => *charged.groups.entry(group).or_default() += pence,
            Or::World(world) => *charged.worlds.entry(world).or_default() += pence,
        }
        charged.sum += pence;
        Ok(())
    }
}

/// True if prices reach the part of a service that is charged.
fn brings(stand: Stand, prices: &[i128]) -> bool {
    match stand {
        Stand::Act { .. } => false,
        Stand::Service {
            service, to_pence, ..
        } => prices
            .get(service.index())
            .is_some_and(|price| *price >= i128::from(to_pence)),
    }
}

/// Parts of one service's price: above what is paid, apart from each other, and none charged beyond itself.
fn check_parts(parts: &BTreeMap<(i64, i64), i128>, paid: i128) -> Result<(), String> {
    let mut reached = paid;
    for ((from_pence, to_pence), sum) in parts {
        let (from, to) = (i128::from(*from_pence), i128::from(*to_pence));
        if from < reached {
            return Err("a part of a service is charged twice, or paid already".to_owned());
        }
        if *sum > to - from {
            return Err("a service is charged beyond its price".to_owned());
        }
        reached = to;
    }
    Ok(())
}
