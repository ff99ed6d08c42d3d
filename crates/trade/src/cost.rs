//! Money lost while a service is down or carried in part.

use cordon_estate::{CostCurve, Pence, Service};

use crate::ServiceState;

/// What a service in this state for this long costs, in pence: the integral of its cost curve, times the share of
/// the service that is missing.
#[must_use]
pub fn cost_pence(service: &Service, state: ServiceState, hours: f64) -> Pence {
    to_pence(area(&service.cost, hours) * state.missing())
}

/// What a full outage of `hours` costs by a curve, in pence.
#[must_use]
pub fn outage_pence(curve: &CostCurve, hours: f64) -> Pence {
    to_pence(area(curve, hours))
}

pub(crate) fn to_pence(pence: f64) -> Pence {
    if pence.is_finite() {
        Pence(pence.round() as i64)
    } else {
        Pence(if pence > 0.0 { i64::MAX } else { 0 })
    }
}

/// The area under the curve from 0 to `hours`. Before the first point the rate is that of the first.
fn area(curve: &CostCurve, hours: f64) -> f64 {
    let Some((_, first_rate)) = curve.points.first() else {
        return 0.0;
    };
    let hours = if hours > 0.0 { hours } else { 0.0 };
    let (mut at, mut rate, mut total) = (0.0, first_rate.0 as f64, 0.0);
    for (point, next_rate) in &curve.points {
        let next_rate = next_rate.0 as f64;
        let width = point - at;
        if width <= 0.0 {
            rate = next_rate;
            continue;
        }
        if *point >= hours {
            let end_rate = rate + (next_rate - rate) * ((hours - at) / width);
            return total + (hours - at) * (rate + end_rate) / 2.0;
        }
        total += width * (rate + next_rate) / 2.0;
        (at, rate) = (*point, next_rate);
    }
    total + (hours - at) * rate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, i64)]) -> CostCurve {
        CostCurve {
            points: points
                .iter()
                .map(|(hours, rate)| (*hours, Pence(*rate)))
                .collect(),
        }
    }

    #[test]
    fn a_flat_curve_costs_its_rate() {
        assert_eq!(outage_pence(&curve(&[(0.0, 100)]), 3.5), Pence(350));
        assert_eq!(outage_pence(&curve(&[]), 3.5), Pence(0));
        assert_eq!(outage_pence(&curve(&[(0.0, 100)]), -1.0), Pence(0));
    }

    #[test]
    fn a_rate_grows_between_its_points_and_then_stays() {
        let shelves = curve(&[(0.0, 0), (10.0, 100)]);
        assert_eq!(outage_pence(&shelves, 5.0), Pence(125));
        assert_eq!(outage_pence(&shelves, 10.0), Pence(500));
        assert_eq!(outage_pence(&shelves, 12.0), Pence(700));
    }

    #[test]
    fn a_jump_is_two_points_at_one_hour() {
        let jump = curve(&[(0.0, 0), (4.0, 0), (4.0, 100)]);
        assert_eq!(outage_pence(&jump, 4.0), Pence(0));
        assert_eq!(outage_pence(&jump, 6.0), Pence(200));
    }

    #[test]
    fn longer_never_costs_less() {
        let shelves = curve(&[(0.0, 7), (3.0, 50), (9.0, 20)]);
        let costs: Vec<Pence> = (0..40)
            .map(|quarter| outage_pence(&shelves, f64::from(quarter) / 4.0))
            .collect();
        assert!(costs.is_sorted());
    }

    #[test]
    fn absurd_numbers_saturate() {
        assert_eq!(
            outage_pence(&curve(&[(0.0, i64::MAX)]), f64::MAX),
            Pence(i64::MAX)
        );
        assert_eq!(outage_pence(&curve(&[(0.0, 5)]), f64::NAN), Pence(0));
    }
}
