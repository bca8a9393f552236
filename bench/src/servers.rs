//! What the bench runs of its own in other processes: a bare server, a fast fake WeChat, the store's writer.

use crate::Failed;
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use downcity_core::network::Network;
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy, Digest, Session, SessionId, Timestamp, UserId};
use downcity_store::{Begun, NewSession, Store};
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Serialize)]
struct Hello {
    hello: &'static str,
}

/// The measure of all routes: axum, JSON, and nothing of ours.
pub(crate) fn hello() -> Result<(), Failed> {
    serve(Router::new().route("/", get(|| async { Json(Hello { hello: "world" }) })))
}

/// The two endpoints that a sign-in calls. Whoever a code belongs to follows from the code, so that nothing is
/// looked up; every code is somebody else's.
pub(crate) fn fake_wechat() -> Result<(), Failed> {
    serve(
        Router::new()
            .route("/sns/oauth2/access_token", get(access_token))
            .route("/sns/userinfo", get(userinfo)),
    )
}

async fn access_token(RawQuery(query): RawQuery) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let code = parameter(&query, "code");
    let body = format!(
        r#"{{"access_token":"A{code}","expires_in":7200,"refresh_token":"R{code}","openid":"o{}","scope":"snsapi_login","unionid":"u{}"}}"#,
        tail(code),
        tail(code),
    );
    ([(header::CONTENT_TYPE, "text/plain")], body)
}

async fn userinfo(RawQuery(query): RawQuery) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let code = tail(parameter(&query, "access_token"));
    let body = format!(
        r#"{{"openid":"o{code}","nickname":"N{code}","sex":0,"province":"","city":"","country":"","headimgurl":"","privilege":[],"unionid":"u{code}"}}"#
    );
    ([(header::CONTENT_TYPE, "text/plain")], body)
}

fn parameter<'a>(query: &'a str, name: &str) -> &'a str {
    let values = query.split('&').filter_map(|pair| pair.split_once('='));
    values.into_iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

/// An openid and a unionid have 28 characters.
fn tail(code: &str) -> &str {
    code.get(code.len().saturating_sub(27)..).unwrap_or(code)
}

fn serve(app: Router) -> Result<(), Failed> {
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        say(&format!("listening on http://{}", listener.local_addr()?))?;
        Ok(axum::serve(listener, app).await?)
    })
}

/// The runtime of `fed serve`.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Durable single-row inserts through the store, as many as there is time for; says how many a second.
pub(crate) fn inserts(database: &str, tasks: usize, millis: u64) -> Result<(), Failed> {
    runtime()?.block_on(async {
        let store = match database.starts_with("postgres:") {
            true => Store::open_postgres(database).await?,
            false => Store::open_sqlite(Path::new(database)).await?,
        };
        store.insert_city(&city(), None).await?;
        let begin = Instant::now();
        let end = begin + Duration::from_millis(millis);
        let running: Vec<_> =
            (0..tasks).map(|task| tokio::spawn(insert_until(end, task, store.clone()))).collect();
        let mut count = 0;
        for task in running {
            count += task.await??;
        }
        let seconds = begin.elapsed().as_secs_f64();
        store.close().await;
        say(&(f64::from(count) / seconds).to_string())?;
        Ok(())
    })
}

async fn insert_until(end: Instant, task: usize, store: Store) -> Result<u32, Failed> {
    let mut count = 0;
    while Instant::now() < end {
        let name = format!("{task}-{count}");
        if store.begin_session(session(&name, task), None, Vec::new()).await? != Begun::Stands {
            return Err("nothing was inserted".into());
        }
        count += 1;
    }
    Ok(count)
}

fn city() -> City {
    City {
        city_id: CityId::trusted("city_bench".to_owned()),
        name: "Bench".to_owned(),
        status: CityStatus::Active,
        allowed_origins: Vec::new(),
        allowed_redirects: Vec::new(),
        confirm: ConfirmPolicy::Auto,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// A row about as large as those of a sign-in, with as many indexes; each task's is of somebody else, since those of one
/// person wait for each other.
fn session(name: &str, task: usize) -> NewSession {
    let session = Session {
        session_id: SessionId::trusted(name.to_owned()),
        user_id: UserId::trusted(format!("user_settled-00000000-{}", 100_000_000_001 + task)),
        city_id: CityId::trusted("city_bench".to_owned()),
        provider: "wechat".to_owned(),
        metadata: None,
        created_at: Timestamp(0),
        expires_at: Timestamp(600_000),
        revoked_at: None,
        cross_device: false,
        refreshable: false,
    };
    NewSession {
        sid: Digest::of(name),
        session,
        network: Network::unknown(),
        agent: "bench".to_owned(),
        device: None,
        notice: None,
        refresh: None,
    }
}
