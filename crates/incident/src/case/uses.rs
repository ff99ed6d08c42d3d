//! Activities as uses between entities, for inference and for what a plan would deny.

use cordon_estate::Means;
use cordon_estate::activity::{AccountName, Activity, ActivityKind, Outcome, SystemName};
use cordon_estate::names::{Directory, Holder};
use cordon_evidence::infer::Use;
use cordon_evidence::record::{FileId, RecordPlace};

/// The use that an activity shows, if it succeeded and its target is known. A machine account is nobody, and its
/// machine is the source.
pub(crate) fn of(activity: &Activity<'_>, directory: &mut Directory, place: RecordPlace) -> Option<Use> {
    let (account, on, from, means) = match activity.kind {
        ActivityKind::Logon {
            account,
            on,
            from,
            means,
            outcome: Outcome::Success,
            ..
        } => (account, on, from, Some(means)),
        ActivityKind::Runs { account, on } => (account, on, None, None),
        _ => return None,
    };
    ends(directory, &account, &on, from.as_ref(), means).map(|found| Use {
        time: activity.time,
        place,
        ..found
    })
}

fn ends(
    directory: &mut Directory,
    account: &AccountName<'_>,
    on: &SystemName<'_>,
    from: Option<&SystemName<'_>>,
    means: Option<Means>,
) -> Option<Use> {
    let holder = directory.holder(account)?;
    let on = directory.system(on)?;
    let from = from.and_then(|from| directory.system(from));
    let (account, from) = match holder {
        Holder::Account(id) => (Some(id), from),
        Holder::System(id) => (None, from.or(Some(id))),
    };
    let canonical = |id| directory.canonical(id);
    Some(Use {
        account,
        from: from.map(canonical),
        on: canonical(on),
        means,
        time: jiff::Timestamp::UNIX_EPOCH,
        place: RecordPlace {
            file: FileId(0),
            position: 0,
        },
    })
}
