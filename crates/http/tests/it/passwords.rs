//! Guessing passwords: in a row, at the same time, with a session, and while another one is set.

use crate::mail::{PASSWORD, login, registered, token_of, with_mail};
use crate::on_both_engines;
use crate::support::{AWAY, Answer, HOME, On, World};
use downcity_store::testing::number;
use futures::future::join_all;
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    tries_tell_nobody_whether_an_address_has_an_account,
    guesses_at_the_same_time_are_no_more_than_others,
    a_new_password_ends_what_was_begun_with_the_old_one,
    a_user_guesses_their_own_password_seldom,
    mails_asked_for_at_the_same_time_are_no_more_than_others,
);

async fn guess(world: &World, email: &str) -> Answer {
    let body = json!({"email": email, "password": "a stranger guesses", "city_id": "city_demo"});
    world.post_from(AWAY, "accounts/login", body).await
}

async fn tries_tell_nobody_whether_an_address_has_an_account(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    world.clock.stop();
    let mut told = [Vec::new(), Vec::new()];
    for pause in [0, 0, 0, 0, 0, 0, 1, 3, 5, 2, 9] {
        world.clock.advance(Duration::from_secs(pause));
        for (email, told) in ["lilei@example.com", "nobody@example.com"].iter().zip(&mut told) {
            let answer = guess(&world, email).await;
            told.push((
                answer.status,
                answer.text.replace(answer.header("x-request-id"), ""),
                answer.header("retry-after").to_owned(),
            ));
        }
    }
    assert_eq!(told[0], told[1]);
    let statuses: Vec<_> = told[0].iter().map(|one| one.0).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 401, 401, 429, 401], "{told:?}");
}

async fn guesses_at_the_same_time_are_no_more_than_others(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    let all = join_all((0..30).map(|_| guess(&world, "lilei@example.com"))).await;
    let looked_at = all.iter().filter(|answer| answer.status == 401).count();
    assert!((1..=6).contains(&looked_at), "{looked_at} of 30 were looked at");
    assert!(all.iter().all(|answer| answer.status == 401 || answer.status == 429));
    // Where the owner is signed in there are more, and an end.
    for _ in 0..60 {
        login(&world, "lilei@example.com", "wrong horse battery").await;
    }
    assert_eq!(login(&world, "lilei@example.com", PASSWORD).await.status, 429);
}

/// Whoever knows the old password has logins under way while the owner sets another.
async fn a_new_password_ends_what_was_begun_with_the_old_one(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    let forgot = json!({"email": "lilei@example.com"});
    world.post_from(HOME, "accounts/password/forgot", forgot).await.ok();
    let token = token_of(&post.next().await);
    let logins = (0..24).map(async |number: u64| {
        tokio::time::sleep(Duration::from_millis(5 * number)).await;
        if !number.is_multiple_of(3) {
            return login(&world, "lilei@example.com", PASSWORD).await;
        }
        let begin = json!({"provider": "email", "city_id": "city_demo"});
        let step = world.post_from(HOME, "accounts/login/start", begin).await.ok();
        let input = json!({"email": "lilei@example.com", "password": PASSWORD});
        world
            .post_from(HOME, "accounts/login/continue", json!({"login_id": step["login_id"], "input": input}))
            .await
    });
    let reset = async {
        tokio::time::sleep(Duration::from_millis(40)).await;
        world
            .post_from(
                AWAY,
                "accounts/password/reset",
                json!({"token": token, "password": "another long phrase"}),
            )
            .await
    };
    let (logins, reset) = tokio::join!(join_all(logins), reset);
    assert_eq!(reset.status, 200, "{}", reset.text);
    for answer in logins.iter().filter(|answer| answer.status == 200) {
        let token = answer.json()["user_token"].as_str().unwrap().to_owned();
        assert_eq!(world.get_as(&token, "accounts/me").await.status, 401, "{}", answer.text);
    }
    let alive = "select count(*) from sessions where revoked_at is null";
    assert_eq!(number(&world.store, alive).await, 0, "not even one that nobody was told of");
    assert_eq!(login(&world, "lilei@example.com", "another long phrase").await.status, 200);
}

async fn a_user_guesses_their_own_password_seldom(on: On) {
    let (world, mut post) = with_mail(on).await;
    let done = registered(&world, &mut post, "lilei@example.com").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let body = json!({"current_password": "wrong horse battery", "password": "another long phrase"});
        let token = done["user_token"].as_str().unwrap();
        statuses.push(world.post_as(token, "accounts/password/change", body).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
}

async fn mails_asked_for_at_the_same_time_are_no_more_than_others(on: On) {
    let (world, mut post) = with_mail(on).await;
    registered(&world, &mut post, "lilei@example.com").await;
    world.clock.advance(Duration::from_secs(900));
    let forgot = || world.post_from(AWAY, "accounts/password/forgot", json!({"email": "lilei@example.com"}));
    for answer in join_all((0..12).map(|_| forgot())).await {
        answer.ok();
    }
    for _ in 0..3 {
        post.next().await;
    }
    assert!(post.is_quiet().await, "an address gets three mails in a quarter of an hour");
}
