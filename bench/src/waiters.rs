//! Many clients that wait for their sign-in at the same time, and then all get it.

use crate::Failed;
use crate::answer::Answer;
use crate::cli::Effort;
use crate::processes::{Federation, exchange};
use crate::statistics::quantile;
use crate::visitor::start;
use crate::{people::Engine, progress};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// Until nobody could still be on the way to their place.
const REST: Duration = Duration::from_secs(2);
/// How long a client asks to wait, in seconds; no longer is granted.
const WAIT: u32 = 25;

/// How they wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    LongPoll,
    EventStream,
}

impl Manner {
    /// What they ask.
    fn route(self) -> &'static str {
        match self {
            Self::LongPoll => "oauth/result?wait",
            Self::EventStream => "oauth/events (SSE)",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Waiters {
    pub(crate) engine: Engine,
    pub(crate) manner: Manner,
    pub(crate) count: usize,
    /// Resident memory that the server needed for each, in KiB.
    pub(crate) kib: f64,
    /// How many got their own token.
    pub(crate) served: usize,
    /// Milliseconds from the answer of the callback to the token, for the middle one.
    pub(crate) median: f64,
    /// The same: one in a hundred took longer.
    pub(crate) p99: f64,
}

struct Waiter {
    stream: TcpStream,
    state: String,
}

impl Waiter {
    /// Whether it was told to come again a second later, since too many came at once. Any other answer is left unread.
    fn is_turned_away(&mut self) -> Result<bool, Failed> {
        let mut answer = [0; 2048];
        self.stream.set_nonblocking(true)?;
        let count = match self.stream.peek(&mut answer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            outcome => outcome?,
        };
        let turned_away = answer[..count].starts_with(b"HTTP/1.1 503 ");
        if turned_away {
            self.stream.read_exact(&mut answer[..count])?;
        }
        self.stream.set_nonblocking(false)?;
        Ok(turned_away)
    }
}

impl Waiters {
    pub(crate) fn name(&self) -> String {
        format!("{}, {}", self.engine.name(), self.manner.route())
    }
}

/// Both ways of waiting, on both engines.
pub(crate) fn measure(fed: &Path, effort: Effort) -> Result<Vec<Waiters>, Failed> {
    let manners = [Manner::LongPoll, Manner::EventStream];
    let each = Engine::all().iter().flat_map(|&engine| manners.map(|manner| (engine, manner)));
    each.map(|(engine, manner)| wait(fed, effort, engine, manner)).collect()
}

fn wait(fed: &Path, effort: Effort, engine: Engine, manner: Manner) -> Result<Waiters, Failed> {
    progress(&format!("{}: {} clients that wait, by {manner:?}", engine.name(), effort.waiters));
    let federation = Federation::start(fed, engine, 0)?;
    let server = &federation.server;
    let mut line = TcpStream::connect(server.address)?;
    let states = begin(&mut line, server.address, effort.waiters)?;
    let before = server.resident()?;
    let mut waiters = Vec::new();
    for state in states {
        let mut stream = TcpStream::connect(server.address)?;
        ask(&mut stream, server.address, &state, manner)?;
        waiters.push(Waiter { stream, state });
    }
    loop {
        std::thread::sleep(REST);
        let mut turned_away = 0;
        for waiter in &mut waiters {
            if waiter.is_turned_away()? {
                ask(&mut waiter.stream, server.address, &waiter.state, manner)?;
                turned_away += 1;
            }
        }
        if turned_away == 0 {
            break;
        }
        progress(&format!("{turned_away} were told to come again"));
    }
    let kib = (server.resident()? - before) * 1024.0 / f64::from(u32::try_from(waiters.len())?);
    let (mut took, mut served) = (Vec::new(), 0);
    for (person, waiter) in waiters.iter_mut().enumerate() {
        let path = format!("callback?code=0b{person:030x}&state={}", waiter.state);
        let answer = exchange(&mut line, &get(server.address, &path))
            .map_err(|error| format!("no answer to callback {person}: {error}"))?;
        let begun = Instant::now();
        if Answer::read(&answer).is_none_or(|answer| answer.status != 303) {
            return Err("a callback went wrong".into());
        }
        served += usize::from(token(waiter, server.address, manner)?);
        took.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    took.sort_unstable();
    let millis = |share| f64::from(quantile(&took, share)) / 1000.0;
    Ok(Waiters { engine, manner, count: took.len(), kib, served, median: millis(0.5), p99: millis(0.99) })
}

fn begin(line: &mut TcpStream, address: SocketAddr, count: usize) -> Result<Vec<String>, Failed> {
    let request = start(address);
    let state = |_| {
        let bytes = exchange(line, &request)?;
        let answer = Answer::read(&bytes).ok_or("half an answer")?;
        Ok(answer.text("state").ok_or("a start without a state")?.to_owned())
    };
    (0..count).map(state).collect()
}

fn ask(stream: &mut TcpStream, address: SocketAddr, state: &str, manner: Manner) -> Result<(), Failed> {
    let path = match manner {
        Manner::LongPoll => format!("result?state={state}&wait={WAIT}"),
        Manner::EventStream => format!("events?state={state}"),
    };
    Ok(stream.write_all(&get(address, &path))?)
}

fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET /v1/accounts/oauth/{path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: bench\r\n\r\n")
        .into_bytes()
}

/// Reads until a token has come; says whether it did. Whose time of waiting is over by then asks again, as clients do.
fn token(waiter: &mut Waiter, address: SocketAddr, manner: Manner) -> Result<bool, Failed> {
    waiter.stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
    while memchr::memmem::find(&seen, b"\"user_token\"").is_none() {
        let read = waiter
            .stream
            .read(&mut chunk)
            .map_err(|error| format!("no token came, but {:?}: {error}", String::from_utf8_lossy(&seen)));
        match read? {
            0 => return Ok(false),
            count => seen.extend_from_slice(&chunk[..count]),
        }
        if memchr::memmem::find(&seen, b"\"status\":\"pending\"").is_some()
            && seen.starts_with(b"HTTP/1.1 200 OK\r\ncontent-type: application/json")
        {
            seen.clear();
            ask(&mut waiter.stream, address, &waiter.state, manner)?;
        }
    }
    Ok(true)
}
