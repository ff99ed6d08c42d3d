//! The rules that come with Cordon, so that a rehearsal needs nothing from outside.

/// The files of the repository's folder `rules`, each with its path there and its text.
#[must_use]
pub fn starter_pack() -> &'static [(&'static str, &'static str)] {
    &[]
}
