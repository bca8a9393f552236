//! The simulator on its own: `wechat-sim [--port N]` prints its URL and runs until it is ended.

use std::io::{self, Write};
use std::net::SocketAddr;

use wechat_sim::{Sim, SimConfig};

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let port = arguments.windows(2).find(|pair| pair[0] == "--port").map_or("0", |pair| pair[1].as_str());
    let port: u16 =
        port.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "--port takes a number"))?;
    let sim = Sim::start(SimConfig::default(), SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let mut out = io::stdout();
    writeln!(out, "{}", sim.url())?;
    out.flush()?;
    std::future::pending::<()>().await;
    Ok(())
}
