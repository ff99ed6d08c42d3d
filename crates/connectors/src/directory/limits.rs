//! How large anything may be that a directory or a KDC says, each with its reason.

/// Largest LDAP message accepted in bytes. Asked for single values only, an entry has some hundred bytes; a page of a batch comes as
/// one message for each entry.
pub(super) const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// Deepest nesting of an LDAP message: message, entry, attributes, attribute, values, value; two more for controls.
pub(super) const NESTING_MAX: usize = 8;

/// Most entries accepted as the answer to one search; a batch has [`BATCH_NAMES`] names, an account has few connections.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// Most pages accepted as the answer to one search.
pub(super) const PAGES_MAX: usize = 1_000;

/// Entries asked for in one page (RFC 2696). OpenLDAP's default limit is 500, Active Directory's 1,000.
pub(super) const PAGE_ENTRIES: i32 = 500;

/// Names looked for by one search of a batch: some kilobytes of filter, well below what servers accept.
pub(super) const BATCH_NAMES: usize = 100;

/// Searches of a batch that are under way at once on one connection.
pub(super) const SEARCHES_AT_ONCE: usize = 8;

/// Changes of a batch that are under way at once on one connection: a server works them off one after another, and need not wait.
pub(super) const MODIFICATIONS_AT_ONCE: usize = 32;

/// Most connections over which a batch of logons is tried.
pub(super) const LOGON_CONNECTIONS: usize = 4;

/// Fewest logons for which it is worth to make one more of them.
pub(super) const LOGONS_PER_CONNECTION_MIN: usize = 16;

/// Largest reply of a KDC in bytes. A refusal has some hundred.
pub(super) const KDC_REPLY_BYTES_MAX: usize = 64 * 1024;

/// Most live connections of one account that are cut in one withdrawal.
pub(super) const CONNECTIONS_MAX: usize = 256;
