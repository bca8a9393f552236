//! The fields of a city's form: as it stands or as they were typed, and what is wrong with each.

use downcity_service::cities::CityChange;
use downcity_service::city_view::{
    bad_origins, bad_redirects, city_id_problem, length_problem, name_problem,
};
use downcity_service::core::{City, Lang, Text};
use serde::Deserialize;

/// What a form sends. A city that stands keeps its id, so its form has none.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    city_id: String,
    name: String,
    #[serde(default)]
    origins: String,
    #[serde(default)]
    redirects: String,
    confirm: String,
}

/// What is wrong with a field, or with one entry of it.
pub(super) struct Problem {
    field: &'static str,
    pub(super) entry: Option<String>,
    pub(super) why: &'static str,
}

/// The fields of a form.
pub(super) struct Fields {
    pub(super) city_id: String,
    pub(super) name: String,
    pub(super) origins: String,
    pub(super) redirects: String,
    pub(super) confirm: String,
    pub(super) problems: Vec<Problem>,
}

impl Fields {
    /// Of a new city.
    pub(super) fn empty() -> Self {
        Self {
            city_id: String::new(),
            name: String::new(),
            origins: String::new(),
            redirects: String::new(),
            confirm: "auto".to_owned(),
            problems: Vec::new(),
        }
    }

    /// Of a city as it stands.
    pub(super) fn of(city: &City) -> Self {
        Self {
            name: city.name.clone(),
            origins: city.allowed_origins.join("\n"),
            redirects: city.allowed_redirects.join("\n"),
            confirm: city.confirm.as_str().to_owned(),
            ..Self::empty()
        }
    }

    /// As they were typed, with everything that is wrong.
    pub(super) fn typed(typed: Typed, lang: Lang) -> Self {
        let Typed { city_id, name, origins, redirects, confirm } = typed;
        let (listed_origins, listed_redirects) = (lines(&origins), lines(&redirects));
        let mut problems = Vec::new();
        let mut note = |field: &'static str, entry: Option<String>, why: Text| {
            problems.push(Problem { field, entry, why: why.get(lang) });
        };
        let city_id = city_id.trim().to_owned();
        if let Some(why) = city_id_problem(&city_id).filter(|_| !city_id.is_empty()) {
            note("city_id", None, why);
        }
        if let Some(why) = name_problem(&name) {
            note("name", None, why);
        }
        for (field, entries, bad) in [
            ("origins", &listed_origins, bad_origins(&listed_origins)),
            ("redirects", &listed_redirects, bad_redirects(&listed_redirects)),
        ] {
            for (entry, why) in bad {
                note(field, Some(entry), why);
            }
            if let Some(why) = length_problem(entries) {
                note(field, None, why);
            }
        }
        Self { city_id, name, origins, redirects, confirm, problems }
    }

    /// With one more problem.
    pub(super) fn wrong(mut self, field: &'static str, why: &'static str) -> Self {
        self.problems.push(Problem { field, entry: None, why });
        self
    }

    /// The wish that they tell.
    pub(super) fn change(&self) -> CityChange {
        CityChange {
            name: Some(self.name.clone()),
            allowed_origins: Some(lines(&self.origins)),
            allowed_redirects: Some(lines(&self.redirects)),
            confirm: Some(self.confirm.clone()),
        }
    }

    /// Whether a field can't stay empty.
    pub(super) fn is_required(&self, field: &str) -> bool {
        field == "name"
    }

    /// What is wrong with one field.
    pub(super) fn about(&self, field: &str) -> Vec<&Problem> {
        self.problems.iter().filter(|problem| problem.field == field).collect()
    }
}

/// One entry a line. White space round it and empty lines don't count.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
