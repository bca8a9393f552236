//! `fed wechat-sim`: the simulated WeChat alone, for clients of any kind.

use crate::house::Signals;
use crate::problem::Problem;
use crate::{on_all_cores, screen};
use std::net::{Ipv4Addr, SocketAddr};
use wechat_sim::{Sim, SimConfig};

/// Options of `fed wechat-sim`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0, value_name = "N")]
    port: u16,
}

/// Runs until a signal.
pub(crate) fn run(args: &Args) -> Result<(), Problem> {
    on_all_cores(async {
        let mut signals = Signals::listen()?;
        let sim = start(args.port).await?;
        screen::say(format_args!("Simulated WeChat at {}", sim.url()));
        for app in sim.apps() {
            screen::say(format_args!("  AppID {}  AppSecret {}  ({})", app.appid, app.secret, app.name));
        }
        screen::say("Point a client's WeChat hosts there; stop with Ctrl-C.");
        signals.next().await;
        sim.stop().await;
        Ok(())
    })
}

/// Starts a simulator on this machine's loopback.
pub(crate) async fn start(port: u16) -> Result<Sim, Problem> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Sim::start(SimConfig::default(), listen).await.map_err(|why| {
        Problem::new(format_args!("the WeChat simulator can't listen on {listen}: {why}"))
            .next("choose another port with --port, or 0 for any free one")
    })
}
