//! What happened when, drawn from top to bottom.

use jiff::Timestamp;
use maud::{Markup, html};

use super::figure::{self, LINE, WIDTH};
use crate::render::quantity::{clock, count, instant};

/// Most moments drawn: beyond it the middle of a long night is left out and counted.
const MOMENTS_MAX: usize = 60;

/// Where the line stands.
const AXIS: u32 = 76;

/// What kind of moment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MomentKind {
    /// A detection.
    Evidence,
    /// Something is believed to be held from here on.
    Foothold,
    /// A plan is ready.
    Plan,
    /// The intruder did something, and the plan would not have stopped it.
    Step,
    /// The intruder did something that the plan would have made impossible.
    Blocked,
}

impl MomentKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Foothold => "foothold",
            Self::Plan => "plan",
            Self::Step => "step",
            Self::Blocked => "blocked",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// When.
    pub(crate) time: Timestamp,
    /// What kind of thing.
    pub(crate) kind: MomentKind,
    /// What, in words.
    pub(crate) text: String,
}

pub(super) fn section(moments: &[Moment]) -> Markup {
    html! {
        @if let Some(first) = moments.first() {
            h2 { "What happened when" }
            p.key {
                i.evidence {} "evidence" i.foothold {} "foothold" i.plan {} "plan" i.step {} "intruder's step"
                i.blocked {} "step that the plan blocks or prevents"
            }
            p.quiet { "From " (instant(first.time)) "; times of day are UTC." }
            @let (shown, left_out) = chosen(moments);
            (drawing(&shown))
            @if left_out > 0 { p.quiet { (count(left_out as u64)) " moments of evidence are left out." } }
        }
    }
}

/// At most [`MOMENTS_MAX`]: everything that is not mere evidence first, then the earliest evidence.
fn chosen(moments: &[Moment]) -> (Vec<&Moment>, usize) {
    let weighty = moments
        .iter()
        .filter(|moment| moment.kind != MomentKind::Evidence)
        .count();
    let mut room_for_weighty = MOMENTS_MAX;
    let mut room_for_evidence = MOMENTS_MAX.saturating_sub(weighty);
    let shown: Vec<&Moment> = moments
        .iter()
        .filter(|moment| {
            let room = if moment.kind == MomentKind::Evidence {
                &mut room_for_evidence
            } else {
                &mut room_for_weighty
            };
            let fits = *room > 0;
            *room = room.saturating_sub(1);
            fits
        })
        .collect();
    let left_out = moments.len() - shown.len();
    (shown, left_out)
}

fn drawing(moments: &[&Moment]) -> Markup {
    let rows: Vec<(u32, Vec<String>)> = place(moments);
    let height = rows.last().map_or(0, |(y, lines)| y + figure::height(lines) + 8);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label="Timeline" {
            line.rule x1=(AXIS) y1="4" x2=(AXIS) y2=(height.saturating_sub(4)) {}
            @for (moment, (y, lines)) in moments.iter().zip(&rows) {
                text.small x="2" y=(y + 13) { (clock(moment.time)) }
                circle class={ "dot " (moment.kind.class()) } cx=(AXIS) cy=(y + 9) r="6" {}
                (figure::lines(lines, AXIS + 16, y + 13, ""))
            }
        }
    }
}

/// The top of every row, with the lines of its label.
fn place(moments: &[&Moment]) -> Vec<(u32, Vec<String>)> {
    let mut top = 4;
    moments
        .iter()
        .map(|moment| {
            let lines = figure::label(&moment.text, WIDTH - AXIS - 18);
            let y = top;
            top += figure::height(&lines) + LINE / 2;
            (y, lines)
        })
        .collect()
}
