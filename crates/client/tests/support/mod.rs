//! A real HTTP server on a free port, for the tests of this crate.

use axum::{
    Json, Router,
    http::{HeaderMap, Method, Uri, header},
};
use downcity::Federation;
use serde_json::{Value, json};

/// Serves `app` on a free port.
pub(crate) async fn serve(app: Router) -> Federation {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Federation::new(&format!("http://{address}")).unwrap()
}

/// Answers every call with what came in.
pub(crate) async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: String) -> Json<Value> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let body: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    Json(json!({ "method": method.as_str(), "uri": uri.to_string(), "bearer": bearer, "body": body }))
}
