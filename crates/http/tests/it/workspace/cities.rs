//! Cities in the workspace: made, changed, paused, removed; their own app; tokens issued by hand.

use super::{Keeper, audit, make_key};
use crate::kit::{admin_get, admin_try, ready_with};
use crate::on_both_engines;
use crate::support::{Answer, HOME, On, Plan, World};
use serde_json::{Value, json};

on_both_engines!(
    a_city_is_made_changed_paused_and_removed,
    a_city_gets_an_app_of_its_own_and_gives_it_up,
    a_token_is_issued_by_hand_and_shown_once,
    what_goes_with_a_city_is_told_before,
);

const FORM: &[(&str, &str)] = &[("name", "Shop"), ("origins", ""), ("redirects", ""), ("confirm", "auto")];

/// The form with some fields in place of the usual ones.
fn with<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = FORM.iter().filter(|(name, _)| fields.iter().all(|(other, _)| other != name));
    usual.chain(fields).copied().collect()
}

async fn city(world: &World, id: &str) -> Option<Value> {
    let list = admin_get(world, "cities/list").await.ok();
    list["items"].as_array().unwrap().iter().find(|city| city["city_id"] == id).cloned()
}

fn shows(page: &Answer, what: &[&str]) {
    for what in what {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
}

async fn a_city_is_made_changed_paused_and_removed(on: On) {
    let world = World::new(on).await;
    let keeper = Keeper::owner(&world).await;
    let lists = [
        ("city_id", "city_shop"),
        ("origins", "https://shop.example.com\r\n\r\n  http://127.0.0.1:3000 "),
        ("redirects", "https://shop.example.com/in"),
        ("confirm", "always"),
    ];
    let page = keeper.act("/admin/cities", &with(&lists)).await;
    shows(&page, &["The city is there", "https://shop.example.com/in", "city_shop"]);
    let made = city(&world, "city_shop").await.unwrap();
    assert_eq!(made["allowed_origins"], json!(["https://shop.example.com", "http://127.0.0.1:3000"]));
    assert_eq!((&made["name"], &made["confirm"]), (&json!("Shop"), &json!("always")));
    assert_eq!(audit(&world, "city.created").await[0]["via"], "workspace");

    let taken = keeper.post("/admin/cities", &with(&[("city_id", "city_shop")])).await;
    assert_eq!(taken.status, 422);
    shows(&taken, &["exists already", "<details open>"]);
    let named = keeper.act("/admin/cities", FORM).await;
    shows(&named, &["<code>city_"]);

    let wrong = [
        ("name", " "),
        ("origins", "https://a.test/path\nhttps://b.test\nftp://c.test"),
        ("redirects", "http://d.test/cb\nnot an address"),
    ];
    let refused = keeper.post("/admin/cities/city_shop", &with(&wrong)).await;
    assert_eq!(refused.status, 422);
    for bad in ["https://a.test/path", "ftp://c.test", "http://d.test/cb", "not an address"] {
        shows(&refused, &[&format!("<li><code>{bad}</code>")]);
    }
    assert!(!refused.text.contains("<li><code>https://b.test"), "a good entry is not named");
    shows(&refused, &["The name is empty", "https://b.test"]);
    assert_eq!(city(&world, "city_shop").await.unwrap()["allowed_origins"], made["allowed_origins"]);

    let saved =
        keeper.act("/admin/cities/city_shop", &with(&[("name", "Store"), ("confirm", "never")])).await;
    shows(&saved, &["Saved", "Store", "city.changed"]);
    let changed = city(&world, "city_shop").await.unwrap();
    assert_eq!((&changed["allowed_origins"], &changed["confirm"]), (&json!([]), &json!("never")));

    let paused = keeper.act("/admin/cities/city_shop/status", &[("to", "paused")]).await;
    shows(&paused, &["Paused: no sign-in", "Activate", "city.paused"]);
    assert_eq!(city(&world, "city_shop").await.unwrap()["status"], "paused");
    shows(&keeper.get("/admin/cities").await, &["Store", "paused"]);
    keeper.act("/admin/cities/city_shop/status", &[("to", "active")]).await;
    assert_eq!(city(&world, "city_shop").await.unwrap()["status"], "active");

    let kept = keeper.act("/admin/cities/city_shop/remove", &[("confirm", "city_shoo")]).await;
    shows(&kept, &["Nothing was changed"]);
    assert!(city(&world, "city_shop").await.is_some());
    let gone = keeper.act("/admin/cities/city_shop/remove", &[("confirm", " city_shop ")]).await;
    shows(&gone, &["city_shop is removed"]);
    assert!(city(&world, "city_shop").await.is_none());
    assert_eq!(audit(&world, "city.removed").await[0]["subject"], "city_shop");
    assert_eq!(keeper.get("/admin/cities/city_shop").await.status, 404);
}

async fn a_city_gets_an_app_of_its_own_and_gives_it_up(on: On) {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let world = World::ready(on).await;
    let keeper = Keeper::owner(&world).await;
    let app = "/admin/cities/city_demo/app";
    shows(&keeper.act(app, &[]).await, &["Nothing was filled in"]);
    let half =
        keeper.act(app, &[("WECHAT_CLIENT_ID", "wxcccccccccccccccc"), ("WECHAT_CLIENT_SECRET", "")]).await;
    shows(&half, &["until both", "incomplete", "wxcccccccccccccccc"]);
    let whole = keeper.act(app, &[("WECHAT_CLIENT_ID", ""), ("WECHAT_CLIENT_SECRET", SECRET)]).await;
    shows(&whole, &["WECHAT_CLIENT_SECRET is set", "in use", "••••cdef", "city_env.set"]);
    assert!(!whole.text.contains(SECRET));
    shows(&keeper.get("/admin/cities").await, &["<code>wxcccccccccccccccc</code>"]);
    let foreign = keeper.act(app, &[("GITHUB_CLIENT_ID", "x")]).await;
    shows(&foreign, &["flash bad", "these can: WECHAT_CLIENT_ID"]);
    let kept = keeper.act(&format!("{app}/remove"), &[("confirm", "")]).await;
    shows(&kept, &["Nothing was changed", "in use"]);
    let gone = keeper.act(&format!("{app}/remove"), &[("confirm", "city_demo")]).await;
    shows(&gone, &["is removed", "city_env.removed"]);
    let left = admin_get(&world, "cities/env/list?city_id=city_demo").await.ok();
    assert_eq!(left["items"], json!([]));

    let switch = "/admin/cities/city_demo/provider";
    let off = keeper.act(switch, &[("provider", "wechat"), ("to", "off")]).await;
    shows(&off, &["Switched off in this city", "Switch on"]);
    let start = json!({"provider": "wechat", "city_id": "city_demo"});
    assert_eq!(world.post_from(HOME, "accounts/oauth/start", start.clone()).await.status, 403);
    let other = json!({"provider": "wechat", "city_id": "city_downcity"});
    assert_eq!(world.post_from(HOME, "accounts/oauth/start", other).await.status, 200);
    shows(&keeper.get("/admin/cities").await, &["<span class=\"badge ask\">WeChat</span>"]);
    keeper.act(switch, &[("provider", "wechat"), ("to", "on")]).await;
    assert_eq!(world.post_from(HOME, "accounts/oauth/start", start).await.status, 200);
    shows(&keeper.act(switch, &[("provider", "nobody"), ("to", "off")]).await, &["flash bad"]);
}

async fn a_token_is_issued_by_hand_and_shown_once(on: On) {
    let world = World::ready(on).await;
    let keeper = Keeper::owner(&world).await;
    let path = "/admin/cities/city_demo/token";
    shows(&keeper.get(&format!("{path}?user_id=crm-7")).await, &["value=\"crm-7\""]);
    let wrong = [("user_id", "a b"), ("ttl", "1w"), ("metadata", "[1]")];
    let refused = keeper.post(path, &wrong).await;
    assert_eq!(refused.status, 422);
    shows(&refused, &["user_id-problem", "ttl-problem", "metadata-problem", "value=\"a b\"", "[1]"]);
    assert_eq!(audit(&world, "token.issued").await.len(), 0);

    let form = [("user_id", "crm-7"), ("ttl", "30m"), ("metadata", "{\"plan\":\"pro\"}")];
    let issued = keeper.post(path, &form).await;
    assert_eq!((issued.status, issued.header("cache-control")), (200, "no-store"), "{}", issued.text);
    shows(&issued, &["Shown this once"]);
    let token = issued.text.split("data-copy=\"").nth(1).unwrap().split('"').next().unwrap();
    let me = world.get_as(token, "accounts/me").await.ok();
    let me = &me["user"];
    assert_eq!((&me["user_id"], &me["metadata"]), (&json!("crm-7"), &json!({"plan": "pro"})));
    let entry = &audit(&world, "token.issued").await[0];
    assert_eq!((&entry["subject"], &entry["city_id"]), (&json!("crm-7"), &json!("city_demo")));
    for page in [path, "/admin/cities/city_demo"] {
        assert!(!keeper.get(page).await.text.contains(token), "{page}");
    }
    assert!(!entry.to_string().contains(token));

    keeper.act("/admin/cities/city_demo/status", &[("to", "paused")]).await;
    shows(&keeper.act(path, &[("user_id", "crm-7")]).await, &["flash bad", "paused"]);
}

async fn what_goes_with_a_city_is_told_before(on: On) {
    let world = ready_with(Plan::on(on)).await;
    let keeper = Keeper::owner(&world).await;
    world.sign_in("alice").await;
    world
        .post_from(HOME, "accounts/oauth/start", json!({"provider": "wechat", "city_id": "city_demo"}))
        .await
        .ok();
    make_key(&world, "operator", Some("city_demo")).await;
    let gone = make_key(&world, "viewer", Some("city_demo")).await;
    admin_try(&world, "admin-keys/revoke", json!({"key_id": gone["key_id"]})).await.ok();
    let app = json!({"city_id": "city_demo", "key": "WECHAT_CLIENT_ID", "value": "wxcccccccccccccccc"});
    admin_try(&world, "cities/env/upsert", app).await.ok();
    let page = keeper.get("/admin/cities/city_demo/remove").await;
    let number = |label: &str| {
        let rest = page.text.split(&format!("<dt>{label}</dt>")).nth(1).expect("such a line");
        rest.split("strong\">").nth(1).unwrap().split('<').next().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(number("Live sessions"), 1);
    assert_eq!(number("Sign-in attempts"), 2);
    shows(&page, &["Under way, and would fail: 1", "<code>a operator</code>"]);
    assert_eq!(number("Admin keys of this city"), 1, "only those that are good");
    assert_eq!(number("Settings of its own app"), 1);
    let permanent = keeper.get("/admin/cities/city_downcity/remove").await;
    assert_eq!(permanent.header("location"), "/admin/cities/city_downcity");
    shows(
        &keeper.act("/admin/cities/city_downcity/remove", &[("confirm", "city_downcity")]).await,
        &["flash bad"],
    );
}

/// Requirement S10: the key of one city sees and changes that city alone.
#[tokio::test]
async fn the_key_of_a_city_reaches_no_other_city() {
    let world = World::ready(On::Sqlite).await;
    admin_try(&world, "cities/create", json!({"name": "Other", "city_id": "city_other"})).await.ok();
    let keeper = Keeper::new(&world, "operator", Some("city_demo")).await;
    let list = keeper.get("/admin/cities").await;
    assert!(list.text.contains("city_demo") && !list.text.contains("city_other"), "{}", list.text);
    assert!(!list.text.contains("action=\"/admin/cities\""), "it makes none");
    shows(&keeper.act("/admin/cities/city_demo", &with(&[("name", "Mine")])).await, &["Saved"]);
    let done = world.sign_in("alice").await;
    let own = "/admin/cities/city_demo/token";
    shows(&keeper.get(own).await, &["own id for a user", "a key for all cities"]);
    let theirs = keeper.act(own, &[("user_id", done["user_id"].as_str().unwrap())]).await;
    shows(&theirs, &["flash bad"]);
    let before = city(&world, "city_other").await;
    for path in ["", "/token"] {
        assert_eq!(keeper.get(&format!("/admin/cities/city_other{path}")).await.status, 404, "{path}");
    }
    let app = [("WECHAT_CLIENT_ID", "wxcccccccccccccccc")];
    let forms: [(&str, &[(&str, &str)]); 6] = [
        ("", FORM),
        ("/status", &[("to", "paused")]),
        ("/provider", &[("provider", "wechat"), ("to", "off")]),
        ("/app", &app),
        ("/app/remove", &[("confirm", "city_other")]),
        ("/token", &[("user_id", "x")]),
    ];
    for (path, form) in forms {
        assert_eq!(keeper.post(&format!("/admin/cities/city_other{path}"), form).await.status, 404, "{path}");
    }
    assert_eq!(keeper.post("/admin/cities/city_demo/remove", &[("confirm", "city_demo")]).await.status, 403);
    assert_eq!(city(&world, "city_other").await, before);
    assert_eq!(audit(&world, "token.issued").await.len(), 0);
}

#[tokio::test]
async fn a_viewer_sees_forms_that_are_switched_off_and_why() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::new(&world, "viewer", None).await;
    for path in ["", "/city_demo", "/city_demo/token", "/city_demo/remove"] {
        let page = keeper.get(&format!("/admin/cities{path}")).await;
        shows(&page, &["id=\"why-not\"", " disabled"]);
        let main = page.text.split("<main").nth(1).unwrap();
        let open = main.split("<button").skip(1).filter(|button| {
            let tag = button.split('>').next().unwrap();
            !tag.contains("type=\"button\"") && !tag.contains(" disabled")
        });
        assert_eq!(open.count(), 0, "{path}: {main}");
    }
}

#[tokio::test]
async fn chinese_pages_say_everything_in_chinese() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    keeper.act("/admin/look", &[("lang", "zh"), ("next", "/admin/cities")]).await;
    let wrong = [("name", ""), ("origins", "x"), ("redirects", "http://a.test/")];
    let page = keeper.post("/admin/cities/city_demo", &with(&wrong)).await;
    shows(&page, &["名称为空", "不是绝对 URL", "必须使用 https"]);
    let page = keeper
        .post("/admin/cities/city_demo/token", &[("user_id", ""), ("ttl", "x"), ("metadata", "x")])
        .await;
    shows(&page, &["可见 ASCII 字符", "请填写秒数", "JSON 对象"]);
}
