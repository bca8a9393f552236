//! JSON answers.

use crate::error::{ApiError, Code};
use crate::hallway::HEADERS;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Most answers fit, so that they are written without moving.
const ROOM: usize = 512;

/// An answer in JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(ROOM);
        match serde_json::to_writer(&mut text, &self.0) {
            Ok(()) => {
                let mut headers = HeaderMap::with_capacity(HEADERS);
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                let mut response = Response::new(Body::from(text));
                *response.headers_mut() = headers;
                response
            }
            Err(why) => {
                ApiError { cause: Some(why.to_string()), ..ApiError::of(Code::Internal) }.into_response()
            }
        }
    }
}
