//! Which rules are worth trying on a record.
//!
//! A *gate* of a condition is a set of triggers at least one of which every matching record pulls. A conjunction has a
//! gate if one of its members has (the rarest is taken), a disjunction if all have (their union), a negation has none.
//! A rule without a gate is tried on every record.

use super::literals::LiteralId;
use super::program::{Item, Node, Program, SlotId, Test};

/// Something of a record that makes rules worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trigger {
    Literal(LiteralId),
    Present(SlotId),
}

/// Triggers, and how many of a hundred thousand records are guessed to pull at least one.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) triggers: Vec<Trigger>,
    frequency: u64,
}

/// How often a literal is guessed to hold, by number of the literal.
pub(super) struct Frequencies(Vec<u64>);

/// A field that is merely there.
const PRESENT: u64 = 100_000;

impl Frequencies {
    /// A text that many rules name is one that many harmless records hold too (`\powershell.exe`); a short one is
    /// found everywhere.
    pub(super) fn guess(program: &Program, nodes: &[Option<Node>]) -> Self {
        let mut named = vec![0; program.literal_count as usize];
        for item in nodes.iter().flatten() {
            count(item, program, &mut named);
        }
        let lengths = program.literal_lengths();
        let guess = named
            .iter()
            .zip(lengths)
            .map(|(named, length)| frequency(length).saturating_mul(2 + named));
        Self(guess.collect())
    }

    fn of(&self, literal: LiteralId) -> u64 {
        self.0.get(literal.index()).copied().unwrap_or(PRESENT)
    }
}

fn count(node: &Node, program: &Program, named: &mut [u64]) {
    match node {
        Node::Item(id) => {
            if let Some(item) = program.items.get(*id as usize) {
                count_test(&item.test, named);
            }
        }
        Node::Keyword(_, test) => count_test(test, named),
        Node::All(parts) | Node::Any(parts) | Node::AtLeast(_, parts) => {
            parts.iter().for_each(|part| count(part, program, named));
        }
        Node::Not(part) => count(part, program, named),
        Node::Constant(_) => {}
    }
}

fn count_test(test: &Test, named: &mut [u64]) {
    match test {
        Test::Literal(id) => {
            if let Some(count) = named.get_mut(id.index()) {
                *count += 1;
            }
        }
        Test::Any(parts) | Test::All(parts) => parts.iter().for_each(|part| count_test(part, named)),
        Test::Not(part) => count_test(part, named),
        Test::Matcher(_) => {}
    }
}

/// Of a hundred thousand records, those in which a text of this length is guessed to stand.
fn frequency(length: usize) -> u64 {
    match length {
        0 => 300,
        1..=2 => 20_000,
        3..=4 => 5_000,
        5..=7 => 1_200,
        8..=12 => 300,
        _ => 60,
    }
}

pub(super) fn gate(node: &Node, program: &Program, frequencies: &Frequencies) -> Option<Gate> {
    match node {
        Node::Item(id) => item_gate(program.items.get(*id as usize)?, frequencies),
        Node::Keyword(_, test) => test_gate(test, frequencies),
        Node::All(parts) => rarest(parts.iter().map(|part| gate(part, program, frequencies))),
        Node::Any(parts) => union(parts.iter().map(|part| gate(part, program, frequencies))),
        Node::AtLeast(_, parts) => union(parts.iter().map(|part| gate(part, program, frequencies))),
        Node::Not(_) | Node::Constant(true) => None,
        Node::Constant(false) => Some(Gate {
            triggers: Vec::new(),
            frequency: 0,
        }),
    }
}

fn item_gate(item: &Item, frequencies: &Frequencies) -> Option<Gate> {
    let present = Gate {
        triggers: vec![Trigger::Present(item.slot)],
        frequency: PRESENT,
    };
    match item.exists {
        Some(false) => None,
        Some(true) => Some(present),
        None if item.absent_matches => None,
        None => test_gate(&item.test, frequencies).or(Some(present)),
    }
}

fn test_gate(test: &Test, frequencies: &Frequencies) -> Option<Gate> {
    match test {
        Test::Literal(id) => Some(Gate {
            triggers: vec![Trigger::Literal(*id)],
            frequency: frequencies.of(*id),
        }),
        Test::Any(parts) => union(parts.iter().map(|part| test_gate(part, frequencies))),
        Test::All(parts) => rarest(parts.iter().map(|part| test_gate(part, frequencies))),
        Test::Not(_) | Test::Matcher(_) => None,
    }
}

fn rarest(gates: impl Iterator<Item = Option<Gate>>) -> Option<Gate> {
    gates
        .flatten()
        .min_by_key(|gate| (gate.frequency, gate.triggers.len()))
}

fn union(gates: impl Iterator<Item = Option<Gate>>) -> Option<Gate> {
    let mut sum = Gate {
        triggers: Vec::new(),
        frequency: 0,
    };
    for gate in gates {
        let gate = gate?;
        sum.triggers.extend(gate.triggers);
        sum.frequency = sum.frequency.saturating_add(gate.frequency);
    }
    sum.triggers.sort_unstable();
    sum.triggers.dedup();
    Some(sum)
}
