//! The vault by itself: what opens where, under which keys, after which change of the master key.

use super::*;
use crate::seams::SystemRandom;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn rows(master: &MasterKey) -> Vec<DataKeyRow> {
    let random: &dyn Random = &SystemRandom;
    let make = |purpose| new_key((hex(random.bytes()), purpose), &random.bytes(), master, (random, NOW));
    vec![make(KeyPurpose::Seal), make(KeyPurpose::Derive)]
}

fn open(rows: Vec<DataKeyRow>, masters: &[MasterKey]) -> Result<Vault, VaultError> {
    Vault::of(rows, masters, Arc::new(SystemRandom))
}

fn vault() -> Vault {
    let master = MasterKey::new([1; 32]);
    open(rows(&master), &[master]).unwrap()
}

#[test]
fn sealed_values_open_only_in_their_place_and_under_their_key() {
    let (one, other) = (vault(), vault());
    let sealed = one.seal("env/A/value", b"secret");
    assert_eq!(one.open("env/A/value", &sealed).unwrap(), b"secret");
    assert!(matches!(one.open("env/B/value", &sealed), Err(SealError::Damaged { .. })));
    assert!(matches!(other.open("env/A/value", &sealed), Err(SealError::OtherKey { .. })));
    assert!(!sealed.windows(6).any(|w| w == b"secret"));
    for cut in 0..sealed.len() {
        assert!(one.open("env/A/value", &sealed[..cut]).is_err());
    }
}

#[test]
fn derived_secrets_are_repeatable_and_distinct() {
    let (one, other) = (vault(), vault());
    assert_eq!(one.derive("sid", "x"), one.derive("sid", "x"));
    assert_ne!(one.derive("sid", "x"), one.derive("si", "dx"));
    assert_ne!(one.derive("sid", "x"), other.derive("sid", "x"));
}

#[test]
fn wrapped_keys_of_two_rows_can_not_change_places() {
    let master = MasterKey::new([1; 32]);
    let good = rows(&master);
    let mut swapped = good.clone();
    (swapped[0].wrapped, swapped[1].wrapped) = (good[1].wrapped.clone(), good[0].wrapped.clone());
    let other_row = DataKeyRow { data_key_id: "00000001".into(), ..good[0].clone() };
    let other_master = DataKeyRow { master_key_id: MasterKey::new([2; 32]).name(), ..good[0].clone() };
    let both = || [MasterKey::new([1; 32]), MasterKey::new([2; 32])];
    assert!(open(good.clone(), &both()).is_ok());
    for bad in [swapped, vec![other_row, good[1].clone()], vec![other_master, good[1].clone()]] {
        assert!(matches!(open(bad, &both()), Err(VaultError::Seal(SealError::Damaged { .. }))));
    }
    let told = open(good, &[MasterKey::new([2; 32])]).err().unwrap().to_string();
    assert!(told.contains("does not fit this database") && told.contains(&master.name()), "{told}");
}

#[test]
fn another_master_key_opens_what_was_sealed_and_derives_the_same() {
    let (before, after) = (MasterKey::new([1; 32]), MasterKey::new([2; 32]));
    let first = rows(&before);
    let vault = open(first.clone(), &[MasterKey::new([1; 32])]).unwrap();
    let sealed = vault.seal("env/A/value", b"secret");
    let (mut turned, fresh) = vault.turn((&first, &before), &after, NOW).unwrap();
    turned[0].active = false;
    turned.push(fresh);
    assert!(matches!(open(turned.clone(), &[before]), Err(VaultError::WrongMasterKey { .. })));
    let next = open(turned, &[after]).unwrap();
    assert_eq!(next.open("env/A/value", &sealed).unwrap(), b"secret");
    assert_eq!(next.derive("sid", "x"), vault.derive("sid", "x"));
    let anew = next.seal("env/A/value", b"secret");
    assert_ne!(anew[1..5], sealed[1..5], "a fresh key seals");
    assert!(matches!(vault.open("env/A/value", &anew), Err(SealError::OtherKey { .. })));
}

#[test]
fn a_master_key_tells_nothing_of_itself() {
    let key = MasterKey::parse(&"ab".repeat(32)).unwrap();
    let told = format!("{key:?} {}", key.name());
    assert!(!told.contains("abab") && key.name().len() == 8, "{told}");
    for text in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
        assert!(MasterKey::parse(text).is_none(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_was_sealed_comes_back(place in ".{0,40}", plain in prop::collection::vec(any::<u8>(), 0..300)) {
        let vault = vault();
        let sealed = vault.seal(&place, &plain);
        prop_assert_eq!(vault.open(&place, &sealed).unwrap(), plain.clone());
        prop_assert_ne!(&vault.seal(&place, &plain), &sealed, "a fresh nonce each time");
    }

    #[test]
    fn a_flipped_bit_is_noticed(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let vault = vault();
        let mut sealed = vault.seal("env/A/value", b"a secret of some length");
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(vault.open("env/A/value", &sealed).is_err());
    }
}
