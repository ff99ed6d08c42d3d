//! The cases, the least proven one split first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Proof;
use super::charge::{Look, Shown};
use crate::candidates::entity_name;
use crate::document::{Case, CertificateRow};
use crate::limits::CERTIFICATE_CASES_MAX;

/// What a case chooses and what it does not, and which worlds it keeps and lets go.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed {
    pub(super) with: Vec<u32>,
    pub(super) without: Vec<u32>,
    pub(super) kept: Vec<u32>,
    pub(super) let_go: Vec<u32>,
}

/// What a case is split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// An act is chosen or it is not.
    Choice(u32),
    /// A world is kept or let go.
    World(u32),
}

impl Split {
    /// Acts before worlds, each in order of number.
    pub(super) const fn order(self) -> (bool, u32) {
        match self {
            Self::Choice(choice) => (false, choice),
            Self::World(world) => (true, world),
        }
    }
}

struct Grown {
    fixed: Fixed,
    /// A plan that does what the case says, ascending by price.
    guide: Vec<u32>,
    look: Look,
    /// What splits it and the case with it; the case without it follows that.
    split: Option<(Split, u32)>,
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
    fn add(&mut self, proof: &mut Proof<'_, '_>, fixed: Fixed, guide: Vec<u32>, draw_pence: i64) {
        let look = proof.look_around(&fixed, &guide, self.wanted, draw_pence);
        self.open
            .push(Reverse((look.bound_pence, self.cases.len() as u32)));
        self.cases.push(Grown {
            fixed,
            guide,
            look,
            split: None,
        });
    }

    /// Adds the two cases of what splits one.
    fn split(&mut self, proof: &mut Proof<'_, '_>, (place, split): (u32, Split), ask: &mut Ask<'_>) {
        let Some(case) = self.cases.get(place as usize) else {
            return;
        };
        let (mut with, mut without) = (case.fixed.clone(), case.fixed.clone());
        let guide = case.guide.clone();
        let draw_pence = case.look.draw_pence();
        let mut other = None;
        match split {
            Split::Choice(choice) => {
                with.with.push(choice);
                without.without.push(choice);
                if guide.contains(&choice) {
                    other = proof.guide_of(&without, ask);
                }
            }
            Split::World(world) => {
                with.kept.push(world);
                without.let_go.push(world);
            }
        }
        self.add(proof, with, guide.clone(), draw_pence);
        self.add(proof, without, other.unwrap_or(guide), draw_pence);
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
        kept: proof.kept.clone(),
        ..Fixed::default()
    };
    let mut grove = Grove {
        cases: Vec::new(),
        open: BinaryHeap::new(),
        wanted,
    };
    let draw_pence = proof.first_price(&root, &guide, wanted);
    grove.add(proof, root, guide, draw_pence);
    proof.limit_splits();
    let mut bound = wanted;
    while let Some(Reverse((least, place))) = grove.open.pop() {
        let first = grove.cases.len();
        let room = first + 2 <= CERTIFICATE_CASES_MAX && proof.work_left > 0;
        let next = grove.cases.get(place as usize).and_then(|case| case.look.next);
        let Some(split) = next.filter(|_| room && least < bound) else {
            bound = bound.min(least);
            break;
        };
        grove.split(proof, (place, split), ask);
        let parts = grove.cases.get(first..).unwrap_or(&[]);
        if proof.work_left == 0 && parts.iter().any(|case| case.look.bound_pence < least) {
            // Nothing was left to look at them: the case as it is proves more.
            grove.cases.truncate(first);
            bound = bound.min(least);
            break;
        }
        if let Some(case) = grove.cases.get_mut(place as usize) {
            case.split = Some((split, first as u32));
        }
    }
    let told = grove.cases.into_iter().map(|case| told(proof, case));
    (bound.max(0), told.collect())
}

fn told(proof: &Proof<'_, '_>, case: Grown) -> Case {
    match case.split {
        Some((Split::Choice(choice), first)) => {
            if let Some(choice) = proof.book.choice(choice) {
                return Case::Either {
                    act: choice.act,
                    with: first,
                    without: first + 1,
                };
            }
        }
        Some((Split::World(world), first)) => {
            return Case::EitherWorld {
                world,
                kept: first,
                let_go: first + 1,
            };
        }
        None => {}
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
        Shown::TooMany => Case::TooMany,
        Shown::Charged(charges, draw_pence) => Case::Charged { charges, draw_pence },
    }
}

/// A proof as it is written down.
pub(super) struct Told {
    pub(super) rows: Vec<CertificateRow>,
    pub(super) cases: Vec<Case>,
}

impl Told {
    /// The rows that cases use, and the cases with the numbers that the rows have then.
    pub(super) fn compact(proof: &Proof<'_, '_>, mut cases: Vec<Case>) -> Self {
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
        Self { rows, cases }
    }

    /// With the worlds that are spoken of, numbered anew.
    pub(super) fn with_worlds(mut self, proof: &Proof<'_, '_>) -> (Vec<Vec<String>>, Self) {
        let worlds = self.compact_worlds().into_iter();
        let worlds = worlds.filter_map(|world| proof.scenes.scenes.get(world as usize));
        let names = worlds.map(|scene| {
            let held = scene.held.iter();
            let mut names: Vec<String> = held.map(|one| entity_name(proof.planner.estate, *one)).collect();
            names.sort_unstable();
            names
        });
        (names.collect(), self)
    }

    /// Numbers the worlds anew, so that there are none but those that are spoken of; gives them by their old numbers.
    fn compact_worlds(&mut self) -> Vec<u32> {
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        self.for_each_world(|world| {
            numbers.insert(*world, 0);
        });
        for (number, place) in numbers.values_mut().zip(1..) {
            *number = place;
        }
        self.for_each_world(|world| *world = numbers.get(world).copied().unwrap_or(*world));
        numbers.into_keys().collect()
    }

    /// Every number of a further world.
    fn for_each_world(&mut self, mut act: impl FnMut(&mut u32)) {
        let rows = self.rows.iter_mut().map(|row| &mut row.world);
        rows.filter(|world| **world > 0).for_each(&mut act);
        for case in &mut self.cases {
            if let Case::EitherWorld { world, .. } = case {
                act(world);
            }
        }
    }
}

fn for_each_row(cases: &mut [Case], mut act: impl FnMut(&mut u32)) {
    for case in cases {
        match case {
            Case::Uncut { row } => act(row),
            Case::Charged { charges, .. } => charges.iter_mut().for_each(|charge| act(&mut charge.row)),
            Case::Either { .. } | Case::EitherWorld { .. } | Case::Down { .. } | Case::TooMany => {}
        }
    }
}
