//! The simulator as a server of its own, on a loopback address.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::SimConfig;
use crate::handle::Handle;

/// How long open connections may take to end after [`Sim::stop`].
const LINGER: Duration = Duration::from_secs(2);

/// A listening simulator. Everything of [`Handle`] can be called on it.
#[derive(Debug)]
pub struct Sim {
    handle: Handle,
    address: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Sim {
    /// Listens on a loopback address (port 0: any free port) and serves in the background until
    /// [`Sim::stop`] or until the value is dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for an address that is not loopback: whoever reaches the simulator can
    /// sign in as anybody. Otherwise whatever binding gives.
    pub async fn start(config: SimConfig, listen: SocketAddr) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            let message = format!(
                "the WeChat simulator lets anyone sign in as anyone, so it listens on loopback only, not on {listen}"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let handle = Handle::new(config, &format!("http://{address}"));
        let (router, held) = (crate::router(handle.clone()), handle.clone());
        let serve =
            axum::serve(listener, router).with_graceful_shutdown(async move { held.stopping().await });
        let task = tokio::spawn(async move { serve.await });
        Ok(Self { handle, address, task })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A handle that can be cloned and sent elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends held calls, closes the connections and stops listening.
    pub async fn stop(mut self) {
        self.handle.stop_held_calls();
        if tokio::time::timeout(LINGER, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Deref for Sim {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.handle.stop_held_calls();
    }
}
