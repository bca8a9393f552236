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
    use utoipa::openapi::header::HeaderBuilder;
    use utoipa::openapi::path::Operation;
    use utoipa::openapi::schema::Type;
    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
    use utoipa::openapi::{
        Content, ContentBuilder, InfoBuilder, LicenseBuilder, Object, OpenApi, OpenApiBuilder, Ref, RefOr,
        Response, ResponseBuilder,
    };

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

    /// Adds how callers show who they are, and what any call may be answered.
    fn finish(api: &OpenApi) -> OpenApi {
        let mut api = api.clone();
        let operations = api.paths.paths.iter_mut().filter(|(path, _)| *path != "/health");
        for (_, item) in operations {
            [&mut item.get, &mut item.post].into_iter().flatten().for_each(refusals);
        }
        let bearer = |format: &str, what: &str| {
            let http = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format(format)
                .description(Some(what));
            SecurityScheme::Http(http.build())
        };
        let components = api.components.get_or_insert_with(Default::default);
        for (_, name, what) in COME_AGAIN {
            components.responses.insert(name.to_owned(), come_again(what).into());
        }
        components.add_security_scheme("user_token", bearer("ub_<JWT>", "A user_token."));
        components.add_security_scheme("admin_key", bearer("ak_…", "An admin key."));
        api
    }

    /// Answers that tell when to come again, by their names in the document.
    const COME_AGAIN: [(&str, &str, &str); 2] = [
        ("429", "TooManyTries", "Too many tries: come again as soon as Retry-After says"),
        ("503", "NotNow", "It can't be answered now: come again as soon as Retry-After says"),
    ];

    fn error_body() -> Content {
        ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build()
    }

    /// An answer with the time to wait.
    fn come_again(what: &str) -> Response {
        let wait = HeaderBuilder::new()
            .description(Some("Seconds to wait before another try."))
            .schema(Some(Object::with_type(Type::Integer)))
            .build();
        let response = ResponseBuilder::new().description(what).header("Retry-After", wait);
        response.content("application/json", error_body()).build()
    }

    /// What the hallway answers before a handler is asked: the shape of all errors, also where a handler makes pages.
    fn refusals(operation: &mut Operation) {
        let all = &mut operation.responses.responses;
        for (status, what) in [("4XX", "The request was refused"), ("5XX", "It could not be answered")] {
            let response = all.entry(status.to_owned());
            let response = response.or_insert_with(|| ResponseBuilder::new().description(what).into());
            if let RefOr::T(response) = response {
                let json = response.content.entry("application/json".to_owned());
                json.or_insert_with(|| error_body().into());
            }
        }
        for (status, name, _) in COME_AGAIN {
            let told = Ref::new(format!("#/components/responses/{name}"));
            all.entry(status.to_owned()).or_insert_with(|| told.into());
        }
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
