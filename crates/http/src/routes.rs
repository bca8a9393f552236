//! All routes on one screen.

use crate::admission::Places;
use crate::hallway::App;
use crate::meter::{self, Meters};
use crate::trace::Adopt;
use crate::{error, federation, workspace};
use axum::Router;
use axum::routing::{get, post};
use downcity_service::Federation;
use ipnet::IpNet;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;

/// What the door opens on.
pub struct Door {
    /// The Federation behind it.
    pub federation: Arc<Federation>,
    /// Peers whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What can be reached through it.
    pub serves: Serves,
    /// Takes over the trace that a caller names; absent where callers are not trusted with that.
    pub adopt: Option<Adopt>,
}

/// What can be reached through a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// The API, people's pages and the web workspace.
    Everything,
    /// All but the web workspace, which has a door of its own.
    AllButWorkspace,
    /// The web workspace alone.
    WorkspaceAlone,
    /// The metrics alone, to whoever reaches this door.
    MetricsAlone,
}

/// What every handler can reach. One counter of references, since every request takes some and all cores write it.
#[derive(Clone)]
pub(crate) struct House(Arc<Rooms>);

/// What is in the house.
pub(crate) struct Rooms {
    pub(crate) federation: Arc<Federation>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Whether people reach us by https, so that cookies and transport security can insist on it.
    pub(crate) secure: bool,
    /// For the requests that are worked on.
    pub(crate) places: Places,
    pub(crate) meters: Meters,
    pub(crate) adopt: Option<Adopt>,
    serves: Serves,
}

impl Rooms {
    /// Whether the web workspace is behind this door.
    pub(crate) fn has_workspace(&self) -> bool {
        matches!(self.serves, Serves::Everything | Serves::WorkspaceAlone)
    }

    /// Whether the workspace's cookies can insist on https. Behind a door of its own it may also be reached as this
    /// machine itself, through a tunnel; a cookie for that host never leaves the machine.
    pub(crate) fn secure_workspace(&self, host: Option<&str>) -> bool {
        match self.serves {
            Serves::WorkspaceAlone => !host.is_some_and(is_this_machine),
            _ => self.secure,
        }
    }
}

/// Whether a `Host` names the machine that the browser runs on.
fn is_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name == "[::1]" || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

impl Deref for House {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.0
    }
}

/// Makes the router from the list and, where the OpenAPI document is made, the document from the same list.
macro_rules! routes {
    ($($method:ident $path:literal => $noun:ident::$handler:ident;)*) => {
        fn listed() -> Router<House> {
            Router::new()$(.route($path, $method(crate::$noun::$handler)))*
        }

        const LIST: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        /// Every route with its documentation.
        #[cfg(feature = "openapi")]
        pub(crate) fn documented() -> utoipa_axum::router::OpenApiRouter<House> {
            utoipa_axum::router::OpenApiRouter::with_openapi(crate::openapi::head())
                $(.routes(utoipa_axum::routes!(crate::$noun::$handler)))*
        }
    };
}

/// Pages for people, and the forms on them. They ask nobody for a bearer, and no other origin may read them.
pub(crate) const PAGES: &[&str] = &[
    "/v1/accounts/oauth/callback",
    "/v1/accounts/oauth/outcome",
    "/v1/accounts/oauth/confirm",
    "/v1/accounts/email/open",
    "/v1/accounts/email/confirm",
    "/v1/accounts/email/reset",
    "/v1/accounts/email/change/confirm",
    "/v1/accounts/email/enter",
    "/v1/accounts/email/end-session",
];
/// What the doctor asks for from outside, to see where it gets to.
pub(crate) const ECHO: &str = "/v1/federation/echo";

routes! {
    // accounts
    get "/v1/accounts/providers" => accounts::providers;
    post "/v1/accounts/oauth/start" => accounts::oauth_start;
    get "/v1/accounts/oauth/callback" => browser::oauth_callback;
    post "/v1/accounts/oauth/callback" => browser::oauth_callback_posted;
    get "/v1/accounts/oauth/outcome" => browser::oauth_outcome;
    post "/v1/accounts/oauth/confirm" => browser::oauth_confirm;
    get "/v1/accounts/oauth/result" => accounts::oauth_result;
    get "/v1/accounts/oauth/events" => accounts::oauth_events;
    get "/v1/accounts/me" => accounts::me;
    post "/v1/accounts/logout" => accounts::logout;
    post "/v1/accounts/token/refresh" => token::refresh;
    post "/v1/accounts/token/introspect" => token::introspect;
    // accounts: e-mail
    post "/v1/accounts/register" => email::register;
    post "/v1/accounts/verify-email" => email::verify_email;
    post "/v1/accounts/login" => email::login;
    post "/v1/accounts/password/forgot" => email::forgot;
    post "/v1/accounts/password/reset" => email::reset;
    post "/v1/accounts/password/change" => email::change;
    post "/v1/accounts/email/change" => email::change_address;
    get "/v1/accounts/email/open" => mailed::open;
    post "/v1/accounts/email/confirm" => mailed::confirm;
    post "/v1/accounts/email/reset" => mailed::reset;
    post "/v1/accounts/email/change/confirm" => mailed::change;
    post "/v1/accounts/email/enter" => mailed::enter;
    post "/v1/accounts/email/end-session" => mailed::end_session;
    post "/v1/accounts/email/start" => steps::email_start;
    post "/v1/accounts/email/finish" => steps::email_finish;
    // accounts: in steps
    post "/v1/accounts/login/start" => steps::login_start;
    post "/v1/accounts/login/continue" => steps::login_continue;
    get "/v1/accounts/login/result" => steps::login_result;
    post "/v1/accounts/local/login" => steps::local_login;
    // accounts: one's own
    get "/v1/accounts/sessions/mine" => own::sessions;
    post "/v1/accounts/sessions/revoke" => own::revoke;
    post "/v1/accounts/sessions/revoke-others" => own::revoke_others;
    get "/v1/accounts/identities" => own::identities;
    post "/v1/accounts/identities/link" => own::link;
    post "/v1/accounts/identities/unlink" => own::unlink;
    post "/v1/accounts/profile/update" => own::edit;
    get "/v1/accounts/export" => own::export;
    post "/v1/accounts/delete" => own::delete;
    // accounts: people (admin)
    get "/v1/accounts/attempts" => attempts::list;
    get "/v1/accounts/users" => people::users;
    get "/v1/accounts/sessions" => people::sessions;
    get "/v1/accounts/events" => people::events;
    get "/v1/accounts/users/one" => people::one;
    post "/v1/accounts/users/disable" => people::disable;
    post "/v1/accounts/users/enable" => people::enable;
    post "/v1/accounts/users/delete" => people::delete;
    post "/v1/accounts/users/merge" => people::merge;
    post "/v1/accounts/sessions/admin-revoke" => people::revoke;
    // cities (admin)
    get "/v1/cities/list" => cities::list;
    post "/v1/cities/create" => cities::create;
    post "/v1/cities/update" => cities::update;
    post "/v1/cities/pause" => cities::pause;
    post "/v1/cities/activate" => cities::activate;
    post "/v1/cities/remove" => cities::remove;
    post "/v1/cities/tokens/apply" => cities::tokens_apply;
    get "/v1/cities/env/list" => env::city_list;
    post "/v1/cities/env/upsert" => env::city_upsert;
    post "/v1/cities/env/remove" => env::city_remove;
    // env (admin)
    get "/v1/env/list" => env::list;
    get "/v1/env/catalog" => env::catalog;
    post "/v1/env/upsert" => env::upsert;
    post "/v1/env/remove" => env::remove;
    post "/v1/env/import" => env::import;
    post "/v1/env/refresh" => env::refresh;
    // providers (admin)
    get "/v1/providers/list" => providers::list;
    post "/v1/providers/disable" => providers::disable;
    post "/v1/providers/enable" => providers::enable;
    // webhooks (admin)
    get "/v1/webhooks/list" => webhooks::list;
    post "/v1/webhooks/create" => webhooks::create;
    post "/v1/webhooks/remove" => webhooks::remove;
    post "/v1/webhooks/enable" => webhooks::enable;
    post "/v1/webhooks/test" => webhooks::test;
    get "/v1/webhooks/deliveries" => webhooks::deliveries;
    post "/v1/webhooks/replay" => webhooks::replay;
    // who keeps the Federation, and what they did (admin)
    get "/v1/admin-keys/list" => admin_keys::list;
    post "/v1/admin-keys/create" => admin_keys::create;
    post "/v1/admin-keys/rotate" => admin_keys::rotate;
    post "/v1/admin-keys/revoke" => admin_keys::revoke;
    get "/v1/admin-keys/sessions" => admin_keys::sessions;
    post "/v1/admin-keys/sessions/end" => admin_keys::end_session;
    get "/v1/audit/list" => audit::list;
    get "/v1/audit/export" => audit::export;
    // the Federation itself
    get "/v1/services" => federation::services;
    get "/v1/federation/instruction" => federation::instruction;
    get "/v1/federation/echo" => doctor::echo;
    get "/v1/federation/doctor" => doctor::doctor;
    get "/v1/federation/overview" => overview::overview;
    get "/v1/federation/keys/list" => keys::list;
    post "/v1/federation/keys/rotate" => keys::rotate;
    post "/v1/federation/keys/revoke" => keys::revoke;
    get "/v1/federation/backup" => secrets::backup;
    get "/v1/federation/master-key" => secrets::master_key;
    post "/v1/federation/master-key/rotate" => secrets::rotate;
    get "/health" => federation::health;
    get "/ready" => federation::ready;
    get "/.well-known/jwks.json" => federation::jwks;
    get "/.well-known/downcity.json" => federation::about;
}

const OPENAPI: &str = "/openapi.json";
const METRICS: &str = "/metrics";

/// The template of every route.
fn templates() -> impl Iterator<Item = &'static str> {
    LIST.iter().map(|(_, path)| *path).chain(workspace::paths()).chain([OPENAPI, METRICS])
}

/// The whole service, to be given to [`Listening`](crate::Listening).
#[must_use]
pub fn app(door: Door) -> App {
    let house = House(Arc::new(Rooms {
        secure: door.federation.settings().public_url.scheme() == "https",
        federation: door.federation,
        trusted_proxies: door.trusted_proxies,
        places: Places::default(),
        meters: Meters::new(templates()),
        adopt: door.adopt,
        serves: door.serves,
    }));
    let api =
        || listed().route(OPENAPI, get(federation::openapi)).route(METRICS, get(meter::metrics_for_admins));
    let router = match door.serves {
        Serves::Everything => api().merge(workspace::router(&house)),
        Serves::AllButWorkspace => api(),
        Serves::WorkspaceAlone => workspace::router(&house),
        Serves::MetricsAlone => Router::new().route(METRICS, get(meter::metrics)),
    };
    let router = router
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::wrong_method)
        .with_state(house.clone());
    App::new(house, router)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_says_the_same_as_the_handlers_documentation() {
        let api = documented().into_openapi();
        let documented = api.paths.paths.iter().flat_map(|(path, item)| {
            let methods =
                [("get", &item.get), ("post", &item.post), ("put", &item.put), ("delete", &item.delete)];
            methods
                .into_iter()
                .filter(|(_, there)| there.is_some())
                .map(|(method, _)| (method, path.as_str()))
        });
        assert_eq!(documented.collect::<BTreeSet<_>>(), LIST.iter().copied().collect());
    }

    #[test]
    fn pages_are_what_is_documented_for_browsers() {
        let api = documented().into_openapi();
        let tagged = api.paths.paths.iter().filter(|(_, item)| {
            let operations = [&item.get, &item.post].into_iter().flatten();
            operations.flat_map(|operation| operation.tags.iter().flatten()).any(|tag| tag == "browser")
        });
        let tagged: BTreeSet<_> = tagged.map(|(path, _)| path.as_str()).collect();
        assert_eq!(tagged, PAGES.iter().copied().collect());
    }
}
