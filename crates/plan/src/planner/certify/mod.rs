//! The proof of the bound, written down for whoever does not trust the solver.
//!
//! It is made from the exposure graph and the plan alone, over *every* act that the estate allows, also acts that the
//! solver did not think worth a column. A small branch and bound of its own is run, the least proven case first; each case charges the
//! derivations that it finds (`charge`), and each row is told by the base facts it rests on. Work is bounded by counts,
//! never by time, so that the same arguments give the same certificate; what the cases do not prove, the certificate does
//! not claim.

mod book;
mod charge;
mod left;
mod price;
mod rows;
mod tree;
mod worlds;

use cordon_estate::{Service, ServiceId};
use cordon_reach::{Base, FactId, FactSet, Scratch};
use cordon_trade::{Lost, ServiceState, Services, cost_pence};

use super::prepare::Prepared;
use super::solving::Session;
use super::{Constraints, Planner, Settings, Watch};
use crate::document::{Certificate, Refutation, WorldsCertificate, WorldsRefutation};
use crate::limits::{
    CERTIFICATE_SPLITS_WORK_MAX, CERTIFICATE_WAYS_MAX, CERTIFICATE_WORK_MAX, CERTIFICATE_WORLDS_WORK_MAX,
    PROTECTED_PENCE_MIN,
};
use book::Book;
use left::Left;
use rows::Pool;
use tree::{Ask, Fixed, Told};
pub(super) use worlds::Beside;
use worlds::Scenes;

/// What a proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terms {
    /// Plans that keep every jewel that must be kept and every protected service.
    Kept,
    /// The same, to show that there is none: nothing has a price.
    Refuted,
    /// Plans that may give any of them up at its price.
    GivenUp,
}

/// A proof in the making.
struct Proof<'p, 'e> {
    planner: &'p Planner<'e>,
    prepared: &'p Prepared,
    scenes: Scenes<'p>,
    /// Further worlds that every case keeps.
    kept: Vec<u32>,
    /// Further worlds in which the guiding plan leaves a jewel in reach.
    let_go: Vec<u32>,
    terms: Terms,
    /// Targets that must be kept.
    hard: &'p [bool],
    book: Book<'p, 'e>,
    services: Services,
    before: Vec<ServiceState>,
    protected: Vec<bool>,
    duration_hours: f64,
    pool: Pool,
    /// Choices that a person forced.
    forced: Vec<u32>,
    /// Columns that remove something that a service requires.
    touching: Vec<bool>,
    /// By derived fact, the target that it is.
    target_of: Vec<u32>,
    scratch: Scratch,
    work_left: usize,
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

/// What a proof is made from.
#[derive(Clone, Copy)]
pub(super) struct Asked<'p> {
    pub(super) prepared: &'p Prepared,
    /// Targets that must be kept.
    pub(super) hard: &'p [bool],
    pub(super) beside: Beside<'p>,
    pub(super) settings: &'p Settings,
    pub(super) constraints: &'p Constraints,
}

impl<'e> Planner<'e> {
    /// The certificate of a proven bound, guided by the plan that has it; of plans that give something up if that is what
    /// the bound is of. The session is asked for what it knows of other plans, and forgets that it was.
    pub(super) fn certificate(
        &mut self,
        asked: Asked<'_>,
        gives_up: bool,
        (chosen, lower_bound): (&[bool], i64),
        session: &mut Session,
        watch: &mut Watch<'_>,
    ) -> Certificate {
        let scratch = std::mem::take(&mut self.scratch);
        let terms = if gives_up { Terms::GivenUp } else { Terms::Kept };
        let (bound_pence, rows, cases, scratch) = session.aside(|session| {
            let mut ask = |fixed: &[(usize, bool)]| {
                let other = session.solve_fixed(&*self.master, fixed, asked.settings, watch, lower_bound);
                Some(other.chosen).filter(|chosen| !chosen.is_empty())
            };
            let mut proof = self.proof(asked, terms, scratch);
            let guide = proof.guide(chosen);
            let (bound_pence, cases) = tree::grow(&mut proof, guide, lower_bound, &mut ask);
            let Told { rows, cases } = Told::compact(&proof, cases);
            (bound_pence, rows, cases, proof.scratch)
        });
        self.scratch = scratch;
        Certificate {
            bound_pence,
            rows,
            cases,
        }
    }

    /// The proof that no plan keeps everything; none if it was not found.
    pub(super) fn refutation(&mut self, asked: Asked<'_>) -> Option<Refutation> {
        let scratch = std::mem::take(&mut self.scratch);
        let mut proof = self.proof(asked, Terms::Refuted, scratch);
        let (bound, cases) = tree::grow(&mut proof, Vec::new(), i64::MAX, &mut |_| None);
        let Told { rows, cases } = Told::compact(&proof, cases);
        self.scratch = proof.scratch;
        (bound == i64::MAX).then_some(Refutation { rows, cases })
    }

    /// The certificate of a proven bound over sampled worlds, guided by a choice that has it and by the worlds that this lets go.
    pub(super) fn worlds_certificate(
        &mut self,
        asked: Asked<'_>,
        (chosen, lower_bound): (&[bool], i64),
        let_go: Vec<u32>,
    ) -> WorldsCertificate {
        let scratch = std::mem::take(&mut self.scratch);
        let mut proof = self.proof(asked, Terms::Kept, scratch);
        proof.let_go = let_go;
        proof.work_left = CERTIFICATE_WORLDS_WORK_MAX;
        let guide = proof.guide(chosen);
        let (bound_pence, cases) = tree::grow(&mut proof, guide, lower_bound, &mut |_| None);
        let (worlds, Told { rows, cases }) = Told::compact(&proof, cases).with_worlds(&proof);
        self.scratch = proof.scratch;
        WorldsCertificate {
            bound_pence,
            worlds,
            rows,
            cases,
        }
    }

    /// The proof that no plan lets only so many draws go; none if it was not found.
    pub(super) fn worlds_refutation(&mut self, asked: Asked<'_>) -> Option<WorldsRefutation> {
        let scratch = std::mem::take(&mut self.scratch);
        let mut proof = self.proof(asked, Terms::Refuted, scratch);
        proof.let_go = proof.lost_worlds();
        let (bound, cases) = tree::grow(&mut proof, Vec::new(), i64::MAX, &mut |_| None);
        let (worlds, Told { rows, cases }) = Told::compact(&proof, cases).with_worlds(&proof);
        self.scratch = proof.scratch;
        (bound == i64::MAX).then_some(WorldsRefutation { worlds, rows, cases })
    }

    fn proof<'p>(&'p self, asked: Asked<'p>, terms: Terms, scratch: Scratch) -> Proof<'p, 'e> {
        let Asked {
            prepared,
            hard,
            beside,
            settings,
            constraints,
        } = asked;
        let mut book = Book::new(self, constraints);
        let touching = prepared.columns.iter();
        let touching = touching.map(|column| column.removes.iter().any(|fact| book.is_required(*fact)));
        let touching: Vec<bool> = touching.collect();
        let mut goals = self.kept_facts(constraints);
        goals.sort_unstable();
        let (scenes, used) = self.scenes(prepared, beside, (goals, settings), &touching);
        book.set_used(used);
        let forced = prepared.columns.iter().zip(&prepared.fixed);
        let forced = forced.filter(|(_, fixed)| **fixed == Some(true));
        let forced = forced.filter_map(|(column, _)| book.number(column.act)).collect();
        let services = Services::compile(self.estate);
        let protected = self.estate.services_with_ids();
        let protected = protected.map(|(id, service)| service.protected || constraints.protect.contains(&id));
        Proof {
            planner: self,
            prepared,
            kept: scenes.kept(beside),
            let_go: Vec::new(),
            scenes,
            terms,
            hard,
            target_of: rows::target_of(&prepared.targets, &self.graph),
            touching,
            book,
            before: services.states(&Lost::nothing()),
            services,
            protected: protected.collect(),
            duration_hours: settings.duration_hours,
            pool: Pool::new(),
            forced,
            scratch,
            work_left: CERTIFICATE_WORK_MAX,
        }
    }
}

impl Proof<'_, '_> {
    /// What every service costs when something is lost, or a protected one that is down.
    fn prices(&self, lost: &Lost) -> Result<Vec<i64>, ServiceId> {
        let states = self.services.states(lost);
        let services = self.planner.estate.services_with_ids().zip(states);
        services
            .map(|((id, service), state)| self.price(id, service, state).ok_or(id))
            .collect()
    }

    /// What a service costs more than before in a state; none if it may not be in it.
    fn price(&self, id: ServiceId, service: &Service, state: ServiceState) -> Option<i64> {
        let before = self.before.get(id.index()).copied().unwrap_or(state);
        let pence = |state| cost_pence(service, state, self.duration_hours).0;
        let protected = self.protected.get(id.index()) == Some(&true);
        let goes_down = state == ServiceState::Down && before != ServiceState::Down;
        let price = match self.terms {
            Terms::Kept | Terms::Refuted if protected && goes_down => return None,
            Terms::GivenUp if protected && goes_down => pence(state).max(PROTECTED_PENCE_MIN),
            Terms::Kept | Terms::Refuted | Terms::GivenUp => pence(state),
        };
        Some(price.saturating_sub(pence(before)))
    }

    /// What a service can come to cost.
    fn possible_prices(&self, id: ServiceId, service: &Service) -> Vec<i64> {
        let fallbacks = service.fallbacks.iter();
        let carried = fallbacks.map(|fallback| ServiceState::Degraded(fallback.capacity.min(1.0)));
        carried
            .chain([ServiceState::Down])
            .filter_map(|state| self.price(id, service, state))
            .collect()
    }

    /// A choice of columns as a guide, the cheapest first: few derivations can be charged to what only stops a little.
    fn guide(&mut self, chosen: &[bool]) -> Vec<u32> {
        let columns = self.prepared.columns.iter().zip(chosen);
        let acts = columns
            .filter(|(_, chosen)| **chosen)
            .map(|(column, _)| column.act);
        let mut guide: Vec<u32> = acts.filter_map(|act| self.book.number(act)).collect();
        let price = |choice: &u32| self.book.choice(*choice).map_or(0, |one| one.friction_pence);
        guide.sort_by_key(|choice| (price(choice), *choice));
        guide
    }

    /// A good plan for a case, if one is known.
    fn guide_of(&mut self, fixed: &Fixed, ask: &mut Ask<'_>) -> Option<Vec<u32>> {
        let column = |choice: &u32| {
            let act = self.book.choice(*choice)?.act;
            let columns = &self.prepared.columns;
            columns.iter().position(|column| column.act == act)
        };
        let with = fixed.with.iter().filter_map(column).map(|column| (column, true));
        let without = fixed.without.iter().filter_map(column);
        let without = without.map(|column| (column, false));
        let columns: Vec<(usize, bool)> = with.chain(without).collect();
        Some(self.guide(&ask(&columns)?))
    }

    /// Cases beyond the first are worth less work than that.
    const fn limit_splits(&mut self) {
        if self.work_left > CERTIFICATE_SPLITS_WORK_MAX {
            self.work_left = CERTIFICATE_SPLITS_WORK_MAX;
        }
    }

    /// The further worlds in which a jewel is reached whatever is done.
    fn lost_worlds(&mut self) -> Vec<u32> {
        let worlds = 1..self.scenes.scenes.len() as u32;
        let Ok(prices) = self.prices(&Lost::nothing()) else {
            return Vec::new();
        };
        let is_lost = |proof: &mut Self, world: u32| {
            let kept = Fixed {
                with: proof.forced.clone(),
                kept: vec![world],
                let_go: (1..proof.scenes.scenes.len() as u32)
                    .filter(|other| *other != world)
                    .collect(),
                ..Fixed::default()
            };
            let mut left = proof.begun(&kept, 0, Lost::nothing(), &prices);
            proof.uncut(&mut left).is_some()
        };
        worlds.filter(|&world| is_lost(self, world)).collect()
    }

    /// A row that must be cut and that nothing left may cut, found around all that something may.
    fn uncut(&mut self, left: &mut Left) -> Option<u32> {
        if self.terms == Terms::GivenUp {
            return None;
        }
        let hard: Vec<i64> = left
            .losses
            .iter()
            .map(|loss| i64::from(*loss == i64::MAX))
            .collect();
        let own = hard.get(..self.prepared.targets.len()).unwrap_or(&[]);
        let mut worlds = Vec::from_iter(own.contains(&1).then_some(0));
        worlds.extend(
            (1..self.scenes.scenes.len() as u32).filter(|world| hard.get(self.target_in(*world)) == Some(&1)),
        );
        let mut timings: Vec<Option<FactSet>> = vec![None; self.scenes.timings.len()];
        for world in worlds {
            let timing = self.scenes.timing_of(world);
            let known = timings.get_mut(timing).and_then(Option::take);
            let around = known.unwrap_or_else(|| self.all_that_may_go(timing, left));
            let found = self.uncut_in(world, &around, &hard, left);
            if found.is_some() {
                return found;
            }
            if let Some(slot) = timings.get_mut(timing) {
                *slot = Some(around);
            }
        }
        None
    }

    /// What is spent at a timing and all that some column may still take away.
    fn all_that_may_go(&mut self, timing: usize, left: &mut Left) -> FactSet {
        let mut around = left.spent(timing).clone();
        let facts = self
            .scenes
            .timings
            .get(timing)
            .map_or(0, |timing| timing.cutters.len());
        for fact in (0..facts as u32).map(FactId) {
            if !around.contains(fact) && self.may_go(fact, timing, left) {
                around.insert(fact);
            }
        }
        around
    }

    /// A row of one world that must be cut and that nothing left may cut.
    fn uncut_in(&mut self, world: u32, around: &FactSet, hard: &[i64], left: &mut Left) -> Option<u32> {
        let reached = self.reached(world, around, hard, 1);
        for target in reached.into_iter().take(CERTIFICATE_WAYS_MAX) {
            let Some(row) = self.row(target, &FactSet::new()) else {
                continue;
            };
            for &choice in &row.choices {
                self.meet(left, choice);
            }
            if row.choices.iter().all(|&choice| left.is_barred(choice)) {
                return self.pooled(&row);
            }
        }
        None
    }

    /// True if some column takes a fact away in time that may be chosen.
    fn may_go(&mut self, fact: FactId, timing: usize, left: &mut Left) -> bool {
        let prepared = self.prepared;
        let at = |proof: &Self, place: usize| {
            let timing = proof.scenes.timings.get(timing)?;
            timing.cutters.of(fact.0).get(place).copied()
        };
        for place in 0.. {
            let Some(column) = at(self, place) else {
                return false;
            };
            let column = column as usize;
            let is_refused = prepared.fixed.get(column) == Some(&Some(false));
            let Some(candidate) = prepared.columns.get(column).filter(|_| !is_refused) else {
                continue;
            };
            let is_plain = self.touching.get(column) == Some(&false);
            if is_plain {
                if left.is_without(candidate.act) {
                    continue;
                }
                return true;
            }
            let Some(choice) = self.book.number(candidate.act) else {
                continue;
            };
            self.meet(left, choice);
            if !left.is_barred(choice) {
                return true;
            }
        }
        false
    }
}
