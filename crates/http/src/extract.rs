//! Reading input: JSON objects and queries, with the field at fault named when something is wrong.

use crate::error::{ApiError, Code};
use crate::routes::House;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

/// A JSON object body. An empty body counts as `{}`, for calls without input.
pub(crate) struct Body<T>(pub(crate) T);

/// The query of a GET.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<House> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, house: &House) -> Result<Self, ApiError> {
        let json = is_json(request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()));
        let bytes = Bytes::from_request(request, house).await.map_err(|rejection| {
            let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
            ApiError::of(if too_large { Code::BodyTooLarge } else { Code::BadJson })
        })?;
        if bytes.is_empty() {
            return read(b"{}").map(Self);
        }
        // Form and text bodies can be sent by any web page without asking; JSON can't.
        if !json {
            return Err(ApiError::of(Code::UnsupportedMediaType));
        }
        read(&bytes).map(Self)
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Err(ApiError::of(Code::BadJson));
    }
    // Where it goes wrong is looked for only when it does.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { data_error(&path, &inner.to_string()) } else { ApiError::of(Code::BadJson) }
    })?;
    reader.end().map_err(|_| ApiError::of(Code::BadJson))?;
    Ok(value)
}

/// Names the field, without repeating the value that was sent.
fn data_error(path: &str, message: &str) -> ApiError {
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return ApiError::field(name, "is required");
    }
    let expected = message.split("expected ").nth(1).and_then(|rest| rest.split(" at line").next());
    match expected {
        Some(expected) if path != "." => ApiError::field(path, format!("must be {expected}")),
        _ if path != "." => ApiError::field(path, "has the wrong form"),
        _ => ApiError::of(Code::BadJson),
    }
}

impl<T: DeserializeOwned> FromRequestParts<House> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, ApiError> {
        form(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// A text as it stands in a query or in one part of a path. Ids may hold any visible character.
pub(crate) fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads fields as forms and queries send them.
pub(crate) fn form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(bytes));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let message = error.inner().to_string();
        if let Some(name) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next())
        {
            return ApiError::field(name, "must be given once");
        }
        data_error(&error.path().to_string(), &message)
    })
}
