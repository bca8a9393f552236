//! A Federation and a simulated WeChat on this machine's loopback: what `dev` and `demo` have in common.

use crate::command;
use crate::config::own_address;
use crate::house::{ADMIN_KEY, House, Plan, Serving, address_of};
use crate::master::{MASTER_KEY, Source};
use crate::problem::Problem;
use crate::{door, keys};
use downcity_providers::Outside;
use downcity_service::{Federation, Premises, Retention, Settings};
use secrecy::SecretString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wechat_sim::Sim;

/// A running pair.
pub(crate) struct Sandbox {
    /// The stories.
    pub(crate) federation: Arc<Federation>,
    /// The Federation's address, without a slash at its end.
    pub(crate) url: String,
    /// Opens the Admin API.
    pub(crate) admin_key: SecretString,
    /// The simulated WeChat.
    pub(crate) sim: Sim,
    serving: Serving,
}

impl Sandbox {
    /// Starts both. Nothing is configured yet.
    pub(crate) async fn start(
        data: &Path,
        listener: TcpListener,
        simulator_port: u16,
    ) -> Result<Self, Problem> {
        let sim = command::wechat_sim::start(simulator_port).await?;
        let public_url = own_address(address_of(&listener)?);
        let url = public_url.as_str().trim_end_matches('/').to_owned();
        let week = Duration::from_secs(7 * 86_400);
        // For development: whoever tries webhooks has their receiver on this machine.
        let outside = Outside::with_wechat_simulator(sim.url()).map_err(Problem::new)?.allow_private_hooks();
        let plan = Plan {
            data: data.to_owned(),
            database_url: None,
            database_direct_url: None,
            master_key: Source::Own(data.join(MASTER_KEY)),
            settings: Settings {
                public_url,
                other_urls: Vec::new(),
                token_life: week,
                starts_per_minute: 0,
                allow_local_login: false,
                retention: Retention::default(),
                premises: Premises::default(),
            },
            trusted_proxies: Vec::new(),
            outside: Arc::new(outside),
        };
        let house = House::open(plan).await?;
        let admin_key = match &house.new_admin_key {
            Some((key, _)) => key.clone(),
            None => kept_key(&data.join(ADMIN_KEY))?,
        };
        let serving = house.serve(listener, None, None, None)?;
        Ok(Self { federation: house.federation, url, admin_key, sim, serving })
    }

    /// Stops both; `hurry` ends the wait for running requests.
    pub(crate) async fn close(self, hurry: impl Future<Output = ()>) {
        self.sim.stop().await;
        self.serving.close(Duration::ZERO, hurry).await;
    }
}

fn kept_key(path: &Path) -> Result<SecretString, Problem> {
    let text = keys::read_private(path)?.ok_or_else(|| {
        Problem::new(format_args!("the admin key {} is missing", path.display()))
            .next("remove that folder to begin anew, or name another with --data")
    })?;
    Ok(SecretString::from(text.trim()))
}

/// Listens on this machine's loopback.
pub(crate) fn bind_loopback(port: u16) -> Result<TcpListener, Problem> {
    door::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "--port")
}
