//! One user: who they are, how they sign in, where they are signed in, what happened; shut out, let in, removed.

use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use super::users::{LIST, at, label_of, providers};
use crate::error::ApiError;
use crate::extract::escaped;
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use downcity_service::core::{Session, Text, Timestamp};
use downcity_service::people::PeopleError;
use downcity_service::person::Person;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Template)]
#[template(path = "workspace/user.html")]
struct Page {
    shell: Shell,
    person: Person,
    /// The page's address.
    here: String,
    now: Timestamp,
    providers: Vec<(String, String)>,
}

impl Page {
    fn label<'a>(&'a self, id: &'a str) -> &'a str {
        if id == "token" {
            return self.shell.t("issued by hand", "手动签发");
        }
        label_of(&self.providers, id)
    }

    /// Their sign-in attempts.
    fn attempts(&self) -> String {
        format!("/admin/attempts?user={}", escaped(self.person.listed.user.user_id.as_str()))
    }

    fn is_live(&self, session: &Session) -> bool {
        session.is_live(self.now)
    }

    /// How a session is doing: how that looks, and in words.
    fn state(&self, session: &Session) -> (&'static str, &'static str) {
        match session.status(self.now) {
            "active" => ("good", self.shell.t("live", "有效")),
            "revoked" => ("calm", self.shell.t("ended", "已结束")),
            _ => ("calm", self.shell.t("expired", "已过期")),
        }
    }

    /// What happened, in words; the name of its kind where there are none.
    fn happened<'a>(&self, kind: &'a str) -> &'a str {
        HAPPENED.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, words)| self.shell.text(words))
    }

    /// What an event tells besides, field by field.
    fn details(&self, json: &str) -> Vec<(String, String)> {
        let fields: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
        let plain = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        fields.into_iter().map(|(name, value)| (name, plain(value))).collect()
    }

    fn by(&self, actor: &str) -> &'static str {
        match actor {
            "user" => self.shell.t("the user", "本人"),
            "system" => self.shell.t("the Federation", "系统"),
            _ => self.shell.t("an admin", "管理员"),
        }
    }
}

/// Kinds of events about a user.
static HAPPENED: &[(&str, Text)] = &[
    ("password.changed", Text::new("Password changed", "修改密码")),
    ("session.revoked", Text::new("Session ended", "结束会话")),
    ("user.deletion_cancelled", Text::new("Deletion called off", "取消注销")),
    ("user.deletion_requested", Text::new("Deletion asked for", "申请注销")),
    ("user.disabled", Text::new("Disabled", "停用")),
    ("user.email_changed", Text::new("E-mail address changed", "更换邮箱")),
    ("user.enabled", Text::new("Enabled", "启用")),
    ("user.linked", Text::new("Way in linked", "绑定登录方式")),
    ("user.merged", Text::new("Merged with another account", "合并账号")),
    ("user.moved_in", Text::new("Moved in from another system", "从其他系统迁入")),
    ("user.signed_in", Text::new("Signed in", "登录")),
    ("user.signed_out", Text::new("Signed out", "退出登录")),
    ("user.signed_up", Text::new("Signed up", "注册")),
    ("user.unlinked", Text::new("Way in removed", "解绑登录方式")),
    ("user.updated", Text::new("Profile changed", "修改资料")),
];

/// Shut out, or let in.
#[derive(Deserialize)]
pub(super) struct StatusForm {
    to: To,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum To {
    Disabled,
    Enabled,
}

/// A session to end.
#[derive(Deserialize)]
pub(super) struct SessionForm {
    session_id: String,
}

/// The user's id once more.
#[derive(Deserialize)]
pub(super) struct ConfirmForm {
    confirm: String,
}

/// What a user is called: their name, or their id.
pub(super) fn name_of(person: &Person) -> String {
    let user = &person.listed.user;
    user.display_name.clone().unwrap_or_else(|| user.user_id.to_string())
}

/// The page; for the key of a city with what happened there, if the user has been there.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let city = desk.admin().narrowed(None)?;
    let person = house.federation.person(&id, city.as_deref()).await?;
    let here = at(&id);
    let mut shell = desk.shell(LIST, name_of(&person)).under(LIST, desk.t("Users", "用户"));
    shell.path.clone_from(&here);
    let (now, providers) = (house.federation.now(), providers(&house, desk.look.lang)?);
    desk.page(&Page { shell, person, here, now, providers })
}

/// Shuts the user out, or lets them in again.
pub(super) async fn status(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<StatusForm>,
) -> Result<Response, ApiError> {
    let disabled = matches!(form.to, To::Disabled);
    if let Err(error) = house.federation.set_disabled(desk.admin(), &id, disabled).await {
        return desk.failed(LIST, error);
    }
    let said = if disabled {
        desk.t(
            "Disabled: every session is ended, and no way in opens any more.",
            "已停用：所有会话已结束，任何登录方式都无法登录。",
        )
    } else {
        desk.t("Enabled: they can sign in again.", "已启用：可以重新登录。")
    };
    desk.done(&at(&id), said)
}

/// Ends one session.
pub(super) async fn end(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<SessionForm>,
) -> Result<Response, ApiError> {
    match house.federation.end_session(desk.admin(), &form.session_id).await {
        Ok(()) => {
            let said = desk.t("The session is ended; its token is refused.", "会话已结束，其令牌不再有效。");
            desk.done(&at(&id), said)
        }
        Err(PeopleError::UnknownSession) => {
            desk.refused(&at(&id), desk.t("That session was over already.", "该会话已经结束。"))
        }
        Err(error) => desk.failed(&at(&id), error),
    }
}

/// Removes the user for good, if their id was typed.
pub(super) async fn delete(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, ApiError> {
    if form.confirm.trim() != id {
        return desk.refused(&at(&id), super::city::other_word(&desk));
    }
    match house.federation.delete_user(desk.admin(), &id).await {
        Ok(()) => desk.done(LIST, format!("{id} {}", desk.t("is removed.", "已删除。"))),
        Err(error) => desk.failed(LIST, error),
    }
}
