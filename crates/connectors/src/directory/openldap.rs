//! OpenLDAP: accounts by the lock of the password policy, memberships by a value of the group.

use std::collections::HashMap;

use cordon_act::Standing;
use ldap3::controls::MatchedValues;
use ldap3::{Mod, Scope};

use super::config::{MembersAre, OpenLdap as Settings};
use super::failure::{Failure, NO_SUCH_OBJECT};
use super::located::{Dialect, Heeded, Located, Pair, Sought, find_pairs, in_order, is_same_name, split};
use super::lookup::{self, Kind, Wanted, escape};
use super::session::{Deadline, Entry, Modification, Query, Session};
use super::state::State;
use super::{monitor, openldap_probe};

/// The attribute that locks an account.
const LOCKED: &str = "pwdAccountLockedTime";
/// The attribute that names an account's own policy.
const OWN_POLICY: &str = "pwdPolicySubentry";
/// The attribute with an entry's identifier (RFC 4530).
const ID: &str = "entryUUID";
/// The attribute with a POSIX group's number, and with an account's primary group.
const GROUP_NUMBER: &str = "gidNumber";

/// The dialect.
pub(super) struct OpenLdap {
    pub(super) base: String,
    pub(super) settings: Settings,
}

fn read_id(entry: &Entry) -> Option<String> {
    entry.text(ID).map(str::to_lowercase)
}

fn escape_id(id: &str) -> Option<String> {
    let is_right = id.len() == 36 && id.bytes().all(|octet| octet.is_ascii_hexdigit() || octet == b'-');
    is_right.then(|| id.to_owned())
}

impl OpenLdap {
    fn lists_logon_names(&self) -> bool {
        match self.settings.members_are {
            Some(listed) => listed == MembersAre::LogonNames,
            None => self.settings.member_attribute.eq_ignore_ascii_case("memberUid"),
        }
    }

    fn kind<'a>(&'a self, what: &'a str, class: String, names: Vec<String>, attributes: &[&str]) -> Kind<'a> {
        Kind {
            base: &self.base,
            what,
            class,
            names,
            first_name_rules: true,
            id: ID,
            read_id,
            escape_id,
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn accounts(&self) -> Kind<'_> {
        let attributes = [LOCKED, OWN_POLICY, openldap_probe::FAILURES];
        let names = vec![self.settings.account_attribute.clone()];
        self.kind("accounts", "(objectClass=*)".to_owned(), names, &attributes)
    }

    fn group_class(&self) -> String {
        let member = &self.settings.member_attribute;
        format!(
            "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)({member}=*))"
        )
    }

    fn groups(&self) -> Kind<'_> {
        let names = vec![self.settings.group_attribute.clone()];
        self.kind("groups", self.group_class(), names, &[GROUP_NUMBER])
    }

    fn members(&self) -> Kind<'_> {
        let account = self.settings.account_attribute.clone();
        if self.lists_logon_names() {
            return self.kind(
                "accounts",
                "(objectClass=*)".to_owned(),
                vec![account],
                &[GROUP_NUMBER],
            );
        }
        let class = format!("(|({account}=*){})", self.group_class());
        let names = vec![account, self.settings.group_attribute.clone()];
        self.kind("accounts or groups", class, names, &[GROUP_NUMBER])
    }

    fn locate_accounts(
        &self,
        session: &mut Session,
        deadline: Deadline,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Located, Failure>>, Failure> {
        let mut located = Vec::with_capacity(wanted.len());
        for found in lookup::find(session, deadline, &self.accounts(), wanted)? {
            located.push(found.map(|found| {
                let Some(entry) = found.entry else {
                    return Located::absent();
                };
                let state = State::Lock {
                    entry: read_id(&entry).unwrap_or_default(),
                    locked_at: entry.text(LOCKED).map(str::to_owned),
                };
                let mut located = Located::with(state, entry, Entry::default());
                located.name_is_anothers = found.name_is_anothers;
                located
            }));
        }
        self.judge(session, deadline, &mut located)?;
        Ok(located)
    }

    /// Says of locked accounts whether the lock counts, and whether they are still connected.
    fn judge(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &mut [Result<Located, Failure>],
    ) -> Result<(), Failure> {
        let mut locked: Vec<&mut Located> = located
            .iter_mut()
            .flatten()
            .filter(|account| account.standing == Standing::Withdrawn)
            .collect();
        let mut heeded = HashMap::new();
        for account in &mut locked {
            let Some(policy) = self.policy_of(&account.account) else {
                continue;
            };
            let is_heeded = match heeded.get(&policy) {
                Some(known) => *known,
                None => heeds_locks(session, deadline, &policy)?,
            };
            heeded.insert(policy, is_heeded);
            if !is_heeded {
                account.standing = Standing::Open;
            }
        }
        if let Some(base) = &self.settings.monitor {
            locked.retain(|account| account.standing == Standing::Withdrawn);
            monitor::find_connections(session, deadline, base, &mut locked)?;
        }
        Ok(())
    }

    fn policy_of(&self, account: &Entry) -> Option<String> {
        let own = account.text(OWN_POLICY).map(str::to_owned);
        own.or_else(|| self.settings.default_policy.clone())
    }

    fn locate_memberships(
        &self,
        session: &mut Session,
        deadline: Deadline,
        sought: &[(&Wanted, &Wanted)],
    ) -> Result<Vec<Result<Located, Failure>>, Failure> {
        let pairs = find_pairs(session, deadline, &self.groups(), &self.members(), sought)?;
        let queries: Vec<Query> = pairs
            .iter()
            .filter_map(|pair| pair.as_ref().ok()?.as_ref())
            .map(|pair| self.listing(pair))
            .collect();
        let mut listings = session.search(deadline, &queries)?.into_iter();
        let locate = |pair: Result<Option<Pair>, Failure>| match pair? {
            None => Ok(Located::absent()),
            Some(pair) => {
                let listing = listings.next().unwrap_or(Ok(Vec::new()))?;
                self.membership(pair, listing.first())
            }
        };
        Ok(pairs.into_iter().map(locate).collect())
    }

    /// The value by which a group would list a member.
    fn value_for(&self, member: &Entry) -> String {
        if self.lists_logon_names() {
            member
                .text(&self.settings.account_attribute)
                .unwrap_or_default()
                .to_owned()
        } else {
            member.name.clone()
        }
    }

    /// The group with that one of its values which lists the member (RFC 3876), if one does.
    fn listing(&self, pair: &Pair) -> Query {
        let attribute = &self.settings.member_attribute;
        let condition = format!("({attribute}={})", escape(&self.value_for(&pair.member)));
        Query {
            base: pair.group.name.clone(),
            scope: Scope::Base,
            control: Some(MatchedValues::new(format!("({condition})"))),
            filter: condition,
            attributes: vec![attribute.clone()],
        }
    }

    fn membership(&self, pair: Pair, listing: Option<&Entry>) -> Result<Located, Failure> {
        if is_primary_group(&pair) {
            return Err(Failure::Input(format!(
                "{} is the primary group of {}: it cannot be withdrawn as a membership",
                pair.group.name, pair.member.name
            )));
        }
        let value = self.value_for(&pair.member);
        // One value, unless the server does not know the control: then it is the one that reads the same.
        let listed = listing.map(|group| {
            let values: Vec<&str> = group.texts(&self.settings.member_attribute).collect();
            let same = || values.iter().find(|listed| is_same_name(listed, &value));
            match values.as_slice() {
                [only] => (*only).to_owned(),
                _ => same().map_or(value.clone(), |listed| (*listed).to_owned()),
            }
        });
        let state = State::Membership {
            group: read_id(&pair.group).unwrap_or_default(),
            member: read_id(&pair.member).unwrap_or_default(),
            listed,
        };
        let mut located = Located::with(state, pair.member, pair.group);
        located.name_is_anothers = pair.name_is_anothers;
        Ok(located)
    }

    /// The value to write so that the group lists the member as before: the one that was there, unless the member was renamed.
    fn value_to_write(
        &self,
        session: &mut Session,
        deadline: Deadline,
        member: &Entry,
        before: &str,
    ) -> Result<String, Failure> {
        let attribute = &self.settings.account_attribute;
        let is_still_its = if self.lists_logon_names() {
            member
                .texts(attribute)
                .any(|name| name.eq_ignore_ascii_case(before))
        } else if is_same_name(before, &member.name) {
            true
        } else {
            let id = read_id(member).unwrap_or_default();
            !read_entry(session, deadline, before, &format!("({ID}={})", escape(&id)), &[])?.is_empty()
        };
        Ok(if is_still_its {
            before.to_owned()
        } else {
            self.value_for(member)
        })
    }

    fn change_membership(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &Located,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Modification, Failure> {
        let attribute = self.settings.member_attribute.clone();
        let mut changes = Vec::new();
        if let Some(value) = from {
            changes.push(Mod::Delete(attribute.clone(), one(value)));
        }
        if let Some(value) = to {
            let value = self.value_to_write(session, deadline, &located.account, value)?;
            changes.push(Mod::Add(attribute, one(&value)));
        }
        Ok(Modification {
            entry: located.group.name.clone(),
            condition: Some(is_entry(&located.group)),
            changes,
        })
    }
}

fn one(value: &str) -> std::collections::HashSet<String> {
    std::iter::once(value.to_owned()).collect()
}

/// A filter that holds of this entry and no other.
fn is_entry(entry: &Entry) -> String {
    format!("({ID}={})", escape(&read_id(entry).unwrap_or_default()))
}

/// Whether an account belongs to a POSIX group by its own number, without being listed.
fn is_primary_group(pair: &Pair) -> bool {
    let number = pair.group.text(GROUP_NUMBER);
    number.is_some() && number == pair.member.text(GROUP_NUMBER)
}

/// One entry, if it is there and the filter holds of it.
fn read_entry(
    session: &mut Session,
    deadline: Deadline,
    entry: &str,
    filter: &str,
    attributes: &[&str],
) -> Result<Vec<Entry>, Failure> {
    let query = Query {
        base: entry.to_owned(),
        scope: Scope::Base,
        filter: filter.to_owned(),
        attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        control: None,
    };
    match session.search_one(deadline, query) {
        Err(Failure::Refused(refusal)) if refusal.code == NO_SUCH_OBJECT => Ok(Vec::new()),
        other => other,
    }
}

/// Whether accounts under a policy are refused when they are locked.
fn heeds_locks(session: &mut Session, deadline: Deadline, policy: &str) -> Result<bool, Failure> {
    let found = read_entry(session, deadline, policy, "(objectClass=*)", &["pwdLockout"])?;
    let policy = found
        .first()
        .ok_or_else(|| Failure::Config(format!("the password policy {policy} cannot be read")))?;
    Ok(policy
        .text("pwdLockout")
        .is_some_and(|value| value.eq_ignore_ascii_case("TRUE")))
}

impl Dialect for OpenLdap {
    fn leaves_open(&self) -> String {
        let connections = match (&self.settings.monitor, self.settings.cut_connections) {
            (Some(_), true) => "connections to the directory are cut, but for those over its Unix socket",
            (Some(_), false) => {
                "connections to the directory that the account has stay open until they close; they are seen"
            }
            (None, _) => "connections to the directory that the account has stay open until they close",
        };
        format!(
            "{connections}; sessions at programs that ask this directory only at logon stay until they end there; a password reset by an \
             administrator lifts the lock; other servers of the directory follow when they have replicated"
        )
    }

    fn locate(
        &self,
        session: &mut Session,
        deadline: Deadline,
        sought: &[Sought],
    ) -> Result<Vec<Result<Located, Failure>>, Failure> {
        let (accounts, memberships) = split(sought);
        let accounts = self.locate_accounts(session, deadline, &accounts)?;
        let memberships = self.locate_memberships(session, deadline, &memberships)?;
        Ok(in_order(sought, accounts, memberships))
    }

    fn may_become(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &Located,
        to: &State,
        known: &mut Heeded,
    ) -> Result<(), Failure> {
        let is_lock = matches!(
            to,
            State::Lock {
                locked_at: Some(_),
                ..
            }
        );
        let Some(policy) = self.policy_of(&located.account).filter(|_| is_lock) else {
            return Ok(());
        };
        let is_heeded = match known.get(&policy) {
            Some(known) => *known,
            None => heeds_locks(session, deadline, &policy)?,
        };
        known.insert(policy.clone(), is_heeded);
        if is_heeded {
            return Ok(());
        }
        Err(Failure::Config(format!(
            "the password policy {policy} heeds no lock (pwdLockout is not TRUE)"
        )))
    }

    fn modification(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &Located,
        to: &State,
    ) -> Result<Modification, Failure> {
        match (&located.state, to) {
            (State::Lock { locked_at: from, .. }, State::Lock { locked_at: to, .. }) => {
                let mut changes = Vec::new();
                if let Some(value) = from {
                    changes.push(Mod::Delete(LOCKED.to_owned(), one(value)));
                }
                if let Some(value) = to {
                    changes.push(Mod::Add(LOCKED.to_owned(), one(value)));
                }
                Ok(Modification {
                    entry: located.account.name.clone(),
                    condition: Some(is_entry(&located.account)),
                    changes,
                })
            }
            (State::Membership { listed: from, .. }, State::Membership { listed: to, .. }) => {
                let (from, to) = (from.as_deref(), to.as_deref());
                self.change_membership(session, deadline, located, from, to)
            }
            _ => Err(Failure::Input(
                "one kind of target cannot become another".to_owned(),
            )),
        }
    }

    fn cuts_connections(&self) -> bool {
        self.settings.cut_connections
    }

    fn probe_all(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &[(&str, &Located)],
    ) -> Vec<Result<cordon_act::Probe, Failure>> {
        let mut ways = Vec::with_capacity(located.len());
        for (name, one) in located {
            let way = match &one.state {
                State::Membership { .. } => {
                    let value = self.value_for(&one.account);
                    let attribute = &self.settings.member_attribute;
                    openldap_probe::membership(session, deadline, &one.group.name, attribute, &value)
                        .map(openldap_probe::Way::Said)
                }
                _ => openldap_probe::way(&self.settings, name, one),
            };
            ways.push((one.account.name.clone(), way));
        }
        openldap_probe::tried(session, deadline, ways)
    }

    fn is_logon_of(&self, name: &str, account: &Entry) -> bool {
        is_same_name(name, &account.name)
    }
}
