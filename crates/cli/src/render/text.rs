//! Text with meaning, cleaned of whatever a log could have smuggled in, and wrapped by the width that a
//! terminal gives each character.

use unicode_width::UnicodeWidthChar;

use super::style::{Paint, Role};

/// What stands for a character that must not reach a terminal.
const REPLACEMENT: char = '\u{fffd}';

/// True for characters that could move the cursor, change colours or reverse the reading order.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{61c}')
}

/// The text with every unsafe character replaced; tabs and line ends become spaces.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' => ' ',
            other if is_unsafe(other) => REPLACEMENT,
            other => other,
        })
        .collect()
}

/// The columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// A run of words, each with what it means.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    spans: Vec<(Role, String)>,
}

impl Text {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds words of this meaning. They are cleaned here, once, for everything that is ever printed.
    pub(crate) fn add(mut self, role: Role, words: impl AsRef<str>) -> Self {
        self.spans.push((role, clean(words.as_ref())));
        self
    }

    /// Adds ordinary words.
    pub(crate) fn plain(self, words: impl AsRef<str>) -> Self {
        self.add(Role::Plain, words)
    }

    /// Adds words for the eye to find first.
    pub(crate) fn strong(self, words: impl AsRef<str>) -> Self {
        self.add(Role::Strong, words)
    }

    /// Adds the name of something.
    pub(crate) fn name(self, words: impl AsRef<str>) -> Self {
        self.add(Role::Name, words)
    }

    /// Adds detail.
    pub(crate) fn quiet(self, words: impl AsRef<str>) -> Self {
        self.add(Role::Quiet, words)
    }

    /// The columns that it takes on one line.
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|(_, words)| width(words)).sum()
    }

    /// Broken into lines of at most `limit` columns, at spaces where possible.
    pub(crate) fn wrap(&self, limit: usize) -> Vec<Self> {
        let mut wrapper = Wrapper::new(limit.max(1));
        for (role, words) in &self.spans {
            wrapper.span(*role, words);
        }
        wrapper.finish()
    }

    /// The wrapped lines without what they mean.
    pub(crate) fn lines(&self, limit: usize) -> Vec<String> {
        let bare = |line: &Self| line.spans.iter().map(|(_, words)| words.as_str()).collect();
        self.wrap(limit).iter().map(bare).collect()
    }

    /// Written with the colours asked for.
    pub(crate) fn write(&self, out: &mut String, paint: Paint) {
        for (role, words) in &self.spans {
            paint.write(out, *role, words);
        }
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::new().plain(words)
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self::new().plain(words)
    }
}

/// Breaks spans into lines. A word may run over several spans; it is kept together where it fits.
struct Wrapper {
    limit: usize,
    lines: Vec<Text>,
    line: Vec<(Role, String)>,
    used: usize,
    spaces: usize,
    space_role: Role,
    word: Vec<(Role, String)>,
    word_width: usize,
}

impl Wrapper {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            lines: Vec::new(),
            line: Vec::new(),
            used: 0,
            spaces: 0,
            space_role: Role::Plain,
            word: Vec::new(),
            word_width: 0,
        }
    }

    fn span(&mut self, role: Role, words: &str) {
        for character in words.chars() {
            if character == ' ' {
                self.end_word();
                self.spaces += 1;
                self.space_role = role;
            } else {
                self.push(role, character);
            }
        }
    }

    fn push(&mut self, role: Role, character: char) {
        let columns = character.width().unwrap_or(0);
        if self.word_width + columns > self.limit {
            self.end_word();
        }
        self.word_width += columns;
        append(&mut self.word, role, character);
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if self.used > 0 && self.used + self.spaces + self.word_width > self.limit {
            self.end_line();
        } else {
            for _ in 0..self.spaces {
                append(&mut self.line, self.space_role, ' ');
            }
            self.used += self.spaces;
        }
        self.spaces = 0;
        self.used += self.word_width;
        self.word_width = 0;
        for (role, words) in std::mem::take(&mut self.word) {
            for character in words.chars() {
                append(&mut self.line, role, character);
            }
        }
    }

    fn end_line(&mut self) {
        self.lines.push(Text {
            spans: std::mem::take(&mut self.line),
        });
        self.used = 0;
    }

    fn finish(mut self) -> Vec<Text> {
        self.end_word();
        if !self.line.is_empty() || self.lines.is_empty() {
            self.end_line();
        }
        self.lines
    }
}

fn append(spans: &mut Vec<(Role, String)>, role: Role, character: char) {
    match spans.last_mut() {
        Some((last, words)) if *last == role => words.push(character),
        _ => spans.push((role, character.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_spaces() {
        let text = Text::new()
            .plain("disable the account ")
            .name("pat")
            .plain(" now");
        assert_eq!(text.lines(16), ["disable the", "account pat now"]);
    }

    #[test]
    fn a_word_of_two_meanings_stays_together() {
        let text = Text::new().plain("end session of ").name("pat").plain(", please");
        assert_eq!(text.lines(18), ["end session of", "pat, please"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut() {
        assert_eq!(Text::from("abcdefghij k").lines(4), ["abcd", "efgh", "ij k"]);
    }

    #[test]
    fn wide_characters_count_double() {
        assert_eq!(Text::from("日本語 日本").lines(6), ["日本語", "日本"]);
    }

    #[test]
    fn escapes_and_overrides_do_not_reach_the_terminal() {
        let hostile = "a\u{1b}[31mred\u{202e}txt\u{7}\nb";
        let mut out = String::new();
        Text::from(hostile).write(&mut out, Paint::Never);
        assert!(!out.chars().any(is_unsafe), "{out:?}");
        assert!(out.contains("red"));
    }
}
