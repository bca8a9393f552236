//! What the confirmation page says, when it is shown, and what it may do in a browser.

use crate::person::{Browser, Page};
use crate::support::{AWAY, HOME, On, World};
use serde_json::{Value, json};

async fn city(world: &World, change: Value) {
    let mut body = json!({"city_id": "city_demo"});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    world.admin_post("cities/update", body).await;
}

/// Alice signs in: started by one browser, finished by another; the page that the second one sees.
async fn finish(world: &World, starter: &Browser<'_>, finisher: &Browser<'_>, more: Value) -> (Page, String) {
    let (url, state) = starter.start(more).await;
    (finisher.come_back(&world.allow(&url, "alice")).await, state)
}

#[tokio::test]
async fn it_names_the_city_the_time_and_who_started_it_in_the_persons_language() {
    let world = World::ready(On::Sqlite).await;
    city(&world, json!({"name": "北京 Shop"})).await;
    let cases = [
        (
            "en-GB,en;q=0.8",
            "en",
            "Did you start this sign-in to 北京 Shop?",
            "WeChat has confirmed",
            "No, cancel",
        ),
        ("zh-CN,zh;q=0.9", "zh", "是您本人发起的“北京 Shop”登录吗？", "微信已确认您的身份", "不是我，取消"),
    ];
    for (accepted, lang, heading, text, no) in cases {
        let starter = Browser::at(&world, HOME).agent("ShopCli/3.1 (macOS)");
        let before = minute(world.federation.now().0, lang);
        let (page, _) = finish(&world, &starter, &Browser::at(&world, AWAY).lang(accepted), json!({})).await;
        let after = minute(world.federation.now().0, lang);
        for shown in [heading, text, no, HOME, "<dd>ShopCli</dd>"] {
            assert!(page.shows(shown), "{shown} in {}", page.answer.text);
        }
        let ago = if lang == "zh" { "刚刚\n" } else { "just now\n" };
        assert!(
            [&before, &after].iter().any(|at| page.shows(&format!("{ago}{at}"))),
            "{after} in {}",
            page.answer.text
        );
        assert!(!page.shows("TestBrowser/1") && !page.shows(AWAY), "it tells about who started it");
        assert!(page.shows(&format!("<html lang=\"{lang}")), "{}", page.answer.text);
        assert!(page.answer.header("content-language").starts_with(lang));
        let (deny, allow) =
            (page.answer.text.find("value=\"deny\""), page.answer.text.find("value=\"allow\""));
        assert!(deny < allow && page.shows("value=\"deny\" autofocus"), "No comes first");
        assert_eq!(page.answer.text.matches("aria-describedby=\"warning\"").count(), 2, "both buttons");
    }
}

/// A moment as the page writes it: by Beijing's clock in Chinese.
fn minute(millis: i64, lang: &str) -> String {
    if lang == "zh" {
        return format!("北京时间 {}", clock(millis + 8 * 3_600_000));
    }
    format!("{} UTC", clock(millis))
}

fn clock(millis: i64) -> String {
    let (days, minutes) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000) / 60_000);
    // Days to a date (Howard Hinnant's algorithm), so that the test shares no code with the page.
    let z = days + 719_468;
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + z.div_euclid(146_097) * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

#[tokio::test]
async fn a_page_speaks_the_language_that_was_asked_for_and_else_the_browsers() {
    let world = World::ready(On::Sqlite).await;
    let (en, zh) = (("en-GB", "WeChat has confirmed you"), ("zh-CN", "微信验证成功"));
    for (asked, browser, (lang, heading)) in [
        (json!({"lang": "en"}), "zh-CN", en),
        (json!({"lang": "zh"}), "en-GB", zh),
        (json!({}), "en-GB", en),
        (json!({}), "zh-CN", zh),
    ] {
        let person = Browser::at(&world, HOME).lang(browser);
        let (page, _) = finish(&world, &person, &person, asked).await;
        assert!(page.shows(heading), "{lang}: {}", page.answer.text);
        assert!(lang.starts_with(&page.answer.header("content-language")[..2]), "{lang}");
    }
    // Who is asked about a start elsewhere has to understand the question, whatever a stranger chose.
    let (starter, person) = (Browser::at(&world, HOME), Browser::at(&world, AWAY).lang("en-GB"));
    let (page, _) = finish(&world, &starter, &person, json!({"lang": "zh"})).await;
    assert!(page.asks() && page.shows("Did you start this"), "{}", page.answer.text);
}

#[tokio::test]
async fn the_same_browser_needs_no_question_wherever_it_is() {
    let world = World::ready(On::Sqlite).await;
    let browser = Browser::at(&world, HOME);
    let (url, state) = browser.start(json!({})).await;
    let callback = world.allow(&url, "alice");
    let browser = browser.moves_to(AWAY);
    assert!(browser.come_back(&callback).await.shows("WeChat has confirmed you"));
    let told = browser.get(&format!("/v1/accounts/oauth/result?state={state}")).await.ok();
    assert_eq!(told["status"], "done", "the browser that started collects, from its new address");
    // Another browser at the same address neither.
    let (url, _) = world.start().await;
    let page = Browser::at(&world, HOME).come_back(&world.allow(&url, "alice")).await;
    assert!(page.shows("WeChat has confirmed you"));
    // A cookie of some other browser is no help.
    let starter = Browser::at(&world, HOME);
    let other = Browser::at(&world, AWAY);
    other.start(json!({})).await;
    assert!(other.cookie("dc_login").is_some());
    assert!(finish(&world, &starter, &other, json!({})).await.0.asks());
}

#[tokio::test]
async fn a_city_decides_when_to_ask() {
    let world = World::ready(On::Sqlite).await;
    for (policy, at_home, away) in [("always", true, true), ("auto", false, true), ("never", false, false)] {
        city(&world, json!({"confirm": policy})).await;
        for (address, asks) in [(HOME, at_home), (AWAY, away)] {
            let starter = Browser::at(&world, HOME);
            let (page, state) = finish(&world, &starter, &Browser::at(&world, address), json!({})).await;
            assert_eq!(page.asks(), asks, "{policy} at {address}");
            let told = world.result(&state).await.ok();
            assert_eq!(told["status"], if asks { "pending" } else { "done" }, "{policy} at {address}");
        }
    }
    let refused = world.http.post(world.url("cities/update"));
    let refused = refused.bearer_auth(secrecy::ExposeSecret::expose_secret(&world.admin_key));
    let refused = refused.json(&json!({"city_id": "city_demo", "confirm": "sometimes"}));
    assert_eq!(crate::support::Answer::of(refused).await.status, 400);
}

#[tokio::test]
async fn a_city_that_always_asks_does_so_before_it_goes_back_to_the_product() {
    let world = World::ready(On::Sqlite).await;
    let home = "https://app.example.com/after?x=1";
    city(&world, json!({"allowed_redirects": [home], "confirm": "always"})).await;
    let starter = Browser::at(&world, HOME);
    for (decision, expected) in [("allow", "code"), ("deny", "error")] {
        let finisher = Browser::at(&world, AWAY);
        let (page, state) = finish(&world, &starter, &finisher, json!({"return_to": home})).await;
        assert!(page.asks() && page.onward().is_none() && !page.shows("app.example.com"));
        let next = finisher.press(&page, decision).await;
        let onward = next.onward().expect("an address to go on to");
        let onward = reqwest::Url::parse(&onward).unwrap();
        assert!(onward.as_str().starts_with("https://app.example.com/after?x=1&"), "{onward}");
        let pairs: std::collections::HashMap<_, _> = onward.query_pairs().into_owned().collect();
        assert_eq!(pairs["state"], state);
        let result = format!("accounts/oauth/result?state={state}");
        if expected == "error" {
            assert_eq!(pairs["error"], "login_cancelled");
            assert_eq!(world.get_from(HOME, &result).await.ok()["code"], "login_cancelled");
        } else {
            assert_eq!(world.get_from(HOME, &result).await.code(), "login_code_required");
            let done = world.get_from(HOME, &format!("{result}&code={}", pairs["code"])).await.ok();
            assert_eq!(done["status"], "done");
        }
        assert!(next.shows("content=\"0;url="), "the browser goes on by itself, without a script");
    }
    // `auto` has no reason to ask: the outcome goes to the browser that finished, not to who started it.
    city(&world, json!({"confirm": "auto"})).await;
    let (url, _) = starter.start(json!({"return_to": home})).await;
    let back = Browser::at(&world, AWAY).get(&world.allow(&url, "alice")).await;
    assert!(back.header("location").starts_with(home), "{}", back.header("location"));
}

#[tokio::test]
async fn only_the_browser_that_brought_the_code_sees_the_page() {
    let world = World::ready(On::Sqlite).await;
    let (url, _) = world.start().await;
    let (first, second) = (Browser::at(&world, AWAY), Browser::at(&world, HOME));
    let callback = world.allow(&url, "alice");
    // The same state with another code: somebody else's scan of the same link.
    let other_callback = world.allow(&url, "zhangsan");
    let page = first.come_back(&callback).await;
    assert!(page.asks());
    let elsewhere = second.come_back(&other_callback).await;
    assert_eq!(elsewhere.answer.status, 403);
    assert!(elsewhere.shows("This sign-in belongs to another browser") && !elsewhere.asks());
    assert_eq!(second.cookie("dc_finish"), None);
    assert_eq!(world.sim.count("access_token"), 1, "the second code was never used");
    assert!(first.press(&page, "allow").await.shows("WeChat has confirmed you"));
}

#[tokio::test]
async fn two_sign_ins_in_one_browser_do_not_get_into_each_others_way() {
    let world = World::ready(On::Sqlite).await;
    let (starter, browser) = (Browser::at(&world, HOME), Browser::at(&world, AWAY));
    let (one, first) = finish(&world, &starter, &browser, json!({})).await;
    let (two, second) = finish(&world, &starter, &browser, json!({})).await;
    assert!(browser.page(&one.path).await.asks(), "the first tab still asks when it is reloaded");
    assert!(browser.press(&one, "allow").await.shows("WeChat has confirmed you"));
    assert!(browser.press(&two, "deny").await.shows("Sign-in cancelled"));
    assert_eq!(world.result(&first).await.ok()["status"], "done");
    assert_eq!(world.result(&second).await.ok()["code"], "login_cancelled");
    // However many there were, the cookie stays small, and what others put into it is not kept.
    browser.set_cookie("dc_finish", &format!("junk~{}", browser.cookie("dc_finish").unwrap()));
    for _ in 0..6 {
        assert!(finish(&world, &starter, &browser, json!({})).await.0.asks());
    }
    let cookie = browser.cookie("dc_finish").unwrap();
    assert!(cookie.len() < 600 && !cookie.contains("junk"), "{cookie}");
    assert_eq!(browser.page(&one.path).await.answer.status, 403, "the oldest give way");
}

#[tokio::test]
async fn foreign_text_stays_text_and_nothing_foreign_runs() {
    let world = World::ready(On::Sqlite).await;
    let evil = "<img src=x onerror=alert(1)>\"'&</style><script>";
    city(&world, json!({"name": evil})).await;
    let starter = Browser::at(&world, HOME).agent(&format!("{evil}{}", "y".repeat(1000)));
    let finisher = Browser::at(&world, AWAY);
    let (page, _) = finish(&world, &starter, &finisher, json!({})).await;
    assert!(page.asks());
    let done = finisher.press(&page, "allow").await;
    for page in [&page, &done] {
        let html = &page.answer.text;
        assert!(
            html.contains("&#60;img src=x onerror=alert(1)&#62;") || html.contains("&lt;img src=x"),
            "{html}"
        );
        for bad in
            ["<img", "<script", "javascript:", "http://", "https://", " src=", " style=", "<link", "<iframe"]
        {
            let found = html.replace("img src=x", "").contains(bad);
            assert!(!found, "{bad} in {html}");
        }
        assert_eq!(html.matches("</style>").count(), 1);
        assert!(!html.contains(&"y".repeat(257)), "a user agent is cut");
        check_headers(page);
    }
}

fn check_headers(page: &Page) {
    let csp = page.answer.header("content-security-policy");
    let mut rules: Vec<_> = csp.split("; ").collect();
    let style = rules.iter().position(|rule| rule.starts_with("style-src 'sha256-")).expect("a hash");
    rules.remove(style);
    let strict = ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"];
    assert_eq!(rules, strict, "nothing else is allowed, no script at all");
    assert_eq!(page.answer.header("referrer-policy"), "no-referrer");
    assert_eq!(page.answer.header("x-content-type-options"), "nosniff");
    assert_eq!(page.answer.header("cache-control"), "no-store");
    assert!(page.answer.headers.get("access-control-allow-origin").is_none(), "no CORS on pages");
}
