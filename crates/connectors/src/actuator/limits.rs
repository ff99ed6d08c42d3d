//! How large and how many anything of the actuator may be.

use std::time::Duration;

/// Largest configuration in bytes. One point takes a few hundred.
pub(super) const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// Most points: a thread each.
pub(super) const POINTS_MAX: usize = 256;

/// Most connections at once. An executor needs one for each point.
pub(super) const CONNECTIONS_MAX: usize = 128;

/// Most requests that wait for one point.
pub(super) const WAITING_MAX: usize = 32;

/// How long a connection may say nothing.
pub(super) const IDLE: Duration = Duration::from_secs(600);

/// How long one line may take to arrive from its first byte on.
pub(super) const LINE_TIME: Duration = Duration::from_secs(30);

/// How long an answer may take to be taken.
pub(super) const WRITE_TIME: Duration = Duration::from_secs(30);

/// How often a waiting connection looks whether the process is to end.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// Most protected services that are tried.
pub(super) const SERVICES_MAX: usize = 256;

/// Most mistakes of a configuration that are told.
pub(super) const MISTAKES_MAX: usize = 100;

/// Largest file of the state in bytes: 200,000 targets of one point.
pub(super) const STATE_BYTES_MAX: u64 = 256 * 1024 * 1024;
