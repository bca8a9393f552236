//! Nodes whose way to PostgreSQL leads through a real PgBouncer in transaction mode.

use crate::support::{Nodes, field, run, said};
use downcity_store::testing::{Pooler, fresh_postgres};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_behind_a_pooler_do_all_that_others_do() {
    let direct = fresh_postgres().await;
    let pooler = Pooler::start(&direct);
    let mut nodes = Nodes::none().await;
    for _ in 0..2 {
        let setup = nodes.setup("http://127.0.0.1:9").database_url(&pooler.url(&direct));
        nodes.all.push(setup.env("FED_DATABASE_DIRECT_URL", &direct).start());
    }
    nodes.configure();
    nodes.hears(0, 1).await;
    nodes.hears(1, 1).await;
    // Many at once, each over both nodes: more than there are connections behind the pooler.
    let begun = Instant::now();
    let all = futures(&nodes, 40).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let tokens: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(tokens.len(), 40);
    for (n, token) in all.iter().enumerate() {
        assert_eq!(nodes.get(n % 2, "/v1/accounts/me", Some(token)).await.0, 200);
    }
    // Admins.
    nodes.change(0, "cities/create", json!({"city_id": "city_demo", "name": "Demo"})).await;
    nodes.change(1, "cities/pause", json!({"city_id": "city_demo"})).await;
    let (_, me) = nodes.get(0, "/v1/accounts/me", Some(&all[0])).await;
    nodes.change(1, "accounts/users/disable", json!({"user_id": field(&me["user"], "user_id")})).await;
    assert_ne!(nodes.get(0, "/v1/accounts/me", Some(&all[0])).await.0, 200);
    // A backup of one moment, from the server itself.
    let file = nodes.all[0].folder().path().join("behind.fedbackup");
    let output = run(nodes.all[0].command(&["backup", file.to_str().unwrap()]), "");
    assert!(output.status.success(), "{}", said(&output));
    for node in &nodes.all {
        let log = node.log();
        assert!(!log.contains("request failed") && !log.contains("panicked"), "{log}");
    }
}

async fn futures(nodes: &Nodes, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    for chunk in 0..count / 8 {
        let one = |n: usize| nodes.sign_in([(chunk + n) % 2, n % 2, (n + 1) % 2]);
        let (a, b, c, d, e, f, g, h) =
            tokio::join!(one(0), one(1), one(2), one(3), one(4), one(5), one(6), one(7));
        all.extend([a, b, c, d, e, f, g, h]);
    }
    all
}
