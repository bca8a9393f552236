//! Logs: to standard error, as text for people or JSON for machines.

use crate::problem::Problem;
use serde::Deserialize;
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, FilterFn, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The crates whose debug lines are written with secrets in mind.
const OURS: [&str; 3] = ["fed", "downcity", "wechat_sim"];

/// Starts logging.
pub(crate) fn start(format: LogFormat, level: &str) -> Result<(), Problem> {
    let wanted = level.parse::<Targets>().map_err(|why| {
        Problem::usage(format_args!("the log level `{level}` can't be read: {why}"))
            .next("use error, warn, info, debug or trace, or directives such as `info,downcity_http=debug`")
    })?;
    let filter = wanted.and(FilterFn::new(harmless));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry();
    let started = match format {
        LogFormat::Text => {
            let layer = layer.with_ansi(std::io::stderr().is_terminal());
            registry.with(layer.with_filter(filter)).try_init()
        }
        LogFormat::Json => registry.with(layer.json().flatten_event(true).with_filter(filter)).try_init(),
    };
    started.map_err(|why| Problem::new(format_args!("logging can't start: {why}")))
}

/// Libraries below us may quote whole requests in their debug lines, and WeChat's secret travels in an address.
fn harmless(about: &Metadata<'_>) -> bool {
    *about.level() <= Level::INFO || OURS.iter().any(|name| about.target().starts_with(name))
}
