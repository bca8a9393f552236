//! The load generator: keep-alive connections over plain sockets, one thread a core. The same for everything
//! that is measured, and as cheap as it can be, since it shares the machine with the server.

use crate::Failed;
use crate::answer::Answer;
use crate::statistics::quantile;
use crate::visitor::{Progress, Visitor};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Larger than any answer that is measured.
const ROOM: usize = 16 * 1024;

/// What came of a load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) per_second: f64,
    /// In milliseconds.
    pub(crate) median: f64,
    /// In milliseconds: one in a hundred took longer.
    pub(crate) p99: f64,
    pub(crate) done: usize,
}

/// Keeps `connections` busy for a time. Any wrong answer spoils the measurement.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    visitor: impl Fn() -> Visitor,
) -> Result<Tally, Failed> {
    let cores = std::thread::available_parallelism()?.get().min(connections);
    let mut threads: Vec<Crowd> = (0..cores).map(|_| Crowd::new()).collect::<Result<_, Failed>>()?;
    for number in 0..connections {
        threads[number % cores].join(address, visitor())?;
    }
    let begin = Instant::now();
    let outcomes: Vec<Result<Vec<u32>, Failed>> = std::thread::scope(|scope| {
        let running: Vec<_> =
            threads.into_iter().map(|crowd| scope.spawn(move || crowd.run(begin + time))).collect();
        let joined = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|outcome| outcome.unwrap_or_else(|_| Err("the load generator panicked".into()))).collect()
    });
    let seconds = begin.elapsed().as_secs_f64();
    let mut took = Vec::new();
    for outcome in outcomes {
        took.extend(outcome?);
    }
    took.sort_unstable();
    let millis = |share: f64| f64::from(quantile(&took, share)) / 1000.0;
    let done = took.len();
    let per_second = f64::from(u32::try_from(done)?) / seconds;
    Ok(Tally { per_second, median: millis(0.5), p99: millis(0.99), done })
}

/// The connections of one thread.
struct Crowd {
    poll: Poll,
    lines: Vec<Line>,
}

struct Line {
    stream: TcpStream,
    visitor: Visitor,
    begun: Instant,
    out: Vec<u8>,
    input: Box<[u8]>,
    filled: usize,
}

impl Crowd {
    fn new() -> Result<Self, Failed> {
        Ok(Self { poll: Poll::new()?, lines: Vec::new() })
    }

    fn join(&mut self, address: SocketAddr, mut visitor: Visitor) -> Result<(), Failed> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(self.lines.len()), Interest::READABLE)?;
        let mut out = Vec::with_capacity(1024);
        visitor.begin(&mut out);
        let input = vec![0; ROOM].into_boxed_slice();
        self.lines.push(Line { stream, visitor, begun: Instant::now(), out, input, filled: 0 });
        Ok(())
    }

    /// How long each unit of work took, in microseconds.
    fn run(mut self, end: Instant) -> Result<Vec<u32>, Failed> {
        let mut took = Vec::with_capacity(1 << 16);
        let mut events = Events::with_capacity(self.lines.len());
        for line in &mut self.lines {
            line.begun = Instant::now();
            line.send()?;
        }
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(took);
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            for event in &events {
                self.lines[event.token().0].receive(&mut took)?;
            }
        }
    }
}

impl Line {
    fn send(&mut self) -> Result<(), Failed> {
        // A request is far smaller than the socket's buffer, which the last one has left.
        Ok(self.stream.write_all(&self.out)?)
    }

    /// Reads what is there; after a whole answer the next request goes out.
    fn receive(&mut self, took: &mut Vec<u32>) -> Result<(), Failed> {
        loop {
            match self.stream.read(&mut self.input[self.filled..]) {
                Ok(0) => return Err("the server closed a connection, or sent more than was expected".into()),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let Some(answer) = Answer::read(&self.input[..self.filled]) else { continue };
            let progress = self.visitor.next(answer, &mut self.out);
            if progress == Progress::Wrong {
                let (status, body) = (answer.status, String::from_utf8_lossy(answer.body));
                return Err(format!("a wrong answer: {status} {body}").into());
            }
            self.filled = 0;
            if progress == Progress::Done {
                let now = Instant::now();
                took.push(u32::try_from((now - self.begun).as_micros()).unwrap_or(u32::MAX));
                self.begun = now;
            }
            // Nothing more can come before the next request: no need to read until nothing is there.
            return self.send();
        }
    }
}
