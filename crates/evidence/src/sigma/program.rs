//! The conditions of the rules of one log source, with every question asked once.
//!
//! Rules ask the same things: five hundred of them begin with `Image|endswith: \powershell.exe`. Here a condition is a
//! tree over numbered *items* (one field, one matcher); equal items of different rules are one item, and its answer is
//! kept for as long as a record is looked at. Inside an item, texts are [literals](super::literals); what is not a text
//! (regular expressions, networks, comparisons) stays the matcher of rsigma.

use rsigma_eval::CompiledMatcher;
use rsigma_eval::compiler::{CompiledDetection, CompiledDetectionItem, CompiledRule};
use rsigma_eval::matcher::GroupMode;
use rsigma_parser::{ConditionExpr, Quantifier};
use rustc_hash::FxHashMap;

use super::literals::{LiteralDraft, LiteralId, Position};

/// A field that rules of this source ask about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SlotId(pub(super) u32);

impl SlotId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The slot of keywords, which stands for every text of a record.
pub(super) const ANY_TEXT: SlotId = SlotId(0);

/// What is asked of one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Test {
    Literal(LiteralId),
    Any(Box<[Test]>),
    All(Box<[Test]>),
    Not(Box<Test>),
    /// By number in [`Program::matchers`].
    Matcher(u32),
}

/// One question about one field.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) slot: SlotId,
    /// The field must be there and not null, or must not.
    pub(super) exists: Option<bool>,
    /// An absent field satisfies it.
    pub(super) absent_matches: bool,
    pub(super) test: Test,
    /// The whole matcher, for a field that has several values.
    pub(super) matcher: CompiledMatcher,
}

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Item(u32),
    /// A keyword: rsigma's matcher over every text, by number in [`Program::matchers`], with its test for gating.
    Keyword(u32, Test),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    AtLeast(u64, Box<[Node]>),
    Not(Box<Node>),
    Constant(bool),
}

/// Everything the rules of one source ask.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) slots: FxHashMap<String, SlotId>,
    pub(super) literals: Vec<LiteralDraft>,
    pub(super) literal_count: u32,
    pub(super) items: Vec<Item>,
    pub(super) matchers: Vec<CompiledMatcher>,
    known_items: FxHashMap<(SlotId, Option<bool>, bool, Test), u32>,
    known_matchers: FxHashMap<String, u32>,
}

impl Program {
    pub(super) fn new() -> Self {
        Self {
            literals: vec![LiteralDraft::default()],
            ..Self::default()
        }
    }

    /// The condition of a rule, or nothing if it looks into arrays: then rsigma evaluates the whole rule.
    pub(super) fn compile(&mut self, rule: &CompiledRule) -> Option<Node> {
        let nodes: Option<Vec<Node>> = rule
            .conditions
            .iter()
            .map(|condition| self.condition(condition, rule))
            .collect();
        let nodes = nodes?;
        Some(self.any(nodes))
    }

    fn condition(&mut self, condition: &ConditionExpr, rule: &CompiledRule) -> Option<Node> {
        let mut each = |parts: &[ConditionExpr]| -> Option<Vec<Node>> {
            parts.iter().map(|part| self.condition(part, rule)).collect()
        };
        Some(match condition {
            ConditionExpr::And(parts) => {
                let parts = each(parts)?;
                self.all(parts)
            }
            ConditionExpr::Or(parts) => {
                let parts = each(parts)?;
                self.any(parts)
            }
            ConditionExpr::Not(part) => Node::Not(Box::new(self.condition(part, rule)?)),
            ConditionExpr::Identifier(name) => match rule.detections.get(name) {
                Some(detection) => self.detection(detection)?,
                None => Node::Constant(false),
            },
            ConditionExpr::Selector { quantifier, pattern } => {
                // A hash map has no order; sorted names make equal rules equal programs.
                let mut names: Vec<&String> = rule
                    .detections
                    .keys()
                    .filter(|name| pattern.matches_detection_name(name))
                    .collect();
                names.sort_unstable();
                let detections = names.into_iter().filter_map(|name| rule.detections.get(name));
                let nodes: Vec<Node> = detections
                    .map(|detection| self.detection(detection))
                    .collect::<Option<_>>()?;
                match quantifier {
                    Quantifier::Any | Quantifier::Count(1) => self.any(nodes),
                    Quantifier::All => self.all(nodes),
                    Quantifier::Count(0) => Node::Constant(true),
                    Quantifier::Count(least) => Node::AtLeast(*least, nodes.into()),
                }
            }
        })
    }

    fn detection(&mut self, detection: &CompiledDetection) -> Option<Node> {
        Some(match detection {
            CompiledDetection::AllOf(items) => {
                let nodes = items.iter().map(|item| self.item(item)).collect();
                self.all(nodes)
            }
            CompiledDetection::AnyOf(parts) => {
                let nodes = self.detections(parts)?;
                self.any(nodes)
            }
            CompiledDetection::And(parts) => {
                let nodes = self.detections(parts)?;
                self.all(nodes)
            }
            CompiledDetection::Keywords(matcher) => self.keyword(matcher),
            CompiledDetection::ArrayMatch { .. } | CompiledDetection::Conditional { .. } => return None,
        })
    }

    fn detections(&mut self, parts: &[CompiledDetection]) -> Option<Vec<Node>> {
        parts.iter().map(|part| self.detection(part)).collect()
    }

    fn item(&mut self, item: &CompiledDetectionItem) -> Node {
        let Some(field) = &item.field else {
            return match item.exists {
                Some(expected) => Node::Constant(!expected),
                None => self.keyword(&item.matcher),
            };
        };
        let slot = self.slot(field);
        let test = self.test(&item.matcher, slot);
        let absent_matches = matches!(item.matcher, CompiledMatcher::Null);
        let key = (slot, item.exists, absent_matches, test);
        if let Some(known) = self.known_items.get(&key) {
            return Node::Item(*known);
        }
        let id = self.items.len() as u32;
        self.items.push(Item {
            slot,
            exists: item.exists,
            absent_matches,
            test: key.3.clone(),
            matcher: item.matcher.clone(),
        });
        self.known_items.insert(key, id);
        Node::Item(id)
    }

    fn keyword(&mut self, matcher: &CompiledMatcher) -> Node {
        let test = self.test(matcher, ANY_TEXT);
        Node::Keyword(self.matcher(matcher), test)
    }

    fn slot(&mut self, field: &str) -> SlotId {
        if let Some(known) = self.slots.get(field) {
            return *known;
        }
        let slot = SlotId(self.literals.len() as u32);
        self.literals.push(LiteralDraft::default());
        self.slots.insert(field.to_owned(), slot);
        slot
    }

    fn test(&mut self, matcher: &CompiledMatcher, slot: SlotId) -> Test {
        match matcher {
            CompiledMatcher::Contains {
                value,
                case_insensitive: true,
            } => self.needle(matcher, value, Position::Anywhere, slot),
            CompiledMatcher::StartsWith {
                value,
                case_insensitive: true,
            } => self.needle(matcher, value, Position::Start, slot),
            CompiledMatcher::EndsWith {
                value,
                case_insensitive: true,
            } => self.needle(matcher, value, Position::End, slot),
            // A keyword is compared with every text; there the value is only found, and then asked of rsigma.
            CompiledMatcher::Exact {
                value,
                case_insensitive: true,
            } if slot == ANY_TEXT => self.needle(matcher, value, Position::Anywhere, slot),
            CompiledMatcher::Exact {
                value,
                case_insensitive: true,
            } => self.whole(value, slot),
            CompiledMatcher::AhoCorasickSet {
                needles,
                case_insensitive: true,
                ..
            } if needles.iter().all(|needle| !needle.is_empty()) => {
                let found = needles
                    .iter()
                    .map(|needle| self.needle(matcher, needle, Position::Anywhere, slot));
                Test::Any(found.collect())
            }
            CompiledMatcher::NumericEq(number) => self.number(matcher, *number, slot),
            CompiledMatcher::Not(inner) => Test::Not(Box::new(self.test(inner, slot))),
            CompiledMatcher::AnyOf(parts)
            | CompiledMatcher::CaseInsensitiveGroup {
                children: parts,
                mode: GroupMode::Any,
            } => Test::Any(parts.iter().map(|part| self.test(part, slot)).collect()),
            CompiledMatcher::AllOf(parts)
            | CompiledMatcher::CaseInsensitiveGroup {
                children: parts,
                mode: GroupMode::All,
            } => Test::All(parts.iter().map(|part| self.test(part, slot)).collect()),
            other => Test::Matcher(self.matcher(other)),
        }
    }

    fn needle(&mut self, matcher: &CompiledMatcher, needle: &str, position: Position, slot: SlotId) -> Test {
        match self.literals.get_mut(slot.index()) {
            Some(draft) if !needle.is_empty() => {
                Test::Literal(draft.needle(needle, position, &mut self.literal_count))
            }
            _ => Test::Matcher(self.matcher(matcher)),
        }
    }

    fn whole(&mut self, text: &str, slot: SlotId) -> Test {
        let draft = self.literals.get_mut(slot.index());
        draft.map_or(Test::Any(Box::default()), |draft| {
            Test::Literal(draft.whole(text, &mut self.literal_count))
        })
    }

    fn number(&mut self, matcher: &CompiledMatcher, number: f64, slot: SlotId) -> Test {
        let whole = number.fract() == 0.0 && number.abs() < 9e15 && slot != ANY_TEXT;
        match self.literals.get_mut(slot.index()) {
            Some(draft) if whole => Test::Literal(draft.number(number as i64, &mut self.literal_count)),
            _ => Test::Matcher(self.matcher(matcher)),
        }
    }

    /// The length of each literal's text, by number; a number has none.
    pub(super) fn literal_lengths(&self) -> Vec<usize> {
        let mut lengths = vec![0; self.literal_count as usize];
        for (id, length) in self.literals.iter().flat_map(LiteralDraft::lengths) {
            if let Some(place) = lengths.get_mut(id.index()) {
                *place = length;
            }
        }
        lengths
    }

    fn all(&self, mut nodes: Vec<Node>) -> Node {
        nodes.sort_by_key(|node| effort(node, &self.items));
        match nodes.len() {
            1 => nodes.pop().unwrap_or(Node::Constant(true)),
            _ => Node::All(nodes.into()),
        }
    }

    fn any(&self, mut nodes: Vec<Node>) -> Node {
        nodes.sort_by_key(|node| effort(node, &self.items));
        match nodes.len() {
            1 => nodes.pop().unwrap_or(Node::Constant(false)),
            _ => Node::Any(nodes.into()),
        }
    }

    fn matcher(&mut self, matcher: &CompiledMatcher) -> u32 {
        let next = self.matchers.len() as u32;
        if let Some(key) = spelling(matcher) {
            let known = *self.known_matchers.entry(key).or_insert(next);
            if known != next {
                return known;
            }
        }
        self.matchers.push(matcher.clone());
        next
    }
}

/// What makes two simple matchers the same; nothing for those not worth comparing.
fn spelling(matcher: &CompiledMatcher) -> Option<String> {
    Some(match matcher {
        CompiledMatcher::Regex(regex) => format!("regex {}", regex.as_str()),
        CompiledMatcher::Cidr(network) => format!("network {network}"),
        CompiledMatcher::Null => "null".to_owned(),
        CompiledMatcher::Exists(expected) => format!("exists {expected}"),
        CompiledMatcher::BoolEq(expected) => format!("truth {expected}"),
        CompiledMatcher::Contains {
            value,
            case_insensitive,
        } => format!("contains {case_insensitive} {value}"),
        CompiledMatcher::StartsWith {
            value,
            case_insensitive,
        } => format!("starts {case_insensitive} {value}"),
        CompiledMatcher::EndsWith {
            value,
            case_insensitive,
        } => format!("ends {case_insensitive} {value}"),
        CompiledMatcher::Exact {
            value,
            case_insensitive,
        } => format!("exact {case_insensitive} {value}"),
        _ => return None,
    })
}

/// How far to put off a member of a conjunction or disjunction, which end early: what rsigma must look at comes last,
/// and the positive before the negative.
fn effort(node: &Node, items: &[Item]) -> (bool, u8) {
    let heaviest = |parts: &[Node]| parts.iter().any(|part| effort(part, items).0);
    match node {
        Node::Constant(_) => (false, 0),
        Node::Item(id) => (
            items
                .get(*id as usize)
                .is_some_and(|item| has_matcher(&item.test)),
            1,
        ),
        Node::All(parts) | Node::Any(parts) => (heaviest(parts), 2),
        Node::AtLeast(_, parts) => (heaviest(parts), 3),
        Node::Not(part) => (effort(part, items).0, 4),
        Node::Keyword(..) => (true, 5),
    }
}

fn has_matcher(test: &Test) -> bool {
    match test {
        Test::Literal(_) => false,
        Test::Any(parts) | Test::All(parts) => parts.iter().any(has_matcher),
        Test::Not(part) => has_matcher(part),
        Test::Matcher(_) => true,
    }
}
