//! The compiled graph: rules over dense fact ids, grouped by the premise that wakes them.

mod compiled;
mod emit;
pub(crate) mod masks;
mod numbering;
mod options;
pub(crate) mod rows;
mod view;

use std::sync::Arc;

use cordon_estate::{AccessKind, Estate};

pub(crate) use compiled::{NONE, Rule};
use numbering::Numbering;
use options::network_unknown;
pub use options::{Options, Unplaced};
pub use view::RuleView;

use crate::{Base, Derived, Fact, FactId, Pace, RuleKind};

/// Where the entries of one derived fact start.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    first: u32,
    second: u32,
}

/// A rule as its second premise knows it: its first premise, most often not gained yet, and its place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SecondRule {
    pub(crate) first: u32,
    pub(crate) place: u32,
}

/// The rules of an estate, compiled. It does not change; what is withdrawn is an argument of each chaining.
#[derive(Clone, Debug)]
pub struct Graph {
    numbering: Arc<Numbering>,
    /// Rules by first premise.
    rules: Vec<Rule>,
    /// For each derived fact, where its rules and its entries in `second_rules` start.
    rows: Vec<Row>,
    /// Rules by second premise.
    second_rules: Vec<SecondRule>,
    pub(crate) pace: Pace,
    /// True if who is outside is taken to be on the network.
    pub(crate) inside_from_outside: bool,
}

impl Graph {
    /// Compiles an estate, in time and memory linear in its accesses.
    ///
    /// Accesses that name something that does not exist are left out; a loaded estate has none.
    #[must_use]
    pub fn compile(estate: &Estate, options: &Options) -> Self {
        // Several passes follow, and where an access is known from is most of what it takes in memory.
        let kinds: Vec<AccessKind> = estate.accesses.iter().map(|access| access.kind).collect();
        let numbering = Numbering::of(estate, &kinds);
        let each = |sink: &mut dyn FnMut(Rule)| {
            emit::rules(estate, &kinds, &numbering, options, &mut |rule| sink(rule));
        };
        let mut graph = Self::from_rules(&numbering, options.pace.clone(), each);
        graph.inside_from_outside = network_unknown(estate);
        graph.numbering = Arc::new(numbering);
        graph
    }

    /// Two passes over the same rules: the first counts, the second places them.
    fn from_rules(numbering: &Numbering, pace: Pace, each: impl Fn(&mut dyn FnMut(Rule))) -> Self {
        let base = numbering.base_facts();
        let derived = (numbering.facts() - base) as usize;
        let (mut firsts, mut seconds) = (vec![0; derived + 1], vec![0; derived + 1]);
        each(&mut |rule: Rule| {
            rows::bump(&mut firsts, rule.first() - base);
            if rule.second() != NONE {
                rows::bump(&mut seconds, rule.second() - base);
            }
        });
        rows::sum(&mut firsts);
        rows::sum(&mut seconds);
        let mut rules = vec![Rule::EMPTY; firsts.last().map_or(0, |count| *count as usize)];
        let mut second_rules = vec![SecondRule::default(); seconds.last().map_or(0, |count| *count as usize)];
        let (mut next, mut next_second) = (firsts.clone(), seconds.clone());
        each(&mut |rule: Rule| {
            let place = rows::take(&mut next, rule.first() - base);
            if let Some(slot) = rules.get_mut(place as usize) {
                *slot = rule;
            }
            if rule.second() != NONE {
                let second = rows::take(&mut next_second, rule.second() - base);
                if let Some(slot) = second_rules.get_mut(second as usize) {
                    *slot = SecondRule {
                        first: rule.first(),
                        place,
                    };
                }
            }
        });
        let rows = firsts
            .into_iter()
            .zip(seconds)
            .map(|(first, second)| Row { first, second })
            .collect();
        let numbering = Arc::default();
        Self {
            numbering,
            rules,
            rows,
            second_rules,
            pace,
            inside_from_outside: false,
        }
    }

    /// The same facts with only the rules that `keep` admits.
    pub(crate) fn with_rules(&self, keep: impl Fn(&Rule) -> bool) -> Self {
        let each = |sink: &mut dyn FnMut(Rule)| {
            self.rules
                .iter()
                .filter(|rule| keep(rule))
                .for_each(|rule| sink(*rule))
        };
        let mut graph = Self::from_rules(&self.numbering, self.pace.clone(), each);
        graph.inside_from_outside = self.inside_from_outside;
        graph.numbering = Arc::clone(&self.numbering);
        graph
    }

    /// The id of a base fact; `None` if it is about something that the estate does not have.
    #[must_use]
    pub fn base(&self, base: Base) -> Option<FactId> {
        self.numbering.base(base)
    }

    /// The id of a derived fact; `None` if no rule could ever conclude it.
    #[must_use]
    pub fn derived(&self, derived: Derived) -> Option<FactId> {
        self.numbering.derived(derived)
    }

    /// What an id stands for.
    #[must_use]
    pub fn describe(&self, fact: FactId) -> Option<Fact> {
        (fact.0 < self.numbering.facts()).then(|| self.numbering.describe(fact))?
    }

    /// How many base facts there are: they have the ids below this.
    #[must_use]
    pub fn base_facts(&self) -> usize {
        self.numbering.base_facts() as usize
    }

    /// How many facts there are, base and derived.
    #[must_use]
    pub fn facts(&self) -> usize {
        self.numbering.facts() as usize
    }

    /// How many rules there are.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Bytes that the rules and their rows take.
    #[must_use]
    pub const fn rule_bytes(&self) -> usize {
        self.rules.len() * size_of::<Rule>()
            + self.rows.len() * size_of::<Row>()
            + self.second_rules.len() * size_of::<SecondRule>()
    }

    /// Premises of all rules together.
    #[must_use]
    pub fn premise_slots(&self) -> usize {
        self.rules.iter().map(|rule| rule.all_premises().count()).sum()
    }

    /// True if the fact can be withdrawn (a base fact of this graph).
    #[must_use]
    pub fn is_base(&self, fact: FactId) -> bool {
        fact.index() < self.base_facts()
    }

    pub(crate) fn rule(&self, place: u32) -> Option<&Rule> {
        self.rules.get(place as usize)
    }

    pub(crate) fn all_rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Rules that have the derived fact as first premise, with the place of the first of them; then the rules
    /// that have it as second premise.
    #[inline]
    pub(crate) fn woken_by(&self, row: usize) -> (u32, &[Rule], &[SecondRule]) {
        let (Some(start), Some(end)) = (self.rows.get(row), self.rows.get(row + 1)) else {
            return (0, &[], &[]);
        };
        let rules = self
            .rules
            .get(start.first as usize..end.first as usize)
            .unwrap_or(&[]);
        let second = self
            .second_rules
            .get(start.second as usize..end.second as usize)
            .unwrap_or(&[]);
        (start.first, rules, second)
    }

    #[inline]
    pub(crate) fn row_of(&self, fact: FactId) -> usize {
        (fact.0.wrapping_sub(self.numbering.base_facts())) as usize
    }

    /// What a derived fact that is given from the start rests on.
    pub(crate) fn source(&self, fact: FactId, kind: RuleKind) -> Option<FactId> {
        let Fact::Derived(derived) = self.describe(fact)? else {
            return None;
        };
        self.base(match (kind, derived) {
            (RuleKind::Outside, _) => Base::Internet,
            (_, Derived::Holds(id)) => Base::Credential(id),
            (_, Derived::RunsOn(id)) => Base::Presence(id),
            (_, Derived::OnZone(id)) => Base::Within(id),
            (_, Derived::ActsAs(id)) => Base::Posing(id),
            _ => return None,
        })
    }
}
