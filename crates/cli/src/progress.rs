//! A progress bar on standard error, for steps of more than a second, on terminals only.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a step may take before it is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a step has come. It removes itself when dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
}

impl Progress {
    /// Hidden until the step has lasted for a second; for ever if not `visible`.
    pub(crate) fn new(what: &str, total: u64, visible: bool) -> Self {
        let bar = ProgressBar::with_draw_target((total > 0).then_some(total), ProgressDrawTarget::hidden());
        bar.set_style(style(total > 0));
        bar.set_message(what.to_owned());
        Self {
            bar,
            begun: Instant::now(),
            shown: !visible,
        }
    }

    /// Says that `position` of the total is done.
    pub(crate) fn at(&mut self, position: u64) {
        self.bar.set_position(position);
        self.show();
    }

    /// Says what is being done now.
    pub(crate) fn say(&mut self, words: &str) {
        self.bar.set_message(words.to_owned());
        self.show();
    }

    fn show(&mut self) {
        if !self.shown && self.begun.elapsed() > PATIENCE {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(known: bool) -> ProgressStyle {
    let template = if known {
        "{msg} [{bar:24}] {percent}% of {total_bytes}, {eta} left"
    } else {
        "{spinner} {msg}"
    };
    ProgressStyle::with_template(template)
        .map(|style| style.progress_chars("=> "))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
