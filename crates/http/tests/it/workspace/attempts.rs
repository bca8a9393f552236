//! The page of sign-in attempts: states and failures in words, the pattern, filters, pages; nothing that helps to finish one.

use super::Keeper;
use crate::kit::admin_get;
use crate::on_both_engines;
use crate::person::Browser;
use crate::support::{AWAY, HOME, On, World};
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    attempts_are_told_in_words_and_without_what_would_finish_them,
    the_key_of_a_city_sees_attempts_of_that_city_only,
);

const LIST: &str = "/admin/attempts";

async fn newest(world: &World, query: &str) -> String {
    let list = admin_get(world, &format!("accounts/attempts?limit=1{query}")).await.ok();
    list["items"][0]["attempt_id"].as_str().unwrap().to_owned()
}

async fn attempts_are_told_in_words_and_without_what_would_finish_them(on: On) {
    let world = World::ready(on).await;
    let keeper = Keeper::owner(&world).await;
    assert!(keeper.get(LIST).await.text.contains("Nobody has tried to sign in for a day"));
    let done = world.sign_in("alice").await;
    world.clock.advance(Duration::from_millis(5));
    let wrong = json!({"key": "WECHAT_CLIENT_SECRET", "value": "0123456789abcdef0123456789abcdef"});
    world.admin_post("env/upsert", wrong).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    world.come_back(HOME, &callback).await;
    let failed = newest(&world, "&status=failed").await;
    let signed_in = newest(&world, "&status=done").await;

    let list = keeper.get(LIST).await.text;
    for part in ["signed in</span>", "failed</span>", "<code>40125</code>", "AppSecret does not belong", HOME]
    {
        assert!(list.contains(part), "{part}: {list}");
    }
    assert!(list.contains("failed with 40125"), "the pattern: {list}");
    let one = keeper.get(&format!("{LIST}/{failed}")).await.text;
    for part in
        ["<code>40125</code>", "<code>provider_misconfigured</code>", "WECHAT_CLIENT_SECRET", "It failed"]
    {
        assert!(one.contains(part), "{part}: {one}");
    }
    assert!(
        one.contains("href=\"/admin/attempts?provider=wechat&#38;failure=provider_misconfigured\""),
        "{one}"
    );
    let other = keeper.get(&format!("{LIST}/{signed_in}")).await.text;
    assert!(other.contains(done["user_id"].as_str().unwrap()), "{other}");
    assert!(other.contains("The product collected the token"), "{other}");
    let code = crate::kit::query_of(&callback)["code"].clone();
    for secret in [state.as_str(), code.as_str(), done["user_token"].as_str().unwrap()] {
        assert!(![&list, &one, &other].iter().any(|page| page.contains(secret)));
    }
    let gone = keeper.get(&format!("{LIST}/nothing")).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text.contains("This attempt is not remembered"), "{}", gone.text);
}

#[tokio::test]
async fn the_warning_about_links_sent_to_people_leads_to_their_attempts() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    for _ in 0..3 {
        let (url, _) = world.start().await;
        let lured = Browser::at(&world, AWAY);
        let page = lured.come_back(&world.allow(&url, "alice")).await;
        lured.press(&page, "deny").await;
    }
    let overview = keeper.get("/admin").await.text;
    assert!(overview.contains("3 sign-ins were answered with No"), "{overview}");
    let link = "/admin/attempts?city=city_demo&provider=wechat&failure=login_cancelled";
    assert!(overview.contains(&format!("href=\"{}\"", link.replace('&', "&#38;"))), "{overview}");
    let listed = keeper.get(link).await.text;
    assert_eq!(listed.matches("<a href=\"/admin/attempts/").count(), 3, "{listed}");
}

async fn the_key_of_a_city_sees_attempts_of_that_city_only(on: On) {
    let world = World::ready(on).await;
    world.admin_post("cities/create", json!({"name": "Elsewhere", "city_id": "city_other"})).await;
    world.start().await;
    let other = json!({"provider": "wechat", "city_id": "city_other"});
    world.post_from(HOME, "accounts/oauth/start", other).await.ok();
    let (own, other) =
        (newest(&world, "&city_id=city_demo").await, newest(&world, "&city_id=city_other").await);
    let keeper = Keeper::new(&world, "viewer", Some("city_demo")).await;
    let list = keeper.get(LIST).await.text;
    assert!(list.contains(&own), "{list}");
    assert!(!list.contains(&other) && !list.contains("city_other") && !list.contains("Elsewhere"), "{list}");
    assert_eq!(keeper.get(&format!("{LIST}/{own}")).await.status, 200);
    let hidden = keeper.get(&format!("{LIST}/{other}")).await;
    assert_eq!((hidden.status, hidden.text.contains("city_other")), (404, false));
    assert_eq!(keeper.get(&format!("{LIST}?city=city_other")).await.status, 403);
}

#[tokio::test]
async fn the_pattern_is_spelled_out_above_the_attempts() {
    let world = World::ready(On::Sqlite).await;
    for _ in 0..12 {
        world.start().await;
    }
    let keeper = Keeper::owner(&world).await;
    assert!(keeper.get(LIST).await.text.contains("Nothing stands out"));
    world.clock.advance(Duration::from_secs(601));
    let page = keeper.get(LIST).await.text;
    let told = "12 started, 0 returned: the callback domain in WeChat&#39;s console is probably not";
    assert!(page.contains(told), "{page}");
    assert!(page.contains("never came back</span>"), "{page}");
    let one = keeper.get(&format!("{LIST}/{}", newest(&world, "").await)).await.text;
    assert!(one.contains("Nobody came back within ten minutes"), "{one}");
}

#[tokio::test]
async fn attempts_are_narrowed_and_paged() {
    let world = World::ready(On::Sqlite).await;
    world.sign_in("alice").await;
    for _ in 0..50 {
        world.start().await;
    }
    let keeper = Keeper::owner(&world).await;
    let rows = |text: &str| text.matches("<tr>").count() - 1;
    let first = keeper.get(LIST).await.text;
    assert_eq!(rows(&first), 50);
    assert!(first.contains("hx-trigger=\"poll\""), "the first page keeps itself up to date");
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let second = keeper.get(&next.replace("&#38;", "&")).await.text;
    assert_eq!(rows(&second), 1);
    assert!(!second.contains("hx-trigger=\"poll\"") && !second.contains("rel=\"next\""), "{second}");
    let done = keeper.get(&format!("{LIST}?status=done&provider=wechat&city=&failure=")).await.text;
    assert_eq!(rows(&done), 1);
    assert!(done.contains("<option value=\"done\" selected>"), "{done}");
    let none = keeper.get(&format!("{LIST}?failure=access_denied")).await.text;
    assert!(none.contains("No attempt fits the filter"), "{none}");
    assert_eq!(keeper.get(&format!("{LIST}?status=lost")).await.status, 400);
}
