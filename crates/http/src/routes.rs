//! All routes on one screen.

use crate::{
    accounts, browser, cities, email, env, error, federation, hallway, keys, mailed, openapi, own, people,
    token, webhooks,
};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use downcity_service::Federation;
use ipnet::IpNet;
use std::sync::Arc;
use tower_http::limit::RequestBodyLimitLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// What the door opens on.
pub struct Door {
    /// The Federation behind it.
    pub federation: Arc<Federation>,
    /// Peers whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) federation: Arc<Federation>,
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    /// Whether people reach us by https, so that cookies and transport security can insist on it.
    pub(crate) secure: bool,
}

/// Every documented route.
pub(crate) fn documented() -> OpenApiRouter<House> {
    OpenApiRouter::with_openapi(openapi::head())
        // accounts
        .routes(routes!(accounts::providers))
        .routes(routes!(accounts::oauth_start))
        .routes(routes!(browser::oauth_callback))
        .routes(routes!(browser::oauth_outcome))
        .routes(routes!(browser::oauth_confirm))
        .routes(routes!(accounts::oauth_result))
        .routes(routes!(accounts::oauth_events))
        .routes(routes!(accounts::me))
        .routes(routes!(accounts::logout))
        .routes(routes!(token::refresh))
        .routes(routes!(token::introspect))
        // accounts: e-mail
        .routes(routes!(email::register))
        .routes(routes!(email::verify_email))
        .routes(routes!(email::login))
        .routes(routes!(email::forgot))
        .routes(routes!(email::reset))
        .routes(routes!(email::change))
        .routes(routes!(mailed::open))
        .routes(routes!(mailed::confirm))
        .routes(routes!(mailed::reset))
        // accounts: one's own
        .routes(routes!(own::sessions))
        .routes(routes!(own::revoke))
        .routes(routes!(own::revoke_others))
        .routes(routes!(own::identities))
        .routes(routes!(own::link))
        .routes(routes!(own::unlink))
        .routes(routes!(own::edit))
        .routes(routes!(own::export))
        .routes(routes!(own::delete))
        // accounts: people (admin)
        .routes(routes!(people::users))
        .routes(routes!(people::sessions))
        .routes(routes!(people::events))
        .routes(routes!(people::disable))
        .routes(routes!(people::enable))
        .routes(routes!(people::delete))
        .routes(routes!(people::merge))
        .routes(routes!(people::revoke))
        // cities (admin)
        .routes(routes!(cities::list))
        .routes(routes!(cities::create))
        .routes(routes!(cities::update))
        .routes(routes!(cities::pause))
        .routes(routes!(cities::activate))
        .routes(routes!(cities::remove))
        .routes(routes!(cities::tokens_apply))
        // env (admin)
        .routes(routes!(env::list))
        .routes(routes!(env::catalog))
        .routes(routes!(env::upsert))
        .routes(routes!(env::remove))
        .routes(routes!(env::import))
        .routes(routes!(env::refresh))
        // webhooks (admin)
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::create))
        .routes(routes!(webhooks::remove))
        .routes(routes!(webhooks::enable))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay))
        // the Federation itself
        .routes(routes!(federation::services))
        .routes(routes!(federation::instruction))
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(federation::health))
        .routes(routes!(federation::ready))
        .routes(routes!(federation::jwks))
        .routes(routes!(federation::about))
}

/// The whole service. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: without the peer's
/// address every client counts as unknown.
pub fn app(door: Door) -> Router {
    let house = House {
        secure: door.federation.settings().public_url.scheme() == "https",
        federation: door.federation,
        trusted_proxies: door.trusted_proxies.into(),
    };
    let (router, api) = documented().split_for_parts();
    let document = openapi::document(&api);
    router
        .route("/openapi.json", get(move || federation::openapi(document.clone())))
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(from_fn_with_state(house.clone(), hallway::pass))
        .with_state(house)
}
