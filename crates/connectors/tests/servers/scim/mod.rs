//! The SCIM point against Canaille (an OpenID provider, over TLS) and scim2-server.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

mod bed;
mod finding;
mod refusals;
mod withdrawal;
