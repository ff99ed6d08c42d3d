//! The same work for many worlds, on several threads. What comes of it is in the order of the worlds, whoever did it.

use std::sync::{Mutex, PoisonError};

/// What `work` makes of each item, in their order. Every thread has working memory of its own.
///
/// The calling thread works too. Where the system gives no more threads, those that there are do it all.
pub(super) fn in_order<T: Send, R: Send, M>(
    items: Vec<T>,
    threads: usize,
    memory: impl Fn() -> M + Sync,
    work: impl Fn(&mut M, T) -> R + Sync,
) -> Vec<R> {
    let others = threads.min(items.len()).saturating_sub(1);
    if others == 0 {
        let mut memory = memory();
        return items.into_iter().map(|item| work(&mut memory, item)).collect();
    }
    let left = Mutex::new(items.into_iter().enumerate());
    let take = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let share = || {
        let (mut memory, mut done) = (memory(), Vec::new());
        while let Some((place, item)) = take() {
            done.push((place, work(&mut memory, item)));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let begin = |_| std::thread::Builder::new().spawn_scoped(scope, share).ok();
        let others: Vec<_> = (0..others).filter_map(begin).collect();
        let mut done = share();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let slow = |count: &mut u32, item: u64| {
            *count += 1;
            (0..(item * 7_919) % 5_000).fold(item, |sum, one| std::hint::black_box(sum ^ one ^ one))
        };
        for threads in [0, 1, 2, 3, 64] {
            for items in [0, 1, 2, 500] {
                let wanted: Vec<u64> = (0..items).collect();
                assert_eq!(in_order(wanted.clone(), threads, || 0, slow), wanted, "{threads}");
            }
        }
    }

    #[test]
    fn a_panic_of_another_thread_is_one_of_the_caller() {
        let work = |(): &mut (), item: u32| assert_ne!(item, 40);
        let all = || in_order((0..100).collect(), 2, || (), work);
        assert!(std::panic::catch_unwind(all).is_err());
    }
}
