//! Which names mean the same account or system.
//!
//! A [`Directory`] is made from an estate and grows as logs are read: what the estate knows keeps its id, what is
//! met later takes the ids that follow. Each lookup is a few hash probes, without an allocation for what is known.
//!
//! # Rules
//! *Of both.* Case never matters. Spaces around a name do not matter; `-`, `.`, `N/A`, `unknown` and the like are no
//! name. What is known first holds: a name in a log never takes an alias away from an entity that has it, and never
//! makes a name ambiguous that was not (names in logs can be chosen by an intruder). Names longer than
//! [`crate::limits::NAME_BYTES_MAX`] are no names.
//!
//! *Accounts.*
//! 1. A security identifier (SID) that is known decides, whatever the name beside it: accounts are renamed, their SIDs
//!    are not. A SID first met with a name belongs to the account of that name.
//! 2. `CORP\pat`, `pat@corp.local` and `pat` with a domain field are the same account if the domains are the same.
//!    Two spellings are the same domain if they are equal; if one is short and is the first label of the other
//!    (`CORP`, `corp.local`), as long as no other full name has that first label; or if one account is declared
//!    under the same name in both (aliases `CORP\pat` and `pat@northgate.example` make the two one, unless that would make
//!    one account of two declared ones), or one record gives the account both a domain and another, so far unknown, UPN suffix.
//! 3. Accounts of the same name in two known, different domains are different accounts.
//! 4. An account declared without a domain is the one of its name in every domain in which no other has it. A learned
//!    one takes the first domain that it is seen with.
//! 5. A name without a domain means the account declared under exactly that name; else the only one of that name; if several
//!    declared ones share it, nobody, and no account is made up for it.
//! 6. A domain that is the name of a known system makes the account a local one of that system, different from any in a domain.
//! 7. Nobody: ANONYMOUS LOGON, SYSTEM, LOCAL SERVICE, NETWORK SERVICE, IUSR, `DWM-n`, `UMFD-n`, everything in NT AUTHORITY,
//!    NT SERVICE, Window Manager, Font Driver Host and IIS APPPOOL, and their SIDs.
//! 8. `NAME$` is the system `NAME` ([`Directory::holder`]), unless an account is declared under that very name (as group-managed
//!    service accounts are). It is never made up as an account.
//!
//! *Systems.*
//! 1. `WORKSTATION6` and `workstation6.corp.local` are the same. Two full names that differ are two systems, unless one system
//!    is declared with both. A short name that two declared systems' full names begin with means neither, unless it is the
//!    very name or alias of one.
//! 2. A system declared without a full name is the one of its name in every domain; a learned one takes the first.
//! 3. `\\NAME`, `NAME$`, `NAME.` and the host of a service principal name (`cifs/name:445`) are `NAME`.
//! 4. A name beats the address beside it. An address means the system that it was declared with; else the one it was last
//!    surely seen with ([`Directory::bind`]: DHCP, DNS, a machine about itself); else the first that a record named beside it.
//!    `::ffff:10.0.0.1` is `10.0.0.1`.
//! 5. A private address, or one in a subnet of the estate, that belongs to nobody is a system of its own. It becomes the
//!    first named system that is met with the address; if that one was known already, the two are merged
//!    ([`Directory::canonical`]). Other addresses are somewhere on the internet and no system of the estate, nor are new
//!    names that come with them.
//! 6. Nobody: loopback, link-local, multicast and unspecified addresses, and `localhost`.

mod accounts;
mod domains;
mod fold;
mod syntax;
mod systems;

use std::net::IpAddr;

pub use accounts::KnownAccount;
pub(crate) use fold::folded;
pub use systems::KnownSystem;

use crate::activity::{AccountName, SystemName};
use crate::{AccountId, Estate, SystemId};

/// Whether the full name, or the domain, of something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It is: another one is somebody else's.
    Stated,
    /// It was declared without: any will do.
    Open,
    /// It was met without: the first seen is its own.
    Unstated,
}

/// Who holds an access by an account name: an account, or a system by its machine account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// An account.
    Account(AccountId),
    /// The system whose machine account it is.
    System(SystemId),
}

/// All known names of accounts and systems. See the module for the rules.
#[derive(Debug, Default)]
pub struct Directory {
    accounts: accounts::Accounts,
    systems: systems::Systems,
}

impl Directory {
    /// A directory of everything in the estate, under the estate's ids.
    #[must_use]
    pub fn from_estate(estate: &Estate) -> Self {
        let systems = systems::Systems::from_estate(estate);
        let accounts = accounts::Accounts::from_estate(estate, &systems);
        Self { accounts, systems }
    }

    /// The account of this name, new if need be; `None` if the name is nobody's, ambiguous or a machine's.
    pub fn account(&mut self, name: &AccountName<'_>) -> Option<AccountId> {
        match self.holder(name)? {
            Holder::Account(id) => Some(id),
            Holder::System(_) => None,
        }
    }

    /// Like [`Self::account`], but a machine account that is known is its system.
    pub fn holder(&mut self, name: &AccountName<'_>) -> Option<Holder> {
        let parts = syntax::account(name)?;
        self.accounts.meet(&parts, &mut self.systems)
    }

    /// The system of this name or address, new if need be; `None` if it is nobody's, ambiguous or outside.
    pub fn system(&mut self, name: &SystemName<'_>) -> Option<SystemId> {
        self.systems.meet(name).map(|id| self.systems.canonical(id))
    }

    /// Notes on good authority (DHCP, DNS, the machine itself) that a system has an address now; the last such word
    /// holds, but never against a declared address. Returns the system.
    pub fn bind(&mut self, name: &SystemName<'_>, address: IpAddr) -> Option<SystemId> {
        let id = self.system(&SystemName {
            name: name.name,
            address: None,
        })?;
        if let Some(address) = syntax::useful(address) {
            self.systems.bind(address, id, true);
        }
        Some(id)
    }

    /// The account of this name, if it is known.
    #[must_use]
    pub fn resolve_account(&self, name: &AccountName<'_>) -> Option<AccountId> {
        match self.resolve_holder(name)? {
            Holder::Account(id) => Some(id),
            Holder::System(_) => None,
        }
    }

    /// The account or the machine account's system of this name, if it is known.
    #[must_use]
    pub fn resolve_holder(&self, name: &AccountName<'_>) -> Option<Holder> {
        self.accounts.resolve(&syntax::account(name)?, &self.systems)
    }

    /// The system of this name or address, if it is known.
    #[must_use]
    pub fn resolve_system(&self, name: &SystemName<'_>) -> Option<SystemId> {
        self.systems.resolve(name).map(|id| self.systems.canonical(id))
    }

    /// The system that stands for this one: itself, or the one that it turned out to be.
    #[must_use]
    pub fn canonical(&self, id: SystemId) -> SystemId {
        self.systems.canonical(id)
    }

    /// The account that stands for this one: itself, or the one that it turned out to be.
    #[must_use]
    pub fn canonical_account(&self, id: AccountId) -> AccountId {
        self.accounts.canonical(id)
    }

    /// What is known of the accounts, by [`AccountId`].
    #[must_use]
    pub fn accounts(&self) -> &[KnownAccount] {
        &self.accounts.entries
    }

    /// What is known of the systems, by [`SystemId`].
    #[must_use]
    pub fn systems(&self) -> &[KnownSystem] {
        &self.systems.entries
    }

    /// How many new names were refused because [`crate::limits::ENTITIES_MAX`] was reached.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.accounts.refused.saturating_add(self.systems.refused)
    }
}

#[cfg(test)]
mod tests;
