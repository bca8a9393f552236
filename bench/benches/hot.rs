//! The functions that every request or every sign-in passes, each by itself: `cargo bench -p bench`. For looking at one
//! change; what counts is `cargo xtask bench`.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use divan::{Bencher, black_box};
use downcity_core::identity::clean_text;
use downcity_core::network::Network;
use downcity_core::pkce::Challenge;
use downcity_core::redirect::{Target, parse_origin};
use downcity_core::token::{AUDIENCE, Claims};
use downcity_core::{CityId, Digest, Lang, OpaqueToken, SessionId, Timestamp, UserId};
use std::net::{IpAddr, Ipv4Addr};

fn main() {
    divan::main();
}

#[divan::bench]
fn state_made_and_digested() -> Digest {
    OpaqueToken::from_bytes(black_box(&[7; 32])).digest()
}

#[divan::bench]
fn id_made() -> UserId {
    UserId::fresh(Timestamp(black_box(1_800_000_000_000)), &[7; 10])
}

#[divan::bench]
fn challenge_of_a_verifier() -> Challenge {
    Challenge::of(black_box("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
}

#[divan::bench]
fn return_to_checked(bencher: Bencher<'_, '_>) {
    let listed = ["https://app.example.com/*".to_owned(), "https://shop.example.com/signed-in".to_owned()];
    bencher.bench(|| {
        Target::parse(black_box("https://shop.example.com/signed-in?next=%2Fcart"))
            .map(|to| to.check(&listed))
    });
}

#[divan::bench]
fn origin_read() -> Option<String> {
    parse_origin(black_box("https://app.example.com:8443")).ok()
}

#[divan::bench]
fn language_chosen() -> Option<Lang> {
    Lang::accept(black_box("fr-CH, fr;q=0.9, en;q=0.8, zh-CN;q=0.7, *;q=0.5"))
}

#[divan::bench]
fn network_of_an_address() -> Network {
    Network::of(black_box(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))))
}

#[divan::bench]
fn nickname_cleaned() -> Option<String> {
    clean_text(black_box("  小明 \u{200b}Ming 🎉  "), 64)
}

fn claims() -> Claims {
    let user_id = UserId::trusted("01a21407-6371-7a46-a2d2-3a3d12517c15".to_owned());
    Claims {
        iss: "https://fed.example.com".to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user_id.clone(),
        user_id,
        city_id: CityId::trusted("city_shop".to_owned()),
        sid: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
        jti: SessionId::trusted("01a21407-61b8-7d8c-930e-f4cb823812d4".to_owned()),
        iat: 1_800_000_000,
        exp: 1_800_604_800,
        metadata: None,
    }
}

#[divan::bench]
fn claims_written(bencher: Bencher<'_, '_>) {
    let claims = claims();
    bencher.bench(|| serde_json::to_vec(black_box(&claims)));
}

#[divan::bench]
fn claims_read(bencher: Bencher<'_, '_>) {
    let text = serde_json::to_vec(&claims()).unwrap_or_default();
    bencher.bench(|| serde_json::from_slice::<Claims>(black_box(&text)));
}

/// The arithmetic under a token: nothing of ours can be faster than that.
#[divan::bench]
fn ed25519_signed(bencher: Bencher<'_, '_>) {
    let Ok(key) = Ed25519KeyPair::from_seed_unchecked(&[7; 32]) else { return };
    bencher.bench(|| key.sign(black_box(&[7; 500])));
}

#[divan::bench]
fn ed25519_verified(bencher: Bencher<'_, '_>) {
    let Ok(key) = Ed25519KeyPair::from_seed_unchecked(&[7; 32]) else { return };
    let signature = key.sign(&[7; 500]);
    let public = UnparsedPublicKey::new(&ED25519, key.public_key().as_ref());
    bencher.bench(|| public.verify(black_box(&[7; 500]), signature.as_ref()));
}
