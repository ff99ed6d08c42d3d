//! One file of the client configuration folder: Cordon's lines, and everything else, kept byte for byte.
//!
//! Cordon's lines stand at the top:
//!
//! ```text
//! # cordon made this file
//! disable # cordon:0123456789abcdef 89abcdef01234567
//! # cordon:0123456789abcdef 89abcdef01234567 holds this copy of DEFAULT
//! push "route 10.0.0.0 255.0.0.0"
//! # end of the copy of DEFAULT
//! ```
//!
//! The two words are the mark and the digest of the target. Each withdrawal has its own line, so that they compose: as long as one
//! `disable` stands, OpenVPN refuses the client.

use std::collections::BTreeSet;

const MADE: &[u8] = b"# cordon made this file";
const COPY_END: &[u8] = b"# end of the copy of DEFAULT";
const HOLDS: &str = "holds this copy of DEFAULT";

/// Whose a line is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag {
    /// The mark of the act.
    pub(crate) mark: String,
    /// The digest of the target.
    pub(crate) digest: String,
}

/// A file, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientFile {
    /// True if there was no file before Cordon.
    pub(crate) made: bool,
    /// Who disables the client.
    pub(crate) disabled_by: BTreeSet<Tag>,
    /// Who needs the copy of DEFAULT that follows.
    pub(crate) copied_for: BTreeSet<Tag>,
    copy: Vec<u8>,
    /// Everything that is not Cordon's.
    pub(crate) rest: Vec<u8>,
}

impl ClientFile {
    /// The file that Cordon makes where there is none.
    pub(crate) fn new() -> Self {
        Self {
            made: true,
            ..Self::default()
        }
    }

    /// Takes a file apart. Any bytes can be read; what is not exactly a line of Cordon's is part of the rest.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut file = Self::default();
        let mut lines: &[u8] = bytes;
        while !lines.is_empty() {
            let (line, after) = split_line(lines);
            lines = after;
            match kind(line) {
                Line::Made => file.made = true,
                Line::Disable(tag) => {
                    file.disabled_by.insert(tag);
                }
                Line::Holds(tag) => {
                    file.copied_for.insert(tag);
                    if let Some((copy, after)) = whole_copy(lines) {
                        file.copy = copy.to_vec();
                        lines = after;
                    }
                }
                Line::CopyEnd => {}
                Line::Other => file.rest.extend_from_slice(line),
            }
        }
        file
    }

    /// The file as it is written; none if there is nothing left of it to write.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        if self.made && self.is_only_cordons() && self.disabled_by.is_empty() && self.copied_for.is_empty() {
            return None;
        }
        let mut bytes = Vec::new();
        let mut line = |text: &[u8]| {
            bytes.extend_from_slice(text);
            bytes.push(b'\n');
        };
        let still_made = self.made && self.is_only_cordons();
        if still_made {
            line(MADE);
        }
        for Tag { mark, digest } in &self.disabled_by {
            line(format!("disable # {mark} {digest}").as_bytes());
        }
        for Tag { mark, digest } in &self.copied_for {
            line(format!("# {mark} {digest} {HOLDS}").as_bytes());
        }
        if !self.copied_for.is_empty() {
            line(self.copy.strip_suffix(b"\n").unwrap_or(&self.copy));
            line(COPY_END);
        }
        bytes.extend_from_slice(&self.rest);
        Some(bytes)
    }

    /// True if Cordon made it and nobody else wrote into it: without Cordon it would not be there.
    pub(crate) fn is_only_cordons(&self) -> bool {
        self.made && self.rest.is_empty()
    }

    /// Lets this file stand in for DEFAULT while DEFAULT is disabled.
    pub(crate) fn stand_in(&mut self, tag: Tag, default: &[u8]) {
        if self.copied_for.is_empty() {
            self.copy = default.to_vec();
        }
        self.copied_for.insert(tag);
    }

    /// Takes every line of a tag out; true if there was one.
    pub(crate) fn remove(&mut self, tag: &Tag) -> bool {
        let disabled = self.disabled_by.remove(tag);
        self.copied_for.remove(tag) || disabled
    }

    /// The mark under which a target disables this client.
    pub(crate) fn mark_of(&self, digest: &str) -> Option<&str> {
        mark_in(&self.disabled_by, digest)
    }

    /// The mark under which a target keeps a copy of DEFAULT here.
    pub(crate) fn stand_in_mark(&self, digest: &str) -> Option<&str> {
        mark_in(&self.copied_for, digest)
    }

    /// True if it says `disable` without Cordon.
    pub(crate) fn rest_disables(&self) -> bool {
        disables(&self.rest)
    }

    /// True if OpenVPN refuses a client with this file, for whatever reason in it.
    pub(crate) fn refuses(&self) -> bool {
        !self.disabled_by.is_empty() || disables(&self.rest) || disables(&self.copy)
    }
}

fn mark_in<'a>(tags: &'a BTreeSet<Tag>, digest: &str) -> Option<&'a str> {
    tags.iter()
        .find(|tag| tag.digest == digest)
        .map(|tag| tag.mark.as_str())
}

/// True if a line of the configuration is the directive `disable`.
fn disables(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().any(|line| {
        let directive = line.split(['#', ';']).next().unwrap_or_default();
        directive.split_whitespace().next().map(unquoted) == Some("disable")
    })
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// The first line with its end, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    bytes.split_at(end)
}

/// What is copied, up to the line that ends the copy, and what follows; none if no line ends it or another owner follows first.
fn whole_copy(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut seen = 0;
    loop {
        let after = bytes.get(seen..).filter(|left| !left.is_empty())?;
        let (line, rest) = split_line(after);
        match kind(line) {
            Line::CopyEnd => return Some((bytes.get(..seen)?, rest)),
            Line::Holds(_) => return None,
            _ => seen += line.len(),
        }
    }
}

enum Line {
    Made,
    Disable(Tag),
    Holds(Tag),
    CopyEnd,
    Other,
}

fn kind(line: &[u8]) -> Line {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if line == MADE {
        return Line::Made;
    }
    if line == COPY_END {
        return Line::CopyEnd;
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return Line::Other;
    };
    if let Some(tag) = text.strip_prefix("disable # ").and_then(tag) {
        return Line::Disable(tag);
    }
    text.strip_prefix("# ")
        .and_then(|text| text.strip_suffix(HOLDS))
        .and_then(|text| tag(text.trim_end()))
        .map_or(Line::Other, Line::Holds)
}

fn tag(text: &str) -> Option<Tag> {
    let (mark, digest) = text.split_once(' ')?;
    let is_digest = digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    (mark.starts_with("cordon:") && is_digest).then(|| Tag {
        mark: mark.to_owned(),
        digest: digest.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(digit: char) -> Tag {
        Tag {
            mark: format!("cordon:{digit}"),
            digest: digit.to_string().repeat(16),
        }
    }

    #[test]
    fn every_file_comes_back_byte_for_byte() {
        let files: [&[u8]; 7] = [
            b"",
            b"push \"route 10.0.0.0 255.0.0.0\"",
            b"\n\nifconfig-push 10.8.0.5 255.255.255.0\n# disable\n",
            b"disable\n",
            b"\xff\xfe\0\r\n",
            b"disable # by hand",
            b"# cordon made this file too",
        ];
        for before in files {
            let mut file = ClientFile::read(before);
            file.disabled_by.insert(tag('a'));
            file.stand_in(tag('b'), b"push x");
            let mut again = ClientFile::read(&file.write().unwrap());
            assert_eq!(again, ClientFile::read(&again.write().unwrap()));
            assert!(again.refuses());
            assert!(again.remove(&tag('a')) && again.remove(&tag('b')));
            assert_eq!(again.write().unwrap(), before);
        }
    }

    #[test]
    fn a_file_that_cordon_made_goes_with_its_last_line_unless_somebody_wrote_into_it() {
        let mut file = ClientFile::new();
        file.disabled_by.insert(tag('a'));
        file.stand_in(tag('b'), b"push x\n");
        file.stand_in(tag('c'), b"another\n");
        let written = file.write().unwrap();
        let mut file = ClientFile::read(&written);
        for gone in ['a', 'b'] {
            assert!(file.remove(&tag(gone)));
            file = ClientFile::read(&file.write().unwrap());
            assert!(file.made);
        }
        let text = String::from_utf8(file.write().unwrap()).unwrap();
        assert!(text.contains("push x\n") && !text.contains("another"), "{text}");
        assert!(file.remove(&tag('c')));
        assert_eq!(file.write(), None);

        let mut edited = ClientFile::read(&[&written[..], b"push y\n"].concat());
        for gone in ['a', 'b', 'c'] {
            edited.remove(&tag(gone));
        }
        assert_eq!(edited.write().unwrap(), b"push y\n");
    }

    #[test]
    fn only_the_directive_disables() {
        for (text, does) in [
            ("disable", true),
            (" disable  # why", true),
            ("\"disable\"", true),
            ("# disable", false),
            (";disable", false),
            ("push \"disable\"", false),
            ("disabled", false),
        ] {
            assert_eq!(ClientFile::read(text.as_bytes()).rest_disables(), does, "{text}");
        }
    }

    #[test]
    fn a_copy_whose_end_was_taken_away_takes_nothing_with_it() {
        let text = b"# cordon:b bbbbbbbbbbbbbbbb holds this copy of DEFAULT\npush x\n";
        let mut file = ClientFile::read(text);
        assert!(file.remove(&tag('b')));
        assert_eq!(file.write().unwrap(), b"push x\n");
    }
}
