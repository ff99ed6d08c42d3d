//! A Samba Active Directory domain controller in a network namespace of its own.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex, Weak};

use crate::process::{command, run_with_input};
use crate::{Certificates, Folder, Namespace, Server, is_root, missing_program, run};

const ADDRESS: &str = "10.94.0.1";
const BASE: &str = "DC=corp,DC=test";

/// The password of accounts as the server takes it.
const PASSWORD_FILE: &str = "password.utf16";

/// A running domain controller of the domain `CORP` (`corp.test`) at `10.94.0.1` in its own network namespace.
///
/// Only threads and programs in that namespace reach it: see [`SambaDc::inside`] and [`SambaDc::namespace`]. It needs root.
#[derive(Debug)]
pub struct SambaDc {
    // Fields are dropped in this order: the server before its namespace, and both before the folder.
    server: Server,
    namespace: Namespace,
    folder: Folder,
    certificates: Certificates,
    /// Kept so that the next controller of this process need not provision again.
    _provisioned: Arc<Folder>,
}

impl SambaDc {
    /// The Kerberos realm.
    pub const REALM: &'static str = "CORP.TEST";
    /// The root of the tree.
    pub const BASE: &'static str = BASE;
    /// The administrator, as a user principal name.
    pub const ADMINISTRATOR: &'static str = "Administrator@corp.test";
    /// Its password.
    pub const ADMINISTRATOR_PASSWORD: &'static str = "Passw0rd!x";
    /// The password of every account that [`Self::create_accounts`] makes.
    pub const PASSWORD: &'static str = "Us3r!pass";
    /// `ldaps://…`, as reached from inside.
    pub const TLS_URL: &'static str = "ldaps://10.94.0.1";
    /// `ldap://…`, on which StartTLS is offered, as reached from inside.
    pub const PLAIN_URL: &'static str = "ldap://10.94.0.1";
    /// The KDC, as reached from inside.
    pub const KDC: &'static str = "10.94.0.1:88";

    /// Why it cannot run here, if it cannot.
    #[must_use]
    pub fn unavailable() -> Option<String> {
        if !is_root() {
            return Some("a network namespace needs root".to_owned());
        }
        missing_program(&[
            "ip",
            "samba",
            "samba-tool",
            "ldapsearch",
            "ldapmodify",
            "kinit",
            "openssl",
        ])
        .map(|program| format!("{program} is not installed"))
    }

    /// Starts one. The first of a process takes some seconds longer: it provisions the domain.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        let provisioned = provisioned();
        let folder = Folder::new();
        let from = provisioned.file("domain");
        run("cp", &["-a", &from, &folder.file("domain")]);
        let certificates = Certificates::new(folder.path(), &["DNS:dc1.corp.test", &format!("IP:{ADDRESS}")]);
        let tls = format!(
            " tls certfile = {}\n tls keyfile = {}\n tls cafile = {}\n",
            certificates.certificate, certificates.key, certificates.authority
        );
        configure(&folder, &tls);
        write_password(&folder);
        let namespace = network();
        let server = launch(&folder, &namespace);
        let mut started = Self {
            server,
            namespace,
            folder,
            certificates,
            _provisioned: provisioned,
        };
        started.wait();
        started
    }

    fn wait(&mut self) {
        let (namespace, server) = (&self.namespace, &mut self.server);
        server.wait_until("samba listens", 90, || {
            namespace.inside(|| {
                [88, 389, 445, 636]
                    .iter()
                    .all(|port| std::net::TcpStream::connect((ADDRESS, *port)).is_ok())
            })
        });
    }

    /// Kills it as a crash would and starts it again with the same data.
    ///
    /// # Panics
    /// If it does not start again.
    pub fn restart(&mut self) {
        self.kill();
        self.server = launch(&self.folder, &self.namespace);
        self.wait();
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// The namespace it runs in.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Runs `work` in a thread that reaches this controller.
    ///
    /// # Panics
    /// As `work` does.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.namespace.inside(work)
    }

    /// The certificate of the authority that signed the server's.
    #[must_use]
    pub fn authority_file(&self) -> &str {
        &self.certificates.authority
    }

    /// `CN=name,CN=Users,DC=corp,DC=test`, where [`Self::create_accounts`] puts an account.
    #[must_use]
    pub fn account_name(name: &str) -> String {
        format!("CN={name},CN=Users,{BASE}")
    }

    /// A client program (`ldapsearch`, `ldapmodify` …) as the administrator, with more arguments and what it reads.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn client(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let mut client = self.namespace.command(program);
        client
            .env("LDAPTLS_CACERT", &self.certificates.authority)
            .args(["-x", "-H", Self::TLS_URL])
            .args(["-D", Self::ADMINISTRATOR, "-w", Self::ADMINISTRATOR_PASSWORD])
            .args(arguments);
        run_with_input(client, input)
    }

    /// Changes entries by LDIF as the administrator.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn modify(&self, ldif: &str) {
        let output = self.client("ldapmodify", &[], ldif);
        assert!(output.status.success(), "{output:?}\n{ldif}");
    }

    /// What the administrator finds by a filter, as unwrapped LDIF.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn search(&self, filter: &str, attributes: &[&str]) -> String {
        let fixed = [
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-E",
            "pr=500/noprompt",
            "-b",
            BASE,
            filter,
        ];
        let output = self.client("ldapsearch", &[&fixed[..], attributes].concat(), "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes enabled accounts with the password [`Self::PASSWORD`].
    ///
    /// # Panics
    /// If the server refuses.
    pub fn create_accounts(&self, names: &[&str]) {
        let password = self.folder.file(PASSWORD_FILE);
        self.create(
            names,
            &format!("unicodePwd:< file://{password}\nuserAccountControl: 512\n"),
        );
    }

    /// Makes enabled accounts without a password (`PASSWD_NOTREQD`): many times faster, because no keys are derived.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn create_accounts_without_password(&self, names: &[&str]) {
        self.create(names, "userAccountControl: 544\n");
    }

    fn create(&self, names: &[&str], more: &str) {
        let mut ldif = String::new();
        for name in names {
            let _ = write!(
                ldif,
                "dn: {dn}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n\
                 userPrincipalName: {name}@corp.test\n{more}\n",
                dn = Self::account_name(name),
            );
        }
        self.modify(&ldif);
    }

    /// Grants an account what an access control entry in SDDL says, on an object and what is in it; `SID` in the entry stands for the
    /// account.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn grant(&self, name: &str, object: &str, entry: &str) {
        let database = self.folder.file("domain/private/sam.ldb");
        let found = self.namespace.run(
            "ldbsearch",
            &["-H", &database, &format!("(sAMAccountName={name})"), "objectSid"],
        );
        let sid = found
            .lines()
            .find_map(|line| line.strip_prefix("objectSid: "))
            .expect("it has one");
        let configuration = format!("--configfile={}", self.folder.file("smb.conf"));
        let entry = entry.replace("SID", sid);
        self.namespace.run(
            "samba-tool",
            &[
                "dsacl",
                "set",
                &configuration,
                "-H",
                &database,
                "--objectdn",
                object,
                "--sddl",
                &entry,
            ],
        );
    }

    /// Makes a security group with members by name, each an account of [`Self::create_accounts`].
    ///
    /// # Panics
    /// If the server refuses.
    pub fn create_group(&self, name: &str, members: &[&str]) {
        let mut ldif = format!(
            "dn: {}\nchangetype: add\nobjectClass: group\nsAMAccountName: {name}\n",
            Self::account_name(name)
        );
        for member in members {
            let _ = writeln!(ldif, "member: {}", Self::account_name(member));
        }
        self.modify(&ldif);
    }

    /// Logs on with Kerberos (`kinit`), as an account's user would.
    ///
    /// # Panics
    /// If `kinit` cannot be run.
    pub fn log_on(&self, name: &str, password: &str) -> Output {
        let configuration = format!(
            "[libdefaults]\n default_realm = {realm}\n dns_lookup_kdc = false\n rdns = false\n\
             [realms]\n {realm} = {{\n  kdc = {ADDRESS}\n }}\n",
            realm = Self::REALM
        );
        // Of its own: others may log on meanwhile.
        let own = Folder::new();
        let file = own.write("krb5.conf", &configuration);
        let cache = own.file("tickets");
        let mut kinit = self.namespace.command("kinit");
        kinit.env("KRB5_CONFIG", file).args(["-c", &cache, name]);
        run_with_input(kinit, &format!("{password}\n"))
    }
}

/// A folder with a provisioned domain, made once per process while any controller lives.
fn provisioned() -> Arc<Folder> {
    static LAST: Mutex<Weak<Folder>> = Mutex::new(Weak::new());
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(folder) = last.upgrade() {
        return folder;
    }
    let folder = Folder::new();
    let domain = folder.path().join("domain");
    for part in [
        "private", "state", "cache", "lock", "log", "ncalrpc", "pid", "sysvol",
    ] {
        std::fs::create_dir_all(domain.join(part)).unwrap();
    }
    let configuration = configure(&folder, "");
    let namespace = network();
    namespace.run(
        "samba-tool",
        &[
            "domain",
            "provision",
            &format!("--configfile={configuration}"),
            &format!("--realm={}", SambaDc::REALM),
            "--domain=CORP",
            "--server-role=dc",
            "--dns-backend=SAMBA_INTERNAL",
            &format!("--adminpass={}", SambaDc::ADMINISTRATOR_PASSWORD),
            "--host-name=dc1",
            &format!("--host-ip={ADDRESS}"),
        ],
    );
    let folder = Arc::new(folder);
    *last = Arc::downgrade(&folder);
    folder
}

/// Writes it once, before there is a server: tests that share one make accounts at the same time.
fn write_password(folder: &Folder) {
    let quoted = format!("\"{}\"", SambaDc::PASSWORD);
    let bytes: Vec<u8> = quoted.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.file(PASSWORD_FILE), bytes).unwrap();
}

fn network() -> Namespace {
    let namespace = Namespace::new("dc");
    namespace.run(
        "ip",
        &["link", "add", "dc0", "type", "veth", "peer", "name", "cl0"],
    );
    namespace.run("ip", &["addr", "add", &format!("{ADDRESS}/24"), "dev", "dc0"]);
    namespace.run("ip", &["link", "set", "dc0", "up"]);
    namespace.run("ip", &["link", "set", "cl0", "up"]);
    namespace
}

fn configure(folder: &Folder, more: &str) -> String {
    let domain = folder.file("domain");
    let text = format!(
        "[global]
 netbios name = DC1
 realm = {realm}
 workgroup = CORP
 server role = active directory domain controller
 interfaces = lo dc0
 bind interfaces only = yes
 private dir = {domain}/private
 state directory = {domain}/state
 cache directory = {domain}/cache
 lock directory = {domain}/lock
 pid directory = {domain}/pid
 ncalrpc dir = {domain}/ncalrpc
 binddns dir = {domain}/bind-dns
 ntp signd socket directory = {domain}/ntp
 log file = {domain}/log/%m.log
 dns forwarder = 127.0.0.1
 server services = s3fs, rpc, nbt, ldap, cldap, kdc, drepl, winbindd, dns
 ldap server require strong auth = yes
 tls enabled = yes
 ldb:nosync = yes
{more}[sysvol]
 path = {domain}/sysvol
 read only = no
[netlogon]
 path = {domain}/sysvol/corp.test/scripts
 read only = no
",
        realm = SambaDc::REALM
    );
    folder.write("smb.conf", &text)
}

/// Starts samba in the namespace, with `/run` and `/etc/hosts` of its own: libraries have their paths compiled in.
fn launch(folder: &Folder, namespace: &Namespace) -> Server {
    let hosts = folder.write(
        "hosts",
        &format!("{ADDRESS} dc1.corp.test dc1\n127.0.0.1 localhost\n"),
    );
    let samba = command("samba").get_program().to_owned();
    let script = "mount -t tmpfs tmpfs /run && mkdir -p /run/samba && mount --bind \"$1\" /etc/hosts \
                  && exec \"$2\" --configfile=\"$3\" -i --debug-stdout --no-process-group";
    let mut shell = namespace.command("sh");
    shell
        .args(["-c", script, "sh", &hosts])
        .arg(samba)
        .arg(folder.file("smb.conf"));
    Server::start(shell, Path::new(&folder.file("samba.log")))
}
