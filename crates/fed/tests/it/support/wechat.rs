//! WeChat for real processes: the simulator, the people in it, and the settings that lead to it.

use super::Fed;
use std::net::{Ipv4Addr, SocketAddr};
use wechat_sim::{Person, Sim, SimConfig};

/// A simulator with so many people: `p0`, who is called "Person 0", and so on.
pub(crate) async fn wechat_with(people: usize) -> Sim {
    let people = (0..people).map(|n| Person::new(&format!("p{n}"), &format!("Person {n}"))).collect();
    let config = SimConfig { people, ..SimConfig::default() };
    Sim::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port")
}

impl Fed {
    /// Sets what the simulator's app is known by.
    pub(crate) fn set_up_wechat(&self, sim: &Sim) {
        let app = sim.app();
        self.run(&["env", "set", "WECHAT_CLIENT_ID", &app.appid]);
        self.run_with(&["env", "set", "WECHAT_CLIENT_SECRET", "-"], &app.secret);
    }
}
