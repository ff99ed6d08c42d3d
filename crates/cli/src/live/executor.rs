//! The thread that carries standing plans out, ready before they are due: claims are taken and ways back proven beforehand.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use cordon_act::approval::{AllowedSigners, SignedStatement, Terms, approve};
use cordon_act::{Entry, Orders, PointName};
use cordon_store::Store;
use jiff::Timestamp;

use crate::carry::begin::Begin;
use crate::carry::{Executor, Told, record};
use crate::failure::Failure;

/// How often a break-glass logon is proven anew; a proof counts for an hour.
const PROVEN_AGAIN: Duration = Duration::from_secs(30 * 60);

/// A plan whose time has come.
pub(crate) struct Due {
    pub(crate) orders: Orders,
    pub(crate) signatures: Vec<SignedStatement>,
}

/// What the thread has to say.
pub(crate) enum Said {
    /// Something was recorded.
    Recorded(Box<Entry>),
    /// A plan was not begun, and why.
    NotBegun(String),
    /// It cannot go on.
    Ended(Failure),
}

/// The thread, as others see it.
pub(crate) struct Hand {
    due: Sender<Due>,
    waker: Sender<Told>,
    pub(crate) said: Receiver<Said>,
    /// What was recorded before it was started.
    pub(crate) past: Vec<(Timestamp, Entry)>,
}

impl Hand {
    /// Starts it, and returns when it is ready to carry out the plans of these orders.
    pub(crate) fn start(
        store: Box<dyn Store>,
        actuator: PathBuf,
        signers: AllowedSigners,
        plans: Vec<Orders>,
    ) -> Result<Self, Failure> {
        let past = record::all(&*store)?;
        let mut executor = Executor::start(store, &actuator)?;
        let mut ready = Readiness::new(plans);
        ready.prove(&actuator, &executor)?;
        let ((due, dues), (sender, said)) = (channel(), channel());
        let waker = executor.waker();
        std::thread::spawn(move || {
            let ended = serve(&mut executor, &actuator, &signers, &mut ready, &dues, &sender);
            // Whoever listened may be gone.
            let _ = ended.map_err(|failure| sender.send(Said::Ended(failure)));
        });
        Ok(Self {
            due,
            waker,
            said,
            past,
        })
    }

    /// Has a plan carried out now.
    pub(crate) fn carry_out(&self, due: Due) -> Result<(), Failure> {
        let gone = || Failure::Bug("the executor is gone".to_owned());
        self.due.send(due).map_err(|_| gone())?;
        self.waker.send(Told::Wake).map_err(|_| gone())
    }
}

/// Break-glass logons proven not long ago.
struct Readiness {
    plans: Vec<Orders>,
    proofs: Vec<(PointName, String)>,
    proven_at: Instant,
}

impl Readiness {
    fn new(plans: Vec<Orders>) -> Self {
        Self {
            plans,
            proofs: Vec::new(),
            proven_at: Instant::now(),
        }
    }

    fn prove(&mut self, actuator: &Path, executor: &Executor) -> Result<(), Failure> {
        self.proofs.clear();
        for orders in &self.plans {
            self.proofs
                .extend(begin(actuator).prove_break_glass(executor, orders)?);
        }
        self.proofs.sort();
        self.proofs.dedup_by(|one, other| one.0 == other.0);
        self.proven_at = Instant::now();
        Ok(())
    }

    fn of(&self, orders: &Orders) -> Vec<(PointName, String)> {
        let used = |point: &PointName| orders.orders.iter().any(|order| order.point == *point);
        self.proofs
            .iter()
            .filter(|(point, _)| used(point))
            .cloned()
            .collect()
    }
}

/// A plan that nobody watches begin never goes without a way back.
const fn begin(actuator: &Path) -> Begin<'_> {
    Begin {
        actuator,
        without_break_glass: false,
    }
}

fn serve(
    executor: &mut Executor,
    actuator: &Path,
    signers: &AllowedSigners,
    ready: &mut Readiness,
    dues: &Receiver<Due>,
    said: &Sender<Said>,
) -> Result<(), Failure> {
    // Nobody listens any more only when the process ends.
    let say = |what| drop(said.send(what));
    loop {
        for due in dues.try_iter() {
            if let Err(failure) = carry_out(executor, actuator, signers, ready, due) {
                say(Said::NotBegun(failure.to_string()));
            }
        }
        executor.turn(|entry| say(Said::Recorded(Box::new(entry.clone()))))?;
        if ready.proven_at.elapsed() > PROVEN_AGAIN
            && let Err(failure) = ready.prove(actuator, executor)
        {
            say(Said::NotBegun(failure.to_string()));
        }
    }
}

fn carry_out(
    executor: &mut Executor,
    actuator: &Path,
    signers: &AllowedSigners,
    ready: &Readiness,
    due: Due,
) -> Result<(), Failure> {
    let approved = approve(
        &due.orders,
        &due.signatures,
        signers,
        &Terms::at(Timestamp::now()),
    )
    .map_err(|error| Failure::input(format!("the plan is not approved: {error}")))?;
    let proofs = ready.of(&due.orders);
    begin(actuator).begin(executor, due.orders, (&approved, due.signatures), proofs)
}
