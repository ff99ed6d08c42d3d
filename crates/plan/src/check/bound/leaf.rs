//! One leaf: what its plans cost at least.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::ServiceId;
use cordon_reach::Base;
use cordon_trade::{Lost, ServiceState, cost_pence, naive};

use super::rows::{Row, Rows};
use crate::check::view::View;
use crate::document::{Act, Case, Charge, Stand};

/// The plans that choose some acts and not some others.
pub(super) struct Leaf<'a> {
    view: &'a View<'a>,
    rows: &'a Rows,
    with: &'a BTreeSet<Act>,
    without: &'a BTreeSet<Act>,
    lost: Lost,
    friction_pence: i128,
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
    sum: i128,
    /// Prices with one act more, as they were asked for.
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
    pub(super) fn new(
        view: &'a View<'a>,
        rows: &'a Rows,
        with: &'a BTreeSet<Act>,
        without: &'a BTreeSet<Act>,
    ) -> Self {
        let mut leaf = Self {
            view,
            rows,
            with,
            without,
            lost: Lost::nothing(),
            friction_pence: 0,
        };
        for act in with {
            lose(&mut leaf.lost, &view.removes(*act));
            leaf.friction_pence += leaf.own_pence(*act);
        }
        leaf
    }

    /// What an act costs by itself.
    fn own_pence(&self, act: Act) -> i128 {
        let friction = crate::candidates::Friction::new(self.view.estate, self.view.duration_hours);
        i128::from(friction.pence(&self.view.removes(act)))
    }

    fn prices(&self, lost: &Lost) -> Prices {
        let states = naive::states(self.view.estate, lost);
        let mut prices = Vec::new();
        for ((id, service), state) in self.view.estate.services_with_ids().zip(states) {
            let before = self.view.state_before(id);
            if state == ServiceState::Down && before != state && self.view.protected.contains(&id) {
                return Err(service.name.clone());
            }
            let price = |state| i128::from(cost_pence(service, state, self.view.duration_hours).0);
            prices.push(price(state) - price(before));
        }
        Ok(prices)
    }

    /// What does not hold, in words.
    pub(super) fn check(&self, case: &Case, bound_pence: i64) -> Result<(), String> {
        match case {
            Case::Down { service } => match self.prices(&self.lost) {
                Err(name) if name == *service => Ok(()),
                _ => Err(format!("{service} is not protected, or not down")),
            },
            Case::Uncut { row } => self.check_uncut(*row),
            Case::Charged { charges } => self.check_charged(charges, bound_pence),
            Case::Either { .. } => Err("it is no leaf".to_owned()),
        }
    }

    fn row(&self, place: u32) -> Result<&Row, String> {
        let row = self.rows.rows.get(place as usize);
        let row = row.ok_or_else(|| format!("there is no row {place}"))?;
        if row.acts.is_disjoint(self.with) {
            Ok(row)
        } else {
            Err(format!("row {place} is cut already"))
        }
    }

    fn check_uncut(&self, place: u32) -> Result<(), String> {
        let row = self.row(place)?;
        if row.group.is_some() {
            return Err(format!("row {place} need not be cut"));
        }
        let mut charged = Charged::default();
        let may = row
            .acts
            .difference(self.without)
            .find(|act| self.with_one(**act, &mut charged).is_ok());
        may.map_or(Ok(()), |_| Err(format!("row {place} can still be cut")))
    }

    /// Prices with one act more.
    fn with_one<'c>(&self, act: Act, charged: &'c mut Charged) -> &'c Prices {
        charged.prices.entry(act).or_insert_with(|| {
            let mut lost = self.lost.clone();
            lose(&mut lost, &self.view.removes(act));
            self.prices(&lost)
        })
    }

    fn check_charged(&self, charges: &[Charge], bound_pence: i64) -> Result<(), String> {
        let paid = self.prices(&self.lost);
        let paid = paid.map_err(|name| format!("{name} is down, which no plan may do"))?;
        let mut charged = Charged::default();
        for charge in charges {
            self.charge(charge, &mut charged)?;
        }
        for (act, sum) in &charged.acts {
            if *sum > self.own_pence(*act) {
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
        for (service, parts) in &charged.services {
            let base = paid.get(service.index()).ok_or("there is no such service")?;
            check_parts(parts, *base)?;
        }
        let total = self.friction_pence + paid.iter().sum::<i128>() + charged.sum;
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
        for act in row.acts.difference(self.without) {
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
        if let Some(group) = row.group {
            *charged.groups.entry(group).or_default() += pence;
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
