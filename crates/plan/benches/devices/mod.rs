//! What is solved, and what it took.

mod bounds;
#[path = "../support/clock.rs"]
mod clock;
mod counting;
mod dense;
#[path = "../incidents/draw.rs"]
#[allow(dead_code, reason = "the shares by kind are tabled by another benchmark")]
mod draw;
#[path = "../support/folder.rs"]
mod folder;

use std::cell::RefCell;
use std::fmt::{Display, Formatter};
use std::path::Path;
use std::rc::Rc;
use std::str::FromStr;

use cordon_estate::Estate;
use cordon_plan::devices::Devices;
use cordon_plan::document::Status;
use cordon_plan::master::Master;
use cordon_plan::{Constraints, Foothold, Planner, Settings, Watch};
use cordon_reach::Options;
use cordon_sim::northgate;

use bounds::{Bounding, Bounds};
use clock::timed;
use counting::{Count, Counting};
use draw::{Pools, Random};

/// Incidents drawn at one estate.
const DRAWN: u64 = 10;

/// What one or several solves took together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    cpu_seconds: f64,
    master_seconds: f64,
    rounds: u64,
    ways: u64,
    rows: u64,
    nodes: u64,
    cost_pence: i64,
    unproven: u64,
}

impl Figures {
    fn add(&mut self, cpu_seconds: f64, (cost_pence, ways): (i64, u32), is_proven: bool, count: &Count) {
        self.cpu_seconds += cpu_seconds;
        self.master_seconds += count.seconds.get();
        self.rounds += count.masters.get();
        self.nodes += count.nodes.get();
        self.rows = self.rows.max(count.rows.get());
        self.ways += u64::from(ways);
        self.cost_pence += cost_pence;
        self.unproven += u64::from(!is_proven);
    }

    /// The cells of a row of the table.
    pub(crate) fn cells(&self) -> String {
        let unproven = match self.unproven {
            0 => String::new(),
            count => format!(", {count} not proven"),
        };
        format!(
            "{:.4} | {:.4} | {} | {} | {} | {} | £{:.2}{unproven}",
            self.cpu_seconds,
            self.master_seconds,
            self.rounds,
            self.ways,
            self.rows,
            self.nodes,
            self.cost_pence as f64 / 100.0
        )
    }
}

impl Display for Figures {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        let Self {
            cpu_seconds,
            master_seconds,
            rounds,
            ways,
            rows,
            nodes,
            cost_pence,
            unproven,
        } = self;
        write!(
            to,
            "{cpu_seconds} {master_seconds} {rounds} {ways} {rows} {nodes} {cost_pence} {unproven}"
        )
    }
}

impl FromStr for Figures {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [cpu, masters, counts @ .., cost, unproven] = words.as_slice() else {
            return Err(());
        };
        let number = |word: &str| word.parse::<u64>().map_err(|_| ());
        let [rounds, ways, rows, nodes] = counts else {
            return Err(());
        };
        Ok(Self {
            cpu_seconds: cpu.parse().map_err(|_| ())?,
            master_seconds: masters.parse().map_err(|_| ())?,
            rounds: number(rounds)?,
            ways: number(ways)?,
            rows: number(rows)?,
            nodes: number(nodes)?,
            cost_pence: cost.parse().map_err(|_| ())?,
            unproven: number(unproven)?,
        })
    }
}

/// Solves what is named with some devices.
pub(crate) fn measure(what: &str, devices: Devices) -> Option<Figures> {
    let mut figures = Figures::default();
    each(what, &mut |one| {
        let count = Rc::new(Count::default());
        let master = Counting::new(devices, Rc::clone(&count));
        let (solved, took) = one.solved(Box::new(master), devices);
        figures.add(took, (solved.cost_pence, solved.ways), solved.is_proven, &count);
    })?;
    Some(figures)
}

/// The bounds of all masters of what is named.
pub(crate) fn bounds(what: &str) -> Option<Bounds> {
    let bounds = Rc::new(RefCell::new(Bounds::default()));
    each(what, &mut |one| {
        one.solved(Box::new(Bounding(Rc::clone(&bounds))), Devices::USED);
    })?;
    let bounds = *bounds.borrow();
    Some(bounds)
}

/// What came of one solve.
struct Solved {
    cost_pence: i64,
    ways: u32,
    is_proven: bool,
}

/// One thing to solve.
enum One<'a> {
    Dense(&'static dense::Size, u64),
    Estate(&'a Estate, Vec<Foothold>),
}

impl One<'_> {
    /// Solves it; how long it took in CPU seconds.
    fn solved(&self, master: Box<dyn Master>, devices: Devices) -> (Solved, f64) {
        match self {
            One::Dense(size, seed) => dense::solved(size, *seed, &*master, devices),
            One::Estate(estate, footholds) => planned(estate, footholds, master),
        }
    }
}

/// Everything that a word stands for.
fn each(what: &str, work: &mut dyn FnMut(&One<'_>)) -> Option<()> {
    let count = |name: &str| what.strip_prefix(name)?.strip_prefix(':')?.parse::<u32>().ok();
    let problems = count("dense").map(|count| (count, &dense::DENSE));
    let larger = || count("larger").map(|count| (count, &dense::LARGER));
    if let Some((count, size)) = problems.or_else(larger) {
        for seed in 0..u64::from(count) {
            work(&One::Dense(size, seed));
        }
    } else if let Some(stores) = count("drawn") {
        let estate = northgate::generate(&northgate::Options {
            stores,
            ..northgate::Options::default()
        });
        let pools = Pools::of(&estate);
        for number in 0..DRAWN {
            let held = pools.draw(&mut Random::of(1, 1_000 + number));
            let footholds: Vec<Foothold> = held.into_iter().map(|(_, entity)| foothold(entity)).collect();
            work(&One::Estate(&estate, footholds));
        }
    } else {
        let folder = Path::new(what);
        let estate = folder::estate(folder)?;
        work(&One::Estate(&estate, folder::held(folder, &estate)));
    }
    Some(())
}

const fn foothold(entity: cordon_estate::Entity) -> Foothold {
    Foothold {
        entity,
        probability: 1.0,
    }
}

/// Plans from nothing, the estate being compiled.
fn planned(estate: &Estate, footholds: &[Foothold], master: Box<dyn Master>) -> (Solved, f64) {
    let mut planner = Planner::new(estate, &Options::default());
    planner.set_master(master);
    let settings = Settings {
        comparisons: false,
        certificate: false,
        seconds_max: f64::INFINITY,
        ..Settings::default()
    };
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || 0.0,
    };
    let constraints = Constraints::default();
    let (document, took) = timed(|| planner.plan(footholds, &settings, &constraints, &mut watch));
    let proof = &document.optimality;
    let solved = Solved {
        cost_pence: document.cost.total_pence,
        ways: proof.derivations,
        is_proven: proof.status != Status::Feasible,
    };
    (solved, took)
}

/// CPU seconds of another process with one thread, so far.
pub(crate) fn cpu_seconds_of(process: u32) -> f64 {
    let scheduled = std::fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap_or_default();
    let nanoseconds = scheduled
        .split(' ')
        .next()
        .and_then(|word| word.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}
