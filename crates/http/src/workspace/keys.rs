//! Keys: who may keep the Federation, who is signed in to the workspace, and what tokens are signed with.

use super::desk::Desk;
use super::guard::Form;
use super::history::{self, Entry};
use super::shell::Shell;
use crate::error::ApiError;
use crate::extract::escaped;
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::admin_keys::{AdminKeyError, NewAdminKey, is_last_owner};
use downcity_service::audit::AuditListing;
use downcity_service::core::{CityId, Role, Secret, Timestamp};
use downcity_service::rotation::KeyInfo;
use downcity_service::rows::{AdminKeyRow, ListedAdminSession};
use downcity_service::tokens::parse_ttl;
use secrecy::ExposeSecret;
use serde::Deserialize;

/// The page of all keys.
pub(super) const LIST: &str = "/admin/keys";

#[derive(Template)]
#[template(path = "workspace/keys.html")]
struct ListPage {
    shell: Shell,
    good: Vec<AdminKeyRow>,
    ended: Vec<AdminKeyRow>,
    own: Own,
    sessions: Vec<ListedAdminSession>,
    signing: Vec<KeyInfo>,
    cities: Vec<(String, String)>,
    form: NewForm,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "workspace/key.html")]
struct OnePage {
    shell: Shell,
    key: AdminKeyRow,
    good: bool,
    last_owner: bool,
    own: Own,
    sessions: Vec<ListedAdminSession>,
    history: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "workspace/key_made.html")]
struct MadePage {
    shell: Shell,
    key_id: String,
    secret: String,
    /// Whether this session ended, because it began with the key's old secret.
    own: bool,
}

#[derive(Template)]
#[template(path = "workspace/key_gone.html")]
struct GonePage {
    shell: Shell,
}

/// The key and the session of whoever looks.
struct Own {
    key_id: String,
    session_id: String,
}

impl Own {
    fn of(desk: &Desk) -> Self {
        Self { key_id: desk.admin().key_id.clone(), session_id: desk.visit.session_id.clone() }
    }
}

/// A key to be made.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewForm {
    name: String,
    role: String,
    city: String,
    /// How long it lasts; for good when empty.
    ttl: String,
}

/// Which key.
#[derive(Deserialize)]
pub(super) struct KeyForm {
    key_id: String,
}

/// A key that shall go, and its name.
#[derive(Deserialize)]
pub(super) struct RevokeForm {
    key_id: String,
    confirm: String,
}

/// Which session, and the page to come back to.
#[derive(Deserialize)]
pub(super) struct SessionForm {
    session_id: String,
    #[serde(default)]
    key_id: String,
}

/// All keys and sessions, with the form for another one.
pub(super) async fn page(desk: Desk, State(house): State<House>) -> Result<Response, ApiError> {
    let form =
        NewForm { role: Role::Operator.as_str().to_owned(), ttl: "90d".to_owned(), ..NewForm::default() };
    list(&desk, &house, form, None).await
}

async fn list(
    desk: &Desk,
    house: &House,
    form: NewForm,
    problem: Option<String>,
) -> Result<Response, ApiError> {
    let now = house.federation.now();
    let keys = house.federation.admin_keys().await?;
    let (good, ended) = keys.into_iter().partition(|key| key.is_good(now));
    let cities = house.federation.cities();
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut shell = desk.shell(LIST, desk.t("Keys", "密钥"));
    shell.path = LIST.to_owned();
    let page = ListPage {
        shell,
        good,
        ended,
        own: Own::of(desk),
        sessions: house.federation.admin_sessions("").await?,
        signing: house.federation.signing_keys(),
        cities: cities.iter().map(|city| (city.city_id.to_string(), city.name.clone())).collect(),
        form,
        problem,
    };
    desk.page_with(status, &page)
}

/// One key: what it may, its sessions, its history, and how it gets another secret or an end.
pub(super) async fn one(
    desk: Desk,
    State(house): State<House>,
    Path(key_id): Path<String>,
) -> Result<Response, ApiError> {
    let all = house.federation.admin_keys().await?;
    let Some(key) = all.iter().find(|key| key.key_id == key_id) else {
        let shell = desk.shell(LIST, desk.t("One key", "密钥")).under(LIST, desk.t("Keys", "密钥"));
        return desk.page_with(StatusCode::NOT_FOUND, &GonePage { shell });
    };
    let listing = AuditListing { subject: Some(key_id.clone()), limit: Some(20), ..AuditListing::default() };
    let history = house.federation.list_audit(&listing).await?;
    desk.page(&OnePage {
        shell: desk.shell(LIST, key.name.clone()).under(LIST, desk.t("Keys", "密钥")),
        good: key.is_good(house.federation.now()),
        last_owner: is_last_owner(key, &all),
        own: Own::of(&desk),
        sessions: house.federation.admin_sessions(&key_id).await?,
        history: history::entries(&history.items, desk.look.lang),
        key: key.clone(),
    })
}

/// Makes a key and shows it, this once; or shows the form again with what is wrong.
pub(super) async fn create(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<NewForm>,
) -> Result<Response, ApiError> {
    let asked = |field: &String| Some(field.clone()).filter(|field| !field.is_empty());
    let Ok(ttl) = asked(&form.ttl).map(|ttl| parse_ttl(&ttl)).transpose() else {
        let told = desk.t(
            "How long it lasts: 90d, 12h or 30m, at most 366 days.",
            "有效期：如 90d、12h 或 30m，最长 366 天。",
        );
        return list(&desk, &house, form, Some(told.to_owned())).await;
    };
    let (name, role) = (form.name.clone(), form.role.clone());
    let new = NewAdminKey { name, role, city_id: asked(&form.city), ttl };
    match house.federation.create_admin_key(desk.admin(), &new).await {
        Ok((row, key)) => made(&desk, &row.key_id, &row.name, &key),
        Err(error) => match unfit(&desk, error) {
            Ok(problem) => list(&desk, &house, form, Some(problem)).await,
            Err(error) => Err(error),
        },
    }
}

/// What is wrong with a form, if it is the form.
fn unfit(desk: &Desk, error: AdminKeyError) -> Result<String, ApiError> {
    let told = match error {
        AdminKeyError::BadField { field: "name", .. } => desk.t(
            "A key needs a name of at most 80 characters: who holds it, or what it is for.",
            "请填写名称，最多 80 个字符：持有者或用途。",
        ),
        AdminKeyError::BadField { field: "role", .. } => desk.t(
            "An owner's key is for the whole Federation. For one city, choose viewer or operator.",
            "所有者密钥适用于整个 Federation；如仅用于一个城市，请选择只读或操作员。",
        ),
        other => {
            let problem = ApiError::from(other);
            let ours = problem.code.status().is_server_error();
            return if ours { Err(problem) } else { Ok(problem.sentence(desk.look.lang)) };
        }
    };
    Ok(told.to_owned())
}

/// Shows a secret, this once.
fn made(desk: &Desk, key_id: &str, name: &str, secret: &Secret) -> Result<Response, ApiError> {
    let mut shell = desk.shell(LIST, name).under(LIST, desk.t("Keys", "密钥"));
    shell.path = LIST.to_owned();
    let own = desk.admin().key_id == key_id;
    let secret = secret.expose_secret().to_owned();
    desk.page(&MadePage { shell, key_id: key_id.to_owned(), secret, own })
}

/// Gives a key another secret and shows it, this once.
pub(super) async fn rotate(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<KeyForm>,
) -> Result<Response, ApiError> {
    match house.federation.rotate_admin_key(desk.admin(), &form.key_id).await {
        Ok(secret) => {
            let keys = house.federation.admin_keys().await?;
            let name = keys.into_iter().find(|key| key.key_id == form.key_id).map(|key| key.name);
            made(&desk, &form.key_id, &name.unwrap_or_default(), &secret)
        }
        Err(error) => desk.failed(LIST, error),
    }
}

/// Takes a key away.
pub(super) async fn revoke(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<RevokeForm>,
) -> Result<Response, ApiError> {
    let keys = house.federation.admin_keys().await?;
    let Some(key) = keys.into_iter().find(|key| key.key_id == form.key_id) else {
        return desk.failed(LIST, AdminKeyError::Unknown);
    };
    if form.confirm.trim() != key.name {
        let told = desk.t(
            "Nothing was revoked: the name that you typed is another one.",
            "未撤销：您输入的名称不一致。",
        );
        return desk.refused(&path_of(&key.key_id), told);
    }
    match house.federation.revoke_admin_key(desk.admin(), &key.key_id).await {
        Ok(()) => {
            let told = desk.t(
                "is revoked: it opens nothing any more, and its sessions are over.",
                "已撤销：立即失效，其会话也已结束。",
            );
            desk.done(LIST, format!("{} {told}", key.name))
        }
        Err(error) => desk.failed(LIST, error),
    }
}

/// Ends somebody's session of the workspace.
pub(super) async fn end_session(
    desk: Desk,
    State(house): State<House>,
    Form(form): Form<SessionForm>,
) -> Result<Response, ApiError> {
    let ended = house.federation.end_admin_session(desk.admin(), &form.session_id).await?;
    let back = if form.key_id.is_empty() { LIST.to_owned() } else { path_of(&form.key_id) };
    if ended {
        desk.done(&back, desk.t("The session is over, at once.", "会话已立即结束。"))
    } else {
        desk.refused(&back, desk.t("That session was over already.", "该会话此前已经结束。"))
    }
}

fn path_of(key_id: &str) -> String {
    format!("{LIST}/{}", escaped(key_id))
}

/// How a key stands: the tone, and the words.
fn status(shell: &Shell, key: &AdminKeyRow, good: bool) -> (&'static str, &'static str) {
    match (key.revoked_at, good) {
        (Some(_), _) => ("bad", shell.t("revoked", "已撤销")),
        (None, true) => ("good", shell.t("active", "有效")),
        (None, false) => ("ask", shell.t("expired", "已过期")),
    }
}

fn role(shell: &Shell, role: Role) -> &'static str {
    match role {
        Role::Viewer => shell.t("viewer", "只读"),
        Role::Operator => shell.t("operator", "操作员"),
        Role::Owner => shell.t("owner", "所有者"),
    }
}

impl ListPage {
    fn status(&self, key: &AdminKeyRow, good: bool) -> (&'static str, &'static str) {
        status(&self.shell, key, good)
    }

    fn role(&self, of: Role) -> &'static str {
        role(&self.shell, of)
    }

    /// The roles with what each may.
    fn roles(&self) -> [(&'static str, &'static str); 3] {
        let t = |en, zh| self.shell.t(en, zh);
        [
            ("viewer", t("viewer: looks, changes nothing", "只读：仅可查看")),
            ("operator", t("operator: also settings, cities, people", "操作员：还可更改设置、城市、用户")),
            ("owner", t("owner: also keys and backups", "所有者：还可管理密钥与备份")),
        ]
    }

    fn lives(&self) -> [(&'static str, &'static str); 5] {
        let t = |en, zh| self.shell.t(en, zh);
        [
            ("1d", t("a day", "1 天")),
            ("30d", t("30 days", "30 天")),
            ("90d", t("90 days", "90 天")),
            ("365d", t("a year", "1 年")),
            ("", t("until it is revoked", "长期有效，直至撤销")),
        ]
    }

    fn name_of(&self, key_id: &str) -> String {
        let known = self.good.iter().find(|key| key.key_id == key_id);
        known.map_or(key_id, |key| key.name.as_str()).to_owned()
    }

    /// When a key ended, or will.
    fn end(&self, key: &AdminKeyRow) -> Option<Timestamp> {
        key.revoked_at.or(key.expires_at)
    }

    fn signing_status(&self, key: &KeyInfo) -> (&'static str, &'static str) {
        match key.status {
            "active" => ("good", self.shell.t("signs", "正在签名")),
            "next" => ("ask", self.shell.t("next", "即将启用")),
            _ => ("calm", self.shell.t("only checks", "仅用于验证")),
        }
    }

    /// The id of a field to confirm in.
    fn field(&self, index: usize) -> String {
        format!("confirm-{index}")
    }

    /// What is typed to take a signing key out.
    fn word(&self, kid: &str) -> String {
        super::signing::word(kid).to_owned()
    }
}

impl OnePage {
    fn status(&self) -> (&'static str, &'static str) {
        status(&self.shell, &self.key, self.good)
    }

    fn role(&self) -> &'static str {
        role(&self.shell, self.key.role)
    }

    fn reach(&self) -> Option<&str> {
        self.key.city_id.as_ref().map(CityId::as_str)
    }
}
