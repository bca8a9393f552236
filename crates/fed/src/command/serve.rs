//! `fed serve`: a Federation in production.

use crate::config::{Config, Options, USUAL_PORT, WeChat, own_address};
use crate::house::{Asked, House, Plan, Signals, address_of};
use crate::problem::Problem;
use crate::traces::{ADOPT, Traces};
use crate::{door, on_all_cores, screen, telemetry};
use downcity_providers::Outside;
use downcity_service::doctor::CLOCKS_APART;
use downcity_service::{Federation, Premises, Settings};
use secrecy::ExposeSecret;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tracing::{error, info, warn};
use url::Url;

/// How long those who wait are answered after the disk has failed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What stands below the options in `fed serve --help`.
pub(crate) const AFTER_HELP: &str = "\
Example:
  fed serve --public-url https://accounts.example.com --data /var/lib/fed --listen 127.0.0.1:43127

The same as a file for --config:
  public_url = \"https://accounts.example.com\"
  data = \"/var/lib/fed\"
  listen = \"127.0.0.1:43127\"

TLS is the work of the proxy in front (nginx, Caddy); name it with --trusted-proxy, so that the addresses it
reports are believed. The first start prints an admin key; with it `fed env set WECHAT_CLIENT_ID …` and
`fed env set WECHAT_CLIENT_SECRET` switch WeChat sign-in on.";

/// Runs until a signal.
pub(crate) fn run(options: Options) -> Result<(), Problem> {
    let config = Config::read(options.with_file()?)?;
    on_all_cores(async {
        let traces = Traces::open(config.otlp_endpoint.as_deref())?;
        telemetry::start(config.log_format, &config.log_level, traces.as_ref())?;
        let outcome = serve(config).await;
        // Above all when it failed.
        if let Some(traces) = traces {
            traces.close().await;
        }
        outcome
    })
}

async fn serve(config: Config) -> Result<(), Problem> {
    let mut signals = Signals::listen()?;
    let outside = outside(&config.wechat)?;
    let outside = if config.private_issuers { outside.allow_private_issuers() } else { outside };
    let outside = if config.private_webhooks { outside.allow_private_hooks() } else { outside };
    let listener = door::bind(config.listen, "--listen")?;
    let address = own_address(address_of(&listener)?);
    let admin_listener = config.admin_listen.map(|at| door::bind(at, "--admin-listen")).transpose()?;
    let metrics_listener = config.metrics_listen.map(|at| door::bind(at, "--metrics-listen")).transpose()?;
    let metrics = metrics_listener.as_ref().map(address_of).transpose()?;
    let workspace = match &admin_listener {
        Some(listener) => own_address(address_of(listener)?),
        None => config.public_url.clone().unwrap_or_else(|| address.clone()),
    };
    let adopt = config.trust_traceparent.then_some(ADOPT);
    let settings = Settings {
        public_url: config.public_url.clone().unwrap_or_else(|| address.clone()),
        other_urls: config.other_urls,
        token_life: config.token_life,
        starts_per_minute: config.starts_per_minute,
        allow_local_login: config.local_login,
        retention: config.retention,
        premises: Premises::default(),
    };
    let plan = Plan {
        data: config.data,
        database_url: config.database_url,
        database_direct_url: config.database_direct_url,
        master_key: config.master_key,
        settings,
        trusted_proxies: config.trusted_proxies,
        outside: Arc::new(outside),
    };
    let hint = hint(&address, &plan.data);
    let shared = plan.database_url.is_some();
    let house = House::open(plan).await?;
    tell_what_was_made(&house, shared);
    tell_what_is_missing(&house.federation, config.public_url.is_some());
    if let Some(hint) = hint {
        screen::say(format_args!("`fed` commands reach it with {hint}\n"));
    }
    if let WeChat::Simulator(base) = &config.wechat {
        warn!(simulator = %base, "WECHAT IS SIMULATED: anybody on this machine can sign in as anybody");
    }
    if config.local_login {
        warn!("LOCAL SIGN-IN IS ON: anybody on this machine can sign in as anybody");
    }
    let federation = Arc::clone(&house.federation);
    let serving = house.serve(listener, admin_listener, metrics_listener, adopt)?;
    screen::say(format_args!("Web workspace: {}/admin\n", bare(&workspace)));
    if let Some(address) = metrics {
        screen::say(format_args!("Metrics: http://{address}/metrics\n"));
    }
    note_start(&federation, bare(&address)).await;
    screen::say(format_args!("ready: listening on {}", bare(&address)));
    let asked = tokio::select! {
        asked = signals.next() => asked,
        () = federation.forsaken() => {
            error!("the disk did not keep what was written to the database: stopping, to be started again");
            serving.close(Duration::ZERO, tokio::time::sleep(LAST_WORDS)).await;
            return Err(Problem::new("the disk did not keep what was written to the database").next(
                "start again (a unit does so by itself): what was confirmed is there; see in the system's log what ails the disk",
            ));
        }
    };
    let grace = match asked {
        Asked::ToStop => config.drain,
        Asked::ToStopAtOnce => Duration::ZERO,
    };
    let serves_for = grace.as_secs();
    tracing::info!(serves_for, "stopping: running requests may end; a second signal stops at once");
    serving
        .close(grace, async {
            signals.next().await;
        })
        .await;
    Ok(())
}

/// A line for whoever reads the log later: what began here, on what; and what is wrong with the clock.
async fn note_start(federation: &Federation, address: &str) {
    let (engine, schema) = federation.memory().await;
    info!(version = env!("CARGO_PKG_VERSION"), address, engine, schema, "serving");
    if let Some(skew) = federation.database_skew().await.filter(|skew| skew.abs() > CLOCKS_APART) {
        let seconds = skew / 1000;
        warn!(
            seconds,
            "this machine's clock and PostgreSQL's do not agree: set the clock by NTP (timedatectl set-ntp true)"
        );
    }
}

/// Who plays WeChat.
fn outside(wechat: &WeChat) -> Result<Outside, Problem> {
    let outside = match wechat {
        WeChat::Real { ca_file: None } => Outside::real(),
        WeChat::Real { ca_file: Some(path) } => Outside::with_ca_file(path),
        WeChat::Simulator(base) => Outside::with_wechat_simulator(base),
    };
    outside.map_err(Problem::usage)
}

/// The keys of a first start. The admin key is shown this once, and not to a journal or a container's log, which keep what
/// they are told, if there is a file of it.
fn tell_what_was_made(house: &House, shared: bool) {
    if let Some(path) = &house.new_master_key {
        let copy = if shared { " and copy it to every node" } else { "" };
        screen::say(format_args!(
            "First start: the master key is {}. Keep a backup{copy}: without it the secrets in the database are lost.\n",
            path.display()
        ));
    }
    let Some((key, path)) = &house.new_admin_key else { return };
    if let Some(path) = path
        && !io::stdout().is_terminal()
    {
        return screen::say(format_args!("The admin key is in {}, where `fed` finds it.\n", path.display()));
    }
    screen::say(format_args!("Admin key, shown this once:\n  {}", key.expose_secret()));
    match path {
        Some(path) => screen::say(format_args!("It is also in {}, where `fed` finds it.\n", path.display())),
        None => screen::say("It is in no file: keep it now.\n"),
    }
}

/// What is still to be configured, and what has to be typed into WeChat's console.
fn tell_what_is_missing(federation: &Federation, has_public_url: bool) {
    screen::say(federation.instruction().trim_end());
    let public = &federation.settings().public_url;
    screen::say(format_args!(
        "\nFor the WeChat Open Platform console (Website App):\n  \
         callback URL                {}\n  \
         callback domain 授权回调域  {}\n",
        Federation::callback_url(public),
        public.host_str().unwrap_or_default(),
    ));
    if !has_public_url {
        screen::say(
            "No public URL is configured, so only browsers on this machine can sign in: --public-url https://…\n",
        );
    }
}

/// What has to be added to `fed` commands on this machine, where the defaults are not used.
fn hint(address: &Url, data: &Path) -> Option<String> {
    // Where it listens on every address, this machine reaches it on loopback.
    let local = bare(address).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    let url = (local != format!("http://127.0.0.1:{USUAL_PORT}")).then(|| format!("--url {local}"));
    let data = (data != Path::new("data")).then(|| format!("--data {}", data.display()));
    let parts: Vec<String> = url.into_iter().chain(data).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Without the slash that a URL without a path ends with.
fn bare(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}
