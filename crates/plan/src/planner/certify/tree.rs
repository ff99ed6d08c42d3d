//! The cases, the least proven one split first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Proof;
use super::charge::{Look, Shown};
use crate::document::{Case, CertificateRow};
use crate::limits::CERTIFICATE_CASES_MAX;

/// What a case chooses and what it does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed {
    pub(super) with: Vec<u32>,
    pub(super) without: Vec<u32>,
}

struct Grown {
    fixed: Fixed,
    /// A plan that does what the case says, ascending by price.
    guide: Vec<u32>,
    look: Look,
    /// The choice that splits it and the case with it; the case without it follows that.
    split: Option<(u32, u32)>,
}

/// Tells a good plan that takes these columns or leaves them, as each flag says; none if it knows of none.
pub(super) type Ask<'a> = dyn FnMut(&[(usize, bool)]) -> Option<Vec<bool>> + 'a;

struct Grove {
    cases: Vec<Grown>,
    /// Cases that are not split, by what they prove.
    open: BinaryHeap<Reverse<(i64, u32)>>,
    wanted: i64,
}

impl Grove {
    fn add(&mut self, proof: &mut Proof<'_, '_>, fixed: Fixed, guide: Vec<u32>) {
        let look = proof.look(&fixed, &guide, self.wanted);
        self.open
            .push(Reverse((look.bound_pence, self.cases.len() as u32)));
        self.cases.push(Grown {
            fixed,
            guide,
            look,
            split: None,
        });
    }

    /// Adds the two cases of a choice made and not made.
    fn split(&mut self, proof: &mut Proof<'_, '_>, (place, choice): (u32, u32), ask: &mut Ask<'_>) {
        let Some(case) = self.cases.get(place as usize) else {
            return;
        };
        let (mut with, mut without) = (case.fixed.clone(), case.fixed.clone());
        with.with.push(choice);
        without.without.push(choice);
        let guide = case.guide.clone();
        let other = if guide.contains(&choice) {
            proof.guide_of(&without, ask)
        } else {
            None
        };
        self.add(proof, with, guide.clone());
        self.add(proof, without, other.unwrap_or(guide));
    }
}

/// Cases that prove a bound, or as much of it as the limits allow.
pub(super) fn grow(
    proof: &mut Proof<'_, '_>,
    guide: Vec<u32>,
    wanted: i64,
    ask: &mut Ask<'_>,
) -> (i64, Vec<Case>) {
    let root = Fixed {
        with: proof.forced.clone(),
        without: Vec::new(),
    };
    let mut grove = Grove {
        cases: Vec::new(),
        open: BinaryHeap::new(),
        wanted,
    };
    grove.add(proof, root, guide);
    proof.limit_splits();
    let mut bound = wanted;
    while let Some(Reverse((least, place))) = grove.open.pop() {
        let first = grove.cases.len();
        let room = first + 2 <= CERTIFICATE_CASES_MAX && proof.work_left > 0;
        let next = grove.cases.get(place as usize).and_then(|case| case.look.next);
        let Some(choice) = next.filter(|_| room && least < bound) else {
            bound = bound.min(least);
            break;
        };
        grove.split(proof, (place, choice), ask);
        let parts = grove.cases.get(first..).unwrap_or(&[]);
        if proof.work_left == 0 && parts.iter().any(|case| case.look.bound_pence < least) {
            // Nothing was left to look at them: the case as it is proves more.
            grove.cases.truncate(first);
            bound = bound.min(least);
            break;
        }
        if let Some(case) = grove.cases.get_mut(place as usize) {
            case.split = Some((choice, first as u32));
        }
    }
    let told = grove.cases.into_iter().map(|case| told(proof, case));
    (bound.max(0), told.collect())
}

fn told(proof: &Proof<'_, '_>, case: Grown) -> Case {
    if let Some((choice, first)) = case.split
        && let Some(choice) = proof.book.choice(choice)
    {
        return Case::Either {
            act: choice.act,
            with: first,
            without: first + 1,
        };
    }
    match case.look.shown {
        Shown::Down(service) => Case::Down {
            service: proof
                .planner
                .estate
                .service(service)
                .map(|service| service.name.clone())
                .unwrap_or_default(),
        },
        Shown::Uncut(row) => Case::Uncut { row },
        Shown::Charged(charges) => Case::Charged { charges },
    }
}

/// The rows that cases use, and the cases with the numbers that the rows have then.
pub(super) fn compact(proof: &Proof<'_, '_>, mut cases: Vec<Case>) -> (Vec<CertificateRow>, Vec<Case>) {
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for_each_row(&mut cases, |row| {
        numbers.insert(*row, 0);
    });
    let mut rows = Vec::new();
    for (row, number) in &mut numbers {
        *number = rows.len() as u32;
        rows.extend(proof.pool.row(*row).and_then(|row| proof.told(row)));
    }
    for_each_row(&mut cases, |row| {
        *row = numbers.get(row).copied().unwrap_or(*row);
    });
    (rows, cases)
}

fn for_each_row(cases: &mut [Case], mut act: impl FnMut(&mut u32)) {
    for case in cases {
        match case {
            Case::Uncut { row } => act(row),
            Case::Charged { charges } => charges.iter_mut().for_each(|charge| act(&mut charge.row)),
            Case::Either { .. } | Case::Down { .. } => {}
        }
    }
}
