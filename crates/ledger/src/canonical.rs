//! One text for each JSON value, so that two programs digest the same bytes.
//!
//! The text is that of RFC 8785 (JSON Canonicalization Scheme): no space between tokens, keys sorted by their UTF-16 code
//! units, strings with the shortest escapes, with **one difference in numbers**:
//!
//! - A number with an integral value that fits 64 bits (−2⁶³ … 2⁶⁴ − 1) is written as an integer with all its digits, also
//!   above 2⁵³ where RFC 8785 would round it. `1.0`, `1e0` and `1` are one value and written `1`; `-0` is `0`.
//! - Every other number is a double, written as ECMAScript does (RFC 8785, section 3.2.2.3): the shortest digits that read
//!   back as the same double, without exponent from 1e-6 up to below 1e21.
//!
//! So a tool that implements RFC 8785 computes the same text whenever integers lie within ±2⁵³.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::limits::BODY_DEPTH_MAX;

/// A value has no canonical text that could be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// It is nested too deeply.
    #[error("nested more than {BODY_DEPTH_MAX} deep")]
    TooDeep,
}

/// The canonical text of a value.
///
/// # Errors
/// If it is nested too deeply.
pub fn canonical_text(value: &Value) -> Result<String, CanonicalError> {
    let mut text = String::new();
    write_value(&mut text, value, 0)?;
    Ok(text)
}

/// The value that the canonical text reads back as: numbers with an integral value that fits 64 bits become integers.
#[must_use]
pub fn normalised(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(normalised_number(number)),
        Value::Array(items) => Value::Array(items.into_iter().map(normalised).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| (key, normalised(value)))
                .collect(),
        ),
        other => other,
    }
}

fn write_value(text: &mut String, value: &Value, depth: usize) -> Result<(), CanonicalError> {
    if depth > BODY_DEPTH_MAX {
        return Err(CanonicalError::TooDeep);
    }
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(text, number),
        Value::String(string) => write_string(text, string),
        Value::Array(items) => write_array(text, items, depth)?,
        Value::Object(members) => write_object(text, members, depth)?,
    }
    Ok(())
}

fn write_array(text: &mut String, items: &[Value], depth: usize) -> Result<(), CanonicalError> {
    text.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        write_value(text, item, depth + 1)?;
    }
    text.push(']');
    Ok(())
}

fn write_object(text: &mut String, members: &Map<String, Value>, depth: usize) -> Result<(), CanonicalError> {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by(|one, other| by_code_unit(one.0, other.0));
    text.push('{');
    for (place, (key, value)) in sorted.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        write_string(text, key);
        text.push(':');
        write_value(text, value, depth + 1)?;
    }
    text.push('}');
    Ok(())
}

fn by_code_unit(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// RFC 8785, section 3.2.2.2.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\0'..='\u{1f}' => put(text, format_args!("\\u{:04x}", u32::from(character))),
            other => text.push(other),
        }
    }
    text.push('"');
}

fn write_number(text: &mut String, number: &Number) {
    if let Some(integer) = integral(number) {
        put(text, format_args!("{integer}"));
    } else {
        // Without `arbitrary_precision` every number that is no integer is a finite double.
        write_double(text, number.as_f64().unwrap_or_default());
    }
}

fn normalised_number(number: Number) -> Number {
    match integral(&number) {
        Some(integer) => u64::try_from(integer)
            .map(Number::from)
            .or_else(|_| i64::try_from(integer).map(Number::from))
            .unwrap_or(number),
        None => number,
    }
}

/// The value of a number if it is integral and fits 64 bits, signed or not.
fn integral(number: &Number) -> Option<i128> {
    /// 2⁶⁴, which no `u64` holds.
    const ABOVE: f64 = 18_446_744_073_709_551_616.0;
    /// −2⁶³, the least `i64`.
    const LEAST: f64 = -9_223_372_036_854_775_808.0;
    number
        .as_u64()
        .map(i128::from)
        .or_else(|| number.as_i64().map(i128::from))
        .or_else(|| {
            number
                .as_f64()
                .filter(|double| double.fract() == 0.0 && (LEAST..ABOVE).contains(double))
                .map(|double| double as i128)
        })
}

/// A finite double as ECMAScript writes it (ECMA-262, `Number::toString`).
fn write_double(text: &mut String, double: f64) {
    let (digits, exponent) = shortest(double.abs());
    if double < 0.0 {
        text.push('-');
    }
    lay_out(text, &digits, exponent);
}

/// The shortest digits that read back as a double, the closest and at a tie the even ones (the standard library rounds ties
/// up), and the power of ten of the first.
fn shortest(double: f64) -> (String, i32) {
    let written = Number::from_f64(double).map_or_else(String::new, |number| number.to_string());
    let (mantissa, power) = written.split_once('e').unwrap_or((&written, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let zeros = all.len() - digits.len();
    let before_point =
        i32::try_from(whole.len()).unwrap_or_default() - i32::try_from(zeros).unwrap_or_default();
    let exponent = power.parse::<i32>().unwrap_or_default() + before_point - 1;
    (digits.trim_end_matches('0').to_owned(), exponent)
}

/// Writes `digits` with the decimal point after the first, times ten to the power of `exponent`.
fn lay_out(text: &mut String, digits: &str, exponent: i32) {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or_default());
    let split = |at: i32| digits.split_at(usize::try_from(at).unwrap_or_default());
    match exponent {
        21.. | ..=-7 => {
            let (first, rest) = split(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            put(
                text,
                format_args!("{first}{point}{rest}e{sign}{}", exponent.abs()),
            );
        }
        -6..=-1 => put(text, format_args!("0.{}{digits}", zeros(-exponent - 1))),
        _ if exponent + 1 >= count => put(text, format_args!("{digits}{}", zeros(exponent + 1 - count))),
        _ => {
            let (whole, fraction) = split(exponent + 1);
            put(text, format_args!("{whole}.{fraction}"));
        }
    }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn double(bits: u64) -> String {
        canonical_text(&json!(f64::from_bits(bits))).unwrap()
    }

    /// RFC 8785, appendix B.
    #[test]
    fn doubles_are_written_as_the_standard_says() {
        for (bits, text) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(double(bits), text, "{bits:x}");
        }
    }

    #[test]
    fn integers_keep_all_their_digits() {
        let text = r#"[18446744073709551615,-9223372036854775808,9007199254740993,1,1.0,-0.0,1e2]"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            canonical_text(&value).unwrap(),
            "[18446744073709551615,-9223372036854775808,9007199254740993,1,1,0,100]"
        );
        assert_eq!(
            canonical_text(&json!(18_446_744_073_709_551_616.0)).unwrap(),
            "18446744073709552000"
        );
    }

    /// RFC 8785, section 3.2.3.
    #[test]
    fn keys_are_sorted_by_code_units() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = canonical_text(&value).unwrap();
        let order = [
            "Carriage Return",
            "One",
            "Control",
            "Latin",
            "Euro",
            "Emoji",
            "Hebrew",
        ];
        let places: Vec<usize> = order.iter().map(|word| text.find(word).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }

    /// RFC 8785, section 3.2.2.
    #[test]
    fn strings_have_the_shortest_escapes() {
        let value: Value =
            serde_json::from_str(r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"}"#).unwrap();
        assert_eq!(
            canonical_text(&value).unwrap(),
            "{\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn what_is_too_deep_is_refused() {
        let nest = |depth: usize| (0..depth).fold(Value::Null, |inner, _| json!([inner]));
        assert!(canonical_text(&nest(BODY_DEPTH_MAX)).is_ok());
        assert_eq!(
            canonical_text(&nest(BODY_DEPTH_MAX + 1)),
            Err(CanonicalError::TooDeep)
        );
    }

    pub(crate) fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("finite", |double| double.is_finite())
                .prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(".{0,4}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_reads_back_as_the_normalised_value(value in any_json()) {
            let text = canonical_text(&value).unwrap();
            let back: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&back, &normalised(value));
            prop_assert_eq!(canonical_text(&back).unwrap(), text);
        }

        #[test]
        fn the_shortest_digits_read_back(bits in any::<u64>()) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            let mut text = String::new();
            write_double(&mut text, double);
            prop_assert_eq!(text.parse::<f64>().unwrap(), double);
        }
    }
}
