//! Where a browser of this machine brings the one-time code of a sign-in: a port on a loopback address, open while the
//! sign-in lasts (RFC 8252 §7.3).
//!
//! The page that the browser ends on is answered only once the outcome is known, so that it says what is so.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_LANGUAGE, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::env;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The path that every Federation sends browsers back to on a loopback address.
const PATH: &str = "/downcity";
/// Browsers that are listened to at the same time: one comes, and brings a few idle connections along.
const CONNECTIONS: usize = 32;
/// How long one may take to say something, and then to finish its head.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an answer may take to arrive when the port is closed.
const FAREWELL: Duration = Duration::from_secs(2);
/// Before the next connection is taken where one could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether a browser that this program has opened would run on this machine: not at the other end of an SSH session or of an
/// editor that works remotely, and on Linux and the BSDs only where there is a display.
pub(crate) fn browser_is_here() -> bool {
    is_here(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn is_here(is_set: impl Fn(&str) -> bool) -> bool {
    const REMOTE: [&str; 4] = ["SSH_CONNECTION", "SSH_TTY", "CODESPACES", "REMOTE_CONTAINERS"];
    let has_display =
        cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    has_display && !REMOTE.into_iter().any(is_set)
}

/// How the page ends that the browser waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    SignedIn,
    NotSignedIn,
}

/// A browser that came back.
pub(crate) struct Visit {
    /// The one-time code; none where the sign-in failed.
    pub(crate) code: Option<String>,
    page: oneshot::Sender<Ending>,
}

impl Visit {
    pub(crate) fn answer(self, ending: Ending) {
        // A browser that went away reads nothing.
        let _ = self.page.send(ending);
    }
}

/// The open port.
pub(crate) struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
    connections: JoinSet<()>,
    sender: mpsc::Sender<(String, Visit)>,
    visits: mpsc::Receiver<(String, Visit)>,
    /// A reference for each browser that has said something, and this one.
    talking: Arc<mpsc::Sender<Infallible>>,
    /// Ends when nobody talks any more.
    silence: mpsc::Receiver<Infallible>,
}

impl Loopback {
    /// Opens a port that only this machine can reach.
    pub(crate) async fn open() -> io::Result<Self> {
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await?,
        };
        let address = listener.local_addr()?;
        let ((sender, visits), (talking, silence)) = (mpsc::channel(CONNECTIONS), mpsc::channel(1));
        let (connections, talking) = (JoinSet::new(), Arc::new(talking));
        Ok(Self { listener, address, connections, sender, visits, talking, silence })
    }

    /// What the Federation is asked to send the browser to.
    pub(crate) fn return_to(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Waits for a browser that brings this `state`. Whatever else comes is turned away.
    pub(crate) async fn visit(&mut self, state: &str) -> Visit {
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if self.connections.len() < CONNECTIONS => {
                    match accepted {
                        Ok((stream, _)) => {
                            let talking = Arc::downgrade(&self.talking);
                            self.connections.spawn(talk(stream, self.sender.clone(), talking));
                        }
                        // Gone before it was taken, or no place for it: another may come.
                        Err(_) => sleep(PAUSE).await,
                    }
                }
                Some(_) = self.connections.join_next() => {}
                Some((brought, visit)) = self.visits.recv() => {
                    if verify_slices_are_equal(brought.as_bytes(), state.as_bytes()).is_ok() {
                        return visit;
                    }
                    visit.answer(Ending::NotSignedIn);
                }
            }
        }
    }

    /// Closes the port, after what was said has arrived. Whoever brought the same once more, as a page that was loaded anew, is
    /// told the same.
    pub(crate) async fn close(self, state: &str, ending: Ending) {
        let Self { listener, connections, sender, mut visits, talking, mut silence, .. } = self;
        drop((listener, sender, talking));
        while let Ok((brought, visit)) = visits.try_recv() {
            visit.answer(if brought == state { ending } else { Ending::NotSignedIn });
        }
        drop(visits);
        // A browser that keeps a connection and has said nothing is not waited for.
        let _ = timeout(FAREWELL, silence.recv()).await;
        drop(connections);
    }
}

async fn talk(
    stream: TcpStream,
    visits: mpsc::Sender<(String, Visit)>,
    talking: Weak<mpsc::Sender<Infallible>>,
) {
    if !matches!(timeout(PATIENCE, stream.peek(&mut [0])).await, Ok(Ok(1))) {
        return;
    }
    let _talking = talking.upgrade();
    let service = service_fn(|request| answer(request, visits.clone()));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
    let conversation = http.serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is nobody's concern.
    let _ = conversation.await;
}

async fn answer(
    request: Request<Incoming>,
    visits: mpsc::Sender<(String, Visit)>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let zh = prefers_chinese(request.headers());
    let (mut state, mut code) = (None, None);
    for (name, value) in url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => state = Some(value.into_owned()),
            "code" => code = Some(value.into_owned()),
            _ => {}
        }
    }
    let asked = request.method() == Method::GET && request.uri().path() == PATH;
    let Some(state) = state.filter(|_| asked) else {
        return Ok(page(StatusCode::NOT_FOUND, Ending::NotSignedIn, zh));
    };
    let (page_is, ending) = oneshot::channel();
    let visit = Visit { code, page: page_is };
    let ending = match visits.send((state, visit)).await {
        Ok(()) => ending.await.unwrap_or(Ending::NotSignedIn),
        Err(_) => Ending::NotSignedIn,
    };
    Ok(page(StatusCode::OK, ending, zh))
}

/// Whether Chinese is the first language that the browser names.
fn prefers_chinese(headers: &HeaderMap) -> bool {
    let languages = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    languages.trim_start().get(..2).is_some_and(|first| first.eq_ignore_ascii_case("zh"))
}

fn page(status: StatusCode, ending: Ending, zh: bool) -> Response<Full<Bytes>> {
    let (lang, title, text) = match (ending, zh) {
        (Ending::SignedIn, false) => {
            ("en", "You are signed in", "You can close this window and go back to the program.")
        }
        (Ending::SignedIn, true) => ("zh-CN", "登录成功", "可以关闭此窗口，回到程序中继续。"),
        (Ending::NotSignedIn, false) => {
            ("en", "You are not signed in", "The program says why. You can close this window.")
        }
        (Ending::NotSignedIn, true) => ("zh-CN", "未能登录", "原因见程序中的提示。可以关闭此窗口。"),
    };
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>:root{{color-scheme:light dark;font:16px/1.6 system-ui,sans-serif}}\
         body{{display:grid;place-content:center;min-height:90vh;margin:0 1.5rem;text-align:center}}\
         h1{{font-size:1.5rem;margin:0}}p{{margin:.5rem 0 0;opacity:.75}}</style>\
         <main><h1>{title}</h1><p>{text}</p></main></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_here_where_there_is_a_display_and_nobody_works_from_afar() {
        let with = |names: &[&str]| is_here(|name| names.contains(&name));
        assert!(with(&["DISPLAY"]) && with(&["WAYLAND_DISPLAY"]));
        for remote in ["SSH_CONNECTION", "SSH_TTY", "CODESPACES", "REMOTE_CONTAINERS"] {
            assert!(!with(&["DISPLAY", remote]), "{remote}: its display may be forwarded, its ports are not");
        }
        if cfg!(target_os = "linux") {
            assert!(!with(&[]));
        }
    }
}
