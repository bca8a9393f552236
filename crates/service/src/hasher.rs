//! Password hashing: Argon2id off the async threads, and never more at a time than the machine has cores, so
//! that a flood of sign-ins takes neither the memory nor the other requests' turn. Passwords are compared in
//! Unicode's form NFKC, so that the same characters typed on another keyboard are the same password. Hashes that
//! another system made with scrypt are understood, and replaced when their owner signs in.

use crate::email::EmailError;
use crate::panics::panic_text;
use crate::seams::Random;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use data_encoding::HEXLOWER_PERMISSIVE;
use downcity_core::Secret;
use downcity_store::StoreError;
use secrecy::ExposeSecret;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// The parameters of better-auth's scrypt (RFC 7914): N = 2^14, r = 16, p = 1; 32 MiB.
const SCRYPT: (u8, u32, u32) = (14, 16, 1);
/// What a stored hash of that kind begins with.
const SCRYPT_PREFIX: &str = "$scrypt$ln=14,r=16,p=1$";
/// How long a caller waits for a turn before it fails as [`Crowded`].
const PATIENCE: Duration = Duration::from_secs(10);

/// No turn in time: too many people are signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

/// Why a password was neither hashed nor checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HashError {
    Crowded(Crowded),
    /// The work panicked: a fault of ours.
    Panicked(String),
}

impl From<HashError> for EmailError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Crowded(crowded) => crowded.into(),
            HashError::Panicked(what) => {
                Self::Internal(StoreError::Internal(format!("hashing a password panicked: {what}")))
            }
        }
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but stored in an outdated form; this is its hash in the present one.
    RightAnew(String),
}

/// Hashes and checks passwords.
pub(crate) struct Hasher {
    /// One for each hash that may run. A hash keeps its permit until it is done, also when nobody waits for it any more.
    turns: Arc<Semaphore>,
    random: Arc<dyn Random>,
    /// Checked when there is no account, so that both cases take the same time.
    decoy: tokio::sync::OnceCell<String>,
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_with(password: &str, salt: &[u8; 16]) -> String {
    let hash = argon2().hash_password_with_salt(folded(password).as_bytes(), salt);
    hash.expect("a 16-byte salt and any password can be hashed").to_string()
}

/// In the form NFKC (NIST SP 800-63B-4 asks for it before hashing).
fn folded(password: &str) -> Cow<'_, str> {
    match is_nfkc_quick(password.chars()) {
        IsNormalized::Yes => Cow::Borrowed(password),
        _ => Cow::Owned(password.nfkc().collect()),
    }
}

fn check(password: &str, stored: &str, salt: &[u8; 16]) -> Verdict {
    let Ok(parsed) = PasswordHash::new(stored) else { return Verdict::Wrong };
    let folded = folded(password);
    if stored.starts_with(SCRYPT_PREFIX) {
        let right = is_scrypt_of(&folded, &parsed);
        return if right { Verdict::RightAnew(hash_with(password, salt)) } else { Verdict::Wrong };
    }
    let is_right = |text: &str| argon2().verify_password(text.as_bytes(), &parsed).is_ok();
    let present = stored.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$"));
    if is_right(&folded) {
        return if present { Verdict::Right } else { Verdict::RightAnew(hash_with(password, salt)) };
    }
    // Hashes from before passwords were folded are of the text as it was typed.
    if folded != password && is_right(password) {
        return Verdict::RightAnew(hash_with(password, salt));
    }
    Verdict::Wrong
}

fn is_scrypt_of(folded: &str, stored: &PasswordHash) -> bool {
    let (Some(salt), Some(key)) = (stored.salt.as_ref(), stored.hash.as_ref()) else { return false };
    let (log_n, r, p) = SCRYPT;
    let params = scrypt::Params::new(log_n, r, p).expect("these parameters are in range");
    let mut own = [0; 64];
    scrypt::scrypt(folded.as_bytes(), salt.as_ref(), &params, &mut own).expect("64 bytes can be derived");
    aws_lc_rs::constant_time::verify_slices_are_equal(&own, key.as_bytes()).is_ok()
}

/// A PHC string of what better-auth stores, `salt:key` in hexadecimal; `None` when it is something else. The
/// salt that goes into its scrypt is the text of the digits, not the bytes that they stand for.
pub(crate) fn from_better_auth(stored: &str) -> Option<String> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let (salt, key) = stored.split_once(':')?;
    let hexadecimal = salt.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !(16..=48).contains(&salt.len()) || key.len() != 128 || !hexadecimal {
        return None;
    }
    let bytes = HEXLOWER_PERMISSIVE.decode(key.as_bytes()).ok()?;
    let (salt, key) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(bytes));
    Some(format!("{SCRYPT_PREFIX}{salt}${key}"))
}

/// A hash of that kind that no password fits: checking it takes as long as checking a real one.
pub(crate) fn scrypt_decoy() -> String {
    from_better_auth(&format!("{}:{}", "0".repeat(32), "0".repeat(128))).expect("well formed")
}

impl Hasher {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { turns: Arc::new(Semaphore::new(cores)), random, decoy: tokio::sync::OnceCell::new() }
    }

    /// A new password's PHC string.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String, HashError> {
        let (password, salt) = (password.clone(), self.random.bytes());
        self.run(move || hash_with(password.expose_secret(), &salt)).await
    }

    /// Checks a password against what is stored, or, for the same time, against nothing.
    pub(crate) async fn check(
        &self,
        password: &Secret,
        stored: Option<String>,
    ) -> Result<Verdict, HashError> {
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

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(HashError::Crowded(Crowded)) };
        // The permit goes with the work, which runs to its end even if the caller is dropped.
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        working.await.map_err(|why| {
            let panic = why.try_into_panic();
            HashError::Panicked(
                panic.map_or_else(|why| why.to_string(), |panic| panic_text(&*panic).to_owned()),
            )
        })
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
    async fn callers_that_go_away_make_no_room_for_more_hashes() {
        let hasher = Arc::new(Hasher::new(Arc::new(SystemRandom)));
        let cores = hasher.turns.available_permits();
        let (closed, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let callers: Vec<_> = (0..cores)
            .map(|_| {
                let (hasher, gate) = (Arc::clone(&hasher), Arc::clone(&gate));
                tokio::spawn(async move { hasher.run(move || gate.lock().unwrap().recv()).await })
            })
            .collect();
        while hasher.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        for caller in callers {
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        assert_eq!(hasher.turns.available_permits(), 0, "the work of each still runs");
        let soon = tokio::time::timeout(Duration::from_millis(50), hasher.run(|| ())).await;
        assert!(soon.is_err(), "one more hash ran");
        drop(closed);
        assert_eq!(hasher.run(|| ()).await, Ok(()));
    }

    #[tokio::test]
    async fn work_that_panics_is_a_fault_and_gives_its_turn_back() {
        let hasher = Hasher::new(Arc::new(SystemRandom));
        let cores = hasher.turns.available_permits();
        let broken = hasher.run(|| panic!("out of order")).await;
        assert_eq!(broken, Err::<(), _>(HashError::Panicked("out of order".into())));
        assert_eq!(hasher.turns.available_permits(), cores);
        let told = EmailError::from(HashError::Panicked("out of order".into()));
        assert!(
            matches!(told, EmailError::Internal(StoreError::Internal(what)) if what.contains("out of order"))
        );
        let crowded = EmailError::from(HashError::Crowded(Crowded));
        assert!(matches!(crowded, EmailError::Internal(StoreError::Unavailable(_))));
    }

    /// Made by better-auth 1.7 itself (`hashPassword`), and the same by Node's own `crypto.scrypt`.
    const BY_BETTER_AUTH: [(&str, &str); 3] = [
        (
            "correct horse battery",
            "e4df3baab5342b495f0a36973694931c:f6069d363330984b41e252080d989cd40adf7f2dcbab7129dba2bcadcd3cd939\
             492a860879256aa865347851a5a409809450484e5743294b97a679d3f6dd59f2",
        ),
        (
            "\u{ff21}\u{ff42}c\u{2460}\u{fb01} 天气真好 e\u{301}",
            "f68a7c7ea6d12ce1139ce8d609183720:152923e007fb46baa0edbbe1bb22b88b6cf6a60bd9b9fc92dbf8ba4c7d30d892\
             9bb3778a309d5b3b990474ca5a0b978dc381c57d523242323fa5b9cb58846cae",
        ),
        (
            "天气真好我们去爬山",
            "66fb8d8a6f459557dd72c59b1a2f581b:878666717c61f9054e39f3cd7ee7510ca23654820797b4a4893852934fa23373\
             ca77d9b7f450f61407f82de51291968b41fa2ec321ced7df622e05aef7f9dbf4",
        ),
    ];

    #[tokio::test]
    async fn scrypt_of_better_auth_is_understood_and_made_anew() {
        let hasher = Hasher::new(Arc::new(SystemRandom));
        for (password, stored) in BY_BETTER_AUTH {
            let stored = from_better_auth(stored).unwrap();
            assert!(stored.starts_with("$scrypt$ln=14,r=16,p=1$"), "{stored}");
            let secret = Secret::from(password.to_owned());
            let verdict = hasher.check(&secret, Some(stored.clone())).await.unwrap();
            let Verdict::RightAnew(better) = verdict else { panic!("{password}: {verdict:?}") };
            assert!(better.starts_with("$argon2id$"), "{better}");
            assert_eq!(hasher.check(&secret, Some(better)).await, Ok(Verdict::Right));
            let wrong = Secret::from(format!("{password} "));
            assert_eq!(hasher.check(&wrong, Some(stored)).await, Ok(Verdict::Wrong));
        }
        let nobody = hasher.check(&Secret::from("x".to_owned()), Some(scrypt_decoy())).await;
        assert_eq!(nobody, Ok(Verdict::Wrong));
    }

    #[test]
    fn what_is_no_hash_of_better_auth_is_not_taken_for_one() {
        let (salt, key) = ("ab".repeat(16), "cd".repeat(64));
        assert!(from_better_auth(&format!("{salt}:{key}")).is_some());
        for bad in [
            String::new(),
            format!("{salt}{key}"),
            format!("{salt}:{}", &key[1..]),
            format!("{}:{key}", &salt[1..15]),
            format!("{salt}:{key}:{key}"),
            format!("{}:{key}", "zz".repeat(16)),
            format!("{salt}:{}é", &key[2..]),
            "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
        ] {
            assert_eq!(from_better_auth(&bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn the_same_characters_are_the_same_password() {
        let hasher = Hasher::new(Arc::new(SystemRandom));
        let secret = |text: &str| Secret::from(text.to_owned());
        let composed = hasher.hash(&secret("caf\u{e9} au lait")).await.unwrap();
        let typed_apart = hasher.check(&secret("cafe\u{301} au lait"), Some(composed)).await;
        assert_eq!(typed_apart, Ok(Verdict::Right));
        let raw = argon2().hash_password_with_salt("cafe\u{301} au lait".as_bytes(), &[7; 16]);
        let from_before = hasher.check(&secret("cafe\u{301} au lait"), Some(raw.unwrap().to_string())).await;
        assert!(matches!(from_before, Ok(Verdict::RightAnew(_))), "{from_before:?}");
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
