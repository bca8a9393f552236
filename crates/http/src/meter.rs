//! Counts answers by the template of their route, never by the path that somebody typed. The handles are found by
//! the path without making anything; a route costs memory only once it was asked for.

use crate::routes::House;
use crate::workspace;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use downcity_service::metrics::{Metrics, RouteMeter};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

/// The route of whatever has none.
const UNKNOWN: &str = "unknown";
/// What Prometheus is told that this is: OpenMetrics 1.0.0.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Default)]
struct Slot(OnceLock<RouteMeter>);

/// The meters of a door.
pub(crate) struct Meters {
    plain: HashMap<&'static str, Slot>,
    /// Those with a `{name}` in their path.
    open: Vec<(&'static str, Slot)>,
    unknown: Slot,
}

impl Meters {
    /// For these templates.
    pub(crate) fn new(templates: impl Iterator<Item = &'static str>) -> Self {
        let (open, plain): (Vec<_>, Vec<_>) = templates.partition(|template| template.contains('{'));
        let slot = |template| (template, Slot::default());
        Self {
            plain: plain.into_iter().map(slot).collect(),
            open: open.into_iter().map(slot).collect(),
            unknown: Slot::default(),
        }
    }

    /// Counts one answer.
    pub(crate) fn answered(&self, metrics: &Metrics, path: &str, status: StatusCode, took: Duration) {
        let (route, slot) = self.of(path);
        slot.0.get_or_init(|| metrics.route(route)).answered(status.as_u16() / 100, took);
    }

    /// The template of a path's route.
    pub(crate) fn route(&self, path: &str) -> &'static str {
        self.of(path).0
    }

    fn of(&self, path: &str) -> (&'static str, &Slot) {
        if let Some((route, slot)) = self.plain.get_key_value(path) {
            return (route, slot);
        }
        let open = self.open.iter().filter(|_| workspace::is_ours(path));
        let mut open = open.filter(|(template, _)| fits(template, path));
        open.next().map_or((UNKNOWN, &self.unknown), |(route, slot)| (route, slot))
    }
}

/// Whether a path is one of a template's.
fn fits(template: &str, path: &str) -> bool {
    let (mut parts, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || part.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// Everything that is measured, for Prometheus.
pub(crate) async fn metrics(State(house): State<House>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPENMETRICS)], house.federation.metrics_text().await)
}

/// The same, for any admin of the whole Federation.
pub(crate) async fn metrics_for_admins(
    _admin: crate::caller::AdminOnly,
    house: State<House>,
) -> impl IntoResponse {
    metrics(house).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_counted_by_their_templates() {
        let templates = ["/v1/a", "/admin/users", "/admin/users/{user_id}", "/admin/users/{user_id}/merge"];
        let meters = Meters::new(templates.into_iter());
        for (path, route) in [
            ("/v1/a", "/v1/a"),
            ("/v1/a/", UNKNOWN),
            ("/v1/secret", UNKNOWN),
            ("/admin/users", "/admin/users"),
            ("/admin/users/u_1", "/admin/users/{user_id}"),
            ("/admin/users/", UNKNOWN),
            ("/admin/users/u_1/merge", "/admin/users/{user_id}/merge"),
            ("/admin/users/u_1/other", UNKNOWN),
        ] {
            assert_eq!(meters.of(path).0, route, "{path}");
        }
    }
}
