//! Answers of a Federation.

use super::*;

/// The list of a tab.
pub(super) fn list(tab: usize) -> Value {
    match TABS[tab].title.en {
        "Overview" => overview(),
        "Doctor" => doctor(),
        "Providers" => providers(),
        "Env" => env(),
        "Cities" => cities(),
        "Users" => users(),
        "Attempts" => attempts(),
        "Audit" => audit(),
        "Keys" => keys(),
        other => panic!("no sample for {other}"),
    }
}

fn providers() -> Value {
    json!({ "items": [
        { "id": "wechat", "label": "WeChat", "kind": "oauth", "status": "enabled", "off_at": null, "missing": [],
          "problem": null, "app_id": "wx0123456789abcdef",
          "callbacks": [{ "url": "https://accounts.example.com/v1/accounts/oauth/callback", "domain": "accounts.example.com" }] },
        { "id": "github", "label": "GitHub", "kind": "oauth", "status": "incomplete", "off_at": null,
          "missing": ["GITHUB_CLIENT_SECRET"], "problem": null, "app_id": null, "callbacks": [] },
        { "id": "email", "label": "E-mail", "kind": "email", "status": "broken", "missing": [], "callbacks": [],
          "problem": { "en": "SMTP_URL is no address.", "zh": "SMTP_URL 不是有效的地址。" } },
    ] })
}

fn env() -> Value {
    json!({ "items": [{ "id": "wechat", "name": "WeChat", "env": [
        { "key": "WECHAT_CLIENT_ID", "description": "AppID of the Website App", "required": true, "configured": true,
          "value_preview": "wx0123456789abcdef" },
        { "key": "WECHAT_CLIENT_SECRET", "description": "AppSecret of the same app", "required": true,
          "configured": true, "value_preview": "••••cdef" },
        { "key": "WECHAT_FAST_LOGIN", "description": "0 always shows the QR code", "required": false, "configured": false },
    ] }] })
}

fn cities() -> Value {
    json!({ "items": [
        { "city_id": "city_demo", "name": "Paper Boat 纸船", "status": "active", "confirm": "auto",
          "allowed_origins": ["https://app.example.com"], "allowed_redirects": ["https://app.example.com/back"],
          "created_at": "2026-09-21T14:13:20.000Z" },
        { "city_id": "city_downcity", "name": "Downcity", "status": "paused", "confirm": "always", "allowed_origins": [] },
    ] })
}

fn users() -> Value {
    json!({ "items": [
        { "user_id": "usr_1", "display_name": "李雷", "auth_email": "lilei@example.com", "providers": ["wechat", "email"],
          "status": "active", "auth_created_at": "2026-09-21T14:13:20.000Z" },
        { "user_id": "usr_2", "display_name": null, "auth_email": null, "providers": ["github"], "status": "disabled",
          "auth_created_at": "2026-09-20T08:00:00.000Z" },
    ], "next": "older" })
}

fn attempts() -> Value {
    json!({ "items": [
        { "attempt_id": "att_1", "city_id": "city_demo", "provider": "wechat", "status": "failed",
          "failure": "provider_misconfigured", "provider_code": "40125", "network": "203.0.113.7", "agent": "Firefox",
          "reason": { "en": "WeChat says the AppSecret is wrong.", "zh": "微信提示 AppSecret 错误。" },
          "remedy": { "en": "Copy the AppSecret again.", "zh": "请重新复制 AppSecret。" },
          "started_at": "2026-09-21T14:13:20.000Z", "returned_at": "2026-09-21T14:13:40.000Z" },
        { "attempt_id": "att_2", "city_id": "city_demo", "provider": "wechat", "status": "not_returned",
          "started_at": "2026-09-21T14:00:00.000Z" },
    ], "next": null })
}

fn audit() -> Value {
    json!({ "items": [
        { "audit_id": "aud_1", "at": "2026-09-21T14:13:20.000Z", "key_id": "key_1", "key_name": "first", "via": "api",
          "network": "203.0.113.7", "action": "city.update", "city_id": "city_demo", "subject": "city_demo",
          "before": { "name": "Demo" }, "after": { "name": "Paper Boat 纸船" } },
        { "audit_id": "aud_0", "at": "2026-09-21T14:00:00.000Z", "key_id": "local", "key_name": "fed dev",
          "via": "machine", "network": null, "action": "env.set", "subject": "WECHAT_CLIENT_ID" },
    ], "next": null })
}

fn keys() -> Value {
    json!({ "items": [
        { "key_id": "key_1", "name": "first", "role": "owner", "city_id": null, "status": "active",
          "created_at": "2026-09-01T00:00:00.000Z", "last_used_at": "2026-09-21T14:13:00.000Z" },
        { "key_id": "key_2", "name": "shop team", "role": "operator", "city_id": "city_demo", "status": "expired",
          "created_at": "2026-09-01T00:00:00.000Z", "expires_at": "2026-09-15T00:00:00.000Z" },
    ] })
}

fn overview() -> Value {
    json!({
        "total": { "started": 12, "returned": 7, "done": 6, "under_way": 0, "not_returned": 5, "expired": 0,
            "failed": { "provider_misconfigured": 1 } },
        "people": { "users": 1_000_000, "active_24h": 6, "live_sessions": 42 },
        "series": [
            { "at": "2026-09-21T13:00:00Z", "started": 4, "done": 3 },
            { "at": "2026-09-21T14:00:00Z", "started": 8, "done": 3 },
        ],
        "providers": [
            { "provider": { "id": "wechat", "label": "WeChat", "status": "enabled" },
              "last_success_at": "2026-09-21T14:13:20Z", "last_failure_at": null },
            { "provider": { "id": "github", "label": "GitHub", "status": "incomplete" }, "last_success_at": null },
        ],
        "attention": [{ "id": "callback_domain", "severity": "error", "provider": "wechat",
            "text": { "en": "5 started, 0 returned.", "zh": "5 次发起，0 次返回。" },
            "remedy": { "en": "Look at the callback domain.", "zh": "请检查授权回调域。" } }],
    })
}

fn doctor() -> Value {
    json!({ "verdict": "failed", "items": [
        { "check": "wechat.credentials", "about": null, "verdict": "failed", "code": "secret_wrong",
          "title": "AppID and AppSecret", "evidence": "WeChat answered 40125.", "remedy": "Copy the AppSecret again." },
        { "check": "url.reachable", "about": "https://accounts.example.com", "verdict": "ok", "code": "ok",
          "title": "Public URL", "evidence": "It answers.", "remedy": null },
    ] })
}
