//! What one connection asks for, again and again.

use crate::answer::Answer;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A request as bytes. Bearer and body are left out where they are empty.
pub(crate) fn request(address: SocketAddr, line: &str, bearer: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nhost: {address}\r\nuser-agent: bench\r\naccept: */*\r\n");
    if !bearer.is_empty() {
        text.push_str(&format!("authorization: Bearer {bearer}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// How things stand after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Underway,
    Done,
    Wrong,
}

/// The user of one connection.
pub(crate) enum Visitor {
    /// Sends the same request and wants 200.
    Same(Arc<[u8]>),
    /// Signs in, each time as somebody new.
    SignIn(SignIn),
}

pub(crate) struct SignIn {
    address: SocketAddr,
    start: Arc<[u8]>,
    people: Arc<AtomicU64>,
    state: String,
    step: Step,
}

enum Step {
    Start,
    Callback,
    Result,
}

impl Visitor {
    /// `people` counts those who signed in, so that each is new.
    pub(crate) fn signing_in(address: SocketAddr, people: Arc<AtomicU64>) -> Self {
        let start = start(address).into();
        Self::SignIn(SignIn { address, start, people, state: String::new(), step: Step::Start })
    }

    /// Writes the first request.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Same(bytes) => out.extend_from_slice(bytes),
            Self::SignIn(sign_in) => {
                sign_in.step = Step::Start;
                out.extend_from_slice(&sign_in.start);
            }
        }
    }

    /// Looks at an answer and writes the next request.
    pub(crate) fn next(&mut self, answer: Answer<'_>, out: &mut Vec<u8>) -> Progress {
        match self {
            Self::Same(_) if answer.status == 200 => Progress::Done,
            Self::Same(_) => Progress::Wrong,
            Self::SignIn(sign_in) => {
                out.clear();
                let progress = sign_in.next(answer, out);
                if progress != Progress::Underway {
                    self.begin(out);
                }
                progress
            }
        }
    }
}

impl SignIn {
    fn next(&mut self, answer: Answer<'_>, out: &mut Vec<u8>) -> Progress {
        let (line, next) = match (&self.step, answer.status) {
            (Step::Start, 200) => {
                self.state.clear();
                self.state.push_str(answer.text("state").unwrap_or_default());
                let person = self.people.fetch_add(1, Ordering::Relaxed);
                (format!("callback?code=0a{person:030x}&state={}", self.state), Step::Callback)
            }
            (Step::Callback, 303) => (format!("result?state={}", self.state), Step::Result),
            (Step::Result, 200) if answer.text("user_token").is_some() => return Progress::Done,
            _ => return Progress::Wrong,
        };
        self.step = next;
        let address = self.address;
        // Writing to memory never fails.
        let _ = write!(
            out,
            "GET /v1/accounts/oauth/{line} HTTP/1.1\r\nhost: {address}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n"
        );
        Progress::Underway
    }
}

/// The request that starts a sign-in.
pub(crate) fn start(address: SocketAddr) -> Vec<u8> {
    request(address, "POST /v1/accounts/oauth/start", "", r#"{"provider":"wechat"}"#)
}
