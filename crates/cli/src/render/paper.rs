//! A screen of text: headings, paragraphs with hanging indents, lists and tables, none wider than asked.

use super::style::{Paint, Role};
use super::text::Text;

/// Narrowest width that is laid out for. Tables of figures need 56 columns; below that the terminal breaks their lines.
const WIDTH_MIN: usize = 40;

/// Where a cell's text stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// At the left; such a column may be narrowed and wrapped.
    Left,
    /// At the right, never wrapped: for figures.
    Right,
}

/// Text being laid out.
pub(crate) struct Paper {
    width: usize,
    paint: Paint,
    out: String,
}

impl Paper {
    /// An empty screen.
    pub(crate) fn new(width: usize, paint: Paint) -> Self {
        Self {
            width: width.max(WIDTH_MIN),
            paint,
            out: String::new(),
        }
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// A heading with an empty line above, unless it is the first thing.
    pub(crate) fn heading(&mut self, words: &str) {
        if !self.out.is_empty() {
            self.blank();
        }
        self.hanging(0, 0, &Text::new().strong(words));
    }

    /// A paragraph, every line indented by `indent`.
    pub(crate) fn paragraph(&mut self, indent: usize, text: &Text) {
        self.hanging(indent, indent, text);
    }

    /// A paragraph whose first line is indented by `first` and the others by `rest`.
    pub(crate) fn hanging(&mut self, first: usize, rest: usize, text: &Text) {
        let limit = self.width.saturating_sub(first.max(rest));
        for (number, line) in text.wrap(limit).iter().enumerate() {
            self.spaces(if number == 0 { first } else { rest });
            line.write(&mut self.out, self.paint);
            self.out.push('\n');
        }
    }

    /// A list item: `mark` in a column of its own, then the text.
    pub(crate) fn item(&mut self, indent: usize, mark: &str, text: &Text) {
        let column = indent + super::text::width(mark) + 1;
        let limit = self.width.saturating_sub(column);
        for (number, line) in text.wrap(limit).iter().enumerate() {
            if number == 0 {
                self.spaces(indent);
                self.paint.write(&mut self.out, Role::Strong, mark);
                self.out.push(' ');
            } else {
                self.spaces(column);
            }
            line.write(&mut self.out, self.paint);
            self.out.push('\n');
        }
    }

    /// A table without lines: columns two spaces apart, left columns wrapped to fit.
    pub(crate) fn table(&mut self, indent: usize, aligns: &[Align], rows: &[Vec<Text>]) {
        let widths = column_widths(aligns, rows, self.width.saturating_sub(indent));
        for row in rows {
            let cells: Vec<Vec<Text>> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| cell.wrap((*width).max(1)))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for number in 0..height {
                self.table_line(indent, aligns, &widths, &cells, number);
            }
        }
    }

    fn table_line(
        &mut self,
        indent: usize,
        aligns: &[Align],
        widths: &[usize],
        cells: &[Vec<Text>],
        number: usize,
    ) {
        let empty = Text::new();
        let mut line = String::new();
        let mut owed = indent;
        for ((lines, width), align) in cells.iter().zip(widths).zip(aligns) {
            let text = lines.get(number).unwrap_or(&empty);
            let slack = width.saturating_sub(text.width());
            let (before, after) = if *align == Align::Right {
                (slack, 0)
            } else {
                (0, slack)
            };
            if text.width() > 0 {
                line.extend(std::iter::repeat_n(' ', owed + before));
                text.write(&mut line, self.paint);
                owed = after + 2;
            } else {
                owed += width + 2;
            }
        }
        self.out.push_str(&line);
        self.out.push('\n');
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }
}

/// As wide as the widest cell; then the widest left column gives way until all fit.
fn column_widths(aligns: &[Align], rows: &[Vec<Text>], limit: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = (0..aligns.len())
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(Text::width)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let gaps = 2 * aligns.len().saturating_sub(1);
    let excess = |widths: &[usize]| (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
    while excess(&widths) > 0 {
        let widest = widths
            .iter_mut()
            .zip(aligns)
            .filter(|(_, align)| **align == Align::Left)
            .max_by_key(|(width, _)| **width);
        match widest {
            Some((width, _)) if *width > 4 => *width -= 1,
            _ => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_by_wrapping_its_widest_left_column() {
        let mut paper = Paper::new(40, Paint::Never);
        let rows = [
            vec![
                "do nothing".into(),
                "£1.2m".into(),
                "the directory is taken within the hour".into(),
            ],
            vec!["plan".into(), "£40".into(), "nothing is taken".into()],
        ];
        paper.table(2, &[Align::Left, Align::Right, Align::Left], &rows);
        let text = paper.finish();
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.lines().all(|line| !line.ends_with(' ')), "{text:?}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn items_hang_under_their_text() {
        let mut paper = Paper::new(40, Paint::Never);
        paper.item(2, "1.", &"refuse remote access of every contractor at vpn".into());
        assert_eq!(
            paper.finish(),
            "  1. refuse remote access of every\n     contractor at vpn\n"
        );
    }
}
