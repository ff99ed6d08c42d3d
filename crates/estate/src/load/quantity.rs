//! Money, durations and shares as people write them.

use std::fmt::Write as _;

use crate::Pence;

/// `£160k`, `£2.5m`, `£1bn`, `£12.34`, `160000` (pounds), `45p`; exact to the penny.
pub(crate) fn money(text: &str) -> Option<Pence> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let text = text.strip_prefix('£').unwrap_or(text).trim_start();
    let lower = text.to_ascii_lowercase();
    const UNITS: [(&str, i128); 5] = [
        ("bn", 100_000_000_000),
        ("m", 100_000_000),
        ("k", 100_000),
        ("p", 1),
        ("", 100),
    ];
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, pence)| Some((lower.strip_suffix(suffix)?.trim_end(), *pence)))?;
    let pence = i64::try_from(decimal(number, unit)?).ok()?;
    Some(Pence(if negative { pence.checked_neg()? } else { pence }))
}

/// `number` (with `,` or `_` between thousands) times `unit`, if that is whole.
fn decimal(number: &str, unit: i128) -> Option<i128> {
    let number: String = number.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 || fraction.len() > 12 {
        return None;
    }
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let pence = digits.checked_mul(unit)?;
    (pence % scale == 0).then_some(pence / scale)
}

/// Exactly this money, readable back.
pub(crate) fn money_text(money: Pence) -> String {
    let sign = if money.0 < 0 { "-" } else { "" };
    let pence = money.0.unsigned_abs();
    match pence {
        0 => "£0".to_owned(),
        pence if pence % 100 != 0 => format!("{sign}{pence}p"),
        pence if pence % 100_000_000 == 0 => format!("{sign}£{}m", pence / 100_000_000),
        pence if pence % 100_000 == 0 => format!("{sign}£{}k", pence / 100_000),
        pence => format!("{sign}£{}", pence / 100),
    }
}

/// `500ms`, `2s`, `5m`, `24h`, `3d`, `1h 30m`, in seconds; never negative.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let mut total = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        total += in_seconds(number.parse().ok()?, unit)?;
        rest = after.trim_start();
    }
    f64::is_finite(total).then_some(total)
}

fn in_seconds(number: f64, unit: &str) -> Option<f64> {
    match unit {
        "ms" => Some(number / 1_000.0),
        "s" | "sec" | "second" | "seconds" => Some(number),
        "m" | "min" | "minute" | "minutes" => Some(number * 60.0),
        "h" | "hour" | "hours" => Some(number * 3_600.0),
        "d" | "day" | "days" => Some(number * 86_400.0),
        _ => None,
    }
}

/// `30%` or `0.3`, as a number; its bounds are for the caller.
pub(crate) fn share(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    number.is_finite().then_some(number)
}

/// A share in percent where that says exactly the same, else as a fraction.
pub(crate) fn share_text(share_value: f64) -> String {
    let percent = format!("{}%", (share_value * 100.0).round());
    if share(&percent) == Some(share_value) {
        percent
    } else {
        format!("{share_value}")
    }
}

/// Seconds in the unit that says exactly the same in the fewest characters.
pub(crate) fn seconds_text(value: f64) -> String {
    let mut best = format!("{value}s");
    for (unit, size) in [("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)] {
        let mut text = String::new();
        let _ = write!(text, "{}{unit}", value / size);
        if text.len() < best.len() && seconds(&text) == Some(value) {
            best = text;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_to_the_penny() {
        for (text, pence) in [
            ("£160k", 16_000_000),
            ("£2.5m", 250_000_000),
            ("£1bn", 100_000_000_000),
            ("£12.34", 1_234),
            ("160,000", 16_000_000),
            ("45p", 45),
            ("-£3", -300),
            ("£0", 0),
        ] {
            assert_eq!(money(text), Some(Pence(pence)), "{text}");
        }
        for text in [
            "",
            "£",
            "k",
            "£1.234",
            "1e9",
            "£99999999999999999999",
            "12 34",
            "£-3",
            "$5",
        ] {
            assert_eq!(money(text), None, "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, value) in [
            ("2s", 2.0),
            ("500ms", 0.5),
            ("24h", 86_400.0),
            ("1h 30m", 5_400.0),
            ("1d12h", 129_600.0),
        ] {
            assert_eq!(seconds(text), Some(value), "{text}");
        }
        for text in ["", "5", "h", "5 parsecs", "-2s", "1..2s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(pence in proptest::prelude::any::<i64>(), value in 0.0_f64..1e9, part in 0.0_f64..=1.0) {
            if pence != i64::MIN {
                proptest::prop_assert_eq!(money(&money_text(Pence(pence))), Some(Pence(pence)));
            }
            proptest::prop_assert_eq!(seconds(&seconds_text(value)), Some(value));
            proptest::prop_assert_eq!(share(&share_text(part)), Some(part));
        }

        #[test]
        fn any_text_is_no_danger(text in "\\PC{0,30}") {
            let _ = (money(&text), seconds(&text), share(&text));
        }
    }
}
