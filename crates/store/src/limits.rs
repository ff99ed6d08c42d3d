//! How large anything may be, each with its reason.

use std::time::Duration;

/// Most drafts of one append. A plan has hundreds of withdrawals; they may all be written at once.
pub const DRAFTS_MAX: usize = 4_096;

/// Most fences of one append: one for each enforcement point that is acted on.
pub const FENCES_MAX: usize = 256;

/// Most entries that one read gives, whatever is asked.
pub const READ_ENTRIES_MAX: usize = 4_096;

/// A read ends after the entry with which its bodies pass this many bytes, so that one page stays in memory.
pub const READ_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Longest name of a resource or holder in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// Longest time that a claim runs without being renewed. A holder that is gone blocks everyone else for as long.
pub const CLAIM_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a writer waits for another before it gives up.
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// How long a connection to a server may take to be made.
pub const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// Most signed checkpoints listed, the newest.
pub const CHECKPOINTS_MAX: usize = 10_000;
