//! What else was considered: the price of each refusal.

use super::prepare::Prepared;
use super::solving::Session;
use super::{Planner, Settings, Watch};
use crate::document::WithdrawalId;
use crate::hitting::{Solution, Verdict};

/// What refusing one withdrawal would mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    /// What the best plan without it costs more.
    pub(super) price_pence: Option<i64>,
    /// That plan.
    pub(super) instead: Option<Vec<WithdrawalId>>,
    /// True if there is none.
    pub(super) indispensable: bool,
}

impl Planner<'_> {
    pub(super) fn ids(&self, prepared: &Prepared, chosen: &[bool]) -> Vec<WithdrawalId> {
        let chosen = prepared.columns.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        chosen.map(|(column, _)| self.candidates.id(column.act)).collect()
    }

    /// The price of refusing a column that the plan has.
    pub(super) fn refusal(
        &self,
        prepared: &Prepared,
        session: &mut Session,
        best: &Solution,
        column: usize,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Refusal {
        if prepared.fixed.get(column) == Some(&Some(true)) {
            return Refusal::default();
        }
        let without = session.solve_fixed(
            &*self.master,
            &[(column, false)],
            settings,
            watch,
            best.lower_bound,
        );
        match without.verdict {
            Verdict::Infeasible => Refusal {
                indispensable: true,
                ..Refusal::default()
            },
            Verdict::Unknown => Refusal::default(),
            Verdict::Optimal | Verdict::Feasible => Refusal {
                price_pence: Some(without.cost.saturating_sub(best.cost)),
                instead: Some(self.ids(prepared, &without.chosen)),
                indispensable: false,
            },
        }
    }
}
