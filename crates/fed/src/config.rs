//! The configuration of `fed serve`: what was typed (flags, environment, file), and what it means.

use crate::problem::Problem;
use crate::telemetry::LogFormat;
use secrecy::SecretString;
use serde::Deserialize;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

mod meaning;

pub(crate) use meaning::{Config, LONGEST_DRAIN, USUAL_PORT, WeChat, lacks_https, own_address};

/// One layer of options. On the command line clap lays flags over the environment; the file comes below.
#[derive(Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Options {
    /// A TOML file with these options, written with underscores (`public_url = "https://…"`).
    /// Flags are stronger than the environment, the environment is stronger than the file.
    #[arg(long, env = "FED_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,

    /// The address under which people and providers reach this Federation: https, without a path
    /// [default: http and the listen address, for sign-ins on this machine only]
    #[arg(long, env = "FED_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// A further public address that requests may come in on; may be given several times
    #[arg(long, env = "FED_ALSO_PUBLIC_URL", value_name = "URL", value_delimiter = ',')]
    pub(crate) also_public_url: Option<Vec<String>>,

    /// Where to listen; port 0 takes any free port [default: 127.0.0.1:43127]
    #[arg(long, env = "FED_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,

    /// A listener of its own for the web workspace; /admin is then not found on --listen. Off the public network,
    /// it is reached through a tunnel or an inner proxy [default: the workspace is at /admin on --listen]
    #[arg(long, env = "FED_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) admin_listen: Option<SocketAddr>,

    /// A listener of its own for /metrics, which then needs no key there: keep it off the public network
    /// [default: /metrics on --listen, with an admin key]
    #[arg(long, env = "FED_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<SocketAddr>,

    /// The folder for keys and, without --database-url, the SQLite database [default: ./data]
    #[arg(long, env = "FED_DATA", value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,

    /// A PostgreSQL database, postgres://user:password@host/name, shared by any number of nodes; better in
    /// the environment or the file than on the command line, since other users can see that
    #[arg(long, env = "FED_DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = secret)]
    pub(crate) database_url: Option<SecretString>,

    /// The address of the PostgreSQL server itself, where --database-url leads through a pooler that lends connections
    /// for one transaction at a time (PgBouncer in transaction mode): migrations, messages between nodes and backups
    /// go this way. Where there is none, give the pooler's address again
    #[arg(long, env = "FED_DATABASE_DIRECT_URL", value_name = "URL", hide_env_values = true, value_parser = secret)]
    pub(crate) database_direct_url: Option<SecretString>,

    /// The file with the master key that seals secrets in the database: 64 hexadecimal digits; every node
    /// of a Federation needs the same [default: master.key in the data folder, made at the first start]
    #[arg(long, env = "FED_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,

    /// A command that prints the master key, in place of a file: run by /bin/sh, ten seconds at most. The variable
    /// FED_MASTER_KEY may hold the key itself. Exactly one of the three is used
    #[arg(long, env = "FED_MASTER_KEY_COMMAND", value_name = "COMMAND")]
    pub(crate) master_key_command: Option<String>,

    /// A proxy or network of proxies whose X-Forwarded-For is believed; may be given several times
    #[arg(long, env = "FED_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub(crate) trusted_proxy: Option<Vec<String>>,

    /// How long a user_token lives: 12h, 7d, … [default: 7d]
    #[arg(long, env = "FED_TOKEN_LIFE", value_name = "TIME")]
    pub(crate) token_life: Option<String>,

    /// Sign-ins that one network address may start in a minute; 0 for any number [default: 60]
    #[arg(long, env = "FED_STARTS_PER_MINUTE", value_name = "N")]
    pub(crate) starts_per_minute: Option<u32>,

    /// For how many days events are kept; 0 for ever [default: 400]
    #[arg(long, env = "FED_EVENTS_DAYS", value_name = "DAYS")]
    pub(crate) events_days: Option<u32>,

    /// For how many days the audit record is kept; 0 for ever [default: 0]
    #[arg(long, env = "FED_AUDIT_DAYS", value_name = "DAYS")]
    pub(crate) audit_days: Option<u32>,

    /// CA certificates (PEM) to trust in place of the system's when calling providers
    #[arg(long, env = "FED_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// A WeChat simulator on this machine in place of WeChat, http://127.0.0.1:PORT: anybody can then sign
    /// in as anybody, so this Federation has to listen on loopback too
    #[arg(long, env = "FED_WECHAT_SIMULATOR", value_name = "URL")]
    pub(crate) wechat_simulator: Option<String>,

    /// Lets the OIDC issuers of the Federation env be on private addresses (an intranet), and on loopback
    /// addresses with http; without it they are reached at public https addresses only
    #[arg(long, env = "FED_ALLOW_PRIVATE_ISSUERS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) allow_private_issuers: Option<bool>,

    /// Lets webhooks lead to private addresses (an intranet), and to loopback addresses with http; without it
    /// they lead to public https addresses only
    #[arg(long, env = "FED_ALLOW_PRIVATE_WEBHOOKS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) allow_private_webhooks: Option<bool>,

    /// For development: lets anybody on this machine sign in under any name (`local/login`), so this Federation has
    /// to listen on loopback, with no proxy before it
    #[arg(long, env = "FED_ALLOW_LOCAL_LOGIN", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) allow_local_login: Option<bool>,

    /// How long to go on serving after SIGTERM while /ready says `stopping`: longer than the balancer in front takes to
    /// notice; Ctrl-C does not wait [default: 5s with --database-url, else 0s, since no other node could take over]
    #[arg(long, env = "FED_DRAIN", value_name = "TIME")]
    pub(crate) drain: Option<String>,
    /// A collector of OpenTelemetry, http://127.0.0.1:4318 for instance, that gets a trace of each request by OTLP
    /// over HTTP (`/v1/traces` is added). The other OTEL_ variables count as well [default: no traces]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,

    /// Lets a request's `traceparent` say which trace it belongs to: only where nobody but your own services and
    /// proxies can send one
    #[arg(long, env = "FED_TRUST_TRACEPARENT", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) trust_traceparent: Option<bool>,

    /// How log lines look on standard error [default: text]
    #[arg(long, env = "FED_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug, trace, or `info,downcity_http=debug` [default: info]
    #[arg(long, env = "FED_LOG", value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

/// Takes a text as a secret.
pub(crate) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

impl Options {
    /// These options over those of the file, if one is named.
    pub(crate) fn with_file(self) -> Result<Self, Problem> {
        let Some(path) = self.config.clone() else { return Ok(self) };
        let text = std::fs::read_to_string(&path).map_err(|why| {
            Problem::usage(format_args!("the config file {} can't be read: {why}", path.display()))
        })?;
        Ok(self.over(Self::from_toml(&text, &path)?))
    }

    fn from_toml(text: &str, path: &Path) -> Result<Self, Problem> {
        // Not the error's own display: that quotes the line, which may hold the database's password.
        toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            let why = error.message().replace("unknown field", "unknown key").replace('\n', ", ");
            Problem::usage(format_args!("the config file {}, line {line}: {why}", path.display()))
                .next("`fed serve --help` describes every option; in the file their names have underscores")
        })
    }

    fn over(self, weaker: Self) -> Self {
        Self {
            config: self.config,
            public_url: self.public_url.or(weaker.public_url),
            also_public_url: self.also_public_url.or(weaker.also_public_url),
            listen: self.listen.or(weaker.listen),
            admin_listen: self.admin_listen.or(weaker.admin_listen),
            metrics_listen: self.metrics_listen.or(weaker.metrics_listen),
            data: self.data.or(weaker.data),
            database_url: self.database_url.or(weaker.database_url),
            database_direct_url: self.database_direct_url.or(weaker.database_direct_url),
            master_key_file: self.master_key_file.or(weaker.master_key_file),
            master_key_command: self.master_key_command.or(weaker.master_key_command),
            trusted_proxy: self.trusted_proxy.or(weaker.trusted_proxy),
            token_life: self.token_life.or(weaker.token_life),
            starts_per_minute: self.starts_per_minute.or(weaker.starts_per_minute),
            events_days: self.events_days.or(weaker.events_days),
            audit_days: self.audit_days.or(weaker.audit_days),
            ca_file: self.ca_file.or(weaker.ca_file),
            wechat_simulator: self.wechat_simulator.or(weaker.wechat_simulator),
            allow_private_issuers: self.allow_private_issuers.or(weaker.allow_private_issuers),
            allow_private_webhooks: self.allow_private_webhooks.or(weaker.allow_private_webhooks),
            allow_local_login: self.allow_local_login.or(weaker.allow_local_login),
            drain: self.drain.or(weaker.drain),
            otlp_endpoint: self.otlp_endpoint.or(weaker.otlp_endpoint),
            trust_traceparent: self.trust_traceparent.or(weaker.trust_traceparent),
            log_format: self.log_format.or(weaker.log_format),
            log_level: self.log_level.or(weaker.log_level),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;
    use secrecy::ExposeSecret;
    use std::collections::BTreeSet;

    fn file(text: &str) -> Result<Options, Problem> {
        Options::from_toml(text, Path::new("fed.toml"))
    }

    #[test]
    fn every_option_can_stand_in_the_file_and_the_stronger_layer_wins() {
        let text = r#"
            public_url = "https://file.example"
            also_public_url = ["https://b.example"]
            listen = "127.0.0.1:1"
            admin_listen = "127.0.0.1:2"
            metrics_listen = "127.0.0.1:3"
            data = "/srv/fed"
            database_url = "postgres://u:p@h/d"
            database_direct_url = "postgres://u:p@g/d"
            master_key_file = "/k"
            master_key_command = "cat /k"
            trusted_proxy = ["10.0.0.0/8"]
            token_life = "1d"
            starts_per_minute = 5
            events_days = 90
            audit_days = 3650
            ca_file = "/ca"
            wechat_simulator = "http://127.0.0.1:9"
            allow_private_issuers = true
            allow_private_webhooks = true
            allow_local_login = true
            drain = "9s"
            otlp_endpoint = "http://127.0.0.1:4318"
            trust_traceparent = true
            log_format = "json"
            log_level = "debug"
            "#;
        let named: BTreeSet<String> = text.parse::<toml::Table>().unwrap().keys().cloned().collect();
        let options = Options::augment_args(clap::Command::new("serve"));
        let options = options.get_arguments().map(|option| option.get_id().to_string());
        assert_eq!(named, options.filter(|name| name != "config").collect(), "all of them are tried here");
        let weaker = file(text);
        let flags = Options { public_url: Some("https://flag.example".into()), ..Options::default() };
        let both = flags.over(weaker.unwrap());
        assert_eq!(both.public_url.as_deref(), Some("https://flag.example"));
        assert_eq!(both.also_public_url.unwrap(), ["https://b.example"]);
        assert_eq!((both.listen.unwrap().port(), both.admin_listen.unwrap().port()), (1, 2));
        assert_eq!(both.metrics_listen.unwrap().port(), 3);
        assert_eq!(both.data.as_deref(), Some(Path::new("/srv/fed")));
        assert_eq!(both.database_url.unwrap().expose_secret(), "postgres://u:p@h/d");
        assert_eq!(both.database_direct_url.unwrap().expose_secret(), "postgres://u:p@g/d");
        assert_eq!(both.drain.as_deref(), Some("9s"));
        assert_eq!(both.master_key_file.as_deref(), Some(Path::new("/k")));
        assert_eq!(both.master_key_command.as_deref(), Some("cat /k"));
        assert_eq!(both.trusted_proxy.unwrap(), ["10.0.0.0/8"]);
        assert_eq!(both.token_life.as_deref(), Some("1d"));
        assert_eq!(both.starts_per_minute, Some(5));
        assert_eq!((both.events_days, both.audit_days), (Some(90), Some(3650)));
        assert_eq!(both.ca_file.as_deref(), Some(Path::new("/ca")));
        assert_eq!(both.wechat_simulator.as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!((both.allow_private_issuers, both.allow_private_webhooks), (Some(true), Some(true)));
        assert_eq!(both.allow_local_login, Some(true));
        assert_eq!(both.otlp_endpoint.as_deref(), Some("http://127.0.0.1:4318"));
        assert_eq!(both.trust_traceparent, Some(true));
        assert_eq!(both.log_format, Some(LogFormat::Json));
        assert_eq!(both.log_level.as_deref(), Some("debug"));
    }

    #[test]
    fn a_mistake_in_the_file_is_named_by_key_and_line_and_never_quotes_a_password() {
        let told = file("listen = \"127.0.0.1:1\"\n\ndatabase-url = \"postgres://u:hunter2@h/d\"\n");
        let told = told.err().unwrap().what().to_owned();
        assert!(told.contains("fed.toml, line 3") && told.contains("unknown key `database-url`"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        let told =
            file("data = \"/x\"\ndatabase_url = \"postgres://u:hunter2@h/d\nlisten = 1").err().unwrap();
        assert!(told.what().contains("line 2") && !told.what().contains("hunter2"), "{told:?}");
        let told = file("config = \"other.toml\"").err().unwrap();
        assert!(told.what().contains("unknown key `config`"), "{told:?}");
    }
}
