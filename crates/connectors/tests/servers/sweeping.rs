//! A sweep that several worlds share: for servers that make one wait.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::sync::Mutex;

use cordon_act::Target;
use cordon_act::sweep::{Part, World, parts, sweep_part};

/// Sweeps over `count` worlds at once, each on a thread of its own: whoever is done with a part takes the next. Says how many parts
/// were run, or nothing if the worlds cannot be had here.
pub(crate) fn sweep_among<W: World>(
    count: usize,
    world: impl Fn() -> Option<W> + Sync,
    target: &Target,
) -> Option<usize> {
    let left: Mutex<Vec<Part>> = Mutex::new(parts().collect());
    let next = || left.lock().unwrap().pop();
    let work = || {
        let mut world = world()?;
        let mut run = 0;
        while let Some(part) = next() {
            match sweep_part(&mut world, target, part) {
                Ok(done) => run += usize::from(done),
                Err(failure) => panic!("{failure}"),
            }
        }
        Some(run)
    };
    // Threads of the test's name, so that what is skipped is told by that.
    let name = std::thread::current().name().unwrap_or("a sweep").to_owned();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                let thread = std::thread::Builder::new().name(name.clone());
                thread.spawn_scoped(scope, work).unwrap()
            })
            .collect();
        let runs = threads.into_iter().map(|thread| match thread.join() {
            Ok(run) => run,
            Err(reason) => std::panic::resume_unwind(reason),
        });
        runs.collect::<Vec<_>>().into_iter().sum()
    })
}
