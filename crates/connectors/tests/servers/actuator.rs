//! The process that holds the secrets, from outside: what it refuses, what it keeps, how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::net::TcpStream;
use std::sync::Arc;

use crate::actuator_bed::{Bed, Raw, approval, approvals, claim, hello, orders, permit_lift, register};
use cordon_act::PointErrorKind;
use cordon_act::wire::{Answer, Ask, LINE_BYTES_MAX, Reading};
use cordon_testbed::{free_port, is_root, missing_program, run, skip};

#[test]
fn every_mistake_of_a_configuration_is_told_with_its_line() {
    let bed = Bed::new(
        "points:\n  vpn:\n    kind: no-such-kind\n    config: {}\nservices:\n  tills: { tcp: 5 }\nno-such-key: 1\nrules: { never-account: [] }\n",
    );
    bed.folder
        .write("allowed_signers", "pat cert-authority ssh-ed25519 AAAA\n");
    let file = bed.folder.file("actuator.yaml");
    let output = bed.run(&["check", &file]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for wanted in [
        format!("{file}:6: vpn: no kind of point is called \"no-such-kind\""),
        format!("{file}:9: services: tills: tcp is HOST:PORT"),
        format!("{file}:11: there is no no-such-key"),
        format!("{file}:12: rules: unknown field `never-account`"),
        format!("{}:1: cert-authority", bed.folder.file("allowed_signers")),
    ] {
        assert!(said.contains(&wanted), "{wanted}\nin\n{said}");
    }
    bed.folder.write("actuator.yaml", "socket: [\n");
    let output = bed.run(&["check", &file]);
    assert_eq!(output.status.code(), Some(2));
    let output = bed.run(&["check", "/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_command_line_is_that_of_every_program_of_cordon() {
    let bed = Bed::new("");
    assert_eq!(bed.run(&["--help"]).status.code(), Some(0));
    assert!(String::from_utf8_lossy(&bed.run(&["--version"]).stdout).starts_with("cordon-actuator "));
    assert_eq!(bed.run(&[]).status.code(), Some(2));
    assert_eq!(bed.run(&["serve"]).status.code(), Some(2));
    let output = bed.run(&["check", &bed.folder.file("actuator.yaml")]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "0 points, 2 people who may sign\n"
    );
}

#[test]
fn garbage_is_refused_and_harms_nobody() {
    let mut bed = Bed::new("");
    bed.start();
    let mut raw = Raw::connect(&bed.socket());
    assert!(
        raw.say(b"{\"id\":3,\"ask\":{\"verb\":\"registered\"}}\n")
            .contains("say hello first")
    );
    assert!(raw.is_closed());
    let mut raw = Raw::connect(&bed.socket());
    assert!(raw.say(&hello()).contains("\"says\":\"hello\""));
    for garbage in [
        &b"\n"[..],
        b"\xff\xfe\x00\n",
        b"{\"id\":1}\n",
        b"{\"id\":1,\"ask\":{\"verb\":\"wipe\"}}\n",
        b"{\"id\":1,\"ask\":{\"verb\":\"registered\",\"x\":1}}\n",
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
    ] {
        let said = raw.say(garbage);
        assert!(said.contains("\"kind\":\"input\""), "{said}");
    }
    let deep = [vec![b'['; 100_000], vec![b'\n']].concat();
    assert!(raw.say(&deep).contains("\"kind\":\"input\""));
    let long = vec![b'x'; LINE_BYTES_MAX + 70_000];
    assert!(raw.say(&long).contains("the line is too long"));
    assert!(raw.is_closed());
    let mut raw = Raw::connect(&bed.socket());
    let other = b"{\"id\":1,\"ask\":{\"verb\":\"hello\",\"protocol\":\"cordon-actuator/9\"}}\n";
    assert!(raw.say(other).contains("only cordon-actuator/1"));
    let error = bed
        .client()
        .ask(Ask::Observe(Reading {
            at: claim("no-such-point", 1),
            targets: Vec::new(),
            calls: Vec::new(),
        }))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);
}

#[test]
fn a_peer_that_is_not_named_is_refused() {
    let mut bed = Bed::new("socket:\n  path: FOLDER/actuator.sock\n  users: [4242424]\n");
    bed.start();
    assert_eq!(Raw::connect(&bed.socket()).say(&hello()), "");
    assert!(bed.log().contains("refused a connection of user"));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(bed.socket()).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn another_user_is_let_in_by_name_only() {
    if !is_root() {
        return skip("needs root to be another user");
    }
    if let Some(missing) = missing_program(&["setpriv", "perl"]) {
        return skip(&format!("{missing} is not installed"));
    }
    let greet = "$SIG{PIPE} = 'IGNORE'; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; \
                 print $s $ARGV[1]; $s->flush; my $line = <$s>; print $line // '';";
    for (users, wanted) in [
        ("", false),
        ("  users: [65534]\n", true),
        ("  groups: [65533]\n", true),
    ] {
        let mut bed = Bed::new(&format!(
            "socket:\n  path: FOLDER/actuator.sock\n  group: 65533\n{users}"
        ));
        bed.start();
        let socket = bed.socket();
        let hello = String::from_utf8(hello()).unwrap();
        let said = run(
            "setpriv",
            &[
                "--reuid",
                "65534",
                "--regid",
                "65533",
                "--clear-groups",
                "perl",
                "-MIO::Socket::UNIX",
                "-e",
                greet,
                socket.to_str().unwrap(),
                &hello,
            ],
        );
        assert_eq!(said.contains("hello"), wanted, "{users}: {said}");
    }
}

#[test]
fn only_what_two_people_signed_is_registered_and_that_survives_a_crash() {
    let mut bed = Bed::new("");
    bed.start();
    let orders = orders(7, "directory", &["pat"]);
    let mut client = bed.client();
    let refused = client
        .ask(register(&orders, &[approval(1, &orders)]))
        .unwrap_err();
    assert_eq!(refused.kind, PointErrorKind::Denied);
    assert!(refused.text.contains("so far: pat"), "{refused}");
    let refused = client
        .ask(register(&orders, &[approval(1, &orders), approval(9, &orders)]))
        .unwrap_err();
    assert!(refused.text.contains("does not stand in the list"), "{refused}");
    assert_eq!(
        client.ask(Ask::Registered {}).unwrap(),
        Answer::Orders {
            registered: Vec::new()
        }
    );
    let digest = bed.register(&orders);
    bed.kill();
    // The socket of the process that was killed is still there.
    assert!(bed.socket().exists());
    bed.start();
    let Answer::Orders { registered } = bed.client().ask(Ask::Registered {}).unwrap() else {
        panic!("no orders");
    };
    assert_eq!(
        (registered.len(), registered[0].orders_digest.as_str()),
        (1, digest.as_str())
    );
    let noted = bed.client().ask(permit_lift(&orders)).unwrap();
    assert_eq!(
        noted,
        Answer::Noted {
            orders: vec![orders.orders[0].id.clone()]
        }
    );
    // Who was taken off the list does not sign any more, without a restart.
    bed.folder
        .write("allowed_signers", &crate::actuator_bed::person(1).line("pat"));
    let refused = bed
        .client()
        .ask(register(&orders, &approvals(&orders)))
        .unwrap_err();
    assert!(refused.text.contains("does not stand in the list"), "{refused}");
}

#[test]
fn neither_state_nor_socket_is_taken_from_a_living_process() {
    let mut bed = Bed::new("");
    bed.start();
    let file = bed.folder.file("actuator.yaml");
    let output = bed.run(&["run", &file]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another cordon-actuator uses"));
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("/state", "/state-2");
    let other = bed.folder.write("other.yaml", &text);
    let output = bed.run(&["run", &other]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another process answers there"));
    bed.client().ask(Ask::Registered {}).unwrap();
    let text = text.replace("actuator.sock", "no-socket");
    let other = bed.folder.write("other.yaml", &text);
    bed.folder.write("no-socket", "precious");
    let output = bed.run(&["run", &other]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        std::fs::read_to_string(bed.folder.file("no-socket")).unwrap(),
        "precious"
    );
}

#[test]
fn state_that_was_changed_is_not_used() {
    let mut bed = Bed::new("");
    bed.start();
    bed.register(&orders(7, "directory", &["pat"]));
    assert_eq!(bed.end(120), Some(0));
    assert!(!bed.socket().exists());
    for entry in std::fs::read_dir(bed.folder.file("state")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"account\":\"pat\"", "\"account\":\"sam\"")).unwrap();
    }
    let output = bed.run(&["run", &bed.folder.file("actuator.yaml")]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("the orders are not those that were approved"),
        "{said}"
    );
}

#[test]
fn the_process_gives_up_what_it_does_not_need() {
    let mut bed = Bed::new("");
    bed.start();
    let greeting = bed.client().greeting().unwrap();
    assert!(greeting.points.is_empty());
    let protections = greeting.protections.join("\n");
    assert!(
        protections.contains("starting programs among them"),
        "{protections}"
    );
    let status = std::fs::read_to_string(format!("/proc/{}/status", bed.id())).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("Seccomp:\t2"), "{status}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", bed.id())).unwrap();
    assert!(
        limits
            .lines()
            .any(|line| line.starts_with("Max core file size        0")),
        "{limits}"
    );
    if protections.contains("kernel has no Landlock") {
        skip("the part about files: the kernel has no Landlock");
    } else {
        assert!(protections.contains("files: only"), "{protections}");
    }
}

#[test]
fn protected_services_are_tried_as_configured() {
    let port = free_port();
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut bed = Bed::new(&format!(
        "services:\n  tills: {{ tcp: \"127.0.0.1:{port}\" }}\n  nobody: {{ command: [/bin/false] }}\n"
    ));
    bed.start();
    let ask = Ask::Services {
        names: Vec::new(),
        deadline_milliseconds: 60_000,
    };
    let Answer::Services { services } = bed.client().ask(ask).unwrap() else {
        panic!("no services");
    };
    let serve: Vec<_> = services
        .iter()
        .map(|one| (one.name.as_str(), one.serves))
        .collect();
    assert_eq!(serve, [("nobody", false), ("tills", true)], "{services:?}");
}

#[test]
fn the_port_serves_whoever_has_a_certificate_of_its_authority() {
    if let Some(missing) = missing_program(&["openssl"]) {
        return skip(&format!("{missing} is not installed"));
    }
    let port = free_port();
    let mut bed = Bed::new(&format!(
        "tcp:\n  listen: 127.0.0.1:{port}\n  certificate: FOLDER/server.pem\n  key: FOLDER/server.key\n  client-ca: FOLDER/ca.pem\n"
    ));
    for ca in ["ca", "other"] {
        authority(&bed, ca);
    }
    for (name, ca) in [("server", "ca"), ("client", "ca"), ("stranger", "other")] {
        certificate(&bed, name, ca);
    }
    bed.start();
    assert!(
        greet(&bed, port, Some("client"))
            .unwrap()
            .contains("\"says\":\"hello\"")
    );
    assert!(greet(&bed, port, None).is_err());
    assert!(greet(&bed, port, Some("stranger")).is_err());
    assert_eq!(bed.end(120), Some(0));
}

fn openssl(bed: &Bed, arguments: &str) {
    let arguments = arguments.replace("FOLDER", bed.folder.path().to_str().unwrap());
    run("openssl", &arguments.split(' ').collect::<Vec<_>>());
}

fn authority(bed: &Bed, name: &str) {
    openssl(
        bed,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout FOLDER/{name}.key -out FOLDER/{name}.pem"
        ),
    );
}

fn certificate(bed: &Bed, name: &str, ca: &str) {
    bed.folder.write("extensions", "subjectAltName=DNS:localhost\n");
    openssl(
        bed,
        &format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout FOLDER/{name}.key -out FOLDER/{name}.csr"
        ),
    );
    openssl(
        bed,
        &format!(
            "x509 -req -in FOLDER/{name}.csr -CA FOLDER/{ca}.pem -CAkey FOLDER/{ca}.key -CAcreateserial -days 2 -extfile FOLDER/extensions -out FOLDER/{name}.pem"
        ),
    );
}

/// The first line that the port answers, with or without a certificate.
fn greet(bed: &Bed, port: u16, name: Option<&str>) -> std::io::Result<String> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::io::{BufRead as _, Write as _};
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(bed.folder.file("ca.pem")).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match name {
        None => config.with_no_client_auth(),
        Some(name) => {
            let certificate = CertificateDer::from_pem_file(bed.folder.file(&format!("{name}.pem"))).unwrap();
            let key = PrivateKeyDer::from_pem_file(bed.folder.file(&format!("{name}.key"))).unwrap();
            config.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    let connection =
        rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60)))?;
    let mut stream = rustls::StreamOwned::new(connection, stream);
    stream.write_all(&hello())?;
    let mut line = String::new();
    let read = std::io::BufReader::new(stream).read_line(&mut line)?;
    if read == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}
