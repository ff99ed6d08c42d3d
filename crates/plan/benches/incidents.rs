//! Cordon beside what others do, over incidents drawn at Northgate: `make incidents INCIDENTS=1000 SEED=1`, or
//! `cargo bench -p cordon-plan --bench incidents -- INCIDENTS SEED [PICTURE [THREADS]]`.
//!
//! Prints the tables as Markdown and writes the picture (SVG). Without arguments eight incidents at the smallest estates
//! run, to show that it works. How incidents are drawn is in `incidents/draw.rs`, what is judged and how in
//! `incidents/judge.rs`, each method in a file of its own.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it measured"
)]

#[path = "incidents/mod.rs"]
mod incidents;

use std::process::ExitCode;

use incidents::draw::STORES;
use incidents::picture::picture;
use incidents::run::{Asked, run};
use incidents::table::{seconds, table};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let number = |place: usize| arguments.get(place).and_then(|word| word.parse::<u64>().ok());
    let small = arguments.is_empty();
    let asked = Asked {
        incidents: number(0).map_or(8, |count| count as usize),
        seed: number(1).unwrap_or(1),
        stores: if small { (STORES.0, STORES.0) } else { STORES },
        threads: number(3).map_or_else(processors, |count| count as usize),
    };
    let run = run(asked, &|line| eprintln!("{line}"));
    println!("{}\n{}", table(&run), seconds(&run));
    if let Some(path) = arguments.get(2)
        && let Err(error) = std::fs::write(path, picture(&run))
    {
        eprintln!("cannot write {path}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::from(!run.contradictions.is_empty()))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
