//! Images and the script for embedding the QR page.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::convert::{Builder, Shape};
use fast_qr::qr::QRBuilder;

use crate::handle::Handle;

const SVG: [(header::HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")];

/// `GET /connect/qrcode/<uuid>`: the QR code of the phone page's address (real: a JPEG).
pub(crate) async fn qr_image(State(handle): State<Handle>, Path(uuid): Path<String>) -> Response {
    if handle.world().sessions.get(&uuid).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(code) = QRBuilder::new(format!("{}/connect/confirm?uuid={uuid}", handle.url())).build() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (SVG, SvgBuilder::default().shape(Shape::Square).margin(2).to_str(&code)).into_response()
}

/// `GET /mmopen/vi_32/<person>/132`: a coloured square with the first letter of the nickname.
pub(crate) async fn avatar(
    State(handle): State<Handle>,
    Path((person, _)): Path<(String, String)>,
) -> Response {
    let world = handle.world();
    let found = world.people.iter().enumerate().find(|(_, one)| one.id == person && one.avatar);
    let Some((index, person)) = found.filter(|_| !world.switches.avatar_gone) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let initial = person.nickname.chars().find(|first| first.is_alphanumeric()).unwrap_or('·');
    (SVG, avatar_svg(index, initial)).into_response()
}

fn avatar_svg(index: usize, initial: char) -> String {
    // The golden angle keeps neighbours in the list far apart in colour.
    let hue = (210 + index * 137) % 360;
    let (top, bottom) = (format!("hsl({hue} 62% 62%)"), format!("hsl({} 58% 46%)", (hue + 28) % 360));
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="132" height="132" viewBox="0 0 132 132">"#,
            r#"<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{}"/>"#,
            r#"<stop offset="1" stop-color="{}"/></linearGradient></defs><rect width="132" height="132" fill="url(#g)"/>"#,
            r##"<text x="66" y="68" fill="#fff" font-family="system-ui,sans-serif" font-size="60" font-weight="600" "##,
            r#"text-anchor="middle" dominant-baseline="central">{}</text></svg>"#
        ),
        top, bottom, initial
    )
}

/// `GET /connect/zh_CN/htmledition/js/wxLogin.js`: the global `WxLogin`, written afresh.
pub(crate) async fn wx_login() -> Response {
    let script = include_str!("../../templates/wx-login.js");
    ([(header::CONTENT_TYPE, "application/javascript; charset=utf-8")], script).into_response()
}
