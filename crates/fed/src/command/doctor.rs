//! `fed doctor`: a running Federation looks itself over and says what to do.

use crate::admin::Connection;
use crate::on_this_thread;
use crate::problem::Problem;
use crate::screen::Paint;
use downcity::{DoctorFinding, DoctorReport, Error, Verdict};
use serde_json::Value;
use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Longer than all the checks together may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// What stands below the options.
pub(crate) const AFTER_HELP: &str = "\
Exit code 0: nothing failed (there may be warnings). 1: a check failed. 2: the command was called wrongly. 3: the admin
key was refused. 4: no Federation answered.

Groups of checks: wechat, github, google, email, an OIDC issuer's name, url, database, disk, files, keys,
webhooks, clock. Nobody is signed in, no mail and no event is sent.";

/// Options of `fed doctor`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this group of checks (wechat, url, …) or this one check (wechat.credentials)
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// Asks, waits, tells.
pub(crate) fn run(args: Args) -> Result<(), Problem> {
    on_this_thread(async move {
        let caller = args.connection.admin()?;
        let asking = caller.admin.raw().clone().waiting(PATIENCE);
        let query: Vec<_> = args.only.iter().map(|only| ("only", only)).collect();
        let failed = Cell::new(0);
        let call = async {
            let answer: Value = with_progress(asking.get("federation", "doctor", &query)).await?;
            let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            failed.set(items.iter().filter(|item| item["verdict"] == "failed").count());
            Ok(answer)
        };
        caller.show(call, |report: DoctorReport| draw(&report, Paint::detect())).await?;
        match failed.get() {
            0 => Ok(()),
            1 => Err(Problem::new("1 check failed")),
            many => Err(Problem::new(format_args!("{many} checks failed"))),
        }
    })
}

/// Tells somebody at a terminal that it goes on.
async fn with_progress<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if !io::stderr().is_terminal() {
        return call.await;
    }
    let mut call = std::pin::pin!(call);
    let mut seconds = 0;
    loop {
        let _ = write!(io::stderr(), "\rchecking … {seconds} s");
        match tokio::time::timeout(Duration::from_secs(1), &mut call).await {
            Ok(answer) => {
                let _ = write!(io::stderr(), "\r\x1b[K");
                return answer;
            }
            Err(_) => seconds += 1,
        }
    }
}

fn draw(report: &DoctorReport, paint: Paint) -> String {
    let mut text = String::new();
    for item in &report.items {
        text.push_str(&entry(item, paint));
    }
    let count = |verdict| report.items.iter().filter(|item| item.verdict == verdict).count();
    let (ok, warnings) = (count(Verdict::Ok), count(Verdict::Warning));
    let (failed, skipped) = (count(Verdict::Failed), count(Verdict::Skipped));
    let seconds = Duration::from_millis(report.took_ms).as_secs_f64();
    let (at, tail) = (report.checked_at.strftime("%H:%M:%SZ"), format!("{skipped} skipped, {seconds:.1} s"));
    text.push_str(&format!("\n{ok} ok, {warnings} warnings, {failed} failed, {tail}, at {at}"));
    text
}

fn entry(item: &DoctorFinding, paint: Paint) -> String {
    let sign = match item.verdict {
        Verdict::Ok => paint.good("✓"),
        Verdict::Warning => paint.strong("!"),
        Verdict::Failed => paint.bad("✗"),
        _ => paint.faint("–"),
    };
    let about = item.about.as_ref().map(|about| format!(" ({})", plain(about))).unwrap_or_default();
    let check = paint.faint(plain(&item.check));
    let mut entry = format!(
        "{sign} {}{about}  {check}\n    {}\n",
        paint.strong(plain(&item.title)),
        plain(&item.evidence)
    );
    if let Some(remedy) = &item.remedy {
        entry.push_str(&format!("    → {}\n", plain(remedy)));
    }
    entry
}

/// What came over the wire must not move the cursor or change colours.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
