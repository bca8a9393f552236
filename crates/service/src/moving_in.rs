//! Story: an operator brings users, their ways in, cities and settings over from a Downcity TypeScript
//! database. What exists here is never changed, so it can be done any number of times.

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod old;
mod people;

use crate::admin::Admin;
use crate::audit::Deed;
use crate::directory::{ReadError, env_place};
use crate::env::{COUNT_LIMIT, checked_key, checked_value};
use crate::federation::Federation;
use downcity_core::Timestamp;
use downcity_core::{City, CityId, CityStatus, ConfirmPolicy, identity::clean_text};
use downcity_store::{
    Arrival, Arrivals, Arrived, Cell, EnvRow, ForeignError, Rows, StoreError, Wanted, read_foreign,
};
use old::{Account, Profile, Source, User, text, time};
use secrecy::ExposeSecret;
use serde_json::json;
use std::collections::HashSet;
use std::path::Path;

/// People that go into one transaction.
const TOGETHER: usize = 100;

/// What an operator decides about a move.
#[derive(Debug, Clone, Default)]
pub struct Move {
    /// Write. Otherwise only say what would come of it.
    pub apply: bool,
    /// Take addresses that the old system never verified for the account's own, with their passwords.
    pub trust_unverified: bool,
    /// The AppID that the openids of the old system belong to; otherwise its `WECHAT_CLIENT_ID`, or ours.
    pub wechat_app_id: Option<String>,
}

/// How many of a kind there were, and what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the old database.
    pub found: usize,
    /// Brought over, or, when nothing is written, what would be.
    pub added: usize,
    /// Here already; left as it is.
    pub present: usize,
    /// Not brought over; the notes say why.
    pub skipped: usize,
}

/// Something that an operator should know about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The old table.
    pub table: &'static str,
    /// The row's key, as far as it can be shown; no address, unless the key is one.
    pub row: String,
    /// What is with it.
    pub what: String,
}

/// What came of a move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether anything was written.
    pub applied: bool,
    /// Users.
    pub users: Tally,
    /// Ways in of the users that were brought over.
    pub identities: Tally,
    /// Passwords of the users that were brought over.
    pub passwords: Tally,
    /// Cities.
    pub cities: Tally,
    /// Settings.
    pub env: Tally,
    /// What should be known about single rows.
    pub notes: Vec<Note>,
}

/// Why a move was not made.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The old database can't be read.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// It is the database of something else.
    #[error("{0} is not a Downcity database: it has no table auth_users")]
    NotDowncity(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// All is written, but could not be read back here.
    #[error(transparent)]
    Read(#[from] ReadError),
}

const USERS: Wanted = Wanted {
    table: "auth_users",
    columns: &["id", "name", "email", "emailVerified", "image", "createdAt", "banned"],
};
const ACCOUNTS: Wanted = Wanted {
    table: "auth_accounts",
    columns: &["id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt"],
};
const PROFILES: Wanted =
    Wanted { table: "auth_profiles", columns: &["user_id", "display_name", "avatar_url", "bio"] };
const CITIES: Wanted = Wanted { table: "cities", columns: &["city_id", "name", "status", "created_at"] };
const ENV: Wanted = Wanted { table: "env", columns: &["key", "value"] };

impl Report {
    fn note(&mut self, table: &'static str, row: &str, what: impl Into<String>) {
        let row = clean_text(row, 80).unwrap_or_else(|| "?".to_owned());
        self.notes.push(Note { table, row, what: what.into() });
    }
}

/// The rows of a table, read one by one; one that can't be read is skipped with a note.
fn read<T>(
    (table, rows): (&'static str, Rows),
    report: &mut Report,
    read: impl Fn(&[Cell]) -> Result<T, &'static str>,
) -> (usize, Vec<T>) {
    let rows = rows.unwrap_or_default();
    let found = rows.len();
    let mut good = Vec::with_capacity(found);
    for row in rows {
        match read(&row) {
            Ok(one) => good.push(one),
            Err(why) => report.note(table, text(&row[0]).unwrap_or("?"), why),
        }
    }
    (found, good)
}

impl Federation {
    /// Brings over what the Downcity TypeScript database at `path` holds.
    ///
    /// # Errors
    /// See [`MoveError`]. What was written before an error stands, and the same call again goes on from there.
    pub async fn move_in(&self, path: &Path, how: &Move) -> Result<Report, MoveError> {
        let now = self.clock.now();
        let mut tables = read_foreign(path, &[USERS, ACCOUNTS, PROFILES, CITIES, ENV])?.into_iter();
        let mut next = || tables.next().flatten();
        let (users, accounts, profiles, cities, env) = (next(), next(), next(), next(), next());
        if users.is_none() {
            return Err(MoveError::NotDowncity(path.display().to_string()));
        }
        let mut report = Report { applied: how.apply, ..Report::default() };
        let settings = self.settings_of(env, &mut report);
        let app_id = self.app_id_of(&settings, how);
        let (found, users) = read((USERS.table, users), &mut report, |row| User::read(row, now));
        report.users.found = found;
        let (found, accounts) = read((ACCOUNTS.table, accounts), &mut report, |row| Account::read(row, now));
        report.identities.found = found;
        let profiles = read((PROFILES.table, profiles), &mut report, Profile::read).1;
        let source = Source { users, accounts, profiles, trust_unverified: how.trust_unverified, app_id };
        let people = source.people(&mut report);
        let people: Vec<Arrival> = people.into_iter().map(|person| self.arrival(person)).collect();
        self.bring_cities(cities, how, &mut report).await?;
        self.bring_people(people, how, &mut report).await?;
        self.bring_settings(settings, how, &mut report).await?;
        if how.apply {
            let after = Some(json!({"users": report.users.added, "cities": report.cities.added}));
            let deed = Deed { action: "import.downcity", after, ..Deed::default() };
            let entry = self.audit_entry(&Admin::on_this_machine("fed import"), deed);
            self.store.record_audit(entry).await?;
            self.reload().await?;
        }
        Ok(report)
    }

    async fn bring_people(
        &self,
        people: Vec<Arrival>,
        how: &Move,
        report: &mut Report,
    ) -> Result<(), MoveError> {
        let mut people = people.into_iter().peekable();
        while people.peek().is_some() {
            let some: Vec<Arrival> = people.by_ref().take(TOGETHER).collect();
            let arrivals = Arrivals { people: some.clone(), rehearse: !how.apply, now: self.clock.now() };
            let arrived = self.store.move_in(arrivals).await?;
            for (person, arrived) in some.iter().zip(arrived) {
                tell(person, arrived, report);
            }
        }
        for tally in [&mut report.users, &mut report.identities, &mut report.passwords] {
            tally.skipped = tally.found - tally.added - tally.present;
        }
        Ok(())
    }

    async fn bring_cities(&self, rows: Rows, how: &Move, report: &mut Report) -> Result<(), MoveError> {
        let now = self.clock.now();
        let (found, cities) = read((CITIES.table, rows), report, |row| city(row, now));
        report.cities.found = found;
        let admin = Admin::on_this_machine("fed import");
        let mut known: HashSet<CityId> = self.directory.load().cities.keys().cloned().collect();
        for city in cities {
            let fresh = known.insert(city.city_id.clone());
            if fresh
                && (!how.apply
                    || self
                        .store
                        .insert_city(&city, Some(self.city_entry(&admin, "city.created", &city.city_id)))
                        .await?)
            {
                report.cities.added += 1;
            } else {
                report.cities.present += 1;
            }
        }
        report.cities.skipped = found - report.cities.added - report.cities.present;
        Ok(())
    }

    /// The settings that can be brought over, by name.
    fn settings_of(&self, rows: Rows, report: &mut Report) -> Vec<(String, String)> {
        let (found, mut settings) = read((ENV.table, rows), report, setting);
        report.env.found = found;
        let mut seen = HashSet::new();
        settings.retain(|(key, _)| seen.insert(key.clone()));
        settings
    }

    /// The AppID that openids of the old system belong to.
    fn app_id_of(&self, settings: &[(String, String)], how: &Move) -> Option<String> {
        let theirs = || settings.iter().find(|(key, _)| key == APP_ID).map(|(_, value)| value.clone());
        let ours = || {
            let directory = self.directory.load();
            directory.env.get(APP_ID).map(|setting| setting.value.expose_secret().to_owned())
        };
        how.wechat_app_id.clone().or_else(theirs).or_else(ours)
    }

    async fn bring_settings(
        &self,
        settings: Vec<(String, String)>,
        how: &Move,
        report: &mut Report,
    ) -> Result<(), MoveError> {
        let now = self.clock.now();
        let directory = self.directory.load_full();
        let room = COUNT_LIMIT.saturating_sub(directory.env.len());
        let (present, mut fresh): (Vec<_>, Vec<_>) =
            settings.into_iter().partition(|(key, _)| directory.env.contains_key(key));
        for (key, _) in fresh.drain(room.min(fresh.len())..) {
            report.note(ENV.table, &key, "the Federation env is full");
        }
        let seal = |(key, value): &(String, String)| EnvRow {
            key: key.clone(),
            sealed: self.vault.seal(&env_place(key), value.as_bytes()),
            updated_at: now,
        };
        let rows: Vec<EnvRow> = fresh.iter().map(seal).collect();
        let added = if how.apply { self.store.add_env(&rows).await?.len() } else { rows.len() };
        report.env.added = added;
        report.env.present = present.len() + rows.len() - added;
        report.env.skipped = report.env.found - report.env.added - report.env.present;
        Ok(())
    }
}

const APP_ID: &str = "WECHAT_CLIENT_ID";

/// Puts what came of one person into the report.
fn tell(person: &Arrival, arrived: Arrived, report: &mut Report) {
    let user_id = person.user_id.as_str();
    let (email, held_by) = match arrived {
        Arrived::Present => {
            report.users.present += 1;
            report.identities.present += person.identities.len();
            report.passwords.present +=
                person.identities.iter().filter(|way| way.old_password.is_some()).count();
            return;
        }
        Arrived::Gone => {
            let what = "was brought over before and is gone since: removed or merged users stay away";
            return report.note(USERS.table, user_id, what);
        }
        Arrived::Added { email, held_by } => (email, held_by),
    };
    report.users.added += 1;
    if person.email.is_some() && !email {
        report.note(USERS.table, user_id, "their address is another user's here; brought over without it");
    }
    let mut ways = 0;
    for (identity, holder) in person.identities.iter().zip(held_by) {
        if let Some(holder) = holder {
            let what = format!(
                "their {} belongs to user {holder} here; if that is the same person, merge the two",
                identity.provider
            );
            report.note(USERS.table, user_id, what);
            report.identities.present += 1;
        } else {
            ways += 1;
            report.identities.added += 1;
            report.passwords.added += usize::from(identity.old_password.is_some());
        }
    }
    if ways == 0 {
        report.note(USERS.table, user_id, "brought over without any way to sign in");
    }
}

fn city(row: &[Cell], now: Timestamp) -> Result<City, &'static str> {
    let id = text(&row[0]).ok_or("has no city_id")?;
    let city_id =
        CityId::parse(id).map_err(|_| "its id has characters that ids can't have here, or is too long")?;
    let name = text(&row[1]).and_then(|name| clean_text(name, 80)).ok_or("has no name")?;
    // Who knows what another status means: nothing is let in until an admin says so.
    let active = text(&row[2]).is_none_or(|status| status == CityStatus::Active.as_str());
    Ok(City {
        city_id,
        name,
        status: if active { CityStatus::Active } else { CityStatus::Paused },
        allowed_origins: Vec::new(),
        allowed_redirects: Vec::new(),
        confirm: ConfirmPolicy::default(),
        created_at: time(&row[3], now),
        updated_at: now,
    })
}

fn setting(row: &[Cell]) -> Result<(String, String), &'static str> {
    let key = text(&row[0]).ok_or("has no key")?;
    let key = checked_key(key).map_err(|_| "its name has characters that names can't have here")?;
    if key.starts_with("DOWNCITY_") || key.starts_with("BETTER_AUTH_") {
        return Err("is of use to the old system only");
    }
    let value = text(&row[1]).ok_or("has no value")?;
    let value =
        checked_value(value).map_err(|_| "its value is empty, too long, or has control characters")?;
    Ok((key.to_owned(), value.to_owned()))
}
