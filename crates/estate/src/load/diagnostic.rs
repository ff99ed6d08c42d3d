//! What is wrong with estate files, with place and remedy.

use std::fmt::Write as _;

use serde::Serialize;

use crate::limits::DIAGNOSTICS_MAX;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The estate cannot be used.
    Error,
    /// It can, but something is probably not meant.
    Warning,
}

/// A place in one of the files. Everything counts from 0 here and in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// From 1.
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A name for this sort of mistake that stays the same.
    pub code: &'static str,
    /// The name of the file; empty if it concerns the whole folder.
    pub file: String,
    /// The line, from 1; 0 if it concerns the whole file or folder.
    pub line: u32,
    /// The column in characters, from 1; 0 as above.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line of the file that it is in.
    #[serde(skip)]
    excerpt: String,
    /// The characters of the excerpt that are meant.
    #[serde(skip)]
    marked: (usize, usize),
}

/// Everything that is wrong, in order of files and lines, errors and warnings mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// The first [`DIAGNOSTICS_MAX`].
    pub list: Vec<Diagnostic>,
    /// How many more there were.
    pub further: u64,
}

impl Diagnostics {
    /// How many of this severity are listed.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.list
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    /// True if one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// For people: each with the line it is in, underlined, and what to do.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut text: String = self
            .list
            .iter()
            .map(|diagnostic| diagnostic.render(colour))
            .collect();
        if self.further > 0 {
            let _ = writeln!(text, "… and {} more", self.further);
        }
        text
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

impl Diagnostic {
    /// For people: with the line it is in, underlined, and what to do. Ends in an empty line.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let (word, paint) = match self.severity {
            Severity::Error => ("error", Paint::new(colour, "31;1")),
            Severity::Warning => ("warning", Paint::new(colour, "33;1")),
        };
        let faint = Paint::new(colour, "34");
        let bold = Paint::new(colour, "1");
        let mut text = format!(
            "{} {}\n",
            paint.on(&format!("{word}[{}]:", self.code)),
            bold.on(&self.message)
        );
        let gutter = " ".repeat(self.line.to_string().len());
        match (self.file.as_str(), self.line) {
            ("", _) => {}
            (file, 0) => {
                let _ = writeln!(text, " {} {file}", faint.on("-->"));
            }
            (file, line) => {
                let _ = writeln!(text, "{gutter} {} {file}:{line}:{}", faint.on("-->"), self.column);
                let _ = writeln!(text, "{} {}", faint.on(&format!("{line} |")), self.excerpt);
                let under = format!(
                    "{}{}",
                    " ".repeat(self.marked.0),
                    "^".repeat(self.marked.1.saturating_sub(self.marked.0))
                );
                let _ = writeln!(text, "{gutter} {} {}", faint.on("|"), paint.on(&under));
            }
        }
        if let Some(help) = &self.help {
            let _ = writeln!(text, "{gutter} {} {help}", faint.on("= help:"));
        }
        text.push('\n');
        text
    }
}

/// Text in a colour, or as it is.
struct Paint(Option<&'static str>);

impl Paint {
    fn new(colour: bool, code: &'static str) -> Self {
        Self(colour.then_some(code))
    }

    fn on(&self, text: &str) -> String {
        self.0.map_or_else(
            || text.to_owned(),
            |code| format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        )
    }
}

/// Collects diagnostics while files are read.
#[derive(Debug)]
pub(crate) struct Found<'t> {
    files: &'t [(&'t str, &'t str)],
    /// Where the lines of each file begin, in bytes; made when first needed.
    lines: Vec<Vec<usize>>,
    list: Vec<(Span, Diagnostic)>,
    further: u64,
}

/// Longest excerpt in characters: more does not fit a screen.
const EXCERPT_CHARS: usize = 160;

impl<'t> Found<'t> {
    pub(crate) fn new(files: &'t [(&'t str, &'t str)]) -> Self {
        Self {
            files,
            lines: vec![Vec::new(); files.len()],
            list: Vec::new(),
            further: 0,
        }
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: String, help: Option<String>) {
        self.add(Severity::Error, code, Some(span), message, help);
    }

    pub(crate) fn warning(&mut self, code: &'static str, span: Span, message: String, help: Option<String>) {
        self.add(Severity::Warning, code, Some(span), message, help);
    }

    pub(crate) fn whole(
        &mut self,
        severity: Severity,
        code: &'static str,
        message: String,
        help: Option<String>,
    ) {
        self.add(severity, code, None, message, help);
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Option<Span>,
        message: String,
        help: Option<String>,
    ) {
        if self.list.len() >= DIAGNOSTICS_MAX {
            self.further = self.further.saturating_add(1);
            return;
        }
        let (file, excerpt, marked) = span.map_or_else(Default::default, |span| self.excerpt(span));
        let (line, column) = span.map_or((0, 0), |span| (span.line, span.column.saturating_add(1)));
        let diagnostic = Diagnostic {
            severity,
            code,
            file,
            line,
            column,
            message,
            help,
            excerpt,
            marked,
        };
        self.list.push((span.unwrap_or_default(), diagnostic));
    }

    /// The name of the file, the line of the span cut to what fits, and the characters of it that are meant.
    fn excerpt(&mut self, span: Span) -> (String, String, (usize, usize)) {
        let Some((name, text)) = self.files.get(span.file as usize) else {
            return Default::default();
        };
        let line = self.line(span.file as usize, text, span.line);
        let column = span.column as usize;
        let cut = if column > EXCERPT_CHARS / 2 {
            column - EXCERPT_CHARS / 4
        } else {
            0
        };
        let shown: String = line
            .chars()
            .skip(cut)
            .take(EXCERPT_CHARS)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let length = shown.chars().count();
        let start = (column - cut).min(length);
        let end = (start + (span.end.saturating_sub(span.start) as usize))
            .min(length)
            .max(start + 1);
        ((*name).to_owned(), shown, (start, end))
    }

    fn line(&mut self, file: usize, text: &'t str, line: u32) -> &'t str {
        let Some(starts) = self.lines.get_mut(file) else {
            return "";
        };
        if starts.is_empty() {
            starts.push(0);
            starts.extend(
                text.bytes()
                    .enumerate()
                    .filter(|(_, byte)| *byte == b'\n')
                    .map(|(at, _)| at + 1),
            );
        }
        let start = starts.get((line as usize).saturating_sub(1)).copied();
        let rest = start.and_then(|start| text.get(start..)).unwrap_or("");
        rest.lines().next().unwrap_or("")
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        self.list.sort_by_key(|(span, _)| *span);
        Diagnostics {
            list: self.list.into_iter().map(|(_, diagnostic)| diagnostic).collect(),
            further: self.further,
        }
    }
}
