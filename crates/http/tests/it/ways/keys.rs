//! An issuer's keys: rotated, unknown, of several kinds, out of reach; asked for as seldom as possible.

use super::issuer::{Canned, Issuer, Key, sign_in, start, with_issuer};
use crate::kit::assert_error;
use crate::support::On;
use axum::http::StatusCode;
use serde_json::json;
use std::time::{Duration, Instant};

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

/// A key can be exchanged for another under its id, or where none has an id.
#[tokio::test]
async fn a_key_in_the_place_of_another_is_fetched_within_a_minute() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    let publish = |mut key: Key, has_id: bool| {
        if !has_id {
            key.header.kid = None;
            key.public.as_object_mut().unwrap().remove("kid");
        }
        issuer.play(|script| (script.published, script.key) = (vec![key.public.clone()], key));
    };
    for (round, has_id) in [true, false, false].into_iter().enumerate() {
        publish(Key::ec("one"), has_id);
        for _ in 0..3 {
            assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused", "{round}");
        }
        assert_eq!(issuer.asked("/jwks").len(), round + 1, "not within the minute");
        world.clock.advance(Duration::from_secs(61));
        assert_eq!(sign_in(&world, &issuer).await["status"], "done", "{round}");
        assert_eq!(issuer.asked("/jwks").len(), round + 2);
    }
    // A signature of nobody's is no reason to ask more than once a minute either.
    let right = issuer.play(|script| script.key.clone());
    issuer.play(|script| script.key = Key::ec("one"));
    world.clock.advance(Duration::from_secs(61));
    for _ in 0..5 {
        assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused");
    }
    assert_eq!(issuer.asked("/jwks").len(), 5);
    issuer.play(|script| script.key = right);
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
}

fn trouble() -> Option<Canned> {
    Some((StatusCode::BAD_GATEWAY, [("content-type", "text/html".into())], "<html>".into()))
}

#[tokio::test]
async fn what_was_known_of_an_issuer_is_gone_on_with_for_a_day_while_it_can_not_be_fetched() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let counts = || (issuer.asked("/.well-known").len(), issuer.asked("/jwks").len());
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    let page = Some((StatusCode::OK, [("content-type", "text/html".into())], "<html>".into()));
    for (round, answer) in [trouble(), page].into_iter().enumerate() {
        issuer.play(|script| (script.discovery, script.jwks) = (answer.clone(), answer));
        world.clock.advance(Duration::from_secs(3601));
        for _ in 0..3 {
            assert_eq!(sign_in(&world, &issuer).await["status"], "done");
        }
        assert_eq!(counts(), (2 + round, 2 + round), "asked again, but not within five seconds");
    }
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    assert_eq!(counts(), (4, 4));
    // What was known is no excuse for a signature of nobody's.
    let right = issuer.play(|script| script.key.clone());
    issuer.play(|script| script.key = Key::ec("one"));
    assert_eq!(
        sign_in(&world, &issuer).await["code"],
        "provider_unavailable",
        "newer keys are not to be had"
    );
    issuer.play(|script| script.key = right);
    // A day after its time it is over.
    world.clock.advance(Duration::from_secs(23 * 3600));
    assert_error(&start(&world, "corp").await, 503, "provider_unavailable");
    issuer.play(|script| script.discovery = None);
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(sign_in(&world, &issuer).await["code"], "provider_unavailable", "so it is with the keys");
    issuer.play(|script| script.jwks = None);
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
}

/// The rest of a sign-in needs its time, and nobody waits who finds somebody asking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_whose_metadata_hangs_holds_up_nobody_for_long() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    issuer.play(|script| script.hangs = true);
    world.clock.advance(Duration::from_secs(3601));
    let began = Instant::now();
    let first = start(&world, "corp");
    let second = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        start(&world, "corp").await.ok();
        asked.elapsed()
    };
    let (first, second) = tokio::join!(first, second);
    first.ok();
    assert!(second < Duration::from_secs(1), "{second:?}");
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
}

/// An answer is no silence: what an issuer says of itself now holds.
#[tokio::test]
async fn metadata_that_names_another_issuer_ends_what_was_known() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    issuer.play(|script| script.metadata = json!({"issuer": "https://other.example.com"}));
    world.clock.advance(Duration::from_secs(3601));
    for _ in 0..2 {
        assert_error(&start(&world, "corp").await, 503, "provider_unavailable");
    }
    issuer.play(|script| script.metadata = json!({}));
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
}
