//! Signing: Security Event Tokens (RFC 8417) as compact JWS (RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cordon_act::{PointError, PointErrorKind};
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};

use super::Config;
use crate::SecretSource;

/// A private key; it has no `Debug`.
pub(super) enum SigningKey {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
    Es256(p256::ecdsa::SigningKey),
    /// Ed25519 (RFC 8037).
    EdDsa(Box<ed25519_dalek::SigningKey>),
}

impl SigningKey {
    /// Reads the key and finds out what kind it is.
    pub(super) fn read(source: &SecretSource) -> Result<Self, PointError> {
        let secret = source
            .read()
            .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_pem(secret.reveal()) {
            return Ok(Self::Es256(key));
        }
        match ed25519_dalek::SigningKey::from_pkcs8_pem(secret.reveal()) {
            Ok(key) => Ok(Self::EdDsa(Box::new(key))),
            Err(_) => Err(PointError::new(
                PointErrorKind::Config,
                "the signing key is neither a P-256 nor an Ed25519 private key in PEM (PKCS #8)",
            )),
        }
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    /// The token. The same claims give the same token: both algorithms are deterministic here (RFC 6979, RFC 8032).
    pub(super) fn token(&self, key_id: &str, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "typ": "secevent+jwt", "kid": key_id});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = match self {
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(signed.as_bytes());
                signature.to_bytes().to_vec()
            }
            Self::EdDsa(key) => key.sign(signed.as_bytes()).to_bytes().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public key as a JSON Web Key (RFC 7517).
    fn public(&self, key_id: &str) -> Value {
        match self {
            Self::Es256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let part = |bytes: Option<&p256::FieldBytes>| {
                    bytes
                        .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
                        .unwrap_or_default()
                };
                json!({
                    "kty": "EC", "crv": "P-256", "x": part(point.x()), "y": part(point.y()),
                    "kid": key_id, "alg": "ES256", "use": "sig",
                })
            }
            Self::EdDsa(key) => {
                let public = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
                json!({"kty": "OKP", "crv": "Ed25519", "x": public, "kid": key_id, "alg": "EdDSA", "use": "sig"})
            }
        }
    }
}

/// The set of public keys (RFC 7517) to hand to the receiver.
///
/// # Errors
/// [`PointErrorKind::Config`] if the private key cannot be read.
pub fn key_set(config: &Config) -> Result<Value, PointError> {
    let key = SigningKey::read(&config.key)?;
    Ok(json!({"keys": [key.public(&config.key_id)]}))
}
