//! YAML as a tree in which every node knows its place. Bounded in depth and size, aliases included.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::diagnostic::{Found, Span};
use crate::limits::{FILE_BYTES_MAX, YAML_COPIES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX};

/// A piece of YAML.
#[derive(Clone, Debug)]
pub(crate) struct Node<'t> {
    pub(crate) span: Span,
    pub(crate) value: Value<'t>,
}

/// What it is.
#[derive(Clone, Debug)]
pub(crate) enum Value<'t> {
    Null,
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    Map(Vec<(Node<'t>, Node<'t>)>),
}

impl<'t> Node<'t> {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in the words of an error message.
    pub(crate) fn what(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a word",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The nodes of a list; a single node is a list of itself, and nothing is an empty one.
    pub(crate) fn each(&self) -> &[Self] {
        match &self.value {
            Value::List(list) => list,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }
}

struct Open<'t> {
    span: Span,
    anchor: usize,
    count: usize,
    what: Content<'t>,
}

enum Content<'t> {
    List(Vec<Node<'t>>),
    Map(Vec<(Node<'t>, Node<'t>)>, Option<Node<'t>>),
}

struct Builder<'t> {
    file: u32,
    open: Vec<Open<'t>>,
    anchors: FxHashMap<usize, (Node<'t>, usize)>,
    count: usize,
    /// Values held or repeated because of anchors and aliases.
    copies: usize,
    documents: Vec<Node<'t>>,
}

/// Why a file was not read to its end.
enum Stop {
    Syntax(ScanError),
    Depth(Span),
    Nodes(Span),
    Copies(Span),
    Alias(Span),
}

/// The documents of a file, as far as it can be read; false if that is not to its end.
pub(crate) fn parse<'t>(file: u32, text: &'t str, found: &mut Found<'_>) -> (Vec<Node<'t>>, bool) {
    let start = Span {
        file,
        line: 1,
        ..Span::default()
    };
    if text.len() > FILE_BYTES_MAX {
        let message = format!(
            "the file has {} bytes; at most {FILE_BYTES_MAX} are read",
            text.len()
        );
        found.error(
            "file-too-large",
            start,
            message,
            Some("split it into several files".to_owned()),
        );
        return (Vec::new(), false);
    }
    let mut builder = Builder {
        file,
        open: Vec::new(),
        anchors: FxHashMap::default(),
        count: 0,
        copies: 0,
        documents: Vec::new(),
    };
    let stopped = builder.run(text).err();
    let whole = stopped.is_none();
    if let Some(stop) = stopped {
        builder.report(stop, found);
    }
    while !builder.open.is_empty() {
        builder.close();
    }
    (builder.documents, whole)
}

impl<'t> Builder<'t> {
    fn run(&mut self, text: &'t str) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        while let Some(event) = parser.next_event() {
            let (event, place) = event.map_err(Stop::Syntax)?;
            let span = Span {
                file: self.file,
                start: narrow(place.start.index()),
                end: narrow(place.end.index()),
                line: narrow(place.start.line()),
                column: narrow(place.start.col()),
            };
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), Stop> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let null = style == ScalarStyle::Plain && matches!(text.as_ref(), "" | "~" | "null");
                let value = if null { Value::Null } else { Value::Text(text) };
                self.put(Node { span, value }, anchor, 1)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(span, anchor, Content::List(Vec::new()))?,
            Event::MappingStart(anchor, _) => self.begin(span, anchor, Content::Map(Vec::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.repeat(anchor, span)?,
            _ => {}
        }
        Ok(())
    }

    fn repeat(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let count = self.anchors.get(&anchor).map(|(_, count)| *count);
        self.copies = self.copies.saturating_add(count.unwrap_or(0));
        if self.copies > YAML_COPIES_MAX {
            return Err(Stop::Copies(span));
        }
        let (mut node, count) = self.anchors.get(&anchor).cloned().ok_or(Stop::Alias(span))?;
        node.span = span;
        self.put(node, 0, count)
    }

    fn begin(&mut self, span: Span, anchor: usize, what: Content<'t>) -> Result<(), Stop> {
        if self.open.len() >= YAML_DEPTH_MAX {
            return Err(Stop::Depth(span));
        }
        self.open.push(Open {
            span,
            anchor,
            count: 1,
            what,
        });
        Ok(())
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let value = match open.what {
            Content::List(list) => Value::List(list),
            Content::Map(mut pairs, key) => {
                pairs.extend(key.map(|key| {
                    (
                        Node {
                            span: key.span,
                            value: key.value,
                        },
                        Node {
                            span: key.span,
                            value: Value::Null,
                        },
                    )
                }));
                Value::Map(pairs)
            }
        };
        let node = Node {
            span: open.span,
            value,
        };
        self.keep(&node, open.anchor, open.count);
        self.attach(node, open.count);
    }

    fn put(&mut self, node: Node<'t>, anchor: usize, count: usize) -> Result<(), Stop> {
        self.count = self.count.saturating_add(count);
        if self.count > YAML_NODES_MAX {
            return Err(Stop::Nodes(node.span));
        }
        self.keep(&node, anchor, count);
        self.attach(node, count);
        Ok(())
    }

    fn keep(&mut self, node: &Node<'t>, anchor: usize, count: usize) {
        if anchor == 0 {
            return;
        }
        // Holding a value for its aliases counts as a copy: an anchor around anchors is bounded too.
        self.copies = self.copies.saturating_add(count);
        if self.copies <= YAML_COPIES_MAX {
            self.anchors.insert(anchor, (node.clone(), count));
        }
    }

    fn attach(&mut self, node: Node<'t>, count: usize) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        open.count = open.count.saturating_add(count);
        match &mut open.what {
            Content::List(list) => list.push(node),
            Content::Map(pairs, key) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(node),
            },
        }
    }

    fn report(&self, stop: Stop, found: &mut Found<'_>) {
        match stop {
            Stop::Syntax(error) => {
                let mark = error.marker();
                let start = narrow(mark.index());
                let (line, column) = (narrow(mark.line()), narrow(mark.col()));
                let span = Span {
                    file: self.file,
                    start,
                    end: start.saturating_add(1),
                    line,
                    column,
                };
                let message = format!("this is not YAML: {}", error.info());
                let help = "what follows in this file was not read; check indentation, brackets and quotes";
                found.error("yaml-syntax", span, message, Some(help.to_owned()));
            }
            Stop::Depth(span) => {
                let message = format!("nested deeper than {YAML_DEPTH_MAX} levels");
                found.error(
                    "yaml-depth",
                    span,
                    message,
                    Some("no estate needs that; flatten it".to_owned()),
                );
            }
            Stop::Nodes(span) => {
                let message = format!("more than {YAML_NODES_MAX} values in one file");
                found.error("yaml-size", span, message, Some("split the file".to_owned()));
            }
            Stop::Copies(span) => {
                let message = format!("aliases repeat more than {YAML_COPIES_MAX} values");
                found.error("yaml-copies", span, message, Some("write them out".to_owned()));
            }
            Stop::Alias(span) => {
                let help = "an alias needs an anchor before it and outside of it";
                found.error(
                    "yaml-alias",
                    span,
                    "this alias means nothing".to_owned(),
                    Some(help.to_owned()),
                );
            }
        }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
