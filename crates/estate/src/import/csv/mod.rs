//! Tables from a configuration database: systems, accounts or services, one a line.
//!
//! Columns are recognised by their names, or named by the caller; those that are not used are reported.

mod words;

use std::collections::BTreeMap;
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use self::words::{account_kind, plain, system_kind};
use super::ImportError;
use super::report::{ImportReport, Imported};
use crate::{
    Account, AccountKind, CostCurve, Estate, Jewel, Origin, Provenance, Requirement, Service, Site, SiteId,
    SiteKind, SourceId, System, SystemKind, Zone, ZoneId, ZoneKind,
};

/// What the lines of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Machines and applications.
    Systems,
    /// Accounts.
    Accounts,
    /// Business services.
    Services,
}

/// How a table is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What the lines are; guessed from the columns if not said.
    pub table: Option<Table>,
    /// Field → column for what is not to be guessed. Fields are those of [`FIELDS`].
    pub columns: BTreeMap<String, String>,
}

/// The fields that a table can have, with the column names that are taken for them (compared without case, spaces,
/// `_` and `-`).
pub const FIELDS: [(&str, &[&str]); 12] = [
    (
        "name",
        &[
            "name",
            "hostname",
            "host",
            "computername",
            "ciname",
            "system",
            "asset",
            "assetname",
            "samaccountname",
            "username",
            "account",
            "login",
            "servicename",
            "service",
        ],
    ),
    (
        "aliases",
        &[
            "fqdn",
            "dnsname",
            "alias",
            "aliases",
            "userprincipalname",
            "upn",
            "mail",
            "email",
            "emailaddress",
            "sid",
        ],
    ),
    (
        "kind",
        &[
            "kind",
            "type",
            "class",
            "ciclass",
            "role",
            "category",
            "accounttype",
            "operatingsystem",
            "os",
        ],
    ),
    (
        "address",
        &["ip", "ipaddress", "ipaddresses", "address", "ipv4", "ipv6"],
    ),
    ("zone", &["zone", "network", "vlan", "segment", "securityzone"]),
    ("site", &["site", "location", "office", "building", "store"]),
    (
        "holds",
        &["holds", "data", "dataclassification", "classification"],
    ),
    ("people", &["people", "users", "usercount", "headcount"]),
    ("enabled", &["enabled", "active", "status", "state"]),
    ("jewel", &["jewel", "crownjewel", "critical", "tierzero"]),
    (
        "requires",
        &["requires", "dependson", "dependencies", "systems", "usessystems"],
    ),
    ("protected", &["protected", "minimumviable", "mustrun"]),
];

/// Imports tables given as (name, text, mapping) into one estate.
///
/// # Errors
/// If a mapping names a column that is not there, or no line could be used.
pub fn import(files: &[(&str, &str, Mapping)]) -> Result<Imported, ImportError> {
    let mut reading = Reading {
        estate: Estate::default(),
        report: ImportReport::default(),
        source: SourceId(0),
        names: FxHashMap::default(),
    };
    let mut services = Vec::new();
    for (index, (name, text, mapping)) in files.iter().enumerate() {
        reading.estate.sources.push((*name).to_owned());
        reading.source = SourceId(u32::try_from(index).unwrap_or(u32::MAX));
        reading.file(name, text, mapping, &mut services)?;
    }
    for row in services {
        reading.service(row);
    }
    let estate = &reading.estate;
    if estate.systems.len() + estate.accounts.len() + estate.services.len() == 0 {
        return Err(ImportError::Nothing {
            help: "expected a table with a header line and a column of names",
        });
    }
    Ok(Imported {
        estate: reading.estate,
        report: reading.report,
    })
}

/// The fields of a line.
struct Row {
    fields: FxHashMap<&'static str, Vec<String>>,
    source: SourceId,
    place: String,
}

impl Row {
    fn first(&self, field: &str) -> Option<&str> {
        self.fields
            .get(field)
            .and_then(|values| values.first())
            .map(String::as_str)
    }

    /// The values of a field, each split at `,`, `;` or `|`.
    fn all(&self, field: &str) -> impl Iterator<Item = &str> {
        let values = self.fields.get(field).into_iter().flatten();
        values
            .flat_map(|value| value.split([',', ';', '|']))
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    fn truth(&self, field: &str) -> Option<bool> {
        match self.first(field)?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "enabled" | "active" | "x" | "in use" | "installed" => Some(true),
            "false" | "no" | "n" | "0" | "disabled" | "inactive" | "retired" | "-" => Some(false),
            _ => None,
        }
    }

    fn jewel(&self) -> Option<Jewel> {
        self.truth("jewel").filter(|is| *is).map(|_| Jewel {
            loss: None,
            never: true,
            inferred: false,
        })
    }
}

struct Reading {
    estate: Estate,
    report: ImportReport,
    source: SourceId,
    names: FxHashMap<(&'static str, String), u32>,
}

impl Reading {
    fn file(
        &mut self,
        name: &str,
        text: &str,
        mapping: &Mapping,
        services: &mut Vec<Row>,
    ) -> Result<(), ImportError> {
        let mut reader = ::csv::ReaderBuilder::new()
            .flexible(true)
            .delimiter(delimiter(text))
            .from_reader(text.as_bytes());
        let header: Vec<String> = match reader.headers() {
            Ok(header) => header
                .iter()
                .map(|column| column.trim().trim_start_matches('\u{feff}').to_owned())
                .collect(),
            Err(error) => {
                self.report
                    .skip("a table without a header", || format!("{name}: {error}"));
                return Ok(());
            }
        };
        let columns = columns(name, &header, mapping)?;
        for (column, field) in header.iter().zip(&columns) {
            if field.is_none() {
                self.report
                    .skip("a column that is not used", || format!("{name}: `{column}`"));
            }
        }
        let table = mapping.table.unwrap_or_else(|| guess(&header));
        for (number, record) in (2_u64..).zip(reader.records()) {
            match record {
                Ok(record) => self.row(
                    table,
                    row(&record, &columns, self.source, format!("{name}:{number}")),
                    services,
                ),
                Err(error) => self.report.skip("a line that cannot be read", || {
                    format!("{name}:{number}: {error}")
                }),
            }
        }
        Ok(())
    }

    fn row(&mut self, table: Table, row: Row, services: &mut Vec<Row>) {
        let Some(name) = row.first("name").map(str::to_owned) else {
            return self.report.skip("a line without a name", || row.place);
        };
        let what = match table {
            Table::Systems => "systems",
            Table::Accounts => "accounts",
            Table::Services => "services",
        };
        let key = (what, name.to_lowercase());
        if self.names.contains_key(&key) {
            return self.report.skip("a second line of the same name", || row.place);
        }
        let id = match table {
            Table::Systems => self.estate.systems.len(),
            Table::Accounts => self.estate.accounts.len(),
            Table::Services => self.estate.services.len() + services.len(),
        };
        self.names.insert(key, u32::try_from(id).unwrap_or(u32::MAX));
        self.report.read(what);
        match table {
            Table::Systems => self.system(name, &row),
            Table::Accounts => self.account(name, &row),
            Table::Services => services.push(row),
        }
    }

    fn provenance(&self) -> Provenance {
        Provenance::new(Origin::Imported { source: self.source })
    }

    fn system(&mut self, name: String, row: &Row) {
        let kind = row.all("kind").find_map(system_kind);
        if kind.is_none() {
            self.report
                .skip("a kind of system that is not known, taken to be a server", || {
                    row.place.clone()
                });
        }
        let (addresses, wrong): (Vec<_>, Vec<_>) = row
            .all("address")
            .map(|text| text.parse::<IpAddr>())
            .partition(Result::is_ok);
        if !wrong.is_empty() {
            self.report.skip("an address that is none", || row.place.clone());
        }
        let zone = row.first("zone").map(|zone| self.zone(zone));
        let site = row.first("site").map(|site| self.site(site));
        let system = System {
            name,
            aliases: row.all("aliases").map(str::to_owned).collect(),
            kind: kind.unwrap_or(SystemKind::Server),
            zone,
            site,
            addresses: addresses.into_iter().flatten().collect(),
            holds: row.all("holds").map(str::to_owned).collect(),
            people: row.first("people").and_then(|people| people.parse().ok()),
            jewel: row.jewel(),
            provenance: self.provenance(),
        };
        self.estate.add_system(system);
    }

    fn account(&mut self, name: String, row: &Row) {
        let account = Account {
            name,
            aliases: row.all("aliases").map(str::to_owned).collect(),
            kind: row
                .all("kind")
                .find_map(account_kind)
                .unwrap_or(AccountKind::Person),
            site: row.first("site").map(|site| self.site(site)),
            enabled: row.truth("enabled").unwrap_or(true),
            jewel: row.jewel(),
            provenance: self.provenance(),
        };
        self.estate.add_account(account);
    }

    fn service(&mut self, row: Row) {
        self.source = row.source;
        let mut needs = Vec::new();
        for needed in row.all("requires") {
            match self.needed(needed) {
                Some(requirement) => needs.push(requirement),
                None => self.report.skip("a requirement that no table names", || {
                    format!("{}: {needed}", row.place)
                }),
            }
        }
        let service = Service {
            name: row.first("name").unwrap_or_default().to_owned(),
            protected: row.truth("protected").unwrap_or(false),
            requires: Requirement::All(needs),
            fallbacks: Vec::new(),
            cost: CostCurve::default(),
            tolerable_downtime_minutes: None,
            people: row
                .first("people")
                .and_then(|people| people.parse().ok())
                .unwrap_or(0),
            provenance: self.provenance(),
        };
        self.estate.add_service(service);
    }

    fn needed(&self, name: &str) -> Option<Requirement> {
        let name = name.to_lowercase();
        let id = |what| self.names.get(&(what, name.clone())).copied();
        let system = id("systems").map(|id| Requirement::System(crate::SystemId(id)));
        let account = || id("accounts").map(|id| Requirement::Account(crate::AccountId(id)));
        system
            .or_else(account)
            .or_else(|| id("services").map(|id| Requirement::Service(crate::ServiceId(id))))
    }

    fn zone(&mut self, name: &str) -> ZoneId {
        let key = ("zones", name.to_lowercase());
        if let Some(id) = self.names.get(&key) {
            return ZoneId(*id);
        }
        let kind = if name.eq_ignore_ascii_case("internet") {
            ZoneKind::Internet
        } else {
            ZoneKind::Internal
        };
        let zone = Zone {
            name: name.to_owned(),
            kind,
            subnets: Vec::new(),
            isolated_members: false,
            provenance: self.provenance(),
        };
        let id = self.estate.add_zone(zone);
        self.names.insert(key, id.0);
        id
    }

    fn site(&mut self, name: &str) -> SiteId {
        let key = ("sites", name.to_lowercase());
        if let Some(id) = self.names.get(&key) {
            return SiteId(*id);
        }
        let site = Site {
            name: name.to_owned(),
            kind: SiteKind::Office,
            people: 0,
            provenance: self.provenance(),
        };
        let id = self.estate.add_site(site);
        self.names.insert(key, id.0);
        id
    }
}

/// The most frequent of the usual delimiters in the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |wanted: u8| first.bytes().filter(|byte| *byte == wanted).count();
    let others = [b';', b'\t', b'|']
        .into_iter()
        .filter(|byte| count(*byte) > count(b','));
    others.max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

/// The field that each column is for.
fn columns(
    name: &str,
    header: &[String],
    mapping: &Mapping,
) -> Result<Vec<Option<&'static str>>, ImportError> {
    for column in mapping.columns.values() {
        if !header.contains(column) {
            let columns = header.join(", ");
            return Err(ImportError::Column {
                name: name.to_owned(),
                column: column.clone(),
                columns,
            });
        }
    }
    let field_of = |column: &String| {
        let said = FIELDS
            .iter()
            .find(|(field, _)| mapping.columns.get(*field) == Some(column));
        let known = plain(column);
        let guessed = || {
            let open = FIELDS
                .iter()
                .filter(|(field, _)| !mapping.columns.contains_key(*field));
            open.into_iter()
                .find(|(_, names)| names.contains(&known.as_str()))
        };
        said.or_else(guessed).map(|(field, _)| *field)
    };
    Ok(header.iter().map(field_of).collect())
}

fn guess(header: &[String]) -> Table {
    let names: Vec<String> = header.iter().map(|column| plain(column)).collect();
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    if has(&[
        "requires",
        "dependson",
        "dependencies",
        "servicename",
        "protected",
    ]) {
        Table::Services
    } else if has(&[
        "samaccountname",
        "username",
        "userprincipalname",
        "upn",
        "login",
        "accounttype",
        "account",
    ]) {
        Table::Accounts
    } else {
        Table::Systems
    }
}

fn row(
    record: &::csv::StringRecord,
    columns: &[Option<&'static str>],
    source: SourceId,
    place: String,
) -> Row {
    let mut fields: FxHashMap<&'static str, Vec<String>> = FxHashMap::default();
    for (value, field) in record.iter().zip(columns) {
        let value = value.trim();
        if let Some(field) = field
            && !value.is_empty()
        {
            fields.entry(field).or_default().push(value.to_owned());
        }
    }
    Row {
        fields,
        source,
        place,
    }
}
