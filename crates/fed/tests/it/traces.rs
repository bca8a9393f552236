//! Traces: what a collector gets of a sign-in, what it must never get, and what it does to requests when it is ill.

use crate::support::{Collector, Fed, Setup, Spy, http, text};
use downcity::{ExposeSecret, OauthResult, OauthStartRequest, Pkce};
use downcity_store::testing::fresh_postgres;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use wechat_sim::{Sim, SimConfig};

/// So that a test need not wait five seconds for each batch.
const SOON: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

fn traced(collector: &Collector) -> Setup {
    Setup::default().args(["--otlp-endpoint", collector.url()]).env(SOON.0, SOON.1)
}

fn route(span: &Span) -> Option<String> {
    text(&span.attributes, "http.route")
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs alice in, through the spy, and gives every secret that was met and the request id of the callback.
async fn sign_in(fed: &Fed, sim: &Sim, spy: &Spy) -> (Vec<String>, String) {
    fed.set_up_wechat(sim);
    let pkce = Pkce::new().unwrap();
    let request = OauthStartRequest {
        provider: "wechat",
        code_challenge: Some(pkce.challenge()),
        code_challenge_method: Some("S256"),
        ..OauthStartRequest::default()
    };
    let guest = fed.client().guest("city_downcity");
    let start = guest.start(&request).await.unwrap();
    let callback = sim.sign_in_as(&start.url.replace(spy.url(), sim.url()), "alice").unwrap();
    let code = url::Url::parse(&callback).unwrap();
    let code = code.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let answer = http().get(&callback).send().await.unwrap();
    let request_id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut secrets = vec![
        start.state.clone(),
        code,
        pkce.verifier().expose_secret().to_owned(),
        fed.admin_key(),
        sim.app().secret,
    ];
    let cookies = answer.headers().get_all("set-cookie").iter();
    secrets.extend(cookies.map(|cookie| {
        cookie.to_str().unwrap().split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
    }));
    let result = guest.result(&start.state, Some(pkce.verifier()), None).await.unwrap();
    let OauthResult::Done(done) = result else { panic!("{result:?}") };
    let me = fed.client().user(done.user_token.clone()).me().await.unwrap();
    assert_eq!(me.user.user_id, done.user_id);
    secrets.push(done.user_token.expose_secret().to_owned());
    let refused = guest.result("mallory@example.com", None, None).await.unwrap_err();
    assert_eq!(refused.status(), Some(404));
    secrets.push("mallory@example.com".to_owned());
    (secrets, request_id)
}

async fn a_sign_in_is_traced(setup: impl FnOnce(Setup) -> Setup, engine: &str) {
    let sim = Sim::start(SimConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let spy = Spy::open(sim.url()).await;
    let collector = Collector::open().await;
    let mut fed = setup(traced(&collector)).simulator(spy.url()).start();
    let (secrets, request_id) = sign_in(&fed, &sim, &spy).await;
    assert!(fed.stop().success(), "{}", fed.log());

    let spans = collector.spans();
    let callback = spans.iter().find(|span| route(span).as_deref() == Some("/v1/accounts/oauth/callback"));
    let callback = callback.expect("the callback's span, at the latest when the process ends");
    assert_eq!(callback.name, "GET /v1/accounts/oauth/callback");
    assert_eq!(text(&callback.attributes, "request_id"), Some(request_id));
    assert_eq!(text(&callback.attributes, "http.request.method").as_deref(), Some("GET"));
    assert_eq!(text(&callback.attributes, "http.response.status_code").as_deref(), Some("303"));
    assert!(callback.parent_span_id.is_empty(), "a trace begins with its request");

    let of = |parent: &Span| {
        let id = parent.span_id.clone();
        spans.iter().filter(move |span| span.parent_span_id == id).collect::<Vec<_>>()
    };
    let named = |spans: &[&Span], name: &str| {
        let found = spans.iter().copied().find(|span| span.name == name).cloned();
        found.unwrap_or_else(|| panic!("no span {name} in {spans:#?}"))
    };
    let story = named(&of(callback), "login_callback");
    let asked = named(&of(&story), "provider.identify");
    assert_eq!(text(&asked.attributes, "provider").as_deref(), Some("wechat"));
    assert_eq!(text(&asked.attributes, "outcome").as_deref(), Some("ok"));
    let calls = of(&asked);
    assert_eq!(calls.iter().filter(|span| span.name == "call").count(), 2, "token and person: {calls:#?}");
    assert_eq!(text(&calls[0].attributes, "server.address").as_deref(), Some("127.0.0.1"));
    assert_eq!(text(&calls[0].attributes, "http.response.status_code").as_deref(), Some("200"));
    let written = named(&of(&story), "store.write");
    assert_eq!(text(&written.attributes, "db.system.name").as_deref(), Some(engine));
    for (at, name) in [("oauth/start", "login_start"), ("oauth/result", "hand_out"), ("me", "authenticate")] {
        let request = spans.iter().find(|span| route(span) == Some(format!("/v1/accounts/{at}"))).unwrap();
        named(&of(request), name);
    }
    assert!(spans.iter().all(|span| span.trace_id.len() == 16 && span.events.is_empty()));

    for body in collector.bodies() {
        for secret in &secrets {
            let there = body.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
            assert!(!there, "{secret} is in a trace");
        }
    }
    let seen = spy.seen();
    assert!(seen.iter().any(|name| name == "host"), "{seen:?}");
    assert!(
        !seen.iter().any(|name| name.starts_with("trace")),
        "traces are nobody else's business: {seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_traced_without_a_secret_on_sqlite() {
    a_sign_in_is_traced(|setup| setup, "sqlite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_traced_without_a_secret_on_postgres() {
    let database = fresh_postgres().await;
    a_sign_in_is_traced(|setup| setup.database_url(&database), "postgresql").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_is_taken_over_only_where_callers_are_trusted() {
    let (theirs, id) =
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736");
    for (trusted, same) in [(None, false), (Some("--trust-traceparent"), true)] {
        let collector = Collector::open().await;
        let fed = traced(&collector).args(trusted).start();
        let request = http().get(format!("{}/v1/accounts/providers?q=s3cret", fed.url()));
        request.header("traceparent", theirs).send().await.unwrap();
        let span = collector.wait_for("of the request", |span| route(span).is_some()).await;
        assert_eq!(hex(&span.trace_id) == id, same);
        assert_eq!(hex(&span.parent_span_id) == "00f067aa0ba902b7", same);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_name_their_trace_and_unknown_paths_and_methods_are_nobodys_words() {
    let collector = Collector::open().await;
    let fed = traced(&collector)
        .env("FED_LOG", "info,downcity_http=debug")
        .env("FED_LOG_FORMAT", "json")
        .env("OTEL_SERVICE_NAME", "accounts")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
        .start();
    let strange = reqwest::Method::from_bytes(b"S3CRET").unwrap();
    let answer = http().request(strange, format!("{}/s3cret", fed.url())).send().await.unwrap();
    let request_id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let span = collector.wait_for("unknown", |span| route(span).as_deref() == Some("unknown")).await;
    assert_eq!(span.name, "_OTHER unknown");
    assert_eq!(text(&span.attributes, "request_id").as_ref(), Some(&request_id));
    let end = Instant::now() + Duration::from_secs(10);
    let line = loop {
        let log = fed.log();
        if let Some(line) = log.lines().find(|line| line.contains(&request_id)) {
            break line.to_owned();
        }
        assert!(Instant::now() < end, "{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["trace_id"], hex(&span.trace_id), "{line}");
    assert_eq!(line["request_id"], request_id, "{line}");
    let sender = &collector.senders()[0];
    assert_eq!(text(sender, "service.name").as_deref(), Some("accounts"));
    assert!(text(sender, "service.version").is_some());
    assert_eq!(collector.headers()[0]["x-tenant"], "blue");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_collector_that_is_down_or_hangs() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Takes connections into its queue and never answers.
    let hung = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (address, why) in [(closed, "refused"), (hung.local_addr().unwrap(), "timed out")] {
        let mut fed = Setup::default()
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "500")
            .env("OTEL_BSP_MAX_QUEUE_SIZE", "64")
            .env(SOON.0, SOON.1)
            .start();
        let http = http();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            let asked = Instant::now();
            let answer = http.get(format!("{}/health", fed.url())).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        }
        let stopping = Instant::now();
        assert!(fed.stop().success(), "{}", fed.log());
        assert!(stopping.elapsed() < Duration::from_secs(15), "{:?}", stopping.elapsed());
        let log = fed.log();
        assert_eq!(log.matches("the collector gets no traces").count(), 1, "{log}");
        assert!(log.contains(why), "{log}");
        assert!(!log.contains("BatchSpanProcessor"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_can_switch_traces_off_or_sample_them() {
    for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_SAMPLER", "always_off")] {
        let collector = Collector::open().await;
        let mut fed = traced(&collector).env(name, value).start();
        http().get(format!("{}/v1/accounts/providers", fed.url())).send().await.unwrap();
        assert!(fed.stop().success(), "{}", fed.log());
        assert!(collector.bodies().is_empty(), "{name}");
    }
}

#[test]
fn a_collector_that_can_not_be_used_is_told_before_anything_is_made() {
    let refused = |name: &str, value: &str| {
        let folder = tempfile::TempDir::new().unwrap();
        let mut command = crate::support::fed();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").env(name, value);
        let output = crate::support::run(command, "");
        assert_eq!(output.status.code(), Some(2), "{}", crate::support::said(&output));
        assert!(!folder.path().join("data").exists());
        crate::support::said(&output)
    };
    let told = refused("OTEL_EXPORTER_OTLP_ENDPOINT", "user:hunter2@collector:4318");
    assert!(told.contains("http or https") && !told.contains("hunter2"), "{told}");
    assert!(refused("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").contains("http/protobuf only"));
}
