//! The sign-in flow against a small model: any moves of products, people and time, in any order and at the same
//! time, must look as the model says. What is seen of requests that run at once must fit some order of them.

mod attempts;
mod hands;
mod moves;
mod rules;
mod sessions;

use self::hands::{Doing, act, city};
use self::moves::{Move, Policy, Step, steps};
use self::rules::{Attempt, Model, Request, With};
use crate::on_both_engines;
use crate::support::{On, World};
use downcity_service::seams::{Random, SystemRandom};
use downcity_store::testing::number;
use futures::future::join_all;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use wechat_sim::Person;

on_both_engines!(any_order_of_moves_looks_as_the_model_says);

/// What a run must have come by, or the moves are too tame to show anything.
const MUST_BE_SEEN: [&str; 22] = [
    "done",
    "pending",
    "failed access_denied",
    "failed code_rejected",
    "failed login_cancelled",
    "410 login_expired",
    "410 already_collected",
    "403 other_client",
    "403 code_verifier_required",
    "403 code_verifier_wrong",
    "403 login_code_required",
    "403 login_code_wrong",
    "the product, with a code",
    "our page",
    "our page, as the browser that finished",
    "problem unknown_login",
    "problem login_expired",
    "problem cannot_confirm",
    "303 taken",
    "401 invalid_token",
    "401 invalid_refresh_token",
    "404 unknown_session",
];

/// A Federation for many sequences, each with people of its own.
struct Ground {
    world: World,
    turn: Cell<usize>,
    seen: RefCell<BTreeSet<String>>,
}

impl Ground {
    async fn new(on: On) -> Self {
        let world = World::new(on).await;
        world.set_up_wechat().await;
        for (policy, confirm) in
            [(Policy::Auto, "auto"), (Policy::Always, "always"), (Policy::Never, "never")]
        {
            let made = json!({"name": "Demo", "city_id": city(policy), "confirm": confirm,
                "allowed_redirects": [hands::RETURN]});
            world.admin_post("cities/create", made).await;
        }
        world.clock.stop();
        Self { world, turn: Cell::new(0), seen: RefCell::default() }
    }

    /// Users and sessions there are.
    async fn rows(&self) -> (i64, i64) {
        let count = |table| number(&self.world.store, table);
        (count("select count(*) from users").await, count("select count(*) from sessions").await)
    }

    /// Does the steps; an error tells what was done, and what was seen that should not be.
    async fn play(&self, steps: &[Step]) -> Result<(), String> {
        let turn = self.turn.replace(self.turn.get() + 1);
        let people: Vec<_> = (0..2).map(|n| format!("p{turn}-{n}")).collect();
        for person in &people {
            self.world.sim.put_person(Person::new(person, person));
        }
        let before = self.rows().await;
        let mut models = vec![Model::new(self.world.federation.now().0 / 1000)];
        let mut story = String::new();
        for step in steps {
            let moves = match step {
                Step::One(one) => std::slice::from_ref(one),
                Step::AtOnce(many) => many,
            };
            let requests = self.at_once(&models, moves, &people).await;
            for request in &requests {
                let mark = if requests.len() > 1 { "|" } else { " " };
                let _ = writeln!(story, "{mark} {:?} -> {}", request.this, request.seen.what);
                self.seen.borrow_mut().insert(request.seen.what.clone());
            }
            let mut next = Vec::new();
            let outcomes: Vec<_> = models.iter().map(|model| explain(model, &requests, &mut next)).collect();
            if next.is_empty() {
                let why = outcomes.into_iter().find_map(Result::err).unwrap_or_default();
                return Err(format!("{why}\n{story}"));
            }
            models = next;
        }
        let after = self.rows().await;
        let made = (after.0 - before.0, after.1 - before.1);
        match models.iter().any(|model| model.made() == made) {
            true => Ok(()),
            false => Err(format!("{made:?} users and sessions, not {:?}\n{story}", models[0].made())),
        }
    }

    /// Sends the moves that can be made now, all at the same time.
    async fn at_once(&self, models: &[Model], moves: &[Move], people: &[String]) -> Vec<Request> {
        let prepared = moves.iter().filter_map(|this| prepare(models, this, moves, people));
        let sent = prepared.map(|(this, doing, with)| async move {
            if let Move::Wait { seconds } = this {
                self.world.clock.advance(Duration::from_secs(seconds.unsigned_abs()));
            }
            let seen = act(&self.world, &this, &doing).await;
            Request::new(this, with, seen)
        });
        join_all(sent).await
    }
}

/// Takes what a move needs out of the model; `None` where there is nothing to show yet.
fn prepare(models: &[Model], this: &Move, all: &[Move], people: &[String]) -> Option<(Move, Doing, With)> {
    // They agree about all that clients hold.
    let model = &models[0];
    let mut doing = Doing {
        held: hands::Held::default(),
        token: String::new(),
        session_id: String::new(),
        people: people.to_vec(),
        will_settle: false,
    };
    let mut with = With::default();
    let attempt = |at: usize| model.attempts[at].as_ref();
    let session = |at: usize| attempt(at).and_then(|attempt: &Attempt| attempt.session);
    match *this {
        Move::Start { .. } | Move::Wait { .. } => {}
        Move::Callback { at, .. } => doing.held = attempt(at)?.held.clone(),
        Move::Result { at, wait, .. } => {
            let attempt = attempt(at)?;
            doing.held = attempt.held.clone();
            with.login_code = doing.held.login_code.is_some();
            let comes_back = |one: &&Move| matches!(one, Move::Callback { .. } | Move::Confirm { .. });
            let mut others = all.iter().filter(comes_back);
            let settles = |one: &Move| attempt.settled_by(one, model.now);
            with.waits = wait && models.len() == 1 && others.clone().any(settles) && others.all(settles);
            doing.will_settle = with.waits;
        }
        Move::Confirm { at, .. } => {
            doing.held = attempt(at)?.held.clone();
            doing.held.finished.as_ref()?;
            with.form = doing.held.form_token.is_some();
        }
        Move::Me { at, age } | Move::Refresh { at, age, .. } => {
            doing.held = attempt(at)?.held.clone();
            with.session = session(at)?;
            let chain = &model.sessions[with.session].chain;
            with.link = chain.len().saturating_sub(age + 1);
            let tokens = &chain[with.link].0;
            doing.token = match this {
                Move::Refresh { .. } => tokens.refresh_token.clone()?,
                _ => tokens.user_token.clone(),
            };
        }
        Move::Logout { at }
        | Move::Sessions { at }
        | Move::EndOthers { at }
        | Move::EndSession { at, .. } => {
            with.session = session(at)?;
            let chain = &model.sessions[with.session].chain;
            with.link = chain.len() - 1;
            doing.token = chain[with.link].0.user_token.clone();
            if let Move::EndSession { of, .. } = *this {
                with.other = session(of)?;
                doing.session_id = model.sessions[with.other].chain[0].0.session_id();
            }
        }
    }
    Some((this.clone(), doing, with))
}

/// Looks for all orders of the requests' phases that explain what was seen. Gives the models that they lead to: where
/// two requests look the same, it may only show later which one came first.
fn explain(model: &Model, requests: &[Request], found: &mut Vec<Model>) -> Result<(), String> {
    let open: Vec<_> = (0..requests.len()).filter(|index| !requests[*index].over).collect();
    if open.is_empty() {
        if !found.contains(model) {
            found.push(model.clone());
        }
        return Ok(());
    }
    let mut outcome = Err(String::new());
    for index in &open {
        let (mut model, mut requests) = (model.clone(), requests.to_vec());
        let step = model.step(&mut requests[*index], open.len() == 1);
        let this = step.and_then(|()| explain(&model, &requests, found));
        outcome = if outcome.is_ok() { outcome } else { this };
    }
    outcome
}

/// Plays as many sequences as are asked for; the same seed makes the same ones.
fn run(ground: &Ground, cases: u32, seed: [u8; 32]) {
    let here = Handle::current();
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 600,
        max_shrink_time: 30_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let outcome = TestRunner::new_with_rng(config, rng)
        .run(&steps(), |steps| here.block_on(ground.play(&steps)).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        // The reason holds the shortest story that was found.
        Err(TestError::Fail(reason, _)) => panic!("{reason}(seed {seed:?})"),
        Err(problem) => panic!("{problem}"),
    }
}

async fn any_order_of_moves_looks_as_the_model_says(on: On) {
    let ground = Ground::new(on).await;
    block_in_place(|| run(&ground, 250, [7; 32]));
    let seen = ground.seen.borrow();
    let missing: Vec<_> = MUST_BE_SEEN.iter().filter(|what| !seen.contains(**what)).collect();
    assert!(missing.is_empty(), "never came by {missing:?}");
}

async fn soak(on: On) {
    let ground = Ground::new(on).await;
    let told = std::env::var("SOAK_SECONDS").ok().map(|text| text.parse().expect("SOAK_SECONDS is a number"));
    let end = Instant::now() + Duration::from_secs(told.unwrap_or(180));
    while Instant::now() < end {
        let mut seed = [0; 32];
        SystemRandom.fill(&mut seed);
        block_in_place(|| run(&ground, 25, seed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_the_model_on_sqlite() {
    soak(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn soak_of_the_model_on_postgres() {
    soak(On::Postgres).await;
}
