//! Sigma evaluation per CPU second: this crate's detector beside rsigma's engines, same rules, same records, one thread,
//! one run.
//!
//! `cargo bench -p cordon-evidence --bench sigma -- RULES RECORDING.json.zst… [--repeat N]`; without arguments it says
//! so and ends, so that it can be compiled and run anywhere.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may fail and must speak"
)]

#[path = "../tests/support/inputs.rs"]
mod inputs;

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use cordon_evidence::pipeline::detect;
use cordon_evidence::read::{self, Options, RecordStream, Workers};
use cordon_evidence::record::{Dialect, FileId, Record, RecordPlace, TimeBasis, Value};
use cordon_evidence::sigma::{Correlator, Detector, RuleSet, Scratch, Source, View};
use jiff::Timestamp;
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::LogSource;
use serde_json::Value as Json;

/// CPU time of this thread in seconds.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn flatten(prefix: &str, value: &Json, record: &mut Record) {
    match value {
        Json::Null => record.push(prefix, Value::Null),
        Json::Bool(truth) => record.push(prefix, Value::Bool(*truth)),
        Json::String(text) => record.push(prefix, Value::Str(text)),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => record.push(prefix, Value::Int(whole)),
            None => record.push(prefix, Value::Float(number.as_f64().unwrap())),
        },
        Json::Array(parts) => parts.iter().for_each(|part| flatten(prefix, part, record)),
        Json::Object(fields) => {
            for (name, field) in fields {
                let name = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&name, field, record);
            }
        }
    }
}

fn record(at: usize, json: &Json) -> Record {
    let place = RecordPlace {
        file: FileId(0),
        position: at as u64 + 1,
    };
    let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Receipt, place, Dialect::Windows);
    flatten("", json, &mut record);
    record
}

fn lines(paths: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for path in paths {
        let mut text = String::new();
        zstd::Decoder::new(std::fs::File::open(path).unwrap())
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        lines.extend(
            text.lines()
                .filter(|line| serde_json::from_str::<Json>(line).is_ok())
                .map(str::to_owned),
        );
    }
    lines
}

/// Runs a piece of work and prints how many events it did in a CPU second, and what it counted.
fn measure(what: &str, events: usize, work: impl FnOnce() -> usize) -> f64 {
    let start = cpu_seconds();
    let counted = work();
    let seconds = cpu_seconds() - start;
    let rate = events as f64 / seconds;
    println!("{what:44} {rate:12.0} events per CPU s {seconds:8.3} s {counted:9} detections");
    rate
}

/// rsigma as its command line routes: one engine, rules of other log sources skipped rule by rule.
fn routed(set: &RuleSet) -> Engine {
    let mut engine = Engine::new();
    engine.extend_compiled_rules(set.compiled().iter().cloned());
    engine
}

/// The recordings in every form that is evaluated.
struct Input {
    lines: Vec<String>,
    parsed: Vec<Json>,
    records: Vec<Record>,
    repeat: usize,
}

impl Input {
    fn new(recordings: &[String], repeat: usize) -> Self {
        let lines = lines(recordings);
        let parsed: Vec<Json> = lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let records = parsed
            .iter()
            .enumerate()
            .map(|(at, json)| record(at, json))
            .collect();
        Self {
            lines,
            parsed,
            records,
            repeat,
        }
    }

    fn events(&self) -> usize {
        self.records.len() * self.repeat
    }

    /// Counts what a piece of work finds in each record, over and over.
    fn count(&self, mut found: impl FnMut(&Record, &Json) -> usize) -> usize {
        let pairs = || self.records.iter().zip(&self.parsed);
        (0..self.repeat)
            .flat_map(|_| pairs())
            .map(|(record, json)| found(record, json))
            .sum()
    }
}

fn parse_alone(input: &Input) -> f64 {
    measure("serde_json alone", input.events(), || {
        for line in (0..input.repeat).flat_map(|_| &input.lines) {
            black_box(serde_json::from_str::<Json>(line).unwrap());
        }
        0
    })
}

fn own(set: &Arc<RuleSet>, input: &Input) -> f64 {
    let detector = Detector::new(Arc::clone(set));
    let mut found = Vec::new();
    let mut pass = |passes: usize| {
        let mut count = 0;
        for _ in 0..passes {
            // Nothing is carried from one pass to the next, so that a repetition is not easier than the first time.
            let mut scratch = Scratch::default();
            for record in &input.records {
                found.clear();
                detector.detect(record, &mut scratch, &mut found);
                count += found.len();
            }
        }
        count
    };
    measure(
        "own: first pass, compiles its routes",
        input.records.len(),
        || pass(1),
    );
    measure("own: detector on records", input.events(), || pass(input.repeat))
}

/// Bytes of the log to detections, decoding included.
fn own_from_bytes(set: &Arc<RuleSet>, input: &Input) -> f64 {
    let detector = Detector::new(Arc::clone(set));
    let mut text = input.lines.join("\n");
    text.push('\n');
    let bytes: Arc<[u8]> = Arc::from(text.into_bytes());
    let workers = Workers::new(1);
    let pass = |work: &dyn Fn(&mut RecordStream) -> usize| {
        let mut count = 0;
        for _ in 0..input.repeat {
            let bytes = Arc::clone(&bytes);
            let source = read::Source {
                name: "recordings".to_owned(),
                file: FileId(0),
                receipt: None,
                open: Box::new(move || Ok(Box::new(std::io::Cursor::new(Arc::clone(&bytes))))),
            };
            count += work(&mut RecordStream::new(vec![source], Options::default()));
        }
        count
    };
    measure("own: reading alone", input.events(), || {
        pass(&|stream| {
            let mut record = Record::default();
            while stream.next_into(&mut record) {}
            0
        })
    });
    input
        .records
        .iter()
        .for_each(|record| detector.detect(record, &mut Scratch::default(), &mut Vec::new()));
    measure("own: bytes to detections", input.events(), || {
        pass(&|stream| {
            let mut correlator = Correlator::new(set);
            let mut count = 0;
            detect(stream, &detector, &mut correlator, workers, |_, detections| {
                count += detections.len()
            });
            count
        })
    })
}

fn engines(set: &RuleSet, input: &Input) -> HashMap<Source, Engine> {
    let mut engines: HashMap<Source, Engine> = HashMap::new();
    for source in input.records.iter().map(Source::of) {
        engines.entry(source.clone()).or_insert_with(|| {
            let chosen = set
                .rules()
                .iter()
                .zip(set.compiled())
                .filter(|(rule, _)| source.runs(&rule.log_source));
            let mut engine = Engine::new();
            engine.extend_compiled_rules(chosen.map(|(_, compiled)| compiled.clone()));
            engine
        });
    }
    engines
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let Some((rules, recordings)) = arguments.split_first() else {
        println!("give a folder of rules and recordings (.json.zst)");
        return;
    };
    let repeat = std::env::var("REPEAT")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let files = inputs::rule_texts(Path::new(rules));
    let wall = std::time::Instant::now();
    let set = Arc::new(RuleSet::load(&files, NonZeroUsize::new(2).unwrap()));
    println!(
        "load: {:.3} s wall on 2 threads, {} rules",
        wall.elapsed().as_secs_f64(),
        set.report().rules
    );
    let input = Input::new(recordings, repeat);
    println!("{} records, {repeat} times", input.records.len());
    let parse = parse_alone(&input);
    let own = own(&set, &input);
    let whole = own_from_bytes(&set, &input);
    if std::env::var_os("OWN_ONLY").is_some() {
        return;
    }
    let engines = engines(&set, &input);
    let per_source = measure(
        "rsigma: one engine per log source, on JSON",
        input.events(),
        || {
            input.count(|record, json| {
                engines
                    .get(&Source::of(record))
                    .unwrap()
                    .evaluate(&JsonEvent::borrow(json))
                    .len()
            })
        },
    );
    measure("rsigma: the same on our view of records", input.events(), || {
        input.count(|record, _| {
            let source = Source::of(record);
            engines
                .get(&source)
                .unwrap()
                .evaluate(&View::new(record, &source))
                .len()
        })
    });
    let engine = routed(&set);
    let one = measure("rsigma: one engine, routed, on JSON", input.events(), || {
        input.count(|record, json| {
            engine
                .evaluate_pruned(&JsonEvent::borrow(json), &log_source(record))
                .len()
        })
    });
    compare(parse, own, whole, per_source, one);
}

/// Prints the ratios that matter, from events per CPU second.
fn compare(parse: f64, own: f64, whole: f64, per_source: f64, one: f64) {
    println!(
        "evaluation alone: {:.2} × per source, {:.2} × one engine routed",
        own / per_source,
        own / one
    );
    let with_parsing = |rate: f64| 1.0 / (1.0 / rate + 1.0 / parse);
    println!(
        "bytes to detections: {:.2} × serde_json and per source, {:.2} × serde_json and one engine routed",
        whole / with_parsing(per_source),
        whole / with_parsing(one)
    );
}

/// Product, first service and first category, as rsigma's router states them.
fn log_source(record: &Record) -> LogSource {
    let described = Source::of(record).describe();
    let mut parts = described
        .split('/')
        .map(|part| part.split('+').next().filter(|word| *word != "-"));
    let mut next = || parts.next().flatten().map(str::to_owned);
    LogSource {
        product: next(),
        service: next(),
        category: next(),
        ..LogSource::default()
    }
}
