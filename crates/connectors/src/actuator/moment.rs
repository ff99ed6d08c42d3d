//! A process that was killed while it started a program is outlived, for a moment, by that program's copies of all its open files: a lock
//! stays held, a socket answers, a port stays taken. Until the program runs, it is nobody who has them.

use std::time::{Duration, Instant};

/// How long they may stay: until a program that was begun runs, on a machine that has much else to do.
const MOMENT: Duration = Duration::from_secs(3);

/// How often it is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Tries until it works, or the moment is over.
///
/// # Errors
/// That of the last try.
pub(super) fn within_a_moment<T, E>(mut attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let until = Instant::now() + MOMENT;
    loop {
        match attempt() {
            Err(_) if Instant::now() < until => std::thread::sleep(AGAIN_AFTER),
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_works_a_moment_later_works_and_what_never_does_is_given_up() {
        let mut tries = 0;
        let worked = within_a_moment(|| {
            tries += 1;
            if tries > 3 { Ok(tries) } else { Err("not yet") }
        });
        assert_eq!(worked, Ok(4));
        assert_eq!(within_a_moment(|| Err::<(), _>("never")), Err("never"));
    }
}
