//! `fed dev`: Federation, simulated WeChat and a sample product page, left running on this machine.

use crate::config::USUAL_PORT;
use crate::house::{Signals, address_of};
use crate::problem::Problem;
use crate::sandbox::{Sandbox, bind_loopback};
use crate::screen::{self, Paint};
use crate::telemetry::{self, LogFormat};
use crate::{keys, on_all_cores, product};
use downcity_service::Federation;
use downcity_service::admin::Admin;
use downcity_service::cities::{CityChange, CityError};
use secrecy::ExposeSecret;
use serde_json::json;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wechat_sim::App;

/// The sample product's city.
const CITY: &str = "city_demo";
/// The file in the data folder that says which port the sample product had.
const SAMPLE: &str = "sample.port";

/// Options of `fed dev`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The Federation's port; the product page and the simulated WeChat take the next two. 0 takes any
    /// free ports [default: 43127, or any free ports where those are taken]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=65_533))]
    port: Option<u16>,

    /// The folder for keys and database, kept from one run to the next
    #[arg(long, value_name = "FOLDER", default_value = "data/dev")]
    data: PathBuf,

    /// Print one line of JSON when everything is ready
    #[arg(long)]
    json: bool,

    /// What is logged on standard error
    #[arg(long, env = "FED_LOG", value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

/// Runs until a signal.
pub(crate) fn run(args: Args) -> Result<(), Problem> {
    telemetry::start(LogFormat::Text, &args.log_level, None)?;
    on_all_cores(dev(args))
}

async fn dev(args: Args) -> Result<(), Problem> {
    let mut signals = Signals::listen()?;
    let (listener, product_listener, simulator_port) = ports(args.port)?;
    let sandbox = Sandbox::start(&args.data, listener, simulator_port).await?;
    let product_address = address_of(&product_listener)?;
    let product_url = format!("http://{product_address}");
    configure(&sandbox.federation, &sandbox.sim.app()).await?;
    allow_sample(&sandbox.federation, &args.data.join(SAMPLE), product_address.port()).await?;
    let product = product::open(product_listener, &sandbox.url, CITY)?;
    if args.json {
        screen::say(json!({
            "federation_url": sandbox.url,
            "simulator_url": sandbox.sim.url(),
            "admin_key": sandbox.admin_key.expose_secret(),
            "product_url": product_url,
            "city_id": CITY,
        }));
    } else {
        greet(&sandbox, &product_url, &args);
    }
    signals.next().await;
    tokio::select! {
        _ = async { tokio::join!(product.close(std::future::pending()), sandbox.close(std::future::pending())) } => {}
        _ = signals.next() => {}
    }
    Ok(())
}

/// The usual ports where they are free; what was asked for must be.
fn ports(wanted: Option<u16>) -> Result<(TcpListener, TcpListener, u16), Problem> {
    match wanted {
        Some(0) => Ok((bind_loopback(0)?, bind_loopback(0)?, 0)),
        Some(port) => Ok((bind_loopback(port)?, bind_loopback(port + 1)?, port + 2)),
        None => {
            let usual = |offset| bind_loopback(USUAL_PORT + offset).or_else(|_| bind_loopback(0));
            // The simulator binds by itself; whether its port is free is known once it was taken and left.
            let simulator = bind_loopback(USUAL_PORT + 2).map_or(0, |_| USUAL_PORT + 2);
            Ok((usual(0)?, usual(1)?, simulator))
        }
    }
}

/// The simulated app's credentials.
async fn configure(federation: &Arc<Federation>, app: &App) -> Result<(), Problem> {
    let admin = Admin::on_this_machine("fed dev");
    for (key, value) in [("WECHAT_CLIENT_ID", &app.appid), ("WECHAT_CLIENT_SECRET", &app.secret)] {
        federation.env_upsert(&admin, key, value).await.map_err(Problem::new)?;
    }
    Ok(())
}

/// A city whose pages may call: the sample's, and all that the developer allowed. `kept` says which port the sample had
/// last; its origins there are taken back, since free ports would fill the list.
async fn allow_sample(federation: &Arc<Federation>, kept: &Path, port: u16) -> Result<(), Problem> {
    let admin = Admin::on_this_machine("fed dev");
    let last = std::fs::read_to_string(kept).ok().and_then(|text| text.trim().parse().ok());
    let (city, mut origins) = match federation.city(CITY) {
        Ok(city) => (Some(city.clone()), city.allowed_origins.clone()),
        Err(CityError::Unknown) => (None, Vec::new()),
        Err(why) => return Err(Problem::new(why)),
    };
    let was_there = origins.clone();
    if let Some(last) = last.filter(|last| *last != port) {
        origins.retain(|origin| !sample_origins(last).contains(origin));
    }
    let missing: Vec<_> = sample_origins(port).into_iter().filter(|own| !origins.contains(own)).collect();
    origins.extend(missing);
    let changed = origins != was_there;
    let mut change = CityChange { allowed_origins: Some(origins), ..CityChange::default() };
    match city {
        None => {
            change.name = Some("Paper Boat 纸船".to_owned());
            federation.create_city(&admin, Some(CITY), &change).await.map_err(Problem::new)?;
        }
        Some(_) if changed => {
            federation.update_city(&admin, CITY, &change).await.map_err(Problem::new)?;
        }
        Some(_) => {}
    }
    std::fs::write(kept, format!("{port}\n")).map_err(|why| keys::unwritable(kept, &why))
}

/// How a browser may name the sample's page.
fn sample_origins(port: u16) -> [String; 2] {
    [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")]
}

fn greet(sandbox: &Sandbox, product_url: &str, args: &Args) {
    let paint = Paint::detect();
    screen::say(paint.strong("Downcity on this machine, with a simulated WeChat\n"));
    for (name, value) in [
        ("Sample product", product_url),
        ("Federation", sandbox.url.as_str()),
        ("Web workspace", &format!("{}/admin", sandbox.url)),
        ("Simulated WeChat", sandbox.sim.url()),
        ("City", CITY),
    ] {
        screen::say(format_args!("  {name:<18}{value}"));
    }
    let data = args.data.display();
    screen::say(format_args!("  {:<18}{data}/admin.key", "Admin key"));
    screen::say(format_args!(
        "\nOpen the sample product, sign in, and press “open the phone”, then “Allow”: {}",
        paint.good(product_url)
    ));
    screen::say(format_args!("Settings: fed env list --url {} --data {data}", sandbox.url));
    screen::say("Stop with Ctrl-C.");
}
