//! Logs: to standard error, as text for people or JSON for machines. A line says which trace it belongs to.

use crate::calm::Calm;
use crate::problem::Problem;
use crate::traces::{self, Traces};
use serde::Deserialize;
use std::fmt;
use std::io::IsTerminal;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
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

/// What hears of events and spans.
type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Starts logging and, where there is somebody to collect them, tracing. Spans are for traces, events for the log.
pub(crate) fn start(format: LogFormat, level: &str, traces: Option<&Traces>) -> Result<(), Problem> {
    let started = tracing_subscriber::registry().with(layers(format, level, traces)?).try_init();
    started.map_err(|why| Problem::new(format_args!("logging can't start: {why}")))
}

/// A layer without a filter, even an absent one, would make every span, so there is none where nobody collects traces.
fn layers(format: LogFormat, level: &str, traces: Option<&Traces>) -> Result<Layers, Problem> {
    let unreadable = |why: &dyn fmt::Display| {
        Problem::usage(format_args!("the log level `{level}` can't be read: {why}")).next(
            "use off, error, warn, info, debug or trace, or directives such as `info,downcity_http=debug`",
        )
    };
    // A word alone would otherwise pass as the name of a part of the program, and all others would be silent.
    let strange = level.split(',').find(|word| !word.contains('=') && word.parse::<LevelFilter>().is_err());
    if let Some(word) = strange {
        return Err(unreadable(&format_args!("`{word}` is no level")));
    }
    let wanted = level.parse::<Targets>().map_err(|why| unreadable(&why))?;
    let calm = Calm::default();
    let filter = wanted.and(FilterFn::new(harmless)).and(calm.clone());
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => layer
            .with_ansi(std::io::stderr().is_terminal())
            .map_event_format(|lines| Traced { lines, format, calm })
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .map_event_format(|lines| Traced { lines, format, calm })
            .with_filter(filter)
            .boxed(),
    };
    Ok(traces.map(|traces| traces.layer().boxed()).into_iter().chain([log]).collect())
}

/// Libraries below us may quote whole requests in their debug lines, and WeChat's secret travels in an address.
fn harmless(about: &Metadata<'_>) -> bool {
    about.is_event()
        && (*about.level() <= Level::INFO || OURS.iter().any(|name| about.target().starts_with(name)))
}

/// Log lines with the trace that they belong to, if there is one, and how many of their kind were left out.
struct Traced<F> {
    lines: F,
    format: LogFormat,
    calm: Calm,
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (traced, left_out) = (traces::current(), self.calm.left_out_before(event));
        if traced.is_none() && left_out.is_none() {
            return self.lines.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        let line = line.trim_end();
        let (line, end) = match (self.format, line.strip_suffix('}')) {
            (LogFormat::Json, Some(open)) => (open, "}"),
            _ => (line, ""),
        };
        let json = !end.is_empty();
        write!(writer, "{line}")?;
        if let Some(count) = left_out {
            let field = if json { ",\"left_out\":" } else { " left_out=" };
            write!(writer, "{field}{count}")?;
        }
        match traced {
            Some((trace, span)) if json => write!(writer, r#","trace_id":"{trace}","span_id":"{span}""#)?,
            Some((trace, _)) => write!(writer, " trace_id={trace}")?,
            None => {}
        }
        writeln!(writer, "{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_alone_is_a_level() {
        for level in ["off", "INFO", "Warn", "trace", "info,downcity_http=debug", "downcity_http=debug,warn"]
        {
            assert!(layers(LogFormat::Text, level, None).is_ok(), "{level}");
        }
        for level in ["inof", "WARNING", "downcity_http", "info,debgu", "info,downcity_http=dbug"] {
            let told = layers(LogFormat::Text, level, None).err().unwrap().to_string();
            assert!(told.contains(level) && told.contains("off, error, warn"), "{told}");
        }
    }

    #[test]
    fn where_nobody_collects_traces_no_span_is_made() {
        for (format, level) in [(LogFormat::Text, "info"), (LogFormat::Json, "trace")] {
            let subscriber = tracing_subscriber::registry().with(layers(format, level, None).unwrap());
            tracing::subscriber::with_default(subscriber, || {
                assert!(tracing::info_span!("request").is_disabled(), "{level}");
                assert!(tracing::event_enabled!(tracing::Level::INFO), "{level}: events are logged");
            });
        }
    }
}
