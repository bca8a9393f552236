//! `fed demo`: the README's first command.

use crate::support::{fed, run, said};

#[test]
fn every_step_of_a_sign_in_is_told_and_nothing_is_left_behind() {
    let temp = tempfile::tempdir().unwrap();
    let mut command = fed();
    command.arg("demo").env("TMPDIR", temp.path());
    let output = run(command, "");
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    let steps = [
        ("configure", "POST fed /v1/env/import", "200"),
        ("city", "POST fed /v1/cities/create", "200"),
        ("providers", "GET  fed /v1/accounts/providers", "200"),
        ("start", "POST fed /v1/accounts/oauth/start", "200"),
        ("wait", "GET  fed /v1/accounts/oauth/result", "pending"),
        ("QR page", "GET  sim /connect/qrconnect", "200"),
        ("scan", "GET  sim /connect/confirm", "200"),
        ("allow", "POST sim /connect/confirm_reply", "200"),
        ("QR page", "GET  sim /connect/l/qrconnect", "405"),
        ("callback", "GET  fed /v1/accounts/oauth/callback", "200"),
        ("exchange", "GET  sim /sns/oauth2/access_token", "once"),
        ("profile", "GET  sim /sns/userinfo", "once"),
        ("result", "GET  fed /v1/accounts/oauth/result", "done"),
        ("me", "GET  fed /v1/accounts/me", "张三"),
        ("logout", "POST fed /v1/accounts/logout", "200"),
        ("refused", "GET  fed /v1/accounts/me", "401"),
    ];
    let mut lines = told.lines().filter(|line| line.contains('✓'));
    for (name, call, fact) in steps {
        let line = lines.next().unwrap_or_else(|| panic!("{name} is missing in {told}"));
        assert!(line.contains(name) && line.contains(call) && line.contains(fact), "{name}: {line}");
    }
    assert_eq!(lines.next(), None);
    assert!(told.lines().count() <= 24, "it fits one screen: {told}");
    assert!(!told.contains('\x1b'), "colour is for terminals only");
    assert_eq!(temp.path().read_dir().unwrap().count(), 0, "what was made is removed");
}

#[test]
fn secrets_are_shortened() {
    let mut command = fed();
    command.arg("demo");
    let told = said(&run(command, ""));
    let longest = told.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).map(str::len).max();
    assert!(longest.unwrap() < 32, "no state, code, key or token stands there in full: {told}");
}
