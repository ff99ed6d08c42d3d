//! The actuator's configuration: one YAML file, all its mistakes at once, each with its line.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_act::approval::AllowedSigners;
use cordon_act::gate::GateRules;
use cordon_act::{PointName, VolumeLimits};
use cordon_connectors::registry::{self, Connector};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::limits::{CONFIG_BYTES_MAX, MISTAKES_MAX, POINTS_MAX, SERVICES_MAX};
use super::sections::{self, Section};

/// Everything the actuator needs, read and checked.
pub(super) struct Config {
    pub(super) file: PathBuf,
    pub(super) socket: SocketConfig,
    pub(super) tcp: Option<TcpConfig>,
    pub(super) state: PathBuf,
    pub(super) allowed_signers: PathBuf,
    pub(super) rules: GateRules,
    pub(super) ceiling: Option<VolumeLimits>,
    pub(super) services: BTreeMap<String, ServiceConfig>,
    pub(super) extra_paths: ExtraPaths,
    pub(super) points: Vec<PointConfig>,
    /// Absolute paths that points name, and whether only to read them.
    pub(super) named_paths: BTreeMap<PathBuf, bool>,
}

/// One point.
pub(super) struct PointConfig {
    pub(super) name: PointName,
    pub(super) kind: &'static registry::Kind,
    pub(super) connect: Connector,
}

/// The Unix socket and who may use it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SocketConfig {
    /// Where.
    pub(super) path: PathBuf,
    /// The group of the file, by number. With it the mode is 0660, else 0600.
    #[serde(default)]
    pub(super) group: Option<u32>,
    /// Users that may connect, by number. Without users and groups: the actuator's own.
    #[serde(default)]
    pub(super) users: Vec<u32>,
    /// Groups whose members may connect if it is their first group, by number.
    #[serde(default)]
    pub(super) groups: Vec<u32>,
}

/// A TCP port with TLS, at which clients need a certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TcpConfig {
    /// Where, such as `127.0.0.1:7443`.
    pub(super) listen: SocketAddr,
    /// The actuator's certificate and those between it and an authority, PEM.
    pub(super) certificate: PathBuf,
    /// Its private key, PEM, readable by the actuator's user only.
    pub(super) key: PathBuf,
    /// The authorities of which every client must have a certificate, PEM. Use one that certifies nobody else.
    pub(super) client_ca: PathBuf,
}

/// How to try whether a protected service serves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum ServiceConfig {
    /// A connection to `HOST:PORT` is accepted.
    Tcp(String),
    /// A `GET` is answered with a status below 400.
    Http(HttpCheck),
    /// A program ends with 0: its whole path, then its arguments.
    Command(Vec<String>),
}

/// What is got.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct HttpCheck {
    /// `http://…` or, with a file of authorities, `https://…`.
    pub(super) url: String,
    /// The authorities that may have signed the server's certificate, PEM.
    #[serde(default)]
    pub(super) ca_file: Option<PathBuf>,
}

/// Paths beside those that points name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct ExtraPaths {
    /// To read, and to run programs from if points run any.
    pub(super) read: Vec<PathBuf>,
    /// To read and write.
    pub(super) write: Vec<PathBuf>,
}

/// Limits of the actuator's own, which count where they are smaller than those of orders.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct LimitsConfig {
    /// Most targets of one plan without the further approval.
    #[serde(default)]
    per_plan: Option<u32>,
    /// Most accounts, in thousandths of all, without the further approval.
    #[serde(default)]
    accounts_per_mille: Option<u32>,
    /// How many accounts the organisation has.
    #[serde(default)]
    accounts: Option<u32>,
}

impl LimitsConfig {
    fn ceiling(self) -> VolumeLimits {
        VolumeLimits {
            per_plan: self.per_plan.unwrap_or(u32::MAX),
            accounts_per_mille: self.accounts_per_mille.unwrap_or(u32::MAX),
            accounts: self.accounts.unwrap_or(0),
            ..VolumeLimits::default()
        }
    }
}

/// A mistake of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) file: PathBuf,
    pub(super) line: Option<usize>,
    pub(super) text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.text)
    }
}

/// Reads the list of allowed signers.
pub(super) fn read_signers(path: &Path) -> Result<AllowedSigners, Vec<Mistake>> {
    let mistake = |line, text: String| Mistake {
        file: path.to_owned(),
        line,
        text,
    };
    let text = read_text(path).map_err(|text| vec![mistake(None, text)])?;
    AllowedSigners::parse(&text, &jiff::tz::TimeZone::system()).map_err(|mistakes| {
        mistakes
            .into_iter()
            .map(|found| mistake(Some(found.line).filter(|line| *line > 0), found.text))
            .collect()
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::new();
    let read = file
        .take(CONFIG_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if read as u64 > CONFIG_BYTES_MAX {
        return Err(format!("is longer than {CONFIG_BYTES_MAX} bytes"));
    }
    Ok(text)
}

impl Config {
    /// Reads the configuration.
    pub(super) fn read(path: &Path) -> Result<Self, Vec<Mistake>> {
        let whole = |text: String| {
            vec![Mistake {
                file: path.to_owned(),
                line: None,
                text,
            }]
        };
        let text = read_text(path).map_err(whole)?;
        Reader::new(path, &text).read()
    }

    /// True if a point or the check of a service starts programs.
    pub(super) fn runs_programs(&self) -> bool {
        let commands = self
            .services
            .values()
            .any(|service| matches!(service, ServiceConfig::Command(_)));
        commands || self.points.iter().any(|point| point.kind.runs_programs)
    }
}

/// Collects what was read and every mistake.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    mistakes: Vec<Mistake>,
    /// The lines of the sections.
    lines: BTreeMap<String, usize>,
}

impl<'a> Reader<'a> {
    const fn new(path: &'a Path, text: &'a str) -> Self {
        Self {
            path,
            text,
            mistakes: Vec::new(),
            lines: BTreeMap::new(),
        }
    }

    fn mistake(&mut self, line: Option<usize>, text: impl fmt::Display) {
        if self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push(Mistake {
                file: self.path.to_owned(),
                line,
                text: text.to_string(),
            });
        }
    }

    fn yaml(&mut self, error: &yaml_serde::Error, section: usize) {
        let line = error.location().map_or(section, |place| place.line());
        let text = error.to_string();
        // The library says the place too; ours is in front.
        let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
        self.mistake(Some(line), text);
    }

    fn read(mut self) -> Result<Config, Vec<Mistake>> {
        if let Err(error) = yaml_serde::from_str::<yaml_serde::Value>(self.text) {
            self.yaml(&error, 1);
            return Err(self.mistakes);
        }
        let mut found: BTreeMap<&str, Section> = BTreeMap::new();
        for section in sections::top_level(self.text) {
            self.lines.insert(section.name.to_owned(), section.line);
            found.insert(section.name, section);
        }
        if found.is_empty() {
            self.mistake(
                Some(1),
                "write the configuration as a block: one key at the start of a line",
            );
            return Err(self.mistakes);
        }
        let config = self.sections(&mut found);
        for section in found.values() {
            self.mistake(Some(section.line), format!("there is no {}", section.name));
        }
        match config {
            Some(config) if self.mistakes.is_empty() => Ok(config),
            _ => {
                self.mistakes
                    .sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
                Err(self.mistakes)
            }
        }
    }

    /// Takes every section that is known.
    fn sections(&mut self, found: &mut BTreeMap<&str, Section>) -> Option<Config> {
        let socket = self.needed(found, "socket");
        let state = self.needed(found, "state");
        let allowed_signers = self.needed(found, "allowed-signers");
        let tcp = self.one(found, "tcp");
        let rules = self.one(found, "rules").unwrap_or_default();
        let ceiling = self
            .one::<LimitsConfig>(found, "limits")
            .map(LimitsConfig::ceiling);
        let services = self.services(found);
        let extra_paths = self.one(found, "extra-paths").unwrap_or_default();
        let (points, named_paths) = self.points(found);
        let config = Config {
            file: self.path.to_owned(),
            socket: socket?,
            tcp,
            state: state?,
            allowed_signers: allowed_signers?,
            rules,
            ceiling,
            services,
            extra_paths,
            points,
            named_paths,
        };
        self.check(&config);
        Some(config)
    }

    fn one<T: DeserializeOwned>(&mut self, found: &mut BTreeMap<&str, Section>, name: &str) -> Option<T> {
        let section = found.remove(name)?;
        match parse::<BTreeMap<String, T>>(&section.masked(self.text)) {
            Ok(values) => values.into_values().next(),
            Err(error) => {
                self.yaml(&error, section.line);
                None
            }
        }
    }

    fn needed<T: DeserializeOwned>(&mut self, found: &mut BTreeMap<&str, Section>, name: &str) -> Option<T> {
        if !found.contains_key(name) {
            self.mistake(None, format!("{name} is missing"));
        }
        self.one(found, name)
    }

    fn services(&mut self, found: &mut BTreeMap<&str, Section>) -> BTreeMap<String, ServiceConfig> {
        let services: BTreeMap<String, ServiceConfig> = self.one(found, "services").unwrap_or_default();
        if services.len() > SERVICES_MAX {
            self.mistake(None, format!("more than {SERVICES_MAX} services"));
        }
        services
    }

    fn points(&mut self, found: &mut BTreeMap<&str, Section>) -> (Vec<PointConfig>, BTreeMap<PathBuf, bool>) {
        let (mut points, mut paths) = (Vec::new(), BTreeMap::new());
        let Some(section) = found.remove("points") else {
            return (points, paths);
        };
        let parts = sections::below(self.text, &section);
        if parts.len() > POINTS_MAX {
            self.mistake(Some(section.line), format!("more than {POINTS_MAX} points"));
            return (points, paths);
        }
        if parts.is_empty() && !section.is_empty_mapping(self.text) {
            self.mistake(
                Some(section.line),
                "write points as a block: one name a line, indented",
            );
        }
        for part in parts {
            let text: Arc<str> = part.masked(self.text).into();
            if let Some(point) = self.point(&part, &text) {
                points.push(point);
            }
            sections::absolute_paths(&text, &mut paths);
        }
        (points, paths)
    }

    fn point(&mut self, part: &Section, text: &Arc<str>) -> Option<PointConfig> {
        #[derive(Deserialize)]
        struct Kinds {
            points: BTreeMap<String, Kind>,
        }
        #[derive(Deserialize)]
        struct Kind {
            kind: String,
        }
        let kind = match parse::<Kinds>(text) {
            Ok(kinds) => kinds.points.into_values().next()?.kind,
            Err(error) => {
                self.yaml(&error, part.line);
                return None;
            }
        };
        let name = PointName::from(part.name);
        let Some(kind) = registry::kind(&kind) else {
            let known: Vec<&str> = registry::KINDS.iter().map(|kind| kind.name).collect();
            self.mistake(
                Some(part.line),
                format!(
                    "{name}: no kind of point is called {kind:?}; there are: {}",
                    known.join(", ")
                ),
            );
            return None;
        };
        match kind.connector(&name, text) {
            Ok(connect) => Some(PointConfig { name, kind, connect }),
            Err(error) => {
                self.yaml(&error, part.line);
                None
            }
        }
    }

    /// A mistake somewhere in a section.
    fn mistake_in(&mut self, section: &str, text: impl fmt::Display) {
        let line = self.lines.get(section).copied();
        self.mistake(line, format_args!("{section}: {text}"));
    }

    /// What a type cannot say.
    fn check(&mut self, config: &Config) {
        self.whole_path("socket", &config.socket.path);
        self.whole_path("state", &config.state);
        self.whole_path("allowed-signers", &config.allowed_signers);
        if let Some(tcp) = &config.tcp {
            for path in [&tcp.certificate, &tcp.key, &tcp.client_ca] {
                self.whole_path("tcp", path);
            }
        }
        for path in config.extra_paths.read.iter().chain(&config.extra_paths.write) {
            self.whole_path("extra-paths", path);
        }
        for point in &config.rules.break_glass_proof_at {
            if !config.points.iter().any(|known| known.name == *point) {
                self.mistake_in(
                    "rules",
                    format_args!("break-glass-proof-at names {point}, which is no point here"),
                );
            }
        }
        for (name, service) in &config.services {
            if let Some(wrong) = service.mistake() {
                self.mistake_in("services", format_args!("{name}: {wrong}"));
            }
        }
        if let Err(mistakes) = read_signers(&config.allowed_signers) {
            self.mistakes.extend(mistakes);
        }
    }

    fn whole_path(&mut self, section: &str, path: &Path) {
        if !path.is_absolute() {
            self.mistake_in(section, format_args!("{} must be a whole path", path.display()));
        }
    }
}

impl ServiceConfig {
    /// What is wrong with it.
    fn mistake(&self) -> Option<&'static str> {
        match self {
            Self::Tcp(address) => {
                let port = address
                    .rsplit_once(':')
                    .and_then(|(_, port)| port.parse::<u16>().ok());
                port.is_none().then_some("tcp is HOST:PORT")
            }
            Self::Http(check) if check.url.starts_with("http://") => None,
            Self::Http(check) if check.url.starts_with("https://") => {
                check.ca_file.is_none().then_some("https needs a ca-file")
            }
            Self::Http(_) => Some("the url starts with http:// or https://"),
            Self::Command(command) => {
                let whole = command.first().is_some_and(|program| program.starts_with('/'));
                (!whole).then_some("a command starts with the whole path of a program")
            }
        }
    }
}

/// Reads YAML in which a variant is written as a mapping with one key, everywhere.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, yaml_serde::Error> {
    yaml_serde::with::singleton_map_recursive::deserialize(yaml_serde::Deserializer::from_str(text))
}
