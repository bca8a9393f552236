//! The sample product of `fed dev`: a small page on an origin of its own, a front end like any product's.

use crate::door;
use crate::problem::Problem;
use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use downcity_http::Listening;
use serde_json::json;
use std::net::TcpListener;
use std::sync::Arc;

const PAGE: &str = include_str!("../assets/product/index.html");
const SCRIPT: &str = include_str!("../assets/product/product.js");
const TEXTS: &str = include_str!("../assets/product/texts.js");
const ICON: &str = include_str!("../assets/product/icon.svg");
const STYLE: &str = include_str!("../assets/product/product.css");

/// Serves the page for this city of a Federation.
pub(crate) fn open(listener: TcpListener, federation_url: &str, city_id: &str) -> Result<Listening, Problem> {
    // Avatars are WeChat's, from whatever host it names; everything else comes from here.
    let policy: Arc<str> = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http://127.0.0.1:*; \
         connect-src 'self' {federation_url}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    .into();
    let config = json!({ "federation_url": federation_url, "city_id": city_id }).to_string();
    let file = |kind: &'static str, text: Arc<str>| {
        let policy = Arc::clone(&policy);
        get(async move || answer(kind, &text, &policy))
    };
    let router = Router::new()
        .route("/", file("text/html; charset=utf-8", PAGE.into()))
        .route("/product.js", file("text/javascript; charset=utf-8", SCRIPT.into()))
        .route("/texts.js", file("text/javascript; charset=utf-8", TEXTS.into()))
        .route("/product.css", file("text/css; charset=utf-8", STYLE.into()))
        .route("/icon.svg", file("image/svg+xml", ICON.into()))
        .route("/config.json", file("application/json", config.into()));
    door::open(listener, &router.into())
}

fn answer(kind: &'static str, text: &str, policy: &str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text.to_owned()).into_response()
}
