//! The checked-in OpenAPI document is the one that the routes make.

use serde_json::Value;
use std::path::Path;

#[test]
fn the_checked_in_document_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = downcity_http::openapi_json();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/openapi.json is stale: run `cargo xtask openapi`");
}

/// As OpenAPI 3.1 asks for (§4.8.17, Response Object).
#[test]
fn every_answer_says_what_it_is() {
    let api: Value = serde_json::from_str(&downcity_http::openapi_json()).unwrap();
    let mut answers = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let said = answer["description"].as_str().unwrap_or_default();
                assert!(answer["$ref"].is_string() || !said.is_empty(), "{method} {path}: {status}");
                answers += 1;
            }
        }
    }
    assert!(answers > 400, "{answers}");
}
