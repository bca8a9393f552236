//! The web workspace at `/admin`: pages on which admins keep the Federation.
//!
//! Rendered on the server, by the same stories that the API calls. Every page works without scripts. To add one:
//! a line in the table below (method, the weakest role, whether keys of one city may come, path, handler), a file
//! of its noun here, a template in `templates/workspace/` that extends `layout.html`, and a line in `shell::NAV`.
//!
//! The table is also the guard: [`guard::check`] stands before every handler named in it, finds the session, checks
//! role and reach, and lets no form in that is not our own. A handler takes the [`Desk`](desk::Desk), makes one call, and answers with
//! `desk.page(…)`, or after a change with `desk.done(…)`.

mod assets;
mod cookies;
mod desk;
mod entry;
mod guard;
pub(crate) mod look;
mod shell;
pub(crate) mod trouble;

mod agents;
mod attempts;
mod audit;
mod changes;
mod chart;
mod checks;
mod cities;
mod city;
mod city_fields;
mod city_remove;
mod city_token;
mod env;
mod env_history;
mod env_import;
mod history;
mod keys;
mod overview;
mod providers;
mod signing;
mod user;
mod user_merge;
mod users;

use crate::routes::House;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use downcity_service::core::Role;
use guard::{Needs, Reach};

macro_rules! workspace {
    ($($method:ident $role:ident $reach:ident $path:literal => $noun:ident::$handler:ident;)*) => {
        fn listed(house: &House) -> Router<House> {
            let guard = |role, reach| from_fn_with_state((house.clone(), Needs { role, reach }), guard::check);
            Router::new()
                $(.route($path, $method($noun::$handler).layer(guard(Role::$role, Reach::$reach))))*
        }

        /// The templates of [`listed`].
        const LISTED: &[&str] = &[$($path),*];

        /// Every page and form of the workspace for whoever is signed in: method, path, the weakest role, and whether keys of one city may come.
        #[cfg(feature = "openapi")]
        #[must_use]
        pub fn workspace_routes() -> Vec<(&'static str, &'static str, Role, bool)> {
            vec![$((stringify!($method), $path, Role::$role, matches!(Reach::$reach, Reach::City))),*]
        }
    };
}

// `City`: also for keys of one city, and the handler keeps to it; `Whole`: for keys of the whole Federation only.
workspace! {
    get  Viewer   City  "/admin" => overview::page;
    get  Viewer   City  "/admin/providers" => providers::page;
    post Operator City  "/admin/providers/switch" => providers::switch;
    get  Viewer   City  "/admin/cities" => cities::page;
    post Operator Whole "/admin/cities" => cities::create;
    get  Viewer   City  "/admin/cities/{city_id}" => city::page;
    post Operator City  "/admin/cities/{city_id}" => city::save;
    post Operator City  "/admin/cities/{city_id}/status" => city::status;
    post Operator City  "/admin/cities/{city_id}/provider" => city::switch;
    post Operator City  "/admin/cities/{city_id}/app" => city::set_app;
    post Operator City  "/admin/cities/{city_id}/app/remove" => city::remove_app;
    get  Viewer   City  "/admin/cities/{city_id}/token" => city_token::page;
    post Operator City  "/admin/cities/{city_id}/token" => city_token::issue;
    get  Viewer   Whole "/admin/cities/{city_id}/remove" => city_remove::page;
    post Operator Whole "/admin/cities/{city_id}/remove" => city_remove::remove;
    get  Viewer   Whole "/admin/checks" => checks::page;
    post Viewer   Whole "/admin/checks" => checks::run;
    get  Viewer   Whole "/admin/env" => env::page;
    get  Viewer   Whole "/admin/env/setting" => env::setting;
    get  Viewer   Whole "/admin/env/history" => env_history::page;
    post Operator Whole "/admin/env/set" => env::set;
    post Operator Whole "/admin/env/remove" => env::remove;
    get  Viewer   Whole "/admin/env/import" => env_import::page;
    post Operator Whole "/admin/env/preview" => env_import::preview;
    post Operator Whole "/admin/env/import" => env_import::import;
    get  Viewer   City  "/admin/users" => users::page;
    get  Viewer   City  "/admin/users/{user_id}" => user::page;
    post Operator Whole "/admin/users/{user_id}/status" => user::status;
    post Operator Whole "/admin/users/{user_id}/session" => user::end;
    post Operator Whole "/admin/users/{user_id}/delete" => user::delete;
    get  Viewer   Whole "/admin/users/{user_id}/merge" => user_merge::page;
    post Operator Whole "/admin/users/{user_id}/merge" => user_merge::merge;
    get  Viewer   City  "/admin/attempts" => attempts::page;
    get  Viewer   City  "/admin/attempts/{attempt_id}" => attempts::one;
    get  Viewer   City  "/admin/audit" => audit::page;
    get  Viewer   City  "/admin/audit/export" => audit::export;
    get  Viewer   Whole "/admin/keys" => keys::page;
    get  Viewer   Whole "/admin/keys/{key_id}" => keys::one;
    post Owner    Whole "/admin/keys/create" => keys::create;
    post Owner    Whole "/admin/keys/rotate" => keys::rotate;
    post Owner    Whole "/admin/keys/revoke" => keys::revoke;
    post Owner    Whole "/admin/keys/end-session" => keys::end_session;
    post Owner    Whole "/admin/keys/signing/rotate" => signing::rotate;
    post Owner    Whole "/admin/keys/signing/revoke" => signing::revoke;
    post Viewer   City  "/admin/sign-out" => entry::sign_out;
}

/// The workspace's routes, with those that need no session.
pub(crate) fn router(house: &House) -> Router<House> {
    listed(house)
        .route(HOME, get(entry::home))
        .route(SIGN_IN, get(entry::page).post(entry::sign_in))
        .route(LOOK, post(entry::look))
        .route(ASSET, get(assets::get))
}

const HOME: &str = "/admin/";
const SIGN_IN: &str = "/admin/sign-in";
const LOOK: &str = "/admin/look";
const ASSET: &str = "/admin/assets/{hash}/{name}";

/// The templates of all of them.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    LISTED.iter().copied().chain([HOME, SIGN_IN, LOOK, ASSET])
}

/// Whether an address belongs to the workspace.
pub(crate) fn is_ours(path: &str) -> bool {
    path.strip_prefix("/admin").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
