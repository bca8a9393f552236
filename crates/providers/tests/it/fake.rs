//! A server in WeChat's place that sends exactly the bytes a test wants, breaks off where it wants, and
//! remembers what it was asked. Raw sockets, because no HTTP server lets itself be made to misbehave so.

use downcity_core::{ExternalIdentity, Secret, Timestamp};
use downcity_providers::{Exchange, LoginProvider, Outside, Proofs, ProviderError, configured};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const APP_ID: &str = "wxbdc5610cc59c1631";
pub(crate) const SECRET: &str = "5ec2e7000011112222333344445ec2e7";
pub(crate) const CODE: &str = "063CQ40w32om523dBl3w3PyqQA1CQ40z";
pub(crate) const OPENID: &str = "oAbCdEfGhIjKlMnOpQrStUvWxYz0";
pub(crate) const UNIONID: &str = "oUnIoNiDuNiOnIdUnIoNiDuNiOn1";
pub(crate) const ACCESS: &str = "86_aCcEsSaCcEsSaCcEsSaCcEsSaCcEsS";
pub(crate) const REFRESH: &str = "86_rEfReShrEfReShrEfReShrEfReShrE";

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Play {
    /// Answers and keeps the connection.
    Say { status: u16, kind: &'static str, body: Vec<u8> },
    /// As `Say` with 200, then closes the connection without having announced it.
    SayAndClose(Vec<u8>),
    /// Sends these bytes as they are, then resets the connection.
    Reset(&'static [u8]),
    /// Closes without a word.
    Close,
    /// Keeps the connection open and says nothing.
    Hang,
    /// Sends a byte of an endless body every 100 ms.
    Trickle,
    /// Sends a body of so many bytes, with its length announced or not.
    Flood { bytes: usize, announced: bool },
    /// Sends the browser elsewhere.
    Redirect(String),
}

/// A 200 with the content type WeChat really sends: no charset, no JSON.
pub(crate) fn say(body: impl Into<Vec<u8>>) -> Play {
    Play::Say { status: 200, kind: "text/plain", body: body.into() }
}

/// WeChat's answer to a code, as captured.
pub(crate) fn token() -> String {
    format!(
        r#"{{"access_token":"{ACCESS}","expires_in":7200,"refresh_token":"{REFRESH}","openid":"{OPENID}","scope":"snsapi_login","unionid":"{UNIONID}"}}"#
    )
}

/// WeChat's answer to a token, as captured.
pub(crate) fn person() -> String {
    format!(
        r#"{{"openid":"{OPENID}","nickname":"张三🌟","sex":0,"language":"","city":"","province":"","country":"","headimgurl":"https:\/\/thirdwx.qlogo.cn\/mmopen\/vi_32\/ABC\/132","privilege":[],"unionid":"{UNIONID}"}}"#
    )
}

/// The server and a provider that takes it for WeChat.
pub(crate) struct Fake {
    pub(crate) base: String,
    pub(crate) outside: Arc<Outside>,
    provider: Arc<dyn LoginProvider>,
    script: Arc<Script>,
}

#[derive(Default)]
struct Script {
    token: Mutex<VecDeque<Play>>,
    person: Mutex<VecDeque<Play>>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    /// Starts with answers of success.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Script::default());
        let served = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        let outside = Arc::new(Outside::with_wechat_simulator(&base).unwrap());
        let provider = provider(&outside);
        let fake = Self { base, outside, provider, script };
        fake.token([say(token())]);
        fake.person([say(person())]);
        fake
    }

    /// What the token interface does, one request after the other; the last one is for all that follow.
    pub(crate) fn token(&self, plays: impl IntoIterator<Item = Play>) {
        *self.script.token.lock().unwrap() = plays.into_iter().collect();
    }

    /// The same for the userinfo interface.
    pub(crate) fn person(&self, plays: impl IntoIterator<Item = Play>) {
        *self.script.person.lock().unwrap() = plays.into_iter().collect();
    }

    /// The whole way.
    pub(crate) async fn identify(&self) -> Result<ExternalIdentity, ProviderError> {
        self.provider.identify(&exchange(CODE, "https://x.example/v1/accounts/oauth/callback")).await
    }

    /// The targets (path and query) of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.script.asked.lock().unwrap().clone()
    }

    /// How often each interface was asked: token, userinfo.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let asked = self.asked();
        let count = |path: &str| asked.iter().filter(|target| target.starts_with(path)).count();
        (count("/sns/oauth2/access_token?"), count("/sns/userinfo?"))
    }
}

/// What WeChat is given: it has neither PKCE nor nonce nor `iss`.
pub(crate) fn exchange<'a>(code: &'a str, redirect_uri: &'a str) -> Exchange<'a> {
    Exchange { code, redirect_uri, proofs: &Nothing, iss: None, now: Timestamp(0) }
}

/// For who asks for no proof.
pub(crate) struct Nothing;

impl Proofs for Nothing {
    fn code_verifier(&self) -> String {
        unreachable!("WeChat knows no PKCE")
    }

    fn nonce(&self) -> String {
        unreachable!("WeChat knows no nonce")
    }
}

/// For who asks for them.
pub(crate) struct Made;

impl Proofs for Made {
    fn code_verifier(&self) -> String {
        "v".repeat(43)
    }

    fn nonce(&self) -> String {
        "n".repeat(43)
    }
}

/// WeChat with the test's AppID.
pub(crate) fn provider(outside: &Arc<Outside>) -> Arc<dyn LoginProvider> {
    let env = |key: &str| match key {
        "WECHAT_CLIENT_ID" => Some(Secret::from(APP_ID)),
        "WECHAT_CLIENT_SECRET" => Some(Secret::from(SECRET)),
        _ => None,
    };
    configured(outside, &env).pop().unwrap()
}

async fn serve(mut stream: TcpStream, script: Arc<Script>) {
    while let Some(target) = request(&mut stream).await {
        script.asked.lock().unwrap().push(target.clone());
        let list = if target.starts_with("/sns/oauth2/") { &script.token } else { &script.person };
        let play = {
            let mut list = list.lock().unwrap();
            if list.len() > 1 { list.pop_front() } else { list.front().cloned() }
        };
        if !perform(&mut stream, play.unwrap_or(Play::Close)).await {
            return;
        }
    }
}

/// Reads a request's head; its target.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    head.split(' ').nth(1).map(str::to_owned)
}

/// Whether the connection goes on.
async fn perform(stream: &mut TcpStream, play: Play) -> bool {
    let head = |status: u16, kind: &str, length: usize| {
        format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
    };
    match play {
        Play::Say { status, kind, body } => {
            let sent = stream.write_all(&[head(status, kind, body.len()).as_bytes(), &body].concat()).await;
            return sent.is_ok();
        }
        Play::SayAndClose(body) => {
            let _ = stream.write_all(&[head(200, "text/plain", body.len()).as_bytes(), &body].concat()).await;
        }
        Play::Reset(bytes) => {
            let _ = stream.write_all(bytes).await;
            stream.flush().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            stream.set_zero_linger().unwrap();
        }
        Play::Close => {}
        Play::Hang => std::future::pending().await,
        Play::Trickle => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n").await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
        Play::Flood { bytes, announced } => {
            let length = if announced { format!("Content-Length: {bytes}\r\n") } else { String::new() };
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes()).await;
            let _ = stream.write_all(&vec![b' '; bytes]).await;
        }
        Play::Redirect(to) => {
            let answer = format!("HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            return stream.write_all(answer.as_bytes()).await.is_ok();
        }
    }
    false
}
