//! What each device of the solver is worth: `cargo bench -p cordon-plan --bench devices -- SECONDS FOLDER...`.
//!
//! Each folder holds an estate and its evidence.json, as `cordon estate generate` writes them; the word `dense` stands for twenty
//! random dense problems, and `drawn:STORES` for ten incidents drawn at Northgate with so many stores. Each is planned for
//! with every device and with each one left out, every time in a process of its own that is ended after so many CPU seconds. Prints CPU
//! seconds of the solving thread and those of them spent on masters, masters solved (rounds), ways found, rows of the largest master, and
//! nodes of all search trees. `bounds FOLDER...` prints instead how close the bounds by dual ascent and by linear relaxation come, before
//! anything is decided, to the optimum of every master. Plans are without certificate and comparisons; reading and compiling are not counted. Without arguments
//! one problem is solved, to show that it works. `devices/` has the rest.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "devices/mod.rs"]
mod parts;

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use cordon_plan::devices::{Device, Devices};
use parts::{Figures, bounds, cpu_seconds_of, measure};

/// The word that asks for bounds instead.
const BOUNDS: &str = "bounds";

/// The word that a child is told by.
const ONE: &str = "--one";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [one, what, left_out] = words.as_slice()
        && one == ONE
    {
        let devices = left_out.parse().map_or(Devices::USED, Devices::of_bits);
        return match measure(what, devices) {
            Some(figures) => {
                println!("{figures}");
                ExitCode::SUCCESS
            }
            None => ExitCode::FAILURE,
        };
    }
    if let Some((BOUNDS, named)) = words.split_first().map(|(word, rest)| (word.as_str(), rest)) {
        table_of_bounds(named);
        return ExitCode::SUCCESS;
    }
    let seconds = words.first().and_then(|word| word.parse().ok()).unwrap_or(5);
    let named = words.get(1..).unwrap_or_default();
    let small = ["dense:1".to_owned()];
    for what in if named.is_empty() { &small } else { named } {
        table(what, seconds);
    }
    ExitCode::SUCCESS
}

/// Prints the table of one estate or set of problems.
fn table(what: &str, most: u32) {
    let name = what.rsplit('/').find(|part| !part.is_empty()).unwrap_or(what);
    println!("{name}, at most {most} CPU s each");
    println!(
        "\n| device left out, or added | CPU s | on masters | rounds | ways | rows of the largest | nodes | cost |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let changed = Device::ALL.map(|device| {
        if Devices::USED.has(device) {
            (format!("{device:?}"), Devices::USED.without(device))
        } else {
            (format!("{device:?}, added"), Devices::USED.with(device))
        }
    });
    let used = [("none".to_owned(), Devices::USED)];
    for (device, devices) in used.into_iter().chain(changed) {
        match run(what, devices, most) {
            Ok(figures) => println!("| {device} | {} |", figures.cells()),
            Err(why) => println!("| {device} | {why} | | | | | | |"),
        }
    }
    println!();
}

/// Prints how close the two bounds at the root come to the optimum.
fn table_of_bounds(named: &[String]) {
    println!(
        "| masters of | proven | dual ascent whole | mean | least | linear relaxation whole | mean | least |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for what in named {
        let name = what.rsplit('/').find(|part| !part.is_empty()).unwrap_or(what);
        match bounds(what) {
            Some(bounds) => println!("| {name} | {} |", bounds.cells()),
            None => println!("| {name} | no estate here | | | | | | |"),
        }
    }
}

/// Measures in a process of its own, which is ended when its time is up.
fn run(what: &str, devices: Devices, most: u32) -> Result<Figures, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args([ONE, what, &devices.bits().to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    loop {
        if let Ok(Some(_)) = child.try_wait() {
            break;
        }
        if cpu_seconds_of(child.id()) > f64::from(most) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("not within {most} s"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.parse().map_err(|()| "failed".to_owned())
}
