//! Where labels stand beside points so that they cover neither each other nor a point.

/// Height of a label.
const HIGH: f64 = 13.0;

/// How near a label may come to a point that is not its own.
const POINT: f64 = 7.0;

/// Where a label begins, on its base line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A rectangle: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// Labels placed so far around points.
pub(super) struct Labels<'a> {
    points: &'a [(f64, f64)],
    across: (f64, f64),
    down: (f64, f64),
    taken: Vec<Area>,
}

impl<'a> Labels<'a> {
    /// Labels for these points within these bounds.
    pub(super) const fn around(points: &'a [(f64, f64)], across: (f64, f64), down: (f64, f64)) -> Self {
        Self {
            points,
            across,
            down,
            taken: Vec::new(),
        }
    }

    /// A place for a label so wide: of those around its point, the one that covers least.
    pub(super) fn place(&mut self, (x, y): (f64, f64), wide: f64) -> Label {
        let ways = [
            (9.0, -5.0),
            (-wide / 2.0, -11.0),
            (9.0, 14.0),
            (-wide / 2.0, 21.0),
            (-wide - 9.0, -5.0),
            (-wide - 9.0, 14.0),
            (13.0, 4.5),
            (-wide - 13.0, 4.5),
            (-wide / 2.0, -24.0),
            (-wide / 2.0, 34.0),
            (20.0, -16.0),
            (-wide - 20.0, -16.0),
            (-wide / 2.0, -37.0),
        ];
        let mut best: Option<(u32, Label)> = None;
        for (right, lower) in ways {
            let label = Label {
                x: x + right,
                y: y + lower,
            };
            let covers = self.covers(area(label, wide), (x, y));
            if best.is_none_or(|(least, _)| covers < least) {
                best = Some((covers, label));
            }
        }
        let label = best.map_or(Label { x, y }, |(_, label)| label);
        self.taken.push(area(label, wide));
        label
    }

    /// How many labels, points and bounds an area runs into.
    fn covers(&self, area: Area, own: (f64, f64)) -> u32 {
        let (left, top, right, bottom) = area;
        let meets = |other: &&Area| left < other.2 && right > other.0 && top < other.3 && bottom > other.1;
        let labels = self.taken.iter().filter(meets).count() as u32;
        let hits = |point: &&(f64, f64)| {
            let (dx, dy) = (
                point.0.clamp(left, right) - point.0,
                point.1.clamp(top, bottom) - point.1,
            );
            **point != own && dx.hypot(dy) < POINT
        };
        let points = self.points.iter().filter(hits).count() as u32;
        let outside =
            left < self.across.0 || right > self.across.1 || top < self.down.0 || bottom > self.down.1;
        2 * labels + points + if outside { 100 } else { 0 }
    }
}

fn area(label: Label, wide: f64) -> Area {
    (label.x, label.y - HIGH, label.x + wide, label.y + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_neighbours_do_not_cover_each_other() {
        let points: Vec<(f64, f64)> = (0..6)
            .map(|step| (100.0 + 9.0 * f64::from(step), 100.0))
            .collect();
        let mut labels = Labels::around(&points, (0.0, 360.0), (0.0, 240.0));
        let placed: Vec<Area> = points
            .iter()
            .map(|at| area(labels.place(*at, 8.0), 8.0))
            .collect();
        for (place, one) in placed.iter().enumerate() {
            for other in placed.iter().skip(place + 1) {
                let apart = one.2 <= other.0 || one.0 >= other.2 || one.3 <= other.1 || one.1 >= other.3;
                assert!(apart, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_label_stays_within_its_bounds() {
        let points = [(0.0, 2.0), (358.0, 238.0)];
        let mut labels = Labels::around(&points, (0.0, 360.0), (0.0, 240.0));
        for at in points {
            let (left, top, right, bottom) = area(labels.place(at, 16.0), 16.0);
            assert!(left >= 0.0 && top >= 0.0 && right <= 360.0 && bottom <= 240.0);
        }
    }
}
