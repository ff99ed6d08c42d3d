//! What SharpHound and BloodHound export: JSON files, a zip of them, or Neo4j's APOC JSON lines.
//!
//! Formats: SharpHound output of versions 4 to 6 (`{"data": […], "meta": {"type": "users"}}`; BloodHound's documentation,
//! "Collected data"), and `apoc.export.json.all` (one node or relationship a line).

mod shape;

use std::io::{Cursor, Read};

use serde_json::Value;

use self::shape::{Collected, Entry, Line, Listed, each_object};
use super::graph::{GraphImport, Object, ObjectKind};
use super::{ImportError, Imported};
use crate::limits::{ARCHIVE_ENTRIES_MAX, UNPACKED_BYTES_MAX};

/// Imports files given as (name, bytes): zip archives, SharpHound JSON and APOC JSON lines, in any mix.
///
/// # Errors
/// If an archive cannot be opened, or nothing in any file was of use.
pub fn import(files: &[(&str, &[u8])]) -> Result<Imported, ImportError> {
    let source = files.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut reading = Reading {
        graph: GraphImport::new(&source),
        relations: Vec::new(),
    };
    for (name, bytes) in files {
        if bytes.starts_with(b"PK") {
            reading.archive(name, bytes)?;
        } else {
            reading.file(name, bytes);
        }
    }
    let Reading { mut graph, relations } = reading;
    for relation in relations {
        let place = || relation.place.clone();
        graph.relation(&relation.label, &relation.from, &relation.to, &place);
    }
    let imported = graph.finish();
    let estate = &imported.estate;
    if estate.accounts.len() + estate.systems.len() + estate.groups.len() == 0 {
        let help =
            "expected a SharpHound zip, its JSON files, or APOC JSON lines with users, groups or computers";
        return Err(ImportError::Nothing { help });
    }
    Ok(imported)
}

/// A relation to be added once every object is known.
struct Relation {
    label: String,
    from: String,
    to: String,
    place: String,
}

struct Reading {
    graph: GraphImport,
    relations: Vec<Relation>,
}

impl Reading {
    fn archive(&mut self, name: &str, bytes: &[u8]) -> Result<(), ImportError> {
        let failed = |error: zip::result::ZipError| ImportError::Archive {
            name: name.to_owned(),
            reason: error.to_string(),
        };
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(failed)?;
        let mut left = UNPACKED_BYTES_MAX;
        for index in 0..archive.len().min(ARCHIVE_ENTRIES_MAX) {
            let place = || format!("{name}, entry {index}");
            let Ok(entry) = archive.by_index(index) else {
                self.graph
                    .report
                    .skip("an entry of the archive that cannot be read", place);
                continue;
            };
            let inner = entry
                .name()
                .map_or_else(|_| format!("entry {index}"), |inner| inner.into_owned());
            let own = format!("{name}/{inner}");
            if entry.is_dir() || !inner.to_ascii_lowercase().ends_with(".json") {
                self.graph.report.skip("a file that is not JSON", || own);
                continue;
            }
            let mut text = Vec::new();
            let read = entry.take(left.saturating_add(1)).read_to_end(&mut text);
            let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
            if size > left {
                self.graph
                    .report
                    .skip("the rest of an archive that unpacks to too much", || own);
                break;
            }
            if read.is_err() {
                self.graph.report.skip("an entry that is broken", || own);
                continue;
            }
            left -= size;
            self.file(&own, &text);
        }
        Ok(())
    }

    fn file(&mut self, name: &str, bytes: &[u8]) {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match serde_json::from_slice::<Collected>(bytes) {
            Ok(collected) => self.collected(name, &collected.meta.kind, bytes),
            Err(_) => self.lines(name, bytes),
        }
    }

    fn lines(&mut self, name: &str, bytes: &[u8]) {
        for (number, line) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Line>(line) {
                Ok(line) => self.line(line, name, number),
                Err(error) => {
                    let reason = "a line that is neither a node nor a relationship";
                    self.graph
                        .report
                        .skip(reason, || format!("{name}:{number}: {error}"));
                }
            }
        }
    }

    fn line(&mut self, line: Line, name: &str, number: u64) {
        match line {
            Line::Node {
                id,
                labels,
                properties,
            } => {
                let Some(kind) = kind_of(&labels) else {
                    let label = labels.last().map_or("no label", String::as_str).to_owned();
                    return self
                        .graph
                        .report
                        .skip(&format!("a node of type {label}"), || format!("{name}:{number}"));
                };
                let mut object = described(&properties);
                object.is_domain = labels.iter().any(|label| label == "Domain");
                self.graph.report.read(word(kind));
                self.graph.object(&id, kind, object);
            }
            Line::Relationship { label, start, end } => {
                let place = format!("{name}:{number}");
                self.relations.push(Relation {
                    label,
                    from: start.id,
                    to: end.id,
                    place,
                });
            }
        }
    }

    fn collected(&mut self, name: &str, type_name: &str, bytes: &[u8]) {
        let kind = match type_name {
            "users" => ObjectKind::User,
            "computers" => ObjectKind::Computer,
            "groups" => ObjectKind::Group,
            "domains" | "gpos" | "ous" | "containers" => ObjectKind::Holder,
            other => {
                return self
                    .graph
                    .report
                    .skip(&format!("a file of type {other}"), || name.to_owned());
            }
        };
        let is_domain = type_name == "domains";
        let mut number = 0_u64;
        let read = each_object(bytes, |entry| {
            number += 1;
            let place = format!("{name}, object {number}");
            match serde_json::from_value::<Entry>(entry) {
                Ok(entry) if !entry.id.is_empty() => self.entry(entry, kind, is_domain, &place),
                Ok(_) => self
                    .graph
                    .report
                    .skip("an object without an identifier", || place),
                Err(error) => self
                    .graph
                    .report
                    .skip("an object that cannot be read", || format!("{place}: {error}")),
            }
        });
        if let Err(error) = read {
            self.graph
                .report
                .skip("the rest of a file that cannot be read", || {
                    format!("{name}: {error}")
                });
        }
    }

    fn entry(&mut self, entry: Entry, kind: ObjectKind, is_domain: bool, place: &str) {
        let mut object = described(&entry.properties);
        object.sid = Some(entry.id.clone());
        object.is_domain = is_domain;
        object.directory_server |= entry.is_directory_server;
        self.graph.report.read(word(kind));
        self.graph.object(&entry.id, kind, object);
        self.structure(&entry, kind, place);
        self.computer(&entry, place);
        for ace in &entry.aces {
            self.relate(edge_of_right(&ace.right), &ace.principal, &entry.id, place);
        }
    }

    fn relate(&mut self, label: &str, from: &str, to: &str, place: &str) {
        let (label, from, to) = (label.to_owned(), from.to_owned(), to.to_owned());
        self.relations.push(Relation {
            label,
            from,
            to,
            place: place.to_owned(),
        });
    }

    fn structure(&mut self, entry: &Entry, kind: ObjectKind, place: &str) {
        let id = entry.id.as_str();
        for member in &entry.members {
            self.relate("MemberOf", &member.id, id, place);
        }
        if let Some(group) = entry.primary_group.as_deref().filter(|group| !group.is_empty()) {
            self.relate("MemberOf", id, group, place);
        }
        for child in &entry.children {
            self.relate("Contains", id, &child.id, place);
        }
        for link in entry.links.iter().filter(|_| kind == ObjectKind::Holder) {
            self.relate("GPLink", &link.id, id, place);
        }
        for target in &entry.delegates_to {
            self.relate("AllowedToDelegate", id, target.id(), place);
        }
        for source in &entry.delegated_from {
            self.relate("AllowedToAct", source.id(), id, place);
        }
        for former in &entry.former_sids {
            self.relate("HasSIDHistory", id, former.id(), place);
        }
        for target in &entry.service_targets {
            self.relate(&target.service, id, &target.computer, place);
        }
    }

    fn computer(&mut self, entry: &Entry, place: &str) {
        let id = entry.id.as_str();
        for session in [
            &entry.sessions,
            &entry.privileged_sessions,
            &entry.registry_sessions,
        ]
        .into_iter()
        .flat_map(Listed::items)
        {
            let computer = session.computer.as_deref().unwrap_or(id);
            self.relate("HasSession", computer, &session.user, place);
        }
        let old = [
            ("AdminTo", &entry.local_admins),
            ("CanRDP", &entry.remote_desktop_users),
            ("ExecuteDCOM", &entry.dcom_users),
            ("CanPSRemote", &entry.ps_remote_users),
        ];
        for (label, list) in old {
            for principal in list.items() {
                self.relate(label, &principal.id, id, place);
            }
        }
        for group in &entry.local_groups {
            let Some(label) = edge_of_local_group(&group.id) else {
                continue;
            };
            for principal in &group.results {
                self.relate(label, &principal.id, id, place);
            }
        }
        self.policy_changes(entry, place);
    }

    /// Rights that a policy hands out on the computers it affects.
    fn policy_changes(&mut self, entry: &Entry, place: &str) {
        let Some(changes) = &entry.policy_changes else {
            return;
        };
        let lists = [
            ("AdminTo", &changes.local_admins),
            ("CanRDP", &changes.remote_desktop_users),
            ("ExecuteDCOM", &changes.dcom_users),
            ("CanPSRemote", &changes.ps_remote_users),
        ];
        for computer in &changes.affected {
            for (label, list) in lists {
                for principal in list {
                    self.relate(label, &principal.id, &computer.id, place);
                }
            }
        }
    }
}

const fn word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "users",
        ObjectKind::Computer => "computers",
        ObjectKind::Group => "groups",
        ObjectKind::Holder => "domains, units, containers and policies",
    }
}

/// A node can have several labels; the most particular decides.
fn kind_of(labels: &[String]) -> Option<ObjectKind> {
    let has = |wanted: &str| labels.iter().any(|label| label == wanted);
    let holder = ["Domain", "OU", "Container", "GPO"].into_iter().any(has);
    match () {
        () if has("Computer") => Some(ObjectKind::Computer),
        () if has("User") => Some(ObjectKind::User),
        () if has("Group") => Some(ObjectKind::Group),
        () if holder => Some(ObjectKind::Holder),
        () => None,
    }
}

fn described(properties: &Value) -> Object {
    let text = |key: &str| {
        properties
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !matches!(*text, "" | "null"))
    };
    let truth = |key: &str| match properties.get(key) {
        Some(Value::Array(list)) => list.first().and_then(Value::as_bool),
        Some(value) => value.as_bool(),
        None => None,
    };
    let mut aliases: Vec<String> = ["email", "mail"]
        .into_iter()
        .filter_map(text)
        .map(str::to_owned)
        .collect();
    if let (Some(domain), Some(short)) = (text("domain"), text("samaccountname"))
        && !short.ends_with('$')
    {
        aliases.push(format!("{short}@{domain}"));
    }
    let name = text("name").unwrap_or_default().to_owned();
    aliases.retain(|alias| !alias.eq_ignore_ascii_case(&name));
    Object {
        name,
        sid: text("objectid").map(str::to_owned),
        aliases,
        enabled: truth("enabled").unwrap_or(true),
        administrative: truth("admincount").unwrap_or(false),
        has_service_name: truth("hasspn").unwrap_or(false),
        operating_system: text("operatingsystem").unwrap_or_default().to_owned(),
        directory_server: truth("isdc").unwrap_or(false),
        is_domain: false,
    }
}

/// SharpHound's name of a right as BloodHound's edge; nearly all are the same.
fn edge_of_right(right: &str) -> &str {
    match right {
        "Owner" => "Owns",
        "User-Force-Change-Password" => "ForceChangePassword",
        "WriteGPLink" => "GenericWrite",
        other => other,
    }
}

/// The edge for members of a local group, by the end of its SID.
fn edge_of_local_group(sid: &str) -> Option<&'static str> {
    const ENDS: [(&str, &str); 4] = [
        ("-544", "AdminTo"),
        ("-555", "CanRDP"),
        ("-562", "ExecuteDCOM"),
        ("-580", "CanPSRemote"),
    ];
    ENDS.iter()
        .find(|(end, _)| sid.ends_with(end))
        .map(|(_, edge)| *edge)
}
