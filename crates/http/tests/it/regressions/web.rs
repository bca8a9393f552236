//! Failings of cookies and pages.

use crate::kit::assert_error;
use crate::support::{AWAY, Answer, HOME, On, World};
use serde_json::json;

/// Line 24: the cookie of a start is fresh or the browser's own, never one that a request's other parts chose,
/// and the cookies are no identity for any call.
#[tokio::test]
async fn session_fixation() {
    let world = World::ready(On::Sqlite).await;
    let start = |cookie: Option<String>| {
        let mut request = world.http.post(world.url("accounts/oauth/start")).header("x-forwarded-for", HOME);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        Answer::of(request.json(&json!({"provider": "wechat", "city_id": "city_demo"})))
    };
    let first = start(None).await;
    assert_ne!(first.cookies(), start(None).await.cookies());
    assert_ne!(start(Some("dc_login=attackerchosen".into())).await.cookies(), "dc_login=attackerchosen");
    assert_eq!(start(Some(first.cookies())).await.cookies(), first.cookies(), "two windows of one browser");
    world.sign_in("alice").await;
    let me = world.http.get(world.url("accounts/me")).header("cookie", first.cookies());
    assert_error(&Answer::of(me).await, 401, "authentication_required");
}

/// Requirement C20: the callback itself shows nothing and leads at once to an address without code and state.
#[tokio::test]
async fn code_and_state_leave_the_address_bar() {
    let world = World::ready(On::Sqlite).await;
    let (url, state) = world.start().await;
    let callback = world.allow(&url, "alice");
    let back = world.come_back(HOME, &callback).await;
    assert_eq!((back.status, back.text.as_str()), (303, ""));
    assert_eq!((back.header("referrer-policy"), back.header("cache-control")), ("no-referrer", "no-store"));
    let code = crate::kit::query_of(&callback)["code"].clone();
    assert!(!back.header("location").contains(&state) && !back.header("location").contains(&code));
    let page = world.http.get(format!("{}{}", world.base, back.header("location")));
    let page = Answer::of(page.header("cookie", back.cookies())).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains(&state) && !page.text.contains(&code), "{}", page.text);
    for foreign in ["<script", "src=", "http://", "https://", "@import", "url("] {
        assert!(!page.text.contains(foreign), "{foreign}: {}", page.text);
    }
}

/// The outcome belongs to the browser that finished: knowing the attempt's id is not enough.
#[tokio::test]
async fn outcome_shown_to_strangers() {
    let world = World::ready(On::Sqlite).await;
    let (url, _) = world.start().await;
    let back = world.come_back(AWAY, &world.allow(&url, "alice")).await;
    let page = format!("{}{}", world.base, back.header("location"));
    let stranger = Answer::of(world.http.get(&page)).await;
    assert_eq!(stranger.status, 403);
    for private in ["Demo", "form_token", HOME] {
        assert!(!stranger.text.contains(private), "{private}: {}", stranger.text);
    }
    let own = Answer::of(world.http.get(&page).header("cookie", back.cookies())).await;
    assert!(own.text.contains("Demo") && own.text.contains("form_token"), "{}", own.text);
}
