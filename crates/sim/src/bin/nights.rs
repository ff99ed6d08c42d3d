//! Runs nights of faults by the million: `nights FROM TO` runs those seeds, `nights print SEED` says all that happens in one,
//! `nights calm SEED` in one without faults.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command speaks on its terminal"
)]

use std::process::ExitCode;
use std::time::Instant;

use cordon_sim::execution::Night;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["print", seed] => seed
            .parse()
            .map_or_else(|_| usage(), |seed| print_night(Night::new(seed))),
        ["calm", seed] => seed
            .parse()
            .map_or_else(|_| usage(), |seed| print_night(Night::calm(seed))),
        [from, to] => match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => run(from, to),
            _ => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: nights FROM TO     run the nights of these seeds\n       nights print SEED  say all that happens in one\n       nights calm SEED   the same without faults"
    );
    ExitCode::from(2)
}

fn print_night(night: Night) -> ExitCode {
    let report = night.printing().run();
    for line in &report.violations {
        println!("{line}");
    }
    println!(
        "{} events, {} effects, {} entries, {} crashes",
        report.events, report.effects, report.entries, report.crashes
    );
    ExitCode::SUCCESS
}

fn run(from: u64, to: u64) -> ExitCode {
    let started = Instant::now();
    let (mut failed, mut effects, mut crashes, mut events) = (0_u64, 0_u64, 0_u64, 0_u64);
    for seed in from..to {
        let report = Night::new(seed).run();
        effects += u64::from(report.effects);
        crashes += u64::from(report.crashes);
        events += u64::from(report.events);
        if let Some(first) = report.violations.first() {
            failed += 1;
            println!("seed {seed}: {first}");
        }
        if (seed - from) % 10_000 == 9_999 {
            eprintln!(
                "{} nights, {failed} failed, {:.0} s",
                seed - from + 1,
                started.elapsed().as_secs_f64()
            );
        }
    }
    println!(
        "{} nights, {events} events, {effects} effects at servers, {crashes} crashes: {failed} nights failed, {:.1} s",
        to - from,
        started.elapsed().as_secs_f64()
    );
    ExitCode::from(u8::from(failed > 0))
}
