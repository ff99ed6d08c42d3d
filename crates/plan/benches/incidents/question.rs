//! One incident as a problem that every method is given: what fires from what is held, what may be withdrawn, and what
//! of it comes in time. Worked out here anew, not taken from the planner.

use cordon_estate::{AccessKind, Entity, Estate};
use cordon_plan::candidates::{Candidate, Candidates};
use cordon_plan::document::Act;
use cordon_plan::kernel::{Lists, RuleIndex, Rules, Source, relevant};
use cordon_reach::{Base, CrownJewel, Fact, FactId, FactSet, Graph, Options, Scratch};

/// Never used, never reached.
pub(crate) const NEVER: u32 = u32::MAX;

/// How long withdrawals stay in force.
pub(crate) const DURATION_HOURS: f64 = 24.0;

/// One estate, compiled once for all its incidents.
pub(crate) struct Ground<'e> {
    pub(crate) estate: &'e Estate,
    pub(crate) options: Options,
    pub(crate) graph: Graph,
    pub(crate) candidates: Candidates<'e>,
    /// Jewels that may never be taken.
    pub(crate) jewels: Vec<CrownJewel>,
    /// Every way of having a credential reset by the help desk.
    pub(crate) resets: Vec<FactId>,
}

impl<'e> Ground<'e> {
    pub(crate) fn new(estate: &'e Estate) -> Self {
        let options = Options::default();
        let jewels = cordon_reach::jewels(estate);
        let graph = Graph::compile(estate, &options);
        let recoveries = estate
            .accesses_with_ids()
            .filter(|(_, access)| matches!(access.kind, AccessKind::Recovery { .. }));
        Self {
            estate,
            resets: recoveries
                .filter_map(|(id, _)| graph.base(Base::Access(id)))
                .collect(),
            graph,
            options,
            candidates: Candidates::new(estate, DURATION_HOURS),
            jewels: jewels.into_iter().filter(|jewel| jewel.never).collect(),
        }
    }
}

/// What fires in one incident, and when each base fact is first used.
pub(crate) struct Question {
    pub(crate) held: Vec<Entity>,
    /// Rules that fire with nothing withdrawn; what is held from the start comes first.
    pub(crate) rules: RuleIndex,
    /// The facts of jewels that are reached with nothing withdrawn, and not from the start.
    pub(crate) jewels: Vec<u32>,
    /// The second by which each base fact is first used up; [`NEVER`] if it is not.
    used: Vec<u32>,
}

impl Question {
    pub(crate) fn new(ground: &Ground<'_>, held: Vec<Entity>, scratch: &mut Scratch) -> Self {
        let graph = &ground.graph;
        let exposure = graph.chain(&held, &FactSet::new(), scratch);
        let mut arrival = vec![NEVER; graph.facts()];
        arrival.iter_mut().take(graph.base_facts()).for_each(|at| *at = 0);
        let mut settled = vec![0_u32; graph.facts()];
        for (place, fact) in (1..).zip(exposure.facts()) {
            set(
                &mut arrival,
                fact.0,
                exposure.arrival_seconds(fact).unwrap_or(NEVER),
            );
            set(&mut settled, fact.0, place);
        }
        let (mut rules, mut seconds) = (Rules::new(), Vec::new());
        for (base, derived) in graph.starts(&held) {
            rules.push([base.0], derived.0);
            seconds.push(0);
        }
        for rule in graph.each_rule() {
            if rule.premises().all(|fact| at(&arrival, fact.0) != NEVER) {
                rules.push(rule.premises().map(|fact| fact.0), rule.conclusion.0);
                seconds.push(rule.seconds);
            }
        }
        let of_jewels = ground
            .jewels
            .iter()
            .filter_map(|jewel| graph.derived(jewel.taken));
        let jewels: Vec<u32> = of_jewels
            .map(|fact| fact.0)
            .filter(|&fact| (1..NEVER).contains(&at(&arrival, fact)))
            .collect();
        let mut used = first_uses(&rules, &seconds, &arrival, &settled, &jewels);
        used.truncate(graph.base_facts());
        Self {
            held,
            rules: RuleIndex::new(graph.facts(), rules),
            jewels,
            used,
        }
    }

    /// True if a withdrawal that takes so long still finds the fact unused.
    pub(crate) fn is_timely(&self, fact: FactId, effect_seconds: f64) -> bool {
        effect_seconds <= f64::from(at(&self.used, fact.0))
    }

    /// The base facts that an act removes in time, ascending.
    pub(crate) fn timely(&self, ground: &Ground<'_>, candidate: &Candidate) -> Vec<FactId> {
        let facts = candidate
            .removes
            .iter()
            .filter_map(|base| ground.graph.base(*base));
        let mut facts: Vec<FactId> = facts
            .filter(|fact| self.is_timely(*fact, candidate.effect_seconds))
            .collect();
        facts.sort_unstable();
        facts
    }

    /// Which facts stand before any rule.
    pub(crate) fn given(ground: &Ground<'_>) -> Vec<bool> {
        let base = ground.graph.base_facts();
        (0..ground.graph.facts()).map(|fact| fact < base).collect()
    }

    /// Everything that could be withdrawn of what some jewel rests on.
    pub(crate) fn columns(&self, ground: &Ground<'_>) -> Vec<Candidate> {
        let given = Self::given(ground);
        let facts = relevant(&Source {
            facts: ground.graph.facts(),
            rules: &self.rules,
            given: &given,
            cutters: &Lists::default(),
            targets: &self.jewels,
            hard: &vec![true; self.jewels.len()],
        });
        let near = self.held.iter().flat_map(|entity| match *entity {
            Entity::Account(id) => vec![Base::Enabled(id), Base::Credential(id)],
            Entity::System(id) => vec![Base::Connected(id)],
            Entity::Group(_) | Entity::Zone(_) => Vec::new(),
        });
        let bases = facts.into_iter().filter_map(|fact| base_of(&ground.graph, fact));
        ground.candidates.for_facts(bases.chain(near))
    }
}

/// The base fact of a number.
pub(crate) fn base_of(graph: &Graph, fact: u32) -> Option<Base> {
    match graph.describe(FactId(fact)) {
        Some(Fact::Base(base)) => Some(base),
        _ => None,
    }
}

/// The candidates of some acts; acts that nobody can carry out are left out.
pub(crate) fn doable(ground: &Ground<'_>, acts: impl IntoIterator<Item = Act>) -> Vec<Candidate> {
    let mut acts: Vec<Act> = acts.into_iter().collect();
    acts.sort_unstable();
    acts.dedup();
    acts.into_iter()
        .filter_map(|act| ground.candidates.candidate(act))
        .collect()
}

fn at(table: &[u32], fact: u32) -> u32 {
    table.get(fact as usize).copied().unwrap_or(NEVER)
}

fn set(table: &mut [u32], fact: u32, to: u32) {
    if let Some(slot) = table.get_mut(fact as usize) {
        *slot = to;
    }
}

/// The second by which each fact is first used up: a step uses what it rests on until it is done, and rules that take no
/// time belong to the step that follows. Asked of every rule, what settles last first, until nothing changes.
fn first_uses(rules: &Rules, seconds: &[u32], arrival: &[u32], settled: &[u32], goals: &[u32]) -> Vec<u32> {
    let mut used = vec![NEVER; arrival.len()];
    for &goal in goals {
        set(&mut used, goal, at(arrival, goal));
    }
    let head = |rule: &u32| rules.heads.get(*rule as usize).copied().unwrap_or(NEVER);
    let mut order: Vec<u32> = (0..rules.len() as u32).collect();
    order.sort_by_key(|rule| std::cmp::Reverse(at(settled, head(rule))));
    let mut changed = true;
    while changed {
        changed = false;
        for rule in &order {
            let body = rules.body(*rule as usize);
            let start = body.iter().map(|&fact| at(arrival, fact)).max().unwrap_or(0);
            let takes = at(seconds, *rule);
            let done = if takes > 0 {
                start.saturating_add(takes)
            } else {
                start.max(at(&used, head(rule)))
            };
            for &premise in body {
                if done < at(&used, premise) {
                    set(&mut used, premise, done);
                    changed = true;
                }
            }
        }
    }
    used
}
