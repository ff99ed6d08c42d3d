//! The trade-off as a picture: disruption to the right, what may still be lost upwards, so that the best is below on the left.
//!
//! Both scales are logarithmic from a little below the smallest figure on, and begin at nothing: £1,000 and £100m must both be seen.

use cordon_plan::PlanDocument;
use cordon_plan::document::{Baseline, BaselineKind, Metrics};
use maud::{Markup, html};

use super::figure::WIDTH;
use super::labels::{Label, Labels};
use crate::render::plan::front_words;
use crate::render::quantity::money;
use crate::render::words;

/// Where the axes stand.
const LEFT: f64 = 58.0;
const RIGHT: f64 = WIDTH as f64 - 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 240.0;
const HEIGHT: u32 = 284;

/// Most marks on an axis beside nothing.
const TICKS_MAX: usize = 4;

/// What one mark of the picture stands for.
struct Mark {
    label: String,
    class: &'static str,
    metrics: Metrics,
    is_baseline: bool,
    is_knee: bool,
}

impl Mark {
    fn disruption(&self) -> f64 {
        self.metrics.cost.disruption_pence().max(0) as f64
    }

    fn loss(&self) -> f64 {
        self.metrics.loss_pence().max(0) as f64
    }
}

/// The picture with its key and what is claimed of it.
pub(super) fn picture(plan: &PlanDocument) -> Markup {
    let marks = marks(plan);
    html! {
        figure.front {
            (drawing(&marks))
            figcaption {
                p.key {
                    i.own {} "this plan"
                    @if marks.iter().any(|mark| mark.class == "other") { i.other {} "another choice, by its number below" }
                    @if marks.iter().any(|mark| mark.is_knee) { i.knee {} "knee: beyond it more disruption buys least" }
                    @if marks.iter().any(|mark| mark.is_baseline) { i.baseline {} (baseline_words(plan)) }
                }
                @for words in front_words(plan) { p.quiet { (words) } }
            }
        }
    }
}

fn baseline_words(plan: &PlanDocument) -> String {
    let named = baselines(plan).map(|(letter, one)| format!("{letter} {}", words::baseline(one)));
    named.collect::<Vec<_>>().join(", ")
}

/// What would be done without Cordon, by letter; doing nothing is left out where it is a point of its own.
pub(super) fn baselines(plan: &PlanDocument) -> impl Iterator<Item = (char, &Baseline)> {
    let is_point = plan.alternatives.iter().any(|one| one.withdrawals.is_empty());
    let shown = plan.baselines.iter();
    let shown = shown.filter(move |one| !(is_point && one.kind == BaselineKind::DoNothing));
    ('A'..='Z').zip(shown)
}

fn marks(plan: &PlanDocument) -> Vec<Mark> {
    let baselines = baselines(plan).map(|(letter, one)| Mark {
        label: letter.to_string(),
        class: "baseline",
        metrics: one.metrics,
        is_baseline: true,
        is_knee: false,
    });
    let mut marks: Vec<Mark> = baselines.collect();
    let points = plan.alternatives.iter().enumerate();
    marks.extend(points.map(|(place, one)| Mark {
        label: (place + 1).to_string(),
        class: if one.chosen { "own" } else { "other" },
        metrics: one.metrics,
        is_baseline: false,
        is_knee: one.knee,
    }));
    if !plan.alternatives.iter().any(|one| one.chosen) {
        marks.push(Mark {
            label: "plan".to_owned(),
            class: "own",
            metrics: words::own_metrics(plan),
            is_baseline: false,
            is_knee: false,
        });
    }
    marks
}

/// A logarithmic scale that begins at nothing.
struct Scale {
    from: f64,
    most: f64,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for value in values.filter(|value| *value > 0.0) {
            least = least.min(value);
            most = most.max(value);
        }
        let from = (least.min(most / 10.0) / 3.0).clamp(100.0, 1e15);
        Self {
            from,
            most: most.max(from),
        }
    }

    /// Where a value stands, from 0 to 1.
    fn share(&self, pence: f64) -> f64 {
        (pence.max(0.0) / self.from).ln_1p() / (self.most / self.from).ln_1p()
    }

    /// Powers of ten, in pence, few enough to be read.
    fn ticks(&self) -> Vec<f64> {
        let (first, last) = (self.from.log10().ceil() as i32, self.most.log10().floor() as i32);
        let powers: Vec<i32> = (first..=last).collect();
        let step = powers.len().div_ceil(TICKS_MAX).max(1);
        let mut ticks: Vec<f64> = powers
            .iter()
            .rev()
            .step_by(step)
            .map(|power| 10_f64.powi(*power))
            .collect();
        ticks.reverse();
        ticks
    }
}

fn drawing(marks: &[Mark]) -> Markup {
    let across = Scale::over(marks.iter().map(Mark::disruption));
    let up = Scale::over(marks.iter().map(Mark::loss));
    let x = |pence: f64| LEFT + across.share(pence) * (RIGHT - LEFT);
    let y = |pence: f64| BOTTOM - up.share(pence) * (BOTTOM - TOP);
    let at: Vec<(f64, f64)> = marks
        .iter()
        .map(|mark| (x(mark.disruption()), y(mark.loss())))
        .collect();
    let mut labels = Labels::around(&at, (LEFT, f64::from(WIDTH)), (14.0, BOTTOM - 2.0));
    let wide = |mark: &Mark| 8.0 * mark.label.chars().count() as f64;
    let placed: Vec<Label> = marks
        .iter()
        .zip(&at)
        .map(|(mark, at)| labels.place(*at, wide(mark)))
        .collect();
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="Disruption against what may still be lost" {
            @for tick in across.ticks().into_iter().filter(|tick| x(*tick) > LEFT + 40.0) {
                line.grid x1=(one(x(tick))) y1=(one(TOP)) x2=(one(x(tick))) y2=(one(BOTTOM)) {}
                text.small.middle x=(one(x(tick))) y=(one(BOTTOM + 16.0)) { (money(tick)) }
            }
            @for tick in up.ticks().into_iter().filter(|tick| y(*tick) < BOTTOM - 16.0) {
                line.grid x1=(one(LEFT)) y1=(one(y(tick))) x2=(one(RIGHT)) y2=(one(y(tick))) {}
                text.small.end x=(one(LEFT - 6.0)) y=(one(y(tick) + 4.0)) { (money(tick)) }
            }
            text.small.middle x=(one(LEFT)) y=(one(BOTTOM + 16.0)) { "£0" }
            text.small.end x=(one(LEFT - 6.0)) y=(one(BOTTOM + 4.0)) { "£0" }
            line.rule x1=(one(LEFT)) y1=(one(TOP)) x2=(one(LEFT)) y2=(one(BOTTOM)) {}
            line.rule x1=(one(LEFT)) y1=(one(BOTTOM)) x2=(one(RIGHT)) y2=(one(BOTTOM)) {}
            text.small.end x=(one(RIGHT)) y=(one(BOTTOM + 36.0)) { "disruption →" }
            text.small x="0" y="11" { "↑ may be lost" }
            (stair(marks, &at))
            @for (mark, (x, y)) in marks.iter().zip(&at) { (symbol(mark, *x, *y)) }
            @for (mark, label) in marks.iter().zip(&placed) {
                text.tag.strong[mark.class == "own"] x=(one(label.x)) y=(one(label.y)) { (mark.label) }
            }
        }
    }
}

/// The front as steps: with so much disruption no less can be lost than at the next point to the left.
fn stair(marks: &[Mark], at: &[(f64, f64)]) -> Markup {
    let points = marks.iter().zip(at).filter(|(mark, _)| !mark.is_baseline);
    let mut path = String::new();
    let mut last: Option<f64> = None;
    for (_, (x, y)) in points {
        match last {
            Some(before) if *y < before => continue,
            Some(_) => path.push_str(&[" H", &one(*x), " V", &one(*y)].concat()),
            None => path.push_str(&["M", &one(*x), " ", &one(*y)].concat()),
        }
        last = Some(*y);
    }
    html! { path.stair d=(path) {} }
}

fn symbol(mark: &Mark, x: f64, y: f64) -> Markup {
    let title = format!(
        "{}: {} of disruption, {} may be lost",
        mark.label,
        money(mark.disruption()),
        money(mark.loss())
    );
    html! {
        g {
            title { (title) }
            @if mark.is_knee { circle.knee cx=(one(x)) cy=(one(y)) r="10" {} }
            @if mark.is_baseline {
                rect.baseline x=(one(x - 4.5)) y=(one(y - 4.5)) width="9" height="9" {}
            } @else {
                circle class={ "point " (mark.class) } cx=(one(x)) cy=(one(y)) r=(if mark.class == "own" { "6.5" } else { "5" }) {}
            }
        }
    }
}

fn one(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_shows_the_small_beside_the_large() {
        let scale = Scale::over([0.0, 12_800.0, 620_000_000.0].into_iter());
        assert!(scale.share(0.0).abs() < 1e-9);
        assert!((scale.share(620_000_000.0) - 1.0).abs() < 1e-9);
        let small = scale.share(12_800.0);
        assert!(small > 0.08 && small < 0.2, "{small}");
        let ticks = scale.ticks();
        assert!(!ticks.is_empty() && ticks.len() <= TICKS_MAX, "{ticks:?}");
        assert!(ticks.is_sorted());
    }

    #[test]
    fn nothing_at_all_is_a_scale_too() {
        for values in [vec![], vec![0.0, 0.0], vec![5.0]] {
            let scale = Scale::over(values.into_iter());
            assert!(scale.share(0.0).is_finite() && scale.share(5.0) <= 1.0);
        }
    }
}
