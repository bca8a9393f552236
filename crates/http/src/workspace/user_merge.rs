//! Two users who turned out to be one person: what would move is looked at first, then the id of the one who goes is
//! typed.

use super::desk::Desk;
use super::guard::Form;
use super::shell::Shell;
use super::user::name_of;
use super::users::{LIST, at, label_of, providers};
use crate::error::{ApiError, Code};
use crate::extract::{Query, escaped};
use crate::routes::House;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use downcity_service::people::PeopleError;
use downcity_service::person::Person;
use downcity_service::rows::Merged;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "workspace/user_merge.html")]
struct Page {
    shell: Shell,
    /// Who stays, and their page.
    into: Person,
    here: String,
    /// What was typed for the one who goes.
    typed: String,
    problem: Option<&'static str>,
    preview: Option<Preview>,
    providers: Vec<(String, String)>,
}

/// Who would go, and what would move.
struct Preview {
    from: Person,
    there: String,
    merged: Merged,
}

impl Page {
    fn label<'a>(&'a self, id: &'a str) -> &'a str {
        label_of(&self.providers, id)
    }

    fn name<'a>(&self, person: &'a Person) -> &'a str {
        let user = &person.listed.user;
        user.display_name.as_deref().unwrap_or(user.user_id.as_str())
    }

    /// The way to merge them the other way round.
    fn reversed(&self, preview: &Preview) -> String {
        format!("{}/merge?from={}", preview.there, escaped(self.into.listed.user.user_id.as_str()))
    }

    /// Whether both have one, where only one can stay.
    fn clash(&self, preview: &Preview, what: &str) -> bool {
        preview.merged.conflicts.contains(&what)
    }
}

/// The one who goes.
#[derive(Deserialize)]
pub(super) struct With {
    from: Option<String>,
}

/// The one who goes, and their id once more.
#[derive(Deserialize)]
pub(super) struct MergeForm {
    from: String,
    confirm: String,
}

/// The form for the other id; with one, what would move.
pub(super) async fn page(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Query(query): Query<With>,
) -> Result<Response, ApiError> {
    let into = house.federation.person(&id, None).await?;
    let typed = query.from.unwrap_or_default().trim().to_owned();
    let (preview, problem) = match typed.as_str() {
        "" => (None, None),
        from => match look(&desk, &house, from, &id).await {
            Ok(preview) => (Some(preview), None),
            Err(error) => (None, Some(problem(&desk, error)?)),
        },
    };
    let here = at(&id);
    let title = desk.t("Merge another account into this one", "将另一个账号合并到此账号");
    let mut shell = desk.shell(LIST, title).under(LIST, desk.t("Users", "用户"));
    shell = shell.under(here.clone(), name_of(&into));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let providers = providers(&house, desk.look.lang)?;
    desk.page_with(status, &Page { shell, into, here, typed, problem, preview, providers })
}

/// Makes the two one, if the id of the one who goes was typed.
pub(super) async fn merge(
    desk: Desk,
    State(house): State<House>,
    Path(id): Path<String>,
    Form(form): Form<MergeForm>,
) -> Result<Response, ApiError> {
    let from = form.from.trim();
    let back = format!("{}/merge?from={}", at(&id), escaped(from));
    if form.confirm.trim() != from {
        return desk.refused(&back, super::city::other_word(&desk));
    }
    match house.federation.merge_users(desk.admin(), from, &id, false).await {
        Ok(_) => desk.done(&at(&id), desk.t("The two are one account now.", "两个账号已合并。")),
        Err(error) => desk.failed(&back, error),
    }
}

async fn look(desk: &Desk, house: &House, from: &str, into: &str) -> Result<Preview, PeopleError> {
    let merged = house.federation.merge_users(desk.admin(), from, into, true).await?;
    let from = house.federation.person(from, None).await?;
    Ok(Preview { there: at(from.listed.user.user_id.as_str()), from, merged })
}

/// What is wrong with the other id, or why nothing can be told.
fn problem(desk: &Desk, error: PeopleError) -> Result<&'static str, ApiError> {
    match error {
        PeopleError::UnknownUser => Ok(Code::UnknownUser.text().get(desk.look.lang)),
        PeopleError::BadField { field: "into", .. } => {
            Ok(desk.t("That is this very account.", "这就是当前账号本身。"))
        }
        PeopleError::BadField { .. } => Ok(desk.t("That is no user's id.", "这不是用户 ID。")),
        error => Err(error.into()),
    }
}
