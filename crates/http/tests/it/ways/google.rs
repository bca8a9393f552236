//! Google: its issuer is a constant; what an ID token of Google looks like is in its guide "OpenID Connect".

use super::issuer::{CLIENT, Issuer, SECRET, come_back_by_get, started, users};
use crate::support::{HOME, On, Plan, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_person_signs_in_with_google() {
    let google = Issuer::start().await;
    let plan = Plan { private_issuers: true, google: Some(google.base.clone()), ..Plan::on(On::Sqlite) };
    let world = World::planned(plan).await;
    world.admin_post("cities/create", json!({"name": "Demo", "city_id": "city_demo"})).await;
    let raw = format!("GOOGLE_CLIENT_ID='{CLIENT}'\nGOOGLE_CLIENT_SECRET='{SECRET}'");
    let imported = world.admin_post("env/import", json!({ "raw": raw })).await;
    assert!(imported.to_string().contains("apps.googleusercontent.com"), "a warning: {imported}");
    let items = world.get_from(HOME, "accounts/providers").await.ok()["items"].clone();
    assert_eq!(items[0], json!({"id": "google", "type": "oauth", "enabled": true, "label": "Google"}));

    // As Google's guide shows it; the recorded access token and profile of `sub` 10769150350006150715113082367.
    google.play(|script| {
        script.claims = json!({"azp": CLIENT, "sub": "10769150350006150715113082367", "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
            "hd": "example.com", "email": "jsmith@example.com", "email_verified": true, "name": "John Smith",
            "given_name": "John", "family_name": "Smith", "picture": "https://lh3.googleusercontent.com/a/x=s96-c", "locale": "en"});
    });
    let mut people = Vec::new();
    for iss in [google.base.as_str(), "accounts.google.com", "accounts.evil.example"] {
        let (url, state) = started(&world, "google").await;
        let sent = crate::kit::query_of(&url);
        assert_eq!(
            (sent["scope"].as_str(), sent["code_challenge_method"].as_str()),
            ("openid profile email", "S256")
        );
        google.play(|script| {
            (script.nonce, script.now) = (sent["nonce"].clone(), world.federation.now().0 / 1000);
            script.claims["iss"] = json!(iss);
        });
        people.push(come_back_by_get(&world, &state, &[("code", "4/P7q7W91a-oMsCeLvIaQm6bTrgtp7")]).await);
    }
    assert_eq!(people[0]["user_id"], people[1]["user_id"], "Google has two names for itself");
    assert_eq!(people[2]["code"], "provider_answer_refused");
    assert_eq!(users(&world).await, 1);
    let me = world.get_as(people[0]["user_token"].as_str().unwrap(), "accounts/me").await.ok();
    assert_eq!(me["profile"]["display_name"], "John Smith");
    assert_eq!(me["profile"]["email"], "jsmith@example.com");
    assert_eq!(me["profile"]["avatar_url"], "https://lh3.googleusercontent.com/a/x=s96-c");
    assert_ne!(me["user"]["user_id"], Value::Null);
}
