//! Plans that are bent, sealed again, and have to be refused.

use cordon_estate::Estate;
use cordon_plan::check::Verdict;
use cordon_plan::document::PlanDocument;
use cordon_plan::verify;

/// How many plans are bent in one way.
const BENT_MAX: usize = 5;

/// What a plan could be bent to; false if this one has nothing to bend.
pub(crate) type Bend = fn(&Estate, &mut PlanDocument) -> bool;

/// Bends the first plans of a pool that can be bent so, and sees that each is refused, and what else must be so.
pub(crate) fn refused(pool: &[(Estate, PlanDocument)], bend: Bend, and: fn(&Verdict)) {
    let mut bent = 0;
    for (estate, document) in pool {
        let mut document = document.clone();
        if !bend(estate, &mut document) {
            continue;
        }
        let verdict = verify(&document.sealed(), estate);
        assert!(!verdict.is_accepted());
        and(&verdict);
        bent += 1;
        if bent == BENT_MAX {
            return;
        }
    }
    assert!(bent > 0, "nothing could be bent so");
}

/// A test for each way to bend a plan, in a module `bent`: `bends! { pool(), |verdict| ...; name: |estate, plan| ...; }`.
macro_rules! bends {
    ($pool:expr, $and:expr; $($name:ident: $bend:expr;)*) => {
        mod bent {
            use super::*;
            $(#[test]
            fn $name() {
                crate::bends::refused($pool, $bend, $and);
            })*
        }
    };
}
