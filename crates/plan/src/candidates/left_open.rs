//! What an act does not end at once, and for how long: a disabled account outlives its logon in tickets, tokens and open sessions.

use cordon_estate::PointKind;

use crate::document::Act;

/// What stays open after an act at a point of this kind, in words; none if nothing does that is known of the kind.
///
/// The times are defaults: of Kerberos' tickets 10 hours (Windows: *Maximum lifetime for service ticket*), and 20 minutes after which a
/// domain controller looks at the account again before it gives out another (MS-KILE, section 3.3.5.7.1). What a real point says of itself,
/// with the times configured there, `cordon doctor` shows.
#[must_use]
pub const fn left_open(act: Act, kind: PointKind) -> Option<&'static str> {
    match (act, kind) {
        (Act::DisableAccount { .. } | Act::DisableGroup { .. }, PointKind::ActiveDirectory) => Some(
            "tickets issued before still open sessions at their services, for 10 h at most; new ones are refused, within 20 min",
        ),
        (Act::DropMembership { .. }, PointKind::ActiveDirectory) => {
            Some("tickets issued before still say that it is a member, for 10 h at most")
        }
        (Act::DisableAccount { .. } | Act::DisableGroup { .. }, PointKind::Ldap) => Some(
            "services that asked the directory before go on until they ask again, or until the session ends",
        ),
        (
            Act::DisableAccount { .. }
            | Act::DisableGroup { .. }
            | Act::Unassign { .. }
            | Act::UnassignAll { .. },
            PointKind::Scim | PointKind::IdentityProvider,
        ) => Some("access tokens issued before work until they end, often for an hour"),
        (Act::ResetCredential { .. }, _) => Some("sessions that were opened with the old one go on"),
        _ => None,
    }
}
