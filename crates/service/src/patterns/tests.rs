//! Each pattern: what it takes to be seen, and what it says.

use super::*;

fn seen(status: &str) -> ListedAttempt {
    let failed = status.split_once(' ');
    let came_back = !matches!(status, "waiting" | "not_returned");
    ListedAttempt {
        attempt_id: "a".into(),
        city_id: "city_demo".into(),
        provider: "wechat".into(),
        app_id: "wx1".into(),
        redirect_uri: "https://fed.example.com/v1/accounts/oauth/callback".into(),
        network: "192.0.2.1".into(),
        agent: String::new(),
        finisher: came_back.then(|| "192.0.2.1".into()),
        returns_to_site: false,
        linking: false,
        status: failed.map_or(status, |_| "failed").into(),
        failure: failed.map(|(failure, _)| Failure::from_code(failure).unwrap()),
        provider_code: failed.map(|(_, code)| code.to_owned()).filter(|code| code != "-"),
        user_id: None,
        started_at: Timestamp(0),
        returned_at: came_back.then_some(Timestamp(1)),
        ended_at: came_back.then_some(Timestamp(2)),
        collected_at: came_back.then_some(Timestamp(3)),
    }
}

/// Newest first.
fn row(parts: &[(usize, &str)]) -> Vec<ListedAttempt> {
    parts.iter().flat_map(|(count, status)| std::iter::repeat_n(seen(status), *count)).collect()
}

fn look(attempts: &[ListedAttempt]) -> Vec<Attention> {
    let label = |id: &str, lang: Lang| if lang == Lang::Zh { "某处".to_owned() } else { id.to_owned() };
    let set = |_: &str, _: &str| Some(Timestamp(1_767_225_600_000));
    let found = patterns(attempts, &Known { now: Timestamp(3_600_000), label: &label, secret_set_at: &set });
    for one in &found {
        assert!(one.text.en.is_ascii() && !one.text.zh.is_ascii(), "{one:?}");
        assert!(!one.remedy.en.is_empty() && !one.remedy.zh.is_ascii(), "{one:?}");
    }
    found
}

fn ids(parts: &[(usize, &str)]) -> Vec<&'static str> {
    look(&row(parts)).into_iter().map(|one| one.id).collect()
}

#[test]
fn what_goes_well_is_no_pattern() {
    assert_eq!(ids(&[]), [""; 0]);
    assert_eq!(ids(&[(3, "waiting"), (100, "done"), (60, "not_returned"), (4, "access_denied -")]), [""; 0]);
}

#[test]
fn nobody_comes_back() {
    assert_eq!(ids(&[(4, "not_returned")]), [""; 0], "four people may change their mind");
    let found = look(&row(&[(2, "waiting"), (10, "not_returned")]));
    assert_eq!(
        found[0].text.en,
        "12 started, 0 returned: the callback domain in WeChat's console is probably not fed.example.com."
    );
    assert!(found[0].text.zh.contains("12 次发起，0 次返回") && found[0].text.zh.contains("fed.example.com"));
    assert_eq!((found[0].id, found[0].severity), ("callback_domain", Severity::Error));
    assert_eq!(
        (found[0].provider.as_deref(), found[0].city_id.as_deref()),
        (Some("wechat"), Some("city_demo"))
    );
    assert_eq!(ids(&[(19, "not_returned"), (1, "done")]), [""; 0]);
    assert_eq!(ids(&[(20, "not_returned"), (1, "done")]), ["callback_domain"], "it worked before");
    assert_eq!(ids(&[(1, "done"), (50, "not_returned")]), [""; 0], "it works again");
}

#[test]
fn other_providers_and_mail_are_told_in_their_words() {
    let of = |provider: &str| {
        let mut attempts = row(&[(6, "not_returned")]);
        attempts.iter_mut().for_each(|one| one.provider = provider.to_owned());
        look(&attempts).remove(0)
    };
    assert!(of("github").text.en.contains("https://fed.example.com/v1/accounts/oauth/callback"));
    assert_eq!(of("email").id, "mails_not_arriving");
}

#[test]
fn a_wrong_secret_is_told_at_once_and_with_when_it_was_set() {
    let found = look(&row(&[(2, "provider_misconfigured 40125"), (1, "done")]));
    assert_eq!((found.len(), found[0].id, found[0].severity), (1, "provider_refuses", Severity::Error));
    assert_eq!(
        found[0].text.en,
        "all 2 since the last success failed with 40125: the AppSecret does not belong to the AppID \
         (it was set at 2026-01-01 00:00 UTC)."
    );
    assert!(found[0].remedy.en.starts_with("Set WECHAT_CLIENT_SECRET"));
    assert_eq!(ids(&[(1, "done"), (9, "provider_misconfigured 40125")]), [""; 0], "mended");
    assert_eq!(ids(&[(1, "wrong_app_type 48001")]), ["provider_refuses"]);
    assert_eq!(ids(&[(1, "provider_misconfigured -")]), ["provider_refuses"]);
}

#[test]
fn what_may_be_an_accident_has_to_repeat() {
    assert_eq!(ids(&[(2, "provider_unavailable -")]), [""; 0]);
    assert_eq!(ids(&[(3, "provider_unavailable -")]), ["provider_refuses"]);
    assert_eq!(ids(&[(3, "provider_unavailable -"), (2, "access_denied -")]), [""; 0]);
    assert_eq!(look(&row(&[(3, "provider_busy 45011")]))[0].severity, Severity::Warning);
}

#[test]
fn codes_that_were_used_before() {
    assert_eq!(ids(&[(1, "code_rejected 40163"), (9, "done")]), [""; 0]);
    assert_eq!(ids(&[(1, "done"), (2, "code_rejected 40163"), (9, "done")]), ["code_used"]);
}

#[test]
fn nobody_confirms_or_collects() {
    assert_eq!(ids(&[(4, "expired")]), [""; 0]);
    assert_eq!(ids(&[(5, "expired"), (5, "done")]), ["never_confirmed"]);
    assert_eq!(ids(&[(5, "expired"), (6, "done")]), [""; 0]);
    let mut attempts = row(&[(6, "done")]);
    attempts.iter_mut().take(3).for_each(|one| one.collected_at = None);
    assert_eq!(look(&attempts)[0].id, "never_collected");
    attempts[0].ended_at = Some(Timestamp(3_600_000 - 59_999));
    assert_eq!(look(&attempts), [], "it may still be collected");
}

#[test]
fn what_people_do() {
    assert_eq!(ids(&[(5, "access_denied -"), (5, "done")]), ["people_refuse"]);
    assert_eq!(ids(&[(3, "login_cancelled -"), (50, "done")]), ["people_cancel"]);
    assert_eq!(ids(&[(2, "login_interrupted -"), (50, "done")]), ["interrupted"]);
}

#[test]
fn one_network_starts_what_many_others_finish() {
    let mut attempts = row(&[(2, "not_returned"), (9, "done"), (3, "done")]);
    for (number, one) in attempts.iter_mut().skip(2).take(9).enumerate() {
        (one.network, one.finisher) = ("203.0.113.7".into(), Some(format!("198.51.100.{}", number % 5)));
    }
    let found = look(&attempts);
    assert_eq!((found.len(), found[0].id, found[0].severity), (1, "started_for_others", Severity::Warning));
    assert!(
        found[0].text.en.starts_with("9 sign-ins that were started at 203.0.113.7 came back from 5 other")
    );
    attempts.iter_mut().for_each(|one| one.returns_to_site = true);
    assert_eq!(look(&attempts), [], "a product whose server starts, and whose site is gone back to");
    attempts.iter_mut().for_each(|one| one.returns_to_site = false);
    attempts[2].finisher = Some("198.51.100.1".into());
    attempts[7].finisher = Some("198.51.100.1".into());
    assert_eq!(look(&attempts), [], "a household with phones");
    attempts[2].finisher = Some("198.51.100.0".into());
    assert_eq!(look(&attempts)[0].id, "started_for_others");
    for _ in 0..10 {
        attempts.push(ListedAttempt {
            network: "203.0.113.7".into(),
            finisher: Some("203.0.113.7".into()),
            ..seen("done")
        });
    }
    assert_eq!(look(&attempts), [], "many people behind one address, of whom some walk away");
}

#[test]
fn apps_and_addresses_are_looked_at_apart_and_the_worst_comes_first() {
    let mut attempts = row(&[(20, "done"), (3, "login_cancelled -"), (6, "not_returned")]);
    for one in attempts.iter_mut().skip(23) {
        one.redirect_uri = "https://other.example.com/v1/accounts/oauth/callback".into();
        one.city_id = if one.attempt_id == "a" { "city_a".into() } else { "city_b".into() };
    }
    let found = look(&attempts);
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), ["callback_domain", "people_cancel"]);
    assert!(found[0].text.en.contains("other.example.com"));
}
