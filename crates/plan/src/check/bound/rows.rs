//! The rows: real derivations, all acts against them, and what it costs to leave them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::Entity;
use cordon_reach::naive::FewFacts;
use cordon_reach::{Base, Derived};

use crate::check::cutting::Cutting;
use crate::check::view::{Used, View};
use crate::check::{Findings, Stage, Terms};
use crate::document::{Act, CertificateRow, JewelState, PlanDocument};

/// A row that holds.
pub(super) struct Row {
    pub(super) acts: BTreeSet<Act>,
    pub(super) or: Or,
}

/// What may be accepted instead of cutting a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Or {
    /// Nothing.
    Never,
    /// The loss of a group, by place in [`Rows::losses`].
    Loss(usize),
    /// That a jewel is reached in a sampled world, if that may be let go.
    World(u32),
}

/// A world that rows may speak of.
pub(super) struct Scene<'w> {
    pub(super) held: &'w [Entity],
    /// When each base fact is first used in it.
    pub(super) used: Cow<'w, Used>,
    /// True if a jewel may be reached in it, if the case says so.
    pub(super) may_be_let_go: bool,
}

/// All rows.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// What each group of targets costs.
    pub(super) losses: Vec<i128>,
    /// Every act against a row, looked at once.
    pub(super) acts: BTreeMap<Act, Effect>,
}

/// What an act brings with it.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) removes: Vec<Base>,
    /// What it costs by itself.
    pub(super) pence: i128,
    /// True if some service requires something that it removes.
    pub(super) touches: bool,
}

impl Effect {
    pub(super) fn of(act: Act, view: &View<'_>) -> Self {
        let removes = view.removal.removes(act);
        Self {
            pence: i128::from(view.friction.pence(&removes)),
            touches: removes.iter().any(|fact| view.required.contains(fact)),
            removes,
        }
    }
}

const FIELD: &str = "certificate.rows.reaches";

impl Scene<'_> {
    const fn or(&self, world: u32) -> Or {
        if self.may_be_let_go {
            Or::World(world)
        } else {
            Or::Never
        }
    }
}

/// `None` if a row does not hold.
pub(super) fn check(
    document: &PlanDocument,
    (told, terms): (&[CertificateRow], Terms),
    scenes: &[Scene<'_>],
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Option<Rows> {
    let mut cutting = Cutting::new(document, view);
    let mut few = FewFacts::new(view.estate, &view.options);
    let mut groups: Vec<&[String]> = Vec::new();
    let mut all = Rows {
        rows: Vec::new(),
        losses: Vec::new(),
        acts: BTreeMap::new(),
    };
    let before = found.problems.len();
    for (row, done) in told.iter().zip(0..) {
        watch(Stage::Row {
            done,
            of: told.len() as u32,
        });
        let Some(scene) = scenes.get(row.world as usize) else {
            found.problem(FIELD, format!("there is no world {}", row.world));
            continue;
        };
        let Some(entities) = derived(row, scene, &mut few, view, found) else {
            continue;
        };
        let acts = cutting.acts(&row.rests_on, &scene.used);
        found.same(
            "certificate.rows.acts",
            &row.acts,
            &acts.iter().copied().collect(),
        );
        let or = if row.world > 0 {
            let mut entities = entities.iter();
            if !entities.any(|entity| view.is_kept(document, *entity)) {
                found.problem(FIELD, "what it reaches in another world need not be kept");
            }
            scene.or(row.world)
        } else if terms == Terms::Kept
            && entities
                .iter()
                .any(|entity| must_be_kept(document, view, *entity))
        {
            Or::Never
        } else {
            let known = groups.iter().position(|group| *group == row.reaches.as_slice());
            Or::Loss(known.unwrap_or_else(|| {
                groups.push(&row.reaches);
                let losses = entities.iter().map(|entity| i128::from(view.loss_pence(*entity)));
                all.losses.push(losses.sum());
                groups.len() - 1
            }))
        };
        for act in &acts {
            all.acts.entry(*act).or_insert_with(|| Effect::of(*act, view));
        }
        all.rows.push(Row { acts, or });
    }
    let mut seen = BTreeSet::new();
    for name in groups.into_iter().flatten() {
        if !seen.insert(name) {
            found.problem(
                "certificate.rows.reaches",
                format!("the loss of {name} is in two groups"),
            );
        }
    }
    (found.problems.len() == before).then_some(all)
}

/// What a row reaches, if it reaches it with nothing standing but what it rests on.
fn derived(
    row: &CertificateRow,
    scene: &Scene<'_>,
    few: &mut FewFacts<'_>,
    view: &View<'_>,
    found: &mut Findings,
) -> Option<Vec<Entity>> {
    let field = FIELD;
    let rests_on: BTreeSet<Base> = row.rests_on.iter().copied().collect();
    if !rests_on.iter().eq(&row.rests_on) || !rests_on.iter().all(|fact| view.removal.exists(*fact)) {
        found.problem(
            "certificate.rows.rests_on",
            "it is no ascending list of facts of this estate",
        );
        return None;
    }
    let distinct: BTreeSet<&String> = row.reaches.iter().collect();
    if row.reaches.is_empty() || !distinct.into_iter().eq(&row.reaches) {
        found.problem(field, "it is no ascending list of names");
        return None;
    }
    let gained = few.reach(scene.held, &rests_on);
    let mut entities = Vec::new();
    for name in &row.reaches {
        let Some(entity) = view.names.entity(name) else {
            found.problem(field, format!("the estate has no {name}"));
            return None;
        };
        let jewel = view.jewels.iter().find(|jewel| jewel.entity == entity);
        let taken = jewel.map_or_else(|| Derived::taken(entity), |jewel| jewel.taken);
        if !gained.contains_key(&taken) {
            found.problem(field, format!("{name} is not reached from what the row rests on"));
            return None;
        }
        entities.push(entity);
    }
    Some(entities)
}

/// True for a jewel that no plan may leave in reach in the world of the plan.
fn must_be_kept(document: &PlanDocument, view: &View<'_>, entity: Entity) -> bool {
    let name = crate::candidates::entity_name(view.estate, entity);
    let entry = document.jewels.iter().find(|entry| entry.entity == name);
    view.is_kept(document, entity) && entry.is_some_and(|entry| entry.state != JewelState::MayBeTaken)
}
