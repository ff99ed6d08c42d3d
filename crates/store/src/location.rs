//! Where a store is.

use std::path::{Path, PathBuf};

use crate::error::{FailureKind, StoreError};

/// What the SQLite file in a state directory is called.
pub const FILE_NAME: &str = "cordon.sqlite";

/// A location by what stands behind it.
pub(crate) enum Kind<'a> {
    File(&'a Path),
    #[cfg(feature = "postgres")]
    Postgres(&'a str),
}

/// The SQLite file in a state directory.
#[must_use]
pub fn file_in(state_directory: &Path) -> PathBuf {
    state_directory.join(FILE_NAME)
}

/// A location as it may be shown: without the password that a URL may hold.
#[must_use]
pub fn shown(location: &str) -> String {
    let Some((scheme, rest)) = location.split_once("://") else {
        return location.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let without_user = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
    format!("{scheme}://{without_user}")
}

pub(crate) fn kind(location: &str) -> Result<Kind<'_>, StoreError> {
    match location.split_once("://") {
        None if !location.is_empty() => Ok(Kind::File(Path::new(location))),
        Some(("postgres" | "postgresql", _)) => postgres(location),
        _ => Err(StoreError::failed(
            FailureKind::Location,
            format!("cannot open a store at {:?}", shown(location)),
        )),
    }
}

#[cfg(feature = "postgres")]
#[expect(clippy::unnecessary_wraps, reason = "its twin without PostgreSQL refuses")]
fn postgres(location: &str) -> Result<Kind<'_>, StoreError> {
    Ok(Kind::Postgres(location))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_location: &str) -> Result<Kind<'_>, StoreError> {
    Err(StoreError::failed(
        FailureKind::Location,
        "this program was built without PostgreSQL (feature `postgres`)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        assert_eq!(
            shown("/var/lib/cordon/cordon.sqlite"),
            "/var/lib/cordon/cordon.sqlite"
        );
        for url in [
            "postgres://cordon:s3cret@db.example/cordon",
            "postgres://cordon:s3@cret@db.example/cordon",
            "postgresql://db.example/cordon?password=s3cret",
            "postgres://db.example/cordon?user=x&password=s3cret#frag",
        ] {
            let shown = shown(url);
            assert!(
                !shown.contains("cret") && shown.ends_with("://db.example/cordon"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_no_location_is_refused() {
        for location in ["", "mysql://db/cordon", "file:///x"] {
            let kind = kind(location).err().and_then(|error| error.failure());
            assert_eq!(kind, Some(FailureKind::Location), "{location}");
        }
    }
}
