//! Active Directory and Samba: accounts by a bit of `userAccountControl`, memberships by links of the group.

use std::fmt::Write as _;

use cordon_act::{Probe, ProbeAnswer, Standing};
use ldap3::{Mod, Scope};

use super::active_directory_probe;
use super::address::HostPort;
use super::config::ActiveDirectory as Settings;
use super::failure::Failure;
use super::located::{
    Dialect, Heeded, Located, Pair, Sought, answered, find_pairs, in_order, is_same_name, split,
};
use super::lookup::{self, Kind, Wanted, escape};
use super::session::{Deadline, Entry, Modification, Query, Session};
use super::state::{LINK, State};

const ACCOUNT_CONTROL: &str = "userAccountControl";
const LOGON_NAME: &str = "sAMAccountName";
const PRINCIPAL_NAME: &str = "userPrincipalName";
const ID: &str = "objectGUID";
pub(super) const SECURITY_ID: &str = "objectSid";
const PRIMARY_GROUP: &str = "primaryGroupID";
pub(super) const GROUP_TYPE: &str = "groupType";

/// Bits of `userAccountControl` of domain controllers and of trusts (MS-ADTS, section 2.2.16).
const DOMAIN_CONTROLLER: i32 = 0x2000;
const TRUST: i32 = 0x0800;

/// The dialect.
pub(super) struct ActiveDirectory {
    pub(super) base: String,
    pub(super) settings: Settings,
    /// Whom probes ask; none over a Unix socket without one configured.
    pub(super) kdc: Option<HostPort>,
    pub(super) realm: String,
}

/// The realm by the `dc=` parts of a name, in capitals.
pub(super) fn realm_of(base: &str) -> String {
    let parts = base.split(',').filter_map(|part| part.trim().split_once('='));
    let labels: Vec<String> = parts
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("dc"))
        .map(|(_, label)| label.to_uppercase())
        .collect();
    labels.join(".")
}

/// Which octet of a GUID stands at each place of its text (MS-DTYP, section 2.3.4).
const ID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn read_id(entry: &Entry) -> Option<String> {
    let octets: &[u8; 16] = entry.values(ID).first()?.as_slice().try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (place, from) in ID_ORDER.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{:02x}", octets.get(from)?);
    }
    Some(text)
}

fn escape_id(id: &str) -> Option<String> {
    let digits: Vec<char> = id.chars().filter(|character| *character != '-').collect();
    if digits.len() != 32 || !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let octets: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    let places = (0..16).map(|octet| ID_ORDER.iter().position(|from| *from == octet));
    places
        .map(|place| octets.get(place?).map(|octet| format!("\\{octet}")))
        .collect()
}

impl ActiveDirectory {
    fn kind<'a>(&'a self, what: &'a str, class: &str, names: &[&str], attributes: &[&str]) -> Kind<'a> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Kind {
            base: &self.base,
            what,
            class: class.to_owned(),
            names: owned(names),
            first_name_rules: false,
            id: ID,
            read_id,
            escape_id,
            attributes: owned(attributes),
        }
    }

    fn probe_account(
        &self,
        session: &Session,
        deadline: Deadline,
        name: &str,
        located: &Located,
    ) -> Result<Probe, Failure> {
        if located.standing == Standing::Absent {
            let how = format!("there is no account {name}");
            return Ok(answered(ProbeAnswer::Inconclusive, how));
        }
        if let Some(password) = self.settings.probe_passwords.get(name) {
            return active_directory_probe::by_logon(session, deadline, password, &located.account);
        }
        let Some(kdc) = &self.kdc else {
            return Ok(answered(
                ProbeAnswer::Inconclusive,
                "read back, not tried: no kdc is configured",
            ));
        };
        let logon_name = located.account.text(LOGON_NAME).unwrap_or_default();
        active_directory_probe::by_kdc(session, deadline, kdc, &self.realm, logon_name, located.standing)
    }

    fn locate_accounts(
        &self,
        session: &mut Session,
        deadline: Deadline,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Located, Failure>>, Failure> {
        let mark = self.settings.mark_attribute.as_deref();
        let own = [ACCOUNT_CONTROL, active_directory_probe::FAILURES];
        let attributes: Vec<&str> = own.into_iter().chain(mark).collect();
        let names = [LOGON_NAME, PRINCIPAL_NAME];
        let kind = self.kind("accounts", "(objectClass=user)", &names, &attributes);
        let found = lookup::find(session, deadline, &kind, wanted)?;
        Ok(found.into_iter().map(|found| self.account(found?)).collect())
    }

    fn account(&self, found: lookup::Found) -> Result<Located, Failure> {
        let Some(entry) = found.entry else {
            return Ok(Located::absent());
        };
        let bits = entry.text(ACCOUNT_CONTROL).and_then(|text| text.parse().ok());
        let user_account_control = bits
            .ok_or_else(|| Failure::Config(format!("{ACCOUNT_CONTROL} of {} cannot be read", entry.name)))?;
        let mark = self.settings.mark_attribute.as_deref();
        let state = State::Control {
            entry: read_id(&entry).unwrap_or_default(),
            user_account_control,
            remark: mark.and_then(|mark| entry.text(mark)).map(str::to_owned),
            takes_mark: mark.is_some(),
        };
        let mut located = Located::with(state, entry, Entry::default());
        located.name_is_anothers = found.name_is_anothers;
        Ok(located)
    }

    fn locate_memberships(
        &self,
        session: &mut Session,
        deadline: Deadline,
        sought: &[(&Wanted, &Wanted)],
    ) -> Result<Vec<Result<Located, Failure>>, Failure> {
        let groups = self.kind(
            "groups",
            "(objectClass=group)",
            &[LOGON_NAME, "cn"],
            &[SECURITY_ID, GROUP_TYPE],
        );
        let either = "(|(objectClass=user)(objectClass=group))";
        let members = self.kind(
            "accounts or groups",
            either,
            &[LOGON_NAME, PRINCIPAL_NAME],
            &[PRIMARY_GROUP],
        );
        let pairs = find_pairs(session, deadline, &groups, &members, sought)?;
        let mut listed = is_listed(session, deadline, "member", present(&pairs))?.into_iter();
        let locate = |pair: Result<Option<Pair>, Failure>| match pair? {
            None => Ok(Located::absent()),
            Some(pair) => membership(pair, listed.next().unwrap_or(Err(Failure::Late))?),
        };
        let mut located: Vec<_> = pairs.into_iter().map(locate).collect();
        see_through_groups(session, deadline, &mut located)?;
        Ok(located)
    }
}

/// `member`, with membership in groups that are members followed (MS-ADTS, section 3.1.1.3.4.4.3).
const MEMBER_IN_CHAIN: &str = "member:1.2.840.113556.1.4.1941:";

fn present(pairs: &[Result<Option<Pair>, Failure>]) -> impl Iterator<Item = (&Entry, &Entry)> {
    let found = pairs.iter().filter_map(|pair| pair.as_ref().ok()?.as_ref());
    found.map(|pair| (&pair.group, &pair.member))
}

/// Whether each of these groups lists the member beside it.
fn is_listed<'a>(
    session: &mut Session,
    deadline: Deadline,
    attribute: &str,
    pairs: impl Iterator<Item = (&'a Entry, &'a Entry)>,
) -> Result<Vec<Result<bool, Failure>>, Failure> {
    let query = |(group, member): (&Entry, &Entry)| Query {
        base: group.name.clone(),
        scope: Scope::Base,
        filter: format!("({attribute}={})", escape(&member.name)),
        attributes: vec!["1.1".to_owned()],
        control: None,
    };
    let queries: Vec<Query> = pairs.map(query).collect();
    let answers = session.search(deadline, &queries)?;
    Ok(answers
        .into_iter()
        .map(|answer| answer.map(|found| !found.is_empty()))
        .collect())
}

/// Who is not listed, but a member of a listed group, is withdrawn only partly.
fn see_through_groups(
    session: &mut Session,
    deadline: Deadline,
    located: &mut [Result<Located, Failure>],
) -> Result<(), Failure> {
    let mut unlisted: Vec<&mut Located> = located
        .iter_mut()
        .flatten()
        .filter(|located| located.standing == Standing::Withdrawn)
        .collect();
    let pairs = unlisted.iter().map(|located| (&located.group, &located.account));
    let through = is_listed(session, deadline, MEMBER_IN_CHAIN, pairs)?;
    for (located, is_member) in unlisted.iter_mut().zip(through) {
        if is_member? {
            located.standing = Standing::Partly;
        }
    }
    Ok(())
}

fn membership(pair: Pair, is_direct: bool) -> Result<Located, Failure> {
    let group_number = pair
        .group
        .values(SECURITY_ID)
        .first()
        .and_then(|sid| sid.last_chunk::<4>());
    let group_number = group_number.map(|octets| u32::from_le_bytes(*octets).to_string());
    if group_number.is_some() && group_number.as_deref() == pair.member.text(PRIMARY_GROUP) {
        return Err(Failure::Input(format!(
            "{} is the primary group of {}: it cannot be withdrawn as a membership",
            pair.group.name, pair.member.name
        )));
    }
    let state = State::Membership {
        group: read_id(&pair.group).unwrap_or_default(),
        member: read_id(&pair.member).unwrap_or_default(),
        listed: is_direct.then(|| LINK.to_owned()),
    };
    let mut located = Located::with(state, pair.member, pair.group);
    located.name_is_anothers = pair.name_is_anothers;
    Ok(located)
}

fn one(value: String) -> std::collections::HashSet<String> {
    std::iter::once(value).collect()
}

/// A change of one value that fails where another stands.
fn replace(attribute: &str, from: Option<&str>, to: Option<&str>) -> Vec<Mod<String>> {
    if from == to {
        return Vec::new();
    }
    let delete = from.map(|value| Mod::Delete(attribute.to_owned(), one(value.to_owned())));
    let add = to.map(|value| Mod::Add(attribute.to_owned(), one(value.to_owned())));
    delete.into_iter().chain(add).collect()
}

impl Dialect for ActiveDirectory {
    fn leaves_open(&self) -> String {
        let hours = self.settings.ticket_lifetime_hours;
        format!(
            "Kerberos tickets already issued: a service ticket opens new sessions at its service until it ends, {hours} hours at most, and \
             names the groups of its time; for a disabled account the KDC gives no new ones, Samba at once, Windows within 20 minutes; a \
             withdrawn membership stays in tickets until the next logon; sessions at file servers and connections to the directory that are \
             open stay until they close; other domain controllers follow when they have replicated"
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
        _session: &mut Session,
        _deadline: Deadline,
        located: &Located,
        _to: &State,
        _known: &mut Heeded,
    ) -> Result<(), Failure> {
        match located.state {
            State::Control {
                user_account_control, ..
            } if user_account_control & (DOMAIN_CONTROLLER | TRUST) != 0 => Err(Failure::Input(format!(
                "{} is the account of a domain controller or a trust",
                located.account.name
            ))),
            _ => Ok(()),
        }
    }

    fn modification(
        &self,
        _session: &mut Session,
        _deadline: Deadline,
        located: &Located,
        to: &State,
    ) -> Result<Modification, Failure> {
        let modification = |entry: &str, changes| Modification {
            entry: entry.to_owned(),
            condition: None,
            changes,
        };
        match (&located.state, to) {
            (
                State::Control {
                    user_account_control: from,
                    remark: from_remark,
                    ..
                },
                State::Control {
                    user_account_control: to,
                    remark: to_remark,
                    ..
                },
            ) => {
                let mut changes = replace(ACCOUNT_CONTROL, Some(&from.to_string()), Some(&to.to_string()));
                if let Some(mark) = &self.settings.mark_attribute {
                    changes.extend(replace(mark, from_remark.as_deref(), to_remark.as_deref()));
                }
                Ok(modification(&located.account.name, changes))
            }
            (State::Membership { listed: from, .. }, State::Membership { listed: to, .. }) => {
                let name = located.account.name.as_str();
                let changes = replace("member", from.as_ref().map(|_| name), to.as_ref().map(|_| name));
                Ok(modification(&located.group.name, changes))
            }
            _ => Err(Failure::Input(
                "one kind of target cannot become another".to_owned(),
            )),
        }
    }

    fn probe_all(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &[(&str, &Located)],
    ) -> Vec<Result<Probe, Failure>> {
        let mut probe = |(name, one): &(&str, &Located)| match &one.state {
            State::Membership { .. } => active_directory_probe::membership(session, deadline, one),
            _ => self.probe_account(session, deadline, name, one),
        };
        located.iter().map(&mut probe).collect()
    }

    fn is_logon_of(&self, name: &str, account: &Entry) -> bool {
        let is = |attribute, name: &str| {
            account
                .text(attribute)
                .is_some_and(|text| text.eq_ignore_ascii_case(name))
        };
        let by_domain = match (name.split_once('\\'), name.split_once('@')) {
            (Some((_, user)), _) => is(LOGON_NAME, user),
            (None, Some((user, domain))) => domain.eq_ignore_ascii_case(&self.realm) && is(LOGON_NAME, user),
            (None, None) => false,
        };
        by_domain || is(PRINCIPAL_NAME, name) || is_same_name(name, &account.name)
    }
}
