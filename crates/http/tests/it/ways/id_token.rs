//! The checks of an ID token (requirement C11), one by one: what fails any of them signs nobody in.

use super::issuer::{CLIENT, Issuer, Key, SECRET, come_back, sign_in, started, users, with_issuer};
use crate::on_both_engines;
use crate::support::On;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use downcity_service::core::pkce::Challenge;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

on_both_engines!(a_whole_sign_in);

async fn a_whole_sign_in(on: On) {
    let issuer = Issuer::start().await;
    let world = with_issuer(on, &issuer).await;
    let done = sign_in(&world, &issuer).await;
    assert_eq!((&done["status"], &done["provider"]), (&json!("done"), &json!("corp")));
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "Jane Doe");
    assert_eq!(me["profile"]["email"], Value::Null, "none was told, none is made up");
    // The same person again, under another name.
    issuer.play(|script| script.claims = json!({"name": "Jane Roe"}));
    assert_eq!(sign_in(&world, &issuer).await["user_id"], done["user_id"]);
    // The same name and another `sub` is another person.
    issuer.play(|script| script.claims = json!({"sub": "248289761002"}));
    assert_ne!(sign_in(&world, &issuer).await["user_id"], done["user_id"]);
    assert_eq!(users(&world).await, 2);
}

#[tokio::test]
async fn what_is_sent_where() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let (url, state) = started(&world, "corp").await;
    assert!(url.starts_with(&format!("{}/authorize?tenant=7&", issuer.base)), "{url}");
    let sent = crate::kit::query_of(&url);
    assert_eq!((sent["client_id"].as_str(), sent["scope"].as_str()), (CLIENT, "openid profile email"));
    assert_eq!((sent["response_type"].as_str(), sent["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!((sent["state"].as_str(), sent["nonce"].len()), (state.as_str(), 43));
    assert_eq!(sent["redirect_uri"], world.url("accounts/oauth/callback"));
    let other = crate::kit::query_of(&started(&world, "corp").await.0);
    assert!(sent["nonce"] != other["nonce"] && sent["code_challenge"] != other["code_challenge"]);

    let now = world.federation.now().0 / 1000;
    issuer.play(|script| (script.nonce, script.now) = (sent["nonce"].clone(), now));
    assert_eq!(come_back(&world, &state, &[("code", "c0de/+ =")]).await["status"], "done");
    let asked = &issuer.asked("/token")[0];
    let form: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    assert_eq!((form["grant_type"].as_str(), form["code"].as_str()), ("authorization_code", "c0de/+ ="));
    assert_eq!(form["redirect_uri"], sent["redirect_uri"]);
    assert!(Challenge::parse(&sent["code_challenge"]).unwrap().accepts(&form["code_verifier"]), "PKCE");
    assert!(
        !form.contains_key("client_secret"),
        "the secret is in the header, form-encoded (RFC 6749 section 2.3.1)"
    );
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(SECRET)));
    assert_eq!(asked.authorization, format!("Basic {basic}"));
    assert!(issuer.asked("/userinfo").is_empty(), "the ID token told who it is");

    // An issuer that wants the secret in the body, and has no PKCE.
    issuer.play(|script| {
        script.metadata = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["plain"], "scopes_supported": ["openid", "email"]});
    });
    world.clock.advance(std::time::Duration::from_secs(3601));
    let (url, _) = started(&world, "corp").await;
    let sent = crate::kit::query_of(&url);
    assert!(!sent.contains_key("code_challenge"), "`plain` never");
    assert_eq!(sent["scope"], "openid email");
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
    let asked = issuer.asked("/token").pop().unwrap();
    assert!(asked.body.contains("client_secret=") && !asked.body.contains("code_verifier"), "{}", asked.body);
    assert_eq!(asked.authorization, "");
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let base = &issuer.base;
    let now = world.federation.now().0 / 1000;
    let wrong = [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"nonce": 7}),
        json!({"iss": "https://accounts.google.com"}),
        json!({"iss": format!("{base}/")}),
        json!({"iss": null}),
        json!({"aud": "another"}),
        json!({"aud": null}),
        json!({"aud": []}),
        json!({"aud": ["another"]}),
        json!({"aud": [CLIENT, "another"]}),
        json!({"aud": [CLIENT, "another"], "azp": "another"}),
        json!({"azp": "another"}),
        json!({"azp": null, "aud": {"a": CLIENT}}),
        json!({"exp": now - 61}),
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"iat": now + 90}),
        json!({"iat": null}),
        json!({"nbf": now + 90}),
        json!({"nbf": "soon"}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": "x".repeat(256)}),
        json!({"sub": "a\u{0}b"}),
    ];
    for claims in wrong {
        issuer.play(|script| script.claims = claims.clone());
        let failed = sign_in(&world, &issuer).await;
        assert_eq!(
            (&failed["status"], &failed["code"]),
            (&json!("failed"), &json!("provider_answer_refused")),
            "{claims}"
        );
    }
    assert_eq!(users(&world).await, 0, "and nothing is left behind");
    let fine = [
        json!({"aud": [CLIENT]}),
        json!({"aud": [CLIENT, "another"], "azp": CLIENT}),
        json!({"exp": now - 30}),
        json!({"iat": now + 30, "nbf": now + 30}),
        json!({"exp": (now + 300) as f64 + 0.5}),
    ];
    for claims in fine {
        issuer.play(|script| script.claims = claims.clone());
        assert_eq!(sign_in(&world, &issuer).await["status"], "done", "{claims}");
    }
    assert_eq!(users(&world).await, 1);
}

/// A token of these parts, signed or not.
fn put_together(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn signatures_that_are_not_the_issuers_are_refused() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    type Forge = fn(&Issuer) -> String;
    let forge: [(&str, Forge); 10] = [
        ("no signature", |issuer| put_together(&json!({"alg": "none"}), &issuer.claims(), "")),
        ("no signature, with a kid", |issuer| {
            put_together(&json!({"alg": "None", "kid": "one"}), &issuer.claims(), "")
        }),
        ("the public key as a secret", |issuer| {
            let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::HS256) };
            let public = issuer.play(|script| script.published[0].to_string());
            jsonwebtoken::encode(&header, &issuer.claims(), &EncodingKey::from_secret(public.as_bytes()))
                .unwrap()
        }),
        ("the client's secret", |issuer| {
            let header = Header::new(Algorithm::HS256);
            jsonwebtoken::encode(&header, &issuer.claims(), &EncodingKey::from_secret(SECRET.as_bytes()))
                .unwrap()
        }),
        ("a key of the forger's under the issuer's id", |issuer| {
            let key = Key::ec("one");
            jsonwebtoken::encode(&key.header, &issuer.claims(), &key.private).unwrap()
        }),
        ("a key that comes along", |issuer| {
            let key = Key::ec("one");
            let jwk = serde_json::from_value(key.public.clone()).unwrap();
            let header = Header { jwk: Some(jwk), ..key.header };
            jsonwebtoken::encode(&header, &issuer.claims(), &key.private).unwrap()
        }),
        ("a header that has to be understood", |issuer| {
            let key = issuer.play(|script| script.key.clone());
            let header = Header { crit: Some(vec!["exp".into()]), ..key.header };
            jsonwebtoken::encode(&header, &issuer.claims(), &key.private).unwrap()
        }),
        ("claims exchanged", |issuer| {
            let key = issuer.play(|script| script.key.clone());
            let token = jsonwebtoken::encode(&key.header, &issuer.claims(), &key.private).unwrap();
            let mut parts = token.split('.');
            let (header, signature) = (parts.next().unwrap(), parts.nth(1).unwrap());
            let mut claims = issuer.claims();
            claims["sub"] = json!("the victim");
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
        }),
        ("trailing garbage", |issuer| {
            let key = issuer.play(|script| script.key.clone());
            jsonwebtoken::encode(&key.header, &issuer.claims(), &key.private).unwrap() + ".x"
        }),
        ("another kind of key under the id", |issuer| {
            let key = Key::ed("one");
            jsonwebtoken::encode(&key.header, &issuer.claims(), &key.private).unwrap()
        }),
    ];
    for (what, token) in forge {
        let (url, state) = started(&world, "corp").await;
        let nonce = crate::kit::query_of(&url)["nonce"].clone();
        let now = world.federation.now().0 / 1000;
        issuer.play(|script| (script.nonce, script.now, script.id_token) = (nonce, now, None));
        let token = token(&issuer);
        issuer.play(|script| script.id_token = Some(token));
        let failed = come_back(&world, &state, &[("code", "c0de")]).await;
        assert_eq!(failed["code"], "provider_answer_refused", "{what}: {failed}");
    }
    issuer.play(|script| script.id_token = None);
    assert_eq!(users(&world).await, 0);
    assert_eq!(sign_in(&world, &issuer).await["status"], "done");
}

#[tokio::test]
async fn the_profile_comes_from_userinfo_where_the_token_has_none_but_never_about_somebody_else() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let profile = json!({"sub": "248289761001", "name": "Jane 李", "email": "Jane@Example.com", "email_verified": true,
        "picture": "javascript:alert(1)"});
    issuer.play(|script| (script.claims, script.userinfo) = (json!({"name": null}), Some(profile.clone())));
    let done = sign_in(&world, &issuer).await;
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "Jane 李");
    assert_eq!(me["profile"]["email"], "jane@example.com");
    assert_eq!(me["profile"]["avatar_url"], Value::Null);
    assert_eq!(issuer.asked("/userinfo")[0].authorization, "Bearer upstream-access");
    // Somebody else's.
    issuer.play(|script| script.userinfo.as_mut().unwrap()["sub"] = json!("another"));
    assert_eq!(sign_in(&world, &issuer).await["code"], "provider_answer_refused");
    // None at all: the sign-in goes on without.
    issuer.play(|script| (script.userinfo, script.claims) = (None, json!({"name": null, "sub": "3"})));
    let done = sign_in(&world, &issuer).await;
    let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], Value::Null);
}

/// Failing 4: an address links nobody, and one that is not verified is not even shown.
#[tokio::test]
async fn linked_by_unverified_email() {
    let issuer = Issuer::start().await;
    let world = with_issuer(On::Sqlite, &issuer).await;
    let as_person = |sub: &str, verified: Value| {
        let claims = json!({"sub": sub, "email": "jane@example.com", "email_verified": verified});
        issuer.play(|script| script.claims = claims);
    };
    let mut found = Vec::new();
    for (sub, verified) in [
        ("1", json!(true)),
        ("2", json!(false)),
        ("3", Value::Null),
        ("4", json!(true)),
        ("5", json!("false")),
    ] {
        as_person(sub, verified);
        let done = sign_in(&world, &issuer).await;
        let me = world.get_as(done["user_token"].as_str().unwrap(), "accounts/me").await.ok();
        found.push((done["user_id"].clone(), me["profile"]["email"].clone()));
    }
    assert_eq!(users(&world).await, 5, "five people, whatever their address");
    assert_eq!(found[0].1, "jane@example.com");
    assert!(found[1..].iter().all(|(_, email)| email.is_null()), "{found:?}");
}
