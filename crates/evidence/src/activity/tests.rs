mod pairing;

use cordon_estate::Means;
use cordon_estate::activity::{Activity, ActivityKind, DirectoryChange, Outcome, SystemName};
use jiff::Timestamp;

use super::{Pairing, activities, parse_address};
use crate::record::{Dialect, FileId, Record, RecordPlace, TimeBasis, Value};

fn record(second: i64, dialect: Dialect, fields: &[(&str, &str)]) -> Record {
    let place = RecordPlace {
        file: FileId(0),
        position: 1,
    };
    let time = Timestamp::from_second(1_603_355_388 + second).unwrap();
    let mut record = Record::new(time, TimeBasis::Exact, place, dialect);
    for (name, value) in fields {
        record.push(name, Value::Str(value));
    }
    record
}

fn security(second: i64, event: &str, computer: &str, fields: &[(&str, &str)]) -> Record {
    let mut all = vec![
        ("EventID", event),
        ("Channel", "Security"),
        ("Computer", computer),
    ];
    all.extend(fields);
    record(second, Dialect::Windows, &all)
}

fn system(system: &SystemName<'_>) -> String {
    let address = system.address.map(|address| address.to_string());
    format!("{}/{}", system.name.unwrap_or(""), address.unwrap_or_default())
}

/// What is told, a line each.
fn told(record: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    activities(record, &mut |activity| lines.push(line(&activity)));
    lines
}

fn line(activity: &Activity<'_>) -> String {
    match &activity.kind {
        ActivityKind::Logon {
            account,
            on,
            from,
            means,
            outcome,
            leaves_credentials,
            elevated,
        } => format!(
            "logon {} on {} from {} {means:?} {outcome:?} leaves={leaves_credentials} elevated={elevated}",
            account.name.or(account.sid).unwrap(),
            system(on),
            from.as_ref().map_or("?".to_owned(), system),
        ),
        ActivityKind::Runs { account, on } => {
            format!("runs {} on {}", account.name.or(account.sid).unwrap(), system(on))
        }
        ActivityKind::Privileged { account, on } => {
            format!(
                "privileged {} on {}",
                account.name.or(account.sid).unwrap(),
                system(on)
            )
        }
        ActivityKind::Ticket {
            account,
            service,
            from,
            outcome,
            ..
        } => format!(
            "ticket {} for {} from {} {outcome:?}",
            account.name.unwrap(),
            service.and_then(|service| service.name).unwrap_or("?"),
            from.as_ref().map_or("?".to_owned(), system),
        ),
        ActivityKind::Flow {
            from,
            to,
            protocol,
            port,
            outcome,
        } => format!(
            "flow {} {} {protocol:?} {port} {outcome:?}",
            system(from),
            system(to)
        ),
        ActivityKind::Address { system: own, address } => format!("address {} {address}", system(own)),
        ActivityKind::DirectoryServer { system: own } => format!("directory {}", system(own)),
        _ => line_of_others(activity),
    }
}

fn line_of_others(activity: &Activity<'_>) -> String {
    match &activity.kind {
        ActivityKind::RemoteAccess {
            account,
            gateway,
            from,
            inside,
            outcome,
        } => format!(
            "remote {} through {} from {from:?} inside {inside:?} {outcome:?}",
            account.name.unwrap(),
            system(gateway)
        ),
        ActivityKind::SignIn {
            account,
            app,
            from,
            outcome,
        } => format!(
            "sign-in {} to {app} from {from:?} {outcome:?}",
            account.name.unwrap()
        ),
        ActivityKind::DirectoryChange {
            actor,
            account,
            group,
            change,
        } => format!(
            "{change:?} {} by {} {group:?}",
            account
                .and_then(|account| account.name.or(account.sid))
                .unwrap_or("?"),
            actor.name.unwrap()
        ),
        _ => String::new(),
    }
}

const DC: &str = "MORDORDC.theshire.local";
const WS6: &str = "WORKSTATION6.theshire.local";

#[test]
fn addresses_are_read_as_logs_write_them() {
    for (text, address) in [
        ("::ffff:172.18.39.5", Some("172.18.39.5")),
        ("[2001:db8::1]:443", Some("2001:db8::1")),
        ("203.0.113.9:1194", Some("203.0.113.9")),
        ("fe80::1%12", Some("fe80::1")),
        ("-", None),
        ("LOCAL", None),
    ] {
        assert_eq!(
            parse_address(text),
            address.map(|text| text.parse().unwrap()),
            "{text}"
        );
    }
}

#[test]
fn logon_types_are_numbers_or_text() {
    for (kind, means, leaves) in [
        ("3", Means::FileShare, false),
        ("Network", Means::FileShare, false),
        ("10", Means::RemoteDesktop, true),
        ("10 - RemoteInteractive", Means::RemoteDesktop, true),
        ("2", Means::Console, true),
        ("Service", Means::Console, true),
    ] {
        let fields = [
            ("TargetUserName", "pat"),
            ("LogonType", kind),
            ("IpAddress", "10.0.0.5"),
        ];
        let from = if means == Means::Console { "?" } else { "/10.0.0.5" };
        let expected =
            format!("logon pat on {DC}/ from {from} {means:?} Success leaves={leaves} elevated=false");
        assert_eq!(told(&security(0, "4624", DC, &fields)), [expected]);
    }
}

#[test]
fn a_refused_logon_is_a_failure_and_leaves_nothing() {
    let fields = [
        ("SubjectUserName", "pgustavo"),
        ("TargetUserName", "lrodriguez"),
        ("LogonType", "2"),
        ("WorkstationName", "WORKSTATION5"),
        ("IpAddress", "-"),
    ];
    let expected = format!("logon lrodriguez on {DC}/ from ? Console Failure leaves=false elevated=false");
    assert_eq!(told(&security(0, "4625", DC, &fields)), [expected]);
}

#[test]
fn a_machine_proves_its_address_by_kerberos_only() {
    let fields = [
        ("TargetUserName", "WEC$"),
        ("LogonType", "3"),
        ("IpAddress", "172.18.38.6"),
        ("AuthenticationPackageName", "Kerberos"),
    ];
    assert_eq!(
        told(&security(0, "4624", DC, &fields))[1],
        "address WEC$/ 172.18.38.6"
    );
    let claimed = [
        fields[0],
        fields[1],
        fields[2],
        ("AuthenticationPackageName", "NTLM"),
    ];
    assert_eq!(told(&security(0, "4624", DC, &claimed)).len(), 1);
}

#[test]
fn only_guessable_tickets_of_users_name_their_service() {
    let ticket = |service, kind| {
        let fields = [
            ("TargetUserName", "pgustavo@THESHIRE.LOCAL"),
            ("ServiceName", service),
            ("TicketEncryptionType", kind),
            ("IpAddress", "::ffff:172.18.39.5"),
            ("Status", "0x0"),
        ];
        told(&security(0, "4769", DC, &fields)).pop().unwrap()
    };
    let line = |service| format!("ticket pgustavo@THESHIRE.LOCAL for {service} from /172.18.39.5 Success");
    assert_eq!(ticket("sysmonsvc", "0x17"), line("sysmonsvc"));
    assert_eq!(ticket("sysmonsvc", "0x12"), line("?"));
    assert_eq!(ticket("WEC$", "0x17"), line("?"));
    assert_eq!(ticket("krbtgt", "0x17"), line("?"));
}

#[test]
fn a_remote_session_shows_by_its_host_process() {
    let fields = [
        ("SubjectUserName", "WORKSTATION6$"),
        ("TargetUserName", "pgustavo"),
        ("TargetUserSid", "S-1-0-0"),
        ("NewProcessName", r"C:\Windows\System32\wsmprovhost.exe"),
    ];
    let logon =
        format!("logon pgustavo on {WS6}/ from ? RemoteManagement Success leaves=false elevated=false");
    assert_eq!(
        told(&security(0, "4688", WS6, &fields)),
        [logon, format!("runs pgustavo on {WS6}/")]
    );
}

#[test]
fn the_writer_of_an_event_is_not_the_account_of_the_service() {
    let event = [
        ("EventID", "7045"),
        ("Channel", "System"),
        ("Computer", WS6),
        ("UserID", "S-1-5-21-1-2-3-1104"),
        ("AccountName", "LocalSystem"),
    ];
    let by_sid = [format!("privileged S-1-5-21-1-2-3-1104 on {WS6}/")];
    assert_eq!(told(&record(0, Dialect::Windows, &event)), by_sid);
    let mut shipped = event.to_vec();
    shipped[4] = ("AccountName", "pgustavo");
    shipped.push(("AccountType", "User"));
    let by_name = [format!("privileged pgustavo on {WS6}/")];
    assert_eq!(told(&record(0, Dialect::Windows, &shipped)), by_name);
}

#[test]
fn connections_say_their_own_address_and_not_that_of_loopback() {
    let fields = |source| {
        [
            ("Direction", "%%14592"),
            ("SourceAddress", source),
            ("DestAddress", "172.18.39.6"),
            ("DestPort", "5985"),
            ("Protocol", "6"),
        ]
    };
    assert_eq!(
        told(&security(0, "5156", WS6, &fields("172.18.39.5"))),
        [
            format!("address {WS6}/ 172.18.39.6"),
            format!("flow /172.18.39.5 {WS6}/172.18.39.6 Tcp 5985 Success")
        ]
    );
    assert!(told(&security(0, "5156", WS6, &fields("127.0.0.1"))).is_empty());
}

#[test]
fn changes_name_who_was_changed() {
    let fields = [
        ("SubjectUserName", "pgustavo"),
        ("TargetUserName", "Administrators"),
        ("MemberName", "-"),
        ("MemberSid", "S-1-5-21-1-2-3-1000"),
    ];
    assert_eq!(
        told(&security(0, "4732", WS6, &fields)),
        [format!(
            "{:?} S-1-5-21-1-2-3-1000 by pgustavo Some(\"Administrators\")",
            DirectoryChange::MemberAdded
        )]
    );
}

#[test]
fn syslog_names_are_the_clients_and_addresses_the_servers() {
    let line = |program, message| {
        let fields = [("program", program), ("hostname", "esx1"), ("message", message)];
        told(&record(0, Dialect::Syslog, &fields))
    };
    assert_eq!(
        line(
            "sshd",
            "Failed password for invalid user x from 10.9.9.9 from 10.0.0.5 port 50022 ssh2"
        ),
        ["logon x from 10.9.9.9 on esx1/ from /10.0.0.5 Ssh Failure leaves=false elevated=false"]
    );
    assert_eq!(
        line(
            "openvpn",
            "pat/203.0.113.9:1194 MULTI: Learn: 10.8.0.6 -> pat/203.0.113.9:1194"
        ),
        ["remote pat through esx1/ from Some(203.0.113.9) inside Some(10.8.0.6) Success"]
    );
    assert_eq!(
        line(
            "openvpn",
            "203.0.113.9:1194 SENT CONTROL [pat]: 'AUTH_FAILED' (status=1)"
        ),
        ["remote pat through esx1/ from Some(203.0.113.9) inside None Failure"]
    );
    assert_eq!(
        line(
            "Hostd",
            "info hostd[1] [sub=Vimsvc] Event 12 : User root@10.1.1.5 logged in as Mozilla/5.0"
        ),
        ["logon root on esx1/ from /10.1.1.5 Web Success leaves=false elevated=true"]
    );
    assert_eq!(
        line(
            "sudo",
            "  pat : TTY=pts/0 ; PWD=/home/pat ; USER=root ; COMMAND=/bin/ls"
        ),
        ["runs pat on esx1/", "privileged pat on esx1/"]
    );
    assert!(
        line(
            "sudo",
            "pat : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"
        )
        .is_empty()
    );
}

#[test]
fn okta_targets_are_found_by_their_type() {
    let fields = [
        ("eventType", "user.mfa.factor.reset_all"),
        ("actor.alternateId", "dana@northgate.example"),
        ("outcome.result", "SUCCESS"),
        ("target.alternateId", "unknown"),
        ("target.type", "AuthenticatorEnrollment"),
        ("target.alternateId", "pat@northgate.example"),
        ("target.type", "User"),
    ];
    assert_eq!(
        told(&record(0, Dialect::Okta, &fields)),
        ["SecondFactorReset pat@northgate.example by dana@northgate.example None"]
    );
}

#[test]
fn a_sign_in_without_an_application_is_to_the_provider() {
    let okta = [
        ("eventType", "user.session.start"),
        ("actor.alternateId", "pat@northgate.example"),
        ("client.ipAddress", "203.0.113.9"),
        ("outcome.result", "FAILURE"),
    ];
    assert_eq!(
        told(&record(0, Dialect::Okta, &okta)),
        ["sign-in pat@northgate.example to okta from Some(203.0.113.9) Failure"]
    );
    let aws = [
        ("eventName", "ConsoleLogin"),
        ("userIdentity.arn", "arn:aws:sts::1:assumed-role/admin/pat"),
        ("responseElements.ConsoleLogin", "Success"),
        ("sourceIPAddress", "203.0.113.9"),
    ];
    assert_eq!(
        told(&record(0, Dialect::CloudTrail, &aws)),
        ["sign-in pat to aws from Some(203.0.113.9) Success"]
    );
}

#[test]
fn zeek_tells_what_was_seen_whole() {
    let connection = |state| {
        let fields = [
            ("_path", "conn"),
            ("id.orig_h", "10.0.0.5"),
            ("id.resp_h", "10.0.0.6"),
            ("id.resp_p", "445"),
            ("proto", "tcp"),
            ("conn_state", state),
        ];
        told(&record(0, Dialect::Zeek, &fields))
    };
    assert_eq!(connection("SF"), ["flow /10.0.0.5 /10.0.0.6 Tcp 445 Success"]);
    assert_eq!(connection("REJ"), ["flow /10.0.0.5 /10.0.0.6 Tcp 445 Failure"]);
    assert!(connection("OTH").is_empty());
}

/// Of every Windows event number, in each log that is read, with every field that could make it speak.
#[test]
fn what_is_not_telling_tells_nothing_and_is_no_hint() {
    let fields = [
        ("Computer", "WORKSTATION5.theshire.local"),
        ("SubjectUserName", "pgustavo"),
        ("TargetUserName", "pgustavo"),
        ("TargetServerName", "workstation6"),
        ("User", "THESHIRE\\pgustavo"),
        ("UserID", "S-1-5-21-1-2-3-1104"),
        ("connection", "workstation6/wsman"),
        ("IpAddress", "172.18.39.5"),
        ("LogonType", "3"),
        ("ObjectServer", "DS"),
        ("ShareName", "\\\\*\\ADMIN$"),
    ];
    let providers = [
        "Security-Auditing",
        "Sysmon",
        "WinRM",
        "PowerShell",
        "TerminalServices-Gateway",
    ];
    let (mut quiet, mut telling) = (0, 0);
    for (event, provider) in (0..8000).flat_map(|event| providers.map(|provider| (event, provider))) {
        let (event, provider) = (event.to_string(), format!("Microsoft-Windows-{provider}"));
        let mut all = vec![("EventID", event.as_str()), ("Provider_Name", provider.as_str())];
        all.extend(fields);
        let record = record(0, Dialect::Windows, &all);
        if super::is_telling(&record) {
            telling += 1;
            continue;
        }
        quiet += 1;
        assert_eq!(told(&record), Vec::<String>::new(), "{event} of {provider}");
        assert!(
            super::windows::outgoing(&record).is_none(),
            "{event} of {provider}"
        );
    }
    assert!(telling > 100 && quiet > 30_000);
}

proptest::proptest! {
    /// Whatever stands in the fields, nothing panics and nobody nameless is told of.
    #[test]
    fn hostile_fields_do_no_harm(
        event in proptest::sample::select(vec!["1", "3", "21", "302", "1149", "4103", "4624", "4688", "4732", "4769", "5145", "5156", "6272"]),
        dialect in proptest::sample::select(vec![Dialect::Windows, Dialect::Okta, Dialect::Entra, Dialect::Syslog, Dialect::Zeek, Dialect::CloudTrail]),
        fields in proptest::collection::vec((proptest::sample::select(vec![
            "Channel", "Computer", "TargetUserName", "SubjectUserName", "IpAddress", "LogonType", "ShareName", "Status", "MemberSid",
            "message", "program", "hostname", "eventType", "target.type", "target.alternateId", "client", "service", "ContextInfo",
        ]), ".{0,24}"), 0..12),
    ) {
        let mut all = vec![("EventID", event)];
        all.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
        let _ = told(&record(0, dialect, &all));
    }
}
