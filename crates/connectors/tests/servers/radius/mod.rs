//! The RADIUS point against FreeRADIUS, and against hostapd as a network access server with a client.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod accounts;
mod bed;
mod sessions;
