//! The traces that the intruder leaves, step by step.

use cordon_estate::{AccountId, SystemId};
use jiff::Timestamp;

use super::Script;
use super::okta;
use super::openvpn::Client;
use super::scribe::Scribe;
use super::story::{OUTSIDE, at, minute};
use super::windows::{Logon, RC4, Start};

/// The address that the VPN gives.
const INSIDE: &str = "10.30.211.9";

const POWERSHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const SHELL: &str = "C:\\Windows\\System32\\cmd.exe";

/// Service accounts whose tickets are asked for, one after the other.
const ROASTED: [&str; 8] = [
    "svc-label-print",
    "svc-fax",
    "svc-scanner",
    "svc-intranet-old",
    "svc-report-2014",
    "svc-fuel",
    "svc-kiosk",
    "svc-photo",
];

/// The traces.
pub(super) fn play(scribe: &mut Scribe<'_>, script: &Script) {
    call(scribe, script);
    come_in(scribe, script);
    look_round(scribe, script);
    roast(scribe, script);
    server(scribe, script);
    hypervisors(scribe, script);
    backups(scribe, script);
}

fn call(scribe: &mut Scribe<'_>, script: &Script) {
    let cast = &script.cast;
    scribe.reset(
        at(script, minute::RESET),
        cast.domain_controller,
        cast.agent,
        cast.victim,
    );
    let office = okta::Event {
        kind: "user.account.reset_password",
        actor: cast.agent,
        address: "198.51.100.10",
        country: "United Kingdom",
        user: Some(cast.victim),
        thing: None,
        success: true,
        new_place: false,
    };
    scribe.identity(at(script, minute::RESET + 0.2), office);
    let reset = okta::Event {
        kind: "user.mfa.factor.reset_all",
        ..office
    };
    scribe.identity(at(script, minute::FACTOR), reset);
    let outside = okta::Event {
        kind: "user.session.start",
        actor: cast.victim,
        address: OUTSIDE,
        country: "Netherlands",
        user: None,
        new_place: true,
        ..office
    };
    scribe.identity(at(script, minute::ENROL - 0.5), outside);
    let enrol = okta::Event {
        kind: "user.mfa.factor.activate",
        user: Some(cast.victim),
        thing: Some(("AuthenticatorEnrollment", "Okta Verify")),
        ..outside
    };
    scribe.identity(at(script, minute::ENROL), enrol);
    let factor = okta::Event {
        kind: "user.authentication.auth_via_mfa",
        ..outside
    };
    scribe.identity(at(script, minute::VPN - 0.3), factor);
    let sign_on = okta::Event {
        kind: "user.authentication.sso",
        thing: Some(("AppInstance", "OpenVPN")),
        ..outside
    };
    scribe.identity(at(script, minute::VPN - 0.2), sign_on);
}

fn come_in(scribe: &mut Scribe<'_>, script: &Script) {
    let cast = &script.cast;
    let client = Client {
        account: cast.victim,
        gateway: cast.gateway,
        outside: OUTSIDE,
        port: 51_842,
        inside: INSIDE,
    };
    scribe.connects(at(script, minute::VPN), client);
    let logon = Logon {
        account: cast.victim,
        on: cast.desktop,
        from: None,
        kind: 10,
        elevated: false,
    };
    scribe.logon_from(at(script, minute::DESKTOP), logon, INSIDE, "DESKTOP-7QK2M1P");
}

fn run(
    scribe: &mut Scribe<'_>,
    time: Timestamp,
    account: AccountId,
    on: SystemId,
    image: &str,
    command_line: &str,
) {
    let parent = if image == POWERSHELL { SHELL } else { POWERSHELL };
    scribe.start(
        time,
        Start {
            account,
            on,
            image,
            command_line,
            parent,
        },
    );
}

fn look_round(scribe: &mut Scribe<'_>, script: &Script) {
    let (who, desk) = (script.cast.victim, script.cast.desktop);
    for (number, (image, command_line)) in [
        ("C:\\Windows\\System32\\whoami.exe", "whoami /all"),
        (
            "C:\\Windows\\System32\\nltest.exe",
            "nltest /domain_trusts /all_trusts",
        ),
        (
            "C:\\Windows\\System32\\nltest.exe",
            "nltest /dclist:northgate.example",
        ),
        (
            "C:\\Windows\\System32\\net.exe",
            "net group \"Domain Admins\" /domain",
        ),
        (
            "C:\\Windows\\System32\\net.exe",
            "net group \"hypervisor-admins\" /domain",
        ),
        (
            "C:\\Windows\\System32\\setspn.exe",
            "setspn -T northgate.example -Q */*",
        ),
        (
            "C:\\Users\\Public\\AdFind.exe",
            "AdFind.exe -f \"(objectcategory=person)\" -csv",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        run(
            scribe,
            at(script, minute::DISCOVERY + number as f64 * 0.7),
            who,
            desk,
            image,
            command_line,
        );
    }
}

fn roast(scribe: &mut Scribe<'_>, script: &Script) {
    let cast = &script.cast;
    for (number, service) in ROASTED.into_iter().enumerate() {
        let time = at(script, minute::ROAST + number as f64 * 0.02);
        scribe.ticket(
            time,
            cast.domain_controller,
            cast.victim,
            cast.desktop,
            service,
            RC4,
        );
    }
}

fn server(scribe: &mut Scribe<'_>, script: &Script) {
    let cast = &script.cast;
    let (who, on) = (cast.roasted, cast.server);
    scribe.first_ticket(
        at(script, minute::SERVER - 0.1),
        cast.domain_controller,
        who,
        cast.desktop,
    );
    let logon = Logon {
        account: who,
        on,
        from: Some(cast.desktop),
        kind: 3,
        elevated: true,
    };
    scribe.logon(at(script, minute::SERVER), logon);
    scribe.share(at(script, minute::SERVER + 0.1), who, on, cast.desktop, "ADMIN$");
    scribe.service(
        at(script, minute::SERVER + 0.2),
        who,
        on,
        "PSEXESVC",
        "%SystemRoot%\\PSEXESVC.exe",
    );
    let command_line = "cmd.exe /c whoami & quser";
    run(
        scribe,
        at(script, minute::SERVER + 0.4),
        who,
        on,
        SHELL,
        command_line,
    );
    let dump = "C:\\Windows\\System32\\rundll32.exe";
    let command_line =
        "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 684 C:\\Windows\\Temp\\d.bin full";
    run(scribe, at(script, minute::THEFT), who, on, dump, command_line);
    let lsass = "C:\\Windows\\system32\\lsass.exe";
    scribe.opens(at(script, minute::THEFT + 0.01), who, on, dump, lsass);
    scribe.explicit(at(script, minute::JUMP), who, on, who, cast.jump_host);
    let machine = format!("{}$", scribe.host(cast.jump_host));
    let time = at(script, minute::JUMP - 0.02);
    scribe.ticket(
        time,
        cast.domain_controller,
        who,
        on,
        &machine,
        super::windows::AES,
    );
}

fn hypervisors(scribe: &mut Scribe<'_>, script: &Script) {
    let cast = &script.cast;
    let (who, on) = (cast.administrator, cast.hypervisor_manager);
    let logon = Logon {
        account: who,
        on,
        from: Some(cast.jump_host),
        kind: 3,
        elevated: true,
    };
    scribe.logon(at(script, minute::HYPERVISOR), logon);
    let command_line = "powershell.exe -Command Get-VMHost | Get-VMHostService | Where-Object Key -eq TSM-SSH | Start-VMHostService";
    run(
        scribe,
        at(script, minute::HOSTS),
        who,
        on,
        POWERSHELL,
        command_line,
    );
    let command_line =
        "powershell.exe -Command Copy-DatastoreItem C:\\Windows\\Temp\\e.elf vmstore:\\dc1\\tmp\\";
    run(
        scribe,
        at(script, minute::SPREAD),
        who,
        on,
        POWERSHELL,
        command_line,
    );
}

fn backups(scribe: &mut Scribe<'_>, script: &Script) {
    let cast = &script.cast;
    let (who, on) = (cast.tape, cast.backup);
    let logon = Logon {
        account: who,
        on,
        from: Some(cast.server),
        kind: 3,
        elevated: true,
    };
    scribe.logon(at(script, minute::BACKUP), logon);
    for (number, (image, command_line)) in [
        ("C:\\Windows\\System32\\net.exe", "net stop VeeamBackupSvc /y"),
        (
            "C:\\Windows\\System32\\vssadmin.exe",
            "vssadmin delete shadows /all /quiet",
        ),
        (
            "C:\\Windows\\System32\\wbadmin.exe",
            "wbadmin delete catalog -quiet",
        ),
        (
            "C:\\Windows\\System32\\bcdedit.exe",
            "bcdedit /set {default} recoveryenabled no",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        run(
            scribe,
            at(script, minute::DESTROY + number as f64 * 0.3),
            who,
            on,
            image,
            command_line,
        );
    }
}
