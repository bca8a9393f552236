//! What is shipped for running a Federation works: the files of `deploy/` with real programs, and the alerts.

use crate::support::{Fed, Front, Identity, Setup, changed, free_port, run, said, shipped};
use downcity::{ExposeSecret, Pkce};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wechat_sim::{App, Sim, SimConfig};

/// Where the visitor of these tests comes from; the proxy and the Federation are on 127.0.0.1.
const VISITOR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A Federation that people reach through a proxy at `https://localhost:PORT`.
struct Proxied {
    sim: Sim,
    fed: Fed,
    front: Front,
    url: String,
    /// A browser at another address than the proxy's.
    visitor: reqwest::Client,
}

/// Starts a proxy by its shipped file: `start` gets a folder with a certificate, the proxy's port and the Federation's.
async fn proxied(start: impl FnOnce(TempDir, &Identity, u16, u16) -> Front) -> Proxied {
    let sim = Sim::start(SimConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let folder = TempDir::new().unwrap();
    let identity = Identity::in_folder(folder.path());
    let authority = std::fs::read(&identity.authority).unwrap();
    let port = free_port();
    let url = format!("https://localhost:{port}");
    let fed = Setup::default()
        .simulator(sim.url())
        .args(["--public-url", &url, "--trusted-proxy", "127.0.0.1"])
        // What the doctor trusts when it looks at the public address.
        .env("SSL_CERT_FILE", identity.authority.to_str().unwrap())
        .start();
    let inner: SocketAddr = fed.url().trim_start_matches("http://").parse().unwrap();
    let front = start(folder, &identity, port, inner.port());
    let app = App { callback_domain: "localhost".to_owned(), ..sim.app() };
    sim.put_app(app);
    fed.set_up_wechat(&sim);
    let visitor = reqwest::Client::builder()
        .no_proxy()
        .local_address(VISITOR)
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .build()
        .unwrap();
    Proxied { sim, fed, front, url, visitor }
}

fn nginx(folder: TempDir, identity: &Identity, port: u16, fed: u16) -> Front {
    nginx_before(folder, identity, port, &[fed])
}

/// nginx by its shipped file, with a line for each node.
pub(crate) fn nginx_before(folder: TempDir, identity: &Identity, port: u16, nodes: &[u16]) -> Front {
    let at = folder.path().to_str().unwrap();
    let line = "server 127.0.0.1:43127 max_fails=0;";
    let lines: Vec<String> = nodes.iter().map(|node| line.replace("43127", &node.to_string())).collect();
    let site = changed(
        shipped("deploy/nginx.conf"),
        &[
            (line, &lines.join("\n    ")),
            ("    listen 80;\n    listen [::]:80;\n", &format!("    listen 127.0.0.1:{};\n", free_port())),
            (
                "    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n",
                &format!("    listen 127.0.0.1:{port} ssl http2;\n"),
            ),
            ("accounts.example.com;", "localhost;"),
            ("/etc/ssl/accounts.example.com/fullchain.pem", identity.certificate.to_str().unwrap()),
            ("/etc/ssl/accounts.example.com/privkey.pem", identity.key.to_str().unwrap()),
            ("/var/log/nginx/", &format!("{at}/")),
        ],
    );
    std::fs::write(folder.path().join("fed.conf"), site).unwrap();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|kind| format!("{kind}_temp_path {at}/{kind};")).join(" ");
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let whole = format!(
        "{user} daemon off; worker_processes 1; pid {at}/pid; error_log {at}/error.log;\n\
         events {{ worker_connections 512; }}\nhttp {{ {temporary} gzip on; include {at}/fed.conf; }}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), whole).unwrap();
    let mut command = Command::new("/usr/sbin/nginx");
    command.args(["-p", at, "-e", &format!("{at}/error.log"), "-c", &format!("{at}/nginx.conf")]);
    Front::start(command, folder, port)
}

fn caddy(folder: TempDir, identity: &Identity, port: u16, fed: u16) -> Front {
    let at = folder.path().to_str().unwrap();
    let (certificate, key) = (identity.certificate.display(), identity.key.display());
    let site = changed(
        shipped("deploy/Caddyfile"),
        &[
            ("{\n\tlog {", "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {"),
            ("accounts.example.com {", &format!("https://localhost:{port} {{\n\ttls {certificate} {key}")),
            ("127.0.0.1:43127", &format!("127.0.0.1:{fed}")),
            ("/var/log/caddy/fed.log", &format!("{at}/fed.access.log")),
        ],
    );
    std::fs::write(folder.path().join("Caddyfile"), site).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config", &format!("{at}/Caddyfile")]);
    command.env("HOME", at).env("XDG_DATA_HOME", at).env("XDG_CONFIG_HOME", at);
    Front::start(command, folder, port)
}

fn haproxy(folder: TempDir, identity: &Identity, port: u16, fed: u16) -> Front {
    let at = folder.path().to_str().unwrap();
    let both = format!("{at}/both.pem");
    let [certificate, key] = [&identity.certificate, &identity.key].map(|path| std::fs::read(path).unwrap());
    std::fs::write(&both, [certificate, key].concat()).unwrap();
    let whole = changed(
        shipped("deploy/haproxy.cfg"),
        &[
            ("log /dev/log local0", "log stdout format raw local0"),
            ("maxconn 20000", "maxconn 200"),
            ("bind :80", &format!("bind 127.0.0.1:{}", free_port())),
            ("bind :443", &format!("bind 127.0.0.1:{port}")),
            ("/etc/haproxy/accounts.example.com.pem", &both),
            ("127.0.0.1:43127", &format!("127.0.0.1:{fed}")),
        ],
    );
    std::fs::write(folder.path().join("haproxy.cfg"), whole).unwrap();
    let mut command = Command::new("sh");
    let run =
        format!("exec /usr/sbin/haproxy -db -f {at}/haproxy.cfg > {at}/fed.access.log 2> {at}/error.log");
    command.args(["-c", &run]);
    Front::start(command, folder, port)
}

impl Proxied {
    async fn json(&self, request: reqwest::RequestBuilder) -> serde_json::Value {
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {status} {text}"))
    }

    async fn start(&self, challenge: Option<&str>) -> (String, String) {
        let mut body = serde_json::json!({"provider": "wechat"});
        if let Some(challenge) = challenge {
            body["code_challenge"] = challenge.into();
            body["code_challenge_method"] = "S256".into();
        }
        let start = self.visitor.post(format!("{}/v1/accounts/oauth/start", self.url)).json(&body);
        // Whoever sends this would like to be somebody else.
        let started = self.json(start.header("x-forwarded-for", "203.0.113.9")).await;
        let part = |name: &str| started[name].as_str().unwrap_or_else(|| panic!("{started}")).to_owned();
        (part("url"), part("state"))
    }

    async fn come_back(&self, url: &str) {
        let callback = self.sim.sign_in_as(url, "alice").unwrap();
        assert!(callback.starts_with(&self.url), "{callback}");
        let answer = self.visitor.get(&callback).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        assert!(answer.headers()["strict-transport-security"].to_str().unwrap().contains("max-age"));
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Host-") && cookie.contains("Secure"), "{cookie}");
    }

    /// A whole sign-in; what was secret in it is in no log, and the Federation knows where it came from.
    async fn signs_people_in(&self) {
        let pkce = Pkce::new().unwrap();
        let (url, state) = self.start(Some(pkce.challenge())).await;
        self.come_back(&url).await;
        let result = format!(
            "{}/v1/accounts/oauth/result?state={state}&code_verifier={}",
            self.url,
            pkce.verifier().expose_secret()
        );
        let done = self.json(self.visitor.get(result)).await;
        let token = done["user_token"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
        let own = self.visitor.get(format!("{}/v1/accounts/sessions/mine", self.url)).bearer_auth(&token);
        let own = self.json(own).await;
        assert_eq!(own["items"][0]["network"], VISITOR.to_string(), "{own}");
        let metrics = self.visitor.get(format!("{}/metrics", self.url)).bearer_auth(self.fed.admin_key());
        assert_eq!(metrics.send().await.unwrap().status(), 404);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let log = self.front.file("fed.access.log");
        assert!(log.contains("/v1/accounts/oauth/callback") && log.contains(&VISITOR.to_string()), "{log}");
        for secret in [state.as_str(), token.as_str(), pkce.verifier().expose_secret(), "code="] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    }

    /// Events come at once and a poll may wait as long as the Federation lets it.
    async fn lets_people_wait(&self) {
        let poll = async {
            let (_, state) = self.start(None).await;
            let begun = Instant::now();
            let url = format!("{}/v1/accounts/oauth/result?state={state}&wait=30", self.url);
            let told = self.json(self.visitor.get(url)).await;
            assert_eq!(told["status"], "pending", "{told}");
            assert!(begun.elapsed() > Duration::from_secs(29), "{:?}", begun.elapsed());
        };
        let events = async {
            let (url, state) = self.start(None).await;
            let stream = self.visitor.get(format!("{}/v1/accounts/oauth/events?state={state}", self.url));
            let mut stream = stream.send().await.unwrap();
            assert!(stream.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
            let begun = Instant::now();
            let first = stream.chunk().await.unwrap().expect("a sign of life");
            assert!(first.starts_with(b":"), "{first:?}");
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "a proxy keeps it back: {:?}",
                begun.elapsed()
            );
            self.come_back(&url).await;
            let done = Instant::now();
            let event = stream.chunk().await.unwrap().expect("the outcome");
            assert!(done.elapsed() < Duration::from_secs(2), "{:?}", done.elapsed());
            assert!(String::from_utf8_lossy(&event).contains("user_token"), "{event:?}");
        };
        tokio::join!(poll, events);
    }

    fn is_fine_with_the_doctor(&self) {
        let output = run(self.fed.command(&["doctor", "--only", "url", "--json"]), "");
        let told = said(&output);
        assert_eq!(output.status.code(), Some(0), "{told}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for check in ["url.certificate", "url.reached", "url.proxy", "url.callback"] {
            let mut found = report["items"].as_array().unwrap().iter();
            let found =
                found.find(|item| item["check"] == check).unwrap_or_else(|| panic!("{check}: {told}"));
            assert_eq!(found["verdict"], "ok", "{found}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_through_nginx() {
    let proxied = proxied(nginx).await;
    proxied.signs_people_in().await;
    proxied.is_fine_with_the_doctor();
    proxied.lets_people_wait().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_through_caddy() {
    let proxied = proxied(caddy).await;
    proxied.signs_people_in().await;
    proxied.is_fine_with_the_doctor();
    proxied.lets_people_wait().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_through_haproxy() {
    let proxied = proxied(haproxy).await;
    proxied.signs_people_in().await;
    proxied.is_fine_with_the_doctor();
    proxied.lets_people_wait().await;
}

/// It asks `/ready`, so it answers in place of a node that is gone before anybody is sent there.
#[tokio::test(flavor = "multi_thread")]
async fn haproxy_without_its_federation_says_so_and_logs_no_codes() {
    let mut proxied = proxied(haproxy).await;
    let callback = format!("{}/v1/accounts/oauth/callback?code=c0de&state=5tate", proxied.url);
    assert_eq!(
        proxied.visitor.get(&callback).send().await.unwrap().status(),
        303,
        "to the page that says so"
    );
    assert!(proxied.fed.stop().success());
    let end = Instant::now() + Duration::from_secs(20);
    while !proxied.front.file("error.log").contains("Server fed/a is DOWN") {
        assert!(Instant::now() < end, "{}", proxied.front.file("error.log"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(proxied.visitor.get(&callback).send().await.unwrap().status(), 503);
    for name in ["fed.access.log", "error.log"] {
        let log = proxied.front.file(name);
        assert!(!log.contains("c0de") && !log.contains("5tate"), "{name}: {log}");
    }
}

/// What the guide about several nodes shows of it is what is shipped and tried.
#[test]
fn the_guide_shows_the_lines_of_the_shipped_haproxy_file() {
    let shipped_file = shipped("deploy/haproxy.cfg");
    for guide in ["docs/nodes.md", "docs/nodes.zh.md"] {
        let text = shipped(guide);
        let shown = text.split("backend fed\n").nth(1).unwrap().split("```").next().unwrap();
        let lines: Vec<&str> =
            shown.lines().map(str::trim).filter(|line| !line.starts_with("server ")).collect();
        assert!(lines.len() >= 3, "{guide}: {lines:?}");
        for line in lines {
            assert!(shipped_file.lines().any(|other| other.trim() == line), "{guide}: {line}");
        }
    }
}

/// Proxies quote a request with its query in the log of their errors when the Federation is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_without_its_federation_logs_no_codes() {
    let fronts = [
        (proxied(nginx).await, ["fed.access.log", "fed.error.log", "error.log"]),
        (proxied(caddy).await, ["fed.access.log", "said", "said"]),
    ];
    for (mut proxied, logs) in fronts {
        assert!(proxied.fed.stop().success());
        let callback = format!("{}/v1/accounts/oauth/callback?code=c0de&state=5tate", proxied.url);
        let ask = proxied.visitor.get(callback).bearer_auth("t0ken");
        assert_eq!(ask.send().await.unwrap().status(), 502);
        tokio::time::sleep(Duration::from_millis(300)).await;
        for name in logs {
            let log = proxied.front.file(name);
            for secret in ["c0de", "5tate", "t0ken"] {
                assert!(!log.contains(secret), "{name}: {log}");
            }
        }
    }
}

#[test]
fn the_shipped_configuration_starts_a_federation() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fed.toml");
    let text = changed(
        shipped("deploy/fed.toml"),
        &[("listen = \"127.0.0.1:43127\"\ndata = \"/var/lib/fed\"\n", "")],
    );
    let text = text
        .replace("# otlp_endpoint", "otlp_endpoint")
        .replace("# metrics_listen = \"127.0.0.1:9464\"", "metrics_listen = \"127.0.0.1:0\"");
    std::fs::write(&file, text).unwrap();
    let fed = Setup::default().args(["--config", file.to_str().unwrap()]).start();
    assert!(
        fed.output().contains("https://accounts.example.com/v1/accounts/oauth/callback"),
        "{}",
        fed.output()
    );
    assert!(fed.output().contains("Metrics: http://127.0.0.1:"), "{}", fed.output());
}

#[test]
fn systemd_reads_the_unit_and_finds_it_closed() {
    let folder = TempDir::new().unwrap();
    let unit = folder.path().join("fed.service");
    let text = changed(
        shipped("deploy/fed.service"),
        &[("/usr/local/bin/fed serve", &format!("{} serve", env!("CARGO_BIN_EXE_fed")))],
    );
    std::fs::write(&unit, text).unwrap();
    let analyze = |args: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.args(args).arg(&unit);
        let output = run(command, "");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let told = analyze(&["verify"]);
    assert!(!told.contains("fed.service"), "{told}");
    // 100 is open, 0 closed.
    let told = analyze(&["security", "--offline=true", "--threshold=20"]);
    assert!(told.contains("Overall exposure level"), "{told}");
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    for args in [["check", "rules", "docs/alerts.yml"], ["test", "rules", "tests/alerts.yml"]] {
        let mut command = Command::new("promtool");
        command.args(args).current_dir(root);
        let output = run(command, "");
        assert!(output.status.success(), "{}", said(&output));
    }
    let (alerts, shown) = (shipped("docs/alerts.yml"), shipped("tests/alerts.yml"));
    let guides = [shipped("docs/operations.md"), shipped("docs/operations.zh.md")];
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.split("- alert: ").nth(1)).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let at = |rest: &str| shown.contains(&format!("alertname: {name}{rest}"));
        assert!(at("\n        exp_alerts:\n          - ") && at(", exp_alerts: []"), "{name} is not shown");
        assert!(guides.iter().all(|guide| guide.contains(&format!("| {name} |"))), "{name} has no advice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_what_a_federation_tells_and_asks_the_alerts() {
    let fed = Setup::default().args(["--metrics-listen", "127.0.0.1:0"]).start();
    let told = fed.output();
    let metrics = told.split("Metrics: http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert!(fed.client().guest("city_downcity").providers().await.unwrap().items.is_empty());
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("alerts.yml"), shipped("docs/alerts.yml")).unwrap();
    let config = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [alerts.yml]\n\
         scrape_configs:\n  - job_name: downcity\n    static_configs: [{{ targets: [\"{metrics}\"] }}]\n"
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let (port, at) = (free_port(), folder.path().to_str().unwrap().to_owned());
    let mut command = Command::new("prometheus");
    command.args([
        format!("--config.file={at}/prometheus.yml"),
        format!("--storage.tsdb.path={at}/data"),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ]);
    let prometheus = Front::start(command, folder, port);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str| -> serde_json::Value {
        let answer = http.get(format!("http://127.0.0.1:{port}/api/v1/{path}")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    };
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let count =
            ask("query?query=downcity_requests_total{route=%22/v1/accounts/providers%22,status=%222xx%22}")
                .await;
        let rules = ask("rules").await;
        let rules = rules["data"]["groups"][0]["rules"].as_array().cloned().unwrap_or_default();
        let asked = !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok");
        if count["data"]["result"][0]["value"][1] == "1" && asked {
            assert!(rules.iter().all(|rule| rule["state"] == "inactive"), "all is well: {rules:#?}");
            break;
        }
        let targets = ask("targets").await;
        assert!(Instant::now() < end, "{targets:#} {rules:#?} {}", prometheus.file("said"));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // And it understands each question of the dashboard.
    let dashboard: serde_json::Value = serde_json::from_str(&shipped("docs/grafana-dashboard.json")).unwrap();
    let mut asked = 0;
    let mut panels: Vec<_> = dashboard["panels"].as_array().unwrap().iter().collect();
    while let Some(panel) = panels.pop() {
        panels.extend(panel["panels"].as_array().into_iter().flatten());
        for target in panel["targets"].as_array().into_iter().flatten() {
            let question = target["expr"].as_str().unwrap().replace("$__rate_interval", "5m");
            let query: String = url::form_urlencoded::byte_serialize(question.as_bytes()).collect();
            let answer = ask(&format!("query?query={query}")).await;
            assert_eq!(answer["status"], "success", "{question}: {answer}");
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked} questions");
}
