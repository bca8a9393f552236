//! What every page has: its guard, its headers, both languages.

use super::{Keeper, OURS};
use crate::person::Browser;
use crate::support::{Answer, HOME, On, World};
use downcity_http::workspace_routes;
use downcity_service::core::Role;
use std::path::{Path, PathBuf};

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    let path = if path == "/admin/env/setting" { "/admin/env/setting?key=SOME_KEY" } else { path };
    path.replace("{city_id}", "city_other")
        .replace("{user_id}", "nobody")
        .replace("{key}", "SOME_KEY")
        .replace("{attempt_id}", "nothing")
        .replace("{key_id}", "nothing")
}

#[tokio::test]
async fn no_page_and_no_form_is_reached_without_a_session() {
    let world = World::new(On::Sqlite).await;
    let routes = workspace_routes();
    assert!(routes.len() >= 2, "{routes:?}");
    for (method, path, _, _) in routes {
        let guest = Browser::at(&world, HOME);
        let path = filled(path);
        let answer =
            if method == "get" { guest.get(&path).await } else { guest.post(&path, &[], OURS).await };
        assert_eq!(answer.status, 303, "{method} {path}: {}", answer.text);
        assert!(answer.header("location").starts_with("/admin/sign-in?next=%2Fadmin"), "{method} {path}");
    }
}

/// Requirement S10: each role at each route. What a role may not is refused before the form is read.
#[tokio::test]
async fn every_page_and_form_keeps_to_its_role_and_reach() {
    let world = World::ready(On::Sqlite).await;
    let keepers = [
        (Role::Viewer, false, Keeper::new(&world, "viewer", None).await),
        (Role::Operator, false, Keeper::new(&world, "operator", None).await),
        (Role::Viewer, true, Keeper::new(&world, "viewer", Some("city_demo")).await),
        (Role::Operator, true, Keeper::new(&world, "operator", Some("city_demo")).await),
    ];
    for (method, path, needed, for_city_keys) in workspace_routes() {
        for (role, limited, keeper) in &keepers {
            let path = filled(path);
            if path == "/admin/sign-out" {
                continue;
            }
            let barred = *role < needed || *limited && !for_city_keys;
            let answer = match method {
                "get" => keeper.get(&path).await,
                _ => keeper.browser.post(&path, &[("form_token", "wrong")], OURS).await,
            };
            let code = |code: &str| answer.text.contains(&format!("<code>{code}</code>"));
            let refused = code("role_too_weak") || code("owner_only") || code("city_key");
            assert_eq!(refused, barred, "{role:?} limited={limited} {method} {path}: {}", answer.text);
            if method == "post" {
                assert_eq!(answer.status, 403, "{role:?} limited={limited} {path}");
            }
            if path.contains("city_other") && *limited {
                assert!(answer.status == 403 || answer.status == 404, "{method} {path}: {}", answer.status);
            }
        }
    }
}

fn assert_page_headers(page: &Answer, what: &str) {
    assert!(page.header("content-type").starts_with("text/html"), "{what}");
    assert_eq!(page.header("cache-control"), "no-store", "{what}");
    assert_eq!(page.header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("access-control-allow-origin"), "", "{what}");
    let csp = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'"] {
        assert!(csp.contains(part), "{what}: {csp}");
    }
    for part in ["base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(csp.contains(part), "{what}: {csp}");
    }
    assert!(!csp.contains("unsafe") && !csp.contains("http"), "{what}: {csp}");
    for foreign in [" style=", "<style", "javascript:", " onclick", "src=\"http", "href=\"http"] {
        assert!(!page.text.contains(foreign) || foreign == "href=\"http", "{what}: {foreign}");
    }
    for script in page.text.split("<script").skip(1) {
        let inside = script.split_once('>').unwrap().1;
        assert!(
            script.contains("src=\"/admin/assets/") && inside.starts_with("</script>"),
            "{what}: {script}"
        );
    }
}

#[tokio::test]
async fn pages_and_errors_run_no_foreign_script_and_are_kept_nowhere() {
    let world = World::ready(On::Sqlite).await;
    world
        .admin_post(
            "cities/update",
            serde_json::json!({"city_id": "city_demo", "allowed_origins": ["https://app.example.com"]}),
        )
        .await;
    let keeper = Keeper::owner(&world).await;
    for (method, path, _, _) in workspace_routes() {
        if method == "get" && !path.ends_with("/export") {
            assert_page_headers(&keeper.get(&filled(path)).await, path);
        }
    }
    assert_page_headers(&Browser::at(&world, HOME).get("/admin/sign-in").await, "sign-in");
    let missing = keeper.get("/admin/nowhere").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains(missing.header("x-request-id")), "{}", missing.text);
    assert_page_headers(&missing, "an error");
    let wrong = keeper.get("/admin/sign-out").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "POST"));
    let afar =
        world.http.get(format!("{}/admin/sign-in", world.base)).header("origin", "https://app.example.com");
    assert_page_headers(&Answer::of(afar).await, "asked for by a listed origin");
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_the_hash_of_what_is_in_them() {
    let world = World::new(On::Sqlite).await;
    let page = Browser::at(&world, HOME).get("/admin/sign-in").await;
    let links: Vec<&str> = page.text.split('"').filter(|part| part.starts_with("/admin/assets/")).collect();
    assert!(links.len() >= 4, "{links:?}");
    for link in links {
        let asset = Answer::of(world.http.get(format!("{}{link}", world.base))).await;
        assert_eq!(asset.status, 200, "{link}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        let again =
            world.http.get(format!("{}{link}", world.base)).header("if-none-match", asset.header("etag"));
        let again = Answer::of(again).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{link}");
        let name = link.rsplit('/').next().unwrap();
        let old =
            Answer::of(world.http.get(format!("{}/admin/assets/0000000000000000/{name}", world.base))).await;
        assert_eq!(old.status, 404, "{link}");
        assert_eq!(old.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn language_and_light_are_chosen_and_kept() {
    let world = World::new(On::Sqlite).await;
    let keeper = Keeper::owner(&world).await;
    let page = keeper.get("/admin").await;
    assert!(page.text.contains("<html lang=\"en\" data-theme=\"system\">"), "{}", page.text);
    let page = keeper.act("/admin/look", &[("lang", "zh"), ("next", "/admin")]).await;
    assert!(page.text.contains("<html lang=\"zh-CN\" data-theme=\"system\">"), "{}", page.text);
    assert_eq!(page.header("content-language"), "zh-CN");
    let page = keeper.act("/admin/look", &[("theme", "dark"), ("next", "/admin")]).await;
    assert!(page.text.contains("<html lang=\"zh-CN\" data-theme=\"dark\">"), "{}", page.text);
    let chinese = Browser::at(&world, HOME).lang("zh-CN,zh;q=0.9").get("/admin/sign-in").await;
    assert!(chinese.text.contains("管理员密钥"), "{}", chinese.text);
}

/// A link on another site comes without the strict cookie: the browser is led once through a page of ours.
#[tokio::test]
async fn a_link_from_another_site_finds_the_session() {
    let world = World::new(On::Sqlite).await;
    let request = world.http.get(format!("{}/admin", world.base)).header("sec-fetch-site", "cross-site");
    let between = Answer::of(request).await;
    assert_eq!(between.status, 200);
    assert!(between.text.contains("content=\"0;url=/admin\""), "{}", between.text);
}

fn templates(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { templates(&path, found) } else { found.push(path) }
    }
}

/// Words of a template that stand outside of what is filled in.
fn bare_words(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{']) {
        words.push_str(&rest[..at]);
        let end = match &rest[at..] {
            from if from.starts_with("{{") => "}}",
            from if from.starts_with("{%") => "%}",
            from if from.starts_with("{#") => "#}",
            from if from.starts_with("<code>") => "</code>",
            _ => ">",
        };
        // A tag may hold what is filled in, also with a `>` in it.
        let mut from = at + 1;
        if end == ">" {
            let mut depth = 0;
            for (index, c) in rest[at..].char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    '>' if depth == 0 => {
                        from = at + index;
                        break;
                    }
                    _ => {}
                }
            }
        }
        let Some(close) = rest[from..].find(end) else { break };
        rest = &rest[from + close + end.len()..];
    }
    words + rest
}

/// Nothing that people read stands in a template outside of a pair of both languages.
#[test]
fn templates_say_nothing_in_one_language_only() {
    let mut found = Vec::new();
    templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/workspace"), &mut found);
    assert!(found.len() >= 8);
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let bare = bare_words(&text).replace("Downcity", "").replace("EN", "").replace("中文", "");
        let words: String = bare.replace("&nbsp;", " ").chars().filter(|c| c.is_alphabetic()).collect();
        assert_eq!(words, "", "{}", path.display());
        for pair in text.split(".t(\"").skip(1) {
            let (english, rest) = pair.split_once('"').unwrap();
            let chinese =
                rest.trim_start_matches([',', ' ']).trim_start_matches('"').split('"').next().unwrap();
            let ascii = english.chars().filter(char::is_ascii).count();
            assert!(ascii * 2 > english.chars().count(), "English first: {english}");
            let named = ["GitHub", "Google", "HTML", "API", "CSV", "JSON"].contains(&english);
            assert!(named || chinese.chars().any(|c| c as u32 > 0x2e80), "{english}: {chinese}");
        }
    }
}
