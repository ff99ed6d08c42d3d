//! How the withdrawals of an order were tried, in words.

use cordon_act::recover::Last;
use cordon_act::{Book, OrderState, PlacementState, ProbeAnswer, Trouble};
use serde::Serialize;

use super::{is_of, is_open, placements};

/// How many targets of an order were tried, and how that ended.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tried {
    /// As its user would, and refused.
    refused: usize,
    /// Nobody could try; it stands as read back.
    inconclusive: usize,
    /// It got through.
    admitted: usize,
    /// Not yet.
    not_yet: usize,
    /// How the only target was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

impl Tried {
    /// How an order's targets were tried. Of a lifted order, those that no later order withdrew again.
    pub(super) fn of(book: &Book, order: &OrderState) -> Self {
        let lifted = !is_open(book, order);
        let mut tried = Self::default();
        let own = placements(book, order).filter(|(placement, _)| !lifted || is_of(book, order, placement));
        for (_, state) in own {
            match answer(state, lifted) {
                Some(ProbeAnswer::Refused) => tried.refused += 1,
                Some(ProbeAnswer::Inconclusive) => tried.inconclusive += 1,
                Some(ProbeAnswer::Admitted) => tried.admitted += 1,
                None => tried.not_yet += 1,
            }
            if order.order.targets.len() == 1 && answer(state, lifted).is_some() {
                tried.how = state.tried.as_ref().map(|(_, how)| how.clone());
            }
        }
        tried
    }

    /// How the targets of many orders were tried.
    pub(super) fn together<'t>(many: impl Iterator<Item = &'t Self>) -> Self {
        many.fold(Self::default(), |sum, one| Self {
            refused: sum.refused + one.refused,
            inconclusive: sum.inconclusive + one.inconclusive,
            admitted: sum.admitted + one.admitted,
            not_yet: sum.not_yet + one.not_yet,
            how: None,
        })
    }

    /// In words; for lifted orders whether access works again.
    pub(super) fn words(&self, lifted: bool) -> String {
        let (refused, admitted) = if lifted {
            ("still refused", "works again")
        } else {
            ("tried and refused", "GETS THROUGH")
        };
        let parts = [
            (self.admitted, admitted),
            (self.refused, refused),
            (self.inconclusive, "could not be tried"),
            (self.not_yet, "not yet tried"),
        ];
        let several = parts.iter().map(|(count, _)| count).sum::<usize>() > 1;
        let said: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| {
                if several {
                    format!("{count} {words}")
                } else {
                    (*words).to_owned()
                }
            })
            .collect();
        let how = self
            .how
            .as_ref()
            .map_or_else(String::new, |how| format!(": {how}"));
        said.join(", ") + &how
    }
}

/// How a target was tried last, if that was after what stands now.
fn answer(state: &PlacementState, lifted: bool) -> Option<ProbeAnswer> {
    let counts = match state.last {
        Last::InForce | Last::Lifting => true,
        Last::Applied => matches!(state.trouble, Some(Trouble::Unverified(_))),
        Last::Nothing => lifted,
        Last::Applying => false,
    };
    let tried = state.tried.as_ref().filter(|_| counts);
    tried.map(|(answer, _)| *answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_target_is_told_with_how_and_several_are_counted_the_worst_first() {
        let one = Tried {
            refused: 1,
            how: Some("logged on".to_owned()),
            ..Tried::default()
        };
        assert_eq!(one.words(false), "tried and refused: logged on");
        assert_eq!(one.words(true), "still refused: logged on");
        let several = Tried {
            refused: 9_000,
            inconclusive: 20,
            admitted: 1,
            not_yet: 300,
            how: None,
        };
        assert_eq!(
            several.words(false),
            "1 GETS THROUGH, 9000 tried and refused, 20 could not be tried, 300 not yet tried"
        );
        assert!(several.words(true).starts_with("1 works again, "));
        assert_eq!(Tried::default().words(true), "");
    }

    #[test]
    fn a_trial_counts_only_for_what_stands_now() {
        let state = |last, trouble| {
            let mut state = PlacementState::default();
            (state.last, state.trouble) = (last, trouble);
            state.tried = Some((ProbeAnswer::Admitted, String::new()));
            state
        };
        let through = Some(Trouble::Unverified(String::new()));
        assert_eq!(
            answer(&state(Last::Applied, through), false),
            Some(ProbeAnswer::Admitted)
        );
        assert_eq!(
            answer(&state(Last::Applied, None), false),
            None,
            "of an earlier withdrawal"
        );
        assert_eq!(answer(&state(Last::Applying, None), false), None);
        assert_eq!(
            answer(&state(Last::Nothing, None), true),
            Some(ProbeAnswer::Admitted)
        );
        assert_eq!(answer(&state(Last::Nothing, None), false), None);
    }
}
