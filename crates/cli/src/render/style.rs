//! Colours: what a stretch of text means decides how it looks, in the sixteen basic colours only, so that it
//! reads on light and dark terminals alike.

use clap::builder::styling::{AnsiColor, Style};

/// What a stretch of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ordinary words.
    Plain,
    /// What the eye should find first.
    Strong,
    /// The name of an account, system or place.
    Name,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Worth a second look.
    Warn,
    /// Detail that can be skipped.
    Quiet,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Name => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
            Self::Good => Style::new().bold().fg_color(Some(AnsiColor::Green.into())),
            Self::Bad => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            Self::Warn => Style::new().fg_color(Some(AnsiColor::Magenta.into())),
            Self::Quiet => Style::new().dimmed(),
        }
    }
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Yes, with ANSI escapes.
    Colour,
    /// No: plain text only.
    Never,
}

impl Paint {
    /// Adds `text` to `out` in the look of `role`.
    pub(crate) fn write(self, out: &mut String, role: Role, text: &str) {
        if self == Self::Never || role == Role::Plain || text.is_empty() {
            out.push_str(text);
            return;
        }
        let style = role.style();
        out.push_str(&format!("{style}{text}{style:#}"));
    }
}
