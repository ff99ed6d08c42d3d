//! Working memory that knows what it holds, so that the same question is not worked out twice in a row.

use cordon_estate::Entity;
use cordon_reach::{Exposure, FactId, FactSet, Graph, RestingOn, Scratch};

/// The last chaining in one graph, with what it was asked.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    scratch: Scratch,
    asked: Option<(Vec<Entity>, FactSet)>,
}

impl Remembered {
    /// What [`Graph::chain`] finds.
    pub(super) fn chain<'a>(
        &'a mut self,
        graph: &'a Graph,
        held: &[Entity],
        withdrawn: &FactSet,
    ) -> Exposure<'a> {
        if !self.is_of(held, withdrawn) {
            self.asked = Some((held.to_vec(), withdrawn.clone()));
            graph.chain(held, withdrawn, &mut self.scratch);
        }
        graph.last_chained(&self.scratch)
    }

    /// True if this is what was asked last.
    pub(super) fn is_of(&self, held: &[Entity], withdrawn: &FactSet) -> bool {
        let asked = self.asked.as_ref();
        asked.is_some_and(|asked| asked.0 == held && asked.1 == *withdrawn)
    }

    /// What [`Graph::with_further`] shows, going on from what [`Self::chain`] finds.
    pub(super) fn with_further<T>(
        &mut self,
        graph: &Graph,
        (held, withdrawn): (&[Entity], &FactSet),
        (further, seconds_max): (&[Entity], u32),
        show: impl FnOnce(Exposure<'_>, &[FactId]) -> T,
    ) -> T {
        self.chain(graph, held, withdrawn);
        graph.with_further(further, withdrawn, seconds_max, &mut self.scratch, show)
    }

    /// What [`Graph::with_restored`] shows, going on from what [`Self::chain`] finds.
    pub(super) fn with_restored<T>(
        &mut self,
        graph: &Graph,
        (held, withdrawn): (&[Entity], &FactSet),
        (resting, restored): (&RestingOn, &[FactId]),
        show: impl FnOnce(Exposure<'_>, &[FactId]) -> T,
    ) -> T {
        self.chain(graph, held, withdrawn);
        graph.with_restored(resting, withdrawn, restored, &mut self.scratch, show)
    }
}
