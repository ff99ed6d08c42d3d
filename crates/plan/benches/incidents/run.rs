//! Every incident, every method.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use cordon_estate::{Entity, Estate};
use cordon_plan::candidates::Candidate;
use cordon_plan::document::{Act, BaselineKind, Status};
use cordon_plan::{Constraints, Foothold, PlanDocument, Planner, Settings, Watch};
use cordon_reach::{Options, Scratch};
use cordon_sim::northgate;

use super::by_hand;
use super::clock::timed;
use super::draw::{Kind, PER_ESTATE, Pools, Random, estates};
use super::edges::Flat;
use super::greedy::Greedy;
use super::judge::{Outcome, judge};
use super::question::{DURATION_HOURS, Ground, Question, doable};

/// Most accesses of an estate at which the naive derivation is asked about every method; at larger ones, where it takes
/// up to seconds, it is asked about Cordon's plan in one incident of [`NAIVE_EVERY`].
const NAIVE_ACCESSES_MAX: usize = 12_000;
const NAIVE_EVERY: usize = 5;

/// How the incidents are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) incidents: usize,
    pub(crate) seed: u64,
    /// Fewest and most stores.
    pub(crate) stores: (u32, u32),
    /// How many estates are worked on at once; the same comes of it whatever the number.
    pub(crate) threads: usize,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Cordon,
    IsolateDetected,
    PullEverything,
    Greedy,
    GreedyPruned,
    EdgeCut,
}

impl Method {
    pub(crate) const ALL: [Self; 6] = [
        Self::Cordon,
        Self::IsolateDetected,
        Self::PullEverything,
        Self::Greedy,
        Self::GreedyPruned,
        Self::EdgeCut,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cordon => "Cordon",
            Self::IsolateDetected => "isolate what was detected",
            Self::PullEverything => "pull everything",
            Self::Greedy => "greedy",
            Self::GreedyPruned => "greedy, needless taken back",
            Self::EdgeCut => "plain edge cut",
        }
    }
}

/// What is proven of Cordon's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Optimal,
    NotProven,
    /// Not every jewel and protected service can be kept.
    Infeasible,
}

/// One incident.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) stores: u32,
    pub(crate) estate_seed: u64,
    pub(crate) held: Vec<(Kind, Entity)>,
    pub(crate) proof: Proof,
    /// With nothing withdrawn.
    pub(crate) untouched: Outcome,
    /// By method, with the CPU seconds that it took.
    pub(crate) outcomes: Vec<(Outcome, f64)>,
    /// Edges of the plain edge cut that nothing removes.
    pub(crate) uncut: usize,
}

impl Incident {
    pub(crate) fn of(&self, method: Method) -> Option<&Outcome> {
        self.outcomes.get(method as usize).map(|(outcome, _)| outcome)
    }
}

/// Everything that came of a run.
pub(crate) struct Run {
    pub(crate) asked: Asked,
    pub(crate) incidents: Vec<Incident>,
    /// Estates with their facts, in order.
    pub(crate) estates: Vec<(u32, usize)>,
    /// What contradicts a claim of Cordon's; should be empty.
    pub(crate) contradictions: Vec<String>,
}

/// What came of the incidents at one estate.
#[derive(Default)]
struct Part {
    stores: u32,
    facts: usize,
    incidents: Vec<Incident>,
    contradictions: Vec<String>,
}

/// Runs all incidents, the largest estates first; `progress` is told of every estate done.
pub(crate) fn run(asked: Asked, progress: &(dyn Fn(&str) + Sync)) -> Run {
    let drawn = estates(asked.incidents.div_ceil(PER_ESTATE), asked.stores, asked.seed);
    let parts: Vec<Mutex<Part>> = drawn.iter().map(|_| Mutex::default()).collect();
    let left = AtomicUsize::new(drawn.len());
    let work = || {
        while let Ok(left) =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        {
            let place = left - 1;
            // Spread evenly over the estates, so that a small run has the same shape.
            let numbers = place * asked.incidents / drawn.len()..(place + 1) * asked.incidents / drawn.len();
            let (Some(options), Some(slot)) = (drawn.get(place), parts.get(place)) else {
                return;
            };
            let part = at_one_estate(options, numbers, asked.seed);
            progress(&format!(
                "{} stores: {} incidents",
                part.stores,
                part.incidents.len()
            ));
            if let Ok(mut slot) = slot.lock() {
                *slot = part;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..asked.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut whole = Run {
        asked,
        incidents: Vec::with_capacity(asked.incidents),
        estates: Vec::new(),
        contradictions: Vec::new(),
    };
    for part in parts.into_iter().filter_map(|part| part.into_inner().ok()) {
        whole.estates.push((part.stores, part.facts));
        whole.incidents.extend(part.incidents);
        whole.contradictions.extend(part.contradictions);
    }
    whole
}

fn at_one_estate(options: &northgate::Options, numbers: Range<usize>, seed: u64) -> Part {
    let estate = northgate::generate(options);
    let mut bench = Bench::new(&estate);
    let pools = Pools::of(&estate);
    let mut part = Part {
        stores: options.stores,
        facts: bench.ground.graph.facts(),
        ..Part::default()
    };
    for number in numbers {
        let mut random = Random::of(seed, 1_000 + number as u64);
        let held = pools.draw(&mut random);
        let incident = bench.answer(
            (options.stores, options.seed),
            held,
            number.is_multiple_of(NAIVE_EVERY),
            &mut part.contradictions,
        );
        part.incidents.push(incident);
    }
    part
}

/// One estate with everything compiled once.
struct Bench<'e> {
    ground: Ground<'e>,
    planner: Planner<'e>,
    flat: Flat,
    scratch: Scratch,
}

impl<'e> Bench<'e> {
    fn new(estate: &'e Estate) -> Self {
        let ground = Ground::new(estate);
        Self {
            planner: Planner::new(estate, &Options::default()),
            flat: Flat::new(&ground),
            ground,
            scratch: Scratch::new(),
        }
    }

    fn answer(
        &mut self,
        (stores, estate_seed): (u32, u64),
        held: Vec<(Kind, Entity)>,
        often: bool,
        contradictions: &mut Vec<String>,
    ) -> Incident {
        let entities: Vec<Entity> = held.iter().map(|(_, entity)| *entity).collect();
        let (document, plan_seconds) = timed(|| plan(&mut self.planner, &entities));
        let Self {
            ground,
            flat,
            scratch,
            ..
        } = self;
        let (question, asking) = timed(|| Question::new(ground, entities, scratch));
        let acts: Vec<Act> = document.withdrawals.iter().map(|entry| entry.act).collect();
        let (isolated, isolate_seconds) = timed(|| by_hand::isolate_detected(ground, &question));
        let (pulled, pull_seconds) = timed(|| by_hand::pull_everything(ground));
        let ((mut greedy, chosen), greedy_seconds) = timed(|| {
            let mut greedy = Greedy::new(ground, &question);
            let chosen = greedy.choose();
            (greedy, chosen)
        });
        let (pruned, prune_seconds) = timed(|| greedy.prune());
        let (cut, cut_seconds) = timed(|| flat.cut(ground, &question));
        let answers: [(Vec<Candidate>, f64); 6] = [
            (doable(ground, acts), plan_seconds),
            (isolated, isolate_seconds),
            (pulled, pull_seconds),
            (chosen, asking + greedy_seconds),
            (pruned, asking + greedy_seconds + prune_seconds),
            (cut.acts, asking + cut_seconds),
        ];
        let small = ground.estate.accesses.len() <= NAIVE_ACCESSES_MAX;
        let mut judged = |acts: &[Candidate], naively: bool| {
            judge(ground, &question, acts, naively, scratch).unwrap_or_else(|error| {
                contradictions.push(format!("{stores} stores, {held:?}: {error}"));
                Outcome::default()
            })
        };
        let untouched = judged(&[], small);
        let outcomes = answers.iter().zip(Method::ALL);
        let outcomes = outcomes.map(|((acts, seconds), method)| {
            let naively = small || (often && method == Method::Cordon);
            (judged(acts, naively), *seconds)
        });
        let incident = Incident {
            stores,
            estate_seed,
            proof: proof(&document),
            untouched,
            outcomes: outcomes.collect(),
            uncut: cut.left,
            held,
        };
        let found = against(&document, &incident);
        contradictions.extend(
            found
                .into_iter()
                .map(|what| format!("{stores} stores, {:?}: {what}", incident.held)),
        );
        incident
    }
}

fn plan(planner: &mut Planner<'_>, held: &[Entity]) -> PlanDocument {
    let settings = Settings {
        duration_hours: DURATION_HOURS,
        spread: false,
        comparisons: false,
        certificate: false,
        ..Settings::default()
    };
    let footholds: Vec<Foothold> = held
        .iter()
        .map(|&entity| Foothold {
            entity,
            probability: 1.0,
        })
        .collect();
    let begun = Instant::now();
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || begun.elapsed().as_secs_f64(),
    };
    planner.plan(&footholds, &settings, &Constraints::default(), &mut watch)
}

const fn proof(document: &PlanDocument) -> Proof {
    match document.optimality.status {
        Status::Optimal => Proof::Optimal,
        Status::Feasible => Proof::NotProven,
        Status::Infeasible => Proof::Infeasible,
    }
}

/// What in the judged outcomes contradicts the plan.
fn against(document: &PlanDocument, incident: &Incident) -> Vec<String> {
    let mut found = Vec::new();
    let Some(own) = incident.of(Method::Cordon) else {
        return found;
    };
    let said = document.cost.disruption_pence();
    if own.disruption_pence != said {
        found.push(format!(
            "the plan says {said} pence, judged {}",
            own.disruption_pence
        ));
    }
    if incident.proof != Proof::Infeasible && !own.keeps_both() {
        found.push(format!("the plan does not keep what it says: {own:?}"));
    }
    for method in Method::ALL {
        let Some(other) = incident.of(method).filter(|other| other.keeps_both()) else {
            continue;
        };
        let name = method.name();
        if incident.proof == Proof::Infeasible {
            found.push(format!("nothing is said to keep all, and {name} does"));
        }
        if incident.proof == Proof::Optimal && other.disruption_pence < own.disruption_pence {
            let pence = other.disruption_pence;
            found.push(format!(
                "{name} costs {pence} pence, less than the proven {}",
                own.disruption_pence
            ));
        }
    }
    for baseline in &document.baselines {
        let judged = match baseline.kind {
            BaselineKind::DoNothing => Some(&incident.untouched),
            BaselineKind::IsolateDetected => incident.of(Method::IsolateDetected),
            BaselineKind::PullEverything => incident.of(Method::PullEverything),
        };
        let said = (
            baseline.metrics.jewels_reachable as usize,
            baseline.metrics.protected_down as usize,
            baseline.metrics.cost.disruption_pence(),
        );
        let seen = judged.map(|one| (one.jewels_reached, one.protected_down, one.disruption_pence));
        if seen != Some(said) {
            found.push(format!(
                "{:?}: the plan says {said:?}, judged {seen:?}",
                baseline.kind
            ));
        }
    }
    found
}
