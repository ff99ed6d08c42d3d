//! When not everything can be had: what clashes, and what is cheapest to give up.

use cordon_estate::{Entity, ServiceId};
use cordon_reach::FactSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::certify::{Asked, Beside};
use super::describe::list;
use super::possible::{Possible, Wanted};
use super::prepare::Prepared;
use super::solving::Session;
use super::{Constraints, Planner, Settings, Watch};
use crate::candidates::entity_name;
use crate::circuit::level_pence;
use crate::document::{GiveUp, Infeasibility, Refutation, WithdrawalId};
use crate::hitting::{Solution, Verdict};
use crate::limits::FRONT_WORK_MAX;
use crate::master::{Node, Reduced};

/// One demand that a clash may rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    /// A target that must be kept.
    Jewel(usize),
    /// A service that must not be down.
    Service(ServiceId),
    /// A column that was refused.
    Refusal(usize),
}

/// What it takes to ask whether some demands can be had together.
struct Asking<'a, 's, 'w> {
    prepared: &'a Prepared,
    possible: Possible<'a>,
    settings: &'s Settings,
    watch: &'s mut Watch<'w>,
}

impl Planner<'_> {
    fn demands(&self, prepared: &Prepared, hard: &[bool], constraints: &Constraints) -> Vec<Demand> {
        let services = self
            .estate
            .services_with_ids()
            .filter(|(id, service)| service.protected || constraints.protect.contains(id));
        let refused = prepared
            .fixed
            .iter()
            .enumerate()
            .filter(|(_, fixed)| **fixed == Some(false));
        let jewels = hard.iter().enumerate().filter(|(_, hard)| **hard);
        refused
            .map(|(column, _)| Demand::Refusal(column))
            .chain(services.map(|(id, _)| Demand::Service(id)))
            .chain(jewels.map(|(target, _)| Demand::Jewel(target)))
            .collect()
    }

    /// True if there is any choice at all under some demands only.
    fn can_have(&self, asking: &mut Asking<'_, '_, '_>, demands: &[Demand]) -> bool {
        let prepared = asking.prepared;
        let (nodes, fixed) = self.demanded(prepared, demands);
        let jewels = (0..prepared.jewels()).map(|target| demands.contains(&Demand::Jewel(target)));
        let wanted = Wanted {
            nodes,
            fixed,
            jewels: jewels.collect(),
        };
        let at_once = asking.possible.at_once(&wanted);
        at_once.unwrap_or_else(|| self.is_found(asking, wanted))
    }

    /// The same by searching, everything free of charge.
    fn is_found(&self, asking: &mut Asking<'_, '_, '_>, wanted: Wanted) -> bool {
        let mut session = Session::new(asking.prepared, wanted.jewels);
        let instance = &mut session.instance;
        instance.targets.iter_mut().flatten().for_each(|pence| *pence = 0);
        instance.columns.iter_mut().for_each(|pence| *pence = 0);
        instance.nodes = wanted.nodes;
        instance.nodes.iter_mut().for_each(|node| node.pence = 0);
        instance.fixed = wanted.fixed;
        let solution = session.solve(&*self.master, asking.settings, asking.watch, 0);
        solution.verdict != Verdict::Infeasible
    }

    /// What some demands leave of what may not be taken down, and of what may not be chosen.
    fn demanded(&self, prepared: &Prepared, demands: &[Demand]) -> (Vec<Node>, Vec<Option<bool>>) {
        let mut circuit = prepared.circuit.clone();
        for (id, _) in self.estate.services_with_ids() {
            let down = circuit
                .levels
                .get(id.index())
                .and_then(|levels| levels.last())
                .copied();
            if let Some(node) = down.and_then(|down| circuit.nodes.get_mut(down as usize)) {
                node.forbidden &= demands.contains(&Demand::Service(id));
            }
        }
        let nodes = circuit.decided(prepared.columns.len());
        let mut fixed = prepared.fixed.clone();
        let mut refused: Vec<bool> = vec![false; fixed.len()];
        for demand in demands {
            if let Demand::Refusal(column) = demand
                && let Some(flag) = refused.get_mut(*column)
            {
                *flag = true;
            }
        }
        for (fixed, refused) in fixed.iter_mut().zip(refused) {
            if *fixed == Some(false) && !refused {
                *fixed = None;
            }
        }
        (nodes, fixed)
    }

    /// A smallest clash: no demand can be left out of it without the rest becoming possible. Jewels are tried one by
    /// one first, because one jewel against some services is what a clash nearly always is.
    fn clash(&self, asking: &mut Asking<'_, '_, '_>, demands: &[Demand]) -> Vec<Demand> {
        let mut checks_left = crate::limits::CLASH_CHECKS_MAX;
        let is_jewel = |demand: &Demand| matches!(demand, Demand::Jewel(_));
        let mut clash = demands.to_vec();
        for &jewel in demands.iter().filter(|demand| is_jewel(demand)) {
            let with_one: Vec<Demand> = demands
                .iter()
                .copied()
                .filter(|demand| !is_jewel(demand) || *demand == jewel)
                .collect();
            if checks_left == 0 {
                break;
            }
            checks_left -= 1;
            if !self.can_have(asking, &with_one) {
                clash = with_one;
                break;
            }
        }
        self.leave_out(asking, clash, checks_left)
    }

    /// Leaves out demands, the first first, as long as the rest stay impossible: many at once where none of them is needed, for then
    /// none of them would be needed one by one. What is left when the checks are used up stays.
    fn leave_out(
        &self,
        asking: &mut Asking<'_, '_, '_>,
        clash: Vec<Demand>,
        mut checks_left: usize,
    ) -> Vec<Demand> {
        let mut kept: Vec<Demand> = Vec::new();
        let mut open = vec![clash];
        while let Some(mut some) = open.pop() {
            let rest = kept.iter().chain(open.iter().rev().flatten()).copied();
            let is_needed = checks_left == 0 || some.is_empty() || {
                checks_left -= 1;
                self.can_have(asking, &rest.collect::<Vec<_>>())
            };
            if is_needed && (some.len() <= 1 || checks_left == 0) {
                kept.append(&mut some);
            } else if is_needed {
                let later = some.split_off(some.len() / 2);
                open.extend([later, some]);
            }
        }
        kept
    }

    /// Refusals of a clash of which taking one back alone makes everything else possible.
    fn acceptable(
        &self,
        asking: &mut Asking<'_, '_, '_>,
        demands: &[Demand],
        clash: &[Demand],
    ) -> Vec<WithdrawalId> {
        let mut found = Vec::new();
        for refusal in clash.iter().take(crate::limits::ACCEPTABLE_TRIED_MAX) {
            let Demand::Refusal(column) = *refusal else {
                continue;
            };
            let without: Vec<Demand> = demands.iter().copied().filter(|one| one != refusal).collect();
            if self.can_have(asking, &without) {
                let column = asking.prepared.columns.get(column);
                found.extend(column.map(|column| self.candidates.id(column.act)));
            }
        }
        found
    }

    /// Explains why there is no plan, and finds the cheapest one that gives something up.
    pub(super) fn explain(
        &mut self,
        prepared: &Prepared,
        hard: &[bool],
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> (Infeasibility, Session, Solution) {
        let wide = self.with_every_act(prepared, settings, constraints);
        let demands = self.demands(&wide, hard, constraints);
        let mut asking = Asking {
            prepared: &wide,
            possible: Possible::new(&wide),
            settings,
            watch: &mut *watch,
        };
        let clash = self.clash(&mut asking, &demands);
        let acceptable = self.acceptable(&mut asking, &demands, &clash);
        let (session, solution) = self.cheapest(prepared, settings, watch);
        let give_up = self.given_up(prepared, hard, &solution, settings, constraints);
        let jewels: Vec<usize> = clash
            .iter()
            .filter_map(|demand| {
                if let Demand::Jewel(target) = demand {
                    Some(*target)
                } else {
                    None
                }
            })
            .collect();
        let services: Vec<String> = clash
            .iter()
            .filter_map(|demand| {
                if let Demand::Service(id) = demand {
                    self.estate.service(*id)
                } else {
                    None
                }
            })
            .map(|service| service.name.clone())
            .collect();
        let refused: Vec<WithdrawalId> = clash
            .iter()
            .filter_map(|demand| {
                if let Demand::Refusal(column) = demand {
                    Some(*column)
                } else {
                    None
                }
            })
            .filter_map(|column| {
                wide.columns
                    .get(column)
                    .map(|column| self.candidates.id(column.act))
            })
            .collect();
        let path = jewels
            .first()
            .and_then(|&target| self.open_path(&wide, &clash, target));
        let entities: Vec<Entity> = jewels
            .iter()
            .filter_map(|&target| prepared.targets.get(target))
            .map(|target| target.entity)
            .collect();
        let infeasibility = Infeasibility {
            text: self.clash_text(&entities, &services, &refused, (&give_up, &acceptable)),
            jewels: entities
                .iter()
                .map(|entity| entity_name(self.estate, *entity))
                .collect(),
            services,
            refused,
            path,
            give_up,
            proof: self.refuted(prepared, hard, settings, constraints),
        };
        (infeasibility, session, solution)
    }

    /// The same problem with acts on what lies behind a jewel, too: where it need not be kept, they matter to other jewels.
    pub(super) fn with_every_act(
        &mut self,
        prepared: &Prepared,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Prepared {
        let mut known = Prepared::default();
        known.worlds.clone_from(&prepared.worlds);
        known.reached.clone_from(&prepared.reached);
        let last = self.last.replace(known);
        let mut open = constraints.clone();
        open.give_up.extend(self.jewels.iter().map(|jewel| jewel.entity));
        let wide = self.prepare(prepared.worlds.clone(), settings, &open);
        self.last = last;
        wide
    }

    /// The proof that there is no plan. Jewels that are held from the start are left out: a plan may leave them so.
    fn refuted(
        &mut self,
        prepared: &Prepared,
        hard: &[bool],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Option<Refutation> {
        let first = prepared.reached.first();
        let arrival = |fact: u32| first.and_then(|one| one.arrival.get(fact as usize)).copied();
        let targets = prepared.targets.iter().zip(hard);
        let hard: Vec<bool> = targets
            .map(|(target, hard)| *hard && arrival(target.fact) != Some(0))
            .collect();
        let asked = Asked {
            prepared,
            hard: &hard,
            beside: Beside::Kept,
            settings,
            constraints,
        };
        settings.certificate.then(|| self.refutation(asked)).flatten()
    }

    /// The way to a jewel that stays when everything is withdrawn that the clash allows one by one.
    fn open_path(
        &mut self,
        prepared: &Prepared,
        clash: &[Demand],
        target: usize,
    ) -> Option<crate::document::Path> {
        let touching: FxHashSet<u32> = prepared
            .circuit
            .nodes
            .iter()
            .flat_map(|node| node.columns.iter().copied())
            .collect();
        let downs = |column: u32| {
            let mut alone = vec![false; prepared.columns.len()];
            if let Some(flag) = alone.get_mut(column as usize) {
                *flag = true;
            }
            let fired = prepared.circuit.fired(&alone);
            clash.iter().any(|demand| {
                matches!(demand, Demand::Service(id)
                    if prepared.circuit.levels.get(id.index()).and_then(|levels| levels.last())
                        .is_some_and(|&down| crate::master::is_set(&fired, down)))
            })
        };
        let is_refused = |column: u32| clash.contains(&Demand::Refusal(column as usize));
        let is_allowed = |column: u32| {
            let takes_down = touching.contains(&column) && downs(column);
            !takes_down && !is_refused(column)
        };
        let columns = 0..prepared.columns.len() as u32;
        let chosen: Vec<bool> = columns.map(is_allowed).collect();
        let target = prepared.targets.get(target)?;
        let (fact, entity) = (target.fact, target.entity);
        let withdrawn = prepared.withdrawn_in_each(&chosen);
        let none = FxHashMap::default();
        let mut way = |withdrawn: &[FactSet]| {
            let mut ways = self.paths(prepared, &[(fact, entity)], withdrawn, &none);
            ways.pop().flatten()
        };
        way(&withdrawn).or_else(|| way(&[]))
    }

    /// The best choice when jewels and protected services may be given up at their price.
    fn cheapest(
        &self,
        prepared: &Prepared,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> (Session, Solution) {
        let mut session = Session::new(prepared, vec![false; prepared.targets.len()]);
        let mut circuit = prepared.circuit.clone();
        for (id, service) in self.estate.services_with_ids() {
            let levels = circuit.levels.get(id.index());
            let Some((&down, carried)) = levels.and_then(|levels| levels.split_last()) else {
                continue;
            };
            // What the last fallback costs is paid already where the service goes down.
            let paid = level_pence(service, carried.len(), settings.duration_hours);
            if let Some(node) = circuit.nodes.get_mut(down as usize)
                && node.forbidden
            {
                node.forbidden = false;
                let whole = self.protected_pence(id, settings.duration_hours);
                node.pence = node.pence.max(whole.saturating_sub(paid));
            }
        }
        session.instance.nodes = circuit.decided(prepared.columns.len());
        // Nearly everything has a price here, so that little is left of a master made small.
        let small = Reduced {
            work_max: FRONT_WORK_MAX,
        };
        let mut solution = session.solve(&small, settings, watch, 0);
        if solution.verdict != Verdict::Optimal {
            solution = session.solve(&*self.master, settings, watch, solution.lower_bound);
        }
        (session, solution)
    }

    fn given_up(
        &mut self,
        prepared: &Prepared,
        hard: &[bool],
        solution: &Solution,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<GiveUp> {
        let measured = self.measure_chosen(prepared, &solution.chosen, settings.duration_hours);
        let mut given_up = Vec::new();
        for ((target, hard), arrival) in prepared.targets.iter().zip(hard).zip(&measured.arrivals) {
            if *hard && arrival.is_some() {
                let entity = entity_name(self.estate, target.entity);
                given_up.push(GiveUp::Jewel {
                    entity,
                    pence: target.loss_pence,
                });
            }
        }
        for ((id, service), level) in self.estate.services_with_ids().zip(&measured.levels) {
            let protected = service.protected || constraints.protect.contains(&id);
            if protected && crate::circuit::is_down(service, *level) {
                let pence = self.protected_pence(id, settings.duration_hours);
                given_up.push(GiveUp::Service {
                    name: service.name.clone(),
                    pence,
                });
            }
        }
        given_up
    }

    fn clash_text(
        &self,
        jewels: &[Entity],
        services: &[String],
        refused: &[WithdrawalId],
        (give_up, acceptable): (&[GiveUp], &[WithdrawalId]),
    ) -> String {
        let jewels: Vec<&str> = jewels.iter().map(|entity| self.estate.name(*entity)).collect();
        let mut text = match (services, refused) {
            ([], []) => format!(
                "No enforcement point can keep the intruder from {} in time",
                list(&jewels)
            ),
            (services, refused) => {
                let services: Vec<&str> = services.iter().map(String::as_str).collect();
                let refused: Vec<&str> = refused.iter().map(|id| id.0.as_str()).collect();
                let mut keeps = Vec::new();
                if !services.is_empty() {
                    keeps.push(format!("keeping {} running", list(&services)));
                }
                if !refused.is_empty() {
                    keeps.push(format!("refusing {}", list(&refused)));
                }
                format!(
                    "{} cannot be kept from the intruder while {}",
                    list(&jewels),
                    keeps.join(" and ")
                )
            }
        };
        let ways: Vec<String> = give_up.iter().map(given_up_words).collect();
        if !ways.is_empty() {
            let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
            text.push_str(&format!("; the cheapest way out is {}", list(&ways)));
        }
        for id in acceptable {
            text.push_str(&format!("; to accept {id} would do too"));
        }
        text
    }
}

/// What is given up, as what is done.
fn given_up_words(one: &GiveUp) -> String {
    let bare = |entity: &str| entity.split_once(':').map_or(entity, |(_, name)| name).to_owned();
    match one {
        GiveUp::Jewel { entity, .. } => format!("to leave {} in reach", bare(entity)),
        GiveUp::Service { name, .. } => format!("to let {name} go down"),
        GiveUp::Refusal { withdrawal } => format!("to accept {withdrawal}"),
    }
}
