//! Password hashing: Argon2id off the async threads, and never more at a time than the machine has cores, so
//! that a flood of sign-ins takes neither the memory nor the other requests' turn.

use crate::seams::Random;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use downcity_core::Secret;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Who has not got a turn by then is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// No turn in time: too many people are signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

/// What a check told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but stored in a form that is not the present one; here it is anew.
    RightAnew(String),
}

/// Hashes and checks passwords.
pub(crate) struct Hasher {
    turns: Semaphore,
    random: Arc<dyn Random>,
    /// Checked when there is no account, so that both cases take the same time.
    decoy: tokio::sync::OnceCell<String>,
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_with(password: &str, salt: &[u8; 16]) -> String {
    let hash = argon2().hash_password_with_salt(password.as_bytes(), salt);
    hash.expect("a 16-byte salt and any password can be hashed").to_string()
}

fn check(password: &str, stored: &str, salt: &[u8; 16]) -> Verdict {
    let Ok(parsed) = PasswordHash::new(stored) else { return Verdict::Wrong };
    if argon2().verify_password(password.as_bytes(), &parsed).is_err() {
        return Verdict::Wrong;
    }
    let present = stored.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$"));
    if present { Verdict::Right } else { Verdict::RightAnew(hash_with(password, salt)) }
}

impl Hasher {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { turns: Semaphore::new(cores), random, decoy: tokio::sync::OnceCell::new() }
    }

    /// A new password's PHC string.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String, Crowded> {
        let (password, salt) = (password.clone(), self.random.bytes());
        self.run(move || hash_with(password.expose_secret(), &salt)).await
    }

    /// Checks a password against what is stored, or, for the same time, against nothing.
    pub(crate) async fn check(&self, password: &Secret, stored: Option<String>) -> Result<Verdict, Crowded> {
        let salt: [u8; 16] = self.random.bytes();
        let Some(stored) = stored else {
            let decoy =
                self.decoy.get_or_try_init(|| self.run(move || hash_with("decoy", &salt))).await?.clone();
            let password = password.clone();
            self.run(move || check(password.expose_secret(), &decoy, &salt)).await?;
            return Ok(Verdict::Wrong);
        };
        let password = password.clone();
        self.run(move || check(password.expose_secret(), &stored, &salt)).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Crowded> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Crowded) };
        tokio::task::spawn_blocking(work).await.map_err(|_| Crowded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seams::SystemRandom;

    #[tokio::test]
    async fn right_wrong_and_nobody() {
        let hasher = Hasher::new(Arc::new(SystemRandom));
        let secret = |text: &str| Secret::from(text.to_owned());
        let long = "x".repeat(70);
        let stored = hasher.hash(&secret(&format!("{long}1"))).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            hasher.check(&secret(&format!("{long}1")), Some(stored.clone())).await,
            Ok(Verdict::Right)
        );
        assert_eq!(hasher.check(&secret(&format!("{long}2")), Some(stored)).await, Ok(Verdict::Wrong));
        assert_eq!(hasher.check(&secret("decoy"), None).await, Ok(Verdict::Wrong));
        assert_eq!(hasher.check(&secret("x"), Some("nonsense".into())).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn weaker_hashes_are_made_anew() {
        let weak =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let stored = weak.hash_password_with_salt(b"right", &[7; 16]).unwrap().to_string();
        let hasher = Hasher::new(Arc::new(SystemRandom));
        let verdict = hasher.check(&Secret::from("right".to_owned()), Some(stored)).await.unwrap();
        assert!(matches!(verdict, Verdict::RightAnew(hash) if hash.contains("m=19456")));
    }
}
