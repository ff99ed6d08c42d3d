//! What clashes on random estates, against every set of acts: that there is no plan, that the clash is one, and that nothing can be left
//! out of it.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

#[path = "support/estate.rs"]
mod random_estate;
mod support;

use std::collections::BTreeSet;

use cordon_estate::{Entity, Estate, ServiceId};
use cordon_plan::candidates::{Candidate, Candidates, entity_name};
use cordon_plan::document::{Act, Outcome, PlanDocument, WithdrawalId};
use cordon_plan::{Constraints, Foothold, Planner, Settings, Watch, verify};
use cordon_reach::{Base, CrownJewel, Derived, Options, naive};
use cordon_trade::{Lost, ServiceState};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Chance, instances};

/// Names of what is demanded: jewels to keep, services to keep running, acts not to do.
type Demands = BTreeSet<String>;

/// What one set of acts does not grant, by name.
struct Outcomes {
    all: Vec<Demands>,
}

impl Outcomes {
    fn of(
        estate: &Estate,
        held: &[Entity],
        (acts, jewels): (&[Candidate], &[CrownJewel]),
        candidates: &Candidates<'_>,
    ) -> Self {
        let before = cordon_trade::naive::states(estate, &Lost::nothing());
        let broken = (0..1_u32 << acts.len()).map(|set| {
            let chosen = (0..).zip(acts).filter(|(place, _)| set >> place & 1 == 1);
            let chosen: Vec<&Candidate> = chosen.map(|(_, act)| act).collect();
            let mut broken: Demands = chosen.iter().map(|act| candidates.id(act.act).0).collect();
            let withdrawn: BTreeSet<Base> = chosen
                .iter()
                .flat_map(|act| act.removes.iter().copied())
                .collect();
            let gained = naive::reach_without(estate, &Options::default(), held, &withdrawn);
            let taken = jewels.iter().filter(|jewel| gained.contains_key(&jewel.taken));
            broken.extend(taken.map(|jewel| entity_name(estate, jewel.entity)));
            let states = cordon_trade::naive::states(estate, &lost(&withdrawn));
            let services = estate.services.iter().zip(states).zip(&before);
            let down = services
                .filter(|((_, now), usual)| *now == ServiceState::Down && **usual != ServiceState::Down);
            broken.extend(down.map(|((service, _), _)| service.name.clone()));
            broken
        });
        Self {
            all: broken.collect(),
        }
    }

    fn can_have(&self, demands: &Demands) -> bool {
        self.all.iter().any(|broken| broken.is_disjoint(demands))
    }
}

fn lost(withdrawn: &BTreeSet<Base>) -> Lost {
    let mut lost = Lost::nothing();
    for fact in withdrawn {
        match *fact {
            Base::Access(id) => lost.lose_access(id),
            Base::Enabled(id) => lost.lose_account(id),
            Base::Connected(id) => lost.lose_system(id),
            _ => {}
        }
    }
    lost
}

/// Every act that the estate allows.
fn every_act(estate: &Estate, candidates: &Candidates<'_>) -> Vec<Candidate> {
    let accesses = estate.accesses_with_ids().map(|(id, _)| Base::Access(id));
    let accounts = estate
        .accounts_with_ids()
        .flat_map(|(id, _)| [Base::Enabled(id), Base::Credential(id)]);
    let systems = estate.systems_with_ids().map(|(id, _)| Base::Connected(id));
    let mut acts = candidates.for_facts(accesses.chain(accounts).chain(systems));
    for number in 0..estate.groups.len() as u32 {
        let group = cordon_estate::GroupId(number);
        let whole = candidates.candidate(Act::DisableGroup { group });
        acts.extend(whole.filter(|whole| acts.iter().all(|act| act.act != whole.act)));
    }
    acts
}

fn planned(estate: &Estate, held: &[Entity], constraints: &Constraints) -> PlanDocument {
    let footholds: Vec<Foothold> = held
        .iter()
        .map(|&entity| Foothold {
            entity,
            probability: 0.9,
        })
        .collect();
    let settings = Settings {
        race: false,
        comparisons: false,
        certificate: false,
        ..Settings::default()
    };
    let (mut progress, mut clock) = (|_| {}, || 0.0);
    let mut watch = Watch {
        progress: &mut progress,
        clock: &mut clock,
    };
    let mut planner = Planner::new(estate, &Options::default());
    planner.plan(&footholds, &settings, constraints, &mut watch)
}

/// Compares one question; how many demands clash, none if there is a plan or nothing to compare.
fn compared(
    estate: &Estate,
    held: &[Entity],
    refused: u32,
    protected: u32,
) -> Result<Option<usize>, TestCaseError> {
    let candidates = Candidates::new(estate, 24.0);
    let acts = every_act(estate, &candidates);
    let gained = naive::reach_without(estate, &Options::default(), held, &BTreeSet::new());
    let later = |entity: &Entity| gained.get(&Derived::taken(*entity)).is_some_and(|at| *at > 0);
    let accounts = estate.accounts_with_ids().map(|(id, _)| Entity::Account(id));
    let entities = accounts.chain(estate.systems_with_ids().map(|(id, _)| Entity::System(id)));
    let entities: Vec<Entity> = entities.filter(later).collect();
    let Some(&more) = entities.get(protected as usize % entities.len().max(1)) else {
        return Ok(None);
    };
    let jewels = cordon_reach::jewels_with(estate, &[more]);
    // A plan may leave what may be taken already.
    let taken = jewels.iter().filter(|jewel| gained.get(&jewel.taken) == Some(&0));
    let give_up: Vec<Entity> = taken.map(|jewel| jewel.entity).collect();
    if acts.len() > 10 {
        return Ok(None);
    }
    let bit = |bits: u32, place: usize| bits >> (place % 32) & 1 == 1;
    let names = acts.iter().map(|act| candidates.id(act.act)).enumerate();
    let refuse: Vec<WithdrawalId> = names
        .filter(|(place, _)| bit(refused, *place))
        .map(|(_, id)| id)
        .collect();
    let services = estate
        .services_with_ids()
        .filter(|(id, _)| bit(protected, id.index()));
    let protect: Vec<ServiceId> = services.map(|(id, _)| id).collect();
    let mut demands: Demands = refuse.iter().map(|id| id.0.clone()).collect();
    let never = jewels
        .iter()
        .filter(|jewel| jewel.never && !give_up.contains(&jewel.entity));
    demands.extend(never.map(|jewel| entity_name(estate, jewel.entity)));
    let kept = estate.services_with_ids();
    let kept = kept.filter(|(id, service)| service.protected || protect.contains(id));
    demands.extend(kept.map(|(_, service)| service.name.clone()));
    let constraints = Constraints {
        refuse,
        protect,
        jewels: vec![more],
        give_up,
        ..Constraints::default()
    };
    let document = planned(estate, held, &constraints);
    let outcomes = Outcomes::of(estate, held, (&acts, &jewels), &candidates);
    prop_assert_eq!(
        document.outcome == Outcome::Infeasible,
        !outcomes.can_have(&demands)
    );
    let Some(told) = &document.infeasibility else {
        return Ok(None);
    };
    let refused = told.refused.iter().map(|id| &id.0);
    let clash: Demands = told
        .jewels
        .iter()
        .chain(&told.services)
        .chain(refused)
        .cloned()
        .collect();
    prop_assert!(!outcomes.can_have(&clash), "{clash:?} does not clash");
    for one in &clash {
        let mut rest = clash.clone();
        rest.remove(one);
        prop_assert!(outcomes.can_have(&rest), "{clash:?} clashes without {one}");
    }
    let verdict = verify(&document, estate);
    prop_assert!(verdict.is_accepted(), "{:?}", verdict.problems);
    Ok(Some(clash.len()))
}

fn case(seed: u64, kept: &[bool]) -> (Estate, Vec<Entity>) {
    let mut chance = Chance::new(seed);
    let mut estate = random_estate::estate(&mut chance);
    let mut held = random_estate::held(&mut chance);
    held.extend(random_estate::held(&mut chance));
    held.sort_unstable();
    held.dedup();
    let mut kept = kept.iter().copied().chain(std::iter::repeat(true));
    estate.accesses.retain(|_| kept.next() != Some(false));
    estate.points.retain(|_| kept.next() != Some(false));
    (estate, held)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(instances(400)).unwrap_or(u32::MAX))
    })]

    #[test]
    fn a_clash_is_one_and_nothing_can_be_left_out(
        seed in 0_u64..1_000_000,
        kept in vec(prop::bool::weighted(0.97), 0..18),
        refused in any::<u32>(),
        protected in any::<u32>(),
    ) {
        let (estate, held) = case(seed, &kept);
        compared(&estate, &held, refused, protected)?;
    }
}

#[test]
fn many_random_questions_have_a_clash_of_several_demands() {
    let mut sizes = Vec::new();
    for seed in 0..1_200_u32 {
        let (estate, held) = case(seed.into(), &[]);
        let bits = seed.wrapping_mul(0x9E37_79B9);
        sizes.extend(compared(&estate, &held, bits, bits.rotate_left(9)).unwrap());
    }
    let several = sizes.iter().filter(|size| **size > 1).count();
    assert!(several > 20, "{several} of {} clashes", sizes.len());
}
