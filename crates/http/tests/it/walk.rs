//! The whole walk: providers → start → scan → callback → result → me → logout → refused.

use crate::on_both_engines;
use crate::support::{HOME, On, World};

on_both_engines!(a_person_signs_in_and_out);

async fn a_person_signs_in_and_out(on: On) {
    let world = World::ready(on).await;
    let providers = world.get_from(HOME, "accounts/providers").await.ok();
    assert_eq!(providers["items"][0]["id"], "wechat");
    let (url, state) = world.start().await;
    assert_eq!(world.result(&state).await.ok()["status"], "pending");
    let callback = world.allow(&url, "alice");
    let back = world.come_back(HOME, &callback).await;
    assert_eq!(back.status, 303, "{}", back.text);
    assert!(!back.header("location").contains(&state), "{}", back.header("location"));
    let done = world.result(&state).await.ok();
    assert_eq!(done["status"], "done");
    let token = done["user_token"].as_str().unwrap();
    let me = world.get_as(token, "accounts/me").await.ok();
    assert_eq!(me["user"]["user_id"], done["user_id"]);
    assert_eq!(world.post_as(token, "accounts/logout", serde_json::json!({})).await.ok()["success"], true);
    assert_eq!(world.get_as(token, "accounts/me").await.status, 401);
}
