//! The story as data: who does what to whom, when, and what shows it.

use cordon_estate::{AccountId, Entity, Estate, SystemId};
use cordon_incident::truth::{Truth, TruthHost, TruthStep};
use jiff::Timestamp;

use super::Script;
use super::clock::after;
use crate::northgate::Cast;

/// Where the intruder comes from (a documentation address, RFC 5737).
pub(super) const OUTSIDE: &str = "203.0.113.66";
/// Minutes after the start of the morning at which each chapter begins.
pub(super) mod minute {
    pub(crate) const RESET: f64 = 52.0;
    pub(crate) const FACTOR: f64 = 54.0;
    pub(crate) const ENROL: f64 = 58.0;
    pub(crate) const VPN: f64 = 63.0;
    pub(crate) const DESKTOP: f64 = 68.0;
    pub(crate) const DISCOVERY: f64 = 74.0;
    pub(crate) const ROAST: f64 = 87.0;
    pub(crate) const SERVER: f64 = 127.0;
    pub(crate) const THEFT: f64 = 136.0;
    pub(crate) const JUMP: f64 = 148.0;
    pub(crate) const HYPERVISOR: f64 = 161.0;
    pub(crate) const HOSTS: f64 = 168.0;
    pub(crate) const BACKUP: f64 = 176.0;
    pub(crate) const DESTROY: f64 = 183.0;
    pub(crate) const SPREAD: f64 = 195.0;
    pub(crate) const END: f64 = 240.0;
}

pub(super) fn at(script: &Script, minutes: f64) -> Timestamp {
    after(script.start, minutes * 60.0)
}

/// The truth file of the drill.
pub(super) fn truth(estate: &Estate, script: &Script) -> Truth {
    let cast = &script.cast;
    let account = |id: AccountId| {
        estate
            .account(id)
            .map_or_else(String::new, |account| account.name.clone())
    };
    let system = |id: SystemId| {
        estate
            .system(id)
            .map_or_else(String::new, |system| system.name.clone())
    };
    let host = |id: SystemId, role: &str| TruthHost {
        name: system(id),
        role: role.to_owned(),
        ips: estate
            .system(id)
            .map(|system| system.addresses.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
    };
    Truth {
        dataset: format!("drill, seed {}", script.seed),
        window: Some((script.start, at(script, minute::END))),
        compromised_accounts: [cast.victim, cast.roasted, cast.tape, cast.administrator]
            .map(account)
            .to_vec(),
        compromised_hosts: [
            cast.desktop,
            cast.server,
            cast.jump_host,
            cast.hypervisor_manager,
            cast.backup,
        ]
        .map(system)
        .to_vec(),
        hosts: vec![
            host(cast.desktop, "desktop of the victim"),
            host(cast.server, "application server"),
            host(cast.jump_host, "unmanaged jump host, logs nothing"),
            host(cast.hypervisor_manager, "hypervisor manager"),
            host(cast.backup, "backup server"),
            host(cast.domain_controller, "directory server"),
        ],
        steps: STEPS
            .into_iter()
            .map(|(minutes, technique, from, to, who, evidence)| TruthStep {
                time: at(script, minutes),
                technique: technique.to_owned(),
                from_host: from.name(estate, cast),
                to_host: to.name(estate, cast),
                account: who.name(estate, cast),
                evidence: evidence.to_owned(),
            })
            .collect(),
    }
}

/// Parts in the story.
#[derive(Clone, Copy)]
enum Part {
    Outside,
    Identity,
    Gateway,
    Directory,
    Desktop,
    Server,
    Jump,
    Manager,
    Backup,
    Victim,
    Roasted,
    Tape,
    Administrator,
}

impl Part {
    fn name(self, estate: &Estate, cast: &Cast) -> String {
        let account = |id: AccountId| estate.name(Entity::Account(id)).to_owned();
        let system = |id: SystemId| estate.name(Entity::System(id)).to_owned();
        match self {
            Self::Outside => OUTSIDE.to_owned(),
            Self::Identity => "northgate-idp".to_owned(),
            Self::Gateway => system(cast.gateway),
            Self::Directory => system(cast.domain_controller),
            Self::Desktop => system(cast.desktop),
            Self::Server => system(cast.server),
            Self::Jump => system(cast.jump_host),
            Self::Manager => system(cast.hypervisor_manager),
            Self::Backup => system(cast.backup),
            Self::Victim => account(cast.victim),
            Self::Roasted => account(cast.roasted),
            Self::Tape => account(cast.tape),
            Self::Administrator => account(cast.administrator),
        }
    }
}

/// Minute, technique, from, to, account, and what shows it.
const STEPS: [(f64, &str, Part, Part, Part, &str); 15] = [
    (
        minute::RESET,
        "T1656",
        Part::Outside,
        Part::Directory,
        Part::Victim,
        "4724 by the help desk",
    ),
    (
        minute::FACTOR,
        "T1556.006",
        Part::Outside,
        Part::Identity,
        Part::Victim,
        "user.mfa.factor.reset_all",
    ),
    (
        minute::ENROL,
        "T1098.005",
        Part::Outside,
        Part::Identity,
        Part::Victim,
        "user.mfa.factor.activate",
    ),
    (
        minute::VPN,
        "T1133",
        Part::Outside,
        Part::Gateway,
        Part::Victim,
        "OpenVPN logon",
    ),
    (
        minute::DESKTOP,
        "T1021.001",
        Part::Gateway,
        Part::Desktop,
        Part::Victim,
        "4624 type 10",
    ),
    (
        minute::DISCOVERY,
        "T1087.002",
        Part::Desktop,
        Part::Desktop,
        Part::Victim,
        "whoami, nltest, net, setspn",
    ),
    (
        minute::ROAST,
        "T1558.003",
        Part::Desktop,
        Part::Directory,
        Part::Victim,
        "4769 with RC4",
    ),
    (
        minute::SERVER,
        "T1021.002",
        Part::Desktop,
        Part::Server,
        Part::Roasted,
        "4624 type 3, 7045",
    ),
    (
        minute::THEFT,
        "T1003.001",
        Part::Server,
        Part::Server,
        Part::Roasted,
        "comsvcs MiniDump of lsass",
    ),
    (
        minute::JUMP,
        "T1021.001",
        Part::Server,
        Part::Jump,
        Part::Roasted,
        "4648; the jump host logs nothing",
    ),
    (
        minute::HYPERVISOR,
        "T1078.002",
        Part::Jump,
        Part::Manager,
        Part::Administrator,
        "4624 on the manager",
    ),
    (
        minute::HOSTS,
        "T1021.004",
        Part::Manager,
        Part::Manager,
        Part::Administrator,
        "secure shell switched on on hosts",
    ),
    (
        minute::BACKUP,
        "T1021.002",
        Part::Server,
        Part::Backup,
        Part::Tape,
        "4624 type 3",
    ),
    (
        minute::DESTROY,
        "T1490",
        Part::Backup,
        Part::Backup,
        Part::Tape,
        "vssadmin, wbadmin, bcdedit",
    ),
    (
        minute::SPREAD,
        "T1486",
        Part::Manager,
        Part::Manager,
        Part::Administrator,
        "encryptor copied to datastores",
    ),
];
