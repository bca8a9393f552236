//! Telling people of new sign-ins: in the transaction of the session, to its user alone, and no more than so many.

use crate::support::{NOW, new_session, on_both_engines, signed_in, unionid, user, wechat};
use downcity_core::{Digest, Timestamp};
use downcity_store::testing::{number, tamper};
use downcity_store::{NewMail, NewSession, Notice, Recipient, Store, StoreError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

on_both_engines!(a_mail_is_as_sure_as_its_session, the_user_is_told_and_nobody_else);

/// Who was told, in order.
type Told = Arc<Mutex<Vec<Recipient>>>;

/// A session that is told of, begun long after its user was made, so that it is no first one.
fn session(name: &str, of: &str, told: &Told) -> NewSession {
    let at = Timestamp(NOW.0 + 40 * 86_400_000);
    let (told, id) = (Arc::clone(told), format!("mail-{name}"));
    let write = move |to: &Recipient| {
        told.lock().unwrap().push(to.clone());
        let address = to.address.clone();
        NewMail { outbox_id: id.clone(), address, sealed: vec![7], event_id: Some("e".into()), now: at }
    };
    let notice = Notice {
        ending: Digest::of(&format!("ending of {name}")),
        bucket: format!("sign_in_mail:{of}"),
        most: 2,
        window: Duration::from_secs(3600),
        write: Arc::new(write),
    };
    NewSession { notice: Some(notice), agent: name.to_owned(), ..new_session(name, user(of), at) }
}

async fn mails(store: &Store) -> i64 {
    number(store, "select count(*) from outbox").await
}

async fn people(store: &Store) {
    for name in ["a", "b", "c"] {
        signed_in(store, name, wechat(vec![unionid(&format!("u-{name}"))])).await;
    }
    tamper(
        store,
        "update users set email = user_id || '@example.com', locale = 'zh' where user_id <> 'user-c'",
    )
    .await;
}

async fn a_mail_is_as_sure_as_its_session(store: Store) {
    people(&store).await;
    let told = Told::default();
    let one = session("one", "b", &told);
    store.begin_session(one.clone(), None, Vec::new()).await.unwrap();
    assert_eq!(mails(&store).await, 1);
    // The key of a session that stands: the session is refused, and with it the mail and what it would count.
    let twice = NewSession { sid: one.sid, ..session("two", "b", &told) };
    assert!(matches!(store.begin_session(twice, None, Vec::new()).await, Err(StoreError::Internal(_))));
    assert_eq!(mails(&store).await, 1);
    assert_eq!(number(&store, "select max(count) from limits").await, 1);
    for name in ["three", "four", "five"] {
        store.begin_session(session(name, "b", &told), None, Vec::new()).await.unwrap();
    }
    assert_eq!(mails(&store).await, 2, "no more than so many");
    let of = async |name: &str| {
        let ending = Digest::of(&format!("ending of {name}"));
        store.session_to_end(ending, one.session.created_at).await.unwrap()
    };
    assert_eq!(of("one").await.unwrap().session, one.session);
    assert!(of("three").await.is_some());
    assert_eq!(of("four").await, None, "a token that was mailed to nobody ends nothing");
    assert_eq!(number(&store, "select count(*) from sessions").await, 4, "the sessions stand all the same");
}

async fn the_user_is_told_and_nobody_else(store: Store) {
    people(&store).await;
    let told = Told::default();
    for (name, of) in [("one", "b"), ("two", "a"), ("three", "c")] {
        store.begin_session(session(name, of, &told), None, Vec::new()).await.unwrap();
    }
    let to = |of: &str| Recipient { address: format!("user-{of}@example.com"), locale: Some("zh".into()) };
    assert_eq!(*told.lock().unwrap(), [to("b"), to("a")], "c has no address");
}
