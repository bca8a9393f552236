//! federation/doctor: the Federation looks itself over. For admins.

use crate::caller::AdminOnly;
use crate::client::{self, Peer, Prefers, sender};
use crate::error::{ApiError, Code};
use crate::extract::Query;
use crate::json::Json;
use crate::routes::House;
use crate::wire::doctor::{DoctorQuery, DoctorReport, Echo, EchoQuery};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use downcity_service::doctor::UnknownCheck;

impl From<UnknownCheck> for ApiError {
    fn from(error: UnknownCheck) -> Self {
        Self::field("only", format!("must be one of {}, or one of their checks", error.known.join(", ")))
    }
}

/// Tells the doctor of this very Federation how a request of its own arrived, over the public address and whatever
/// proxies stand before it. Nobody else has a ticket.
#[utoipa::path(get, path = "/v1/federation/echo", operation_id = "federation_echo", tag = "federation",
    params(EchoQuery),
    responses((status = 200, body = Echo)))]
pub(crate) async fn echo(
    State(house): State<House>,
    client::From(client): client::From,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Query(query): Query<EchoQuery>,
) -> Result<Json<Echo>, ApiError> {
    let proof = house.federation.echo(&query.ticket).ok_or_else(|| ApiError::of(Code::UnknownTicket))?;
    let (_, from_trusted_proxy) = sender(Some(peer), &headers, &house.trusted_proxies);
    Ok(Json(Echo {
        proof: proof.reveal().to_owned(),
        host: client.host,
        network: client.network.to_string(),
        peer: peer.0.ip().to_canonical().to_string(),
        from_trusted_proxy,
        names_sender: headers.contains_key("x-forwarded-for"),
    }))
}

/// Looks the Federation over: the providers, the public address, the database, the keys, mail and webhooks. Nobody is
/// signed in, no mail and no event is sent, no setting changed. There is one run at a time, and a report of the last
/// five seconds is told again; an answer can take some 30 seconds. Texts are in the language of `Accept-Language`.
#[utoipa::path(get, path = "/v1/federation/doctor", operation_id = "federation_doctor", tag = "federation", security(("admin_key" = [])),
    params(DoctorQuery),
    responses((status = 200, body = DoctorReport)))]
pub(crate) async fn doctor(
    _admin: AdminOnly,
    State(house): State<House>,
    Prefers(lang): Prefers,
    Query(query): Query<DoctorQuery>,
) -> Result<Json<DoctorReport>, ApiError> {
    let report = house.federation.check(query.only.as_deref()).await?;
    Ok(Json(DoctorReport::new(&report, lang.unwrap_or_default())))
}
