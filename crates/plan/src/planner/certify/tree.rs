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
    look: Look,
    /// The choice that splits it and the case with it; the case without it follows that.
    split: Option<(u32, u32)>,
}

/// Cases that prove a bound, or as much of it as the limits allow.
pub(super) fn grow(proof: &mut Proof<'_, '_>, wanted: i64) -> (i64, Vec<Case>) {
    let root = Fixed {
        with: proof.forced.clone(),
        without: Vec::new(),
    };
    let mut cases: Vec<Grown> = Vec::new();
    let mut open: BinaryHeap<Reverse<(i64, u32)>> = BinaryHeap::new();
    let add = |proof: &mut Proof<'_, '_>, cases: &mut Vec<Grown>, open: &mut BinaryHeap<_>, fixed: Fixed| {
        let look = proof.look(&fixed, wanted);
        open.push(Reverse((look.bound_pence, cases.len() as u32)));
        cases.push(Grown {
            fixed,
            look,
            split: None,
        });
    };
    add(proof, &mut cases, &mut open, root);
    let mut bound = wanted;
    while let Some(Reverse((least, place))) = open.pop() {
        let first = cases.len() as u32;
        let room = cases.len() + 2 <= CERTIFICATE_CASES_MAX && proof.work_left > 0;
        let next = cases
            .get(place as usize)
            .and_then(|case| case.look.next)
            .filter(|_| room);
        let Some((choice, fixed)) = next.zip(cases.get(place as usize).map(|case| case.fixed.clone())) else {
            bound = bound.min(least);
            break;
        };
        if least >= bound {
            break;
        }
        let (mut with, mut without) = (fixed.clone(), fixed);
        with.with.push(choice);
        without.without.push(choice);
        add(proof, &mut cases, &mut open, with);
        add(proof, &mut cases, &mut open, without);
        let split = cases.get(first as usize..).unwrap_or(&[]);
        if proof.work_left == 0 && split.iter().any(|case| case.look.bound_pence < least) {
            // Nothing was left to look at them: the case as it is proves more.
            cases.truncate(first as usize);
            bound = bound.min(least);
            break;
        }
        if let Some(case) = cases.get_mut(place as usize) {
            case.split = Some((choice, first));
        }
    }
    let told = cases.into_iter().map(|case| told(proof, case));
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
