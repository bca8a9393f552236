//! Power cuts during sign-ins on SQLite: whatever of the unsynced writes reaches the disk, SQLite finds its file whole, and
//! everything that was confirmed is in it.

use super::{PEOPLE, Told, all_holds, nothing_is_half_done, rain, set_up};
use crate::support::{Disk, Setup, wechat_with};
use downcity_store::Store;
use downcity_store::testing::sqlite_integrity;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::time::Duration;

const ROUNDS: usize = 6;
const SOAK_ROUNDS: usize = 100;
/// Of each cut, so many different disks are looked at; with the last the Federation goes on.
const DISKS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_during_sign_ins_lose_nothing_that_was_confirmed() {
    cut_again_and_again(ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_power_cuts() {
    cut_again_and_again(SOAK_ROUNDS).await;
}

async fn cut_again_and_again(rounds: usize) {
    let sim = wechat_with(PEOPLE + 1).await;
    let mut disk = Disk::new();
    let setup = Setup::default().simulator(sim.url()).args(["--starts-per-minute", "0"]);
    let mut fed = disk.under(setup).start();
    let mut told = set_up(&fed, &sim).await;
    let (admin_key, file) = (fed.admin_key(), fed.data().join("fed.db"));
    for round in 0..rounds {
        let mut dice = Dice { seed: RandomState::new().hash_one(round), thrown: 0 };
        // Shown when the test fails.
        let _ = writeln!(std::io::stderr(), "round {round}: seed {}", dice.seed);
        let rest = Duration::from_micros(dice.throw(30_000) as u64);
        told = rain(&mut fed, &sim, told, 1 + dice.throw(40), rest).await;
        for _ in 0..DISKS {
            disk.cut_power(|of| dice.throw(of));
            assert_eq!(sqlite_integrity(&file), "ok");
            confirmed_cities_are_there(&file, &told).await;
            nothing_is_half_done(&fed, None, false).await;
        }
        disk.settle();
        fed = fed.restart();
        assert_eq!(fed.admin_key(), admin_key, "the keys of the first start are there");
        all_holds(&fed, &mut told).await;
        told.forget_but(400);
    }
    assert!(!fed.log().contains("ERROR") && !fed.log().contains("panicked"), "{}", fed.log());
}

async fn confirmed_cities_are_there(file: &std::path::Path, told: &Told) {
    let store = Store::open_sqlite(file).await.unwrap();
    let cities = store.cities().await.unwrap();
    for city in &told.cities {
        assert!(cities.iter().any(|kept| kept.city_id.as_str() == city), "{city} was confirmed and is lost");
    }
    store.close().await;
}

/// Numbers that a seed gives.
struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// One below another (SplitMix64).
    fn throw(&mut self, below: usize) -> usize {
        self.thrown += 1;
        let mut mixed = self.seed.wrapping_add(self.thrown.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }
}
