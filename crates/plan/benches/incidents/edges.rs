//! The plain edge cut: the estate flattened to a graph of who can reach whom, as tools see it that know one premise a step.
//!
//! A rule with several premises becomes one edge, from its first premise (the account, group, right or system that acts) to
//! what follows; the second (the network path of a remote logon) is left out, as BloodHound's graph leaves it out. So the
//! flat graph has every path that there is, and more. An edge costs what the cheapest single act costs that removes one of
//! the base facts of its rule in time: the act's friction and what services lose by it alone. An edge that no act removes, or only
//! one that takes a protected service down, costs [`UNCUT`]. The minimum cut between what is held and the jewels is carried
//! out as those acts, each once; of an edge that costs [`UNCUT`] nothing is.

use std::collections::HashSet;

use cordon_estate::Requirement;
use cordon_plan::candidates::Candidate;
use cordon_reach::Base;
use cordon_trade::{Lost, ServiceState, Services};

use super::flow::Network;
use super::question::{DURATION_HOURS, Ground, Question, base_of};

/// Dearer than all that can be cut together.
const UNCUT: i64 = 10_000_000_000_000;

const NONE: u32 = u32::MAX;

struct Edge {
    from: u32,
    to: u32,
    /// Base facts of its rule; [`NONE`] for fewer.
    bases: [u32; 3],
}

/// The flat graph of one estate, with the price of every act.
pub(crate) struct Flat {
    edges: Vec<Edge>,
    out: Lists,
    into: Lists,
    acts: Vec<Candidate>,
    /// Acts that remove each base fact, with their price alone, the cheapest first.
    removers: Vec<Vec<(i64, u32)>>,
}

/// What the cut comes to.
pub(crate) struct Cut {
    pub(crate) acts: Vec<Candidate>,
    /// Edges of the cut that nothing removes.
    pub(crate) left: usize,
}

impl Flat {
    pub(crate) fn new(ground: &Ground<'_>) -> Self {
        let graph = &ground.graph;
        let edges: Vec<Edge> = graph.each_rule().filter_map(|rule| flat(graph, &rule)).collect();
        let bases = (0..graph.base_facts() as u32).filter_map(|fact| base_of(graph, fact));
        let acts = ground.candidates.for_facts(bases);
        let prices = Prices::new(ground);
        let mut removers = vec![Vec::new(); graph.base_facts()];
        for (number, act) in (0..).zip(&acts) {
            let Some(price) = prices.alone(act) else { continue };
            for fact in act.removes.iter().filter_map(|base| graph.base(*base)) {
                if let Some(list) = removers.get_mut(fact.index()) {
                    list.push((price, number));
                }
            }
        }
        removers.iter_mut().for_each(|list| list.sort_unstable());
        Self {
            out: Lists::new(graph.facts(), edges.iter().map(|edge| edge.from)),
            into: Lists::new(graph.facts(), edges.iter().map(|edge| edge.to)),
            edges,
            acts,
            removers,
        }
    }

    pub(crate) fn cut(&self, ground: &Ground<'_>, question: &Question) -> Cut {
        let graph = &ground.graph;
        let starts: Vec<Edge> = graph
            .starts(&question.held)
            .into_iter()
            .map(|(base, derived)| Edge {
                from: NONE,
                to: derived.0,
                bases: [base.0, NONE, NONE],
            })
            .collect();
        let taken = ground
            .jewels
            .iter()
            .filter_map(|jewel| graph.derived(jewel.taken));
        let held: HashSet<u32> = starts.iter().map(|edge| edge.to).collect();
        let jewels: Vec<u32> = taken
            .map(|fact| fact.0)
            .filter(|fact| !held.contains(fact))
            .collect();
        let kept = self.between(graph.facts(), &starts, &jewels);
        let (source, sink) = (graph.facts() as u32, graph.facts() as u32 + 1);
        let mut network = Network::new(graph.facts() + 2);
        let arcs: Vec<(&Edge, Option<(i64, u32)>)> = starts
            .iter()
            .chain(kept)
            .map(|edge| (edge, self.price(question, edge)))
            .collect();
        for (edge, price) in &arcs {
            let from = if edge.from == NONE { source } else { edge.from };
            network.arc(from, edge.to, price.map_or(UNCUT, |(pence, _)| pence));
        }
        for &jewel in &jewels {
            network.arc(jewel, sink, i64::MAX / 4);
        }
        let side = network.cut(source, sink);
        let inside = |node: u32| node == NONE || side.get(node as usize) == Some(&true);
        let cut = arcs
            .iter()
            .filter(|(edge, _)| inside(edge.from) && !inside(edge.to));
        let (mut chosen, mut left) = (Vec::new(), 0);
        for (_, price) in cut {
            match price {
                Some((_, act)) => chosen.push(*act),
                None => left += 1,
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        let acts = chosen
            .into_iter()
            .filter_map(|act| self.acts.get(act as usize).cloned());
        Cut {
            acts: acts.collect(),
            left,
        }
    }

    /// The cheapest act that removes an edge in time, with its price.
    fn price(&self, question: &Question, edge: &Edge) -> Option<(i64, u32)> {
        let of_fact = |&fact: &u32| {
            let removers = self.removers.get(fact as usize)?;
            removers.iter().copied().find(|&(_, act)| {
                let act = self.acts.get(act as usize);
                act.is_some_and(|act| question.is_timely(cordon_reach::FactId(fact), act.effect_seconds))
            })
        };
        edge.bases.iter().filter_map(of_fact).min()
    }

    /// Edges on some path from what is held to a jewel, none of which goes through another jewel.
    fn between<'f>(
        &'f self,
        facts: usize,
        starts: &[Edge],
        jewels: &[u32],
    ) -> impl Iterator<Item = &'f Edge> + use<'f> {
        let stops: HashSet<u32> = jewels.iter().copied().collect();
        let forward = walk(facts, starts.iter().map(|edge| edge.to).collect(), |node| {
            let open = !stops.contains(&node);
            self.out
                .of(node)
                .iter()
                .filter_map(move |&edge| self.edges.get(edge as usize).filter(|_| open))
                .map(|edge| edge.to)
        });
        let backward = walk(facts, jewels.to_vec(), |node| {
            let edges = self.into.of(node).iter();
            let edges = edges.filter_map(|&edge| self.edges.get(edge as usize));
            edges.map(|edge| edge.from)
        });
        let is = |flags: &[bool], node: u32| flags.get(node as usize) == Some(&true);
        self.edges.iter().filter(move |edge| {
            is(&forward, edge.from) && is(&backward, edge.to) && !stops.contains(&edge.from)
        })
    }
}

fn flat(graph: &cordon_reach::Graph, rule: &cordon_reach::RuleView<'_>) -> Option<Edge> {
    let mut premises = rule.premises();
    let from = premises.next()?.0;
    let mut bases = [NONE; 3];
    let given = premises.filter(|fact| graph.is_base(*fact));
    for (slot, fact) in bases.iter_mut().zip(given) {
        *slot = fact.0;
    }
    Some(Edge {
        from,
        to: rule.conclusion.0,
        bases,
    })
}

fn walk<I: Iterator<Item = u32>>(facts: usize, mut open: Vec<u32>, next: impl Fn(u32) -> I) -> Vec<bool> {
    let mut seen = vec![false; facts];
    while let Some(node) = open.pop() {
        if seen
            .get_mut(node as usize)
            .is_some_and(|flag| !std::mem::replace(flag, true))
        {
            open.extend(next(node));
        }
    }
    seen
}

/// Edges by one of their ends.
struct Lists {
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl Lists {
    fn new(facts: usize, ends: impl Iterator<Item = u32> + Clone) -> Self {
        let mut edges: Vec<u32> = (0..ends.clone().count() as u32).collect();
        let ends: Vec<u32> = ends.collect();
        let end = |edge: &u32| ends.get(*edge as usize).copied().unwrap_or(NONE);
        edges.sort_by_key(end);
        let starts = (0..=facts as u32).map(|fact| edges.partition_point(|edge| end(edge) < fact) as u32);
        Self {
            starts: starts.collect(),
            edges,
        }
    }

    fn of(&self, fact: u32) -> &[u32] {
        let at = |place: usize| self.starts.get(place).copied().unwrap_or(0) as usize;
        let (start, end) = (at(fact as usize), at(fact as usize + 1));
        self.edges.get(start..end).unwrap_or(&[])
    }
}

/// Prices of acts taken alone.
struct Prices<'e> {
    services: Services,
    before: Vec<ServiceState>,
    /// What some service requires.
    required: HashSet<Base>,
    estate: &'e cordon_estate::Estate,
}

impl<'e> Prices<'e> {
    fn new(ground: &Ground<'e>) -> Self {
        let services = Services::compile(ground.estate);
        let mut required = HashSet::new();
        for service in &ground.estate.services {
            let fallbacks = service.fallbacks.iter().map(|fallback| &fallback.requires);
            let mut open: Vec<&Requirement> = fallbacks.chain([&service.requires]).collect();
            while let Some(requirement) = open.pop() {
                match requirement {
                    Requirement::All(parts) | Requirement::Any(parts) => open.extend(parts),
                    Requirement::System(id) => required.extend([Base::Connected(*id)]),
                    Requirement::Account(id) => required.extend([Base::Enabled(*id)]),
                    Requirement::Access(id) => required.extend([Base::Access(*id)]),
                    Requirement::Service(_) => {}
                }
            }
        }
        Self {
            before: services.states(&Lost::nothing()),
            services,
            required,
            estate: ground.estate,
        }
    }

    /// What an act costs alone; none if it takes a protected service down.
    fn alone(&self, act: &Candidate) -> Option<i64> {
        if !act.removes.iter().any(|base| self.required.contains(base)) {
            return Some(act.friction_pence);
        }
        let mut lost = Lost::nothing();
        for base in &act.removes {
            match *base {
                Base::Access(id) => lost.lose_access(id),
                Base::Enabled(id) => lost.lose_account(id),
                Base::Connected(id) => lost.lose_system(id),
                _ => {}
            }
        }
        let mut pence = act.friction_pence;
        let after = self.services.states(&lost);
        for (service, (before, after)) in self.estate.services.iter().zip(self.before.iter().zip(&after)) {
            if service.protected && before.runs() && !after.runs() {
                return None;
            }
            let price = |state: &ServiceState| cordon_trade::cost_pence(service, *state, DURATION_HOURS).0;
            pence += price(after) - price(before);
        }
        Some(pence)
    }
}
