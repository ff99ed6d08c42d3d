//! An estate from a folder of YAML files (and JSON lines for bulk), and back.
//!
//! The files are given as text. Everything in them is read before anything is decided: all mistakes come back at once,
//! each with its place and what to write instead. Sections (`systems:`, `access:` …) may be spread over files at will.
//! Names are unique within their kind, compared without case.
//!
//! A file whose name ends in `.jsonl` (in a folder, `.estate.jsonl`) holds the same as JSON, each line a file part of its own, such as
//! `{"access": [{"session": "pat", "on": "ws6"}]}`: for bulk that programs write, and several times as fast.

mod accesses;
mod checks;
mod diagnostic;
mod entities;
mod fields;
pub(crate) mod keys;
mod lines;
mod node;
mod quantity;
mod reader;
mod services;
mod similar;
pub(crate) mod words;
mod write;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use similar::nearest;
pub use write::{FILE_NAMES, to_yaml};

use self::diagnostic::Span;
use self::fields::{fields, mapping, wrong_type};
use self::node::{Node, Value};
use self::reader::{Kind, Reader};
use crate::Estate;

/// What came of reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The estate.
    pub estate: Estate,
    /// What is probably not meant, but no error.
    pub warnings: Diagnostics,
}

/// True for names of files that belong to an estate when they lie in its folder: `*.yaml`, `*.yml` and `*.estate.jsonl`
/// (other JSON lines there may be logs or evidence).
#[must_use]
pub fn is_estate_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".yaml", ".yml", ".estate.jsonl"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Reads an estate from files given as (name, text).
///
/// # Errors
/// All diagnostics, warnings among them, if one of them is an error.
pub fn load(files: &[(&str, &str)]) -> Result<Loaded, Diagnostics> {
    let mut reader = Reader::new(files);
    let mut documents = Vec::new();
    for (index, (name, text)) in files.iter().enumerate() {
        let file = u32::try_from(index).unwrap_or(u32::MAX);
        let bulk = name.to_ascii_lowercase().ends_with(".jsonl");
        let parse = if bulk { lines::parse } else { node::parse };
        let (nodes, whole) = parse(file, text, &mut reader.found);
        reader.whole &= whole;
        documents.extend(nodes);
    }
    reader.documents(&documents);
    reader.check();
    let diagnostics = reader.found.finish();
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    Ok(Loaded {
        estate: reader.estate,
        warnings: diagnostics,
    })
}

/// A named entry of a section.
struct Entry<'n, 't> {
    kind: Kind,
    id: u32,
    name: &'n str,
    span: Span,
    node: &'n Node<'t>,
}

/// The sections of named entries, in the order in which they are read.
const SECTIONS: [(&str, Kind); 7] = [
    ("zones", Kind::Zone),
    ("sites", Kind::Site),
    ("accounts", Kind::Account),
    ("groups", Kind::Group),
    ("systems", Kind::System),
    ("services", Kind::Service),
    ("enforcement-points", Kind::Point),
];

impl Reader<'_> {
    fn documents(&mut self, documents: &[Node<'_>]) {
        let mut entries = Vec::new();
        let mut accesses = Vec::new();
        for document in documents {
            let Some(top) = fields(document, "an estate file", keys::TOP, &mut self.found) else {
                continue;
            };
            if let Some(name) = top.get("organisation") {
                self.organisation(name);
            }
            for (section, kind) in SECTIONS {
                if let Some(node) = top.get(section) {
                    self.section(section, kind, node, &mut entries);
                }
            }
            accesses.extend(
                top.get("access")
                    .map(|node| self.list_of_accesses(node))
                    .unwrap_or_default(),
            );
        }
        self.read_entries(&entries);
        for node in accesses {
            self.access(node, true);
        }
        self.read_services(&entries);
    }

    fn organisation(&mut self, node: &Node<'_>) {
        let Some(name) = node.text() else {
            wrong_type(
                node,
                "the organisation is a name",
                "write `organisation: Northgate`",
                &mut self.found,
            );
            return;
        };
        if !self.estate.organisation.is_empty() && self.estate.organisation != name {
            let help = format!("it is called `{}` before; keep one", self.estate.organisation);
            self.found.error(
                "duplicate-key",
                node.span,
                "a second name of the organisation".to_owned(),
                Some(help),
            );
        }
        name.clone_into(&mut self.estate.organisation);
    }

    fn section<'n, 't>(
        &mut self,
        section: &str,
        kind: Kind,
        node: &'n Node<'t>,
        entries: &mut Vec<Entry<'n, 't>>,
    ) {
        let Some(pairs) = mapping(node, &format!("`{section}`"), &mut self.found) else {
            return;
        };
        for (name, value) in pairs {
            if let Some(id) = self.define(kind, name)
                && let Some(text) = name.text()
            {
                entries.push(Entry {
                    kind,
                    id,
                    name: text,
                    span: name.span,
                    node: value,
                });
            }
        }
    }

    fn list_of_accesses<'n, 't>(&mut self, node: &'n Node<'t>) -> &'n [Node<'t>] {
        if let Value::List(list) = &node.value {
            return list;
        }
        wrong_type(
            node,
            "`access` is a list",
            "begin each access with `- `",
            &mut self.found,
        );
        &[]
    }

    fn read_entries(&mut self, entries: &[Entry<'_, '_>]) {
        for entry in entries {
            match entry.kind {
                Kind::Zone => self.zone(entry.name, entry.span, entry.node),
                Kind::Site => self.site(entry.name, entry.span, entry.node),
                Kind::Account => self.account(entry.name, entry.span, entry.node),
                Kind::Group => self.group(entry.name, entry.span, entry.node),
                Kind::System => self.system(entry.name, entry.span, entry.node),
                Kind::Service | Kind::Point => {}
            }
        }
        for entry in entries {
            if matches!(entry.kind, Kind::Account | Kind::Group | Kind::System) {
                self.own_accesses(entry.kind, entry.id, entry.span, entry.node);
            }
        }
    }

    fn read_services(&mut self, entries: &[Entry<'_, '_>]) {
        for entry in entries {
            match entry.kind {
                Kind::Service => self.service(entry.name, entry.span, entry.node),
                Kind::Point => self.point(entry.name, entry.span, entry.node),
                _ => {}
            }
        }
    }
}
