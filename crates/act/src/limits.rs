//! How large anything may be, each with its reason.

/// Longest name of an account, group, host, route or database role in bytes. LDAP names rarely pass 256; twice that.
pub const NAME_BYTES_MAX: usize = 512;

/// Largest state that an enforcement point may hand over to be kept, as JSON in bytes. It goes into the ledger and must stay
/// readable there; a firewall's or a directory entry's relevant part is well below.
pub const POINT_STATE_BYTES_MAX: usize = 16 * 1024;

/// Longest text of an error of an enforcement point in bytes. Servers write it, so it is cut.
pub const ERROR_TEXT_BYTES_MAX: usize = 400;

/// Most networks on one side of a flow. A zone of the estate has a handful.
pub const NETWORKS_PER_ENDPOINT_MAX: usize = 256;

/// Most names that a withdrawal of all remote access may except.
pub const EXCEPTIONS_MAX: usize = 256;

/// Most orders of one plan. A plan that a person can read has a handful.
pub const ORDERS_MAX: usize = 10_000;

/// Most targets of one plan: every account of a large company once.
pub const TARGETS_PER_PLAN_MAX: usize = 200_000;

/// How long after its deadline a request that nobody answered may still be carried out, in seconds. A server that takes longer than
/// this to work off what stands in its queue has other troubles; a withdrawal is not recorded as given back before.
pub const LATE_EFFECT_SECONDS: i64 = 60;

/// After how many failures in a row people are told. The tries go on.
pub const ESCALATION_ATTEMPTS: u32 = 3;

/// How often what is in force is looked at, in seconds: so long may somebody else's change go unseen.
pub const LOOK_SECONDS: i64 = 30;

/// How long a request may take, in seconds, before its answer counts as unknown.
pub const CALL_SECONDS: u64 = 20;

/// First and longest pause between tries, in seconds; each is twice the one before.
pub const PAUSE_SECONDS: (i64, i64) = (1, 60);

/// Most requests under way at one point. More would only stand in its queue.
pub const CALLS_PER_POINT_MAX: usize = 256;

/// Most entries written at once. A store takes at least as many, and the leases of a large plan end in one instant.
pub const ENTRIES_PER_WRITE_MAX: usize = 2_000;
