//! The one harness that every enforcement point passes: fail each step in turn, repeat each, lift twice, compare the world.
//!
//! The idea is that of sagas tested by sweeping failure over every step. A [`World`] is a real server (or the simulated one) of which
//! one can have a fresh [`EnforcementPoint`] and a picture taken by another way than the point's own.

use std::fmt;
use std::time::Duration;

use crate::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointState, Probe,
    ProbeAnswer, Standing, Target,
};

/// How long each call may take. Real servers on a busy machine answer within seconds, and a call that hangs is found all the same.
const DEADLINE: Duration = Duration::from_secs(120);

/// A server to sweep over.
pub trait World {
    /// The point under test, newly made, as after a restart of the process that holds it.
    fn point(&mut self) -> Box<dyn EnforcementPoint>;

    /// Everything at the server that a withdrawal of `target` could change, read by another way than the point reads it. Two pictures
    /// of the same world are equal, byte for byte.
    fn picture(&mut self, target: &Target) -> String;

    /// Withdraws `target` by another way than the point, as an administrator would; false if there is no such way.
    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        false
    }

    /// Undoes [`Self::withdraw_outside`].
    fn restore_outside(&mut self, _target: &Target) {}

    /// True if a probe can tell `target` open from withdrawn, so that [`ProbeAnswer::Inconclusive`] is a failure.
    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        true
    }

    /// Called before each run, so that a world can bring back what a run consumes: a client that was thrown out connects again.
    fn before_run(&mut self, _target: &Target) {}
}

/// What can go wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never reached the server.
    Lost,
    /// It had its effect, but the reply was lost.
    ReplyLost,
    /// It reached the server twice.
    Twice,
}

/// The calls of one run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The first observation, whose state is to be given back.
    Observe,
    /// The withdrawal.
    Apply,
    /// The try that must be refused.
    ProbeRefused,
    /// The lift.
    Lift,
    /// The try that must get through.
    ProbeAdmitted,
}

const CALLS: [Call; 5] = [
    Call::Observe,
    Call::Apply,
    Call::ProbeRefused,
    Call::Lift,
    Call::ProbeAdmitted,
];
const FAULTS: [Fault; 3] = [Fault::Lost, Fault::ReplyLost, Fault::Twice];

/// What a sweep found wrong: where, and what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct SweepFailure {
    /// The run and the call.
    pub place: String,
    /// What was found.
    pub what: String,
}

fn failure(place: impl fmt::Debug, what: impl fmt::Display) -> SweepFailure {
    SweepFailure {
        place: format!("{place:?}"),
        what: what.to_string(),
    }
}

/// One part of a sweep. Each begins and ends with the world as it was, so that several worlds can share the parts of one sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One withdrawal and its lift, with at most one fault.
    Run(Option<(Call, Fault)>),
    /// What was withdrawn before by somebody else.
    AlreadyWithdrawn,
    /// A withdrawal that assumes what does not stand.
    WrongAssumption,
}

/// All parts of a sweep.
pub fn parts() -> impl Iterator<Item = Part> {
    let faults = CALLS
        .into_iter()
        .flat_map(|call| FAULTS.map(|fault| Part::Run(Some((call, fault)))));
    std::iter::once(Part::Run(None))
        .chain(faults)
        .chain([Part::AlreadyWithdrawn, Part::WrongAssumption])
}

/// Runs everything there is for one target and says how many parts were run.
///
/// # Errors
/// The first [`SweepFailure`].
pub fn sweep(world: &mut dyn World, target: &Target) -> Result<usize, SweepFailure> {
    parts().try_fold(0, |count, part| {
        Ok(count + usize::from(sweep_part(world, target, part)?))
    })
}

/// Runs one part of a sweep; false if this world has no way to run it.
///
/// # Errors
/// The first [`SweepFailure`].
pub fn sweep_part(world: &mut dyn World, target: &Target, part: Part) -> Result<bool, SweepFailure> {
    match part {
        Part::Run(fault) => run(world, target, fault).map(|()| true),
        Part::AlreadyWithdrawn => already_off_stays_off(world, target),
        Part::WrongAssumption => wrong_assumption_is_refused(world, target).map(|()| true),
    }
}

/// One withdrawal and its lift, with at most one fault; the world must be as before.
fn run(world: &mut dyn World, target: &Target, fault: Option<(Call, Fault)>) -> Result<(), SweepFailure> {
    world.before_run(target);
    let mark = Mark::from("cordon:5eeb5eeb5eeb5eeb");
    let before = world.picture(target);
    let decisive = world.probe_is_decisive(target);
    let here = |call: Call| fault.filter(|(at, _)| *at == call).map(|(_, fault)| fault);

    let seen = call(world, here(Call::Observe), &mut |point| {
        point.observe(target, DEADLINE)
    })
    .map_err(|error| failure((Call::Observe, fault), error))?;
    expect_standing(&seen, Standing::Open).map_err(|what| failure((Call::Observe, fault), what))?;
    let prior = seen.state;

    let left = call(world, here(Call::Apply), &mut |point| {
        let applying = Applying {
            target,
            prior: &prior,
            mark: &mark,
            lease_until: None,
        };
        point.apply(&applying, DEADLINE)
    })
    .map_err(|error| failure((Call::Apply, fault), error))?;
    expect_standing(&left, Standing::Withdrawn).map_err(|what| failure((Call::Apply, fault), what))?;
    if world.picture(target) == before {
        return Err(failure(
            (Call::Apply, fault),
            "the withdrawal changed nothing at the server",
        ));
    }

    let probe = call(world, here(Call::ProbeRefused), &mut |point| {
        point.probe(target, DEADLINE)
    })
    .map_err(|error| failure((Call::ProbeRefused, fault), error))?;
    expect_answer(&probe, ProbeAnswer::Refused, decisive)
        .map_err(|what| failure((Call::ProbeRefused, fault), what))?;

    // After a lost reply of the withdrawal nobody knows what it left.
    let known = (here(Call::Apply) != Some(Fault::ReplyLost)).then_some(&left.state);
    let after = call(world, here(Call::Lift), &mut |point| {
        point.lift(
            &Lifting {
                target,
                prior: &prior,
                left: known,
                mark: &mark,
            },
            DEADLINE,
        )
    })
    .map_err(|error| failure((Call::Lift, fault), error))?;
    if after.state != prior {
        return Err(failure(
            (Call::Lift, fault),
            format!("{:?} came back for {prior:?}", after.state),
        ));
    }

    let probe = call(world, here(Call::ProbeAdmitted), &mut |point| {
        point.probe(target, DEADLINE)
    })
    .map_err(|error| failure((Call::ProbeAdmitted, fault), error))?;
    expect_answer(&probe, ProbeAnswer::Admitted, decisive)
        .map_err(|what| failure((Call::ProbeAdmitted, fault), what))?;
    expect_world(world, target, &before).map_err(|what| failure(("after the lift", fault), what))
}

/// Makes one call on a fresh point, with a fault; after a fault it is made again on another fresh point, as recovery would.
fn call<T>(
    world: &mut dyn World,
    fault: Option<Fault>,
    make: &mut dyn FnMut(&mut dyn EnforcementPoint) -> Result<T, PointError>,
) -> Result<T, PointError> {
    match fault {
        None => {}
        Some(Fault::Lost) => drop(world.point()),
        // The answer is not seen by anybody; an error would not be seen either, and shows when the call is made again.
        Some(Fault::ReplyLost) => drop(make(&mut *world.point())),
        Some(Fault::Twice) => drop(make(&mut *world.point())?),
    }
    make(&mut *world.point())
}

/// What was off before is off after a withdrawal and its lift.
fn already_off_stays_off(world: &mut dyn World, target: &Target) -> Result<bool, SweepFailure> {
    const PLACE: &str = "already withdrawn by somebody else";
    world.before_run(target);
    let open = world.picture(target);
    if !world.withdraw_outside(target) {
        return Ok(false);
    }
    let off = world.picture(target);
    let mark = Mark::from("cordon:0ff0ff0ff0ff0ff0");
    let seen = world
        .point()
        .observe(target, DEADLINE)
        .map_err(|error| failure(PLACE, error))?;
    expect_standing(&seen, Standing::Withdrawn).map_err(|what| failure(PLACE, what))?;
    let prior = seen.state;
    let applying = Applying {
        target,
        prior: &prior,
        mark: &mark,
        lease_until: None,
    };
    let left = world
        .point()
        .apply(&applying, DEADLINE)
        .map_err(|error| failure(PLACE, error))?;
    let lifting = Lifting {
        target,
        prior: &prior,
        left: Some(&left.state),
        mark: &mark,
    };
    world
        .point()
        .lift(&lifting, DEADLINE)
        .map_err(|error| failure(PLACE, error))?;
    expect_world(world, target, &off).map_err(|what| failure(PLACE, what))?;
    world.restore_outside(target);
    expect_world(world, target, &open).map_err(|what| failure("restored by somebody else", what))?;
    Ok(true)
}

/// A withdrawal that assumes what does not stand is refused and changes nothing.
fn wrong_assumption_is_refused(world: &mut dyn World, target: &Target) -> Result<(), SweepFailure> {
    const PLACE: &str = "assuming what does not stand";
    world.before_run(target);
    let before = world.picture(target);
    let mark = Mark::from("cordon:57a1e57a1e57a1e5");
    let wrong = PointState(serde_json::json!({"assumed": "what never stood"}));
    let applying = Applying {
        target,
        prior: &wrong,
        mark: &mark,
        lease_until: None,
    };
    match world.point().apply(&applying, DEADLINE) {
        Err(error) if error.kind == PointErrorKind::Stale => {}
        other => {
            return Err(failure(
                PLACE,
                format!("expected a refusal (Stale), got {other:?}"),
            ));
        }
    }
    expect_world(world, target, &before).map_err(|what| failure(PLACE, what))
}

fn expect_standing(seen: &Observation, wanted: Standing) -> Result<(), String> {
    if seen.standing == wanted {
        return Ok(());
    }
    Err(format!(
        "{:?} where {wanted:?} was expected: {:?}",
        seen.standing, seen.state
    ))
}

fn expect_answer(probe: &Probe, wanted: ProbeAnswer, decisive: bool) -> Result<(), String> {
    let open = !decisive && probe.answer == ProbeAnswer::Inconclusive;
    if probe.answer == wanted || open {
        return Ok(());
    }
    Err(format!(
        "the try said {:?} where {wanted:?} was expected: {}",
        probe.answer, probe.how
    ))
}

fn expect_world(world: &mut dyn World, target: &Target, wanted: &str) -> Result<(), String> {
    let found = world.picture(target);
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "the server is not as before.\nbefore:\n{wanted}\nafter:\n{found}"
    ))
}
