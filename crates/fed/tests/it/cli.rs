//! Commands against a running Federation: settings, cities, tokens, and what they tell when they fail.

use crate::support::{Fed, run, said};
use downcity::SecretString;
use serde_json::Value;
use std::process::Command;

#[tokio::test]
async fn settings_from_standard_input_are_effective_at_once() {
    let fed = Fed::start();
    let guest = fed.client().guest("city_downcity");
    assert!(guest.providers().await.unwrap().items.is_empty());
    fed.run(&["env", "set", "WECHAT_CLIENT_ID", "wx0123456789abcdef"]);
    let secret = "0123456789abcdef0123456789abcdef";
    fed.run_with(&["env", "set", "WECHAT_CLIENT_SECRET"], &format!("{secret}\n"));
    let items = guest.providers().await.unwrap().items;
    assert!(items.len() == 1 && items[0].id == "wechat" && items[0].enabled);
    let listed = fed.run(&["env", "list"]);
    assert!(listed.contains("wx0123456789abcdef") && !listed.contains(secret), "{listed}");
    assert!(fed.run(&["env", "catalog"]).contains("WECHAT_FAST_LOGIN"));
    fed.run(&["env", "remove", "WECHAT_CLIENT_ID"]);
    assert!(guest.providers().await.unwrap().items.is_empty());
    let told =
        fed.run_with(&["env", "import", "-"], "# WeChat\nexport WECHAT_CLIENT_ID='wx0123456789abcdef'\n");
    assert!(told.contains("WECHAT_CLIENT_ID"), "{told}");
    assert_eq!(guest.providers().await.unwrap().items.len(), 1);
    assert!(fed.run(&["env", "refresh"]).contains('2'));
    let json: Value = serde_json::from_str(&fed.run(&["env", "list", "--json"])).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 2);
    assert!(!fed.log().contains(secret));
}

#[tokio::test]
async fn a_city_gets_an_app_of_its_own() {
    let fed = Fed::start();
    fed.run(&["city", "create", "Demo", "--city-id", "city_demo"]);
    let place = ["--city", "city_demo"];
    let told = fed.run(&["env", "set", place[0], place[1], "WECHAT_CLIENT_ID", "wx0123456789abcdef"]);
    assert!(told.contains("for city_demo"), "{told}");
    let secret = "0123456789abcdef0123456789abcdef";
    fed.run_with(&["env", "set", place[0], place[1], "WECHAT_CLIENT_SECRET"], &format!("{secret}\n"));
    let listed = fed.run(&["env", "list", place[0], place[1]]);
    assert!(listed.contains("wx0123456789abcdef") && !listed.contains(secret), "{listed}");
    assert!(!fed.run(&["env", "list"]).contains("WECHAT_CLIENT_ID"));
    let ways = async |city: &str| fed.client().guest(city).providers().await.unwrap().items.len();
    assert_eq!((ways("city_demo").await, ways("city_downcity").await), (1, 0));
    fed.run(&["env", "remove", place[0], place[1], "WECHAT_CLIENT_SECRET"]);
    assert_eq!(ways("city_demo").await, 0);
}

#[test]
fn an_odd_value_is_taken_with_a_warning() {
    let fed = Fed::start();
    let output =
        run(fed.command(&["env", "set", "WECHAT_CLIENT_ID", "0123456789abcdef0123456789abcdef"]), "");
    let told = said(&output);
    assert!(output.status.success() && told.contains("warning: This looks like the AppSecret"), "{told}");
}

#[test]
fn a_key_that_is_nearly_one_that_is_read_is_stored_with_a_question() {
    let fed = Fed::start();
    let output = run(fed.command(&["env", "set", "WECHAT_CLIENT_SECERT", "abc"]), "");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("did you mean WECHAT_CLIENT_SECRET?"), "{told}");
    assert!(fed.run(&["env", "list"]).contains("WECHAT_CLIENT_SECERT"));
    for fine in ["PRODUCT_COLOUR", "OIDC_CORP_CLIENT_ID", "WECHAT_CLIENT_ID"] {
        let output = run(fed.command(&["env", "set", fine, "wx0123456789abcdef"]), "");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    }
    for json in [&[] as &[&str], &["--json"]] {
        let output =
            run(fed.command(&[&["env", "import", "-"], json].concat()), "SMTP_URI=a\nPRODUCT_SIZE=3\n");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && told.contains("SMTP_URI; did you mean SMTP_URL?"), "{told}");
        assert!(!told.contains("PRODUCT_SIZE"), "{told}");
    }
}

#[test]
fn what_to_do_next_is_what_helps() {
    let fed = Fed::start();
    let failed = |command: Command| {
        let output = run(command, "");
        assert!(!output.status.success(), "{}", said(&output));
        (output.status.code(), said(&output))
    };
    let alone = |args: &[&str]| {
        let mut command = crate::support::fed();
        command.args(args).env("FED_ADMIN_KEY", "ak_x");
        command
    };
    let (code, told) = failed(fed.command(&["provider", "disable", "wechat"]));
    assert!(code == Some(2) && told.contains("needs a yes") && told.contains("--yes"), "{told}");
    let (_, told) = failed(fed.command(&["signing-key", "revoke", "none", "--yes"]));
    assert!(told.contains("`fed signing-key list`"), "{told}");
    let (_, told) = failed(fed.command(&["admin-key", "revoke", "none", "--yes"]));
    assert!(told.contains("`fed admin-key list`"), "{told}");
    let (_, told) = failed(fed.command(&["env", "set", "WECHAT_CLIENT_ID", ""]));
    assert!(told.contains("`fed env remove`"), "{told}");
    let slash = ["city", "create", "A", "--allow-origin", "https://app.example.com/"];
    let (_, told) = failed(fed.command(&slash));
    assert!(told.contains("write `https://app.example.com`"), "{told}");
    let (code, told) = failed(alone(&["login", "foo"]));
    assert!(code == Some(2) && told.contains("write https://foo"), "{told}");
    let https = fed.url().replace("http://", "https://");
    let (code, told) = failed(alone(&["env", "list", "--url", &https]));
    assert!(code == Some(2) && told.contains("speaks http, not https"), "{told}");
    let port = fed.url().rsplit(':').next().unwrap();
    if port.parse::<u16>().unwrap() < 65_533 {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        let (_, told) = failed(alone(&["dev", "--port", port, "--data", data]));
        assert!(told.contains("choose another with --port"), "{told}");
    }
    let address = format!("127.0.0.1:{port}");
    let free = tempfile::tempdir().unwrap();
    let args = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", &address, "--data"];
    let (_, told) = failed(alone(&[&args[..], &[free.path().to_str().unwrap()]].concat()));
    assert!(told.contains("choose another with --admin-listen"), "{told}");
}

#[tokio::test]
async fn cities_and_tokens_are_effective_at_once() {
    let fed = Fed::start();
    let made = fed.run(&[
        "city",
        "create",
        "Demo 示例",
        "--city-id",
        "city_demo",
        "--allow-origin",
        "https://app.example.com",
        "--confirm",
        "always",
    ]);
    assert!(
        made.contains("city_demo") && made.contains("https://app.example.com") && made.contains("always"),
        "{made}"
    );
    let token = fed.run(&[
        "token",
        "apply",
        "--city",
        "city_demo",
        "--user",
        "u-1",
        "--ttl",
        "30m",
        "--metadata",
        r#"{"plan":"pro"}"#,
    ]);
    let token = token.trim();
    assert!(token.starts_with("ub_") && !token.contains(char::is_whitespace), "the token alone: {token}");
    let user = fed.client().user(SecretString::from(token));
    let me = user.me().await.unwrap();
    assert_eq!((me.user.user_id.as_str(), me.user.metadata.unwrap()["plan"].as_str()), ("u-1", Some("pro")));
    fed.run(&["city", "pause", "city_demo"]);
    assert!(user.me().await.is_err(), "a paused city accepts no token");
    fed.run(&["city", "activate", "city_demo"]);
    user.me().await.unwrap();
    fed.run(&[
        "city",
        "update",
        "city_demo",
        "--name",
        "Other",
        "--allow-redirect",
        "https://app.example.com/back",
    ]);
    let listed = fed.run(&["city", "list"]);
    assert!(
        listed.contains("Other") && listed.contains("/back") && listed.contains("https://app.example.com "),
        "{listed}"
    );
    fed.run(&["city", "update", "city_demo", "--allow-origin", ""]);
    let unasked = run(fed.command(&["city", "remove", "city_demo"]), "city_demo\n");
    assert!(unasked.status.code() == Some(2) && said(&unasked).contains("--yes"), "{}", said(&unasked));
    user.me().await.unwrap();
    fed.run(&["city", "remove", "city_demo", "--yes"]);
    assert_eq!(user.me().await.unwrap_err().status(), Some(401));
    assert!(!fed.run(&["city", "list"]).contains("city_demo"));
}

#[test]
fn a_command_that_fails_says_why_and_what_to_do() {
    let fed = Fed::start();
    let failed = |command: Command| {
        let output = run(command, "");
        (output.status.code(), said(&output))
    };
    let (code, told) = failed(fed.command(&["token", "apply", "--city", "city_none", "--user", "u"]));
    assert!(code == Some(1) && told.contains("unknown_city"), "{told}");
    let (code, told) = failed(fed.command(&["env", "set", "lower", "x"]));
    assert!(code == Some(1) && told.contains("key"), "{told}");
    let (code, told) = failed(fed.command(&["env", "set", "WECHAT_CLIENT_ID"]));
    assert!(code == Some(2) && told.contains("standard input"), "{told}");
    let mut wrong = crate::support::fed();
    wrong.args(["env", "list", "--url", fed.url()]).env("FED_ADMIN_KEY", "ak_wrong");
    let (code, told) = failed(wrong);
    assert!(code == Some(3) && told.contains("FED_ADMIN_KEY") && !told.contains("ak_wrong"), "{told}");
    let mut nobody = crate::support::fed();
    nobody.args(["env", "list", "--url", "http://127.0.0.1:1"]).env("FED_ADMIN_KEY", "ak_x");
    let (code, told) = failed(nobody);
    assert!(code == Some(4) && told.contains("fed serve"), "{told}");
    let mut open = crate::support::fed();
    open.args(["env", "list", "--url", "http://fed.example"]).env("FED_ADMIN_KEY", "ak_x");
    let (code, told) = failed(open);
    assert!(code == Some(2) && told.contains("unprotected"), "{told}");
    let (code, told) = failed(fed.command(&["city", "frobnicate"]));
    assert!(code == Some(2), "{told}");
}
