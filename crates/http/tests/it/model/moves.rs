//! What people, products and time can do, and how sequences of it are made up.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// How many sign-ins go on side by side.
pub(super) const SLOTS: usize = 3;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The network that started.
    Home,
    /// Another one.
    Away,
    /// Another one, in the browser that started.
    AwayInSameBrowser,
}

/// What a city asks of people who finish elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Auto,
    Always,
    Never,
}

/// What the browser brings to the callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brings {
    /// The code that WeChat made when this person allowed it.
    CodeOf(usize),
    /// A code that WeChat does not know.
    BadCode,
    /// The person refused.
    Refusal,
    /// A state that no sign-in has.
    WrongState,
}

/// A proof that is shown when the outcome is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Right,
    Wrong,
    Nothing,
}

/// One request, or time that passes. `at` is the sign-in it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    Start {
        at: usize,
        pkce: bool,
        return_to: bool,
        refresh: bool,
        policy: Policy,
    },
    Callback {
        at: usize,
        brings: Brings,
        from: Place,
    },
    Result {
        at: usize,
        from: Place,
        verifier: Shows,
        code: Shows,
        wait: bool,
    },
    /// The answer on the confirmation page, by the browser that finished or by another one.
    Confirm {
        at: usize,
        allow: bool,
        by_stranger: bool,
    },
    /// The token is used; `age` 0 is the newest one.
    Me {
        at: usize,
        age: usize,
    },
    Refresh {
        at: usize,
        age: usize,
        from: Place,
    },
    Logout {
        at: usize,
    },
    Sessions {
        at: usize,
    },
    /// The person of one sign-in ends the session of another one.
    EndSession {
        at: usize,
        of: usize,
    },
    EndOthers {
        at: usize,
    },
    Wait {
        seconds: i64,
    },
}

/// What happens next: one move, or several about one sign-in at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    One(Move),
    AtOnce(Vec<Move>),
}

/// Both sides of every limit: an answer that may be asked for again (10 s for refreshing, 60 s for results), a
/// sign-in (600 s), short and long tokens, refresh tokens and their sessions.
const SPANS: [i64; 14] =
    [1, 9, 10, 30, 59, 60, 540, 600, 899, 930, 7 * 86_400 - 60, 7 * 86_400, 14 * 86_400, 30 * 86_400];

fn slot() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(0), 2 => Just(1), 1 => Just(2usize)]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![4 => Just(Place::Home), 2 => Just(Place::Away), 1 => Just(Place::AwayInSameBrowser)]
}

fn shows() -> impl Strategy<Value = Shows> {
    prop_oneof![8 => Just(Shows::Right), 1 => Just(Shows::Wrong), 1 => Just(Shows::Nothing)]
}

fn start(at: usize) -> impl Strategy<Value = Move> {
    let policy = select(vec![Policy::Auto, Policy::Auto, Policy::Auto, Policy::Always, Policy::Never]);
    (any::<bool>(), prop::bool::weighted(0.3), any::<bool>(), policy).prop_map(
        move |(pkce, return_to, refresh, policy)| Move::Start { at, pkce, return_to, refresh, policy },
    )
}

fn callback(at: usize) -> impl Strategy<Value = Move> {
    let brings = prop_oneof![
        8 => Just(Brings::CodeOf(0)),
        2 => Just(Brings::CodeOf(1)),
        1 => Just(Brings::BadCode),
        1 => Just(Brings::Refusal),
        1 => Just(Brings::WrongState),
    ];
    (brings, place()).prop_map(move |(brings, from)| Move::Callback { at, brings, from })
}

fn result(at: usize) -> impl Strategy<Value = Move> {
    (place(), shows(), shows(), any::<bool>()).prop_map(move |(from, verifier, code, wait)| Move::Result {
        at,
        from,
        verifier,
        code,
        wait,
    })
}

/// A move about one sign-in that may come at the same time as others.
fn request(at: usize) -> impl Strategy<Value = Move> {
    let confirm = (prop::bool::weighted(0.7), prop::bool::weighted(0.15));
    prop_oneof![
        6 => callback(at),
        7 => result(at),
        3 => confirm.prop_map(move |(allow, by_stranger)| Move::Confirm { at, allow, by_stranger }),
        2 => (0..2usize).prop_map(move |age| Move::Me { at, age }),
        3 => (0..3usize, place()).prop_map(move |(age, from)| Move::Refresh { at, age, from }),
        1 => Just(Move::Logout { at }),
        1 => Just(Move::Sessions { at }),
        2 => (0..SLOTS).prop_map(move |of| Move::EndSession { at, of }),
        1 => Just(Move::EndOthers { at }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => slot().prop_flat_map(start).prop_map(Step::One),
        14 => slot().prop_flat_map(request).prop_map(Step::One),
        4 => slot().prop_flat_map(|at| vec(request(at), 2..=3)).prop_map(Step::AtOnce),
        2 => prop_oneof![3 => select(&SPANS[..6]), 1 => select(&SPANS[..])]
            .prop_map(|seconds| Step::One(Move::Wait { seconds })),
    ]
}

/// A sign-in beside the first one that goes well.
fn beside(person: usize) -> Vec<Step> {
    let (at, from) = (1, Place::Home);
    let shows = Shows::Right;
    let moves = [
        Move::Start { at, pkce: false, return_to: false, refresh: false, policy: Policy::Never },
        Move::Callback { at, brings: Brings::CodeOf(person), from },
        Move::Result { at, from, verifier: shows, code: shows, wait: false },
    ];
    moves.map(Step::One).to_vec()
}

/// Sequences that begin with a sign-in; in half of them somebody is signed in beside it.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let beside = prop::option::of((0..2usize).prop_map(beside));
    (start(0), beside, vec(step(), 1..28)).prop_map(|(first, beside, steps)| {
        let begin = beside.into_iter().flatten().chain([Step::One(first)]);
        begin.chain(steps).collect()
    })
}
