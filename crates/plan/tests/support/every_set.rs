//! Every set of the acts that an estate allows, each told by the naive rules.

use std::collections::BTreeSet;

use cordon_estate::{Entity, Estate};
use cordon_plan::candidates::{Candidate, Candidates, Friction};
use cordon_reach::{Base, Options, naive, spread_loss};
use cordon_trade::{Lost, ServiceState, cost_pence};

/// How long acts stay in force.
pub(crate) const HOURS: f64 = 24.0;

/// Every act that the estate allows.
pub(crate) fn every_act(estate: &Estate) -> Vec<Candidate> {
    let accesses = estate.accesses_with_ids().map(|(id, _)| Base::Access(id));
    let accounts = estate
        .accounts_with_ids()
        .flat_map(|(id, _)| [Base::Enabled(id), Base::Credential(id)]);
    let systems = estate.systems_with_ids().map(|(id, _)| Base::Connected(id));
    Candidates::new(estate, HOURS).for_facts(accesses.chain(accounts).chain(systems))
}

/// Every set of some acts.
pub(crate) fn sets(acts: &[Candidate]) -> impl Iterator<Item = Vec<&Candidate>> {
    (0..1_u32 << acts.len()).map(move |set| {
        let chosen = (0..).zip(acts).filter(move |(place, _)| set >> place & 1 == 1);
        chosen.map(|(_, act)| act).collect()
    })
}

/// What a set of acts disrupts, or `None` if it takes a protected service down.
pub(crate) fn disruption(estate: &Estate, set: &[&Candidate]) -> Option<i64> {
    let before = cordon_trade::naive::states(estate, &Lost::nothing());
    let friction = Friction::new(estate, HOURS);
    let mut disruption: i64 = set.iter().map(|act| friction.pence(&act.removes)).sum();
    let mut lost = Lost::nothing();
    for fact in set.iter().flat_map(|act| &act.removes) {
        match *fact {
            Base::Access(id) => lost.lose_access(id),
            Base::Enabled(id) => lost.lose_account(id),
            Base::Connected(id) => lost.lose_system(id),
            _ => {}
        }
    }
    let states = cordon_trade::naive::states(estate, &lost);
    for ((service, state), usual) in estate.services.iter().zip(&states).zip(&before) {
        if service.protected && *state == ServiceState::Down && *usual != ServiceState::Down {
            return None;
        }
        disruption += cost_pence(service, *state, HOURS).0 - cost_pence(service, *usual, HOURS).0;
    }
    Some(disruption)
}

/// What is lost in a world in which these facts are withdrawn in time.
pub(crate) fn loss(estate: &Estate, held: &[Entity], withdrawn: &BTreeSet<Base>) -> i64 {
    let gained = naive::reach_without(estate, &Options::default(), held, withdrawn);
    let jewels = cordon_reach::jewels(estate);
    let taken = jewels.iter().filter(|jewel| gained.contains_key(&jewel.taken));
    let mut sum: i64 = taken.map(|jewel| jewel.loss.0).sum();
    let accounts = estate.accounts_with_ids().map(|(id, _)| Entity::Account(id));
    for entity in accounts.chain(estate.systems_with_ids().map(|(id, _)| Entity::System(id))) {
        let is_jewel = jewels.iter().any(|jewel| jewel.entity == entity);
        let is_gone = matches!(entity, Entity::System(_)) && held.contains(&entity);
        if !is_jewel && !is_gone && gained.contains_key(&cordon_reach::Derived::taken(entity)) {
            sum += spread_loss(estate, entity).0;
        }
    }
    sum
}
