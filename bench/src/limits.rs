//! What no server on this machine could do faster: the disk and the arithmetic.

use crate::Failed;
use crate::processes::scratch;
use crate::progress;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::io::Write;
use std::time::{Duration, Instant};

/// A second of each, on one core.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// Waits for the disk after a write of 4 KiB.
    pub(crate) syncs: f64,
    pub(crate) signatures: f64,
    pub(crate) verifications: f64,
    /// Password hashes as `fed` makes them: 19 MiB, two passes.
    pub(crate) hashes: f64,
}

pub(crate) fn measure(time: Duration) -> Result<Limits, Failed> {
    progress("limits of the machine");
    let folder = scratch()?;
    let mut file = std::fs::File::create(folder.path().join("page"))?;
    let syncs = per_second(time, || {
        file.write_all(&[7; 4096])?;
        Ok(file.sync_data()?)
    })?;
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(|_| "no key")?;
    let message = [7; 300];
    let signed = key.sign(&message);
    let public = UnparsedPublicKey::new(&signature::ED25519, key.public_key().as_ref());
    let signatures = per_second(time, || {
        std::hint::black_box(key.sign(&message));
        Ok(())
    })?;
    let verifications = per_second(time, || {
        Ok(public.verify(&message, signed.as_ref()).map_err(|_| "a wrong signature")?)
    })?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None)?);
    let hashes = per_second(time, || {
        let mut out = [0; 32];
        Ok(argon2.hash_password_into(b"correct horse", b"sixteen byte salt", &mut out)?)
    })?;
    Ok(Limits { syncs, signatures, verifications, hashes })
}

fn per_second(time: Duration, mut once: impl FnMut() -> Result<(), Failed>) -> Result<f64, Failed> {
    let (begin, mut count) = (Instant::now(), 0_u32);
    while begin.elapsed() < time {
        once()?;
        count += 1;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}
