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
mod rows;
mod tree;

use cordon_estate::{Entity, Service, ServiceId};
use cordon_reach::{Base, FactId, FactSet, Scratch};
use cordon_trade::{Lost, ServiceState, Services, cost_pence};

use super::prepare::Prepared;
use super::solving::Session;
use super::timing::{self, NEVER};
use super::{Constraints, Planner, Settings, Watch};
use crate::document::{Certificate, Refutation};
use crate::limits::{
    CERTIFICATE_SPLITS_WORK_MAX, CERTIFICATE_WAYS_MAX, CERTIFICATE_WORK_MAX, PROTECTED_PENCE_MIN,
};
use book::Book;
use left::Left;
use rows::Pool;
use tree::{Ask, Fixed};

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
    /// What is held in the first world: what further worlds ask for can only cost more, so a bound holds with them too.
    held: &'p [Entity],
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
    /// Base facts with what the cheapest column costs that takes each away and that no service suffers from, the cheapest first.
    cheapest: Vec<(i64, FactId)>,
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
            let (rows, cases) = tree::compact(&proof, cases);
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
        let (rows, cases) = tree::compact(&proof, cases);
        self.scratch = proof.scratch;
        (bound == i64::MAX).then_some(Refutation { rows, cases })
    }

    fn proof<'p>(&'p self, asked: Asked<'p>, terms: Terms, scratch: Scratch) -> Proof<'p, 'e> {
        let Asked {
            prepared,
            hard,
            settings,
            constraints,
        } = asked;
        let mut book = Book::new(self, constraints, self.use_seconds(prepared, settings));
        let forced = prepared.columns.iter().zip(&prepared.fixed);
        let forced = forced.filter(|(_, fixed)| **fixed == Some(true));
        let forced = forced.filter_map(|(column, _)| book.number(column.act)).collect();
        let touching = prepared.columns.iter();
        let touching = touching.map(|column| column.removes.iter().any(|fact| book.is_required(*fact)));
        let touching: Vec<bool> = touching.collect();
        let services = Services::compile(self.estate);
        let protected = self.estate.services_with_ids();
        let protected = protected.map(|(id, service)| service.protected || constraints.protect.contains(&id));
        Proof {
            planner: self,
            prepared,
            held: prepared.worlds.first().map_or(&[], |world| &world.held),
            terms,
            hard,
            cheapest: cheapest(prepared, &touching),
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

    /// The second by which each base fact is first used; empty if the race is not counted.
    fn use_seconds(&self, prepared: &Prepared, settings: &Settings) -> Vec<u32> {
        if !settings.race || !prepared.used.is_empty() {
            return prepared.used.clone();
        }
        let jewels = prepared.targets.iter().filter(|target| target.jewel.is_some());
        let goals: Vec<u32> = jewels.map(|target| target.fact).collect();
        let mut used = vec![NEVER; self.graph.base_facts()];
        for one in &prepared.reached {
            let own = timing::use_seconds(&one.index, &one.seconds, &one.arrival, &goals);
            for (slot, own) in used.iter_mut().zip(own) {
                *slot = own.min(*slot);
            }
        }
        used
    }
}

/// Base facts with what the cheapest column costs that takes each away and that no service suffers from, the cheapest first.
fn cheapest(prepared: &Prepared, touching: &[bool]) -> Vec<(i64, FactId)> {
    let plain = |column: &&u32| {
        let column = **column as usize;
        touching.get(column) == Some(&false) && prepared.fixed.get(column) != Some(&Some(false))
    };
    let price = |column: &u32| Some(prepared.columns.get(*column as usize)?.friction_pence);
    let facts = prepared.cutters.iter().zip((0..).map(FactId));
    let priced = facts.filter_map(|(columns, fact)| {
        let prices = columns.iter().filter(plain).filter_map(price);
        Some((prices.min()?, fact))
    });
    let mut cheapest: Vec<(i64, FactId)> = priced.collect();
    cheapest.sort_unstable();
    cheapest
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

    /// A row that must be cut and that nothing left may cut, found around all that something may.
    fn uncut(&mut self, left: &mut Left) -> Option<u32> {
        if self.terms == Terms::GivenUp || !self.hard.contains(&true) {
            return None;
        }
        let mut around = left.spent.clone();
        for fact in 0..self.prepared.cutters.len() as u32 {
            let fact = FactId(fact);
            if !around.contains(fact) && self.may_go(fact, left) {
                around.insert(fact);
            }
        }
        let hard: Vec<i64> = self.hard.iter().map(|hard| i64::from(*hard)).collect();
        let reached = self.reached(&around, &hard, 1);
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

    /// True if some column takes a fact away that may be chosen.
    fn may_go(&mut self, fact: FactId, left: &mut Left) -> bool {
        let prepared = self.prepared;
        let columns = prepared.cutters.of(fact.0);
        for &column in columns {
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
