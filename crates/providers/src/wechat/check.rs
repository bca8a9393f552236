//! Whether a Website App is set up: the token interface with a made-up code, and the authorize page as a browser
//! sees it.

use super::WeChat;
use super::answer::{self, Answer, Refusal};
use crate::LoginProvider;
use crate::catalogue::looks_like_app_id;
use crate::check::{Visit, host_of, no_answer, of_callback};
use crate::line::{BODY_LIMIT, Fault, Reply};
use downcity_core::Verdict::{Failed, Ok as Fine, Warning};
use downcity_core::{Finding, Said, Text, Verdict};
use secrecy::ExposeSecret;
use url::{Host, Url};

const CREDENTIALS: (&str, &str) = (WeChat::ID, "credentials");
const AUTHORIZE: (&str, &str) = (WeChat::ID, "authorize");
const KEYS: Text = Text::new("AppID and AppSecret", "AppID 与 AppSecret");
const PAGE: Text = Text::new("Authorize page and callback domain", "授权页与授权回调域");

/// Asks both at once.
pub(super) async fn check(app: &WeChat, visit: &Visit) -> Vec<Finding> {
    let pages = visit.callbacks().map(|callback| authorize(app, visit, callback));
    let (credentials, pages) = tokio::join!(credentials(app, visit), crate::check::in_turn(pages));
    std::iter::once(credentials).chain(pages).collect()
}

async fn credentials(app: &WeChat, visit: &Visit) -> Finding {
    let query = [
        ("appid", app.app_id.as_str()),
        ("secret", app.secret.expose_secret()),
        ("code", visit.code()),
        ("grant_type", "authorization_code"),
    ];
    let url = format!("{}/sns/oauth2/access_token", app.outside.wechat_api());
    let host = host_of(&url);
    let request = app.outside.client().map_err(Fault::Setup).map(|client| client.get(&url).query(&query));
    match visit.ask(request, BODY_LIMIT).await {
        Ok(reply) => of_answer(app, &host, &reply),
        Err(fault) => no_answer(CREDENTIALS, KEYS, &host, &fault),
    }
}

fn of_answer(app: &WeChat, host: &str, reply: &Reply) -> Finding {
    let what = match answer::read(&reply.body) {
        Ok(Answer::Refused(refusal)) if reply.status < 500 => return of_refusal(app, &refusal),
        Ok(_) => "JSON, but no error number for a code that nobody issued",
        Err(answer::Unreadable(what)) => what,
    };
    let (status, bytes) = (reply.status, reply.body.len());
    let evidence = Said::new(
        format!("{host} answered HTTP {status} with {bytes} bytes: {what}."),
        format!("{host} 返回 HTTP {status}，共 {bytes} 字节：{what}。"),
    );
    Finding::new(CREDENTIALS, KEYS, (Failed, "not_wechat"), evidence).remedy(Said::new(
        format!(
            "See that no proxy, firewall or sign-in page of a network stands between this server and {host}."
        ),
        format!("请确认本服务器与 {host} 之间没有代理、防火墙或网络认证页面。"),
    ))
}

/// What an error number says about the app. The code is made up, so that 40029 is the good answer.
fn of_refusal(app: &WeChat, refusal: &Refusal) -> Finding {
    let rid = refusal.rid.as_deref().map(|rid| format!(", rid {rid}")).unwrap_or_default();
    let seen = format!("errcode {}{rid}", refusal.code);
    // Whoever mixed up the two settings must not see the secret shown.
    let app_id = if looks_like_app_id(&app.app_id) { app.app_id.as_str() } else { "" };
    let find = |result: (Verdict, &'static str), en: &str, zh: &str| {
        let evidence = Said::new(format!("{en} ({seen})."), format!("{zh}（{seen}）。"));
        Finding::new(CREDENTIALS, KEYS, result, evidence)
    };
    match refusal.code {
        40029 | 40099 | 40163 | 42003 => find(
            (Fine, "fine"),
            &format!("WeChat accepts the AppID {app_id} with this AppSecret: it refused only the made-up code"),
            &format!("微信认可 AppID {app_id} 及其 AppSecret，只拒绝了虚构的 code"),
        ),
        40013 => find(
            (Failed, "appid_wrong"),
            &format!("WeChat does not know the AppID {app_id}"),
            &format!("微信不认识 AppID {app_id}"),
        )
        .remedy(Text::new(
            "On open.weixin.qq.com open Management Center, Website Apps, this app, copy the AppID, and set it: fed env set WECHAT_CLIENT_ID",
            "在 open.weixin.qq.com 打开“管理中心 → 网站应用 → 该应用”，复制 AppID 并设置：fed env set WECHAT_CLIENT_ID",
        )),
        40125 => find(
            (Failed, "secret_wrong"),
            &format!("the AppSecret does not belong to the AppID {app_id}"),
            &format!("AppSecret 与 AppID {app_id} 不匹配"),
        )
        .remedy(Text::new(
            "Copy the AppSecret of the same Website App, or reset it on open.weixin.qq.com, and set it: fed env set WECHAT_CLIENT_SECRET",
            "请复制同一个“网站应用”的 AppSecret，或在 open.weixin.qq.com 重置后设置：fed env set WECHAT_CLIENT_SECRET",
        )),
        40243 => find((Failed, "secret_frozen"), "the AppSecret is frozen", "AppSecret 已被冻结").remedy(Text::new(
            "Enable or reset the AppSecret on open.weixin.qq.com, and set it: fed env set WECHAT_CLIENT_SECRET",
            "请在 open.weixin.qq.com 解冻或重置 AppSecret，然后设置：fed env set WECHAT_CLIENT_SECRET",
        )),
        40164 => not_listed(refusal, find),
        48001 | 61003..=61024 => find(
            (Failed, "wrong_kind"),
            "the AppID belongs to an Official Account, a Mini Program or a third-party platform, or WeChat Login was not obtained for it",
            "该 AppID 属于公众号、小程序或第三方平台，或尚未获得“微信登录”权限",
        )
        .remedy(NEEDED),
        48004 => find((Failed, "banned"), "WeChat has banned this AppID from the interface", "微信已封禁该 AppID 的接口权限")
            .remedy(Text::new(
                "See the notices on open.weixin.qq.com and settle it with WeChat.",
                "请查看 open.weixin.qq.com 的通知，并联系微信处理。",
            )),
        -1 | 45009 | 45011 => {
            find((Warning, "busy"), "WeChat is busy, or a quota is used up", "微信系统繁忙，或调用额度已用完").remedy(
                Text::new(
                    "Check again in a minute. If it lasts, look for who else uses this AppID.",
                    "请一分钟后重新检查；如果持续出现，请查找还有谁在使用该 AppID。",
                ),
            )
        }
        _ => find(
            (Warning, "unexpected"),
            "WeChat answered with a number that says nothing about AppID and AppSecret",
            "微信返回的错误码无法说明 AppID 与 AppSecret 是否正确",
        )
        .remedy(Text::new(
            "Look the number up in WeChat's list of return codes, and check again.",
            "请在微信的返回码说明中查询该错误码，然后重新检查。",
        )),
    }
}

/// What kind of account is needed.
const NEEDED: Text = Text::new(
    "Use the AppID of a Website App (open.weixin.qq.com, Management Center, Website Apps) that has passed review with the capability WeChat Login; test accounts, Official Accounts and Mini Programs don't work here.",
    "请使用已通过审核并获得“微信登录”能力的“网站应用”的 AppID（open.weixin.qq.com → 管理中心 → 网站应用）；测试号、公众号和小程序在此不可用。",
);

fn not_listed(refusal: &Refusal, find: impl Fn((Verdict, &'static str), &str, &str) -> Finding) -> Finding {
    let result = (Failed, "ip_not_listed");
    let Some(ip) = refusal.address else {
        return find(result, "WeChat refuses the address this server calls from", "微信拒绝本服务器的出口 IP")
            .remedy(Text::new(
                "Add this server's public address to the app's IP whitelist on open.weixin.qq.com, or empty the whitelist.",
                "请在 open.weixin.qq.com 将本服务器的公网 IP 加入该应用的 IP 白名单，或清空白名单。",
            ));
    };
    let (en, zh) = (format!("WeChat refuses calls from {ip}"), format!("微信拒绝来自 {ip} 的调用"));
    find(result, &en, &zh).remedy(Said::new(
        format!("Add {ip} to the app's IP whitelist on open.weixin.qq.com, or empty the whitelist."),
        format!("请在 open.weixin.qq.com 将 {ip} 加入该应用的 IP 白名单，或清空白名单。"),
    ))
}

async fn authorize(app: &WeChat, visit: &Visit, callback: (&str, bool)) -> Finding {
    let url = app.authorize_url(&visit.authorize(callback.0));
    // A browser keeps the fragment to itself.
    let url = url.split('#').next().unwrap_or_default();
    let host = host_of(url);
    let request = app.outside.client().map_err(Fault::Setup).map(|client| client.get(url));
    let finding = match visit.look(request).await {
        Ok(reply) => of_page(&host, &reply, callback.0),
        Err(fault) => no_answer(AUTHORIZE, PAGE, &host, &fault),
    };
    of_callback(finding, callback)
}

/// The page is recognised by what a person would read there: mistakes come with status 200 and no number.
fn of_page(host: &str, reply: &Reply, callback: &str) -> Finding {
    let text: String = String::from_utf8_lossy(&reply.body).chars().filter(|c| !c.is_whitespace()).collect();
    let find = |result, said: &str| {
        let evidence =
            Said::new(format!("The page of {host} says: {said}"), format!("{host} 的页面提示：{said}"));
        Finding::new(AUTHORIZE, PAGE, result, evidence)
    };
    if text.contains("/connect/qrcode/") {
        let evidence = Said::new(
            format!("{host} shows a QR code for {callback}."),
            format!("{host} 已为 {callback} 显示二维码。"),
        );
        return Finding::new(AUTHORIZE, PAGE, (Fine, "fine"), evidence);
    }
    if text.contains("redirect_uri参数错误") {
        return find((Failed, "domain_mismatch"), "redirect_uri 参数错误").remedy(domain(callback));
    }
    if text.contains("Scope参数错误") {
        return find((Failed, "wrong_kind"), "Scope 参数错误或没有 Scope 权限").remedy(NEEDED);
    }
    if text.contains("AppID参数错误") {
        return find((Failed, "appid_wrong"), "AppID 参数错误").remedy(Text::new(
            "Copy the AppID again from the Website App's page on open.weixin.qq.com: fed env set WECHAT_CLIENT_ID",
            "请从 open.weixin.qq.com 的“网站应用”页面重新复制 AppID：fed env set WECHAT_CLIENT_ID",
        ));
    }
    if text.contains("该链接无法访问") {
        return find((Failed, "link_refused"), "该链接无法访问").remedy(domain(callback));
    }
    let (status, bytes) = (reply.status, reply.body.len());
    let evidence = Said::new(
        format!(
            "{host} answered HTTP {status} with a page of {bytes} bytes that this version does not know."
        ),
        format!("{host} 返回 HTTP {status}，页面共 {bytes} 字节，本版本无法识别。"),
    );
    let result = if status < 400 { (Warning, "unknown_page") } else { (Failed, "bad_status") };
    Finding::new(AUTHORIZE, PAGE, result, evidence).remedy(Text::new(
        "Start a sign-in in a browser and look at the page. A proxy or a sign-in page of your network may stand in between.",
        "请在浏览器中发起一次登录并查看页面；中间可能有代理或网络认证页面。",
    ))
}

/// What has to stand in WeChat's console, to the letter.
fn domain(callback: &str) -> Said {
    let url = Url::parse(callback).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let (en, zh) = match url.as_ref().map(|url| (url.host(), url.port())) {
        Some((Some(Host::Ipv4(_) | Host::Ipv6(_)), _)) => (
            " WeChat takes no IP address here: give the Federation a public URL with a name (--public-url).",
            "微信不接受 IP 地址：请为 Federation 设置带域名的公网地址（--public-url）。",
        ),
        Some((_, Some(_))) => (
            " WeChat takes no port but 80 and 443: give the Federation a public URL without one (--public-url).",
            "微信只接受 80 和 443 端口：请为 Federation 设置不带端口的公网地址（--public-url）。",
        ),
        _ => ("", ""),
    };
    Said::new(
        format!(
            "On open.weixin.qq.com open Management Center, Website Apps, this app, and set the callback domain \
             (授权回调域) to exactly {host} - without https://, without a path, without a port. An app has one such domain.{en}"
        ),
        format!(
            "在 open.weixin.qq.com 打开“管理中心 → 网站应用 → 该应用”，将授权回调域设为 {host} —— 不带 https://、路径和端口。每个应用只有一个授权回调域。{zh}"
        ),
    )
}
