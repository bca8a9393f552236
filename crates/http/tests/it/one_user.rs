//! One user as an admin sees them, and finding them by what WeChat calls them.

use crate::kit::{admin_get, assert_error};
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

on_both_engines!(
    a_user_is_found_by_openid_and_unionid_and_told_in_one_answer,
    the_key_of_a_city_sees_its_own_people_only,
);

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|one| one["user_id"].as_str().unwrap()).collect()
}

async fn a_user_is_found_by_openid_and_unionid_and_told_in_one_answer(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    world.sign_in("zhangsan").await;
    let user_id = alice["user_id"].as_str().unwrap();
    let told = admin_get(&world, &format!("accounts/users/one?user_id={user_id}")).await.ok();
    assert_eq!((&told["user"]["user_id"], &told["user"]["status"]), (&json!(user_id), &json!("active")));
    let identity = &told["identities"][0];
    assert_eq!((&identity["provider"], &identity["label"]), (&json!("wechat"), &json!("WeChat")));
    let names = identity["names"].as_array().unwrap();
    assert_eq!(names.len(), 2);
    let openid = world.sim.openid("alice", &world.sim.app().appid);
    assert!(names.iter().any(|name| name["kind"] == "openid" && name["value"] == json!(openid)));
    for name in names {
        let found =
            admin_get(&world, &format!("accounts/users?q={}", name["value"].as_str().unwrap())).await.ok();
        assert_eq!(ids(&found), [user_id]);
    }
    assert_eq!(
        (&told["sessions"][0]["network"], &told["sessions"][0]["status"]),
        (&json!(HOME), &json!("active"))
    );
    assert_eq!(told["sessions"].as_array().unwrap().len(), 1);
    let kinds: Vec<_> = told["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["user.signed_in", "user.signed_up"]);
    assert!(!told.to_string().contains(alice["user_token"].as_str().unwrap()));
    for nobody in ["nobody", "%20", user_id.get(1..).unwrap()] {
        let refused = admin_get(&world, &format!("accounts/users/one?user_id={nobody}")).await;
        assert_error(&refused, 404, "unknown_user");
    }
}

async fn the_key_of_a_city_sees_its_own_people_only(on: On) {
    let world = World::ready(on).await;
    let alice = world.sign_in("alice").await;
    let user_id = alice["user_id"].as_str().unwrap();
    world.admin_post("cities/create", json!({"name": "Other", "city_id": "city_other"})).await;
    let make = |city: &str| json!({"name": city, "role": "viewer", "city_id": city});
    let own = world.admin_post("admin-keys/create", make("city_demo")).await;
    let other = world.admin_post("admin-keys/create", make("city_other")).await;
    let (own, other) = (own["admin_key"].as_str().unwrap(), other["admin_key"].as_str().unwrap());
    let path = format!("accounts/users/one?user_id={user_id}");
    assert_error(&world.get_as(other, &path).await, 404, "unknown_user");
    assert_eq!(ids(&world.get_as(other, "accounts/users").await.ok()), [""; 0]);
    assert_eq!(ids(&world.get_as(other, &format!("accounts/users?q={user_id}")).await.ok()), [""; 0]);
    assert_eq!(ids(&world.get_as(own, "accounts/users").await.ok()), [user_id]);
    let told = world.get_as(own, &path).await.ok();
    assert_eq!(told["identities"][0]["names"], json!([]));
    assert_eq!(told["sessions"].as_array().unwrap().len(), 1);
    for path in ["accounts/attempts", "federation/overview", "providers/list"] {
        world.get_as(own, &format!("{path}?city_id=city_demo")).await.ok();
        assert_error(&world.get_as(own, &format!("{path}?city_id=city_other")).await, 403, "city_key");
    }
    let mine = world.get_as(other, "accounts/attempts").await.ok();
    assert_eq!(mine["items"], json!([]));
    assert_eq!(world.get_as(other, "federation/overview").await.ok()["total"]["started"], 0);
    let all = world.get_as(world.admin_key.expose_secret(), "accounts/users?city_id=city_other").await.ok();
    assert_eq!(ids(&all), [""; 0]);
}
