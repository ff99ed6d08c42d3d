//! Approvals with the real `ssh-keygen` and `ssh-agent`, and hardware keys imitated in software, which `ssh-keygen` accepts too.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_act::approval::{
    AllowedSigners, ApprovalStatement, Decision, Role, SignatureError, Signed, SignedStatement, verify,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use ssh_key::public::{EcdsaPublicKey, KeyData, SkEcdsaSha2NistP256, SkEd25519};
use ssh_key::{HashAlg, PrivateKey, PublicKey, SshSig};

/// Written past the capture of the test runner, so that a skip shows in every run.
fn say(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// Runs the test body in a folder of its own, or says why not.
fn with_openssh(body: impl FnOnce(&Folder)) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        say("skipped: ssh-keygen is not installed");
        return;
    }
    let name = format!(
        "cordon-approval-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir(&folder.0).unwrap();
    body(&folder);
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a key pair and returns its public key's line.
    fn key(&self, name: &str, kind: &[&str]) -> String {
        let path = self.file(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "a comment", "-t"])
            .args(kind)
            .arg("-f")
            .arg(&path)
            .status()
            .unwrap();
        assert!(made.success());
        std::fs::read_to_string(path.with_extension("pub")).unwrap()
    }

    /// Signs with `ssh-keygen -Y sign`, with the key file or, through an agent, its public half.
    fn sign(&self, key: &str, role: &str, statement: &str, agent: Option<&Path>) -> SignedStatement {
        let text = self.file(&format!("{key}.statement"));
        std::fs::write(&text, statement).unwrap();
        let signature = self.file(&format!("{key}.statement.sig"));
        let _ = std::fs::remove_file(&signature);
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-Y", "sign", "-n", role, "-f"])
            .arg(self.file(key))
            .arg(&text);
        match agent {
            Some(socket) => command.env("SSH_AUTH_SOCK", socket),
            None => command.env_remove("SSH_AUTH_SOCK"),
        };
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        SignedStatement {
            statement: statement.to_owned(),
            signature: std::fs::read_to_string(signature).unwrap(),
        }
    }

    /// True if `ssh-keygen -Y verify` accepts the same files.
    fn openssh_accepts(&self, list: &str, person: &str, role: &str, signed: &SignedStatement) -> bool {
        let (signers, signature) = (self.file("allowed_signers"), self.file("verified.sig"));
        std::fs::write(&signers, list).unwrap();
        std::fs::write(&signature, &signed.signature).unwrap();
        let text = self.file("verified");
        std::fs::write(&text, &signed.statement).unwrap();
        Command::new("ssh-keygen")
            .args(["-q", "-Y", "verify", "-n", role, "-I", person, "-f"])
            .arg(&signers)
            .arg("-s")
            .arg(&signature)
            .stdin(std::fs::File::open(text).unwrap())
            .output()
            .unwrap()
            .status
            .success()
    }
}

fn statement() -> String {
    ApprovalStatement {
        plan_hash: "ab".repeat(32),
        orders_digest: "cd".repeat(32),
        decision: Decision::Approve,
        expires: Timestamp::from_second(Timestamp::now().as_second() + 3600).unwrap(),
    }
    .to_string()
}

fn list(text: &str) -> AllowedSigners {
    AllowedSigners::parse(text, &TimeZone::UTC).unwrap()
}

fn accepts(signers: &AllowedSigners, role: Role, signed: &SignedStatement) -> Result<Signed, SignatureError> {
    verify(
        &signed.statement,
        &signed.signature,
        role,
        signers,
        Timestamp::now(),
    )
}

#[test]
fn signatures_by_ssh_keygen_are_accepted_by_both_and_changed_ones_by_neither() {
    with_openssh(|folder| {
        for (name, kind) in [("ed", &["ed25519"][..]), ("ec", &["ecdsa", "-b", "256"][..])] {
            let text = format!("pat namespaces=\"cordon-approve\" {}", folder.key(name, kind));
            let signed = folder.sign(name, "cordon-approve", &statement(), None);
            let person = accepts(&list(&text), Role::Approve, &signed).unwrap();
            assert_eq!(person.person, "pat");
            assert!(folder.openssh_accepts(&text, "pat", "cordon-approve", &signed));

            let mut edited = signed.clone();
            edited.statement = edited.statement.replace("abab", "abac");
            assert!(matches!(
                accepts(&list(&text), Role::Approve, &edited),
                Err(SignatureError::Wrong(_))
            ));
            assert!(!folder.openssh_accepts(&text, "pat", "cordon-approve", &edited));

            let lift = folder.sign(name, "cordon-lift", &statement(), None);
            assert!(matches!(
                accepts(&list(&text), Role::Approve, &lift),
                Err(SignatureError::Namespace { .. })
            ));
            assert!(matches!(
                accepts(&list(&text), Role::Lift, &lift),
                Err(SignatureError::NotInRole { .. })
            ));
            assert!(!folder.openssh_accepts(&text, "pat", "cordon-lift", &lift));
        }
    });
}

#[test]
fn keys_that_are_not_verified_here_are_noted_and_their_signatures_refused() {
    with_openssh(|folder| {
        for (name, kind) in [
            ("rsa", &["rsa", "-b", "2048"][..]),
            ("p384", &["ecdsa", "-b", "384"][..]),
        ] {
            let signers = list(&format!("pat {}", folder.key(name, kind)));
            assert!(signers.signers.is_empty());
            assert!(signers.notes[0].text.contains("not supported"));
            let signed = folder.sign(name, "cordon-approve", &statement(), None);
            assert!(matches!(
                accepts(&signers, Role::Approve, &signed),
                Err(SignatureError::Unsupported(_))
            ));
        }
    });
}

#[test]
fn both_agree_on_options_of_the_list() {
    with_openssh(|folder| {
        let key = folder.key("ed", &["ed25519"]);
        let signed = folder.sign("ed", "cordon-approve", &statement(), None);
        for (options, wanted) in [
            ("", true),
            ("namespaces=\"cordon-*\"", true),
            ("namespaces=\"git,cordon-approv?\"", true),
            ("namespaces=\"cordon-*,!cordon-approve\"", false),
            ("namespaces=\"git\"", false),
            ("valid-after=\"20200101\"", true),
            ("VALID-AFTER=\"20200101Z\",valid-before=\"29991231235959Z\"", true),
            ("valid-before=\"20200101Z\"", false),
            ("valid-after=\"29990101Z\"", false),
            ("valid-after=\"29990101Z\",namespaces=\"cordon-*\"", false),
            ("no-such-option", false),
            ("namespaces=\"git", false),
            ("namespaces=cordon-approve", false),
            ("valid-after=\"2020\"", false),
            ("cert-authority", false),
        ] {
            let text = format!("pat,pat@shop.example {options} {key}");
            let ours = AllowedSigners::parse(&text, &TimeZone::UTC)
                .is_ok_and(|list| accepts(&list, Role::Approve, &signed).is_ok());
            let theirs = folder.openssh_accepts(&text, "pat@shop.example", "cordon-approve", &signed);
            assert_eq!((ours, theirs), (wanted, wanted), "{options}");
        }
    });
}

/// An agent that ends when dropped.
struct KeyAgent(Child);

impl Drop for KeyAgent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_key_in_an_agent_signs_too() {
    with_openssh(|folder| {
        if Command::new("ssh-add").arg("-?").output().is_err() {
            say("skipped: ssh-add is not installed");
            return;
        }
        let socket = folder.file("agent");
        let agent = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn();
        let _agent = KeyAgent(agent.unwrap());
        let text = format!("sam {}", folder.key("held", &["ed25519"]));
        let waiting = std::time::Instant::now();
        // The socket is there a moment before it is listened at.
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(waiting.elapsed().as_secs() < 60, "no agent within a minute");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(folder.file("held"))
            .env("SSH_AUTH_SOCK", &socket)
            .output()
            .unwrap();
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        // Only the agent has the private half now.
        std::fs::rename(folder.file("held.pub"), folder.file("public")).unwrap();
        std::fs::remove_file(folder.file("held")).unwrap();
        let signed = folder.sign("public", "cordon-approve", &statement(), Some(&socket));
        assert_eq!(
            accepts(&list(&text), Role::Approve, &signed).unwrap().person,
            "sam"
        );
        assert!(folder.openssh_accepts(&text, "sam", "cordon-approve", &signed));
    });
}

/// The key's own signature, without the armour.
fn raw_signature<K: ssh_key::SigningKey>(key: &K, data: &[u8]) -> ssh_key::Signature {
    key.try_sign(data).unwrap()
}

/// What a hardware key signs (PROTOCOL.u2f), imitated in software with an ordinary key.
fn hardware_signature(private: &PrivateKey, key: &PublicKey, flags: u8) -> SignedStatement {
    let string =
        |content: &[u8]| [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat();
    let statement = statement();
    let signed = SshSig::signed_data("cordon-approve", HashAlg::Sha512, statement.as_bytes()).unwrap();
    let trailer = [flags, 0, 0, 0, 7];
    let data = [&Sha256::digest(b"ssh:")[..], &trailer, &Sha256::digest(&signed)].concat();
    let proper = raw_signature(private, &data);
    let inner = [
        string(key.algorithm().as_str().as_bytes()),
        string(proper.as_bytes()),
        trailer.to_vec(),
    ]
    .concat();
    let blob = [
        b"SSHSIG".to_vec(),
        1u32.to_be_bytes().to_vec(),
        string(&key.to_bytes().unwrap()),
        string(b"cordon-approve"),
        string(b""),
        string(b"sha512"),
        string(&inner),
    ]
    .concat();
    let digits = STANDARD.encode(blob);
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    SignedStatement {
        statement,
        signature: format!(
            "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
            lines.join("\n")
        ),
    }
}

#[test]
fn hardware_keys_sign_when_they_are_touched() {
    with_openssh(|folder| {
        folder.key("ed", &["ed25519"]);
        folder.key("ec", &["ecdsa", "-b", "256"]);
        for name in ["ed", "ec"] {
            let private = PrivateKey::read_openssh_file(&folder.file(name)).unwrap();
            let key = PublicKey::from(match private.public_key().key_data() {
                KeyData::Ed25519(key) => KeyData::SkEd25519(SkEd25519::new(*key, "ssh:")),
                KeyData::Ecdsa(EcdsaPublicKey::NistP256(point)) => {
                    KeyData::SkEcdsaSha2NistP256(SkEcdsaSha2NistP256::new(*point, "ssh:"))
                }
                other => panic!("{other:?}"),
            });
            let text = format!("lee {}\n", key.to_openssh().unwrap());
            let signed = hardware_signature(&private, &key, 1);
            assert_eq!(
                accepts(&list(&text), Role::Approve, &signed).unwrap().person,
                "lee"
            );
            assert!(folder.openssh_accepts(&text, "lee", "cordon-approve", &signed));
            let untouched = hardware_signature(&private, &key, 0);
            let refused = accepts(&list(&text), Role::Approve, &untouched);
            assert!(
                matches!(refused, Err(SignatureError::Untouched(_))),
                "{refused:?}"
            );
        }
    });
}
