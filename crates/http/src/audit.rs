//! audit: what admins did. For admins; the key of a city sees what is about that city.

use crate::caller::CityAdmin;
use crate::error::ApiError;
use crate::extract::Query;
use crate::json::Json;
use crate::routes::House;
use crate::wire::audit::{AuditItem, AuditList, AuditListQuery};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use downcity_service::Federation;
use downcity_service::audit::AuditListing;
use downcity_service::people::{Paged, PeopleError};
use downcity_service::rows::Audit;
use futures::stream;
use std::io;
use std::sync::Arc;

/// Entries that an export reads at once.
const AT_ONCE: i64 = 200;

fn narrowed(admin: CityAdmin, listing: AuditListing) -> Result<AuditListing, ApiError> {
    Ok(AuditListing { city_id: admin.narrowed(listing.city_id.clone())?, ..listing })
}

/// What admins did, newest first: who, when, from where, and what stood there before and after.
#[utoipa::path(get, path = "/v1/audit/list", operation_id = "audit_list", tag = "audit", security(("admin_key" = [])),
    params(AuditListQuery),
    responses((status = 200, body = AuditList)))]
pub(crate) async fn list(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<AuditListQuery>,
) -> Result<Json<AuditList>, ApiError> {
    let listing = narrowed(admin, query.listing()?)?;
    Ok(Json(AuditList::from(house.federation.list_audit(&listing).await?)))
}

/// The same as a file: one entry a line, each a JSON object as in the list.
#[utoipa::path(get, path = "/v1/audit/export", operation_id = "audit_export", tag = "audit", security(("admin_key" = [])),
    params(AuditListQuery),
    responses((status = 200, description = "An entry a line, newest first.", content_type = "application/x-ndjson", body = String)))]
pub(crate) async fn export(
    admin: CityAdmin,
    State(house): State<House>,
    Query(query): Query<AuditListQuery>,
) -> Result<impl IntoResponse, ApiError> {
    exported(&house.federation, narrowed(admin, query.listing()?)?).await
}

/// All entries that fit as a file, one a line.
pub(crate) async fn exported(
    federation: &Arc<Federation>,
    listing: AuditListing,
) -> Result<impl IntoResponse + use<>, ApiError> {
    let listing = AuditListing { limit: Some(AT_ONCE), ..listing };
    // The first page now, so that a bad query is answered by a status.
    let first = federation.list_audit(&listing).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
    ];
    Ok((headers, Body::from_stream(lines(Arc::clone(federation), listing, first))))
}

/// Page after page, each read when the client has taken the one before.
fn lines(
    federation: Arc<Federation>,
    listing: AuditListing,
    first: Paged<Audit>,
) -> impl futures::Stream<Item = Result<Bytes, io::Error>> {
    stream::try_unfold((Some(Ok(first)), listing), move |(page, listing)| {
        let federation = Arc::clone(&federation);
        async move {
            let Some(page) = page else { return Ok(None) };
            let page: Paged<Audit> = page.map_err(|why: PeopleError| io::Error::other(why.to_string()))?;
            let text = written(page.items)?;
            let listing = AuditListing { cursor: page.next.clone(), ..listing };
            let next = match page.next {
                Some(_) => Some(federation.list_audit(&listing).await),
                None => None,
            };
            Ok(Some((text, (next, listing))))
        }
    })
}

fn written(entries: Vec<Audit>) -> io::Result<Bytes> {
    let mut text = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut text, &AuditItem::from(entry))?;
        text.push(b'\n');
    }
    Ok(Bytes::from(text))
}
