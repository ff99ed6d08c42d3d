//! Digests that tie a plan to its estate and to itself.

use std::io::{self, Write};

use cordon_estate::Estate;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::PlanDocument;

/// Feeds what is written to it into a hash.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn digest_of(value: &impl Serialize) -> String {
    let mut hashing = Hashing(Sha256::new());
    match serde_json::to_writer(io::BufWriter::with_capacity(1 << 16, &mut hashing), value) {
        Ok(()) => hashing
            .0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        // Only a map with keys that are no strings fails to serialise, and neither type has one.
        Err(error) => format!("cannot be digested: {error}"),
    }
}

/// SHA-256 in hex over the JSON of an estate, tables and fields in the order of their declaration.
#[must_use]
pub fn estate_digest(estate: &Estate) -> String {
    digest_of(estate)
}

/// SHA-256 in hex over the JSON of a document without its own hash and without how long it took.
#[must_use]
pub fn plan_hash(document: &PlanDocument) -> String {
    let mut bare = document.clone();
    bare.plan_hash.clear();
    bare.optimality.seconds = None;
    digest_of(&bare)
}
