//! The compiled graph against the plain meaning of the rules, on random estates with circles.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{Entity, Estate};
use cordon_reach::testing::{arbitrary_estate, arbitrary_footholds, arbitrary_options, arbitrary_withdrawn};
use cordon_reach::{
    Base, Deadlines, Derivation, Derived, Exposure, Fact, FactId, FactSet, Graph, LATEST_SECONDS, Options,
    Scratch, Until, naive,
};
use proptest::prelude::*;

const ACCESSES: usize = 24;

fn set(graph: &Graph, bases: &[Base]) -> FactSet {
    bases.iter().filter_map(|base| graph.base(*base)).collect()
}

/// What the naive twin speaks of.
fn plain(graph: &Graph, exposure: &Exposure<'_>) -> BTreeMap<Derived, u32> {
    let told = exposure
        .facts()
        .filter_map(|fact| match graph.describe(fact).unwrap() {
            Fact::Derived(
                Derived::Granted(..)
                | Derived::ConnectsToZone(..)
                | Derived::ConnectsToSystem(..)
                | Derived::ConnectsToInternet(_)
                | Derived::ConnectsToUnplaced(_),
            ) => None,
            Fact::Derived(derived) => Some((derived, exposure.arrival_seconds(fact).unwrap())),
            Fact::Base(base) => panic!("{base:?} is no derived fact"),
        });
    told.collect()
}

/// A derivation holds together: premises before conclusions, times that add up, nothing withdrawn, and in an
/// estate in which nothing else stands the naive twin still reaches the fact at the same time.
fn assert_valid(
    estate: &Estate,
    options: &Options,
    graph: &Graph,
    footholds: &[Entity],
    withdrawn: &[Base],
    fact: FactId,
    derivation: &Derivation,
) {
    let mut known: BTreeMap<FactId, f64> = derivation.base_facts.iter().map(|fact| (*fact, 0.0)).collect();
    for step in &derivation.steps {
        let latest = step
            .premises
            .iter()
            .map(|premise| known[premise])
            .fold(0.0, f64::max);
        let expected = latest + f64::from(options.pace.seconds(step.rule)) / 60.0;
        assert!(
            (step.minutes - expected).abs() < 1e-6,
            "{step:?} should take until {expected}"
        );
        assert_eq!(
            known.insert(step.conclusion, step.minutes),
            None,
            "gained twice: {step:?}"
        );
    }
    assert_eq!(derivation.steps.last().unwrap().conclusion, fact);
    let bases: BTreeSet<Base> = derivation
        .base_facts
        .iter()
        .map(|fact| match graph.describe(*fact).unwrap() {
            Fact::Base(base) => base,
            Fact::Derived(derived) => panic!("{derived:?} is no base fact"),
        })
        .collect();
    assert!(withdrawn.iter().all(|base| !bases.contains(base)));
    let Fact::Derived(derived) = graph.describe(fact).unwrap() else {
        panic!("not derived")
    };
    let alone = naive::reach(estate, options, footholds, &|base, _| bases.contains(&base));
    let seconds = (derivation.steps.last().unwrap().minutes * 60.0).round() as u32;
    assert_eq!(
        alone.get(&derived),
        Some(&seconds),
        "{derived:?} does not follow from {bases:?}"
    );
}

/// Every fact that is reached, with its arrival in seconds.
fn arrivals(exposure: &Exposure<'_>) -> Vec<(FactId, Option<u32>)> {
    exposure
        .facts()
        .map(|fact| (fact, exposure.arrival_seconds(fact)))
        .collect()
}

/// That all is reached as wanted, and said to be new if it was not among the first.
fn same_and_new(
    exposure: &Exposure<'_>,
    new: &[FactId],
    wanted: &Exposure<'_>,
    first: &[(FactId, Option<u32>)],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(exposure.facts().len(), wanted.facts().len());
    for fact in wanted.facts() {
        prop_assert_eq!(exposure.arrival_seconds(fact), wanted.arrival_seconds(fact));
        prop_assert_eq!(new.contains(&fact), first.iter().all(|(known, _)| *known != fact));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn the_graph_reaches_what_the_naive_twin_reaches_at_the_same_time(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        withdrawn in arbitrary_withdrawn(ACCESSES),
        options in arbitrary_options(),
    ) {
        let graph = Graph::compile(&estate, &options);
        let mut scratch = Scratch::new();
        let gone: BTreeSet<Base> = withdrawn.iter().copied().collect();
        let exposure = graph.chain(&footholds, &set(&graph, &withdrawn), &mut scratch);
        let expected = naive::reach_without(&estate, &options, &footholds, &gone);
        prop_assert_eq!(plain(&graph, &exposure), expected);
        let everything = naive::reach_without(&estate, &options, &footholds, &BTreeSet::new());
        let exposure = graph.chain(&footholds, &FactSet::new(), &mut scratch);
        prop_assert_eq!(plain(&graph, &exposure), everything, "working memory was not clean");
    }

    #[test]
    fn the_race_is_the_naive_one(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        gone in prop::collection::btree_map(arbitrary_withdrawn(ACCESSES), 0u32..2_000, 0..4),
    ) {
        let options = Options::default();
        let graph = Graph::compile(&estate, &options);
        let mut at: BTreeMap<Base, u32> = BTreeMap::new();
        for (bases, seconds) in &gone {
            at.extend(bases.iter().map(|base| (*base, *seconds)));
        }
        let mut deadlines = Deadlines::default();
        let known = at.iter().filter_map(|(base, seconds)| Some((graph.base(*base)?, *seconds)));
        deadlines.gone_at_seconds.extend(known);
        deadlines.gone_at_seconds.sort_unstable();
        let mut scratch = Scratch::new();
        let exposure = graph.chain_until(&footholds, &deadlines, Until::Everything, &mut scratch);
        let stands = |base: Base, seconds: u32| at.get(&base).is_none_or(|gone| seconds < *gone);
        prop_assert_eq!(plain(&graph, &exposure), naive::reach(&estate, &options, &footholds, &stands));
    }

    #[test]
    fn few_facts_give_what_they_give_among_all(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        named in arbitrary_withdrawn(ACCESSES),
        only_named in any::<bool>(),
        options in arbitrary_options(),
    ) {
        let named: BTreeSet<Base> = named.into_iter().collect();
        let mut standing: BTreeSet<Base> = footholds.iter().map(|one| Base::foothold(*one)).collect();
        standing.insert(Base::Internet);
        if only_named {
            standing.extend(&named);
        } else {
            standing.extend(estate.accesses_with_ids().map(|(id, _)| Base::Access(id)));
            standing.extend(estate.accounts_with_ids().map(|(id, _)| Base::Enabled(id)));
            standing.extend(estate.systems_with_ids().map(|(id, _)| Base::Connected(id)));
            standing.retain(|fact| !named.contains(fact));
        }
        let found = naive::FewFacts::new(&estate, &options).reach(&footholds, &standing);
        let mut expected = naive::reach(&estate, &options, &footholds, &|base, _| standing.contains(&base));
        let is_asked = |fact: &Derived| match *fact {
            Derived::Holds(id) => standing.contains(&Base::Enabled(id)),
            _ => true,
        };
        expected.retain(|fact, _| is_asked(fact));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn every_derivation_is_one(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        withdrawn in arbitrary_withdrawn(ACCESSES),
        options in arbitrary_options(),
    ) {
        let graph = Graph::compile(&estate, &options);
        let mut scratch = Scratch::new();
        let exposure = graph.chain(&footholds, &set(&graph, &withdrawn), &mut scratch);
        for (derived, _) in plain(&graph, &exposure) {
            let fact = graph.derived(derived).unwrap();
            let derivation = exposure.derivation(fact).unwrap();
            prop_assert_eq!(&exposure.rests_on(fact), &derivation.base_facts);
            assert_valid(&estate, &options, &graph, &footholds, &withdrawn, fact, &derivation);
        }
    }

    #[test]
    fn withdrawing_more_never_reaches_more_or_sooner(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        withdrawn in arbitrary_withdrawn(ACCESSES),
        more in arbitrary_withdrawn(ACCESSES),
    ) {
        let graph = Graph::compile(&estate, &Options::default());
        let (mut before, mut after) = (Scratch::new(), Scratch::new());
        let mut gone = set(&graph, &withdrawn);
        let before = graph.chain(&footholds, &gone, &mut before);
        gone.extend(more.iter().filter_map(|base| graph.base(*base)));
        let after = graph.chain(&footholds, &gone, &mut after);
        for fact in after.facts() {
            prop_assert!(before.reached(fact));
            prop_assert!(before.arrival_seconds(fact) <= after.arrival_seconds(fact));
        }
    }

    #[test]
    fn what_is_restored_reaches_what_it_would_have_and_leaves_no_trace(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        withdrawn in arbitrary_withdrawn(ACCESSES),
        some in prop::collection::vec(any::<bool>(), 32),
    ) {
        let graph = Graph::compile(&estate, &Options::default());
        let all = set(&graph, &withdrawn);
        let (restored, left): (Vec<_>, Vec<_>) = withdrawn.iter().zip(&some).partition(|(_, some)| **some);
        let left: Vec<Base> = left.into_iter().map(|(base, _)| *base).filter(|base| {
            restored.iter().all(|(one, _)| *one != base)
        }).collect();
        let mut restored: Vec<FactId> = restored.into_iter().filter_map(|(base, _)| graph.base(*base)).collect();
        restored.sort_unstable();
        restored.dedup();
        let mut other = Scratch::new();
        let wanted = graph.chain(&footholds, &set(&graph, &left), &mut other);
        let mut memory = Scratch::new();
        let first = arrivals(&graph.chain(&footholds, &all, &mut memory));
        let resting = graph.resting_on(&all, &footholds);
        for _ in 0..2 {
            graph.with_restored(&resting, &all, &restored, &mut memory, |exposure, new| {
                same_and_new(&exposure, new, &wanted, &first)?;
                for (derived, _) in plain(&graph, &exposure) {
                    let fact = graph.derived(derived).unwrap();
                    let derivation = exposure.derivation(fact).unwrap();
                    assert_valid(&estate, &Options::default(), &graph, &footholds, &left, fact, &derivation);
                }
                Ok::<(), TestCaseError>(())
            })?;
            prop_assert_eq!(&arrivals(&graph.last_chained(&memory)), &first);
        }
    }

    #[test]
    fn what_is_held_besides_reaches_what_it_would_have_and_leaves_no_trace(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        further in arbitrary_footholds(),
        withdrawn in arbitrary_withdrawn(ACCESSES),
        seconds_max in 0..3_000_u32,
    ) {
        let graph = Graph::compile(&estate, &Options::default());
        let gone = set(&graph, &withdrawn);
        let together: Vec<_> = footholds.iter().chain(&further).copied().collect();
        let mut other = Scratch::new();
        let wanted = graph.chain(&together, &gone, &mut other);
        let mut memory = Scratch::new();
        let first = arrivals(&graph.chain(&footholds, &gone, &mut memory));
        for _ in 0..2 {
            graph.with_further(&further, &gone, seconds_max, &mut memory, |exposure, _| {
                for fact in wanted.facts() {
                    let (said, wanted) = (exposure.arrival_seconds(fact), wanted.arrival_seconds(fact));
                    prop_assert!(said == wanted || wanted > Some(seconds_max) && said.is_none_or(|said| Some(said) > wanted));
                }
                Ok(())
            })?;
            graph.with_further(&further, &gone, LATEST_SECONDS, &mut memory, |exposure, new| {
                same_and_new(&exposure, new, &wanted, &first)?;
                for (derived, _) in plain(&graph, &exposure) {
                    let fact = graph.derived(derived).unwrap();
                    let derivation = exposure.derivation(fact).unwrap();
                    assert_valid(&estate, &Options::default(), &graph, &together, &withdrawn, fact, &derivation);
                }
                Ok::<(), TestCaseError>(())
            })?;
            prop_assert_eq!(&arrivals(&graph.last_chained(&memory)), &first);
        }
    }

    #[test]
    fn a_kernel_reaches_the_same_goals_and_stopping_early_finds_them(
        estate in arbitrary_estate(ACCESSES),
        footholds in arbitrary_footholds(),
        withdrawn in arbitrary_withdrawn(ACCESSES),
        goals in prop::collection::vec(0u32..6, 1..3),
    ) {
        let graph = Graph::compile(&estate, &Options::default());
        let goals: Vec<FactId> = goals
            .into_iter()
            .map(|id| graph.derived(Derived::RunsOn(cordon_estate::SystemId(id))).unwrap())
            .collect();
        let gone = set(&graph, &withdrawn);
        let (mut one, mut two, mut three) = (Scratch::new(), Scratch::new(), Scratch::new());
        let kernel = graph.kernel(&footholds, &goals, &mut one);
        prop_assert!(kernel.rules() <= graph.rules());
        let whole = graph.chain(&footholds, &gone, &mut one);
        let small = kernel.chain(&footholds, &gone, &mut two);
        let early = graph.chain_until(&footholds, &gone, Until::All(&goals), &mut three);
        for goal in &goals {
            prop_assert_eq!(whole.arrival_seconds(*goal), small.arrival_seconds(*goal));
            prop_assert_eq!(whole.arrival_seconds(*goal), early.arrival_seconds(*goal));
        }
        let first = goals.iter().filter_map(|goal| whole.arrival_seconds(*goal)).min();
        let early = graph.chain_until(&footholds, &gone, Until::Any(&goals), &mut three);
        prop_assert_eq!(goals.iter().filter_map(|goal| early.arrival_seconds(*goal)).min(), first);
        for goal in goals.iter().filter(|goal| whole.reached(**goal)) {
            let relevant = graph.relevant_to(&goals);
            let derivation = whole.derivation(*goal).unwrap();
            prop_assert!(derivation.base_facts.iter().all(|base| relevant.contains(*base)));
        }
    }

    #[test]
    fn every_fact_has_its_number_back(estate in arbitrary_estate(ACCESSES)) {
        let graph = Graph::compile(&estate, &Options::default());
        for number in 0..graph.facts() as u32 {
            let fact = graph.describe(FactId(number)).unwrap();
            let back = match fact {
                Fact::Base(base) => graph.base(base),
                Fact::Derived(derived) => graph.derived(derived),
            };
            // The number for "outside" lies idle where the internet is a declared zone.
            let idle = estate.internet().is_some()
                && matches!(fact, Fact::Derived(Derived::OnInternet | Derived::ConnectsToInternet(_)));
            prop_assert!(back == Some(FactId(number)) || idle, "{:?}", fact);
            prop_assert!(!fact.text(&estate).is_empty());
        }
        prop_assert_eq!(graph.describe(FactId(graph.facts() as u32)), None);
    }
}
