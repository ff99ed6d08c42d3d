//! Compiles binary XML, a template's or a fragment's, into the list of fields it yields.

use super::bytes::{Broken, Cursor};
use crate::read::dialect::is_system_name;
use crate::read::limits::MAX_DEPTH;

/// Where in an event an element stands: decides which name its text has as a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Around or directly in `Event`.
    Event,
    System,
    EventData,
    UserData,
    /// Somewhere else below `Event`, by the name of that section.
    Other(String),
}

/// A piece of an element's text or an attribute's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Value(usize),
}

/// The name of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Known(String),
    /// Made from values, below a section's name.
    Made(Vec<Part>, Place),
    /// The time of the event, which is no field.
    Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Field {
        name: Name,
        parts: Vec<Part>,
    },
    /// A value that is binary XML itself if its type says so, else the text of a field.
    /// A section of the event has a name too, but no text of its own unless there is some.
    Content {
        place: Place,
        index: usize,
        name: Name,
        section: bool,
    },
    /// A template with its values in line, from this offset.
    Instance {
        place: Place,
        offset: usize,
    },
}

const END: u8 = 0x00;
const OPEN: u8 = 0x01;
const CLOSE_START: u8 = 0x02;
const CLOSE_EMPTY: u8 = 0x03;
const CLOSE: u8 = 0x04;
const TEXT: u8 = 0x05;
const ATTRIBUTE: u8 = 0x06;
const CDATA: u8 = 0x07;
const CHARACTER: u8 = 0x08;
const ENTITY: u8 = 0x09;
const INSTRUCTION: u8 = 0x0a;
const INSTRUCTION_TEXT: u8 = 0x0b;
pub(super) const INSTANCE: u8 = 0x0c;
const VALUE: u8 = 0x0d;
const OPTIONAL_VALUE: u8 = 0x0e;
pub(super) const FRAGMENT: u8 = 0x0f;

struct Element {
    name: String,
    /// Where its children stand.
    inner: Place,
    /// Where it stands itself.
    outer: Place,
    label: Option<Vec<Part>>,
    parts: Vec<Part>,
    has_children: bool,
}

/// Compiles the stream at `cursor`; in a template elements carry a dependency.
pub(super) fn compile(cursor: Cursor<'_>, place: &Place, in_template: bool) -> Result<Vec<Step>, Broken> {
    let mut compiler = Compiler {
        cursor,
        in_template,
        outermost: place.clone(),
        open: Vec::new(),
        attribute: None,
        steps: Vec::new(),
    };
    while !compiler.cursor.done() {
        let token = compiler.cursor.u8()?;
        if token & 0x1f == END || !compiler.token(token)? {
            break;
        }
    }
    compiler.end_attribute();
    while compiler
        .open
        .pop()
        .is_some_and(|element| compiler.finish(element))
    {}
    Ok(compiler.steps)
}

struct Compiler<'a> {
    cursor: Cursor<'a>,
    in_template: bool,
    outermost: Place,
    open: Vec<Element>,
    attribute: Option<(String, Vec<Part>)>,
    steps: Vec<Step>,
}

impl Compiler<'_> {
    /// Handles one token; false at the end of the stream.
    fn token(&mut self, token: u8) -> Result<bool, Broken> {
        match token & 0x1f {
            OPEN => self.open(token & 0x40 != 0)?,
            CLOSE_START => self.end_attribute(),
            CLOSE_EMPTY | CLOSE => {
                self.end_attribute();
                if let Some(element) = self.open.pop() {
                    self.finish(element);
                }
            }
            TEXT => self.text()?,
            ATTRIBUTE => {
                self.end_attribute();
                self.attribute = Some((self.cursor.name()?, Vec::new()));
            }
            CDATA | INSTRUCTION_TEXT => {
                let text = self.cursor.counted_text()?;
                self.part(Part::Text(text));
            }
            CHARACTER => {
                let letter =
                    char::from_u32(u32::from(self.cursor.u16()?)).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.part(Part::Text(letter.to_string()));
            }
            ENTITY => {
                let name = self.cursor.name()?;
                self.part(Part::Text(entity(&name).to_owned()));
            }
            INSTRUCTION => drop(self.cursor.name()?),
            VALUE | OPTIONAL_VALUE => {
                let index = usize::from(self.cursor.u16()?);
                self.cursor.u8()?;
                self.part(Part::Value(index));
            }
            FRAGMENT => drop(self.cursor.take(3)?),
            INSTANCE => return self.instance(),
            _ => return Err("an unknown token"),
        }
        Ok(true)
    }

    fn place(&self) -> Place {
        self.open
            .last()
            .map_or(&self.outermost, |element| &element.inner)
            .clone()
    }

    fn open(&mut self, has_attributes: bool) -> Result<(), Broken> {
        if self.open.len() >= MAX_DEPTH {
            return Err("nested too deeply");
        }
        self.end_attribute();
        self.cursor.take(if self.in_template { 6 } else { 4 })?;
        let name = self.cursor.name()?;
        if has_attributes {
            self.cursor.u32()?;
        }
        let outer = self.place();
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        self.open.push(Element {
            inner: inner_place(&outer, &name),
            outer,
            name,
            label: None,
            parts: Vec::new(),
            has_children: false,
        });
        Ok(())
    }

    fn text(&mut self) -> Result<(), Broken> {
        match self.cursor.u8()? {
            0x01 => {
                let text = self.cursor.counted_text()?;
                self.part(Part::Text(text));
                Ok(())
            }
            _ => Err("text of an unknown type"),
        }
    }

    fn part(&mut self, part: Part) {
        if let Some((_, parts)) = &mut self.attribute {
            parts.push(part);
        } else if let Some(element) = self.open.last_mut() {
            element.parts.push(part);
        }
    }

    fn end_attribute(&mut self) {
        let Some((name, parts)) = self.attribute.take() else {
            return;
        };
        let Some(element) = self.open.last_mut() else {
            return;
        };
        if element.name == "Data" && name == "Name" {
            element.label = Some(parts);
        } else if let Some(name) = attribute_name(element, &name) {
            self.steps.push(Step::Field { name, parts });
        }
    }

    /// A template with its values inside this stream: the rest of the stream is its own.
    fn instance(&mut self) -> Result<bool, Broken> {
        self.steps.push(Step::Instance {
            place: self.place(),
            offset: self.cursor.at,
        });
        if let Some(element) = self.open.last_mut() {
            element.has_children = true;
        }
        Ok(false)
    }

    fn finish(&mut self, element: Element) -> bool {
        let Element {
            name,
            inner,
            outer,
            label,
            parts,
            has_children,
        } = element;
        let field = field_name(&name, &outer, label);
        match (parts.as_slice(), field) {
            ([Part::Value(index)], field) => self.steps.push(Step::Content {
                place: inner,
                index: *index,
                section: field.is_none(),
                name: field.unwrap_or(Name::Known(name)),
            }),
            ([], _) if has_children || outer == Place::System => {}
            (_, Some(name)) => self.steps.push(Step::Field { name, parts }),
            (_, None) => self.values_between(&inner, &name, parts),
        }
        true
    }

    /// Values that stand side by side in a section, each of which may be binary XML.
    fn values_between(&mut self, place: &Place, name: &str, parts: Vec<Part>) {
        for part in parts {
            if let Part::Value(index) = part {
                self.steps.push(Step::Content {
                    place: place.clone(),
                    index,
                    name: Name::Known(name.to_owned()),
                    section: true,
                });
            }
        }
    }
}

fn entity(name: &str) -> &str {
    match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => name,
    }
}

fn inner_place(outer: &Place, name: &str) -> Place {
    match (outer, name) {
        (Place::Event, "Event") => Place::Event,
        (Place::Event, "System") => Place::System,
        (Place::Event, "EventData") => Place::EventData,
        (Place::Event, "UserData") => Place::UserData,
        (Place::Event, _) => Place::Other(name.to_owned()),
        _ => outer.clone(),
    }
}

/// The field that an element's text is; none for the sections themselves.
fn field_name(name: &str, outer: &Place, label: Option<Vec<Part>>) -> Option<Name> {
    match outer {
        Place::Event => None,
        Place::System => Some(Name::Known(name.to_owned())),
        Place::EventData | Place::UserData | Place::Other(_) => Some(match label {
            None => own_name(name, outer),
            Some(label) => match <[Part; 1]>::try_from(label) {
                Ok([Part::Text(text)]) => own_name(&text, outer),
                Ok([part]) => Name::Made(vec![part], outer.clone()),
                Err(parts) if parts.is_empty() => own_name(name, outer),
                Err(parts) => Name::Made(parts, outer.clone()),
            },
        }),
    }
}

fn own_name(name: &str, outer: &Place) -> Name {
    Name::Known(settled(name, outer).unwrap_or_else(|| name.to_owned()))
}

/// The dotted name of an event's own field that is called like one of `System`, or lies elsewhere.
pub(super) fn settled(name: &str, outer: &Place) -> Option<String> {
    match outer {
        Place::EventData if is_system_name(name) => Some(format!("EventData.{name}")),
        Place::UserData if is_system_name(name) => Some(format!("UserData.{name}")),
        Place::Other(section) => Some(format!("{section}.{name}")),
        _ => None,
    }
}

/// The field that an attribute is; none for namespaces.
fn attribute_name(element: &Element, name: &str) -> Option<Name> {
    if name.starts_with("xmlns") {
        return None;
    }
    if element.outer != Place::System {
        return Some(Name::Known(format!("{}.{name}", element.name)));
    }
    let known = match (element.name.as_str(), name) {
        ("TimeCreated", "SystemTime") => return Some(Name::Time),
        ("Provider", "Name") => "Provider_Name",
        ("Provider", "Guid") => "ProviderGuid",
        ("Execution", "ProcessID") => "ExecutionProcessID",
        _ => name,
    };
    Some(Name::Known(known.to_owned()))
}
