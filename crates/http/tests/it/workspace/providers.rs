//! Providers, checks and overview: what is shown is what the stories say, and switches take effect at once.

use super::{Keeper, audit};
use crate::support::{HOME, On, World};
use serde_json::Value;

async fn offered(world: &World) -> Vec<String> {
    let list = world.get_from(HOME, "accounts/providers?city_id=city_demo").await.ok();
    let ids = list["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn a_card_tells_what_to_paste_and_what_is_missing() {
    let world = World::new(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    let page = keeper.get("/admin/providers").await;
    let callback = format!("data-copy=\"{}/v1/accounts/oauth/callback\"", world.base);
    for part in [callback.as_str(), "data-copy=\"127.0.0.1\"", "授权回调域", "not set up"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(page.text.contains("/admin/env/setting?key=WECHAT_CLIENT_SECRET"), "{}", page.text);
    assert!(page.text.contains("<details class=\"guide\" open>"), "the guide is open while it is needed");
    world.set_up_wechat().await;
    let page = keeper.get("/admin/providers").await;
    assert!(page.text.contains("<span class=\"badge good\">enabled</span>"), "{}", page.text);
    assert!(page.text.contains(&world.sim.app().appid) && !page.text.contains(&world.sim.app().secret));
}

#[tokio::test]
async fn a_switch_takes_effect_at_once_everywhere_or_in_the_city_of_the_key() {
    let world = World::ready(On::Sqlite).await;
    let owner = Keeper::owner(&world).await;
    let of_city = Keeper::new(&world, "operator", Some("city_demo")).await;
    assert_eq!(offered(&world).await, ["wechat"]);
    let to = |to: &'static str| [("provider", "wechat"), ("to", to)];
    let page = owner.act("/admin/providers/switch", &to("off")).await;
    assert!(page.text.contains("Switched off") && page.text.contains("switched off"), "{}", page.text);
    assert_eq!(offered(&world).await, Vec::<String>::new());
    owner.act("/admin/providers/switch", &to("on")).await;
    assert_eq!(offered(&world).await, ["wechat"]);
    of_city.act("/admin/providers/switch", &to("off")).await;
    assert_eq!(offered(&world).await, Vec::<String>::new());
    let page = owner.get("/admin/providers").await;
    assert!(page.text.contains(">enabled<"), "elsewhere it is on: {}", page.text);
    let record = audit(&world, "provider").await;
    assert_eq!(record.len(), 3);
    assert_eq!((&record[0]["city_id"], &record[1]["city_id"]), (&Value::from("city_demo"), &Value::Null));
    let unknown = owner.act("/admin/providers/switch", &[("provider", "nowhere"), ("to", "off")]).await;
    assert!(unknown.text.contains("flash bad"), "{}", unknown.text);
}

#[tokio::test]
async fn a_check_shows_what_it_found_as_a_page_and_as_a_part() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    let page = keeper.post("/admin/checks", &[("only", "wechat")]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("class=\"findings\"") && page.text.contains("<html"), "{}", page.text);
    assert!(!page.text.contains("<h2>WeChat"), "one thing was asked about: {}", page.text);
    let all = keeper.post("/admin/checks", &[]).await;
    let heading = |name: &str| all.text.find(&format!("<h2>{name}</h2>")).expect("a heading");
    assert!(heading("WeChat") < heading("GitHub") && heading("GitHub") < heading("The Federation itself"));
    let form = [("form_token", keeper.form_token.as_str()), ("only", "wechat")];
    let part = [("sec-fetch-site", "same-origin"), ("hx-request", "true")];
    let part = keeper.browser.post("/admin/checks", &form, &part).await;
    assert!(part.text.contains("class=\"findings\"") && !part.text.contains("<html"), "{}", part.text);
    let wrong = keeper.post("/admin/checks", &[("only", "nothing")]).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
}

#[tokio::test]
async fn the_overview_counts_what_happened() {
    let world = World::ready(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    assert!(keeper.get("/admin").await.text.contains("No sign-in was started"));
    world.sign_in("alice").await;
    world.start().await;
    for hours in ["24", "168", "720", "nonsense-is-refused"] {
        let page = keeper.get(&format!("/admin?hours={hours}")).await;
        if hours.starts_with("nonsense") {
            assert_eq!(page.status, 400);
            continue;
        }
        let figures: Vec<_> =
            page.text.split("class=\"figure\">").skip(1).map(|at| at.split('<').next().unwrap()).collect();
        assert_eq!(figures[..4], ["2", "1", "1", "0"], "{hours}");
        assert!(
            page.text.contains("<rect class=\"done\"") && page.text.contains("<rect class=\"open\""),
            "{}",
            page.text
        );
        assert!(!page.text.contains("NaN") && !page.text.contains("inf"), "{}", page.text);
    }
}

/// A part of a page that is asked for after the session has ended leads to sign in, and is not put into the page.
#[tokio::test]
async fn a_part_of_a_page_is_told_to_sign_in_by_a_redirect_of_the_whole() {
    let world = World::new(On::Sqlite).await;
    let request = world.http.get(format!("{}/admin/env?q=x", world.base)).header("hx-request", "true");
    let answer = crate::support::Answer::of(request).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("hx-redirect"), "/admin/sign-in?next=%2Fadmin%2Fenv%3Fq%3Dx");
}
