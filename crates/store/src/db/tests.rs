//! What the façade promises to the stories, where it can't be seen from outside.

use super::{Db, Piece, args};
use crate::StoreError;
use crate::testing::{fresh_postgres, fresh_sqlite};
use std::time::Duration;
use tempfile::TempDir;

const PUT: &str = "insert into facts (name, value) values ($1, $2)";

async fn sqlite() -> (TempDir, Db) {
    let (folder, path) = fresh_sqlite();
    (folder, Db::open_sqlite(&path).unwrap())
}

async fn facts(db: &Db) -> usize {
    db.read("select name from facts", args![]).await.unwrap().len()
}

fn is_internal<T>(result: &Result<T, StoreError>, part: &str) -> bool {
    matches!(result, Err(StoreError::Internal(text)) if text.contains(part))
}

/// SQLite alone would bind the two the wrong way round, PostgreSQL alone would not.
#[tokio::test]
async fn parameters_out_of_order_are_refused() {
    let (_folder, db) = sqlite().await;
    let swapped = "insert into facts (value, name) values ($2, $1)";
    assert!(is_internal(&db.exec(swapped, args!["name", &b"value"[..]]).await, "must first appear"));
    assert!(is_internal(
        &db.read("select name from facts where name = ?", args!["x"]).await,
        "must first appear"
    ));
    assert!(is_internal(&db.exec(PUT, args!["name"]).await, "wrong number"));
    let twice = db.exec(
        "insert into facts (name, value) values ($1, $2) on conflict (name) do update set \
                         value = $2",
        args!["name", &b"v"[..]],
    );
    assert_eq!(twice.await.unwrap(), 1, "a parameter may appear again");
}

/// A bug of ours must not look like a database that is away, which callers would try again.
#[tokio::test]
async fn a_wrong_number_of_arguments_is_a_bug_on_postgres_too() {
    let db = Db::open_postgres(&fresh_postgres().await).await.unwrap();
    let wrong = db.exec(PUT, args!["name"]).await;
    assert!(matches!(wrong, Err(StoreError::Internal(_))), "{wrong:?}");
}

#[tokio::test]
async fn a_write_that_waits_for_something_else_is_an_error() {
    let (_folder, db) = sqlite().await;
    let result = db
        .write((), |(), tx| {
            Box::pin(async move {
                tx.exec(PUT, args!["a", &b"1"[..]]).await?;
                std::future::pending::<()>().await;
                Ok(())
            })
        })
        .await;
    assert!(is_internal(&result, "not the store"), "{result:?}");
    assert_eq!(facts(&db).await, 0, "and leaves nothing behind");
}

/// Runs what must hold on both engines.
async fn a_failed_write_leaves_nothing(db: Db) {
    let swallowed = db
        .write((), |(), tx| {
            Box::pin(async move {
                tx.exec(PUT, args!["a", &b"1"[..]]).await?;
                let _ = tx.exec("insert into facts (name, value) values ($1, null)", args!["b"]).await;
                Ok(())
            })
        })
        .await;
    assert!(is_internal(&swallowed, "after a statement had failed"), "{swallowed:?}");
    let panicked: Result<(), _> = db
        .write((), |(), tx| {
            Box::pin(async move {
                tx.exec(PUT, args!["c", &b"1"[..]]).await?;
                panic!("on purpose")
            })
        })
        .await;
    assert!(is_internal(&panicked, "panicked"), "{panicked:?}");
    let undone = db
        .write(7, |number, tx| {
            Box::pin(async move {
                tx.exec(PUT, args!["d", &b"1"[..]]).await?;
                tx.undo();
                Ok(*number)
            })
        })
        .await;
    assert_eq!(undone.unwrap(), 7);
    assert_eq!(facts(&db).await, 0);
    db.exec(PUT, args!["e", &b"1"[..]]).await.unwrap();
    assert_eq!(facts(&db).await, 1, "and does not stop those that follow");
    assert!(is_internal(&db.exec(PUT, args!["e", &b"hush"[..]]).await, ""));
    db.close().await;
}

/// What is put is there for the statements that follow, and one that fails fails the whole, whenever that is found out.
async fn what_is_put_is_done_in_order_or_not_at_all(db: Db) {
    let seen = db.write((), |(), tx| {
        Box::pin(async move {
            for name in 0..200 {
                tx.put(PUT, args![name.to_string(), &b"1"[..]]).await?;
            }
            let changed = tx.exec("update facts set value = $1", args![&b"2"[..]]).await?;
            tx.put(PUT, args!["last", &b"1"[..]]).await?;
            Ok(changed)
        })
    });
    assert_eq!(seen.await.unwrap(), 200);
    assert_eq!(facts(&db).await, 201);
    // One that is wrong before anybody is sent it.
    let failed = db.write((), |(), tx| {
        Box::pin(async move {
            tx.exec(PUT, args!["next", &b"1"[..]]).await?;
            tx.put(PUT, args!["nul\0", &b"1"[..]]).await
        })
    });
    assert!(is_internal(&failed.await, ""));
    assert_eq!(facts(&db).await, 201);
    for way in ["commit", "statement", "undone"] {
        let failed: Result<(), _> = db
            .write(way, |way, tx| {
                Box::pin(async move {
                    tx.put(PUT, args!["next", &b"1"[..]]).await?;
                    tx.put("insert into facts (name, value) values ($1, null)", args!["bad"]).await?;
                    if *way == "statement" {
                        tx.row("select 1 as number", args![]).await?;
                    }
                    if *way == "undone" {
                        tx.undo();
                    }
                    tx.put(PUT, args!["after", &b"1"[..]]).await
                })
            })
            .await;
        assert!(is_internal(&failed, ""), "{way}: {failed:?}");
        assert_eq!(facts(&db).await, 201, "{way}");
    }
    db.exec("delete from facts", args![]).await.unwrap();
    assert_eq!(facts(&db).await, 0, "what follows is not in anybody's transaction");
    db.close().await;
}

#[tokio::test]
async fn what_is_put_is_done_in_order_or_not_at_all_on_sqlite() {
    let (_folder, db) = sqlite().await;
    what_is_put_is_done_in_order_or_not_at_all(db).await;
}

#[tokio::test]
async fn what_is_put_is_done_in_order_or_not_at_all_on_postgres() {
    let db = Db::open_postgres(&fresh_postgres().await).await.unwrap();
    what_is_put_is_done_in_order_or_not_at_all(db).await;
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_on_sqlite() {
    let (_folder, db) = sqlite().await;
    a_failed_write_leaves_nothing(db).await;
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_on_postgres() {
    a_failed_write_leaves_nothing(Db::open_postgres(&fresh_postgres().await).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failing_job_does_not_take_its_group_along() {
    let (_folder, db) = sqlite().await;
    let jobs: Vec<_> = (0..200)
        .map(|i| {
            let db = db.clone();
            // Every third name is taken.
            let name = format!("n{}", if i % 3 == 2 { i - 1 } else { i });
            tokio::spawn(async move { db.exec(PUT, args![name, &b"1"[..]]).await })
        })
        .collect();
    let mut stored = 0;
    for job in jobs {
        stored += usize::from(job.await.unwrap().is_ok());
    }
    assert_eq!(stored, 134);
    assert_eq!(facts(&db).await, stored, "exactly what was answered with success stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_to_everybody_it_concerns() {
    let (_folder, db) = sqlite().await;
    let pages = db.exec_row("pragma max_page_count = 60", args![]).await;
    assert!(pages.is_ok());
    let jobs: Vec<_> = (0..64)
        .map(|i| {
            let db = db.clone();
            tokio::spawn(async move { db.exec(PUT, args![format!("n{i}"), &[7_u8; 20_000][..]]).await })
        })
        .collect();
    let mut stored = 0;
    for job in jobs {
        match job.await.unwrap() {
            Ok(_) => stored += 1,
            Err(error) => assert!(matches!(error, StoreError::TakesNoWrites(_)), "{error:?}"),
        }
    }
    assert!(stored < 64);
    assert_eq!(facts(&db).await, stored, "exactly what was answered with success stands");
    db.exec("delete from facts", args![]).await.unwrap();
    db.exec(PUT, args!["again", &b"1"[..]]).await.unwrap();
}

/// One who asked for everything and takes nothing does not keep the database from cleaning up.
async fn a_reader_that_takes_nothing_is_left(db: Db) {
    let fill = "insert into limits (bucket, count, ends_at) with recursive n (i) as \
                (select 1 union all select i + 1 from n where i < 5000) select 'f' || i, 1, 1 from n";
    db.exec(fill, args![]).await.unwrap();
    let mut all = db.pieces(&["limits"], Duration::from_secs(60));
    let mut stalled = db.pieces(&["limits"], Duration::from_millis(50));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut rows, mut whole) = (0, false);
    while let Some(piece) = all.recv().await {
        match piece.unwrap() {
            Some(Piece::Rows(some)) => rows += some.len(),
            Some(Piece::Table { .. }) => {}
            None => whole = true,
        }
    }
    assert!(rows >= 5000 && whole, "who comes late still gets everything");
    while let Some(piece) = stalled.recv().await {
        assert!(piece.unwrap().is_some(), "what was cut off does not look whole");
    }
}

#[tokio::test]
async fn a_reader_of_sqlite_that_takes_nothing_is_left() {
    let (_folder, db) = sqlite().await;
    a_reader_that_takes_nothing_is_left(db).await;
}

#[tokio::test]
async fn a_reader_of_postgres_that_takes_nothing_is_left() {
    a_reader_that_takes_nothing_is_left(Db::open_postgres(&fresh_postgres().await).await.unwrap()).await;
}
