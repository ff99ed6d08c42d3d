//! The race: from the last byte of the line that decides to an access that was tried and refused, at a directory, a firewall and a VPN.
//! `cordon watch` follows a log and has a standing plan; each trial is a plan of its own, and is lifted afterwards.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cordon_testbed::{FirewallBed, OpenLdap, OpenLdapContent, VpnClient, VpnOptions, VpnServer, skip};
use serde_json::Value;

use crate::bed::{self, Night};
use crate::servers;

/// Longest wait for one line of `cordon watch`.
const PATIENCE: Duration = Duration::from_secs(300);

const SSH: u16 = 22;

/// A point, whose access is withdrawn, and how much of it there is to try afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Directory,
    Firewall,
    Vpn,
}

const LANES: [Lane; 3] = [Lane::Vpn, Lane::Firewall, Lane::Directory];

impl Lane {
    /// The name of its point.
    const fn point(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Firewall => "firewall",
            Self::Vpn => "vpn",
        }
    }

    /// Who holds the access.
    const fn person(self) -> &'static str {
        match self {
            Self::Directory => "user0001",
            Self::Firewall => "kim",
            Self::Vpn => "rover",
        }
    }

    /// Its point in the estate.
    const fn guard(self) -> &'static str {
        match self {
            Self::Directory => "directory: { kind: ldap, guards: { accounts: staff }, effect: 2s }",
            Self::Firewall => "firewall: { kind: nftables, guards: { flows: shop -> data }, effect: 2s }",
            Self::Vpn => "vpn: { kind: openvpn, guards: remote-access, effect: 2s }",
        }
    }

    /// Where a trial's foothold stands: what it is named by makes each plan another.
    fn place(self, trial: usize) -> String {
        match self {
            Self::Vpn => format!("lab{trial:03}"),
            Self::Directory | Self::Firewall => format!("ws{trial:03}"),
        }
    }
}

/// The organisation, with as many workstations as there are trials.
fn estate(lane: Lane, trials: usize) -> String {
    let mut text = "
organisation: Racetrack
zones:
  internet: { kind: internet }
  pool: {}
  lab: {}
  shop: { subnets: [10.91.1.0/24] }
  data: { subnets: [10.91.2.0/24] }
accounts:
  user0001: person
  user0002: person
  user0003: person
  glass: break-glass
  kim: person
  rover: person
  nomad: person
groups:
  staff: [user0001, user0002, user0003, glass]
access:
  - { flow: shop -> data, port: 22 }
  - { flow: shop -> data, port: 443 }
  - { flow: pool -> data, port: 3389 }
  - { remote-access: gateway, holder: rover, into: pool }
  - { remote-access: gateway, holder: nomad, into: pool }
  - { right: web, holder: user0001, on: vault }
  - { right: ssh, holder: kim, on: archive }
  - { right: remote-desktop, holder: rover, on: depot }
services:
  payroll: { requires: kim, cost-per-hour: £90k }
  rounds: { requires: nomad, cost-per-hour: £90k }
  intranet: { requires: { flow: shop -> data, port: 443 }, cost-per-hour: £90k }
enforcement-points:
  POINT
systems:
  gateway: { kind: gateway, zone: data }
  vault: { kind: server, zone: data, jewel: true }
  archive: { kind: server, zone: data, jewel: true }
  depot: { kind: server, zone: data, jewel: true }
"
    .replace("POINT", lane.guard());
    for trial in 0..trials {
        let _ = writeln!(text, "  ws{trial:03}: {{ kind: workstation, zone: shop }}");
        let _ = writeln!(text, "  lab{trial:03}: {{ kind: workstation, zone: lab }}");
    }
    text
}

struct Track {
    network: FirewallBed,
    directory: OpenLdap,
    client: VpnClient,
    vpn: VpnServer,
}

impl Track {
    fn start() -> Self {
        let network = FirewallBed::new();
        FirewallBed::serve_echo(&network.server, SSH);
        let directory = network
            .router
            .inside(|| OpenLdap::start(&OpenLdapContent::default()));
        let vpn = VpnServer::start(VpnOptions::default());
        Self {
            client: vpn.client(Lane::Vpn.person()),
            network,
            directory,
            vpn,
        }
    }

    /// People, the organisation, and an actuator with the one point of a lane, where that point can be tried from.
    fn night(&self, lane: Lane, trials: usize) -> Night {
        let (points, beside) = match lane {
            Lane::Directory => (lone_directory(&self.directory), &self.network.router),
            Lane::Firewall => (firewall_point(), &self.network.router),
            Lane::Vpn => (self.vpn_point(), self.client.host()),
        };
        let night = Night::new(&estate(lane, trials), &format!("points:\n{points}"), Some(beside));
        servers::directory_secrets(&night);
        night
    }

    fn vpn_point(&self) -> String {
        format!(
            "  vpn:
    kind: openvpn
    config:
      management: {{ unix: {management} }}
      client-config-dir: {clients}
      probes: [{{ account: rover, profile: {profile} }}]
",
            management = self.vpn.management_socket().display(),
            clients = self.vpn.client_folder().display(),
            profile = self.client.profile().display(),
        )
    }

    /// Whether the access is open, tried by another way than Cordon's.
    fn is_open(&mut self, lane: Lane) -> bool {
        match lane {
            Lane::Directory => self.network.router.inside(|| {
                let name = OpenLdap::account_name(lane.person());
                self.directory
                    .can_log_on(&name, &OpenLdap::password(lane.person()))
            }),
            Lane::Firewall => FirewallBed::open(&self.network.client, FirewallBed::SERVER[0], SSH).is_some(),
            Lane::Vpn => {
                let gets_in = self.client.tries_to_connect(120);
                self.client.stop();
                gets_in
            }
        }
    }
}

fn lone_directory(directory: &OpenLdap) -> String {
    let point = servers::directory_point(directory);
    let rules = "rules:
  never-accounts: [{ account: glass }, { account: cordon }]
  break-glass-proof-at: [directory]
";
    format!("{point}{rules}")
}

fn firewall_point() -> String {
    format!(
        "  firewall:
    kind: nftables
    config:
      probes: [{{ from: 10.91.1.1, to: '{far}:{SSH}', via: [env] }}]
      connect-program: [nc, -z, -w, '2', -s, 10.91.1.1]
",
        far = FirewallBed::SERVER[0],
    )
}

/// A line that a log gets: a command that a rule of the starter pack calls critical.
fn line(person: &str, place: &str, command: &str) -> String {
    let event = serde_json::json!({
        "@timestamp": jiff::Timestamp::now().to_string(),
        "winlog": {
            "channel": "Security", "event_id": 4688, "provider_name": "Microsoft-Windows-Security-Auditing",
            "computer_name": place,
            "event_data": {
                "SubjectUserName": person, "NewProcessName": "C:\\Windows\\System32\\cmd.exe", "CommandLine": command,
            },
        },
    });
    format!("{event}\n")
}

/// `cordon watch`, with its lines as they come.
struct Watching {
    child: Child,
    lines: Receiver<(Instant, Value)>,
}

impl Watching {
    fn start(night: &Night, plan: &str, log: &str) -> Self {
        let mut words: Vec<String> = ["watch", "--json", "--estate", "estate", "--standing"]
            .map(str::to_owned)
            .to_vec();
        words.push(format!("{plan}.json"));
        words.push("--approval".to_owned());
        words.extend(["dana", "lee", "kim"].map(|person| format!("{plan}.{person}")));
        words.extend(["--".to_owned(), log.to_owned()]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut child = night.command(&words).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let came = Instant::now();
                let _ = sender.send((came, serde_json::from_str(&line).unwrap()));
            }
        });
        Self { child, lines }
    }

    /// When the first line came that is so; what was met on the way is shown if none does.
    fn wait(&self, is_so: impl Fn(&Value) -> bool) -> Instant {
        let mut met = String::new();
        let end = Instant::now() + PATIENCE;
        while let Ok((came, line)) = self
            .lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            if is_so(&line) {
                return came;
            }
            let _ = writeln!(met, "{line}");
        }
        panic!("not within {PATIENCE:?}:\n{met}");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_kind(line: &Value, kind: &str) -> bool {
    line.get("kind").is_some_and(|own| own == kind)
}

fn is_refused(line: &Value) -> bool {
    let of = |pointer| line.pointer(pointer).and_then(Value::as_str);
    is_kind(line, "entry")
        && of("/entry/entry") == Some("verified")
        && of("/entry/of/answer") == Some("refused")
}

/// How long one trial took, from the last byte written to the line that says *tried and refused*.
fn trial(track: &mut Track, night: &Night, lane: Lane, number: usize) -> Duration {
    let (plan, place) = (format!("{}-{number}", lane.point()), lane.place(number));
    let said = night.plan(&plan, &[lane.person(), &place], &[]);
    assert!(said.contains("Proven least"), "{said}");
    night.approve_all(&plan);
    let log = format!("{plan}.log");
    let first = line(
        lane.person(),
        &place,
        "rundll32 comsvcs.dll MiniDump 612 x.dmp full",
    );
    let path = night.folder.write(&log, &first);
    let watching = Watching::start(night, &plan, &log);
    watching.wait(|line| is_kind(line, "following"));
    let second = line(
        lane.person(),
        &place,
        "ntdsutil \"ac i ntds\" ifm \"create full c:\\x\" q q",
    );
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(second.as_bytes()).unwrap();
    let written = Instant::now();
    let took = watching.wait(is_refused).duration_since(written);
    assert!(
        !track.is_open(lane),
        "{lane:?} is open though it was said to be refused"
    );
    drop(watching);
    let said = night.ends(0, &["lift", "--all", "--key", "lee"]);
    assert!(said.contains(&format!("at {}", lane.point())), "{said}");
    took
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[test]
fn an_access_is_refused_once_the_line_that_decides_is_written() {
    let lacks = bed::lacks()
        .or_else(FirewallBed::lacks)
        .or_else(OpenLdap::unavailable)
        .or_else(VpnServer::lacks);
    if let Some(lacks) = lacks {
        skip(&lacks);
        return;
    }
    let trials = std::env::var("CORDON_TRIALS").map_or(1, |text| text.parse().unwrap());
    let mut track = Track::start();
    let mut table =
        "| point | trials | p50 | p99 | longest |\n| --- | ---: | ---: | ---: | ---: |\n".to_owned();
    let wanted = std::env::var("CORDON_LANE").ok();
    let is_wanted = |lane: &Lane| wanted.as_ref().is_none_or(|name| name == lane.point());
    for lane in LANES.into_iter().filter(is_wanted) {
        let mut night = track.night(lane, trials);
        night.start_actuator();
        assert!(track.is_open(lane), "{lane:?}");
        let mut took: Vec<Duration> = (0..trials)
            .map(|number| trial(&mut track, &night, lane, number))
            .collect();
        took.sort_unstable();
        let [middle, late, last] = [50, 99, 100].map(|percent| percentile(&took, percent).as_millis());
        let _ = writeln!(
            table,
            "| {} | {trials} | {middle} ms | {late} ms | {last} ms |",
            lane.point()
        );
        assert!(track.is_open(lane), "{lane:?} was not given back");
        assert!(night.ends(0, &["ledger", "verify"]).contains("Whole"));
    }
    eprintln!("{table}");
}
