//! More connections than the system has files for, and more idle ones than the server takes.

use crate::support::{Fed, Setup, read};
use rustix::process::{Resource, getrlimit};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// Half a request: the server waits for the rest.
const HALF: &[u8] = b"GET /health HTTP/1.1\r\nhost: x\r\n";

fn address(fed: &Fed) -> SocketAddr {
    fed.url().trim_start_matches("http://").parse().expect("an address")
}

/// How long the process has worked so far, in hundredths of a second.
fn worked(fed: &Fed) -> u64 {
    let stat = read(format!("/proc/{}/stat", fed.pid()).as_ref());
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
    fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime")
}

fn answers(stream: &mut std::net::TcpStream) -> bool {
    let mut answer = [0; 12];
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"HTTP/1.1 200"
}

#[test]
fn without_files_for_more_connections_the_server_waits_and_goes_on() {
    let fed = Setup::default().files(48).start();
    let mut early = std::net::TcpStream::connect(address(&fed)).unwrap();
    early.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(answers(&mut early));
    let crowd: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(address(&fed)).unwrap();
            stream.write_all(HALF).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    assert!(fed.open_files() >= 47, "{} files are open, so none is left", fed.open_files());
    let before = worked(&fed);
    std::thread::sleep(Duration::from_secs(2));
    assert!(worked(&fed) - before < 60, "it waits, and does not try again and again");
    let asked = Instant::now();
    drop(crowd);
    let mut late = std::net::TcpStream::connect(address(&fed)).unwrap();
    late.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(answers(&mut late), "there is room again");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    assert!(!fed.log().contains("panicked"), "{}", fed.log());
}

/// An idle connection from one of several addresses of this machine, since one has only so many ports.
async fn idle(number: usize, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let from = Ipv4Addr::new(127, 0, 1, u8::try_from(1 + number / 20_000).expect("few addresses"));
    socket.bind(SocketAddr::from((from, 0)))?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(HALF).await?;
    Ok(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_idle_connections_within_bounded_memory() {
    let fed = Fed::start();
    let before = fed.measure("VmRSS");
    // A hundred thousand, or as many as the system lets this process have. The server takes 20,000, or three quarters of
    // the files that it may open, and closes the others at once: that is what bounds its memory.
    let limit = getrlimit(Resource::Nofile);
    let _ = rustix::process::setrlimit(
        Resource::Nofile,
        rustix::process::Rlimit { current: limit.maximum, ..limit },
    );
    let files = usize::try_from(limit.maximum.unwrap_or(1 << 20)).expect("a number");
    let (many, most) = (100_000.min(files - 500), 20_000.min(files / 4 * 3));
    let (mut held, mut peak) = (Vec::with_capacity(many), 0);
    while held.len() < many {
        let part = (many - held.len()).min(1000);
        let opened = (0..part).map(|n| tokio::spawn(idle(held.len() + n, address(&fed))));
        for one in opened.collect::<Vec<_>>() {
            // Those that are too many may be closed before the half request is sent.
            held.push(one.await.expect("no panic").ok());
        }
        // Where the machine has much to do, the first ones are given up while the last ones come.
        peak = peak.max(fed.open_files());
    }
    assert!((1000..most + 200).contains(&peak), "{peak} of {many} were open at the same time");
    let each = (fed.measure("VmHWM") - before) * 1024 / peak as u64;
    assert!(each < 32 * 1024, "{each} bytes for each of {peak}");
    // Half a request is given up after ten seconds, so nobody holds a place for longer.
    let end = Instant::now() + Duration::from_secs(60);
    while fed.open_files() > 200 {
        assert!(Instant::now() < end, "{} files are still open", fed.open_files());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
    let health = http.get(format!("{}/health", fed.url())).send().await.expect("room again");
    assert_eq!(health.status(), 200);
}
