//! Where the intruder of a recording still could be, once steps are refused.

use std::collections::BTreeSet;

use crate::truth::TruthStep;

/// The hosts that the intruder got to, and those that only a refused step would have given.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    reached: BTreeSet<String>,
    lost: BTreeSet<String>,
}

impl Ground {
    /// Takes in the next step in order of time; `refused` says whether a withdrawal refuses it. Returns true if it
    /// could not have been taken all the same, because it starts from a host that is lost.
    ///
    /// Only places count: a step that needs nothing but an account which a refused step would have given is taken as
    /// possible, so what is prevented is undercounted rather than overcounted.
    pub(super) fn take(&mut self, step: &TruthStep, refused: bool) -> bool {
        let (from, to) = (
            step.from_host.to_ascii_lowercase(),
            step.to_host.to_ascii_lowercase(),
        );
        let prevented = self.lost.contains(&from);
        if !refused && !prevented {
            self.lost.remove(&to);
            self.reached.insert(from);
            self.reached.insert(to);
        } else if !self.reached.contains(&to) {
            self.lost.insert(to);
        }
        prevented && !refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: &str, to: &str) -> TruthStep {
        TruthStep {
            time: jiff::Timestamp::UNIX_EPOCH,
            technique: "T1021".into(),
            from_host: from.into(),
            to_host: to.into(),
            account: String::new(),
            evidence: String::new(),
        }
    }

    #[test]
    fn what_follows_a_refused_step_is_prevented() {
        let mut ground = Ground::default();
        assert!(!ground.take(&step("outside", "VPN"), false));
        assert!(
            !ground.take(&step("VPN", "A"), true),
            "refused is not counted twice"
        );
        assert!(ground.take(&step("A", "A"), false));
        assert!(ground.take(&step("a", "B"), false));
        assert!(ground.take(&step("B", "C"), false));
    }

    #[test]
    fn a_host_that_was_held_before_stays_held() {
        let mut ground = Ground::default();
        assert!(!ground.take(&step("A", "B"), false));
        assert!(!ground.take(&step("A", "B"), true));
        assert!(!ground.take(&step("B", "C"), false));
    }

    #[test]
    fn another_way_in_gives_the_host_back() {
        let mut ground = Ground::default();
        assert!(!ground.take(&step("A", "B"), true));
        assert!(!ground.take(&step("A", "B"), false));
        assert!(!ground.take(&step("B", "C"), false));
    }
}
