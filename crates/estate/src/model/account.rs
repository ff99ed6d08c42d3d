//! Accounts and groups.

use serde::{Deserialize, Serialize};

use super::{Jewel, Provenance, SiteId};

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A person's everyday account.
    Person,
    /// An account that programs use.
    Service,
    /// A person's account for administration.
    Admin,
    /// An account for the day when nothing else works. It is never withdrawn.
    BreakGlass,
}

/// An account in a directory, an identity provider or an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The name that people use, unique among accounts (compared without case).
    pub name: String,
    /// Other names of the same account: UPN, `DOMAIN\name`, SID, mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What it is for.
    pub kind: AccountKind,
    /// Where its holder works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// False if the account is already disabled; it then stays so.
    pub enabled: bool,
    /// Set if the intruder must never take this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jewel: Option<Jewel>,
    /// Where this fact comes from.
    pub provenance: Provenance,
}

/// A set of accounts, systems and further groups. Members are [`super::AccessKind::Membership`] facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The name that people use, unique among groups (compared without case).
    pub name: String,
    /// Other names of the same group, SIDs among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Set if the intruder must never act as this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jewel: Option<Jewel>,
    /// Where this fact comes from.
    pub provenance: Provenance,
}
