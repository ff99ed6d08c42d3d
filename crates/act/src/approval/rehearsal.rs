//! Keys in memory, for drills and tests. People sign with `ssh-keygen`, with keys that Cordon never sees.

use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
use ssh_key::{HashAlg, LineEnding, PrivateKey, SshSig};

use super::{Role, SignedStatement};

/// An Ed25519 key made from a seed, so that a drill can be repeated. A list of allowed signers of a real organisation must never
/// hold one.
#[derive(Clone, Debug)]
pub struct RehearsalKey(PrivateKey);

impl RehearsalKey {
    /// The key of a seed of 32 bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; Ed25519PrivateKey::BYTE_SIZE]) -> Self {
        Self(PrivateKey::from(Ed25519Keypair::from_seed(seed)))
    }

    /// The line of allowed signers that gives this key every role, under one name.
    #[must_use]
    pub fn line(&self, principal: &str) -> String {
        let key = self.0.public_key().to_openssh().unwrap_or_default();
        format!("{principal} {key}\n")
    }

    /// Signs a statement in a role, as `ssh-keygen -Y sign -n` with the role's namespace would.
    ///
    /// # Errors
    /// [`ssh_key::Error`] if the signature cannot be written.
    pub fn sign(&self, role: Role, statement: &impl ToString) -> Result<SignedStatement, ssh_key::Error> {
        let statement = statement.to_string();
        let signature = SshSig::sign(&self.0, role.namespace(), HashAlg::Sha512, statement.as_bytes())?;
        Ok(SignedStatement {
            statement,
            signature: signature.to_pem(LineEnding::LF)?,
        })
    }
}
