//! Which source and means a logon takes from the records before it.

use super::*;

fn inbound(second: i64, from: &str) -> Record {
    let fields = [
        ("Direction", "Inbound"),
        ("SourceAddress", from),
        ("DestAddress", "172.18.39.6"),
        ("DestPort", "5985"),
        ("Protocol", "6"),
    ];
    security(second, "5156", WS6, &fields)
}

/// The source and the means of a network logon that names no source, after these records.
fn paired(before: &[Record], second: i64) -> (Option<String>, Means) {
    let fields = [
        ("TargetUserName", "pgustavo"),
        ("LogonType", "3"),
        ("IpAddress", "-"),
        ("WorkstationName", "-"),
    ];
    let mut pairing = Pairing::new();
    for record in before {
        pairing.activities(record, &mut |_| {});
    }
    let mut found = None;
    pairing.activities(&security(second, "4624", WS6, &fields), &mut |activity| {
        if let ActivityKind::Logon {
            from,
            means,
            outcome: Outcome::Success,
            ..
        } = activity.kind
        {
            let source = from.map(|from| {
                from.name
                    .map_or_else(|| from.address.unwrap().to_string(), str::to_owned)
            });
            found = Some((source, means));
        }
    });
    found.unwrap()
}

#[test]
fn a_logon_without_a_source_takes_the_only_one() {
    let source = Some("172.18.39.5".to_owned());
    assert_eq!(
        paired(&[inbound(0, "172.18.39.5")], 1),
        (source, Means::RemoteManagement)
    );
    assert_eq!(paired(&[], 1), (None, Means::FileShare));
    assert_eq!(
        paired(&[inbound(0, "172.18.39.5")], 11),
        (None, Means::FileShare),
        "too late"
    );
}

#[test]
fn two_sources_leave_a_logon_unpaired() {
    let both = [inbound(0, "172.18.39.5"), inbound(0, "172.18.39.7")];
    assert_eq!(paired(&both, 1), (None, Means::FileShare));
}

#[test]
fn explicit_credentials_are_a_hint_for_their_own_account_only() {
    let tries = |account| {
        let fields = [
            ("TargetUserName", account),
            ("TargetServerName", "workstation6"),
            ("TargetInfo", "HTTP/workstation6"),
        ];
        security(0, "4648", "WORKSTATION5.theshire.local", &fields)
    };
    assert!(
        told(&tries("pgustavo")).is_empty(),
        "anybody can write it about anybody"
    );
    let source = Some("WORKSTATION5".to_owned());
    assert_eq!(paired(&[tries("pgustavo")], 1), (source, Means::RemoteManagement));
    assert_eq!(paired(&[tries("administrator")], 1), (None, Means::FileShare));
}
