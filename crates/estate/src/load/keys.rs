//! The keys of the file format. Loader and schema use the same tables; [`Fields`](super::fields::Fields) refuses every other.

/// Keys that every entry can have.
pub(crate) const TOP: &[&str] = &[
    "organisation",
    "sites",
    "zones",
    "accounts",
    "groups",
    "systems",
    "access",
    "services",
    "enforcement-points",
];
pub(crate) const ZONE: &[&str] = &["kind", "subnets", "isolated-members", "origin", "used"];
pub(crate) const SITE: &[&str] = &["kind", "people", "origin", "used"];
pub(crate) const ACCOUNT: &[&str] = &[
    "kind",
    "aliases",
    "site",
    "enabled",
    "jewel",
    "member-of",
    "can-reset",
    "can-reset-second-factor",
    "origin",
    "used",
];
pub(crate) const GROUP: &[&str] = &[
    "aliases",
    "jewel",
    "members",
    "member-of",
    "can-reset",
    "can-reset-second-factor",
    "origin",
    "used",
];
pub(crate) const SYSTEM: &[&str] = &[
    "kind",
    "aliases",
    "zone",
    "site",
    "addresses",
    "holds",
    "people",
    "jewel",
    "member-of",
    "origin",
    "used",
];
pub(crate) const JEWEL: &[&str] = &["loss", "never", "inferred"];
pub(crate) const SERVICE: &[&str] = &[
    "protected",
    "requires",
    "fallback",
    "cost-per-hour",
    "maximum-tolerable-downtime",
    "people",
    "origin",
    "used",
];
pub(crate) const FALLBACK: &[&str] = &["capacity", "requires"];
pub(crate) const NAMED_FALLBACK: &[&str] = &["name", "capacity", "requires"];
pub(crate) const POINT: &[&str] = &["kind", "guards", "effect", "certainty", "origin", "used"];
/// How a time to effect that varies is written.
pub(crate) const EFFECT: &[&str] = &["median", "p95"];
pub(crate) const USED: &[&str] = &["first", "last", "times", "people"];
pub(crate) const ENDS: &[&str] = &["from", "to"];

/// The forms of an access: the key that tells the form, its other keys, and whether each must be there.
pub(crate) const ACCESS: &[(&str, &[(&str, bool)])] = &[
    ("flow", &[("port", false)]),
    ("member", &[("of", true)]),
    ("session", &[("on", true)]),
    ("recovery", &[("from", true)]),
    ("right", &[("holder", true), ("on", true)]),
    ("control", &[("holder", true), ("over", true)]),
    ("remote-access", &[("holder", true), ("into", true)]),
    ("application", &[("holder", true), ("admin", false)]),
];
/// Keys that every access can have.
pub(crate) const ACCESS_ALWAYS: &[&str] = &["origin", "used"];
/// How a guard that is a mapping begins: what it is limited to.
pub(crate) const GUARDS: &[&str] = &[
    "accounts",
    "credentials",
    "memberships",
    "systems",
    "flows",
    "flow",
    "remote-access",
    "assignments",
    "rights",
    "recoveries",
];
/// How something is named where its name alone could mean another.
pub(crate) const KINDS: &[&str] = &["account", "group", "system", "zone", "service"];
