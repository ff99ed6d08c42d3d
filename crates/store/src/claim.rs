//! Claims: who may act on a resource, and until when. An epoch that only grows tells an old holder from the current one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::limits::{CLAIM_MAX, NAME_BYTES_MAX};

/// That a holder may act on a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What is claimed.
    pub resource: String,
    /// By whom.
    pub holder: String,
    /// Grows with every new holder of the resource, and with every claim after a release.
    pub epoch: u64,
    /// When it runs out unless renewed. It stays current, and fences hold, until somebody else claims the resource.
    pub until: Timestamp,
}

/// The demand that a claim is still the current one when something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// What is claimed.
    pub resource: String,
    /// The epoch that the claim must have.
    pub epoch: u64,
}

impl Claim {
    /// The fence that lets writes through only while this claim is the current one.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence {
            resource: self.resource.clone(),
            epoch: self.epoch,
        }
    }
}

/// What is stored of a resource that was ever claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// `None` after a release.
    pub(crate) holder: Option<String>,
    pub(crate) epoch: u64,
    pub(crate) until: Timestamp,
}

/// What a holder asks for, checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) resource: &'a str,
    pub(crate) holder: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(
        resource: &'a str,
        holder: &'a str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Self, StoreError> {
        check_name("resource", resource)?;
        check_name("holder", holder)?;
        if duration > CLAIM_MAX {
            let hours = CLAIM_MAX.as_secs() / 3600;
            return Err(StoreError::Input(format!(
                "a claim runs for {hours} hours at most"
            )));
        }
        let until = SignedDuration::try_from(duration)
            .and_then(|duration| now.checked_add(duration))
            .map_err(|_| StoreError::Input("the claim would run out after the end of time".to_owned()))?;
        Ok(Self {
            resource,
            holder,
            now,
            until,
        })
    }

    /// The claim that results, by what stands. The only place where claims are decided.
    pub(crate) fn decide(&self, standing: Option<Standing>) -> Result<Claim, StoreError> {
        let (epoch, until) = match standing {
            None => (1, self.until),
            Some(Standing {
                holder: None, epoch, ..
            }) => (next(epoch)?, self.until),
            Some(Standing {
                holder: Some(by),
                epoch,
                until,
            }) if by == self.holder => (epoch, until.max(self.until)),
            Some(Standing {
                holder: Some(by),
                until,
                ..
            }) if until > self.now => {
                let resource = self.resource.to_owned();
                return Err(StoreError::Held { resource, by, until });
            }
            Some(Standing { epoch, .. }) => (next(epoch)?, self.until),
        };
        Ok(Claim {
            resource: self.resource.to_owned(),
            holder: self.holder.to_owned(),
            epoch,
            until,
        })
    }
}

impl Fence {
    /// Lets a write through if the claim that stands has this epoch.
    pub(crate) fn check(&self, standing: Option<&Standing>) -> Result<(), StoreError> {
        let held_epoch = standing
            .filter(|standing| standing.holder.is_some())
            .map(|standing| standing.epoch);
        if held_epoch == Some(self.epoch) {
            return Ok(());
        }
        Err(StoreError::Fenced {
            resource: self.resource.clone(),
            epoch: self.epoch,
            held_epoch,
        })
    }
}

fn next(epoch: u64) -> Result<u64, StoreError> {
    let too_many = || StoreError::Input("the resource was claimed as often as can be counted".to_owned());
    epoch.checked_add(1).ok_or_else(too_many)
}

fn check_name(what: &str, name: &str) -> Result<(), StoreError> {
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control) {
        return Ok(());
    }
    Err(StoreError::Input(format!(
        "the name of a {what} has 1 to {NAME_BYTES_MAX} bytes and no control characters"
    )))
}
