//! Keyed digests of what a pod consumes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The random key of one installation, kept in the Secret `openhive-installer`.
///
/// A bare digest of a password in an annotation would let anyone who reads it try passwords
/// off-line; under this key it does not.
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// Wraps 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be written into the Secret.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 of the parts in hexadecimal. Each part is preceded by its length, so that no
    /// two lists of parts collide.
    #[must_use]
    pub fn digest<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
    }
}
