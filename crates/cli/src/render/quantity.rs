//! Money, time and counts as a tired person reads them.

use jiff::Timestamp;

/// Pence as pounds: `£0`, `£48`, `£160k`, `£2.4m`.
pub(crate) fn money(pence: f64) -> String {
    let pounds = pence / 100.0;
    let sign = if pounds < 0.0 { "-" } else { "" };
    let size = pounds.abs();
    match size {
        size if size < 0.005 => "£0".to_owned(),
        size if size < 10.0 => format!("{sign}£{size:.2}"),
        size if size < 9_999.5 => format!("{sign}£{}", count(size.round() as u64)),
        size if size < 999_500.0 => format!("{sign}£{:.0}k", size / 1e3),
        size if size < 999_500_000.0 => format!("{sign}£{}m", short(size / 1e6)),
        size => format!("{sign}£{}bn", short(size / 1e9)),
    }
}

fn short(number: f64) -> String {
    if number < 99.95 {
        format!("{number:.1}").trim_end_matches(".0").to_owned()
    } else {
        format!("{number:.0}")
    }
}

/// Minutes as a person says them: `at once`, `40 s`, `12 min`, `3 h 20 min`, `2 days`.
pub(crate) fn minutes(minutes: f64) -> String {
    let seconds = (minutes * 60.0).round();
    if !seconds.is_finite() {
        return "never".to_owned();
    }
    match seconds {
        seconds if seconds < 1.0 => "at once".to_owned(),
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds if seconds < 90.0 * 60.0 => format!("{:.0} min", seconds / 60.0),
        seconds if seconds < 36.0 * 3600.0 => hours(seconds / 60.0),
        seconds => format!("{:.0} days", seconds / 86_400.0),
    }
}

fn hours(minutes: f64) -> String {
    let whole = minutes.round() as u64;
    match whole % 60 {
        0 => format!("{} h", whole / 60),
        rest => format!("{} h {rest} min", whole / 60),
    }
}

/// Seconds as a person says them.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds > 0.0 && seconds < 1.0 {
        format!("{:.0} ms", (seconds * 1000.0).ceil())
    } else if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        minutes(seconds / 60.0)
    }
}

/// A count with separators: `57,000`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 person`, `12 people`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A share of one as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let percent = (share * 100.0).clamp(0.0, 100.0);
    if percent > 99.0 && percent < 100.0 {
        ">99%".to_owned()
    } else if percent > 0.0 && percent < 1.0 {
        "<1%".to_owned()
    } else {
        format!("{percent:.0}%")
    }
}

/// An instant to the second, in UTC.
pub(crate) fn instant(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time of day to the second, in UTC.
pub(crate) fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_what_matters() {
        let said: Vec<String> = [
            0.0,
            12.0,
            4_800.0,
            950_000.0,
            16_000_000.0,
            240_000_000.0,
            3e10,
            -4_800.0,
        ]
        .map(money)
        .to_vec();
        assert_eq!(
            said,
            ["£0", "£0.12", "£48", "£9,500", "£160k", "£2.4m", "£300m", "-£48"]
        );
    }

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        let said: Vec<String> = [0.0, 0.5, 12.0, 200.0, 120.0, 4320.0, f64::INFINITY]
            .map(minutes)
            .to_vec();
        assert_eq!(
            said,
            [
                "at once",
                "30 s",
                "12 min",
                "3 h 20 min",
                "2 h",
                "3 days",
                "never"
            ]
        );
    }

    #[test]
    fn certainty_is_never_rounded_up() {
        assert_eq!(
            [0.0, 0.004, 0.5, 0.996, 1.0].map(percent).to_vec(),
            ["0%", "<1%", "50%", ">99%", "100%"]
        );
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count).to_vec(),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
