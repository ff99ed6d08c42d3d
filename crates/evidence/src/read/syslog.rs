//! Syslog lines of RFC 3164 and RFC 5424, one per line, with or without priority and octet count.
//!
//! Fields: `facility`, `severity`, `hostname`, `program`, `pid`, `msgid`, `message`, and the structured data of
//! RFC 5424 as `id.parameter`. A message of Linux audit gives its `key=value` pairs as fields too.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::clock::Clock;
use super::instant::{self, Instant};
use crate::record::{Dialect, Record, Value};

/// Decodes one line.
pub(crate) fn decode(line: &str, record: &mut Record, clock: &Clock) -> Result<(), String> {
    record.dialect = Dialect::Syslog;
    let line = without_octet_count(line);
    let (priority, rest) = priority(line);
    if let Some(priority) = priority {
        record.push("facility", Value::Int(priority / 8));
        record.push("severity", Value::Int(priority % 8));
    }
    let own = match rest.strip_prefix("1 ") {
        Some(rest) if priority.is_some() => version_1(rest, record),
        _ => traditional(rest, record, clock),
    };
    let Some(own) = own else {
        return Err("no syslog line: no time where one is expected".to_owned());
    };
    audit_pairs(record);
    if clock.set(record, Some(own), None) {
        Ok(())
    } else {
        Err("a time that does not exist".to_owned())
    }
}

/// Whether a line has the shape of a syslog line.
pub(crate) fn recognised(line: &str) -> bool {
    let clock = Clock {
        zone: None,
        receipt: None,
    };
    decode(line, &mut Record::default(), &clock).is_ok()
}

/// RFC 6587 frames start with a length, which a line does not need.
fn without_octet_count(line: &str) -> &str {
    match line.split_once(' ') {
        Some((count, rest)) if rest.starts_with('<') && is_number(count) => rest,
        _ => line,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn priority(line: &str) -> (Option<i64>, &str) {
    line.strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .and_then(|(number, rest)| Some((number.parse().ok().filter(|own| *own < 192)?, rest)))
        .map_or((None, line), |(number, rest)| (Some(number), rest))
}

fn push_known(record: &mut Record, name: &str, text: &str) {
    if !text.is_empty() && text != "-" {
        record.push(name, Value::Str(text));
    }
}

/// RFC 5424 behind `<priority>1 `.
fn version_1(rest: &str, record: &mut Record) -> Option<Instant> {
    let mut words = rest.splitn(6, ' ');
    let time = instant::parse(words.next()?)?;
    push_known(record, "hostname", words.next()?);
    push_known(record, "program", words.next()?);
    push_pid(record, words.next()?);
    push_known(record, "msgid", words.next()?);
    let message = structured_data(words.next().unwrap_or_default(), record);
    let message = message.trim_start().trim_start_matches('\u{feff}');
    record.push("message", Value::Str(message));
    Some(time)
}

fn push_pid(record: &mut Record, text: &str) {
    match text.parse() {
        Ok(number) => record.push("pid", Value::Int(number)),
        Err(_) => push_known(record, "pid", text),
    }
}

/// Reads `[id name="value" …]…` and returns what follows.
fn structured_data<'a>(text: &'a str, record: &mut Record) -> &'a str {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    while let Some(inner) = rest.strip_prefix('[') {
        let id_end = inner.find([' ', ']']).unwrap_or(inner.len());
        let (id, mut parameters) = inner.split_at(id_end);
        while let Some((name, value, behind)) = parameter(parameters) {
            record.push(&format!("{id}.{name}"), Value::Str(&value));
            parameters = behind;
        }
        match parameters.strip_prefix(']') {
            Some(behind) => rest = behind,
            None => return rest,
        }
    }
    rest
}

fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, behind) = text.trim_start_matches(' ').split_once("=\"")?;
    if name.contains(']') {
        return None;
    }
    let (mut value, mut escaped) = (String::new(), false);
    for (at, letter) in behind.char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((name, value, behind.get(at + 1..)?)),
            _ => value.push(letter),
        }
    }
    None
}

/// RFC 3164, or the same with an ISO time as newer daemons write it.
fn traditional(rest: &str, record: &mut Record, clock: &Clock) -> Option<Instant> {
    let (time, rest) = match month_first(rest, clock) {
        Some(found) => found,
        None => {
            let (time, rest) = rest.split_once(' ')?;
            (instant::parse(time)?, rest)
        }
    };
    let (host, rest) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
    // Without a host the first word is already the program.
    let rest = if host.ends_with(':') || host.contains('[') {
        &format!("{host} {rest}")
    } else {
        push_known(record, "hostname", host);
        rest
    };
    let message = tag(rest, record);
    record.push("message", Value::Str(message.trim_start()));
    Some(time)
}

/// Takes `program[pid]:` off the front.
fn tag<'a>(rest: &'a str, record: &mut Record) -> &'a str {
    let Some((tag, message)) = rest.split_once(':') else {
        return rest;
    };
    if tag.contains(' ') || tag.is_empty() {
        return rest;
    }
    match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
        Some((program, pid)) => {
            push_known(record, "program", program);
            push_pid(record, pid);
        }
        None => push_known(record, "program", tag),
    }
    message
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Oct 22 08:29:48 `, whose year is that of the receipt, or the one before if that would be later than a day after.
fn month_first<'a>(text: &'a str, clock: &Clock) -> Option<(Instant, &'a str)> {
    let month = MONTHS.iter().position(|name| text.starts_with(name))? + 1;
    let rest = text.get(3..)?.strip_prefix(' ')?.trim_start();
    let (day, rest) = rest.split_once(' ')?;
    // Some devices write the year: `Oct 22 2020 08:29:48`.
    let (year, rest) = match rest.split_once(' ') {
        Some((year, rest)) if year.len() == 4 && is_number(year) => (year.parse().ok(), rest),
        _ => (None, rest),
    };
    let (time, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let receipt = clock.receipt.unwrap_or(Timestamp::UNIX_EPOCH);
    let local = |year: i16| -> Option<DateTime> {
        let text = format!("{year:04}-{month:02}-{:0>2}T{}", day, time.trim_end_matches(':'));
        match instant::parse(&text)? {
            Instant::Local(local) => Some(local),
            Instant::Exact(_) => None,
        }
    };
    let guess = jiff::tz::Offset::UTC.to_datetime(receipt).year();
    let known: i16 = year.unwrap_or(guess);
    // The 29th of February exists only in the year before.
    let found = local(known).or_else(|| local(known - 1))?;
    let latest = receipt.checked_add(SignedDuration::from_hours(24)).ok()?;
    let late = year.is_none() && Instant::Local(found).utc().is_some_and(|time| time > latest);
    let found = if late && clock.receipt.is_some() {
        local(known - 1)?
    } else {
        found
    };
    Some((Instant::Local(found), rest))
}

/// Adds the pairs of a Linux audit message: `type=EXECVE msg=audit(…): argc=2 a0="id"`.
fn audit_pairs(record: &mut Record) {
    let Some(message) = record.text("message").filter(|own| own.contains("msg=audit(")) else {
        return;
    };
    let message = message.to_owned();
    for (name, value) in pairs(&message) {
        record.push(name, Value::Str(value));
    }
}

fn pairs(message: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_once('=')?;
        let name = name.rsplit(' ').next().unwrap_or(name);
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_once(' ').unwrap_or((behind, "")),
        };
        rest = behind;
        Some((name, value))
    })
}
