//! Reads log files and prints events per CPU second: `read_speed [--serde] FILE…`.
//!
//! Build it with `--release`; run it on an idle machine. Every file is read five times.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use cordon_evidence::read::{Options, RecordStream, Source};
use cordon_evidence::record::{FileId, Record};

/// User and system time of this process so far.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let mut words = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11);
    let user: f64 = words.next().ok_or("no user time")?.parse()?;
    let system: f64 = words.next().ok_or("no system time")?.parse()?;
    Ok((user + system) / 100.0)
}

fn files(path: PathBuf, all: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            files(entry?.path(), all)?;
        }
    } else {
        all.push(path);
    }
    Ok(())
}

/// What was read: events, fields, bytes.
type Counts = (u64, usize, u64);

fn read(paths: &[PathBuf], window_seconds: u32) -> Counts {
    let sources = paths.iter().cloned().enumerate().map(|(number, path)| Source {
        name: path.display().to_string(),
        file: FileId(number as u32),
        receipt: None,
        open: Box::new(move || Ok(Box::new(File::open(&path)?))),
    });
    let mut options = Options::default();
    options.order.seconds = window_seconds;
    let mut stream = RecordStream::new(sources.collect(), options);
    let (mut record, mut fields) = (Record::default(), 0);
    while stream.next_into(&mut record) {
        fields += record.len();
    }
    let report = stream.report();
    (report.events, fields, report.bytes)
}

/// The same lines as trees of serde_json, for comparison: only for files of JSON lines.
fn read_with_serde(paths: &[PathBuf]) -> Result<Counts, Box<dyn Error>> {
    let (mut events, mut fields, mut bytes) = (0, 0, 0);
    for path in paths {
        for line in BufReader::new(File::open(path)?).lines() {
            let line = line?;
            let value: serde_json::Value = serde_json::from_str(&line)?;
            fields += value.as_object().map_or(0, serde_json::Map::len);
            events += 1;
            bytes += line.len() as u64 + 1;
        }
    }
    Ok((events, fields, bytes))
}

fn measure(what: &str, run: impl Fn() -> Result<Counts, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let start = cpu_seconds()?;
    let (mut events, mut fields, mut bytes) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let counts = run()?;
        events += counts.0;
        fields += counts.1;
        bytes += counts.2;
    }
    let cpu = cpu_seconds()? - start;
    println!(
        "{what}: {events} events, {fields} fields, {:.0} MB, {cpu:.2} CPU s: {:.0} events and {:.0} MB per CPU second",
        bytes as f64 / 1e6,
        events as f64 / cpu,
        bytes as f64 / 1e6 / cpu,
    );
    Ok(())
}

const ROUNDS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = Vec::new();
    let mut serde = false;
    for argument in std::env::args_os().skip(1) {
        if argument == "--serde" {
            serde = true;
        } else {
            files(argument.into(), &mut paths)?;
        }
    }
    paths.sort();
    measure("in order", || Ok(read(&paths, 30)))?;
    measure("as they come", || Ok(read(&paths, 0)))?;
    if serde {
        measure("serde_json trees", || read_with_serde(&paths))?;
    }
    Ok(())
}
