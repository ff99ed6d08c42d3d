//! A directory, a database, a firewall and a front door of one fictional shop, and pictures of them by other ways than the connectors.

use std::os::unix::fs::PermissionsExt as _;

use cordon_testbed::{FirewallBed, HaProxy, Namespace, OpenLdap, OpenLdapContent, Postgres, missing_program};

use crate::bed::Night;

/// The port of the flow that is withdrawn, and of one that is not.
const SSH: u16 = 22;
const WEB: u16 = 80;

/// The person whose account is withdrawn at the directory.
const PERSON: &str = "user0001";

/// The shop. `kim`, `partner` and `till` cannot be spared, so what they reach is closed instead. `user0001` and `app` can.
pub(crate) const ESTATE: &str = "
organisation: Corner Shop
zones:
  internet: { kind: internet }
  shop: { subnets: [10.91.1.0/24] }
  data: { subnets: [10.91.2.0/24] }
  dmz: {}
systems:
  vault: { kind: server, zone: data, jewel: true }
  archive: { kind: server, zone: data, jewel: true }
  books: { kind: server, zone: data, jewel: true }
  orders: { kind: server, zone: dmz, jewel: true }
  portal: { kind: server, zone: dmz }
  ws1: { kind: workstation, zone: shop, addresses: [10.91.1.2] }
accounts:
  user0001: person
  user0002: person
  user0003: person
  glass: break-glass
  kim: person
  partner: person
  app: service
  stock: service
groups:
  staff: [user0001, user0002, user0003, glass]
  roles: [app, stock]
access:
  - { flow: shop -> data, port: 22 }
  - { flow: shop -> data, port: 443 }
  - { flow: shop -> data, port: 5432 }
  - { flow: internet -> orders, port: 443 }
  - { flow: internet -> portal, port: 443 }
  - { right: web, holder: user0001, on: vault }
  - { right: ssh, holder: kim, on: archive }
  - { right: database, holder: app, on: books }
  - { right: database, holder: stock, on: books }
  - { right: web, holder: partner, on: orders }
services:
  payroll: { requires: kim, cost-per-hour: £90k }
  deliveries: { requires: partner, cost-per-hour: £90k }
  intranet: { requires: { flow: shop -> data, port: 443 }, cost-per-hour: £90k }
  stock-keeping: { requires: [stock, { flow: shop -> data, port: 5432 }], cost-per-hour: £90k }
  ordering: { requires: { flow: internet -> orders, port: 443 }, cost-per-hour: £1k }
  shop-window: { protected: true, requires: { flow: internet -> portal, port: 443 }, cost-per-hour: £9k }
enforcement-points:
  directory: { kind: ldap, guards: { accounts: staff }, effect: 2s }
  database: { kind: postgres, guards: { accounts: roles }, effect: 2s }
  firewall: { kind: nftables, guards: { flows: shop -> data }, effect: 2s }
  front-door: { kind: haproxy, guards: [{ flows: internet -> orders }, { flows: internet -> portal }], effect: 2s }
";

/// See the module. Everything but the client and the server of the firewall runs on the firewall's host.
pub(crate) struct Servers {
    network: FirewallBed,
    directory: OpenLdap,
    database: Postgres,
    door: Option<HaProxy>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        // It stops what listens in that host's network.
        let door = self.door.take();
        self.network.router.inside(move || drop(door));
    }
}

impl Servers {
    /// Why they cannot be had here, if they cannot.
    pub(crate) fn lack() -> Option<String> {
        FirewallBed::lacks()
            .or_else(OpenLdap::unavailable)
            .or_else(|| Postgres::missing().map(|what| format!("{what} is not installed")))
            .or_else(|| {
                missing_program(&HaProxy::PROGRAMS).map(|program| format!("{program} is not installed"))
            })
    }

    pub(crate) fn start() -> Self {
        let network = FirewallBed::new();
        for port in [SSH, WEB] {
            FirewallBed::serve_echo(&network.server, port);
        }
        rules(&network.router);
        let router = &network.router;
        let (directory, database, door) = std::thread::scope(|scope| {
            let directory = scope.spawn(|| router.inside(|| OpenLdap::start(&OpenLdapContent::default())));
            let database = scope.spawn(|| router.inside(database));
            let door = router.inside(HaProxy::start);
            (directory.join().unwrap(), database.join().unwrap(), door)
        });
        Self {
            network,
            directory,
            database,
            door: Some(door),
        }
    }

    /// People with keys, and an actuator with these four as its points.
    pub(crate) fn night(&self) -> Night {
        let (port, folder) = (self.database.port(), self.database.socket_folder());
        let database = format!("{{ socket: {{ folder: {folder}, port: {port} }} }}");
        let (near, far) = ("10.91.1.1", FirewallBed::SERVER[0]);
        let more = format!(
            "points:
{directory}  database:
    kind: postgres
    config:
      server: {database}
      role: cordon
      password: {{ file: FOLDER/database-secret }}
      probe: {{ server: {database}, database: cordon_probe }}
  firewall:
    kind: nftables
    config:
      probes: [{{ from: {near}, to: '{far}:{SSH}', via: [env] }}]
      connect-program: [nc, -z, -w, '2', -s, {near}]
  front-door:
    kind: haproxy
    config:
      socket: {socket}
      map: {map}
      routes:
        orders: {{ url: '{orders}' }}
        portal: {{ url: '{portal}' }}
rules:
  never-accounts: [{{ account: glass }}, {{ account: cordon }}]
  break-glass-proof-at: [directory]
services:
  shop-window: {{ http: {{ url: '{portal}' }} }}
",
            directory = directory_point(&self.directory),
            socket = self.door().socket(),
            map = self.door().map(),
            orders = self.door().url("/orders/1"),
            portal = self.door().url("/"),
        );
        let night = Night::new(ESTATE, &more, Some(&self.network.router));
        directory_secrets(&night);
        secret(&night, "database-secret", "pw");
        night
    }

    fn door(&self) -> &HaProxy {
        self.door.as_ref().unwrap()
    }

    /// What each server holds, as its own tools show it.
    pub(crate) fn picture(&self) -> String {
        self.network.router.inside(|| {
            format!(
                "directory\n{}\ndatabase\n{}\nfirewall\n{}\nfront door\n{}",
                self.directory.picture(),
                self.database.picture(),
                cordon_testbed::run("nft", &["-j", "list", "ruleset"]),
                self.door().picture(),
            )
        })
    }

    /// Tries all four as their users would: the person's logon, the role's logon, the flow, the route. True where it gets through.
    pub(crate) fn tried(&self) -> [bool; 4] {
        let flow = FirewallBed::open(&self.network.client, FirewallBed::SERVER[0], SSH).is_some();
        let [account, role, route] = self.network.router.inside(|| {
            let name = OpenLdap::account_name(PERSON);
            let role = self.database.try_psql("app", "postgres", "pw", "SELECT 1");
            [
                self.directory.can_log_on(&name, &OpenLdap::password(PERSON)),
                role.status.success(),
                self.door().get("/orders/2").status == 200,
            ]
        });
        [account, role, flow, route]
    }

    /// The same four tries, and what each client is told: `ldapwhoami`, `psql`, a TCP connection, an HTTP GET.
    pub(crate) fn tried_in_words(&self) -> Vec<String> {
        let [_, _, flow, _] = self.tried();
        let (account, role, route) = self.network.router.inside(|| {
            let name = OpenLdap::account_name(PERSON);
            let who = (name.as_str(), OpenLdap::password(PERSON));
            let account = self.directory.client_as((who.0, &who.1), "ldapwhoami", &[], "");
            let role = self
                .database
                .try_psql("app", "postgres", "pw", "SELECT current_user");
            (account, role, self.door().get("/orders/2").status)
        });
        let flow = if flow { "connected" } else { "refused" };
        vec![
            format!("{PERSON} at the directory: {}", last_line(&account)),
            format!("app at the database: {}", last_line(&role)),
            format!("from the shop to {}:{SSH}: {flow}", FirewallBed::SERVER[0]),
            format!("a customer at /orders: {route}"),
        ]
    }

    /// Whether what stands beside what is withdrawn still serves: another person, another role, another port, the other route.
    pub(crate) fn neighbours_serve(&self) -> bool {
        let flow = FirewallBed::open(&self.network.client, FirewallBed::SERVER[0], WEB).is_some();
        let others = self.network.router.inside(|| {
            let name = OpenLdap::account_name("user0002");
            self.directory.can_log_on(&name, &OpenLdap::password("user0002"))
                && self
                    .database
                    .try_psql("stock", "postgres", "pw", "SELECT 1")
                    .status
                    .success()
                && self.door().get("/").status == 200
        });
        flow && others
    }
}

/// What a client said last, without where the server is.
fn last_line(output: &std::process::Output) -> String {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let line = line.unwrap_or_default();
    line.split_once("FATAL:")
        .map_or(line, |(_, why)| why.trim())
        .to_owned()
}

/// An OpenLDAP directory in the actuator's configuration, with its break-glass logon.
pub(crate) fn directory_point(directory: &OpenLdap) -> String {
    format!(
        "  directory:
    kind: directory
    config:
      dialect: openldap
      server: {ldap}
      ca-file: {ca}
      bind-as: {bind_as}
      bind-password: {{ file: FOLDER/directory-secret }}
      base: {base}
      break-glass:
        bind-as: {glass}
        password: {{ file: FOLDER/glass-secret }}
      openldap:
        default-policy: {policy}
        probe-locked-accounts: true
",
        ldap = directory.tls_url(),
        ca = directory.authority_file(),
        bind_as = OpenLdap::CORDON,
        base = OpenLdap::BASE,
        glass = OpenLdap::BREAK_GLASS,
        policy = OpenLdap::POLICY,
    )
}

/// The passwords of that configuration.
pub(crate) fn directory_secrets(night: &Night) {
    secret(night, "directory-secret", OpenLdap::CORDON_PASSWORD);
    secret(night, "glass-secret", OpenLdap::BREAK_GLASS_PASSWORD);
}

fn secret(night: &Night, name: &str, text: &str) {
    let path = night.folder.write(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// An ordinary firewall, which is not Cordon's.
fn rules(router: &Namespace) {
    for rule in [
        "add table inet edge",
        "add chain inet edge forward { type filter hook forward priority 0 ; policy accept ; }",
        "add rule inet edge forward ct state established,related accept",
        "add rule inet edge forward tcp dport 23 drop",
    ] {
        router.run("nft", &[rule]);
    }
}

fn database() -> Postgres {
    let database = Postgres::start();
    database.psql(
        "CREATE ROLE cordon LOGIN PASSWORD 'pw' CREATEROLE; GRANT pg_signal_backend TO cordon;
         CREATE ROLE app LOGIN PASSWORD 'pw' CONNECTION LIMIT 7; COMMENT ON ROLE app IS 'the till''s';
         CREATE ROLE stock LOGIN PASSWORD 'pw'; CREATE ROLE readers; GRANT readers TO app",
    );
    if database.version() >= 160_000 {
        database.psql("GRANT app TO cordon WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    }
    database
}
