//! A simulation of one database with its nodes at the peak: requests come when they like, wait for a core, for the
//! database, for the commit that they share with others, and for WeChat.

use super::plan::{Inputs, Plan};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Sign-ins that are tried; checks come beside them as often as they do.
const TRIED: usize = 1000;

/// What came out.
pub(crate) struct Tried {
    /// How busy the nodes' cores were, 0 to 1.
    pub(crate) nodes: f64,
    /// How busy the database's cores were.
    pub(crate) database: f64,
    /// Half of the sign-ins and 99 of 100 took no longer, without WeChat's time.
    pub(crate) sign_in: Percentiles,
    /// The same of checks.
    pub(crate) check: Percentiles,
}

/// Of times, in milliseconds.
pub(crate) struct Percentiles(f64, f64);

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} / {:.1} ms", self.0, self.1)
    }
}

/// A part of a request's way, with its mean time in microseconds.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// On a core of its node.
    Node(f64),
    /// On a core of the database.
    Database(f64),
    /// Until what it wrote is on the disk.
    Commit,
    /// At WeChat.
    Away(f64),
}

/// Tries a plan.
pub(crate) fn try_out(plan: &Plan, inputs: &Inputs) -> Tried {
    let share = 1.0 / plan.databases as f64;
    let nodes = plan.nodes.div_ceil(plan.databases);
    let machine = |name| inputs.get("machines", name);
    let mut house = House {
        paths: paths(plan.sqlite, inputs),
        nodes: (0..nodes).map(|_| Cores::new(machine("node_cores") as usize)).collect(),
        database: Cores::new(machine("database_cores") as usize),
        log: Log { flush: inputs.get("speed", "commit_us"), ..Log::default() },
        chance: Chance(0x9E37_79B9_7F4A_7C15),
        ..House::default()
    };
    house.run([plan.sign_ins * share, plan.checks * share]);
    let span = house.now.max(1.0);
    let busy = |cores: &Cores| cores.worked / span / cores.all as f64;
    let [mut sign_ins, mut checks] = house.took;
    Tried {
        nodes: house.nodes.iter().map(busy).sum::<f64>() / nodes as f64,
        database: busy(&house.database),
        sign_in: percentiles(&mut sign_ins),
        check: percentiles(&mut checks),
    }
}

/// The ways of a sign-in and of a check. SQLite works on the node's own cores: its time is in the node's.
fn paths(sqlite: bool, inputs: &Inputs) -> [Vec<Step>; 2] {
    let speed = |name| inputs.get("speed", name);
    let (commits, writes) = (inputs.get("sign_in", "commits"), inputs.get("sign_in", "writes"));
    let read = inputs.get("sign_in", "reads") * speed("read_us") / commits;
    let write = writes * speed("write_us") / commits;
    let database = if sqlite { vec![Step::Commit] } else { vec![Step::Database(read + write), Step::Commit] };
    let away = Step::Away(machine_ms(inputs) * 1e3);
    let mut sign_in = vec![Step::Node(speed("start_us"))];
    sign_in.extend(&database);
    sign_in.push(Step::Node(speed("callback_us") / 2.0));
    sign_in.extend(&database);
    sign_in.extend([away, away, Step::Node(speed("callback_us") / 2.0)]);
    sign_in.extend(&database);
    sign_in.push(Step::Node(speed("result_us")));
    sign_in.extend(&database);
    let mut check = vec![Step::Node(speed("check_us"))];
    if !sqlite {
        check.push(Step::Database(speed("read_us")));
    }
    [sign_in, check]
}

fn machine_ms(inputs: &Inputs) -> f64 {
    inputs.get("machines", "wechat_ms")
}

fn percentiles(times: &mut [f64]) -> Percentiles {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(0.0) / 1e3;
    Percentiles(at(0.5), at(0.99))
}

/// Cores with one queue.
#[derive(Default)]
struct Cores {
    all: usize,
    free: usize,
    queue: VecDeque<(usize, f64)>,
    /// Microseconds of work that were begun.
    worked: f64,
}

impl Cores {
    fn new(all: usize) -> Self {
        Self { all, free: all, ..Self::default() }
    }
}

/// The disk: one flush at a time takes along all who wait.
#[derive(Default)]
struct Log {
    flush: f64,
    flushing: Vec<usize>,
    waiting: Vec<usize>,
}

/// What happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The next request of a kind comes.
    Comes(usize),
    /// A request goes on with its next step; `true` gives a core back first.
    GoesOn(usize, bool),
    /// A flush has ended.
    Flushed,
}

struct Request {
    kind: usize,
    step: usize,
    node: usize,
    began: f64,
    away: f64,
}

#[derive(Default)]
struct House {
    paths: [Vec<Step>; 2],
    nodes: Vec<Cores>,
    database: Cores,
    log: Log,
    chance: Chance,
    /// Microseconds since the beginning.
    now: f64,
    requests: Vec<Request>,
    /// By time in nanoseconds, then in the order that they were made in.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    made: u64,
    /// How long requests of each kind took, in microseconds.
    took: [Vec<f64>; 2],
}

impl House {
    /// Lets requests of both kinds come at these rates a second, until enough sign-ins are over.
    fn run(&mut self, rates: [f64; 2]) {
        for kind in 0..rates.len() {
            self.after(0.0, Event::Comes(kind));
        }
        while self.took[0].len() < TRIED {
            let Some(Reverse((time, _, event))) = self.events.pop() else { return };
            self.now = time as f64 / 1e3;
            match event {
                Event::Comes(kind) => {
                    let gap = self.chance.exponential(1e6 / rates[kind]);
                    self.after(gap, Event::Comes(kind));
                    let node = self.chance.below(self.nodes.len());
                    self.requests.push(Request { kind, step: 0, node, began: self.now, away: 0.0 });
                    self.begin(self.requests.len() - 1);
                }
                Event::GoesOn(request, core) => self.goes_on(request, core),
                Event::Flushed => self.flushed(),
            }
        }
    }

    fn after(&mut self, wait: f64, event: Event) {
        self.made += 1;
        self.events.push(Reverse((((self.now + wait) * 1e3) as u64, self.made, event)));
    }

    fn goes_on(&mut self, request: usize, core: bool) {
        if core {
            let Request { kind, step, node, .. } = self.requests[request];
            let on_node = matches!(self.paths[kind][step], Step::Node(_));
            let cores = if on_node { &mut self.nodes[node] } else { &mut self.database };
            match cores.queue.pop_front() {
                Some((next, time)) => {
                    cores.worked += time;
                    self.after(time, Event::GoesOn(next, true));
                }
                None => cores.free += 1,
            }
        }
        self.requests[request].step += 1;
        self.begin(request);
    }

    /// Begins a request's present step, or ends it.
    fn begin(&mut self, request: usize) {
        let Request { kind, step, node, began, away } = self.requests[request];
        let Some(&step) = self.paths[kind].get(step) else {
            self.took[kind].push(self.now - began - away);
            return;
        };
        match step {
            Step::Node(mean) | Step::Database(mean) => {
                let time = self.chance.exponential(mean);
                let on_node = matches!(step, Step::Node(_));
                let cores = if on_node { &mut self.nodes[node] } else { &mut self.database };
                if cores.free == 0 {
                    return cores.queue.push_back((request, time));
                }
                cores.free -= 1;
                cores.worked += time;
                self.after(time, Event::GoesOn(request, true));
            }
            Step::Away(mean) => {
                let time = self.chance.exponential(mean);
                self.requests[request].away += time;
                self.after(time, Event::GoesOn(request, false));
            }
            Step::Commit => {
                self.log.waiting.push(request);
                if self.log.flushing.is_empty() {
                    self.flush();
                }
            }
        }
    }

    fn flush(&mut self) {
        self.log.flushing = std::mem::take(&mut self.log.waiting);
        self.after(self.log.flush, Event::Flushed);
    }

    fn flushed(&mut self) {
        let done = std::mem::take(&mut self.log.flushing);
        if !self.log.waiting.is_empty() {
            self.flush();
        }
        for request in done {
            self.goes_on(request, false);
        }
    }
}

/// Chance that is the same each time (splitmix64).
#[derive(Default)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        -mean * (1.0 - unit).ln()
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One core, exponential times: the mean wait is known (M/M/1).
    #[test]
    fn a_single_queue_waits_as_the_theory_says() {
        for busy in [0.3, 0.6, 0.8] {
            let mut house = House {
                paths: [vec![Step::Away(1.0)], vec![Step::Node(100.0)]],
                nodes: vec![Cores::new(1)],
                chance: Chance(7),
                ..House::default()
            };
            // A sign-in in two hundred requests ends it after 200 000 of them.
            let rate = busy * 1e6 / 100.0;
            house.run([rate / 200.0, rate]);
            let took = &house.took[1];
            let mean = took.iter().sum::<f64>() / took.len() as f64;
            let theory = 100.0 / (1.0 - busy);
            assert!((mean / theory - 1.0).abs() < 0.1, "{busy}: {mean} and not {theory}");
            assert!((house.nodes[0].worked / house.now / busy - 1.0).abs() < 0.05);
        }
    }

    #[test]
    fn those_who_wait_for_the_disk_share_a_commit() {
        let mut house = House {
            paths: [vec![Step::Commit], vec![Step::Commit]],
            nodes: vec![Cores::new(1)],
            log: Log { flush: 1000.0, ..Log::default() },
            chance: Chance(7),
            ..House::default()
        };
        // Ten times more than single commits could carry.
        house.run([5000.0, 5000.0]);
        let longest = house.took.iter().flatten().fold(0.0, |longest: f64, &time| longest.max(time));
        assert!(longest <= 2001.0, "nobody waits for more than the flush under way and the next: {longest}");
    }
}
