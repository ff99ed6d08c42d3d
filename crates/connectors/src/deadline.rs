//! How much time one verb of an enforcement point has left.

use std::time::{Duration, Instant};

use cordon_act::{PointError, PointErrorKind};

/// The end of the time that a verb may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// From now.
    pub(crate) fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// What is left, never zero (a socket takes zero for "without end").
    ///
    /// # Errors
    /// `Target` if nothing is left: the caller has not sent anything yet.
    pub(crate) fn left(self) -> Result<Duration, PointError> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(PointError::new(
                PointErrorKind::Target,
                "the server did not answer in time",
            ));
        }
        Ok(left)
    }

    /// True when the time is over.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_err()
    }

    /// The earlier of this end and one `duration` from now.
    pub(crate) fn at_most(self, duration: Duration) -> Self {
        Self(self.0.min(Instant::now() + duration))
    }

    /// Sleeps, but not past the end; false if the time is over.
    pub(crate) fn pause(self, duration: Duration) -> bool {
        let Ok(left) = self.left() else { return false };
        std::thread::sleep(left.min(duration));
        !self.is_over()
    }
}
