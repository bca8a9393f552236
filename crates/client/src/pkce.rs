//! PKCE (RFC 7636), method S256: proves that who collects a login is who started it.

use crate::Error;
use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

/// A verifier, kept by this client, and the challenge made from it, sent when a login starts.
#[derive(Debug, Clone)]
pub struct Pkce {
    verifier: SecretString,
    challenge: String,
}

impl Pkce {
    /// A fresh pair from 256 random bits (RFC 7636 §4.1).
    ///
    /// # Errors
    /// [`Error::Input`] if the system has no randomness to give.
    pub fn new() -> Result<Self, Error> {
        let mut bytes = [0u8; 32];
        rand::fill(&mut bytes).map_err(|_| Error::Input("the system gives no random numbers".into()))?;
        Ok(Self::from_verifier(SecretString::from(URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The pair that belongs to a verifier kept from before (RFC 7636 §4.2).
    pub fn from_verifier(verifier: SecretString) -> Self {
        let hash = digest::digest(&digest::SHA256, verifier.expose_secret().as_bytes());
        Self { challenge: URL_SAFE_NO_PAD.encode(hash), verifier }
    }

    /// `code_verifier` of `oauth/result`.
    pub fn verifier(&self) -> &SecretString {
        &self.verifier
    }

    /// `code_challenge` of `oauth/start`.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_rfc_7636_appendix_b() {
        let pkce = Pkce::from_verifier(SecretString::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn each_pair_is_fresh_and_well_formed() {
        let (one, two) = (Pkce::new().unwrap(), Pkce::new().unwrap());
        assert_ne!(one.challenge(), two.challenge());
        let verifier = one.verifier().expose_secret();
        assert_eq!(verifier.len(), 43);
        assert!(verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert!(!format!("{one:?}").contains(verifier));
    }
}
