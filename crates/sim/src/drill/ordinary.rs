//! An ordinary morning: people log on, programs run, the help desk helps, administrators administer.

use cordon_estate::{AccountId, SystemId};
use jiff::Timestamp;

use super::Script;
use super::clock::after;
use super::mornings::Morning;
use super::okta;
use super::openvpn::Client;
use super::scribe::Scribe;
use super::windows::{AES, Logon, Start};

/// Length of the morning in seconds: four hours.
const MORNING_SECONDS: u32 = 4 * 3_600;

const EXPLORER: &str = "C:\\Windows\\explorer.exe";
const OFFICE: [(&str, &str); 6] = [
    (
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE",
        "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE\"",
    ),
    (
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
        "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE\" /dde",
    ),
    (
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
        "\"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe\"",
    ),
    (
        "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
        "\"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe\" --no-startup-window",
    ),
    (
        "C:\\Windows\\System32\\notepad.exe",
        "\"C:\\Windows\\system32\\notepad.exe\"",
    ),
    (
        "C:\\Windows\\System32\\spoolsv.exe",
        "C:\\Windows\\System32\\spoolsv.exe",
    ),
];

/// Writes about this many records.
pub(super) fn live(scribe: &mut Scribe<'_>, script: &Script, events: u32) {
    let morning = Morning::of(scribe.estate, script);
    help_desk(scribe, script, &morning, (events / 1_200).clamp(2, 60));
    administration(scribe, script, &morning, (events / 250).clamp(4, 400));
    while scribe.written() < events as usize {
        let before = scribe.written();
        let time = moment(scribe, script);
        match scribe.below(100) {
            0..=44 => desk(scribe, &morning, time),
            45..=64 => program(scribe, &morning, time),
            65..=79 => cloud(scribe, &morning, time),
            80..=85 => remote(scribe, &morning, time),
            86..=97 => service(scribe, &morning, time),
            _ => mistake(scribe, &morning, time),
        }
        if scribe.written() == before && morning.desks.is_empty() {
            return;
        }
    }
}

fn moment(scribe: &mut Scribe<'_>, script: &Script) -> Timestamp {
    let seconds = scribe.below(MORNING_SECONDS * 1_000);
    after(script.start, f64::from(seconds) / 1_000.0)
}

/// Somebody unlocks their machine, gets tickets and opens a share.
fn desk(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp) {
    let (Some((account, on)), Some(issuer)) = (scribe.pick(&morning.desks), scribe.pick(&morning.directory))
    else {
        return;
    };
    scribe.first_ticket(time, issuer, account, on);
    let machine = format!("{}$", scribe.host(on));
    scribe.ticket(after(time, 0.1), issuer, account, on, &machine, AES);
    let logon = Logon {
        account,
        on,
        from: None,
        kind: 2,
        elevated: false,
    };
    scribe.logon(after(time, 0.3), logon);
    if let Some(server) = scribe.pick(&morning.servers) {
        let machine = format!("{}$", scribe.host(server));
        scribe.ticket(after(time, 20.0), issuer, account, on, &machine, AES);
        let logon = Logon {
            account,
            on: server,
            from: Some(on),
            kind: 3,
            elevated: false,
        };
        scribe.logon(after(time, 20.2), logon);
        scribe.share(after(time, 20.3), account, server, on, "team");
    }
}

fn program(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp) {
    let (Some((account, on)), Some((image, command_line))) =
        (scribe.pick(&morning.desks), scribe.pick(&OFFICE))
    else {
        return;
    };
    scribe.start(
        time,
        Start {
            account,
            on,
            image,
            command_line,
            parent: EXPLORER,
        },
    );
}

/// The same person always comes from the same address: a home line or the firm's own.
fn home(account: AccountId) -> String {
    let [_, a, b, c] = account.0.wrapping_mul(2_654_435_761).to_be_bytes();
    format!("198.{}.{b}.{c}", 18 + (a & 1))
}

fn cloud(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp) {
    let Some((actor, _)) = scribe.pick(&morning.desks) else {
        return;
    };
    let address = if morning.remote.contains(&actor) {
        home(actor)
    } else {
        "198.51.100.10".to_owned()
    };
    let event = okta::Event {
        kind: "user.session.start",
        actor,
        address: &address,
        country: "United Kingdom",
        user: None,
        thing: None,
        success: true,
        new_place: false,
    };
    let new_place = scribe.below(60) == 0;
    scribe.identity(time, okta::Event { new_place, ..event });
    let factor = okta::Event {
        kind: "user.authentication.auth_via_mfa",
        ..event
    };
    scribe.identity(after(time, 6.0), factor);
    let app = scribe
        .pick(&["mail-and-files", "rota", "service-desk"])
        .unwrap_or("rota");
    let sign_on = okta::Event {
        kind: "user.authentication.sso",
        thing: Some(("AppInstance", app)),
        ..event
    };
    scribe.identity(after(time, 8.0), sign_on);
}

fn remote(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp) {
    let Some(account) = scribe.pick(&morning.remote) else {
        return;
    };
    let (outside, inside) = (
        home(account),
        format!("10.30.{}.{}", account.0 % 200, account.0 / 200 % 250 + 2),
    );
    let client = Client {
        account,
        gateway: morning.gateway,
        outside: &outside,
        port: 40_000 + (account.0 % 20_000) as u16,
        inside: &inside,
    };
    if scribe.below(12) == 0 {
        scribe.rejected(after(time, -9.0), client);
    }
    scribe.connects(time, client);
    if scribe.below(3) == 0 {
        scribe.leaves(after(time, 1_700.0), client);
    }
}

fn service(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp) {
    let Some((account, on)) = scribe.pick(&morning.services) else {
        return;
    };
    let logon = Logon {
        account,
        on,
        from: None,
        kind: 5,
        elevated: false,
    };
    scribe.logon(time, logon);
    if let (Some(backup), Some(server)) = (morning.backup.first(), scribe.pick(&morning.servers))
        && scribe.below(10) == 0
    {
        backup_run(scribe, morning, time, *backup, server);
    }
}

/// The backup account reads a server, as every night and morning.
fn backup_run(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp, from: SystemId, on: SystemId) {
    let account = morning
        .services
        .iter()
        .find(|&&(_, system)| system == from)
        .map(|&(account, _)| account);
    if let Some(account) = account {
        let logon = Logon {
            account,
            on,
            from: Some(from),
            kind: 3,
            elevated: true,
        };
        scribe.logon(time, logon);
        scribe.share(after(time, 0.2), account, on, from, "ADMIN$");
    }
}

/// A wrong password, and then the right one.
fn mistake(scribe: &mut Scribe<'_>, morning: &Morning, time: Timestamp) {
    if let (Some((account, from)), Some(on)) = (scribe.pick(&morning.desks), scribe.pick(&morning.servers)) {
        scribe.refused(time, account, on, from);
        let logon = Logon {
            account,
            on,
            from: Some(from),
            kind: 3,
            elevated: false,
        };
        scribe.logon(after(time, 14.0), logon);
    }
}

/// Real resets: most are a forgotten password, some a new telephone as well.
fn help_desk(scribe: &mut Scribe<'_>, script: &Script, morning: &Morning, resets: u32) {
    for number in 0..resets {
        let time = moment(scribe, script);
        let (Some((user, _)), Some(agent), Some(issuer)) = (
            scribe.pick(&morning.desks),
            scribe.pick(&morning.helpdesk),
            scribe.pick(&morning.directory),
        ) else {
            return;
        };
        scribe.reset(time, issuer, agent, user);
        let event = okta::Event {
            kind: "user.account.reset_password",
            actor: agent,
            address: "198.51.100.10",
            country: "United Kingdom",
            user: Some(user),
            thing: None,
            success: true,
            new_place: false,
        };
        scribe.identity(after(time, 8.0), event);
        if number % 5 == 0 {
            new_telephone(scribe, after(time, 300.0), event, user);
        }
    }
}

fn new_telephone(scribe: &mut Scribe<'_>, time: Timestamp, desk: okta::Event<'_>, user: AccountId) {
    let reset = okta::Event {
        kind: "user.mfa.factor.deactivate",
        ..desk
    };
    scribe.identity(time, reset);
    let enrol = okta::Event {
        kind: "user.mfa.factor.activate",
        actor: user,
        user: Some(user),
        thing: Some(("AuthenticatorEnrollment", "Okta Verify")),
        ..desk
    };
    scribe.identity(after(time, 900.0), enrol);
}

/// Administrators log on to servers, look things up in the directory and install software.
fn administration(scribe: &mut Scribe<'_>, script: &Script, morning: &Morning, sessions: u32) {
    for number in 0..sessions {
        let time = moment(scribe, script);
        let (Some((account, from)), Some(on)) = (
            scribe.pick(&morning.administrators),
            scribe.pick(&morning.servers),
        ) else {
            return;
        };
        let logon = Logon {
            account,
            on,
            from: Some(from),
            kind: 10,
            elevated: true,
        };
        scribe.logon(time, logon);
        let (image, command_line) = match number % 4 {
            0 => ("C:\\Windows\\System32\\mmc.exe", "mmc.exe compmgmt.msc"),
            1 => ("C:\\Windows\\System32\\cmd.exe", "cmd.exe"),
            2 => ("C:\\Windows\\System32\\Taskmgr.exe", "taskmgr.exe /4"),
            _ => ("C:\\Windows\\System32\\net.exe", "net user /domain"),
        };
        scribe.start(
            after(time, 40.0),
            Start {
                account,
                on,
                image,
                command_line,
                parent: EXPLORER,
            },
        );
        if number % 16 == 1 {
            let image = "\"C:\\Program Files\\Northgate\\Updater\\updater.exe\"";
            scribe.service(after(time, 200.0), account, on, "NorthgateUpdater", image);
        }
    }
}
