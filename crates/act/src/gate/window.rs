//! How many in the last minute: a window that slides by the second and has a bounded size.

use serde::{Deserialize, Serialize};

/// How long the window is, in seconds.
const SECONDS: i64 = 60;

/// Counts by the second. At most one count more than [`SECONDS`] is kept.
///
/// In any sixty seconds no more are counted than fit: what happened within a second counts until that whole second is past, so that a
/// place may become free up to a second late, never early.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window(Vec<(i64, u32)>);

impl Window {
    /// Counts one more at a second, if fewer than `limit` were counted in the last minute.
    ///
    /// # Errors
    /// How long to wait for a place, in seconds.
    pub(super) fn count(&mut self, second: i64, limit: u32) -> Result<(), u32> {
        self.slide(second);
        let counted: u64 = self.0.iter().map(|(_, count)| u64::from(*count)).sum();
        if counted >= u64::from(limit) {
            return Err(self.wait(second, counted, u64::from(limit)));
        }
        match self.0.last_mut() {
            Some((last, count)) if *last == second => *count = count.saturating_add(1),
            _ => self.0.push((second, 1)),
        }
        Ok(())
    }

    /// Drops what is past. A clock that was set back makes nothing free: what lies ahead counts as of now.
    fn slide(&mut self, second: i64) {
        self.0.retain(|(at, _)| at.saturating_add(SECONDS) >= second);
        let ahead: u32 = self
            .0
            .extract_if(.., |(at, _)| *at > second)
            .fold(0, |sum, (_, count)| sum.saturating_add(count));
        if ahead == 0 {
            return;
        }
        match self.0.last_mut() {
            Some((last, count)) if *last == second => *count = count.saturating_add(ahead),
            _ => self.0.push((second, ahead)),
        }
    }

    /// How long until so many have slid out that one fits.
    fn wait(&self, second: i64, counted: u64, limit: u64) -> u32 {
        let mut left = counted;
        for (at, count) in &self.0 {
            left = left.saturating_sub(u64::from(*count));
            if left < limit {
                let free = at.saturating_add(SECONDS + 1);
                return u32::try_from(free.saturating_sub(second)).unwrap_or(1).max(1);
            }
        }
        u32::try_from(SECONDS).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_of_a_minute_makes_nothing_free() {
        let mut window = Window::default();
        for second in [59, 59, 60] {
            window.count(second, 3).unwrap();
        }
        assert_eq!(window.count(61, 3), Err(59));
        assert_eq!(window.count(119, 3), Err(1));
        window.count(120, 3).unwrap();
        window.count(120, 3).unwrap();
        assert_eq!(window.count(120, 3), Err(1));
        assert_eq!(Window::default().count(0, 0), Err(60));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_free() {
        let mut window = Window::default();
        window.count(10_000, 2).unwrap();
        window.count(10_001, 2).unwrap();
        assert_eq!(window.count(5_000, 2), Err(61));
        window.count(5_061, 2).unwrap();
    }

    proptest! {
        /// Against a list of every instant, in milliseconds: never more than the limit in any sixty seconds, and none refused that
        /// would have fitted a second earlier.
        #[test]
        fn never_more_than_the_limit_in_any_minute(
            steps in prop::collection::vec((0..20_000_i64, 1..4_u32), 1..200),
        ) {
            let (mut window, mut counted, mut now) = (Window::default(), VecDeque::<i64>::new(), 0_i64);
            for (wait, limit) in steps {
                now += wait;
                let within = |milliseconds: i64| {
                    counted.iter().filter(|at| now - **at < milliseconds).count()
                };
                match window.count(now.div_euclid(1000), limit) {
                    Ok(()) => {
                        prop_assert!(within(60_000) < limit as usize);
                        counted.push_back(now);
                    }
                    Err(wait) => {
                        prop_assert!(within(61_000) >= limit as usize);
                        prop_assert!((1..=61).contains(&wait));
                    }
                }
                prop_assert!(window.0.len() <= 61);
                let read: Window = serde_json::from_str(&serde_json::to_string(&window).unwrap()).unwrap();
                window = read;
            }
        }
    }
}
