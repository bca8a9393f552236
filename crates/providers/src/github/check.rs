//! Whether an OAuth App is set up: the token endpoint with a made-up code, and the page that people are sent to.

use super::{GitHub, settings};
use crate::check::{
    Asked, CLIENT, PAGE, Visit, host_of, in_turn, no_answer, of_callback, of_client, register,
};
use crate::line::{BODY_LIMIT, Fault, Reply};
use crate::outside::USER_AGENT;
use crate::token::Told;
use crate::{LoginProvider, Proofs};
use downcity_core::{Finding, Said, Text, Verdict};
use reqwest::header::{ACCEPT, USER_AGENT as AGENT};
use secrecy::ExposeSecret;

const CREDENTIALS: (&str, &str) = (GitHub::ID, "credentials");
const AUTHORIZE: (&str, &str) = (GitHub::ID, "authorize");

/// Asks both at once.
pub(super) async fn check(app: &GitHub, visit: &Visit) -> Vec<Finding> {
    let pages = in_turn(visit.callbacks().map(|callback| authorize(app, visit, callback)));
    let (credentials, pages) = tokio::join!(credentials(app, visit), pages);
    std::iter::once(credentials).chain(pages).collect()
}

async fn credentials(app: &GitHub, visit: &Visit) -> Finding {
    let verifier = visit.code_verifier();
    let form = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.secret.expose_secret()),
        ("code", visit.code()),
        ("redirect_uri", visit.callback()),
        ("code_verifier", &verifier),
    ];
    let url = format!("{}/login/oauth/access_token", app.outside.github());
    let host = host_of(&url);
    let client = app.outside.client().map_err(Fault::Setup);
    let request =
        client.map(|c| c.post(&url).header(ACCEPT, "application/json").header(AGENT, USER_AGENT).form(&form));
    match visit.ask(request, BODY_LIMIT).await {
        Ok(reply) => {
            let asked = Asked {
                group: GitHub::ID,
                host: &host,
                keys: (settings::ID, settings::SECRET),
                callback: visit.callback(),
            };
            of_client(&asked, &Told::read(&reply))
        }
        Err(fault) => no_answer(CREDENTIALS, CLIENT, &host, &fault),
    }
}

async fn authorize(app: &GitHub, visit: &Visit, callback: (&str, bool)) -> Finding {
    let url = app.authorize_url(&visit.authorize(callback.0));
    let host = host_of(&url);
    let request = app.outside.client().map_err(Fault::Setup).map(|client| client.get(&url));
    let finding = match visit.look(request).await {
        Ok(reply) => of_page(&host, &reply, callback.0),
        Err(fault) => no_answer(AUTHORIZE, PAGE, &host, &fault),
    };
    of_callback(finding, callback)
}

/// Whoever is not signed in at GitHub is sent to sign in first, so that not every mistake shows here.
fn of_page(host: &str, reply: &Reply, callback: &str) -> Finding {
    let status = reply.status;
    let location = reply.location.as_deref().unwrap_or_default();
    let find = |verdict, code, en: &str, zh: &str| {
        let evidence =
            Said::new(format!("{host} {en} (HTTP {status})."), format!("{host} {zh}（HTTP {status}）。"));
        Finding::new(AUTHORIZE, PAGE, (verdict, code), evidence)
    };
    if location.contains("error=redirect_uri_mismatch") {
        return find(
            Verdict::Failed,
            "callback_mismatch",
            "has another callback URL registered",
            "登记的是另一个回调地址",
        )
        .remedy(register(callback));
    }
    match status {
        404 => find(Verdict::Failed, "client_unknown", "knows no such client id", "不认识该 Client ID")
            .remedy(Text::new(
                "Copy the Client ID again from the OAuth App's page: fed env set GITHUB_CLIENT_ID",
                "请从 OAuth App 的页面重新复制 Client ID：fed env set GITHUB_CLIENT_ID",
            )),
        200..400 => find(
            Verdict::Ok,
            "fine",
            "asks people to sign in; whether the callback URL is registered shows only then",
            "要求用户登录；回调地址是否已登记要到登录后才能看出",
        ),
        _ => find(Verdict::Warning, "unexpected", "shows no page for signing in", "没有显示登录页面").remedy(
            Text::new(
                "Start a sign-in in a browser and look at the page.",
                "请在浏览器中发起一次登录并查看页面。",
            ),
        ),
    }
}
