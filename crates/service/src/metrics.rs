//! What is measured, as Prometheus reads it. Labels are route templates, ids of providers and closed lists of ours;
//! nothing that somebody sends becomes one. One value a Federation, so that many can live in one process.

use crate::breaker::Breakers;
use crate::federation::Federation;
use downcity_core::Timestamp;
use downcity_store::{Backlog, Others, StoreLoad};
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// How long the database may take to say what waits: a scrape must end also when it hangs.
const PATIENCE: Duration = Duration::from_secs(2);
/// Upper ends of the buckets, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// Classes of statuses.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabel {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SendLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// Absent values are not numbers: what could not be read must not look like zero.
type Number = Gauge<f64, AtomicU64>;
type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

/// How answers of one route are counted: handles that are there, so that a request costs no search and no memory.
pub struct RouteMeter {
    classes: [Counter; 4],
    seconds: Histogram,
}

impl RouteMeter {
    /// Counts an answer by the first digit of its status.
    pub fn answered(&self, hundreds: u16, took: Duration) {
        if let Some(class) = self.classes.get(usize::from(hundreds.saturating_sub(2))) {
            class.inc();
        }
        self.seconds.observe(took.as_secs_f64());
    }
}

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    answers: Family<AnswerLabels, Counter>,
    answer_seconds: Seconds<RouteLabel>,
    call_seconds: Seconds<ProviderLabels>,
    sign_ins: Family<ProviderLabels, Counter>,
    sends: Family<SendLabels, Counter>,
    circuits: Family<ProviderLabel, Number>,
    attempts: Number,
    outbox: Family<KindLabel, Number>,
    outbox_age: Family<KindLabel, Number>,
    failing_webhooks: Number,
    hears: Number,
    store_up: Number,
    store_writable: Number,
    store_waiting: Number,
    connections: Number,
    connections_in_use: Number,
    memory: Number,
    files: Number,
}

impl Metrics {
    /// Nothing measured yet, in a process that began now beside these others.
    pub(crate) fn new(now: Timestamp, others: Others) -> Self {
        let started = Number::default();
        // Milliseconds of this century are far below what a float holds exactly.
        started.set(seconds(now.0));
        let new = Self {
            registry: Registry::default(),
            answers: Family::default(),
            answer_seconds: Family::new_with_constructor(histogram),
            call_seconds: Family::new_with_constructor(histogram),
            sign_ins: Family::default(),
            sends: Family::default(),
            circuits: Family::default(),
            attempts: Number::default(),
            outbox: Family::default(),
            outbox_age: Family::default(),
            failing_webhooks: Number::default(),
            hears: Number::default(),
            store_up: Number::default(),
            store_writable: Number::default(),
            store_waiting: Number::default(),
            connections: Number::default(),
            connections_in_use: Number::default(),
            memory: Number::default(),
            files: Number::default(),
        };
        // From the start at zero, so that the first failure is seen as a rise.
        for (kind, outcome) in
            [("mail", "sent"), ("mail", "failed"), ("webhook", "sent"), ("webhook", "failed")]
        {
            drop(new.sends.get_or_create(&SendLabels { kind, outcome }));
        }
        new.registered(started, others)
    }

    fn registered(mut self, started: Number, others: Others) -> Self {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        let r = &mut self.registry;
        r.register("downcity_build", "The version that runs", build);
        r.register("process_start_time_seconds", "When the process began, Unix time", started);
        r.register("process_resident_memory_bytes", "Resident memory", self.memory.clone());
        r.register("process_open_fds", "Open files and connections", self.files.clone());
        r.register("downcity_requests", "Answers by route and status class", self.answers.clone());
        let help = "Time until the answer began, waiting for a sign-in included";
        r.register("downcity_request_duration_seconds", help, self.answer_seconds.clone());
        let help = "Identifying a person at a provider: all calls of one sign-in";
        r.register("downcity_provider_call_duration_seconds", help, self.call_seconds.clone());
        let help = "1 while a provider is left alone after failures in a row";
        r.register("downcity_provider_circuit_open", help, self.circuits.clone());
        r.register("downcity_sign_ins", "Sign-ins that ended, by outcome", self.sign_ins.clone());
        let help = "Sign-ins whose browser is with the provider, of all nodes";
        r.register("downcity_attempts_waiting", help, self.attempts.clone());
        r.register("downcity_sends", "Tries to send a mail or a webhook delivery", self.sends.clone());
        r.register("downcity_outbox_waiting", "What waits to be sent, of all nodes", self.outbox.clone());
        let help = "Age of the oldest thing that waits to be sent";
        r.register("downcity_outbox_oldest_age_seconds", help, self.outbox_age.clone());
        let help = "Webhooks to which nothing arrives or that were switched off for it";
        r.register("downcity_webhooks_failing", help, self.failing_webhooks.clone());
        r.register("downcity_store_up", "1 when the database answers in time", self.store_up.clone());
        let help = "0 while the database is full or read-only, so that every change is refused";
        r.register("downcity_store_writable", help, self.store_writable.clone());
        let help = "Writes not committed yet (SQLite), callers without a connection (PostgreSQL)";
        r.register("downcity_store_waiting", help, self.store_waiting.clone());
        r.register("downcity_store_connections", "PostgreSQL connections", self.connections.clone());
        let help = "PostgreSQL connections in use";
        r.register("downcity_store_connections_in_use", help, self.connections_in_use.clone());
        // Where there are no others, nothing is told about them.
        if others != Others::None {
            let help = "1 while this node hears the others (PostgreSQL)";
            r.register("downcity_hears_other_nodes", help, self.hears.clone());
        }
        self
    }

    /// The meter of a route, by its template.
    #[must_use]
    pub fn route(&self, route: &'static str) -> RouteMeter {
        let class = |status| self.answers.get_or_create_owned(&AnswerLabels { route, status });
        let seconds = self.answer_seconds.get_or_create_owned(&RouteLabel { route });
        RouteMeter { classes: CLASSES.map(class), seconds }
    }

    /// A person was identified at a provider, or was not: `outcome` is `ok` or the failure's code.
    pub(crate) fn called(&self, provider: &str, outcome: &'static str, took: Duration) {
        let labels = ProviderLabels { provider: provider.to_owned(), outcome };
        self.call_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A sign-in ended: `outcome` is `done` or the failure's code.
    pub(crate) fn signed_in(&self, provider: &str, outcome: &'static str) {
        self.sign_ins.get_or_create(&ProviderLabels { provider: provider.to_owned(), outcome }).inc();
    }

    /// Something of the outbox was sent, or was not.
    pub(crate) fn sent(&self, kind: &'static str, outcome: &'static str) {
        self.sends.get_or_create(&SendLabels { kind, outcome }).inc();
    }

    fn note(&self, load: StoreLoad, backlog: Option<Backlog>, breakers: &Breakers, now: Timestamp) {
        self.store_waiting.set(number(load.waiting));
        self.connections.set(number(load.connections));
        self.connections_in_use.set(number(load.in_use));
        self.store_up.set(if backlog.is_some() { 1.0 } else { 0.0 });
        let count = |of: fn(&Backlog) -> i64| {
            // Counts of rows are far below what a float holds exactly.
            #[expect(clippy::cast_precision_loss)]
            backlog.as_ref().map_or(f64::NAN, |backlog| of(backlog) as f64)
        };
        self.attempts.set(count(|b| b.attempts));
        self.failing_webhooks.set(count(|b| b.failing_webhooks));
        let age = |of: fn(&Backlog) -> Option<Timestamp>| {
            let oldest = |b: &Backlog| of(b).map_or(0.0, |at| seconds((now.0 - at.0).max(0)));
            backlog.as_ref().map_or(f64::NAN, oldest)
        };
        let (mail, webhook) = (KindLabel { kind: "mail" }, KindLabel { kind: "webhook" });
        self.outbox.get_or_create(&mail).set(count(|b| b.mails));
        self.outbox.get_or_create(&webhook).set(count(|b| b.deliveries));
        self.outbox_age.get_or_create(&mail).set(age(|b| b.oldest_mail));
        self.outbox_age.get_or_create(&webhook).set(age(|b| b.oldest_delivery));
        for (provider, open) in breakers.states() {
            let circuit = self.circuits.get_or_create_owned(&ProviderLabel { provider });
            circuit.set(if open { 1.0 } else { 0.0 });
        }
    }

    fn note_process(&self, (memory, files): (Option<usize>, Option<usize>)) {
        self.memory.set(memory.map_or(f64::NAN, number));
        self.files.set(files.map_or(f64::NAN, number));
    }
}

impl Federation {
    /// What is measured.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// All of it as OpenMetrics text. Comes in bounded time, also while the database does not answer.
    pub async fn metrics_text(&self) -> String {
        let now = self.clock.now();
        let backlog = tokio::time::timeout(PATIENCE, self.store.backlog(now)).await;
        let backlog = backlog.ok().and_then(Result::ok);
        let writable = tokio::time::timeout(PATIENCE, self.store.takes_writes(now)).await.unwrap_or(false)
            && !self.store.lacked_room();
        self.metrics.store_writable.set(if writable { 1.0 } else { 0.0 });
        self.metrics.hears.set(if self.store.others() == Others::Heard { 1.0 } else { 0.0 });
        self.metrics.note(self.store.load(), backlog, &self.breakers, now);
        // With many open files this takes longer than a thread that serves connections may stand still.
        let process = tokio::task::spawn_blocking(|| (resident(), open_files())).await;
        self.metrics.note_process(process.unwrap_or_default());
        let mut text = String::new();
        encode(&mut text, &self.metrics.registry).expect("a text takes whatever is written");
        text
    }
}

/// Seconds of milliseconds.
#[expect(clippy::cast_precision_loss)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss)]
fn number(count: usize) -> f64 {
    count as f64
}

/// Open files of this process, as Linux tells it.
fn open_files() -> Option<usize> {
    std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}

/// Resident memory in bytes, as Linux tells it.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? * 1024)
}
