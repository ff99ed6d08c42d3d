//! Commands that carry plans out and take them back, and what they share.

pub(super) mod apply;
pub(super) mod approve;
pub(super) mod doctor;
pub(crate) mod lift;
pub(super) mod renew;
pub(super) mod resume;
pub(super) mod signing;
pub(super) mod status;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use cordon_act::approval::AllowedSigners;
use cordon_act::{Book, LeaseEnd, OrderId, Orders, VolumeLimits};
use cordon_incident::orders::{Made, Terms, orders};
use cordon_plan::PlanDocument;
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::record::Place;
use crate::input::{estate, text};
use crate::render::carry as words;

/// Where the record and the actuator are.
#[derive(Debug, Args)]
pub(crate) struct Execution {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The socket of the actuator, the process that holds the credentials of the enforcement points
    #[arg(
        long,
        value_name = "SOCKET",
        env = "CORDON_ACTUATOR",
        default_value = "/run/cordon/actuator.sock"
    )]
    pub(crate) actuator: PathBuf,
}

/// How long servers that do not answer are tried.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Waiting {
    /// How long to go on trying while a server fails or does not answer; the same command takes it up again
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    wait: SignedDuration,
}

impl Waiting {
    /// Whether the time is over, from now on.
    pub(crate) fn is_over(self) -> Result<impl Fn() -> bool, Failure> {
        let wait = Duration::try_from(self.wait).map_err(|_| Failure::input("--wait is no time: 5m, say"))?;
        let since = Instant::now();
        Ok(move || since.elapsed() >= wait)
    }
}

/// The end of a command that carries something out and did not get to its end.
fn not_done(book: &Book, orders: &[OrderId]) -> Result<Answer, Failure> {
    words::failing(book, orders).map_or(Ok(Answer::No), |what| {
        Err(Failure::Point(format!(
            "not done yet: {what}\nWhat was done stands. The same command goes on from there."
        )))
    })
}

/// The plan that is approved or carried out, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Planned {
    /// The plan, as `cordon plan -o` writes it
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// The folder of the estate that the plan was made from
    #[arg(long, value_name = "DIR")]
    pub(crate) estate: PathBuf,
    /// How long the withdrawals are valid unless renewed
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    pub(crate) lease: SignedDuration,
    /// What happens when that time is over and nobody answered
    #[arg(long, value_enum, value_name = "WHAT", default_value = "hold")]
    pub(crate) at_lease_end: AtLeaseEnd,
    /// Most targets withdrawn in a minute at one point; more than 6000 needs the third approval, in the role cordon-bulk
    #[arg(long, value_name = "TARGETS", default_value_t = VolumeLimits::default().per_point_and_minute,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) per_minute: u32,
}

/// What becomes of a withdrawal whose lease ended.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AtLeaseEnd {
    /// It stays, and is said to be overdue
    Hold,
    /// It is lifted
    Lift,
}

impl Planned {
    /// The orders of the plan. The same plan, estate and terms give the same orders, byte for byte.
    pub(crate) fn made(&self, console: &Console) -> Result<Made, Failure> {
        let json = text(&self.plan)?;
        let plan: PlanDocument = serde_json::from_str(&json).map_err(|error| {
            Failure::input(format!(
                "{}:{}:{}: not a plan: {error}\n`cordon plan -o FILE` writes one.",
                self.plan.display(),
                error.line(),
                error.column()
            ))
        })?;
        let estate = estate::load(Some(&self.estate), console)?;
        let verdict = cordon_plan::check::verify_to_carry_out(&plan, &estate);
        if let Some(problem) = verdict.problems.first() {
            return Err(Failure::input(format!(
                "the plan does not hold for this estate: {}: {}\n`cordon verify` lists everything; make the plan anew.",
                problem.field, problem.text
            )));
        }
        orders(&plan, &estate, &self.terms()?).map_err(|error| Failure::input(error.to_string()))
    }

    fn terms(&self) -> Result<Terms, Failure> {
        let minutes = u32::try_from(self.lease.as_mins())
            .ok()
            .filter(|minutes| *minutes > 0);
        let lease_minutes =
            minutes.ok_or_else(|| Failure::input("--lease must be at least a minute, such as 8h"))?;
        let at_lease_end = match self.at_lease_end {
            AtLeaseEnd::Hold => LeaseEnd::Hold,
            AtLeaseEnd::Lift => LeaseEnd::Lift,
        };
        Ok(Terms {
            lease_minutes,
            at_lease_end,
            limits: VolumeLimits {
                per_point_and_minute: self.per_minute,
                ..VolumeLimits::default()
            },
        })
    }
}

/// Reads an allowed-signers file.
pub(crate) fn signers(path: &Path) -> Result<AllowedSigners, Failure> {
    let content = text(path)?;
    AllowedSigners::parse(&content, &TimeZone::system()).map_err(|mistakes| {
        let lines: Vec<String> = mistakes
            .iter()
            .map(|mistake| format!("{}: {mistake}", path.display()))
            .collect();
        Failure::input(lines.join("\n"))
    })
}

/// The orders as a person reads them before they are approved.
pub(crate) fn listed(made: &Made) -> String {
    use std::fmt::Write as _;
    let orders: &Orders = &made.orders;
    let mut text = format!(
        "Plan {}, orders {}\n\n",
        short(&orders.plan_hash),
        short(&orders.digest())
    );
    for order in &orders.orders {
        let _ = writeln!(text, "  {}  {}, at {}", order.id, order.text, order.point);
        for target in order.targets.iter().take(8) {
            let _ = writeln!(text, "{:17}{target}", "");
        }
        if let Some(more) = order.targets.len().checked_sub(8).filter(|more| *more > 0) {
            let _ = writeln!(text, "{:17}and {more} more", "");
        }
    }
    if !made.by_hand.is_empty() {
        text.push_str("\nTo be done by people, because no enforcement point can:\n");
        for one in &made.by_hand {
            let _ = writeln!(text, "  {}: {}", one.text, one.why);
        }
    }
    text
}

/// The start of a hash, enough to tell it from others on a screen.
pub(crate) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
