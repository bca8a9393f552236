//! What the options mean: checked values with the defaults filled in.

use super::Options;
use crate::master::Source;
use crate::problem::Problem;
use crate::telemetry::LogFormat;
use downcity_service::Retention;
use downcity_service::core::network::leads_here;
use downcity_service::tokens::parse_ttl;
use ipnet::IpNet;
use secrecy::SecretString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The port that commands and guides assume.
pub(crate) const USUAL_PORT: u16 = 43127;

/// No supervisor waits longer than that for a process to end.
pub(crate) const LONGEST_DRAIN: Duration = Duration::from_secs(600);

/// The configuration of `fed serve`.
pub(crate) struct Config {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where the web workspace listens, when not there.
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Where the metrics are told without a key.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The public address; absent means the listen address, which is then on loopback.
    pub(crate) public_url: Option<Url>,
    /// Further public addresses.
    pub(crate) other_urls: Vec<Url>,
    /// The folder for keys and the SQLite database.
    pub(crate) data: PathBuf,
    /// A PostgreSQL database in place of SQLite.
    pub(crate) database_url: Option<SecretString>,
    /// The way past a pooler to that database's server.
    pub(crate) database_direct_url: Option<SecretString>,
    /// Where the master key comes from.
    pub(crate) master_key: Source,
    /// Proxies that are believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How long a token lives.
    pub(crate) token_life: Duration,
    /// Sign-ins an address may start in a minute; 0 is no limit.
    pub(crate) starts_per_minute: u32,
    /// How long it is remembered what happened.
    pub(crate) retention: Retention,
    /// Who plays WeChat.
    pub(crate) wechat: WeChat,
    /// Whether anybody on this machine may sign in as anybody.
    pub(crate) local_login: bool,
    /// Whether OIDC issuers may be on private addresses.
    pub(crate) private_issuers: bool,
    /// Whether webhooks may lead to private addresses.
    pub(crate) private_webhooks: bool,
    /// How long to go on serving after SIGTERM.
    pub(crate) drain: Duration,
    /// The collector that traces go to.
    pub(crate) otlp_endpoint: Option<String>,
    /// Whether callers say which trace a request belongs to.
    pub(crate) trust_traceparent: bool,
    /// How log lines look.
    pub(crate) log_format: LogFormat,
    /// What is logged.
    pub(crate) log_level: String,
}

/// Who plays WeChat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WeChat {
    /// WeChat, trusted by the system's certificates or by those in a file.
    Real {
        /// CA certificates in PEM form.
        ca_file: Option<PathBuf>,
    },
    /// A simulator at this loopback address.
    Simulator(String),
}

impl Config {
    /// Checks the options together. Whatever is wrong with them is told before anything is made.
    pub(crate) fn read(options: Options) -> Result<Self, Problem> {
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
        let listen = options.listen.unwrap_or(usual);
        let public_url = options.public_url.map(|text| public("public_url", &text)).transpose()?;
        let others = options.also_public_url.unwrap_or_default();
        let other_urls =
            others.iter().map(|text| public("also_public_url", text)).collect::<Result<_, _>>()?;
        for listen in std::iter::once(listen).chain(options.admin_listen) {
            check_listen(listen, public_url.as_ref())?;
        }
        let life = options.token_life.as_deref().unwrap_or("7d");
        let token_life =
            parse_ttl(life).map_err(|why| Problem::usage(format_args!("token_life `{life}` {why}")))?;
        let proxies = options.trusted_proxy.unwrap_or_default();
        let local_login = options.allow_local_login.unwrap_or(false);
        let urls = || public_url.iter().chain(&other_urls);
        if local_login {
            check_reach("allow_local_login", listen, urls(), !proxies.is_empty())?;
        }
        let wechat = match options.wechat_simulator {
            Some(base) => {
                // A proxy may stand before it, so that one can be tried on this machine with whole sign-ins.
                check_reach("wechat_simulator", listen, urls(), false)?;
                WeChat::Simulator(base)
            }
            None => WeChat::Real { ca_file: options.ca_file },
        };
        let data = options.data.unwrap_or_else(|| PathBuf::from("data"));
        if options.database_direct_url.is_some() && options.database_url.is_none() {
            return Err(Problem::usage(
                "database_direct_url leads past a pooler, and there is no database_url",
            )
            .next("give the pooler's address as --database-url, or only that, without a pooler"));
        }
        let drain = drain(options.drain.as_deref(), options.database_url.is_some())?;
        let master_key = Source::choose(options.master_key_file, options.master_key_command, &data)?;
        Ok(Self {
            listen,
            admin_listen: options.admin_listen,
            metrics_listen: options.metrics_listen,
            public_url,
            other_urls,
            data,
            database_url: options.database_url,
            database_direct_url: options.database_direct_url,
            master_key,
            trusted_proxies: proxies.iter().map(|text| proxy(text)).collect::<Result<_, _>>()?,
            token_life,
            starts_per_minute: options.starts_per_minute.unwrap_or(60),
            retention: retention(options.events_days, options.audit_days),
            wechat,
            local_login,
            private_issuers: options.allow_private_issuers.unwrap_or(false),
            private_webhooks: options.allow_private_webhooks.unwrap_or(false),
            drain,
            otlp_endpoint: options.otlp_endpoint.filter(|endpoint| !endpoint.is_empty()),
            trust_traceparent: options.trust_traceparent.unwrap_or(false),
            log_format: options.log_format.unwrap_or_default(),
            log_level: options.log_level.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// The address that a server on this machine has for a browser on this machine.
pub(crate) fn own_address(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}")).expect("an IP address and a port make a URL")
}

/// Whether what goes to this address can be read on the way: http to another machine.
pub(crate) fn lacks_https(url: &Url) -> bool {
    url.scheme() != "https" && !leads_here(url)
}

/// How long to go on serving: for as long as balancers usually take to notice, where there may be another node.
fn drain(given: Option<&str>, shared: bool) -> Result<Duration, Problem> {
    let text = given.unwrap_or(if shared { "5s" } else { "0s" });
    if matches!(text, "0" | "0s") {
        return Ok(Duration::ZERO);
    }
    let time = parse_ttl(text).ok().filter(|time| *time <= LONGEST_DRAIN);
    time.ok_or_else(|| {
        Problem::usage(format_args!("drain `{text}` must be a time such as 0s, 5s or 1m, at most 10m"))
    })
}

/// What is said in days, with 0 for ever.
fn retention(events: Option<u32>, audit: Option<u32>) -> Retention {
    let usual = Retention::default();
    let days = |days: u32| (days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400));
    Retention { events: events.map_or(usual.events, days), audit: audit.map_or(usual.audit, days) }
}

fn public(name: &str, text: &str) -> Result<Url, Problem> {
    let wrong = |why: &str| {
        Problem::usage(format_args!("{name} `{text}` {why}"))
            .next("give the address that people and WeChat use, such as https://accounts.example.com")
    };
    let url = Url::parse(text).map_err(|_| wrong("is not an absolute URL"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "https" | "http") || lacks_https(&url) {
        return Err(wrong("must begin with https:// (http:// only for 127.0.0.1, [::1] and localhost)"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::usage(format_args!("{name} must not hold a user name or password")));
    }
    if bare { Ok(url) } else { Err(wrong("must have no path, query or fragment: the paths are fixed")) }
}

fn check_listen(listen: SocketAddr, public_url: Option<&Url>) -> Result<(), Problem> {
    if listen.ip().is_loopback() || public_url.is_some_and(|url| url.scheme() == "https") {
        return Ok(());
    }
    Err(Problem::usage(format_args!(
        "listening on {listen}, which other machines reach, needs a public_url with https"
    ))
    .next("add --public-url https://accounts.example.com, or listen on 127.0.0.1 behind a proxy with TLS"))
}

/// Where anybody can sign in as anybody, nobody but this machine may reach the server, neither straight nor through a
/// proxy.
fn check_reach<'a>(
    option: &str,
    listen: SocketAddr,
    mut public: impl Iterator<Item = &'a Url>,
    behind_proxy: bool,
) -> Result<(), Problem> {
    let why = if !listen.ip().is_loopback() {
        format!("listening on {listen}")
    } else if let Some(url) = public.find(|url| !leads_here(url)) {
        format!("the public address is {url}")
    } else if behind_proxy {
        "a trusted_proxy stands before it".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::usage(format_args!(
        "with {option} anybody can sign in as anybody, so it can't be used while {why}"
    ))
    .next(format_args!("remove {option} in production; for development listen on 127.0.0.1 without a proxy")))
}

fn proxy(text: &str) -> Result<IpNet, Problem> {
    let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    net.map_err(|_| {
        Problem::usage(format_args!("trusted_proxy `{text}` is not an address or network"))
            .next("give 10.0.0.7 or 10.0.0.0/8, for instance")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut Options)) -> Result<Config, Problem> {
        let mut options = Options::default();
        change(&mut options);
        Config::read(options)
    }

    fn refused(change: impl FnOnce(&mut Options)) -> String {
        read(change).err().expect("refused").what().to_owned()
    }

    #[test]
    fn defaults_serve_this_machine_only() {
        let config = read(|_| {}).unwrap();
        assert_eq!(config.listen, SocketAddr::from((Ipv4Addr::LOCALHOST, 43127)));
        assert_eq!(config.token_life, Duration::from_secs(7 * 86_400));
        assert_eq!(config.wechat, WeChat::Real { ca_file: None });
        assert!(config.public_url.is_none() && config.database_url.is_none());
    }

    #[test]
    fn what_happened_is_kept_for_days_or_for_ever() {
        let kept = |events, audit| {
            let retention = read(|o| (o.events_days, o.audit_days) = (events, audit)).unwrap().retention;
            [retention.events, retention.audit].map(|kept| kept.map(|kept| kept.as_secs() / 86_400))
        };
        assert_eq!(kept(None, None), [Some(400), None]);
        assert_eq!(kept(Some(0), Some(0)), [None, None]);
        assert_eq!(kept(Some(7), Some(u32::MAX)), [Some(7), Some(4_294_967_295)]);
    }

    #[test]
    fn public_addresses_are_https_or_on_this_machine() {
        for fine in ["https://a.example", "https://a.example:8443/", "http://127.0.0.1:1", "http://[::1]:2"] {
            assert!(read(|o| o.public_url = Some(fine.into())).is_ok(), "{fine}");
        }
        for bad in [
            "a.example",
            "http://a.example",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://a.example/sub",
            "https://a.example/?x",
            "https://u:p@a.example",
        ] {
            assert!(refused(|o| o.public_url = Some(bad.into())).contains("public_url"), "{bad}");
            assert!(
                refused(|o| o.also_public_url = Some(vec![bad.into()])).contains("also_public_url"),
                "{bad}"
            );
        }
    }

    #[test]
    fn other_machines_need_https() {
        let open = Some("0.0.0.0:80".parse().unwrap());
        assert!(refused(|o| o.listen = open).contains("https"));
        assert!(refused(|o| o.admin_listen = open).contains("https"));
        let https = Some("https://a.example".to_owned());
        assert!(read(|o| (o.listen, o.public_url) = (open, https)).is_ok());
    }

    #[test]
    fn local_login_reachable_from_network() {
        let local: fn(&mut Options) = |o| o.allow_local_login = Some(true);
        let simulator: fn(&mut Options) = |o| o.wechat_simulator = Some("http://127.0.0.1:9".into());
        assert!(read(local).unwrap().local_login);
        assert!(matches!(read(simulator).unwrap().wechat, WeChat::Simulator(_)));
        let neither = read(|_| {}).unwrap();
        assert!(!neither.local_login && neither.wechat == WeChat::Real { ca_file: None });
        let bad: [fn(&mut Options); 3] = [
            |o| {
                o.listen = Some("0.0.0.0:80".parse().unwrap());
                o.public_url = Some("https://a.example".into());
            },
            |o| o.public_url = Some("https://a.example".into()),
            |o| o.also_public_url = Some(vec!["https://a.example".into()]),
        ];
        let proxy: fn(&mut Options) = |o| o.trusted_proxy = Some(vec!["127.0.0.1".into()]);
        for (on, name) in [(local, "allow_local_login"), (simulator, "wechat_simulator")] {
            let with = |change: fn(&mut Options)| {
                move |o: &mut Options| {
                    on(o);
                    change(o);
                }
            };
            assert_eq!(read(with(proxy)).is_err(), name == "allow_local_login", "{name} behind a proxy");
            assert!(read(with(|o| o.listen = Some("[::1]:80".parse().unwrap()))).is_ok());
            for change in bad {
                assert!(read(change).is_ok(), "fine without it");
                let why = refused(with(change));
                assert!(why.contains("anybody can sign in as anybody") && why.contains(name), "{why}");
            }
        }
    }

    #[test]
    fn only_where_another_node_could_take_over_does_a_stop_take_time() {
        let postgres = |o: &mut Options| o.database_url = Some("postgres://h/d".into());
        assert_eq!(read(|_| {}).unwrap().drain, Duration::ZERO);
        assert_eq!(read(postgres).unwrap().drain, Duration::from_secs(5));
        for (text, seconds) in [("0", 0), ("0s", 0), ("7s", 7), ("2m", 120)] {
            let config = read(|o| (o.database_url, o.drain) = (Some("x".into()), Some(text.into())));
            assert_eq!(config.unwrap().drain, Duration::from_secs(seconds), "{text}");
        }
        for text in ["soon", "11m", "-1s", ""] {
            assert!(refused(|o| o.drain = Some(text.into())).contains("drain"), "{text}");
        }
        assert!(refused(|o| o.database_direct_url = Some("x".into())).contains("no database_url"));
    }

    #[test]
    fn proxies_and_lives_are_read() {
        let config = read(|o| {
            o.trusted_proxy = Some(vec!["10.0.0.7".into(), "fd00::/8".into()]);
            o.token_life = Some("12h".into());
        });
        let config = config.unwrap();
        assert_eq!(config.trusted_proxies, ["10.0.0.7/32".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        assert_eq!(config.token_life, Duration::from_secs(43_200));
        assert!(refused(|o| o.trusted_proxy = Some(vec!["proxy".into()])).contains("`proxy`"));
        assert!(refused(|o| o.token_life = Some("soon".into())).contains("`soon`"));
    }
}
