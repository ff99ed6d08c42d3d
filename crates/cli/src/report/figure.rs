//! Drawing: text in SVG does not wrap by itself, so it is broken here by an estimate of its width.

use maud::{Markup, html};

use crate::render::text::Text;

/// Width of every drawing in its own units; a phone shows one unit as one pixel.
pub(super) const WIDTH: u32 = 360;

/// How wide a letter is at most, on average over a label; capitals and digits are wider than most.
const LETTER: f64 = 7.6;

/// Height of a line of text.
pub(super) const LINE: u32 = 17;

/// Most lines of one label; a longer one ends in `…`.
const LINES_MAX: usize = 4;

/// The lines of a label that may be `width` units wide.
pub(super) fn label(words: &str, width: u32) -> Vec<String> {
    let columns = (f64::from(width) / LETTER) as usize;
    let mut lines = Text::from(words).lines(columns.max(4));
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

/// The lines of a label, its first one standing on `y`.
pub(super) fn lines(lines: &[String], x: u32, y: u32, class: &str) -> Markup {
    html! {
        @for (number, line) in lines.iter().enumerate() {
            text class=(class) x=(x) y=(y + LINE * number as u32) { (line) }
        }
    }
}

/// How high some lines are.
pub(super) fn height(lines: &[String]) -> u32 {
    LINE * lines.len() as u32
}
