//! Reads log files and prints events per CPU second: `read_speed FILE…`.
//!
//! Build it with `--release`; run it on an idle machine. Every file is read five times.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::fs::{self, File};
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

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = Vec::new();
    for argument in std::env::args_os().skip(1) {
        files(argument.into(), &mut paths)?;
    }
    paths.sort();
    let rounds = 5;
    let (mut events, mut bytes, mut fields) = (0, 0, 0);
    let start = (cpu_seconds()?, std::time::Instant::now());
    for _ in 0..rounds {
        let sources = paths.iter().cloned().enumerate().map(|(number, path)| Source {
            name: path.display().to_string(),
            file: FileId(number as u32),
            receipt: None,
            open: Box::new(move || Ok(Box::new(File::open(&path)?))),
        });
        let mut stream = RecordStream::new(sources.collect(), Options::default());
        let mut record = Record::default();
        while stream.next_into(&mut record) {
            fields += record.len();
        }
        let report = stream.report();
        events += report.events;
        bytes += report.bytes;
    }
    let cpu = cpu_seconds()? - start.0;
    println!(
        "{} files, {events} events, {fields} fields, {:.0} MB: {cpu:.2} CPU s, {:.2} s, {:.0} events per CPU second, {:.0} MB per CPU second",
        paths.len(),
        bytes as f64 / 1e6,
        start.1.elapsed().as_secs_f64(),
        events as f64 / cpu,
        bytes as f64 / 1e6 / cpu,
    );
    Ok(())
}
