//! Servers that say what no server should, and connections that break at the worst moment.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cordon_act::{PointErrorKind, Standing};
use cordon_testbed::{Folder, OpenLdapContent};
use serde_json::{Value, json};

use super::openldap::Bed;
use super::support::{Calls as _, DEADLINE, MARK, OTHER_MARK, account, kind, point, secret, with};

/// How long a call to a server that never answers may take.
const SHORT: Duration = Duration::from_millis(600);

/// How long a change may take whose answer is lost: long enough that it is sent.
const LONG: Duration = Duration::from_secs(10);

/// What a busy machine may add to it. Without a deadline such a call would never end.
const IN_TIME: Duration = Duration::from_secs(30);

/// One element of BER.
fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, content].concat()
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    ber(0x30, &[&[2, 1, id][..], operation].concat())
}

fn result(tag: u8) -> Vec<u8> {
    ber(tag, &[10, 1, 0, 4, 0, 4, 0])
}

/// A listener that answers the logon and then each further message with these bytes, and goes on reading. It ends with the process.
fn liar(after_logon: Vec<u8>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = after_logon.clone();
            std::thread::spawn(move || lie(stream, &answer));
        }
    });
    port
}

fn lie(mut stream: TcpStream, answer: &[u8]) {
    let mut buffer = [0; 4096];
    let mut first = true;
    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
        let said = if std::mem::take(&mut first) {
            message(1, &result(0x61))
        } else {
            answer.to_vec()
        };
        if stream.write_all(&said).is_err() {
            return;
        }
    }
}

fn config(folder: &Folder, port: u16) -> Value {
    json!({
        "dialect": "openldap",
        "server": format!("ldap://127.0.0.1:{port}"),
        "plaintext-on-loopback": true,
        "bind-as": "cn=cordon",
        "bind-password": secret(folder, "secret of the liar's victim"),
        "base": "dc=corp,dc=test",
    })
}

fn lies() -> Vec<(&'static str, Vec<u8>)> {
    let mut nested = vec![2, 1, 1];
    for _ in 0..30_000 {
        nested = ber(0x30, &nested);
        if nested.len() > 200_000 {
            break;
        }
    }
    let entry = |attributes: &[u8]| message(2, &ber(0x64, &[&[4, 1, b'x'][..], attributes].concat()));
    let control = ber(0xa0, &ber(0x30, &[4, 1, b'1', 1, 0]));
    vec![
        ("garbage", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        (
            "a length beyond all bounds",
            vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 2],
        ),
        (
            "a length of eight octets",
            vec![0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        ("an indefinite length", vec![0x30, 0x80, 2, 1, 2, 0, 0]),
        ("deep nesting", nested),
        ("an empty message", vec![0x30, 0]),
        ("no operation", ber(0x30, &[2, 1, 2])),
        ("no number", ber(0x30, &[4, 1, 2, 0x65, 0])),
        ("an empty result", message(2, &ber(0x65, &[]))),
        ("a request", message(2, &result(0x63))),
        ("an entry without attributes", entry(&[])),
        (
            "an entry whose attributes are none",
            entry(&ber(0x30, &[0x30, 2, 4, 0])),
        ),
        (
            "a name that is no text",
            message(2, &ber(0x64, &[4, 1, 0xff, 0x30, 0])),
        ),
        ("the answer to another question", message(2, &result(0x61))),
        ("a modification for a search", message(2, &result(0x67))),
        (
            "a control without a value for its truth",
            ber(0x30, &[&[2, 1, 2][..], &result(0x65), &control].concat()),
        ),
        ("a notice of disconnection", message(0, &result(0x78))),
    ]
}

#[test]
fn whatever_a_server_says_is_an_error_in_time_and_ends_nothing() {
    let folder = Folder::new();
    for (what, lie) in lies() {
        let mut point = point(&config(&folder, liar(lie)));
        let clock = Instant::now();
        let error = point.observe(&account("pat"), SHORT).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target, "{what}: {error}");
        assert!(clock.elapsed() < SHORT + IN_TIME, "{what}: {:?}", clock.elapsed());
        assert!(
            !error.text.contains("victim") && error.text.len() <= 400,
            "{what}: {error}"
        );
        let all = point.observe_all(&[account("pat"), account("alex")], SHORT);
        assert!(all.iter().all(Result::is_err), "{what}");
    }
}

#[test]
fn a_flood_of_entries_is_not_kept() {
    let folder = Folder::new();
    let one = message(2, &ber(0x64, &[&[4, 1, b'x'][..], &ber(0x30, &[])].concat()));
    let mut point = point(&config(&folder, liar(one.repeat(20_000))));
    let error = point.observe(&account("pat"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert!(error.text.contains("more than"), "{error}");
}

#[test]
fn pages_without_end_end() {
    let folder = Folder::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        for id in 1_u32.. {
            if !stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                return;
            }
            let cookie = ber(4, &ber(0x30, &[2, 1, 0, 4, 1, 7]));
            let control = ber(
                0xa0,
                &ber(0x30, &[ber(4, b"1.2.840.113556.1.4.319"), cookie].concat()),
            );
            let answer = if id == 1 {
                result(0x61)
            } else {
                [result(0x65), control].concat()
            };
            let number = ber(2, &id.to_be_bytes());
            let whole = ber(0x30, &[number, answer].concat());
            if stream.write_all(&whole).is_err() {
                return;
            }
        }
    });
    let error = point(&config(&folder, port))
        .observe(&account("pat"), DEADLINE)
        .unwrap_err();
    assert!(error.text.contains("pages"), "{error}");
}

#[test]
fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    let folder = Folder::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = config(&folder, port);
    let start_tls = with(
        &silent,
        json!({"plaintext-on-loopback": false, "ca-file": authority(&folder)}),
    );
    let tls = with(&start_tls, json!({"server": format!("ldaps://127.0.0.1:{port}")}));
    for config in [silent, start_tls, tls] {
        let mut point = point(&config);
        let clock = Instant::now();
        assert_eq!(
            kind(point.observe(&account("pat"), SHORT)),
            PointErrorKind::Target
        );
        assert!(
            clock.elapsed() >= SHORT && clock.elapsed() < SHORT + IN_TIME,
            "{:?}",
            clock.elapsed()
        );
    }
}

fn authority(folder: &Folder) -> String {
    match cordon_testbed::missing_program(&["openssl"]) {
        None => cordon_testbed::Certificates::new(folder.path(), &["IP:127.0.0.1"]).authority,
        // Any certificate will do for a server that never shows one.
        Some(_) => "/etc/ssl/certs/ca-certificates.crt".to_owned(),
    }
}

/// Hands everything on between a client and the server, but once `is_cut` is set, the server's answers to a modification are lost:
/// by silence or by the end of the connection.
fn treacherous_line(server_port: u16, is_cut: Arc<AtomicBool>, silently: bool) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)).unwrap();
            let is_cut = Arc::clone(&is_cut);
            std::thread::spawn(move || relay(client, server, &is_cut, silently));
        }
    });
    port
}

fn relay(client: TcpStream, server: TcpStream, is_cut: &Arc<AtomicBool>, silently: bool) {
    let is_lost = Arc::new(AtomicBool::new(false));
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let lost = Arc::clone(&is_lost);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from_server.read(&mut buffer) {
            if lost.load(Ordering::SeqCst) {
                if !silently {
                    let _ = to_client.shutdown(std::net::Shutdown::Both);
                    return;
                }
            } else if to_client.write_all(&buffer[..read]).is_err() {
                return;
            }
        }
    });
    let (mut from_client, mut to_server) = (client, server);
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from_client.read(&mut buffer) {
        // The operation follows the number of the message.
        let is_modification = buffer[..read].windows(2).take(12).any(|pair| pair[0] == 0x66);
        if is_modification && is_cut.load(Ordering::SeqCst) {
            is_lost.store(true, Ordering::SeqCst);
        }
        if to_server.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

#[test]
fn an_answer_that_is_lost_after_the_change_was_sent_is_unknown_and_the_next_try_finds_it_done() {
    let content = OpenLdapContent {
        takes_plaintext: true,
        ..OpenLdapContent::default()
    };
    let Some(bed) = Bed::start(&content) else { return };
    for (silently, name) in [(true, "user0001"), (false, "user0002")] {
        let is_cut = Arc::new(AtomicBool::new(false));
        let port = treacherous_line(bed.server.plain_port(), Arc::clone(&is_cut), silently);
        let line = json!({"server": format!("ldap://127.0.0.1:{port}"), "plaintext-on-loopback": true});
        let mut point = point(&with(&bed.config, line));
        let target = account(name);
        let prior = point.see(&target).state;
        is_cut.store(true, Ordering::SeqCst);
        let mark = cordon_act::Mark::from(MARK);
        let applying = cordon_act::Applying {
            target: &target,
            prior: &prior,
            mark: &mark,
            lease_until: None,
        };
        assert_eq!(
            kind(point.apply(&applying, LONG)),
            PointErrorKind::Unknown,
            "{name}"
        );
        is_cut.store(false, Ordering::SeqCst);
        assert_eq!(
            point.withdraw(&target, &prior, MARK).unwrap().standing,
            Standing::Withdrawn
        );
        assert_eq!(point.give_back(&target, &prior, None).unwrap().state, prior);
    }
}

#[test]
fn of_two_who_withdraw_in_the_same_instant_one_succeeds_and_the_other_is_stale() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let target = account("user0001");
    let prior = point(&bed.config).see(&target).state;
    for round in 0..10 {
        let race = |mark| {
            let mut point = point(&bed.config);
            let _ = point.see(&target);
            point.withdraw(&target, &prior, mark).map_err(|error| error.kind)
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| race(OTHER_MARK));
            (race(MARK), other.join().unwrap())
        });
        let (left, mark) = match (one, other) {
            (Ok(left), Err(PointErrorKind::Stale)) => (left, MARK),
            (Err(PointErrorKind::Stale), Ok(left)) => (left, OTHER_MARK),
            both => panic!("round {round}: {both:?}"),
        };
        assert_eq!(left.mark, Some(cordon_act::Mark::from(mark)));
        point(&bed.config)
            .give_back(&target, &prior, Some(&left.state))
            .unwrap();
    }
}
