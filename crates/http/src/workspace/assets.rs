//! Style, scripts and sign of the workspace. Their addresses hold a hash of what is in them, so that browsers may
//! keep them for ever and never have an old one.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use downcity_service::core::Digest;
use std::sync::LazyLock;

/// One file, as it was when the binary was made.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const STYLE: &str = "workspace.css";
const SCRIPT: &str = "workspace.js";
const HTMX: &str = "htmx.min.js";
const SIGN: &str = "sign.svg";

static ASSETS: [Asset; 4] = [
    Asset {
        name: STYLE,
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/workspace/workspace.css"),
    },
    Asset {
        name: SCRIPT,
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/workspace/workspace.js"),
    },
    Asset {
        name: HTMX,
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/workspace/htmx.min.js"),
    },
    Asset { name: SIGN, kind: "image/svg+xml", bytes: include_bytes!("../../assets/workspace/sign.svg") },
];

/// Hashes of the files, in their order.
static HASHES: LazyLock<[String; 4]> =
    LazyLock::new(|| ASSETS.each_ref().map(|asset| HEXLOWER.encode(&Digest::of_bytes(asset.bytes).0[..8])));

/// The addresses that pages name.
pub(crate) struct Links {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) htmx: String,
    pub(crate) sign: String,
}

/// The addresses that pages name.
pub(crate) static LINKS: LazyLock<Links> = LazyLock::new(|| {
    let link = |name: &str| {
        let at = ASSETS.iter().position(|asset| asset.name == name).unwrap_or_default();
        format!("/admin/assets/{}/{name}", HASHES[at])
    };
    Links { style: link(STYLE), script: link(SCRIPT), htmx: link(HTMX), sign: link(SIGN) }
});

/// Gives a file to whoever names it with its hash.
pub(super) async fn get(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(at) = ASSETS.iter().position(|asset| asset.name == name).filter(|at| HASHES[*at] == hash) else {
        return crate::error::unknown_route().await.into_response();
    };
    let tag = format!("\"{hash}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|sent| sent.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = HeaderValue::from_static(ASSETS[at].kind);
        ([(header::CONTENT_TYPE, kind)], Body::from(ASSETS[at].bytes)).into_response()
    };
    let headers = response.headers_mut();
    let keep = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, keep);
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    response
}
