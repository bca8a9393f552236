//! The pages: the QR page in the browser, the consent screen on the phone, the mistakes.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::api;
use super::texts::{self, Texts};
use crate::config::{App, Person};
use crate::error::{PageError, SimError};
use crate::handle::Handle;
use crate::qr::Ask;
use crate::sns::{Params, Reply};
use crate::switches::Switches;
use crate::world::{Call, World};

#[derive(Template)]
#[template(path = "qrconnect.html")]
struct QrPage<'a> {
    t: &'static Texts,
    app: &'a str,
    uuid: &'a str,
    base: &'a str,
    body_class: &'a str,
    lite: bool,
    /// A style sheet of the site, for the old embedded layout.
    href: &'a str,
    /// What the script needs, as JSON in which no `<` occurs.
    conf: String,
}

#[derive(Template)]
#[template(path = "mistake.html")]
struct MistakePage {
    sentence: String,
}

#[derive(Template)]
#[template(path = "phone.html")]
struct PhonePage<'a> {
    t: &'static Texts,
    app: &'a str,
    initial: char,
    uuid: &'a str,
    people: &'a [Person],
}

#[derive(Template)]
#[template(path = "phone-end.html")]
struct PhoneEnd<'a> {
    t: &'static Texts,
    /// `allowed`, `denied` or `over`.
    kind: &'a str,
    title: &'a str,
    hint: &'a str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    base: &'a str,
    apps: Vec<App>,
    people: Vec<Person>,
}

/// `GET /connect/qrconnect`: the QR page, one sentence about a mistake, or with `f=xml` just a fresh uuid.
pub(crate) async fn qrconnect(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), b"");
    let fault = handle.world().take_page_fault();
    if fault.is_some() {
        let body = "<!DOCTYPE html><title>微信登录</title>".into();
        return api::send(&handle, Reply { body, fault, delay_ms: 0 }).await;
    }
    let ask = Ask::from_params(&params);
    let at = handle.moment();
    let mut world = handle.world();
    let opened = world.open(&ask, at);
    let mut call = Call::new("qrconnect", "GET", at);
    call.appid.clone_from(&ask.appid);
    call.uuid = opened.clone().unwrap_or_default();
    world.note(call);
    let uuid = match opened {
        Ok(uuid) => uuid,
        // Status 200, like the real page: a client that looks at the status sees no mistake.
        Err(mistake) => return mistake_page(mistake),
    };
    if params.get("f") == Some("xml") {
        return ([(header::CONTENT_TYPE, "text/xml")], format!("<xml><uuid><![CDATA[{uuid}]]></uuid></xml>"))
            .into_response();
    }
    let app = world.app(&ask.appid).map(|app| app.name.clone()).unwrap_or_default();
    let conf = conf(&world, &uuid, &params);
    drop(world);
    let lite = params.get("stylelite") == Some("1");
    let href = params
        .get("href")
        .filter(|href| !lite && (href.starts_with("https://") || href.starts_with("data:")));
    page(&QrPage {
        t: texts::of(ask.english),
        app: &app,
        uuid: &uuid,
        base: handle.url(),
        body_class: &body_class(&params, lite),
        lite,
        href: href.unwrap_or_default(),
        conf,
    })
}

fn mistake_page(mistake: PageError) -> Response {
    page(&MistakePage { sentence: mistake.to_string() })
}

/// What the page's script works with. `<` is escaped, so that no value can end the script element.
fn conf(world: &World, uuid: &str, params: &Params) -> String {
    let session = world.sessions.get(uuid);
    let Switches { callback, callback_gap_ms, .. } = &world.switches;
    let conf = json!({
        "uuid": uuid,
        "redirect": session.map(|session| &session.redirect_uri),
        "state": session.and_then(|session| session.echo.as_ref()),
        "self_redirect": params.text("self_redirect"),
        "callback": callback,
        "gap_ms": callback_gap_ms,
    });
    conf.to_string().replace('<', "\\u003c")
}

/// The layout: a parameter of the embedding script on a page of its own gives the dark embedded one.
fn body_class(params: &Params, lite: bool) -> String {
    let embedded =
        ["self_redirect", "style", "href", "oldstyle"].iter().any(|name| params.get(name).is_some());
    let scheme = params.get("color_scheme").filter(|scheme| matches!(*scheme, "auto" | "dark" | "light"));
    let style = params.get("style").filter(|style| *style == "white").unwrap_or("black");
    let embedded = if embedded { "asks-embedded" } else { "" };
    let lite = if lite { "lite" } else { "" };
    format!("{embedded} {lite} scheme-{} text-{style}", scheme.unwrap_or("light"))
}

/// `GET /connect/confirm?uuid=…`: the phone. Opening it is scanning.
pub(crate) async fn confirm(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), b"");
    let uuid = params.text("uuid");
    let at = handle.moment();
    let mut world = handle.world();
    let mut call = Call::new("confirm", "GET", at);
    call.uuid.clone_from(&uuid);
    world.note(call);
    let scanned = world.scan(&uuid, at);
    let session = world.sessions.get(&uuid);
    let t = texts::of(session.is_some_and(|session| session.english));
    let app =
        session.and_then(|session| world.app(&session.appid)).map(|app| app.name.clone()).unwrap_or_default();
    let people = world.people.clone();
    drop(world);
    match scanned {
        Ok(()) => {
            let initial = app.chars().next().unwrap_or('·');
            page(&PhonePage { t, app: &app, initial, uuid: &uuid, people: &people })
        }
        Err(error) => phone_error(t, &error),
    }
}

/// `GET` or `POST /connect/confirm_reply` with `uuid`, `allow=allow` (anything else refuses) and the
/// simulator's own `user`.
pub(crate) async fn confirm_reply(
    State(handle): State<Handle>,
    method: Method,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), &body);
    let uuid = params.text("uuid");
    let allowed = params.get("allow") == Some("allow");
    let at = handle.moment();
    let mut world = handle.world();
    let mut call = Call::new("confirm_reply", method.as_str(), at);
    call.uuid.clone_from(&uuid);
    world.note(call);
    let first = world.people.first().map(|person| person.id.clone()).unwrap_or_default();
    let user = params.get("user").unwrap_or(&first);
    let done =
        if allowed { world.allow(&uuid, user, at).map(|_| ()) } else { world.deny(&uuid, at).map(|_| ()) };
    let t = texts::of(world.sessions.get(&uuid).is_some_and(|session| session.english));
    drop(world);
    match done {
        Ok(()) if allowed => {
            page(&PhoneEnd { t, kind: "allowed", title: t.allowed, hint: t.back_to_browser })
        }
        Ok(()) => page(&PhoneEnd { t, kind: "denied", title: t.denied, hint: t.nothing_shared }),
        Err(error) => phone_error(t, &error),
    }
}

fn phone_error(t: &'static Texts, error: &SimError) -> Response {
    let (title, hint) = match error {
        SimError::Over => (t.over, t.over_hint),
        SimError::UnknownPerson(_) => (t.system_error, t.retry_hint),
        _ => (t.expired, t.expired_hint),
    };
    page(&PhoneEnd { t, kind: "over", title, hint })
}

/// `GET /`: what this is, for whoever opens the simulator's address.
pub(crate) async fn home(State(handle): State<Handle>) -> Response {
    page(&HomePage { base: handle.url(), apps: handle.apps(), people: handle.people() })
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
