//! The page of the audit record: who, when, from where, before and after; filters, pages, the export.

use super::Keeper;
use crate::kit::admin_get;
use crate::on_both_engines;
use crate::support::{HOME, On, World};
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    what_changed_stands_side_by_side_and_no_secret_does,
    the_key_of_a_city_reads_and_exports_what_is_about_that_city,
);

const LIST: &str = "/admin/audit";
const EXPORT: &str = "/admin/audit/export";

async fn what_changed_stands_side_by_side_and_no_secret_does(on: On) {
    let world = World::ready(on).await;
    let keeper = Keeper::owner(&world).await;
    let secret = "canary-0123456789-wxyz";
    keeper.act("/admin/env/set", &[("key", "GITHUB_CLIENT_SECRET"), ("value", secret)]).await;
    world.admin_post("cities/update", json!({"city_id": "city_demo", "name": "Bazaar"})).await;
    let page = keeper.get(LIST).await.text;
    for part in [
        "<code>city.changed</code>",
        "<dt>name</dt>",
        "Demo</del>",
        "Bazaar</ins>",
        "<code>env.set</code>",
        "wxyz</ins>",
        "· workspace",
        "· API",
        HOME,
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("canary"), "{page}");
    let exported = keeper.get(EXPORT).await;
    assert_eq!(exported.header("content-type"), "application/x-ndjson");
    assert!(exported.header("content-disposition").starts_with("attachment"));
    assert_eq!(exported.text, admin_get(&world, "audit/export").await.text);
}

async fn the_key_of_a_city_reads_and_exports_what_is_about_that_city(on: On) {
    let world = World::ready(on).await;
    world.admin_post("cities/create", json!({"name": "Elsewhere", "city_id": "city_other"})).await;
    let keeper = Keeper::new(&world, "viewer", Some("city_demo")).await;
    let page = keeper.get(LIST).await.text;
    assert!(page.contains("city_demo"), "{page}");
    for foreign in ["city_other", "Elsewhere", "WECHAT_CLIENT_ID</a>", "<select id=\"key\""] {
        assert!(!page.contains(foreign), "{foreign}: {page}");
    }
    let lines = keeper.get(EXPORT).await.text;
    assert!(
        lines.lines().count() >= 1 && lines.lines().all(|line| line.contains("\"city_demo\"")),
        "{lines}"
    );
    for path in [LIST, EXPORT] {
        assert_eq!(keeper.get(&format!("{path}?city=city_other")).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn the_record_is_filtered_and_paged() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    for at in 0..51 {
        let body = json!({"city_id": "city_demo", "name": format!("Name {at}")});
        world.admin_post("cities/update", body).await;
    }
    let rows = |text: &str| text.matches("<tr>").count().saturating_sub(1);
    let first = keeper.get(&format!("{LIST}?action=city.changed")).await.text;
    assert_eq!(rows(&first), 50);
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(next.contains("action=city.changed"), "{next}");
    let second = keeper.get(&next.replace("&#38;", "&")).await.text;
    assert_eq!(rows(&second), 1);
    let today = jiff::Timestamp::from_millisecond(world.federation.now().0).unwrap();
    let today = today.strftime("%Y-%m-%d").to_string();
    let key_id = super::audit(&world, "city.changed").await[0]["key_id"].as_str().unwrap().to_owned();
    for (query, count) in [
        ("action=env&subject=WECHAT_CLIENT_ID".to_owned(), 1),
        ("action=env&subject=NOTHING".to_owned(), 0),
        ("subject=city_demo&city=city_demo&action=city.created".to_owned(), 1),
        (format!("action=city.created&key={key_id}"), 1),
        ("action=city.created&key=local".to_owned(), 0),
        (format!("action=city.created&since={today}&until={today}"), 1),
        ("action=city.created&since=&until=2001-01-01".to_owned(), 0),
    ] {
        assert_eq!(rows(&keeper.get(&format!("{LIST}?{query}")).await.text), count, "{query}");
    }
    world.clock.advance(Duration::from_secs(86_400));
    let keeper = Keeper::owner(&world).await;
    let late = keeper.get(&format!("{LIST}?action=city.created&until={today}")).await.text;
    assert_eq!(rows(&late), 1, "the last day is within");
    for wrong in ["since=yesterday", "until=2026-02-30", "action=Env"] {
        assert_eq!(keeper.get(&format!("{LIST}?{wrong}")).await.status, 400, "{wrong}");
        assert_eq!(keeper.get(&format!("{EXPORT}?{wrong}")).await.status, 400, "{wrong}");
    }
    let some = keeper.get(&format!("{EXPORT}?action=city.changed")).await.text;
    assert_eq!(some.lines().count(), 51, "an export knows no pages");
}

/// Whatever is on record can be chosen in the filter.
#[test]
fn every_action_begins_with_a_noun_that_the_filter_offers() {
    let stories = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/src");
    let mut seen = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(stories).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for rest in text.split("action: \"").skip(1) {
            seen.insert(rest.split('.').next().unwrap().to_owned());
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
    for noun in seen {
        assert!(downcity_service::audit::NOUNS.contains(&noun.as_str()), "{noun}");
    }
}
