//! Whether an application at an issuer is set up: metadata and keys fetched anew, the token endpoint with a made-up
//! code, and the page that people are sent to.

use super::keys::KeySet;
use super::metadata::{Metadata, Mistake, address};
use super::{Oidc, identify, settings};
use crate::Exchange;
use crate::check::{
    Asked, CLIENT, PAGE, Visit, host_of, in_turn, no_answer, of_callback, of_client, register,
};
use crate::line::{BODY_LIMIT, KEYS_LIMIT, Reply};
use crate::token::Told;
use downcity_core::Verdict::{Failed, Ok as Fine, Warning};
use downcity_core::{Finding, Said, Text, Verdict};

const METADATA: Text = Text::new("Issuer and its metadata", "签发者及其元数据");
const ANSWERS: Text = Text::new("How the issuer answers", "签发者的应答方式");
const KEYS: Text = Text::new("The issuer's public keys", "签发者的公钥");

/// Metadata first, then the rest at once.
pub(super) async fn check(app: &Oidc, visit: &Visit) -> Vec<Finding> {
    let (discovery, metadata) = discovery(app, visit).await;
    let Some(metadata) = metadata else { return vec![discovery] };
    let pages = in_turn(visit.callbacks().map(|callback| authorize(app, visit, &metadata, callback)));
    let (keys, credentials, pages) =
        tokio::join!(keys(app, visit, &metadata), credentials(app, visit, &metadata), pages);
    let answers = answers(app, visit, &metadata);
    [discovery].into_iter().chain(answers).chain([keys, credentials]).chain(pages).collect()
}

/// Whether a code of WeChat's is kept out of sign-ins with this issuer (docs/decisions/0037). Google is known by name and
/// answers in the query.
fn answers(app: &Oidc, visit: &Visit, metadata: &Metadata) -> Option<Finding> {
    let (issuer, key) = (app.issuer.url(), settings::mode_key(&app.id));
    let find = |result, en: String, zh: String| {
        Finding::new((app.id.as_str(), "answers"), ANSWERS, result, Said::new(en, zh))
    };
    match (app.posts, metadata.can_post()) {
        _ if app.is_google => None,
        (true, true) => Some(find(
            (Fine, "fine"),
            format!("{issuer} answers by POST, so no code of WeChat's is taken for its own."),
            format!("{issuer} 以 POST 应答，微信的 code 不会被误认作由它签发。"),
        )),
        (true, false) => {
            let finding = find(
                (Failed, "no_form_post"),
                format!(
                    "The metadata of {issuer} does not list form_post in response_modes_supported, so nobody is sent there."
                ),
                format!(
                    "{issuer} 的元数据未在 response_modes_supported 中列出 form_post，因此不会把用户引导过去。"
                ),
            );
            Some(finding.remedy(Said::new(
                format!("Switch form_post on at the issuer. If it can't, and you trust it as much as WeChat itself: fed env set {key} query."),
                format!("请在签发者处启用 form_post。若它不支持，且您对它的信任不低于微信：fed env set {key} query。"),
            )))
        }
        (false, can) if visit.is_beside_wechat() => {
            let finding = find(
                (Warning, "by_query"),
                format!(
                    "{issuer} answers in the query, so a code of WeChat's can be led into a sign-in with it: it could sign in as people who use WeChat."
                ),
                format!(
                    "{issuer} 以 query 应答，微信的 code 可能被引入到它的登录中：它可以冒充使用微信的用户登录。"
                ),
            );
            Some(finding.remedy(match can {
                true => Said::new(
                    format!("The issuer lists form_post, so remove the setting: fed env remove {key}."),
                    format!("签发者已列出 form_post，请删除此设置：fed env remove {key}。"),
                ),
                false => Said::new(
                    format!(
                        "Switch form_post on at the issuer, then remove the setting: fed env remove {key}."
                    ),
                    format!("请在签发者处启用 form_post，然后删除此设置：fed env remove {key}。"),
                ),
            }))
        }
        (false, _) => None,
    }
}

async fn discovery(app: &Oidc, visit: &Visit) -> (Finding, Option<Metadata>) {
    let check = (app.id.as_str(), "discovery");
    let issuer = app.issuer.url();
    let url = address(issuer);
    let find = |verdict, code, en: &str, zh: &str| {
        let evidence = Said::new(format!("{url} {en}."), format!("{url} {zh}。"));
        Finding::new(check, METADATA, (verdict, code), evidence)
    };
    let reply = match visit.ask(app.outside.get_guarded(&url), BODY_LIMIT).await {
        Ok(reply) => reply,
        Err(fault) => return (no_answer(check, METADATA, &host_of(&url), &fault), None),
    };
    if reply.status != 200 {
        let (en, zh) = (format!("answers HTTP {}", reply.status), format!("返回 HTTP {}", reply.status));
        return (find(Failed, "not_found", &en, &zh).remedy(SET_ISSUER), None);
    }
    match Metadata::parse(&reply.body, issuer, &app.outside) {
        Ok(metadata) => {
            let fine = find(
                Fine,
                "fine",
                "names this issuer exactly, and https endpoints",
                "与该签发者完全一致，各端点均为 https",
            );
            (fine, Some(metadata))
        }
        Err(Mistake::Slash) => {
            let finding = find(
                Failed,
                "slash",
                "names the issuer differently: only the slash at the end differs",
                "中的签发者写法不同：只差末尾的斜杠",
            );
            (finding.remedy(SET_ISSUER), None)
        }
        Err(Mistake::OtherIssuer) => {
            let finding = find(Failed, "other_issuer", "names another issuer", "写的是另一个签发者");
            (finding.remedy(SET_ISSUER), None)
        }
        Err(Mistake::Unreadable) => {
            let finding = find(
                Failed,
                "not_metadata",
                "is no metadata of OpenID Connect",
                "不是 OpenID Connect 元数据",
            );
            (finding.remedy(SET_ISSUER), None)
        }
        Err(Mistake::Refused(why)) => {
            let (en, zh) =
                (format!("names an address that is refused: {why}"), format!("包含被拒绝的地址：{why}"));
            let remedy = Text::new(
                "The issuer has to name https addresses that are not private. In an intranet start the Federation with --allow-private-issuers.",
                "签发者的各端点须为公网 https 地址；在内网中请以 --allow-private-issuers 启动 Federation。",
            );
            (find(Failed, "endpoint_refused", &en, &zh).remedy(remedy), None)
        }
    }
}

const SET_ISSUER: Text = Text::new(
    "Set the issuer exactly as its metadata has it in `issuer`, without /.well-known/openid-configuration.",
    "请将签发者设为其元数据 issuer 字段的原样内容，不含 /.well-known/openid-configuration。",
);

async fn keys(app: &Oidc, visit: &Visit, metadata: &Metadata) -> Finding {
    let check = (app.id.as_str(), "keys");
    let url = &metadata.jwks_uri;
    let reply = match visit.ask(app.outside.get_guarded(url), KEYS_LIMIT).await {
        Ok(reply) => reply,
        Err(fault) => return no_answer(check, KEYS, &host_of(url), &fault),
    };
    let usable = KeySet::read(&reply.body, url, None, visit.now()).filter(|_| reply.status == 200);
    let usable = usable.map_or(0, |set| set.usable());
    if usable > 0 {
        let evidence = Said::new(
            format!("{url} has {usable} keys that can be used."),
            format!("{url} 有 {usable} 个可用的公钥。"),
        );
        return Finding::new(check, KEYS, (Fine, "fine"), evidence);
    }
    let status = reply.status;
    let evidence = Said::new(
        format!("{url} answers HTTP {status} without a key that can be used."),
        format!("{url} 返回 HTTP {status}，没有可用的公钥。"),
    );
    Finding::new(check, KEYS, (Failed, "no_keys"), evidence).remedy(Text::new(
        "The issuer has to publish an RSA, EC or Ed25519 key for signatures there; ask whoever runs it.",
        "签发者须在此公布用于签名的 RSA、EC 或 Ed25519 公钥；请联系其运营方。",
    ))
}

async fn credentials(app: &Oidc, visit: &Visit, metadata: &Metadata) -> Finding {
    let check = (app.id.as_str(), "credentials");
    let made_up = Exchange {
        code: visit.code(),
        redirect_uri: visit.callback(),
        proofs: visit,
        iss: None,
        now: visit.now(),
    };
    let request = identify::exchange_request(app, &made_up, metadata);
    let host = host_of(&metadata.token_endpoint);
    let reply = match visit.ask(request, BODY_LIMIT).await {
        Ok(reply) => reply,
        Err(fault) => return no_answer(check, CLIENT, &host, &fault),
    };
    let (id, secret) = settings::client_keys(&app.id);
    let asked = Asked { group: &app.id, host: &host, keys: (&id, &secret), callback: visit.callback() };
    of_client(&asked, &Told::read(&reply))
}

async fn authorize(app: &Oidc, visit: &Visit, metadata: &Metadata, callback: (&str, bool)) -> Finding {
    let check = (app.id.as_str(), "authorize");
    let url = app.address(metadata, &visit.authorize(callback.0));
    let host = host_of(&url);
    let finding = match visit.look(app.outside.get_guarded(&url)).await {
        Ok(reply) => of_page(check, &host, &reply, callback.0),
        Err(fault) => no_answer(check, PAGE, &host, &fault),
    };
    of_callback(finding, callback)
}

/// An issuer must not redirect to an address that is not registered (RFC 6749 §4.1.2.1), so that it shows an error
/// page; Google sends browsers to one.
fn of_page(check: (&str, &str), host: &str, reply: &Reply, callback: &str) -> Finding {
    let location = reply.location.as_deref().unwrap_or_default();
    let error_page = location.contains("/oauth/error") || location.contains("redirect_uri_mismatch");
    let find = |result: (Verdict, &'static str), en: &str, zh: &str| {
        let (status, title) = (reply.status, PAGE);
        let evidence =
            Said::new(format!("{host} {en} (HTTP {status})."), format!("{host} {zh}（HTTP {status}）。"));
        Finding::new(check, title, result, evidence)
    };
    match reply.status {
        200..400 if !error_page => find((Fine, "fine"), "takes people in for this callback URL", "接受该回调地址并显示登录页面"),
        429 | 500.. => find((Warning, "busy"), "can't show its page right now", "暂时无法显示登录页面")
            .remedy(Text::new("Check again in a minute.", "请一分钟后重新检查。")),
        _ => find(
            (Failed, "callback_mismatch"),
            "shows an error in place of its page: mostly the callback URL is not registered, or the client id is wrong",
            "显示的是错误页：多半是回调地址未登记，或 Client ID 有误",
        )
        .remedy(register(callback)),
    }
}
