//! Bars: what each option disrupts, and what it leaves at risk.

use cordon_plan::document::Metrics;
use maud::{Markup, html};

use super::figure::{self, WIDTH};
use crate::render::quantity::money;

/// Room for the figure beside a bar.
const FIGURE_WIDTH: u32 = 64;

/// One option of the comparison.
pub(super) struct Bar {
    /// What it is called.
    pub(super) name: String,
    /// True for the plan itself.
    pub(super) chosen: bool,
    /// What it means.
    pub(super) metrics: Metrics,
}

impl Bar {
    fn disruption(&self) -> f64 {
        self.metrics.cost.disruption_pence() as f64
    }

    fn risk(&self) -> f64 {
        self.metrics.jewel_loss_pence as f64
    }
}

/// The drawing. Each colour has a scale of its own, linear from nothing to the longest bar.
pub(super) fn drawing(bars: &[Bar]) -> Markup {
    let most_disruption = bars.iter().map(Bar::disruption).fold(1.0, f64::max);
    let most_risk = bars.iter().map(Bar::risk).fold(1.0, f64::max);
    let mut top = 0;
    let rows: Vec<Markup> = bars
        .iter()
        .map(|bar| {
            let label = figure::label(&bar.name, WIDTH);
            let below = top + figure::height(&label) + 6;
            let name = figure::lines(&label, 0, top + 14, "");
            top = below + 46;
            let own = if bar.chosen { "bar own" } else { "bar" };
            html! {
                (name)
                (one(own, below, bar.disruption(), most_disruption))
                (one("bar risk", below + 17, bar.risk(), most_risk))
            }
        })
        .collect();
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (top) } role="img" aria-label="Comparison" { @for row in &rows { (row) } }
    }
}

fn one(class: &str, y: u32, pence: f64, most: f64) -> Markup {
    let room = f64::from(WIDTH - FIGURE_WIDTH);
    let width = (pence.max(0.0) / most * room).clamp(if pence > 0.0 { 2.0 } else { 0.0 }, room);
    html! {
        rect class=(class) x="0" y=(y) width=(format!("{width:.1}")) height="13" rx="2" {}
        text.small x=(format!("{:.1}", width + 5.0)) y=(y + 11) { (money(pence)) }
    }
}
