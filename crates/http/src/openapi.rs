//! The OpenAPI document: made from the routes, checked in as `docs/openapi.json`, served at `/openapi.json` as it
//! is checked in. Only tests make it, so the server carries no code for that.

/// The document as it is served.
pub(crate) const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

#[cfg(feature = "openapi")]
pub(crate) use made::head;
#[cfg(feature = "openapi")]
pub use made::openapi_json;

#[cfg(feature = "openapi")]
mod made {
    use crate::routes::documented;
    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
    use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

    /// What stands above the routes.
    pub(crate) fn head() -> OpenApi {
        let licence =
            LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
        let info = InfoBuilder::new()
            .title("Downcity Federation")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some("Sign-in, sessions, cities and settings of a Downcity Federation."))
            .license(Some(licence))
            .build();
        OpenApiBuilder::new().info(info).build()
    }

    /// Adds how callers show who they are.
    fn finish(api: &OpenApi) -> OpenApi {
        let mut api = api.clone();
        let bearer = |format: &str, what: &str| {
            let http = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format(format)
                .description(Some(what));
            SecurityScheme::Http(http.build())
        };
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("user_token", bearer("ub_<JWT>", "A user_token."));
        components.add_security_scheme("admin_key", bearer("ak_…", "An admin key."));
        api
    }

    /// The document as it is checked in.
    #[must_use]
    pub fn openapi_json() -> String {
        let (_, api) = documented().split_for_parts();
        let mut text = finish(&api).to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    }
}
