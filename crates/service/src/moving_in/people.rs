//! From rows to people: whose what is, and what of it can be brought over. Addresses are the delicate part:
//! whoever is brought over with one can be let in by it.

use super::old::{Account, Email, OldPassword, Source, User};
use super::{ACCOUNTS, PROFILES, Report, USERS};
use crate::events::Actor;
use crate::federation::Federation;
use downcity_core::email::Address;
use downcity_core::identity::KeyKind;
use downcity_core::{IdentityKey, Timestamp, UserId};
use downcity_store::{Arrival, ArrivingIdentity};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Google's issuer, in which its subjects are unique.
const GOOGLE: &str = "https://accounts.google.com";

/// Somebody, with what is theirs.
pub(super) struct Person {
    user_id: UserId,
    /// Verified, or taken for that.
    email: Option<Address>,
    display_name: Option<String>,
    avatar_url: Option<String>,
    bio: Option<String>,
    banned: bool,
    created_at: Timestamp,
    ways: Vec<Way>,
}

/// A way in.
struct Way {
    provider: String,
    keys: Vec<IdentityKey>,
    old_password: Option<String>,
    created_at: Timestamp,
    used_at: Timestamp,
}

/// A user on the way to being a person.
struct Draft {
    person: Person,
    email: Option<Address>,
    verified: bool,
    /// What the old system called somebody without a name, after a made-up address.
    made_up_name: Option<String>,
    credential: Option<Account>,
}

/// Puts the rows together.
pub(super) fn people(source: Source, report: &mut Report) -> Vec<Person> {
    let Source { users, accounts, profiles, trust_unverified, app_id } = source;
    let mut drafts = Drafts::default();
    for user in users {
        drafts.add(user, report);
    }
    let mut ways = Ways { app_id, seen: HashSet::new() };
    for account in accounts {
        report.passwords.found += usize::from(!matches!(account.password, OldPassword::Absent));
        match drafts.of(&account.user_id) {
            Some(draft) => ways.add(draft, account, report),
            None => report.note(ACCOUNTS.table, &account.id, "belongs to no user"),
        }
    }
    let mut seen = HashSet::new();
    for profile in profiles {
        let Some(Draft { person, .. }) = drafts.of(&profile.user_id) else {
            report.note(PROFILES.table, &profile.user_id, "belongs to no user");
            continue;
        };
        if !seen.insert(profile.user_id.clone()) {
            report.note(PROFILES.table, &profile.user_id, "is a second profile of that user");
            continue;
        }
        person.display_name = profile.display_name.or(person.display_name.take());
        person.avatar_url = profile.avatar_url.or(person.avatar_url.take());
        person.bio = profile.bio;
    }
    let mut drafts = drafts.all;
    for draft in &mut drafts {
        draft.verified |= trust_unverified && draft.credential.is_some();
    }
    settle_addresses(&mut drafts, report);
    drafts.into_iter().map(|draft| finish(draft, report)).collect()
}

#[derive(Default)]
struct Drafts {
    all: Vec<Draft>,
    by_id: HashMap<String, usize>,
}

impl Drafts {
    fn of(&mut self, user_id: &str) -> Option<&mut Draft> {
        self.by_id.get(user_id).map(|at| &mut self.all[*at])
    }

    fn add(&mut self, user: User, report: &mut Report) {
        let id = user.user_id.to_string();
        if self.by_id.contains_key(&id) {
            return report.note(USERS.table, &id, "is a second user of that id");
        }
        let (email, made_up_name) = match user.email {
            Email::Given(address) => (Some(address), None),
            Email::MadeUp(mailbox) => (None, Some(mailbox)),
            Email::Absent => (None, None),
            Email::Unusable => {
                report.note(USERS.table, &id, "its address can't be used; brought over without it");
                (None, None)
            }
        };
        self.by_id.insert(id, self.all.len());
        let person = Person {
            user_id: user.user_id,
            email: None,
            display_name: user.name,
            avatar_url: user.avatar_url,
            bio: None,
            banned: user.banned,
            created_at: user.created_at,
            ways: Vec::new(),
        };
        let verified = user.verified;
        self.all.push(Draft { person, email, verified, made_up_name, credential: None });
    }
}

/// Reads ways in, all but passwords.
struct Ways {
    app_id: Option<String>,
    seen: HashSet<(String, String)>,
}

impl Ways {
    fn add(&mut self, draft: &mut Draft, account: Account, report: &mut Report) {
        let mut note = |what: &str| report.note(ACCOUNTS.table, &account.id, what);
        if account.provider == "credential" {
            match draft.credential {
                Some(_) => note("is a second password of that user"),
                None => draft.credential = Some(account),
            }
            return;
        }
        let Some(name) = account.account_id.clone() else {
            return note("has no accountId that can be used");
        };
        let Some(keys) = self.keys(&account.provider, &name) else {
            return note("is of a provider that can't be brought over, or its accountId has another form");
        };
        if !self.seen.insert((account.provider.clone(), name)) {
            return note("is a way in that another row has already");
        }
        draft.person.ways.push(Way {
            provider: account.provider,
            keys,
            old_password: None,
            created_at: account.created_at,
            used_at: account.used_at,
        });
    }

    fn keys(&self, provider: &str, name: &str) -> Option<Vec<IdentityKey>> {
        let key = |kind, scope: &str| IdentityKey { kind, scope: scope.to_owned(), value: name.to_owned() };
        match provider {
            // The old system stored the unionid where there was one and else the openid, and not which. So it
            // is entered as both; the next sign-in brings the wrong one of the two in line (`users.rs`).
            "wechat" => {
                let openid = self.app_id.as_ref().map(|app_id| key(KeyKind::Openid, app_id));
                Some(std::iter::once(key(KeyKind::Unionid, "")).chain(openid).collect())
            }
            "github" if name.bytes().all(|byte| byte.is_ascii_digit()) => Some(vec![key(KeyKind::Sub, "")]),
            "google" => Some(vec![key(KeyKind::Sub, GOOGLE)]),
            _ => None,
        }
    }
}

/// An address that several users have, in different letter case, stays with the oldest whose it surely is.
fn settle_addresses(drafts: &mut [Draft], report: &mut Report) {
    let mut holders: HashMap<Address, Vec<usize>> = HashMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        if let Some(address) = &draft.email {
            holders.entry(address.clone()).or_default().push(at);
        }
    }
    let mut losers: Vec<usize> = Vec::new();
    for holders in holders.into_values().filter(|holders| holders.len() > 1) {
        let age = |at: &usize| (drafts[*at].person.created_at, drafts[*at].person.user_id.clone());
        let winner = holders.iter().copied().filter(|at| drafts[*at].verified).min_by_key(age);
        losers.extend(holders.into_iter().filter(|at| Some(*at) != winner));
    }
    losers.sort_unstable();
    for at in losers {
        drafts[at].email = None;
        let what = "another user has the same address there; brought over without it";
        report.note(USERS.table, drafts[at].person.user_id.as_str(), what);
    }
}

/// Decides about the address. One that was never verified may have been entered by a stranger: it lets its
/// owner in by mail, not whoever chose the password, and not together with somebody else's ways in.
fn finish(draft: Draft, report: &mut Report) -> Person {
    let Draft { mut person, email, verified, made_up_name, credential } = draft;
    let is_made_up = |name: &String| made_up_name.as_ref() == Some(&name.to_lowercase());
    person.display_name = person.display_name.filter(|name| !is_made_up(name));
    person.email = email.clone().filter(|_| verified);
    let Some(account) = credential else { return person };
    let mut note = |what: &str| report.note(USERS.table, person.user_id.as_str(), what);
    let Some(address) = email else {
        note("its password stays behind: there is no address to sign in with");
        return person;
    };
    if !verified && !person.ways.is_empty() {
        note("its address was never verified and stays behind, with the password; the other ways in work");
        return person;
    }
    let old_password = match account.password {
        OldPassword::Hash(_) if !verified => {
            note("its address was never verified: a new password has to be set by mail");
            None
        }
        OldPassword::Hash(hash) => Some(hash),
        OldPassword::Unusable => {
            note("its password's hash has an unknown form: a new one has to be set by mail");
            None
        }
        OldPassword::Absent => None,
    };
    let key = IdentityKey { kind: KeyKind::Sub, scope: String::new(), value: address.to_string() };
    person.ways.push(Way {
        provider: "email".to_owned(),
        keys: vec![key],
        old_password,
        created_at: account.created_at,
        used_at: account.used_at,
    });
    person
}

impl Federation {
    /// A person as the store takes them.
    pub(super) fn arrival(&self, person: Person) -> Arrival {
        let now = self.clock.now();
        let identity = |way: Way| ArrivingIdentity {
            identity_id: downcity_core::id::uuid_v7(now, &self.random.bytes()),
            provider: way.provider,
            keys: way.keys,
            old_password: way.old_password,
            created_at: way.created_at,
            last_used_at: way.used_at,
        };
        let user_id = person.user_id.as_str();
        let detail = json!({"from": "downcity", "identities": person.ways.len()});
        let event = self.event("user.moved_in", Actor::System, user_id, (None, None), &detail);
        Arrival {
            email: person.email.map(|address| address.to_string()),
            display_name: person.display_name,
            avatar_url: person.avatar_url,
            bio: person.bio,
            disabled: person.banned,
            created_at: person.created_at,
            identities: person.ways.into_iter().map(identity).collect(),
            event,
            user_id: person.user_id,
        }
    }
}
