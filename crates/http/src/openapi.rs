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
    use std::collections::BTreeMap;
    use utoipa::openapi::header::HeaderBuilder;
    use utoipa::openapi::path::Operation;
    use utoipa::openapi::schema::Type;
    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
    use utoipa::openapi::{
        Content, ContentBuilder, InfoBuilder, LicenseBuilder, Object, OpenApi, OpenApiBuilder, Ref, RefOr,
        Response, ResponseBuilder, Schema,
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
        let components = api.components.get_or_insert_with(Default::default);
        for (path, item) in &mut api.paths.paths {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                if path != "/health" {
                    refusals(operation);
                }
                describe(operation, &components.schemas);
            }
        }
        let bearer = |format: &str, what: &str| {
            let http = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format(format)
                .description(Some(what));
            SecurityScheme::Http(http.build())
        };
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
        for status in ["4XX", "5XX"] {
            let response = all.entry(status.to_owned()).or_insert_with(|| Response::default().into());
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

    /// Says of every answer what it is, as OpenAPI asks for: what its schema says, where there is one.
    fn describe(operation: &mut Operation, schemas: &BTreeMap<String, RefOr<Schema>>) {
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            if !response.description.is_empty() {
                continue;
            }
            let told = match (status.as_str(), response.content.values().next()) {
                ("4XX", _) => Some("The request was refused.".to_owned()),
                ("503" | "5XX", _) => Some("It could not be answered.".to_owned()),
                (_, Some(content)) => match content {
                    RefOr::T(content) => content.schema.as_ref().and_then(|schema| meaning(schema, schemas)),
                    RefOr::Ref(_) => None,
                },
                _ => None,
            };
            response.description = told.unwrap_or_default();
        }
    }

    /// What a schema says of itself.
    fn meaning(schema: &RefOr<Schema>, schemas: &BTreeMap<String, RefOr<Schema>>) -> Option<String> {
        match schema {
            RefOr::Ref(to) => {
                let (_, name) = to.ref_location.rsplit_once('/')?;
                meaning(schemas.get(name)?, schemas)
            }
            RefOr::T(schema) => {
                serde_json::to_value(schema).ok()?.get("description")?.as_str().map(str::to_owned)
            }
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
