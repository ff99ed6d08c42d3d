//! Why not another withdrawal: the cheapest plan with it, and the difference.

use std::cmp::Reverse;

use super::prepare::Prepared;
use super::solving::Session;
use super::{Planner, Settings, Watch};
use crate::document::NotChosen;
use crate::hitting::{Solution, Verdict};
use crate::limits::NOT_CHOSEN_MAX;

impl Planner<'_> {
    /// The withdrawals that would cut most ways to jewels and are not in the plan, each with what the best plan with it costs more.
    pub(super) fn not_chosen(
        &self,
        prepared: &Prepared,
        session: &mut Session,
        best: &Solution,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Vec<NotChosen> {
        let mut told = Vec::new();
        for (column, cuts) in tempting(prepared, session, &best.chosen) {
            let with = session.solve_fixed(
                &*self.master,
                &[(column, true)],
                settings,
                watch,
                best.lower_bound,
            );
            let Some(candidate) = prepared.columns.get(column) else {
                continue;
            };
            let found = matches!(with.verdict, Verdict::Optimal | Verdict::Feasible);
            if !found && with.verdict != Verdict::Infeasible {
                continue;
            }
            told.push(NotChosen {
                id: self.candidates.id(candidate.act),
                text: self.candidates.text(candidate.act),
                cuts,
                price_pence: found.then(|| with.cost.saturating_sub(best.cost)),
                instead: found.then(|| self.ids(prepared, &with.chosen)),
            });
        }
        told.sort_by_key(|one| (one.price_pence.is_none(), one.price_pence));
        told
    }
}

/// Columns left out that cut derivations of what must be kept, with how many of those known; most first.
fn tempting(prepared: &Prepared, session: &Session, chosen: &[bool]) -> Vec<(usize, u32)> {
    let mut cuts = vec![0_u32; prepared.columns.len()];
    for (members, sets) in session.classes.known() {
        let is_hard = members
            .iter()
            .any(|&member| session.instance.targets.get(member as usize) == Some(&None));
        for &column in sets.iter().filter(|_| is_hard).flatten() {
            if let Some(count) = cuts.get_mut(column as usize) {
                *count += 1;
            }
        }
    }
    let is_open = |column: usize| {
        chosen.get(column) == Some(&false) && prepared.fixed.get(column).copied().flatten().is_none()
    };
    let mut tempting: Vec<(usize, u32)> = cuts
        .into_iter()
        .enumerate()
        .filter(|(column, cuts)| *cuts > 0 && is_open(*column))
        .collect();
    tempting.sort_by_key(|(column, cuts)| (Reverse(*cuts), *column));
    tempting.truncate(NOT_CHOSEN_MAX);
    tempting
}
