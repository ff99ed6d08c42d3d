//! The ways to the jewels, drawn from foothold to jewel, with a mark where a withdrawal cuts them.

use cordon_plan::PlanDocument;
use cordon_plan::document::{JewelEntry, JewelState, Path, Step};
use maud::{Markup, html};

use super::decision::class;
use super::figure::{self, WIDTH};
use super::safe;
use crate::render::plan::{alike, state_words, way};
use crate::render::quantity::{count, counted, minutes};
use crate::render::words::{bare, listed_of, numbers, reach};

/// Most ways drawn.
const PATHS_SHOWN: usize = 6;

/// Most jewels named of those reached by the same way.
const NAMES_SHOWN: usize = 8;

/// Where the arrows run.
const AXIS: u32 = 22;

/// Between a box and an arrow's text.
const GAP: u32 = 10;

pub(super) fn section(plan: &PlanDocument) -> Markup {
    let threatened: Vec<&JewelEntry> = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state != JewelState::OutOfReach)
        .collect();
    html! {
        h2 { "What can be reached from there, and where it is cut" }
        p { "Now: " (reach(&plan.exposure.before)) "." }
        @if !plan.withdrawals.is_empty() { p { "Under the plan: " (reach(&plan.exposure.after)) "." } }
        @let ways = alike(&threatened);
        div.paths { @for way in ways.iter().take(PATHS_SHOWN) { (one(plan, way)) } }
        @if ways.len() > PATHS_SHOWN {
            p.quiet { "and " (count((ways.len() - PATHS_SHOWN) as u64)) " more ways to jewels" }
        }
        @let safe_ones = plan.jewels.len() - threatened.len();
        @if safe_ones > 0 { p.quiet { (counted(safe_ones as u64, "other jewel is", "other jewels are")) " out of reach anyway." } }
    }
}

fn one(plan: &PlanDocument, alike: &[&JewelEntry]) -> Markup {
    let Some(jewel) = alike.first() else {
        return html! {};
    };
    let (role, state) = state_words(jewel);
    let names: Vec<String> = alike.iter().map(|one| one.name.clone()).collect();
    html! {
        figure {
            figcaption {
                span.strong { (safe(&listed_of(&names, NAMES_SHOWN, names.len()))) } " "
                span.quiet { (safe(&jewel.kind)) @if jewel.inferred { " (inferred)" } }
                br; span class=(class(role)) { (state) }
                @if let Some(margin) = jewel.margin_minutes.filter(|margin| *margin >= 0.0) {
                    span.quiet { "; the first cut of this way is " (minutes(margin)) " ahead" }
                }
            }
            @if let Some(path) = way(jewel) { (drawing(plan, path)) }
        }
    }
}

/// A piece of the drawing with its height.
struct Piece {
    markup: Markup,
    height: u32,
}

fn drawing(plan: &PlanDocument, path: &Path) -> Markup {
    let mut pieces = Vec::new();
    let mut top = 2;
    let mut cut = false;
    let mut add = |piece: Piece| {
        top += piece.height;
        pieces.push(piece.markup);
        top
    };
    let start = path
        .steps
        .first()
        .and_then(|step| step.from.first())
        .map_or("", |from| bare(from));
    let mut y = add(node(start, 2, "start", false));
    for step in &path.steps {
        cut |= !step.cut_by.is_empty();
        y = add(arrow(plan, step, y, cut));
        let jewel = if step.to == path.to { "jewel" } else { "" };
        y = add(node(bare(&step.to), y, jewel, cut));
    }
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (y + 2) } role="img" aria-label={ "Way to " (safe(bare(&path.to))) } {
            @for piece in &pieces { (piece) }
        }
        @if path.steps_omitted > 0 { p.quiet { (path.steps_omitted) " further steps are left out." } }
    }
}

fn node(name: &str, y: u32, kind: &str, gone: bool) -> Piece {
    let label = figure::label(name, WIDTH - 32);
    let height = figure::height(&label) + 10;
    let gone = if gone { "gone" } else { "" };
    let markup = html! {
        g class=(gone) {
            rect class={ "box " (kind) } x="2" y=(y) width=(WIDTH - 4) height=(height) rx="6" {}
            (figure::lines(&label, 14, y + 18, ""))
        }
    };
    Piece { markup, height }
}

fn arrow(plan: &PlanDocument, step: &Step, y: u32, gone: bool) -> Piece {
    let words = figure::label(&step.text, WIDTH - AXIS - 50);
    let below = match &step.technique {
        Some(technique) => format!("{technique} · after {}", minutes(step.arrival_minutes)),
        None => format!("after {}", minutes(step.arrival_minutes)),
    };
    let height = figure::height(&words) + figure::LINE + 2 * GAP;
    let end = y + height;
    let class = if gone { "arrow gone" } else { "arrow" };
    let markup = html! {
        line class=(class) x1=(AXIS) y1=(y) x2=(AXIS) y2=(end - 6) {}
        path.head.gone[gone] d={ "M" (AXIS - 5) " " (end - 8) "h10l-5 8z" } {}
        (figure::lines(&words, AXIS + 40, y + GAP + 13, ""))
        text.small x=(AXIS + 40) y=(y + GAP + 12 + figure::height(&words)) { (safe(&below)) }
        @if !step.cut_by.is_empty() { (cut_mark(&numbers(plan, &step.cut_by), y + height / 2)) }
    };
    Piece { markup, height }
}

fn cut_mark(numbers: &str, y: u32) -> Markup {
    let width = 12 + 8 * numbers.chars().count() as u32;
    html! {
        line.cut x1=(AXIS - 11) y1=(y - 7) x2=(AXIS + 11) y2=(y - 1) {}
        line.cut x1=(AXIS - 11) y1=(y + 1) x2=(AXIS + 11) y2=(y + 7) {}
        @if numbers.chars().count() <= 2 {
            rect.badge x=(AXIS + 14) y=(y - 10) width=(width) height="20" rx="10" {}
            text.on x=(AXIS + 20) y=(y + 5) { (numbers) }
        }
        title { "cut by " (numbers) }
    }
}
