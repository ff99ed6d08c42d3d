//! How much of a deadline is left.

use std::time::{Duration, Instant};

use cordon_act::{PointError, PointErrorKind};

/// A deadline that has begun to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLeft {
    ends: Instant,
}

impl TimeLeft {
    /// Begins a deadline now.
    pub(crate) fn starting(deadline: Duration) -> Self {
        Self {
            ends: Instant::now() + deadline.min(Duration::from_secs(3600)),
        }
    }

    /// What is left.
    ///
    /// # Errors
    /// [`PointErrorKind::Target`] if nothing is: what would come next was not begun.
    pub(crate) fn left(self) -> Result<Duration, PointError> {
        match self.ends.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => Err(PointError::new(
                PointErrorKind::Target,
                "the server did not answer within the deadline",
            )),
        }
    }

    /// The part of it that one of `count` things to do may take.
    ///
    /// # Errors
    /// As [`Self::left`].
    pub(crate) fn share(self, count: usize) -> Result<Self, PointError> {
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        Ok(Self::starting(self.left()? / count))
    }
}
