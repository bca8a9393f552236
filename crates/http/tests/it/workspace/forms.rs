//! Forms: only those that our own page sent, in the session that they were made for.

use super::{Keeper, OURS};
use crate::person::Browser;
use crate::support::{HOME, On, World};
use secrecy::ExposeSecret;

/// The page that every key may leave.
const FORM: &str = "/admin/sign-out";

#[tokio::test]
async fn a_form_from_another_site_is_refused_whatever_it_carries() {
    let world = World::new(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    let token = keeper.form_token.clone();
    let own = world.base.clone();
    let cases: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("origin", "https://evil.test")],
        &[("origin", "null")],
    ];
    for headers in cases {
        let sent = keeper.browser.post(FORM, &[("form_token", &token)], headers).await;
        assert_eq!(sent.status, 403, "{headers:?}");
        assert!(sent.text.contains("form_not_ours"), "{}", sent.text);
        let form = [("key", world.admin_key.expose_secret()), ("next", "/admin")];
        let sent = Browser::at(&world, HOME).post("/admin/sign-in", &form, headers).await;
        assert_eq!((sent.status, sent.header("set-cookie")), (403, ""), "{headers:?}");
        let sent = keeper.browser.post("/admin/look", &[("lang", "zh")], headers).await;
        assert_eq!((sent.status, sent.header("set-cookie")), (403, ""), "{headers:?}");
    }
    assert_eq!(keeper.get("/admin").await.status, 200, "still signed in");
    let sent = keeper.browser.post(FORM, &[("form_token", &token)], &[("origin", &own)]).await;
    assert_eq!(sent.status, 303, "an older browser of our own: {}", sent.text);
}

#[tokio::test]
async fn a_form_without_the_token_of_its_session_is_refused() {
    let world = World::new(On::Sqlite).await;
    let (keeper, other) = (Keeper::owner(&world).await, Keeper::owner(&world).await);
    assert_ne!(keeper.form_token, other.form_token);
    let twice = format!("{0}&form_token={0}", keeper.form_token);
    for token in ["", "x", other.form_token.as_str(), twice.as_str()] {
        let sent = keeper.browser.post(FORM, &[("form_token", token)], OURS).await;
        assert_eq!(sent.status, 403, "{token}");
    }
    assert_eq!(keeper.browser.post(FORM, &[], OURS).await.status, 403);
    let json = world.http.post(format!("{}{FORM}", world.base)).header("content-type", "application/json");
    let json = json.header("cookie", format!("dc_admin={}", keeper.browser.cookie("dc_admin").unwrap()));
    let sent = json.body(format!("{{\"form_token\":\"{}\"}}", keeper.form_token)).send().await.unwrap();
    assert_eq!(sent.status().as_u16(), 415);
    assert_eq!(keeper.post(FORM, &[]).await.status, 303);
}

#[tokio::test]
async fn a_form_leads_only_to_pages_of_the_workspace() {
    let world = World::new(On::Sqlite).await;
    let key = world.admin_key.expose_secret();
    for next in ["https://evil.test/admin", "//evil.test", "/v1/accounts/logout", "/admin\\@evil.test", ""] {
        let browser = Browser::at(&world, HOME);
        let sent = browser.post("/admin/sign-in", &[("key", key), ("next", next)], OURS).await;
        assert_eq!((sent.status, sent.header("location")), (303, "/admin"), "{next}");
        let sent = browser.post("/admin/look", &[("lang", "zh"), ("next", next)], OURS).await;
        assert_eq!((sent.status, sent.header("location")), (303, "/admin"), "{next}");
    }
}
