//! The rules of one log source, ready to run.

use rsigma_eval::compiler::{CompiledRule, evaluate_rule};

use super::gate::{Frequencies, Trigger, gate};
use super::literals::{LiteralDraft, LiteralId, Literals};
use super::load::RuleSet;
use super::memo::{Memo, Owner};
use super::names::{COMPOSED, Names, Rank};
use super::program::{ANY_TEXT, Item, Node, Program, SlotId, Test};
use super::rule::RuleId;
use super::sieve::Sieve;
use super::source::Source;
use super::view::{View, event_value};
use crate::record::{Record, Value};
use rsigma_eval::{CompiledMatcher, EventValue};

/// A rule of this source: its condition, or the whole of it for rsigma to evaluate.
#[derive(Debug)]
enum Condition {
    Own(Node),
    Foreign(Box<CompiledRule>),
}

/// The rules of one log source.
#[derive(Debug)]
pub(super) struct Route {
    /// Tells it from the other routes of its detector.
    number: u32,
    source: Source,
    rules: Vec<(RuleId, Condition)>,
    /// Rules, by position in `rules`, tried on every record.
    always: Vec<u32>,
    /// Rules by literal.
    by_literal: Vec<Box<[u32]>>,
    /// Rules by slot.
    by_presence: Vec<Vec<u32>>,
    /// Literals by slot.
    literals: Vec<Literals>,
    /// Whether a record may hold a literal of keywords.
    keywords: Sieve,
    /// Record field name to slots.
    names: Names,
    items: Vec<Item>,
    matchers: Vec<CompiledMatcher>,
    literal_count: usize,
}

impl Route {
    pub(super) fn compile(number: u32, source: &Source, set: &RuleSet) -> Self {
        let mut program = Program::new();
        let chosen = set
            .rules()
            .iter()
            .zip(&set.compiled)
            .filter(|(rule, _)| source.runs(&rule.log_source));
        let (ids, compiled): (Vec<RuleId>, Vec<&CompiledRule>) =
            chosen.map(|(rule, own)| (rule.id, own)).unzip();
        let nodes: Vec<Option<Node>> = compiled.iter().map(|rule| program.compile(rule)).collect();
        let frequencies = Frequencies::guess(&program, &nodes);
        let mut route = Self {
            number,
            source: source.clone(),
            rules: Vec::with_capacity(ids.len()),
            always: Vec::new(),
            by_literal: Vec::new(),
            by_presence: Vec::new(),
            literals: Vec::new(),
            keywords: Sieve::new(program.literals.iter().take(1).flat_map(LiteralDraft::needles)),
            names: Names::new(&program.slots, source.mapping()),
            items: Vec::new(),
            matchers: Vec::new(),
            literal_count: program.literal_count as usize,
        };
        let mut by_literal = vec![Vec::new(); route.literal_count];
        route.by_presence.resize(program.literals.len(), Vec::new());
        for (at, (node, rule)) in nodes.into_iter().zip(compiled).enumerate() {
            let gate = node.as_ref().and_then(|node| gate(node, &program, &frequencies));
            route.place(at as u32, gate.map(|gate| gate.triggers), &mut by_literal);
            let condition = node.map_or_else(|| Condition::Foreign(Box::new(rule.clone())), Condition::Own);
            route.rules.extend(ids.get(at).map(|id| (*id, condition)));
        }
        route.by_literal = by_literal.into_iter().map(Vec::into_boxed_slice).collect();
        route.items = program.items;
        route.matchers = program.matchers;
        route.literals = program.literals.into_iter().map(LiteralDraft::compile).collect();
        route
    }

    fn place(&mut self, rule: u32, triggers: Option<Vec<Trigger>>, by_literal: &mut [Vec<u32>]) {
        let Some(triggers) = triggers else {
            self.always.push(rule);
            return;
        };
        for trigger in triggers {
            let list = match trigger {
                Trigger::Literal(id) => by_literal.get_mut(id.index()),
                Trigger::Present(slot) => self.by_presence.get_mut(slot.index()),
            };
            if let Some(list) = list {
                list.push(rule);
            }
        }
    }

    pub(super) fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Reports every rule that matches, in no order. The record must be of this route's source.
    pub(super) fn matches(&self, record: &Record, desk: &mut Desk, found: &mut impl FnMut(RuleId)) {
        if self.rules.is_empty() {
            return;
        }
        let view = View::new(record, &self.source);
        desk.clear_for(
            self.items.len(),
            self.literals.len(),
            self.literal_count,
            self.rules.len(),
        );
        let values = self.lay_out(record, &view, desk);
        self.scan(&values, desk);
        self.scan_any_text(record, desk);
        let mut tried = std::mem::take(&mut desk.tried);
        let mut run = Run {
            route: self,
            view: &view,
            values: &values,
            desk,
        };
        for at in self.always.iter().chain(&tried) {
            match self.rules.get(*at as usize) {
                Some((id, Condition::Own(node))) if run.node(node) => found(*id),
                Some((id, Condition::Foreign(rule))) if evaluate_rule(rule, &view).is_some() => found(*id),
                _ => {}
            }
        }
        tried.clear();
        desk.tried = tried;
    }

    /// Finds the values of every slot that the record fills.
    fn lay_out<'v>(&self, record: &'v Record, view: &'v View<'_>, desk: &mut Desk) -> Vec<Laid<'v>> {
        let mut values = Vec::with_capacity(32);
        for (hash, name, value) in record.hashed_fields() {
            for (slot, rank) in self.names.slots(hash, name, &mut desk.folded) {
                let laid = Laid {
                    slot: *slot,
                    rank: *rank,
                    value,
                };
                lay(&mut desk.held, desk.epoch, laid, &mut values);
            }
        }
        for (name, text) in view.composed() {
            if let Some(slot) = self.composed_slot(name) {
                let laid = Laid {
                    slot,
                    rank: COMPOSED,
                    value: Value::Str(text),
                };
                lay(&mut desk.held, desk.epoch, laid, &mut values);
            }
        }
        values
    }

    /// The slot of a composed value: that of the rule field of its name.
    fn composed_slot(&self, name: &str) -> Option<SlotId> {
        self.names.own_slot(name)
    }

    /// Finds the literals that hold and the rules they make worth trying.
    fn scan(&self, values: &[Laid<'_>], desk: &mut Desk) {
        let mut folded = std::mem::take(&mut desk.folded);
        for laid in values {
            if desk.held(laid.slot).is_none_or(|held| held.rank != laid.rank) {
                continue;
            }
            if let Some(rules) = self.by_presence.get(laid.slot.index()) {
                rules.iter().for_each(|rule| desk.try_rule(*rule));
            }
            let Some(literals) = self
                .literals
                .get(laid.slot.index())
                .filter(|literals| !literals.is_empty())
            else {
                continue;
            };
            if let Value::Str(text) = laid.value {
                self.scan_text(text, laid.slot, literals, desk, &mut folded);
                continue;
            }
            let mut found = |id: LiteralId| self.holds(id, desk);
            match laid.value {
                Value::Int(number) if !literals.has_text() => literals.scan_number(number, &mut found),
                Value::Int(number) => literals.scan(&number.to_string(), &mut folded, &mut found),
                Value::Float(number) => literals.scan(&number.to_string(), &mut folded, &mut found),
                Value::Bool(truth) => {
                    literals.scan(if truth { "true" } else { "false" }, &mut folded, &mut found);
                }
                Value::Null | Value::Str(_) => {}
            }
        }
        desk.folded = folded;
    }

    /// Finds the literals of a text, from memory if it was met before.
    fn scan_text(&self, text: &str, slot: SlotId, literals: &Literals, desk: &mut Desk, folded: &mut String) {
        if !literals.has_text() {
            literals.scan(text, folded, &mut |id| self.holds(id, desk));
            return;
        }
        let owner = Owner {
            route: self.number,
            slot,
        };
        let memo = std::mem::take(&mut desk.memo);
        let vacancy = match memo.find(owner, text) {
            Ok(known) => {
                known.iter().for_each(|id| self.holds(*id, desk));
                None
            }
            Err(vacancy) => {
                desk.found.clear();
                let mut found = std::mem::take(&mut desk.found);
                literals.scan(text, folded, &mut |id| found.push(id));
                found.iter().for_each(|id| self.holds(*id, desk));
                desk.found = found;
                vacancy
            }
        };
        desk.memo = memo;
        if let Some(vacancy) = vacancy {
            desk.memo.keep(vacancy, text, &desk.found);
        }
    }

    fn scan_any_text(&self, record: &Record, desk: &mut Desk) {
        let Some(literals) = self
            .literals
            .get(ANY_TEXT.index())
            .filter(|literals| !literals.is_empty())
        else {
            return;
        };
        if !self.keywords.may_hold(record.haystack()) {
            return;
        }
        let mut folded = std::mem::take(&mut desk.folded);
        for (_, value) in record.fields() {
            if let Value::Str(text) = value {
                literals.scan(text, &mut folded, &mut |id| self.holds(id, desk));
            }
        }
        desk.folded = folded;
    }

    fn holds(&self, id: LiteralId, desk: &mut Desk) {
        if desk.note_literal(id)
            && let Some(rules) = self.by_literal.get(id.index())
        {
            rules.iter().for_each(|rule| desk.try_rule(*rule));
        }
    }
}

/// A value of a slot.
#[derive(Clone, Copy, Debug)]
struct Laid<'v> {
    slot: SlotId,
    rank: Rank,
    value: Value<'v>,
}

/// What a slot holds: the first of its values, and whether there are more.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    epoch: u32,
    first: u32,
    rank: Rank,
    several: bool,
}

/// Room to work in, kept from record to record. Marks carry the number of the record they were made for (its *epoch*),
/// so that nothing has to be cleared.
#[derive(Debug, Default)]
pub(super) struct Desk {
    epoch: u32,
    held: Vec<Held>,
    literals: Vec<u32>,
    /// Twice the epoch, and one more if the item is true.
    items: Vec<u32>,
    rules: Vec<u32>,
    tried: Vec<u32>,
    /// Literals of the value being looked at.
    found: Vec<LiteralId>,
    memo: Memo,
    folded: String,
}

impl Desk {
    fn clear_for(&mut self, items: usize, slots: usize, literals: usize, rules: usize) {
        if self.epoch >= u32::MAX / 2 - 1 {
            *self = Self::default();
        }
        self.epoch += 1;
        grow(&mut self.items, items);
        grow(&mut self.held, slots);
        grow(&mut self.literals, literals);
        grow(&mut self.rules, rules);
    }

    fn held(&self, slot: SlotId) -> Option<&Held> {
        self.held
            .get(slot.index())
            .filter(|held| held.epoch == self.epoch)
    }

    fn try_rule(&mut self, rule: u32) {
        if let Some(mark) = self.rules.get_mut(rule as usize)
            && *mark != self.epoch
        {
            *mark = self.epoch;
            self.tried.push(rule);
        }
    }

    /// Notes that a literal holds; false if that was known.
    fn note_literal(&mut self, id: LiteralId) -> bool {
        let epoch = self.epoch;
        self.literals
            .get_mut(id.index())
            .is_some_and(|mark| std::mem::replace(mark, epoch) != epoch)
    }

    fn literal(&self, id: LiteralId) -> bool {
        self.literals.get(id.index()) == Some(&self.epoch)
    }
}

/// Notes a value of a slot, unless the record has one under a better name.
fn lay<'v>(held: &mut [Held], epoch: u32, laid: Laid<'v>, values: &mut Vec<Laid<'v>>) {
    let Some(held) = held.get_mut(laid.slot.index()) else {
        return;
    };
    if held.epoch != epoch || laid.rank < held.rank {
        *held = Held {
            epoch,
            first: values.len() as u32,
            rank: laid.rank,
            several: false,
        };
    } else if laid.rank == held.rank {
        held.several = true;
    } else {
        return;
    }
    values.push(laid);
}

fn grow<T: Clone + Default>(marks: &mut Vec<T>, count: usize) {
    if marks.len() < count {
        marks.resize(count, T::default());
    }
}

/// The evaluation of conditions on one record.
struct Run<'r, 'v> {
    route: &'r Route,
    view: &'v View<'v>,
    values: &'r [Laid<'v>],
    desk: &'r mut Desk,
}

impl Run<'_, '_> {
    fn node(&mut self, node: &Node) -> bool {
        match node {
            Node::Item(id) => self.item(*id),
            Node::All(parts) => parts.iter().all(|part| self.node(part)),
            Node::Any(parts) => parts.iter().any(|part| self.node(part)),
            Node::Not(part) => !self.node(part),
            Node::AtLeast(least, parts) => {
                let mut found = 0;
                parts.iter().any(|part| {
                    found += u64::from(self.node(part));
                    found >= *least
                })
            }
            Node::Keyword(matcher, _) => {
                let matcher = self.route.matchers.get(*matcher as usize);
                matcher.is_some_and(|matcher| matcher.matches_keyword(self.view))
            }
            Node::Constant(truth) => *truth,
        }
    }

    fn item(&mut self, id: u32) -> bool {
        let at = id as usize;
        let answered = self.desk.items.get(at).copied().unwrap_or(0);
        if answered >> 1 == self.desk.epoch {
            return answered & 1 == 1;
        }
        let truth = self.route.items.get(at).is_some_and(|item| self.answer(item));
        if let Some(place) = self.desk.items.get_mut(at) {
            *place = (self.desk.epoch << 1) | u32::from(truth);
        }
        truth
    }

    fn answer(&self, item: &Item) -> bool {
        let held = self.desk.held(item.slot).copied();
        let first = held
            .and_then(|held| self.values.get(held.first as usize))
            .map(|laid| laid.value);
        if let Some(expected) = item.exists {
            let several = held.is_some_and(|held| held.several);
            return expected == (several || first.is_some_and(|value| value != Value::Null));
        }
        let (Some(held), Some(first)) = (held, first) else {
            return item.absent_matches;
        };
        if held.several {
            item.matcher
                .matches(&self.several(item.slot, held.rank), self.view)
        } else if first == Value::Null {
            item.matcher.matches(&EventValue::Null, self.view)
        } else {
            self.test(&item.test, first)
        }
    }

    fn several(&self, slot: SlotId, rank: Rank) -> EventValue<'_> {
        let own = self
            .values
            .iter()
            .filter(|laid| laid.slot == slot && laid.rank == rank);
        EventValue::Array(own.map(|laid| event_value(laid.value)).collect())
    }

    /// A test of the one value of a slot.
    fn test(&self, test: &Test, value: Value<'_>) -> bool {
        match test {
            Test::Literal(id) => self.desk.literal(*id),
            Test::Any(parts) => parts.iter().any(|part| self.test(part, value)),
            Test::All(parts) => parts.iter().all(|part| self.test(part, value)),
            Test::Not(part) => !self.test(part, value),
            Test::Matcher(id) => {
                let matcher = self.route.matchers.get(*id as usize);
                matcher.is_some_and(|matcher| matcher.matches(&event_value(value), self.view))
            }
        }
    }
}
