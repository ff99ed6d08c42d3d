//! What the document speaks of, found again in the estate, and what holds under any set of acts.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{Entity, Estate, Requirement, Service, ServiceId};
use cordon_reach::{Base, CrownJewel, Derived, Graph, Options, Pace, naive, spread_loss};
use cordon_trade::{Lost, ServiceState};

use super::names::Names;
use super::removal::Removal;
use super::{Findings, Terms, race};
use crate::candidates::{Candidates, Friction, entity_name};
use crate::document::{Act, CostEntry, JewelState, PlanDocument};
use crate::limits::WORLDS_FACED_MAX;

/// When each base fact is first used.
pub(super) type Used = BTreeMap<Base, u32>;

/// An estate under the assumptions of a document.
pub(super) struct View<'e> {
    pub(super) estate: &'e Estate,
    pub(super) names: Names,
    pub(super) candidates: Candidates<'e>,
    pub(super) removal: Removal<'e>,
    pub(super) friction: Friction<'e>,
    pub(super) held: Vec<Entity>,
    /// What is held in each further world in which jewels have to be out of reach.
    pub(super) kept_worlds: Vec<Vec<Entity>>,
    /// The rules with the pace that the plan assumes.
    pub(super) options: Options,
    pub(super) jewels: Vec<CrownJewel>,
    pub(super) protected: Vec<ServiceId>,
    /// Base facts that some service requires.
    pub(super) required: BTreeSet<Base>,
    pub(super) duration_hours: f64,
    race: bool,
    spread: bool,
    /// When each base fact is first used, by world: that of the plan, then those kept.
    used: Vec<Used>,
    pub(super) graph: Graph,
    states_before: Vec<ServiceState>,
    pub(super) before: BTreeMap<Derived, u32>,
}

/// What holds under some acts.
pub(super) struct Outcome {
    pub(super) gained: BTreeMap<Derived, u32>,
    pub(super) states: Vec<ServiceState>,
    pub(super) cost: CostEntry,
    /// Jewels that must be kept and are reached in some further world.
    pub(super) lost_in_worlds: Vec<Entity>,
}

impl<'e> View<'e> {
    /// `None` if a foothold is not of the estate.
    pub(super) fn new(document: &PlanDocument, estate: &'e Estate, found: &mut Findings) -> Option<Self> {
        let assumptions = &document.assumptions;
        let names = Names::new(estate);
        let mut held = Vec::new();
        for foothold in &document.footholds {
            let Some(entity) = names.entity(&foothold.entity) else {
                found.problem("footholds", format!("the estate has no {}", foothold.entity));
                return None;
            };
            if foothold.probability < assumptions.foothold_threshold {
                found.problem("footholds", format!("{} is below the threshold", foothold.entity));
            }
            held.push(entity);
        }
        let options = options(assumptions.pace, found)?;
        let kept_worlds = kept_worlds(document, &names, found)?;
        let further = further_jewels(document, &names, found)?;
        let jewels = cordon_reach::jewels_with(estate, &further);
        let graph = Graph::compile(estate, &options);
        let worlds = [&held].into_iter().chain(&kept_worlds);
        let used = worlds.map(|world| match assumptions.race {
            true => first_uses(&graph, world, &jewels),
            false => Used::new(),
        });
        let used: Vec<Used> = used.collect();
        let extra = &document.constraints.protected;
        let protected = estate
            .services_with_ids()
            .filter(|(_, service)| service.protected || extra.contains(&service.name))
            .map(|(id, _)| id);
        Some(Self {
            estate,
            names,
            candidates: Candidates::new(estate, assumptions.duration_hours),
            removal: Removal::new(estate),
            friction: Friction::new(estate, assumptions.duration_hours),
            jewels,
            protected: protected.collect(),
            required: required(estate),
            duration_hours: assumptions.duration_hours,
            race: assumptions.race,
            spread: assumptions.spread,
            used,
            graph,
            states_before: cordon_trade::naive::states(estate, &Lost::nothing()),
            before: naive::reach_without(estate, &options, &held, &BTreeSet::new()),
            held,
            options,
            kept_worlds,
        })
    }

    /// What some acts take away in time in each world.
    pub(super) fn withdrawn(&self, acts: &[(Act, f64)]) -> Vec<BTreeSet<Base>> {
        let mut withdrawn = vec![BTreeSet::new(); self.used.len()];
        for (act, effect_seconds) in acts {
            for fact in self.removal.removes(*act) {
                for (withdrawn, used) in withdrawn.iter_mut().zip(&self.used) {
                    if self.is_in_time(used, fact, *effect_seconds) {
                        withdrawn.insert(fact);
                    }
                }
            }
        }
        withdrawn
    }

    /// Everything that holds under some acts with the seconds until each takes effect.
    pub(super) fn outcome(&self, acts: &[(Act, f64)]) -> Outcome {
        let withdrawn = self.withdrawn(acts);
        let mut outcome = self.outcome_under(acts, withdrawn.first());
        for (world, withdrawn) in self.kept_worlds.iter().zip(withdrawn.iter().skip(1)) {
            let gained = naive::reach_without(self.estate, &self.options, world, withdrawn);
            let jewels = self.jewels.iter().filter(|jewel| jewel.never);
            let lost = jewels.filter(|jewel| gained.contains_key(&jewel.taken));
            outcome.lost_in_worlds.extend(lost.map(|jewel| jewel.entity));
        }
        outcome
    }

    /// The same in the world of the plan, whatever is kept beside it.
    pub(super) fn outcome_of_the_plan_alone(&self, acts: &[(Act, f64)]) -> Outcome {
        self.outcome_under(acts, self.withdrawn(acts).first())
    }

    /// What holds in the world of the plan where acts take these facts away in time.
    fn outcome_under(&self, acts: &[(Act, f64)], withdrawn: Option<&BTreeSet<Base>>) -> Outcome {
        let mut lost = Lost::nothing();
        let mut cost = CostEntry::default();
        for (act, _) in acts {
            let removes = self.removal.removes(*act);
            cost.friction_pence = cost.friction_pence.saturating_add(self.friction.pence(&removes));
            for fact in removes {
                match fact {
                    Base::Access(id) => lost.lose_access(id),
                    Base::Enabled(id) => lost.lose_account(id),
                    Base::Connected(id) => lost.lose_system(id),
                    _ => {}
                }
            }
        }
        let nothing = BTreeSet::new();
        let withdrawn = withdrawn.unwrap_or(&nothing);
        let gained = naive::reach_without(self.estate, &self.options, &self.held, withdrawn);
        let states = cordon_trade::naive::states(self.estate, &lost);
        self.price(&gained, &states, &mut cost);
        Outcome {
            lost_in_worlds: Vec::new(),
            gained,
            states,
            cost: cost.summed(),
        }
    }

    fn price(&self, gained: &BTreeMap<Derived, u32>, states: &[ServiceState], cost: &mut CostEntry) {
        for (service, (state, before)) in self
            .estate
            .services
            .iter()
            .zip(states.iter().zip(&self.states_before))
        {
            let price =
                |state: &ServiceState| cordon_trade::cost_pence(service, *state, self.duration_hours).0;
            cost.services_pence += price(state) - price(before);
        }
        for jewel in self
            .jewels
            .iter()
            .filter(|jewel| gained.contains_key(&jewel.taken))
        {
            cost.residual_pence = cost.residual_pence.saturating_add(jewel.loss.0.max(0));
        }
        if !self.spread {
            return;
        }
        for derived in gained.keys() {
            let entity = match *derived {
                Derived::Uses(id) => Entity::Account(id),
                Derived::RunsOn(id) => Entity::System(id),
                _ => continue,
            };
            if !self.jewels.iter().any(|jewel| jewel.entity == entity) {
                cost.spread_pence = cost.spread_pence.saturating_add(self.loss_pence(entity));
            }
        }
    }

    /// True if a service was as it is now before anything was withdrawn.
    pub(super) fn state_before(&self, id: ServiceId) -> ServiceState {
        self.states_before
            .get(id.index())
            .copied()
            .unwrap_or(ServiceState::Up)
    }

    /// What a service costs more than before in a state; none if it is kept and may not be in it.
    pub(super) fn service_pence(
        &self,
        id: ServiceId,
        service: &Service,
        state: ServiceState,
        terms: Terms,
    ) -> Option<i128> {
        let before = self.state_before(id);
        let pence = |state| i128::from(cordon_trade::cost_pence(service, state, self.duration_hours).0);
        let goes_down = state == ServiceState::Down && before != state;
        let price = match terms {
            Terms::Kept if goes_down && self.protected.contains(&id) => return None,
            Terms::GivenUp if goes_down && self.protected.contains(&id) => {
                pence(state).max(i128::from(crate::limits::PROTECTED_PENCE_MIN))
            }
            Terms::Kept | Terms::GivenUp => pence(state),
        };
        Some(price - pence(before))
    }

    /// True if an act that takes so long stops a step that rests on a fact, where facts are first used then.
    pub(super) fn is_in_time(&self, used: &Used, fact: Base, effect_seconds: f64) -> bool {
        let in_time = |used: &u32| effect_seconds <= f64::from(*used);
        !self.race || used.get(&fact).is_none_or(in_time)
    }

    /// What is held in each world, that of the plan and those that are kept, and when each base fact is first used there.
    pub(super) fn worlds(&self) -> impl Iterator<Item = (&Vec<Entity>, &Used)> {
        let worlds = [&self.held].into_iter().chain(&self.kept_worlds);
        worlds.zip(&self.used)
    }

    /// When each base fact is first used in a world; nothing if the race is not counted.
    pub(super) fn used_in(&self, world: &[Entity]) -> Used {
        if self.race {
            first_uses(&self.graph, world, &self.jewels)
        } else {
            Used::new()
        }
    }

    /// The second by which an act that removes these facts has to be in effect, and how many of them it removes too late in the world of
    /// the plan.
    pub(super) fn race(&self, facts: &[Base], effect_seconds: f64) -> (Option<u32>, u32) {
        if !self.race {
            return (None, 0);
        }
        let in_time = |used: &Used, fact: &Base| self.is_in_time(used, *fact, effect_seconds);
        let deadlines = self.used.iter().flat_map(|used| {
            let timely = facts.iter().filter(|fact| in_time(used, fact));
            timely.filter_map(|fact| used.get(fact))
        });
        let own = self.used.first();
        let late = facts
            .iter()
            .filter(|fact| own.is_some_and(|used| !in_time(used, fact)));
        (deadlines.min().copied(), late.count() as u32)
    }

    /// True for a jewel that no plan may leave in reach where it is not taken already.
    pub(super) fn is_kept(&self, document: &PlanDocument, entity: Entity) -> bool {
        let mut jewels = self.jewels.iter();
        let name = entity_name(self.estate, entity);
        jewels.any(|jewel| jewel.entity == entity && jewel.never)
            && !document.constraints.given_up.contains(&name)
    }

    /// True if every jewel that must be kept is out of reach where it is not taken already, and no protected service goes down.
    pub(super) fn keeps(&self, document: &PlanDocument, outcome: &Outcome) -> bool {
        let may_be_taken = |entity: Entity| {
            let name = entity_name(self.estate, entity);
            let mut entries = document.jewels.iter();
            entries.any(|entry| entry.entity == name && entry.state == JewelState::MayBeTaken)
        };
        let loses = self.jewels.iter().any(|jewel| {
            outcome.gained.contains_key(&jewel.taken)
                && self.is_kept(document, jewel.entity)
                && !may_be_taken(jewel.entity)
        });
        let mut elsewhere = outcome.lost_in_worlds.iter();
        let loses = loses || elsewhere.any(|entity| self.is_kept(document, *entity));
        let downs = self.protected.iter().any(|id| {
            outcome.states.get(id.index()) == Some(&ServiceState::Down)
                && self.state_before(*id) != ServiceState::Down
        });
        !loses && !downs
    }

    /// What holds where such a jewel is taken.
    pub(super) fn kept_jewels(&self, document: &PlanDocument) -> Vec<Derived> {
        let jewels = self.jewels.iter();
        let kept = jewels.filter(|jewel| self.is_kept(document, jewel.entity));
        kept.map(|jewel| jewel.taken).collect()
    }

    /// What it costs if something is taken, whether or not it may be.
    pub(super) fn loss_pence(&self, entity: Entity) -> i64 {
        if let Some(jewel) = self.jewels.iter().find(|jewel| jewel.entity == entity) {
            return jewel.loss.0.max(0);
        }
        let is_lost = matches!(entity, Entity::System(_)) && self.held.contains(&entity);
        if self.spread && !is_lost && matches!(entity, Entity::System(_) | Entity::Account(_)) {
            spread_loss(self.estate, entity).0.max(0)
        } else {
            0
        }
    }
}

fn first_uses(graph: &Graph, world: &[Entity], jewels: &[CrownJewel]) -> Used {
    let facts = jewels.iter().filter_map(|jewel| graph.derived(jewel.taken));
    race::first_uses(graph, world, &facts.collect::<Vec<_>>())
}

/// Base facts that services name.
fn required(estate: &Estate) -> BTreeSet<Base> {
    let mut facts = BTreeSet::new();
    for service in &estate.services {
        named(&service.requires, &mut facts);
        for fallback in &service.fallbacks {
            named(&fallback.requires, &mut facts);
        }
    }
    facts
}

fn named(requirement: &Requirement, facts: &mut BTreeSet<Base>) {
    match requirement {
        Requirement::All(parts) | Requirement::Any(parts) => parts.iter().for_each(|part| named(part, facts)),
        Requirement::System(id) => drop(facts.insert(Base::Connected(*id))),
        Requirement::Account(id) => drop(facts.insert(Base::Enabled(*id))),
        Requirement::Access(id) => drop(facts.insert(Base::Access(*id))),
        Requirement::Service(_) => {}
    }
}

/// The rules at the pace that a plan assumes.
fn options(pace: f64, found: &mut Findings) -> Option<Options> {
    if !(pace.is_finite() && pace > 0.0) {
        found.problem("assumptions.pace", format!("{pace} is no pace"));
        return None;
    }
    Some(Options {
        pace: Pace::scaled(pace),
        ..Options::default()
    })
}

/// Jewels beyond those that the estate says.
fn further_jewels(document: &PlanDocument, names: &Names, found: &mut Findings) -> Option<Vec<Entity>> {
    let mut further = Vec::new();
    for name in &document.constraints.jewels {
        let one = names.entity(name);
        if one.is_none() {
            found.problem("constraints.jewels", format!("the estate has no {name}"));
        }
        further.push(one?);
    }
    Some(further)
}

/// What is held in the further worlds that a plan says it holds in.
fn kept_worlds(document: &PlanDocument, names: &Names, found: &mut Findings) -> Option<Vec<Vec<Entity>>> {
    let worlds = document.uncertainty.as_ref().map_or(&[][..], |one| &one.kept);
    if worlds.len() > WORLDS_FACED_MAX {
        found.problem(
            "uncertainty.kept",
            "it says of too many worlds that they are kept",
        );
        return None;
    }
    let mut all = Vec::new();
    for world in worlds {
        let held: Option<Vec<Entity>> = world.held.iter().map(|name| names.entity(name)).collect();
        if held.is_none() {
            found.problem("uncertainty.kept", "a world holds what the estate has not");
        }
        all.push(held?);
    }
    Some(all)
}
