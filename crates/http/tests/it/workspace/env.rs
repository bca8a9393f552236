//! Env: set, replace, remove, import after a look; secrets are never shown; who did what is on record.

use super::{Keeper, audit};
use crate::kit::admin_get;
use crate::on_both_engines;
use crate::support::{On, World};
use serde_json::json;

on_both_engines!(a_setting_is_set_replaced_and_removed, a_text_is_looked_at_before_it_is_taken);

const SECRET: &str = "0123456789abcdef0123456789abcdef";

async fn a_setting_is_set_replaced_and_removed(on: On) {
    let world = World::new(on).await;
    let keeper = Keeper::owner(&world).await;
    let page = keeper.act("/admin/env/set", &[("key", "WECHAT_CLIENT_SECRET"), ("value", SECRET)]).await;
    assert!(
        page.text.contains("WECHAT_CLIENT_SECRET is set") && page.text.contains("••••cdef"),
        "{}",
        page.text
    );
    assert!(!keeper.get("/admin/env").await.text.contains("is set, effective"), "said once");
    let page = keeper.get("/admin/env/setting?key=WECHAT_CLIENT_SECRET").await;
    assert!(page.text.contains("••••cdef") && !page.text.contains(SECRET), "{}", page.text);
    assert!(page.text.contains("<code>env.set</code>") && page.text.contains("first"), "{}", page.text);
    let page = keeper.act("/admin/env/set", &[("key", "WECHAT_FAST_LOGIN"), ("value", "0")]).await;
    assert_eq!(page.status, 200);
    let page = keeper.get("/admin/env/setting?key=WECHAT_FAST_LOGIN").await;
    assert!(page.text.contains("value=\"0\""), "what is no secret can be edited: {}", page.text);
    let kept = keeper.act("/admin/env/remove", &[("key", "WECHAT_CLIENT_SECRET"), ("confirm", "yes")]).await;
    assert!(kept.text.contains("Nothing was removed"), "{}", kept.text);
    let form = [("key", "WECHAT_CLIENT_SECRET"), ("confirm", "WECHAT_CLIENT_SECRET")];
    assert!(keeper.act("/admin/env/remove", &form).await.text.contains("is removed"));
    assert!(keeper.act("/admin/env/remove", &form).await.text.contains("was not set"));
    assert_eq!(admin_get(&world, "env/list").await.ok()["items"].as_array().unwrap().len(), 1);
    let record = audit(&world, "env").await;
    let told: Vec<_> = record.iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["env.removed", "env.set", "env.set"]);
    assert!(record.iter().all(|one| one["via"] == "workspace"), "{record:?}");
    assert!(!json!(record).to_string().contains(SECRET));
}

async fn a_text_is_looked_at_before_it_is_taken(on: On) {
    let world = World::new(on).await;
    let (keeper, other) = (Keeper::owner(&world).await, Keeper::owner(&world).await);
    keeper.act("/admin/env/set", &[("key", "WECHAT_FAST_LOGIN"), ("value", "0")]).await;
    let raw = format!("export WECHAT_CLIENT_SECRET='{SECRET}'\nWECHAT_FAST_LOGIN=0\nA_KEY=1\nA_KEY=2 # last");
    let preview = keeper.post("/admin/env/preview", &[("raw", &raw)]).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    for word in ["new", "the same", "set again below", "••••cdef"] {
        assert!(preview.text.contains(word), "{word}: {}", preview.text);
    }
    assert!(!preview.text.contains(SECRET), "the text does not go back to the browser");
    assert_eq!(
        admin_get(&world, "env/list").await.ok()["items"].as_array().unwrap().len(),
        1,
        "nothing is changed yet"
    );
    let from = preview.text.split("name=\"sealed\" value=\"").nth(1).unwrap();
    let sealed = from.split('"').next().unwrap().to_owned();
    let stolen = other.act("/admin/env/import", &[("sealed", &sealed)]).await;
    assert!(stolen.text.contains("flash bad"), "another session can't take it: {}", stolen.text);
    let page = keeper.act("/admin/env/import", &[("sealed", &sealed)]).await;
    assert!(page.text.contains("3 settings are set"), "{}", page.text);
    assert_eq!(admin_get(&world, "env/list").await.ok()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_text_with_an_invalid_line_is_not_taken_and_not_repeated() {
    let world = World::new(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    for line in ["hunter2", "=hunter2", "lower=hunter2", "A='hunter2", "A='x' hunter2", "EMPTY="] {
        let preview = keeper.post("/admin/env/preview", &[("raw", &format!("GOOD=1\n{line}"))]).await;
        assert!(preview.text.contains("invalid") && !preview.text.contains("name=\"sealed\""), "{line}");
        assert!(!preview.text.contains("hunter2"), "{line}: {}", preview.text);
    }
    let wrong_place = format!("WECHAT_CLIENT_ID={SECRET}");
    let preview = keeper.post("/admin/env/preview", &[("raw", &wrong_place)]).await;
    assert!(preview.text.contains("looks like the AppSecret") && !preview.text.contains(SECRET));
    let nothing = keeper.act("/admin/env/preview", &[("raw", "# only a comment\n")]).await;
    assert!(nothing.text.contains("sets nothing"), "{}", nothing.text);
    assert_eq!(audit(&world, "env").await.len(), 0);
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_told_in_the_form() {
    let world = World::new(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    let long = "x".repeat(9000);
    for (key, value) in
        [("WECHAT_CLIENT_ID", "  "), ("WECHAT_CLIENT_SECRET", "a\u{0}b"), ("WECHAT_CLIENT_SECRET", &long)]
    {
        let page = keeper.post("/admin/env/set", &[("key", key), ("value", value)]).await;
        assert_eq!(page.status, 422, "{}", page.text);
        assert!(page.text.contains("role=\"alert\""), "{}", page.text);
        assert!(!page.text.contains(&long), "a secret is typed again");
    }
    let page = keeper.act("/admin/env/set", &[("key", "lower"), ("value", "x")]).await;
    assert!(page.text.contains("A name is 1 to 64 characters"), "{}", page.text);
    let page =
        keeper.act("/admin/env/set", &[("key", "MARKED"), ("value", "<script>alert(1)</script>")]).await;
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
}

#[tokio::test]
async fn what_a_viewer_may_not_do_is_switched_off_with_the_reason() {
    let world = World::ready(On::Sqlite).await;
    let viewer = Keeper::new(&world, "viewer", None).await;
    let page = viewer.get("/admin/env/setting?key=WECHAT_CLIENT_SECRET").await;
    assert!(page.text.contains("Your key may only look"), "{}", page.text);
    let buttons: Vec<_> =
        page.text.split("<form").skip(1).filter(|form| form.contains("action=\"/admin/env/")).collect();
    assert_eq!(buttons.len(), 2, "set and remove");
    for form in buttons {
        let button = form.split("<button").nth(1).unwrap().split('>').next().unwrap();
        assert!(button.contains("disabled") && button.contains("aria-describedby=\"why-not\""), "{button}");
    }
    let refused = viewer.post("/admin/env/set", &[("key", "A"), ("value", "b")]).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(audit(&world, "env").await.len(), 2, "those that set the test up");
}
