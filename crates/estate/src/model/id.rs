//! Dense ids. An id indexes the table of its kind in [`super::Estate`].

use serde::{Deserialize, Serialize};

macro_rules! dense_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in the table of its kind.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

dense_id!(
    /// An account in [`super::Estate::accounts`].
    AccountId,
    /// A group in [`super::Estate::groups`].
    GroupId,
    /// A system in [`super::Estate::systems`].
    SystemId,
    /// A zone in [`super::Estate::zones`].
    ZoneId,
    /// A site in [`super::Estate::sites`].
    SiteId,
    /// A service in [`super::Estate::services`].
    ServiceId,
    /// An access in [`super::Estate::accesses`].
    AccessId,
    /// An enforcement point in [`super::Estate::points`].
    PointId,
);

/// Anything that evidence can speak of and a person can point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entity {
    /// A person's, a service's or an administrator's account.
    Account(AccountId),
    /// A set of accounts, systems and further groups.
    Group(GroupId),
    /// A machine or an application.
    System(SystemId),
    /// A part of the network.
    Zone(ZoneId),
}
