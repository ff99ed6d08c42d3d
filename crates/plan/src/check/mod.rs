//! The independent check of a plan: everything that it claims is derived again, naively.
//!
//! Reachability comes from [`cordon_reach::naive`], services from [`cordon_trade::naive`], what an act removes and
//! whether it comes in time from this module; none of the planner's search, kernel or circuit is used. What is shared:
//! the data types, the table of prices, the names of acts, which guard covers which act, and, for the time at which a
//! fact is first used, the list of rules that the graph was compiled to (their consequences are derived again). A cost
//! is compared with trying everything where that is possible, otherwise the bound is only checked for sense, and the
//! verdict says so. The bound is proved by the plan's certificate: every row is derived again, every charge added up
//! again in whole pence (module `bound`); what it does not prove, the verdict says to be the solver's word.

mod acts;
mod baselines;
mod bound;
mod brute;
mod claims;
mod compared;
mod cutting;
mod front;
mod names;
mod race;
mod removal;
mod sample;
mod seen;
mod view;

use cordon_estate::Estate;

#[doc(hidden)]
pub use race::first_uses;

use crate::document::PlanDocument;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What does not hold; empty if the plan is accepted.
    pub problems: Vec<Problem>,
    /// How the claim to be the cheapest was checked.
    pub optimality: Checked,
    /// What the plan's certificate proves; none if it has none, or one that does not hold.
    pub proof: Option<Proof>,
    /// What is proved of the plans that leave a jewel in reach in few enough of the sampled worlds; none if there is no such proof, or one
    /// that does not hold.
    pub worlds: Option<Proof>,
    /// What proves that no plan leaves a jewel in reach in fewer of the sampled worlds; none if there is no such proof, or one that does not
    /// hold.
    pub fewest: Option<Refuted>,
    /// What proves that something must be given up; none if nothing must, or if it has no proof that holds.
    pub refuted: Option<Refuted>,
    /// What was not derived again and stands only by the hash.
    pub unchecked: Vec<String>,
}

/// What plans a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terms {
    /// Those that keep every jewel that must be kept and every protected service.
    Kept,
    /// Those that may give any of them up at its price.
    GivenUp,
}

/// A certificate that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// No set of withdrawals that the estate allows costs less.
    pub bound_pence: i64,
    /// What the plan costs in the same terms: its cost, or, if it gives something up, its cost with every protected service that is
    /// down at its price.
    pub cost_pence: i64,
    /// Derivations that were checked.
    pub rows: u32,
    /// Cases that were gone through.
    pub cases: u32,
}

/// A proof that no plan keeps every jewel that must be kept and every protected service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// Derivations that were checked.
    pub rows: u32,
    /// Cases that were gone through.
    pub cases: u32,
}

/// A claim that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The part of the document, as in its JSON.
    pub field: String,
    /// What it says and what was found.
    pub text: String,
}

/// How far an optimality claim was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Every set of acts was tried.
    EverySet {
        /// How many.
        sets: u32,
    },
    /// There are too many acts to try every set: bound, cost and gap agree with each other, no more is known.
    BoundOnly,
    /// Nothing was to be checked, because the document is not of this estate.
    Nothing,
}

impl Proof {
    /// How much cheaper than this one a plan could be for all that is proved, as a share of the cost.
    #[must_use]
    pub fn gap(self) -> f64 {
        let missing = self.cost_pence.saturating_sub(self.bound_pence).max(0);
        missing as f64 / self.cost_pence.max(1) as f64
    }
}

impl Verdict {
    /// True if every claim that was checked holds.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.problems.is_empty()
    }
}

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What the plan says comes of it is derived again.
    Claims,
    /// A derivation of the proof is derived again.
    Row {
        /// How many were before it.
        done: u32,
        /// How many there are.
        of: u32,
    },
    /// What the plan does in a sampled world is derived again.
    World {
        /// How many were before it.
        done: u32,
        /// How many there are.
        of: u32,
    },
    /// Every set of acts is tried, where they are few.
    Sets,
    /// Other plans that are told of are derived again.
    OtherPlans,
}

/// Checks a plan against the estate that it says it was made from.
#[must_use]
pub fn verify(document: &PlanDocument, estate: &Estate) -> Verdict {
    verify_watched(document, estate, &mut |_| {})
}

/// The same of what is withdrawn and what comes of it alone: enough to carry it out, where seconds count. Other plans, baselines and sampled
/// worlds are not looked at.
#[must_use]
pub fn verify_to_carry_out(document: &PlanDocument, estate: &Estate) -> Verdict {
    let mut found = Findings::default();
    let Some(view) = looked_at(document, estate, &mut found) else {
        return found.verdict(Checked::Nothing);
    };
    let proof = bound::check(document, &view, &mut found, &mut |_| {});
    let refuted = bound::check_refutation(document, &view, &mut found, &mut |_| {});
    let optimality = brute::check(document, &view, &mut found);
    let mut verdict = Verdict {
        proof,
        refuted,
        ..found.verdict(optimality)
    };
    verdict.unchecked.extend(compared::FIELDS.map(str::to_owned));
    tell_worlds(document, None, &mut verdict);
    verdict
}

/// The same as [`verify`], telling how far it is.
#[must_use]
pub fn verify_watched(document: &PlanDocument, estate: &Estate, watch: &mut dyn FnMut(Stage)) -> Verdict {
    watch(Stage::Claims);
    let mut found = Findings::default();
    let Some(view) = looked_at(document, estate, &mut found) else {
        return found.verdict(Checked::Nothing);
    };
    let urn = urn(document, &view, &mut found);
    let drawn = document.uncertainty.as_ref().zip(urn.as_ref());
    let proof = bound::check(document, &view, &mut found, watch);
    let refuted = bound::check_refutation(document, &view, &mut found, watch);
    let worlds = bound::check_worlds(document, drawn, &view, &mut found, watch);
    let fewest = bound::check_fewest(document, drawn, &view, &mut found, watch);
    let unseen = drawn.map(|drawn| seen::check(document, drawn, &view, &mut found, watch));
    watch(Stage::Sets);
    let optimality = brute::check(document, &view, &mut found);
    watch(Stage::OtherPlans);
    let uncompared = compared::check(document, &view, &mut found);
    let are_baselines_checked = baselines::check(document, &view, &mut found);
    let are_alternatives_checked = front::check(document, &view, &mut found);
    let mut verdict = Verdict {
        proof,
        refuted,
        worlds,
        fewest,
        ..found.verdict(optimality)
    };
    if are_alternatives_checked {
        verdict.unchecked.retain(|field| field != "alternatives");
    }
    if are_baselines_checked {
        verdict.unchecked.retain(|field| field != "baselines");
        verdict.unchecked.push("baselines.metrics.people".to_owned());
    }
    verdict
        .unchecked
        .extend(uncompared.into_iter().map(str::to_owned));
    tell_worlds(document, unseen, &mut verdict);
    verdict
}

/// Looks at what is withdrawn and what comes of it; `None` if the plan is of another estate.
fn looked_at<'e>(
    document: &PlanDocument,
    estate: &'e Estate,
    found: &mut Findings,
) -> Option<view::View<'e>> {
    found.same("format", &document.format, &crate::document::FORMAT.to_owned());
    found.same(
        "plan_hash",
        &document.plan_hash,
        &crate::document::plan_hash(document),
    );
    let digest = crate::document::estate_digest(estate);
    if document.estate_digest != digest {
        found.problem(
            "estate_digest",
            format!("the plan is of another estate: this one has the digest {digest}"),
        );
        return None;
    }
    let view = view::View::new(document, estate, found)?;
    acts::check(document, &view, found);
    claims::check(document, &view, found);
    Some(view)
}

/// Says what of sampled worlds was not derived again.
fn tell_worlds(document: &PlanDocument, unseen: Option<Vec<&'static str>>, verdict: &mut Verdict) {
    let Some(entry) = &document.uncertainty else {
        return;
    };
    let unseen = unseen.unwrap_or_else(|| {
        let kept = (!entry.kept.is_empty()).then_some(seen::KEPT_SHARE);
        let shares = ["uncertainty.in_sample", "uncertainty.out_of_sample"];
        shares.into_iter().chain(kept).collect()
    });
    let is_proved = verdict.worlds.map(|proof| proof.bound_pence) == entry.lower_bound_pence;
    let bound = (!is_proved).then_some("uncertainty.lower_bound_pence");
    let is_held_known = verdict.worlds.is_some() || !unseen.contains(&"uncertainty.in_sample");
    let is_held = is_held_known && entry.reached_min == Some(entry.in_sample.held_already);
    let is_least = verdict.fewest.is_some() || is_held;
    let least = entry.reached_min.filter(|_| !is_least);
    let least = least.map(|_| "uncertainty.reached_min");
    let fields = unseen.into_iter().chain(bound).chain(least);
    verdict.unchecked.extend(fields.map(str::to_owned));
}

/// What the worlds of the plan are drawn from, if it says so.
fn urn(document: &PlanDocument, view: &view::View<'_>, found: &mut Findings) -> Option<sample::Urn> {
    let entry = document.uncertainty.as_ref()?;
    let drawn = [entry.in_sample.worlds, entry.out_of_sample.worlds / 10];
    if drawn.into_iter().any(|worlds| worlds > crate::limits::WORLDS_MAX) {
        found.problem("uncertainty", "it says of too many worlds what comes of the plan");
        return None;
    }
    if entry.may_be_held.is_empty() {
        return None;
    }
    sample::Urn::new(document, entry, view, found)
}

/// Problems as they are found.
#[derive(Debug, Default)]
struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    fn problem(&mut self, field: &str, text: impl Into<String>) {
        self.problems.push(Problem {
            field: field.to_owned(),
            text: text.into(),
        });
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, field: &str, said: &T, found: &T) {
        if said != found {
            self.problem(
                field,
                format!("the plan says {said:?}, the check finds {found:?}"),
            );
        }
    }

    /// Compares numbers that were computed in another order.
    fn near(&mut self, field: &str, said: f64, found: f64) {
        if (said - found).abs() > 1e-6 * found.abs().max(1.0) {
            self.problem(field, format!("the plan says {said}, the check finds {found}"));
        }
    }

    fn verdict(self, optimality: Checked) -> Verdict {
        let unchecked = [
            "alternatives",
            "baselines",
            "the steps of jewels.path",
            "the steps of withdrawals.stops",
        ];
        Verdict {
            problems: self.problems,
            optimality,
            proof: None,
            refuted: None,
            worlds: None,
            fewest: None,
            unchecked: unchecked.into_iter().map(str::to_owned).collect(),
        }
    }
}
