//! What is special about each engine: files, locks, connections.

use crate::support::{Scratch, attempt, city, claim, later, state};
use downcity_core::Failure;
use downcity_store::{Engine, OpenError, Store, StoreError, testing};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_second_process_may_not_open_the_file() {
    let (_folder, path) = testing::fresh_sqlite();
    let first = Store::open_sqlite(&path).await.unwrap();
    let refused = Store::open_sqlite(&path).await.err().unwrap();
    assert!(matches!(refused, OpenError::InUse { .. }));
    assert!(refused.to_string().contains("in use by another running process"), "{refused}");
    first.close().await;
    let second = Store::open_sqlite(&path).await.unwrap();
    second.ping().await.unwrap();
    second.close().await;
}

#[tokio::test]
async fn the_files_are_private() {
    let (folder, path) = testing::fresh_sqlite();
    let store = Store::open_sqlite(&path).await.unwrap();
    store.insert_city(&city("city_demo"), None).await.unwrap();
    assert_eq!(store.engine(), Engine::Sqlite);
    let mut seen = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        seen += 1;
    }
    assert!(seen >= 4, "the database, its log, its index, its lock");
    store.close().await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let (_folder, path) = testing::fresh_sqlite();
    let store = Store::open_sqlite(&path).await.unwrap();
    store.insert_city(&city("city_demo"), None).await.unwrap();
    store.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let queued: Vec<_> = (0..64)
        .map(|i| {
            let store = store.clone();
            let name = format!("q{i}");
            tokio::spawn(async move { store.insert_attempt(state(&name), &attempt(&name)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut answered = Vec::new();
    for (i, task) in queued.into_iter().enumerate() {
        if task.await.unwrap().is_ok() {
            answered.push(format!("q{i}"));
        }
    }
    let store = Store::open_sqlite(&path).await.unwrap();
    assert_eq!(store.cities().await.unwrap().len(), 1);
    for name in answered {
        assert!(store.attempt_by_state(state(&name)).await.unwrap().is_some(), "{name}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let (_folder, path) = testing::fresh_sqlite();
    std::fs::write(&path, [b'x'; 8192]).unwrap();
    assert!(Store::open_sqlite(&path).await.is_err());
    let missing = path.join("no/such/folder/file.db");
    assert!(matches!(Store::open_sqlite(&missing).await, Err(OpenError::File { .. })));
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    for scratch in [Scratch::sqlite().await, Scratch::postgres().await] {
        let newer = "insert into schema_steps (number, name) values (99, 'future')";
        testing::tamper(&scratch.store, newer).await;
        scratch.store.close().await;
        let again = match scratch.place() {
            Ok(path) => Store::open_sqlite(path).await,
            Err(url) => Store::open_postgres(url).await,
        };
        let error = again.err().unwrap();
        assert!(error.to_string().contains("newer version"), "{error}");
    }
}

#[tokio::test]
async fn no_error_quotes_the_password() {
    let secret = "hunter2secret";
    for url in [
        format!("postgres://user:{secret}@127.0.0.1:1/x"),
        format!("postgres://user:{secret}@127.0.0.1:1/x?unknown=1"),
        format!("postgres://user:{secret}?x=y@127.0.0.1:port/x"),
        format!("postgres://user:{secret}@[::1/x"),
        format!("nonsense {secret}"),
        format!("postgres://user:an@{secret}@127.0.0.1:1/x"),
        format!("postgres://user:an@y/{secret}@127.0.0.1:1/x"),
        format!("host=127.0.0.1 port=1 user=x password={secret} connect_timeout=1"),
    ] {
        let error = Store::open_postgres(&url).await.err().unwrap();
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
    let told = Store::open_postgres(&format!("postgres://user:{secret}@127.0.0.1:1/x")).await.err().unwrap();
    assert!(told.to_string().contains("database x at 127.0.0.1, port 1, can't be reached: "), "{told}");
    let url = testing::fresh_postgres().await;
    let (head, tail) = url.split_once('@').unwrap();
    let user = head.rsplit('/').next().unwrap().split(':').next().unwrap();
    let error = Store::open_postgres(&format!("postgres://{user}:{secret}@{tail}")).await.err();
    if let Some(error) = error {
        assert!(matches!(error, OpenError::Connect(_)));
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}

#[tokio::test]
async fn tls_is_never_unchecked() {
    let url = testing::fresh_postgres().await;
    let (plain, _) = url.split_once('?').unwrap();
    let (head, tail) = plain.split_once('@').unwrap();
    let (_, port_and_database) = tail.split_once(':').unwrap();
    // No test server has a certificate for an address, whatever it has for its name.
    let by_address = format!("{head}@127.0.0.1:{port_and_database}");
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = Store::open_postgres(&format!("{by_address}?sslmode={mode}")).await.err().unwrap();
        assert!(matches!(error, OpenError::Connect(_)), "{error}");
    }
    Store::open_postgres(&by_address).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_migrate_once() {
    let url = testing::fresh_postgres().await;
    let nodes: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::open_postgres(&url).await.unwrap() })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_did_the_other_knows() {
    let url = testing::fresh_postgres().await;
    let (a, b) = (Store::open_postgres(&url).await.unwrap(), Store::open_postgres(&url).await.unwrap());
    assert_eq!(a.engine(), Engine::Postgres);
    a.insert_city(&city("city_demo"), None).await.unwrap();
    assert_eq!(b.changes().await.unwrap(), a.changes().await.unwrap());
    a.insert_attempt(state("a"), &attempt("a")).await.unwrap();
    let claim = |store: &Store| {
        let store = store.clone();
        async move { store.claim_attempt(&claim("a", "c"), later(1)).await.unwrap() }
    };
    let (one, two) = tokio::join!(claim(&a), claim(&b));
    assert!(one.is_some() != two.is_some());
    let id = attempt("a").attempt_id;
    assert!(b.fail_attempt(&id, Failure::AccessDenied, later(2)).await.unwrap());
    assert!(!a.fail_attempt(&id, Failure::AccessDenied, later(2)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_are_replaced() {
    let scratch = Scratch::postgres().await;
    let Err(url) = scratch.place() else { panic!("a PostgreSQL store has a URL") };
    let killer = Store::open_postgres(url).await.unwrap();
    let kill = "update changes set count = count where (select count(pg_terminate_backend(pid)) \
                from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) >= 0";
    for _ in 0..3 {
        let crowd: Vec<_> = (0..8)
            .map(|_| {
                let store = scratch.store.clone();
                tokio::spawn(async move { store.ping().await })
            })
            .collect();
        testing::tamper(&killer, kill).await;
        for task in crowd {
            // Whoever was cut off is told to try again, and nothing worse.
            let result = task.await.unwrap();
            assert!(matches!(result, Ok(()) | Err(StoreError::Unavailable(_))), "{result:?}");
        }
    }
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut in_a_row = 0;
    while in_a_row < 20 {
        in_a_row = if scratch.store.ping().await.is_ok() { in_a_row + 1 } else { 0 };
        assert!(std::time::Instant::now() < patience, "lost connections are never replaced");
    }
    assert!(scratch.store.insert_city(&city("after"), None).await.unwrap(), "and writes go on too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_else_writes_is_waited_for_but_not_for_ever() {
    let (_folder, path) = testing::fresh_sqlite();
    let store = Store::open_sqlite(&path).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let begun = std::time::Instant::now();
    let refused = store.insert_city(&city("city_demo"), None).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(store.cities().await.unwrap().is_empty(), "reading goes on");
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.insert_city(&city("city_demo"), None).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    other.execute_batch("rollback").unwrap();
    assert!(waiting.await.unwrap().unwrap(), "a short wait is none of the caller's business");
    store.close().await;
}
