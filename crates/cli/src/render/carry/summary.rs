//! Many orders that stand alike, as one line that a person can read.

use std::collections::BTreeMap;

use cordon_act::OrderId;

use super::Row;
use super::tried::Tried;

/// Most orders alike that are shown one by one.
const ALIKE_MAX: usize = 20;

/// What makes orders alike: plan, point and state.
type Likeness<'a> = (&'a str, &'a str, &'static str);

/// The rows to show: orders of one plan that stand alike at one point become one row where there are many, but for the first with
/// something wrong.
pub(super) fn folded(rows: &[Row]) -> Vec<Row> {
    let mut alike: BTreeMap<(Likeness<'_>, bool), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        alike
            .entry((likeness(row), row.trouble.is_some()))
            .or_default()
            .push(row);
    }
    let mut shown = Vec::new();
    for row in rows {
        let key = (likeness(row), row.trouble.is_some());
        let Some(group) = alike.get(&key) else { continue };
        if group.len() <= ALIKE_MAX {
            shown.push(row.clone());
            continue;
        }
        // The whole group stands in the place of its first.
        let Some(group) = alike.remove(&key) else { continue };
        let singly = if row.trouble.is_some() { ALIKE_MAX } else { 0 };
        shown.extend(group.iter().take(singly).map(|row| Row::clone(row)));
        shown.extend(together(group.get(singly..).unwrap_or_default()));
    }
    shown
}

fn likeness(row: &Row) -> Likeness<'_> {
    (&row.plan_hash, &row.point, row.state)
}

/// One row for many.
fn together(rows: &[&Row]) -> Option<Row> {
    let (first, last) = (rows.first()?, rows.last()?);
    let plan = first.plan_hash.get(..12).unwrap_or(&first.plan_hash);
    let trouble = first.trouble.as_ref();
    Some(Row {
        order: OrderId(plan.to_owned()),
        text: format!("{} orders: {} … {}", rows.len(), first.text, last.text),
        targets: rows.iter().map(|row| row.targets).sum(),
        in_force: rows.iter().map(|row| row.in_force).sum(),
        tried: Tried::together(rows.iter().map(|row| &row.tried)),
        lease_until: rows.iter().map(|row| row.lease_until).min()?,
        trouble: trouble.map(|_| "something is wrong with each; --json lists them".to_owned()),
        ..Row::clone(first)
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn row(place: usize, trouble: Option<&str>) -> Row {
        Row {
            order: OrderId(format!("0123456789ab-{place:02}")),
            plan_hash: "0123456789ab".repeat(6),
            text: format!("Disable user{place:05}"),
            point: "directory".to_owned(),
            state: "in force",
            targets: 1,
            in_force: 1,
            tried: Tried::default(),
            lease_until: Timestamp::UNIX_EPOCH,
            trouble: trouble.map(str::to_owned),
        }
    }

    #[test]
    fn a_few_are_shown_one_by_one_and_many_as_one_line_of_eighty_columns() {
        let few: Vec<Row> = (1..=20).map(|place| row(place, None)).collect();
        assert_eq!(folded(&few).len(), 20);
        let mut many: Vec<Row> = (1..=10_000).map(|place| row(place, None)).collect();
        many.push(row(10_001, Some("undone")));
        let shown = folded(&many);
        assert_eq!(shown.len(), 2);
        assert_eq!((shown[0].targets, shown[0].in_force), (10_000, 10_000));
        assert_eq!(shown[1].order.0, "0123456789ab-10001");
        let table = super::super::table(&many, Timestamp::UNIX_EPOCH, 80);
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        assert!(table.contains("10000/10000"), "{table}");
    }

    #[test]
    fn much_that_is_wrong_is_named_in_part_and_counted() {
        let wrong: Vec<Row> = (1..=100).map(|place| row(place, Some("undone"))).collect();
        let shown = folded(&wrong);
        assert_eq!(shown.len(), 21);
        assert_eq!(shown.last().map(|row| row.targets), Some(80));
    }
}
