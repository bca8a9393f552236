//! The vault: what is stored sealed, and secrets that are derived instead of stored.
//!
//! Values are sealed (AES-256-GCM-SIV, RFC 8452) with a data key, which each names in front of it. Data keys are
//! random, and stored wrapped under the master key, which is kept outside the database. So another master key only
//! wraps them anew; a value is sealed anew where and when there is time for it.

mod master;

pub use master::{MasterKey, MasterKeys};

use crate::seams::Random;
use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use downcity_core::{OpaqueToken, Timestamp};
use downcity_store::{DataKeyRow, KeyPurpose, Store, StoreError};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// How values were sealed by the first versions: the place is authenticated alone.
const PLACE: u8 = 1;
/// How values are sealed: the place is authenticated together with the format and the data key's id.
const PLACE_AND_KEY: u8 = 2;
const NONCE: usize = 12;
const ID: usize = 1 + 4;
const HEAD: usize = ID + NONCE;

/// Why something sealed could not be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// Sealed with a data key that is not known here.
    #[error("{place} was sealed with another key")]
    OtherKey {
        /// Where it is stored.
        place: String,
    },
    /// Damaged, or moved from another place.
    #[error("{place} is damaged or was moved from another row")]
    Damaged {
        /// Where it is stored.
        place: String,
    },
}

impl SealError {
    /// Whether it can be different in a moment, or on another node: then the value is left as it is.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::OtherKey { .. })
    }
}

/// Why the data keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store did not answer.
    #[error("the database did not answer: {0}")]
    Store(#[from] StoreError),
    /// The source of the master key gave none.
    #[error("there is no master key: {0}")]
    Source(String),
    /// The database needs another master key.
    #[error(
        "the master key does not fit this database: its secrets were sealed with another key, which has the id \
         {needed}. Start with the key that was made for this data; nothing was changed"
    )]
    WrongMasterKey {
        /// The id of the key that fits.
        needed: String,
    },
    /// A wrapped key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There are no data keys, or none that is used now.
    #[error("the database has data keys, but not one that seals and one that derives")]
    Incomplete,
}

/// Seals and opens values, and derives secrets. Cheap to clone; clones share the keys.
#[derive(Clone)]
pub struct Vault {
    ring: Arc<ArcSwap<Ring>>,
    random: Arc<dyn Random>,
}

/// The data keys as they were last read.
struct Ring {
    rows: Vec<DataKeyRow>,
    active: [u8; 4],
    seal: HashMap<[u8; 4], Arc<LessSafeKey>>,
    derive: hmac::Key,
}

impl Ring {
    /// The keys of these rows. Those that are known already need no master key.
    fn of(rows: Vec<DataKeyRow>, masters: &[MasterKey], known: Option<&Self>) -> Result<Self, VaultError> {
        let (mut active, mut derive, mut seal) = (None, None, HashMap::new());
        for row in &rows {
            let id = unhex(&row.data_key_id).ok_or(VaultError::Incomplete)?;
            match (row.purpose, known) {
                (KeyPurpose::Seal, Some(ring)) if ring.seal.contains_key(&id) => {
                    seal.insert(id, Arc::clone(&ring.seal[&id]));
                }
                (KeyPurpose::Derive, Some(ring)) => derive = Some(ring.derive.clone()),
                (KeyPurpose::Seal, _) => {
                    seal.insert(id, Arc::new(sealer(&unwrapped(row, masters)?)));
                }
                (KeyPurpose::Derive, None) => {
                    derive = Some(hmac::Key::new(hmac::HMAC_SHA256, &unwrapped(row, masters)?));
                }
            }
            if row.purpose == KeyPurpose::Seal && row.active {
                active = Some(id);
            }
        }
        let active = active.ok_or(VaultError::Incomplete)?;
        Ok(Self { rows, active, seal, derive: derive.ok_or(VaultError::Incomplete)? })
    }
}

fn sealer(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM_SIV, key);
    LessSafeKey::new(key.expect("32 bytes are what this cipher takes"))
}

fn unwrapped(row: &DataKeyRow, masters: &[MasterKey]) -> Result<[u8; 32], VaultError> {
    let fitting = masters.iter().find(|master| master.name() == row.master_key_id);
    let fitting = fitting.ok_or_else(|| VaultError::WrongMasterKey { needed: row.master_key_id.clone() })?;
    Ok(fitting.unwrap(row)?)
}

impl Vault {
    /// The vault of a database. Makes the first data keys where there are none; a master key that does not fit
    /// changes nothing.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub async fn unlock(
        store: &Store,
        masters: &MasterKeys,
        random: Arc<dyn Random>,
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        let masters = masters.now().await.map_err(VaultError::Source)?;
        let mut rows = store.data_keys().await?;
        if rows.is_empty() {
            let first = first_keys(store, &masters, &*random, now).await?;
            // Another node may be first: whoever loses uses the winner's keys.
            store.insert_first_data_keys(first).await?;
            rows = store.data_keys().await?;
        }
        Self::of(rows, &masters, random)
    }

    /// The vault with these data keys.
    ///
    /// # Errors
    /// When the master key does not fit, or a row was tampered with.
    pub fn of(
        rows: Vec<DataKeyRow>,
        masters: &[MasterKey],
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let ring = Ring::of(rows, masters, None)?;
        Ok(Self { ring: Arc::new(ArcSwap::from_pointee(ring)), random })
    }

    /// Takes over the data keys as they stand now. The master key is asked for only
    /// where a key is new.
    pub(crate) async fn renew(&self, store: &Store, masters: &MasterKeys) -> Result<(), VaultError> {
        let rows = store.data_keys().await?;
        let ring = self.ring.load_full();
        if rows == ring.rows {
            return Ok(());
        }
        let known = Ring::of(rows.clone(), &[], Some(&ring));
        let fresh = match known {
            Err(VaultError::WrongMasterKey { .. }) => {
                let masters = masters.now().await.map_err(VaultError::Source)?;
                Ring::of(rows, &masters, Some(&ring))?
            }
            known => known?,
        };
        self.ring.store(Arc::new(fresh));
        Ok(())
    }

    /// The data key that seals now.
    #[must_use]
    pub fn data_key(&self) -> [u8; 4] {
        self.ring.load().active
    }

    /// Seals `plain` for one `place` (table, row, column); it opens nowhere else.
    #[must_use]
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let ring = self.ring.load();
        let nonce: [u8; NONCE] = self.random.bytes();
        let mut sealed = Vec::with_capacity(HEAD + plain.len() + AES_256_GCM_SIV.tag_len());
        sealed.push(PLACE_AND_KEY);
        sealed.extend_from_slice(&ring.active);
        let aad = Aad::from([&sealed[..], place.as_bytes()].concat());
        let mut body = plain.to_vec();
        ring.seal[&ring.active]
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
            .expect("values are far below the cipher's size limit");
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed
    }

    /// Seals a value as JSON.
    #[must_use]
    pub(crate) fn seal_json(&self, place: &str, value: &impl Serialize) -> Vec<u8> {
        let plain = serde_json::to_vec(value)
            .expect("what we seal has text keys and no serializer of its own that fails");
        self.seal(place, &plain)
    }

    /// Opens what [`Vault::seal`] sealed for the same `place`.
    ///
    /// # Errors
    /// When the key is another one, or the bytes are not what was sealed here.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let damaged = || SealError::Damaged { place: place.to_owned() };
        let (head, body) = sealed.split_at_checked(HEAD).ok_or_else(damaged)?;
        let aad = match head[0] {
            PLACE => place.as_bytes().to_vec(),
            PLACE_AND_KEY => [&head[..ID], place.as_bytes()].concat(),
            _ => return Err(damaged()),
        };
        let id: [u8; 4] = head[1..ID].try_into().map_err(|_| damaged())?;
        let key = self.ring.load().seal.get(&id).cloned();
        let key = key.ok_or_else(|| SealError::OtherKey { place: place.to_owned() })?;
        let nonce = Nonce::try_assume_unique_for_key(&head[ID..]).map_err(|_| damaged())?;
        let mut body = body.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(aad), &mut body);
        plain.map(|bytes| bytes.to_vec()).map_err(|_| damaged())
    }

    /// A secret that follows from a key of the vault, a purpose and a public id: the same each time, on every
    /// node, under every master key, and known to nobody else. So it need not be stored.
    #[must_use]
    pub fn derive(&self, purpose: &str, id: &str) -> OpaqueToken {
        let mut mac = hmac::Context::with_key(&self.ring.load().derive);
        mac.update(&u64::try_from(purpose.len()).unwrap_or(0).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(id.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(mac.sign().as_ref());
        OpaqueToken::from_bytes(&bytes)
    }

    /// All data keys wrapped under another master key, and a fresh one that is to seal, for the store.
    ///
    /// # Errors
    /// When a key does not open under the present master key.
    pub(crate) fn turn(
        &self,
        (rows, present): (&[DataKeyRow], &MasterKey),
        next: &MasterKey,
        now: Timestamp,
    ) -> Result<(Vec<DataKeyRow>, DataKeyRow), SealError> {
        let random = &*self.random;
        let wrap = |row: &DataKeyRow| {
            let wrapped = next.wrap(&row.data_key_id, row.purpose, &present.unwrap(row)?, random);
            Ok(DataKeyRow { wrapped, master_key_id: next.name(), ..row.clone() })
        };
        let wrapped = rows.iter().map(wrap).collect::<Result<_, _>>()?;
        Ok((wrapped, new_key((hex(random.bytes()), KeyPurpose::Seal), &random.bytes(), next, (random, now))))
    }
}

/// The first data keys: random ones, or those that a database of an earlier version has used all along.
async fn first_keys(
    store: &Store,
    masters: &[MasterKey],
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<DataKeyRow>, VaultError> {
    let (master, seal_id, seal, derive) = match store.fact("master_key_id").await? {
        None => (&masters[0], random.bytes(), random.bytes(), random.bytes()),
        Some(id) => {
            let fitting = masters.iter().find(|master| master.id()[..] == id[..]);
            let needed = || VaultError::WrongMasterKey { needed: HEXLOWER.encode(&id) };
            let master = fitting.ok_or_else(needed)?;
            let old = master.legacy();
            (master, master.id(), old.seal, old.derive)
        }
    };
    let make = |id: [u8; 4], purpose, key: &[u8; 32]| new_key((hex(id), purpose), key, master, (random, now));
    Ok(vec![make(seal_id, KeyPurpose::Seal, &seal), make(random.bytes(), KeyPurpose::Derive, &derive)])
}

fn new_key(
    (data_key_id, purpose): (String, KeyPurpose),
    key: &[u8; 32],
    master: &MasterKey,
    (random, now): (&dyn Random, Timestamp),
) -> DataKeyRow {
    DataKeyRow {
        wrapped: master.wrap(&data_key_id, purpose, key, random),
        master_key_id: master.name(),
        data_key_id,
        purpose,
        active: true,
        created_at: now,
        emptied_at: None,
    }
}

/// An id as 8 hexadecimal digits.
pub(crate) fn hex(id: [u8; 4]) -> String {
    HEXLOWER.encode(&id)
}

fn unhex(text: &str) -> Option<[u8; 4]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
