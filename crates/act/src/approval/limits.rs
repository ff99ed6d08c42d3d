//! How large what people sign may be, and how long it may be valid.

/// Longest statement in bytes. A lift that names every order of the largest plan has 10,000 lines of about 30 bytes.
pub const STATEMENT_BYTES_MAX: usize = 512 * 1024;

/// Longest armoured signature in bytes. Those of the supported keys are below 1 KiB.
pub const SIGNATURE_BYTES_MAX: usize = 8 * 1024;

/// Most signatures handed in at once. Five are the most that are ever needed.
pub const SIGNATURES_MAX: usize = 32;

/// How far ahead the end of a statement's validity may be, in hours: the situation that was approved does not last longer.
pub const VALID_HOURS_MAX: i64 = 24;

/// How far ahead the end of a renewed lease may be, in days. Whoever needs longer changes the estate instead.
pub const RENEWAL_DAYS_MAX: i64 = 31;

/// Largest file of allowed signers in bytes: thousands of people.
pub const ALLOWED_SIGNERS_BYTES_MAX: usize = 1024 * 1024;

/// Longest line of it in bytes; a key of RSA with 16,384 bits has 3 KiB.
pub const SIGNER_LINE_BYTES_MAX: usize = 16 * 1024;

/// Most names of one line.
pub const PRINCIPALS_PER_LINE_MAX: usize = 32;

/// Most mistakes of a file that are reported.
pub const MISTAKES_MAX: usize = 100;

/// Up to so many accounts, each named by itself, are never too large a share of an organisation: in a small one every plan would else be
/// over the limit, and an approval that is always asked for is given without a look.
pub const SHARE_FLOOR_ACCOUNTS: usize = 5;
