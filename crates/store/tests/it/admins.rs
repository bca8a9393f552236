//! Admin keys and the audit record.

use crate::support::{NOW, city, deed, later, on_both_engines, patch};
use downcity_core::{Digest, Role, Timestamp};
use downcity_store::{AdminKeyRow, AuditQuery, KeyEnd, NewAudit, Store, testing};

on_both_engines! {
    the_first_admin_key_is_the_first,
    the_last_owner_who_lasts_stays,
    two_owners_can_t_revoke_each_other,
    a_city_takes_its_keys_along,
    a_change_and_its_entry_stand_or_fall_together,
    the_record_is_searched_and_paged,
}

pub(crate) fn key(id: &str, role: Role) -> AdminKeyRow {
    AdminKeyRow {
        key_id: id.into(),
        digest: Digest::of(id),
        name: "管理员".into(),
        role,
        city_id: None,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
        created_at: later(0),
    }
}

async fn add(store: &Store, row: &AdminKeyRow) {
    store.insert_admin_key(row, deed("admin_key.created")).await.unwrap();
}

async fn end(store: &Store, id: &str) -> KeyEnd {
    store.revoke_admin_key(id, deed("admin_key.revoked")).await.unwrap()
}

async fn the_first_admin_key_is_the_first(store: Store) {
    let (first, second) = (key("k1", Role::Owner), key("k2", Role::Owner));
    assert!(store.insert_first_admin_key(&first, deed("admin_key.created")).await.unwrap());
    assert!(!store.insert_first_admin_key(&second, deed("admin_key.created")).await.unwrap());
    assert_eq!(store.admin_keys().await.unwrap(), [first]);
    assert_eq!(testing::number(&store, "select count(*) from audit").await, 1);
}

async fn the_last_owner_who_lasts_stays(store: Store) {
    add(&store, &key("owner", Role::Owner)).await;
    add(&store, &key("helper", Role::Operator)).await;
    add(&store, &AdminKeyRow { expires_at: Some(later(60)), ..key("guest", Role::Owner) }).await;
    assert_eq!(end(&store, "owner").await, KeyEnd::LastOwner, "a key that ends by itself is no heir");
    assert_eq!(end(&store, "helper").await, KeyEnd::Revoked);
    assert_eq!(end(&store, "helper").await, KeyEnd::Unknown);
    assert_eq!(end(&store, "nobody").await, KeyEnd::Unknown);
    add(&store, &key("heir", Role::Owner)).await;
    assert_eq!(end(&store, "owner").await, KeyEnd::Revoked);
    let keys = store.admin_keys().await.unwrap();
    assert!(keys.iter().find(|key| key.key_id == "owner").unwrap().revoked_at.is_some());
    let again = store.replace_admin_key("owner", Digest::of("new"), deed("admin_key.rotated")).await;
    assert!(!again.unwrap(), "what was revoked never comes back");
}

async fn two_owners_can_t_revoke_each_other(store: Store) {
    for round in 0..10 {
        let (one, two) = (format!("one{round}"), format!("two{round}"));
        testing::tamper(&store, "delete from admin_keys").await;
        add(&store, &key(&one, Role::Owner)).await;
        add(&store, &key(&two, Role::Owner)).await;
        let (a, b) = tokio::join!(end(&store, &one), end(&store, &two));
        let outcomes = [a, b];
        assert!(outcomes.contains(&KeyEnd::Revoked) && outcomes.contains(&KeyEnd::LastOwner), "{outcomes:?}");
    }
}

async fn a_city_takes_its_keys_along(store: Store) {
    let demo = city("city_demo").city_id;
    add(&store, &AdminKeyRow { city_id: Some(demo.clone()), ..key("k", Role::Operator) }).await;
    assert!(store.remove_city(&demo, deed("city.removed")).await.unwrap());
    assert_eq!(store.admin_keys().await.unwrap(), []);
}

async fn a_change_and_its_entry_stand_or_fall_together(store: Store) {
    let entry = deed("city.changed");
    store.update_city(patch(&city("city_demo")), entry.clone()).await.unwrap();
    let count = "select count(*) from audit";
    assert_eq!(testing::number(&store, count).await, 1);
    let mut other = patch(&city("city_demo"));
    other.name = Some("never".into());
    store.update_city(other, entry).await.unwrap_err();
    assert_eq!(testing::number(&store, count).await, 1);
    assert_eq!(store.cities().await.unwrap()[0].name, city("city_demo").name, "its entry was refused");
}

async fn the_record_is_searched_and_paged(store: Store) {
    for (number, action) in
        ["env.set", "env.removed", "envelope.sent", "city.changed"].into_iter().enumerate()
    {
        let entry = NewAudit {
            audit_id: format!("{number}"),
            city_id: (number == 3).then(|| "city_demo".into()),
            subject: format!("s{number}"),
            at: later(i64::try_from(number).unwrap()),
            ..deed(action)
        };
        store.record_audit(entry).await.unwrap();
    }
    let all = AuditQuery {
        city_id: String::new(),
        key_id: String::new(),
        action: String::new(),
        subject: String::new(),
        since: NOW,
        until: Timestamp(i64::MAX),
        after: String::new(),
        limit: 10,
    };
    let found = async |query: AuditQuery| {
        let found = store.audit(&query).await.unwrap();
        found.into_iter().map(|one| one.audit_id).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(all.clone()).await, "3 2 1 0", "newest first");
    assert_eq!(found(AuditQuery { limit: 2, after: "3".into(), ..all.clone() }).await, "2 1");
    assert_eq!(found(AuditQuery { action: "env".into(), ..all.clone() }).await, "1 0");
    assert_eq!(found(AuditQuery { action: "env.set".into(), ..all.clone() }).await, "0");
    assert_eq!(found(AuditQuery { city_id: "city_demo".into(), ..all.clone() }).await, "3");
    assert_eq!(found(AuditQuery { subject: "s2".into(), ..all.clone() }).await, "2");
    assert_eq!(found(AuditQuery { key_id: "other".into(), ..all.clone() }).await, "");
    assert_eq!(found(AuditQuery { since: later(1), until: later(3), ..all }).await, "2 1");
}
