//! A private OpenLDAP `slapd` with password policy, TLS, generated accounts and groups.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Output, Stdio};

use crate::process::{command, listens};
use crate::{Certificates, Folder, Server, free_port, missing_program, run};

/// The root of the tree.
const BASE: &str = "dc=corp,dc=test";

/// What an [`OpenLdap`] holds when it starts.
#[derive(Clone, Debug)]
pub struct OpenLdapContent {
    /// How many accounts `user0001` … are generated.
    pub accounts: usize,
    /// LDIF that is added to them.
    pub more: String,
    /// Whether the password policy heeds locks (`pwdLockout`).
    pub policy_heeds_locks: bool,
    /// Whether a refused logon says that the account is locked (`ppolicy_use_lockout`).
    pub says_locked: bool,
    /// Whether logons without TLS are taken.
    pub takes_plaintext: bool,
}

impl Default for OpenLdapContent {
    fn default() -> Self {
        Self {
            accounts: 3,
            more: String::new(),
            policy_heeds_locks: true,
            says_locked: true,
            takes_plaintext: false,
        }
    }
}

/// A running `slapd` on loopback ports of its own. It needs no root.
///
/// Accounts `uid=user0001,ou=people,dc=corp,dc=test` … have the password `password of user0001` …; the groups `all`
/// (`groupOfNames`, every account and a placeholder) and `posix` (`posixGroup`, every account by name) list them.
#[derive(Debug)]
pub struct OpenLdap {
    folder: Folder,
    certificates: Certificates,
    server: Server,
    tls_port: u16,
    plain_port: u16,
}

/// A client that stays connected to an [`OpenLdap`], in the midst of a search.
#[derive(Debug)]
pub struct Connected {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Connected {
    /// Lets the client ask for the rest, and says whether it got it.
    ///
    /// # Panics
    /// If the client cannot be waited for.
    pub fn goes_on(&mut self) -> bool {
        if let Some(mut input) = self.child.stdin.take() {
            // More pages than there are; what it does not read is lost.
            let _ = std::io::Write::write_all(&mut input, &[b'\n'; 100]);
        }
        let _ = self.said.read_to_end(&mut Vec::new());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl OpenLdap {
    /// The administrator of the whole tree.
    pub const ADMINISTRATOR: &'static str = "cn=admin,dc=corp,dc=test";
    /// Its password.
    pub const ADMINISTRATOR_PASSWORD: &'static str = "administrator";
    /// The identity for Cordon: may write locks and group members, and read the monitor, and no more.
    pub const CORDON: &'static str = "cn=cordon,ou=services,dc=corp,dc=test";
    /// Its password.
    pub const CORDON_PASSWORD: &'static str = "cordon's own";
    /// The break-glass account.
    pub const BREAK_GLASS: &'static str = "uid=glass,ou=people,dc=corp,dc=test";
    /// Its password.
    pub const BREAK_GLASS_PASSWORD: &'static str = "break the glass";
    /// The password policy.
    pub const POLICY: &'static str = "cn=default,ou=policies,dc=corp,dc=test";
    /// The root of the tree.
    pub const BASE: &'static str = BASE;

    /// Why it cannot run here, if it cannot.
    #[must_use]
    pub fn unavailable() -> Option<String> {
        missing_program(&["slapd", "slapadd", "ldapsearch", "ldapmodify", "openssl"])
            .map(|program| format!("{program} is not installed"))
    }

    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(content: &OpenLdapContent) -> Self {
        let folder = Folder::new();
        std::fs::create_dir(folder.path().join("db")).unwrap();
        let certificates = Certificates::new(folder.path(), &["DNS:localhost", "IP:127.0.0.1"]);
        let configuration = folder.write("slapd.conf", &configuration(&folder, &certificates, content));
        let entries = folder.write("entries.ldif", &entries(content));
        run(
            "slapadd",
            &["-q", "-f", &configuration, "-b", BASE, "-l", &entries],
        );
        let (tls_port, plain_port) = (free_port(), free_port());
        let server = launch(&folder, tls_port, plain_port);
        let mut started = Self {
            folder,
            certificates,
            server,
            tls_port,
            plain_port,
        };
        started.wait();
        started
    }

    /// It begins to listen at one place after the other.
    fn wait(&mut self) {
        let (ports, socket) = ([self.tls_port, self.plain_port], self.folder.file("ldapi"));
        self.server.wait_until("slapd listens", 30, || {
            ports.into_iter().all(listens) && UnixStream::connect(&socket).is_ok()
        });
    }

    /// Kills it as a crash would and starts it again with the same data and ports.
    ///
    /// # Panics
    /// If it does not start again.
    pub fn restart(&mut self) {
        self.kill();
        self.server = launch(&self.folder, self.tls_port, self.plain_port);
        self.wait();
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.server.said()
    }

    /// `ldaps://localhost:PORT`.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("ldaps://localhost:{}", self.tls_port)
    }

    /// `ldap://localhost:PORT`, on which StartTLS is offered.
    #[must_use]
    pub fn plain_url(&self) -> String {
        format!("ldap://localhost:{}", self.plain_port)
    }

    /// The port of [`Self::plain_url`].
    #[must_use]
    pub fn plain_port(&self) -> u16 {
        self.plain_port
    }

    /// `ldapi://PATH` of the Unix socket; root is the administrator by SASL EXTERNAL.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("ldapi://{}", self.folder.file("ldapi"))
    }

    /// The certificate of the authority that signed the server's.
    #[must_use]
    pub fn authority_file(&self) -> &str {
        &self.certificates.authority
    }

    /// The name of the account with this number, from 1: `user0001`.
    #[must_use]
    pub fn account(number: usize) -> String {
        format!("user{number:04}")
    }

    /// The password of an account.
    #[must_use]
    pub fn password(account: &str) -> String {
        format!("password of {account}")
    }

    /// The distinguished name of an account.
    #[must_use]
    pub fn account_name(account: &str) -> String {
        format!("uid={account},ou=people,{BASE}")
    }

    /// A client program (`ldapsearch`, `ldapmodify` …) as the administrator, with more arguments and what it reads.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn client(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let who = (Self::ADMINISTRATOR, Self::ADMINISTRATOR_PASSWORD);
        self.client_as(who, program, arguments, input)
    }

    /// [`Self::client`] as somebody else: a distinguished name and a password.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn client_as(&self, who: (&str, &str), program: &str, arguments: &[&str], input: &str) -> Output {
        let mut client = command(program);
        client
            .env("LDAPTLS_CACERT", &self.certificates.authority)
            // The client library would turn `localhost` into the host's own name.
            .args(["-x", "-H", &format!("ldaps://127.0.0.1:{}", self.tls_port)])
            .args(["-D", who.0, "-w", who.1])
            .args(arguments);
        crate::process::run_with_input(client, input)
    }

    /// A client that has logged on as an account and stays connected until it is told to go on.
    ///
    /// # Panics
    /// If it does not get that far.
    #[must_use]
    pub fn stay_connected(&self, account: &str) -> Connected {
        // Line by line, or what it says would wait for more.
        let mut child = command("stdbuf")
            .args(["-oL", "ldapsearch"])
            .env("LDAPTLS_CACERT", &self.certificates.authority)
            .args(["-x", "-H", &format!("ldaps://127.0.0.1:{}", self.tls_port)])
            .args(["-D", &Self::account_name(account), "-w", &Self::password(account)])
            .args(["-b", BASE, "-E", "pr=5", "-LLL", "dn"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("# pagedresults") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "no page came");
        }
        Connected { child, said }
    }

    /// Changes entries by LDIF as the administrator.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn modify(&self, ldif: &str) {
        let output = self.client("ldapmodify", &[], ldif);
        assert!(output.status.success(), "{output:?}\n{ldif}");
    }

    /// What the administrator reads of one entry, as unwrapped LDIF.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn read(&self, entry: &str, attributes: &[&str]) -> String {
        let fixed = [
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-s",
            "base",
            "-b",
            entry,
            "(objectClass=*)",
        ];
        let output = self.client("ldapsearch", &[&fixed[..], attributes].concat(), "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Every entry with all its attributes, but for what the server itself notes of each change.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn picture(&self) -> String {
        let output = self.client(
            "ldapsearch",
            &[
                "-LLL",
                "-o",
                "ldif-wrap=no",
                "-b",
                BASE,
                "(objectClass=*)",
                "*",
                "+",
            ],
            "",
        );
        assert!(output.status.success(), "{output:?}");
        let dump = String::from_utf8(output.stdout).unwrap();
        let noted = ["entryCSN: ", "modifyTimestamp: ", "modifiersName: "];
        let mut entries: Vec<String> = dump
            .split("\n\n")
            .map(|entry| {
                let mut lines: Vec<&str> = entry.lines().collect();
                lines.retain(|line| !noted.iter().any(|noted| line.starts_with(noted)));
                lines.sort_unstable();
                lines.join("\n")
            })
            .collect();
        entries.sort_unstable();
        entries.join("\n\n")
    }

    /// Whether somebody can log on.
    #[must_use]
    pub fn can_log_on(&self, name: &str, password: &str) -> bool {
        self.client_as((name, password), "ldapwhoami", &[], "")
            .status
            .success()
    }
}

fn launch(folder: &Folder, tls_port: u16, plain_port: u16) -> Server {
    let socket = folder.file("ldapi").replace('/', "%2F");
    let urls = format!("ldaps://127.0.0.1:{tls_port} ldap://127.0.0.1:{plain_port} ldapi://{socket}");
    let mut slapd = command("slapd");
    slapd.args(["-d", "256", "-f", &folder.file("slapd.conf"), "-h", &urls]);
    Server::start(slapd, &folder.path().join("slapd.log"))
}

fn configuration(folder: &Folder, certificates: &Certificates, content: &OpenLdapContent) -> String {
    let Certificates {
        authority,
        certificate,
        key,
    } = certificates;
    let (cordon, admin, policy) = (OpenLdap::CORDON, OpenLdap::ADMINISTRATOR, OpenLdap::POLICY);
    let says_locked = if content.says_locked {
        "ppolicy_use_lockout"
    } else {
        ""
    };
    let strength = if content.takes_plaintext { 0 } else { 128 };
    format!(
        "modulepath /usr/lib/ldap
moduleload back_mdb
moduleload back_monitor
moduleload ppolicy
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
pidfile {pid}
argsfile {arguments}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCACertificateFile {authority}
authz-regexp gidNumber=0\\\\+uidNumber=0,cn=peercred,cn=external,cn=auth {admin}
localSSF 128
security simple_bind={strength}
sizelimit 500
access to attrs=userPassword by anonymous auth by * none
access to attrs=pwdAccountLockedTime,member,uniqueMember,memberUid by dn.base=\"{cordon}\" write by * read
access to dn.subtree=\"cn=Monitor\" by dn.base=\"{cordon}\" read by dn.base=\"{admin}\" read by * none
access to * by users read by * none
database monitor
database mdb
maxsize 1073741824
dbnosync
suffix {BASE}
rootdn {admin}
rootpw {password}
directory {data}
index objectClass,uid,cn,member,memberUid eq
index entryUUID eq
overlay ppolicy
ppolicy_default \"{policy}\"
{says_locked}
",
        pid = folder.file("pid"),
        arguments = folder.file("args"),
        password = OpenLdap::ADMINISTRATOR_PASSWORD,
        data = folder.file("db"),
    )
}

fn entries(content: &OpenLdapContent) -> String {
    let heeds = if content.policy_heeds_locks {
        "TRUE"
    } else {
        "FALSE"
    };
    let mut ldif = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: corp\ndc: corp\n\n\
         dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,{BASE}\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: ou=services,{BASE}\nobjectClass: organizationalUnit\nou: services\n\n\
         dn: ou=policies,{BASE}\nobjectClass: organizationalUnit\nou: policies\n\n\
         dn: {policy}\nobjectClass: pwdPolicy\nobjectClass: device\ncn: default\npwdAttribute: userPassword\n\
         pwdLockout: {heeds}\npwdMaxFailure: 3\npwdLockoutDuration: 60\n\n\
         dn: {cordon}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: cordon\n\
         userPassword: {cordon_password}\n\n",
        policy = OpenLdap::POLICY,
        cordon = OpenLdap::CORDON,
        cordon_password = OpenLdap::CORDON_PASSWORD,
    );
    person(&mut ldif, "glass", OpenLdap::BREAK_GLASS_PASSWORD, 900);
    let names: Vec<String> = (1..=content.accounts).map(OpenLdap::account).collect();
    for name in &names {
        person(&mut ldif, name, &OpenLdap::password(name), 1000);
    }
    groups(&mut ldif, &names);
    ldif.push_str(&content.more);
    ldif
}

fn person(ldif: &mut String, name: &str, password: &str, group: u32) {
    let _ = write!(
        ldif,
        "dn: {dn}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: {name}\ncn: {name}\nsn: {name}\n\
         uidNumber: 1000\ngidNumber: {group}\nhomeDirectory: /nowhere\nuserPassword: {password}\n\n",
        dn = OpenLdap::account_name(name),
    );
}

fn groups(ldif: &mut String, names: &[String]) {
    let _ = write!(
        ldif,
        "dn: cn=all,ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: all\nmember: {}\n",
        OpenLdap::ADMINISTRATOR
    );
    for name in names {
        let _ = writeln!(ldif, "member: {}", OpenLdap::account_name(name));
    }
    let _ = write!(
        ldif,
        "\ndn: cn=posix,ou=groups,{BASE}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 2000\n"
    );
    for name in names {
        let _ = writeln!(ldif, "memberUid: {name}");
    }
    let _ = write!(
        ldif,
        "\ndn: cn=staff,ou=groups,{BASE}\nobjectClass: posixGroup\ncn: staff\ngidNumber: 1000\n\n"
    );
}
