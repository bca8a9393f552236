//! A simulator of WeChat Open Platform "Website App" login (微信开放平台 · 网站应用 · 微信登录), for
//! development and tests: the QR page, the phone, the long poll and the `sns` API, with the traps that the
//! real ones set. It knows nothing of the programs that sign in through it.
//!
//! [`Sim`] listens on a loopback address; [`Handle`] drives the same WeChat from inside the process, with or
//! without HTTP. `README.md` tells what is simulated, each switch, the control API and the known gaps.

mod capped;
mod clock;
mod config;
mod error;
mod handle;
mod ids;
mod qr;
mod redirect;
mod server;
mod sns;
mod switches;
mod web;
mod world;

pub use config::{ANY_LOOPBACK, App, AppKind, Lifetimes, Person, SimConfig};
pub use error::{PageError, SimError};
pub use handle::Handle;
pub use server::Sim;
pub use switches::{Callback, Denial, Fault, FaultKind, Nickname, StateEcho, Switches, UnionidIn};
pub use web::router;
pub use world::Call;
