//! Everything that this process logs, at its most talkative: what an operator sees, and where nothing secret
//! may be.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn text() -> MutexGuard<'static, Vec<u8>> {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Into;

impl Write for Into {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        text().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Into {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Libraries that use the older `log`.
struct Older;

impl log::Log for Older {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let _ = writeln!(text(), "{} {}: {}", record.level(), record.target(), record.args());
    }

    fn flush(&self) {}
}

/// Starts collecting; call it first in a test.
pub(crate) fn collect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let fmt = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::TRACE);
        fmt.with_writer(Into).init();
        log::set_logger(&Older).expect("nobody else has set one");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// All of it.
pub(crate) fn all() -> String {
    String::from_utf8_lossy(&text()).into_owned()
}

/// The lines that name something, for instance one attempt.
pub(crate) fn about(what: &str) -> String {
    all().lines().filter(|line| line.contains(what)).collect::<Vec<_>>().join("\n")
}
