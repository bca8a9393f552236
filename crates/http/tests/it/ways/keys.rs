//! An issuer's keys: rotated, unknown, of several kinds; asked for as seldom as possible.

use super::issuer::{Issuer, Key, sign_in, with_issuer};
use crate::support::On;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn rotated_keys_are_fetched_again_but_not_more_than_once_a_minute() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    for _ in 0..3 {
        assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    }
    assert_eq!((issuer.asked("/jwks").len(), issuer.asked("/.well-known").len()), (1, 1), "kept");

    // A new key at once: nobody asks again before a minute is over.
    let old = issuer.play(|script| script.key.clone());
    let new = Key::ed("two");
    issuer.play(|script| {
        script.published = vec![new.public.clone()];
        script.key = new;
    });
    for _ in 0..2 {
        assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused");
    }
    assert_eq!(issuer.asked("/jwks").len(), 1);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    assert_eq!(issuer.asked("/jwks").len(), 2);
    // The key that was taken away signs nothing any more.
    issuer.play(|script| script.key = old);
    assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused");
}

#[tokio::test]
async fn keys_are_forgotten_after_their_time() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    issuer.play(|script| script.published.clear());
    assert_eq!(sign_in(&world, &issuer).await["status"], "done", "kept for an hour");
    world.clock.advance(Duration::from_secs(3601));
    assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused");
}

#[tokio::test]
async fn odd_keys_beside_the_right_one_do_no_harm() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    issuer.play(|script| {
        let right = script.published.remove(0);
        let encrypts = {
            let mut key = Key::ec("one").public;
            key["use"] = json!("enc");
            key
        };
        script.published = vec![
            json!({"kty": "EC", "crv": "secp256k1", "kid": "one", "x": "AA", "y": "AA"}),
            json!({"kty": "oct", "kid": "one", "k": "c2VjcmV0"}),
            json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "one", "pub": "AA"}),
            json!({"kty": "RSA", "kid": "one", "alg": "RS256", "n": "AQAB", "e": "AQAB"}),
            json!("nonsense"),
            encrypts,
            right,
        ];
        script.key.header.kid = None;
    });
    assert_eq!(sign_in(&world, &issuer).await["status"], "done", "and without a kid");
}
