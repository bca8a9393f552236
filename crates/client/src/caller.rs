//! The one place where requests are sent and answers read.

use crate::{ApiError, Error, Federation};
use reqwest::{RequestBuilder, Response, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// Longest answer that is read, in bytes; a longer one is an [`Error::Answer`].
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Limit on a call that does not ask the Federation to wait.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the next part of a long answer is waited for.
const STALLED: Duration = Duration::from_secs(60);

/// An identity at a Federation, making calls by name: what [`Guest`](crate::Guest), [`User`](crate::User) and
/// [`Admin`](crate::Admin) are built on, and the way to calls that have no method of their own.
#[derive(Debug, Clone)]
pub struct Caller {
    federation: Federation,
    city_id: Option<String>,
    bearer: Option<SecretString>,
    patience: Duration,
}

impl Caller {
    pub(crate) fn new(federation: Federation, city_id: Option<String>, bearer: Option<SecretString>) -> Self {
        Self { federation, city_id, bearer, patience: CALL_TIMEOUT }
    }

    /// The Federation that is called.
    pub fn federation(&self) -> &Federation {
        &self.federation
    }

    /// The city that is added to the body of every [`post`](Self::post), if any.
    pub fn city_id(&self) -> Option<&str> {
        self.city_id.as_deref()
    }

    /// The same caller, at another city.
    #[must_use]
    pub fn in_city(mut self, city_id: &str) -> Self {
        self.city_id = Some(city_id.to_owned());
        self
    }

    /// The same caller, that waits so long for an answer in place of 15 seconds; for [`download`](Self::download), so long
    /// for its beginning.
    #[must_use]
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// `GET /v1/{service}/{action}?{query}`; `&()` is an empty query.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn get<T: DeserializeOwned>(
        &self,
        service: &str,
        action: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<T, Error> {
        self.get_within(self.patience, service, action, query).await
    }

    /// `GET /v1/{service}/{action}` that answers a text for people.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn text(&self, service: &str, action: &str) -> Result<String, Error> {
        let url = self.federation.endpoint(service, action)?;
        let body =
            self.fetch(self.federation.client().get(url), self.patience, "text/plain, text/markdown").await?;
        String::from_utf8(body).map_err(|_| Error::Answer("not UTF-8".to_owned()))
    }

    pub(crate) async fn get_within<T: DeserializeOwned>(
        &self,
        timeout: Duration,
        service: &str,
        action: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<T, Error> {
        let url = self.federation.endpoint(service, action)?;
        self.send(self.federation.client().get(url).query(query), Some(timeout)).await
    }

    /// `POST /v1/{service}/{action}` with a JSON object, to which this caller's city is added if it names none.
    ///
    /// # Errors
    /// Any [`Error`] of a call; [`Error::Input`] if `body` is not a JSON object.
    pub async fn post<T: DeserializeOwned>(
        &self,
        service: &str,
        action: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, Error> {
        let body = serde_json::to_value(body)
            .map_err(|error| Error::Input(format!("the body is no JSON: {error}")))?;
        let Value::Object(mut body) = body else {
            return Err(Error::Input("the body must be a JSON object".into()));
        };
        if let Some(city_id) = &self.city_id {
            body.entry("city_id").or_insert_with(|| city_id.as_str().into());
        }
        let url = self.federation.endpoint(service, action)?;
        self.send(self.federation.client().post(url).json(&body), None).await
    }

    /// The events of a stream that ends by itself, as text.
    pub(crate) async fn stream(
        &self,
        timeout: Duration,
        service: &str,
        action: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<Vec<u8>, Error> {
        let url = self.federation.endpoint(service, action)?;
        self.fetch(self.federation.client().get(url).query(query), timeout, "text/event-stream").await
    }

    /// `GET /v1/{service}/{action}?{query}` that answers as much as there is, to be read part by part.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn download(
        &self,
        service: &str,
        action: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<Download, Error> {
        let request = self.federation.client().get(self.federation.endpoint(service, action)?).query(query);
        let begun = tokio::time::timeout(self.patience, self.begin(request, None, "*/*")).await;
        Ok(Download { response: begun.map_err(|_| Error::Stalled)?? })
    }

    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        timeout: Option<Duration>,
    ) -> Result<T, Error> {
        let body = self.fetch(request, timeout.unwrap_or(self.patience), "application/json").await?;
        parse(&body)
    }

    pub(crate) async fn fetch(
        &self,
        request: RequestBuilder,
        timeout: Duration,
        accept: &'static str,
    ) -> Result<Vec<u8>, Error> {
        read(self.begin(request, Some(timeout), accept).await?).await
    }

    /// The answer without its body, once it is no error.
    async fn begin(
        &self,
        request: RequestBuilder,
        timeout: Option<Duration>,
        accept: &'static str,
    ) -> Result<Response, Error> {
        let mut request = request.header(header::ACCEPT, accept);
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        if let Some(language) = self.federation.language() {
            request = request.header(header::ACCEPT_LANGUAGE, language);
        }
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer.expose_secret());
        }
        let response = request.send().await.map_err(Error::transport)?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        if !status.is_success() {
            let body = read(response).await?;
            return Err(Error::Api(Box::new(ApiError::from_answer(status.as_u16(), retry_after, &body))));
        }
        Ok(response)
    }
}

/// An answer on its way.
#[derive(Debug)]
pub struct Download {
    response: Response,
}

impl Download {
    /// The next part, or none after the last. Whether it is all is told by the content, not by the end.
    ///
    /// # Errors
    /// [`Error::Transport`] when the connection is lost, [`Error::Stalled`] when nothing comes for 60 seconds.
    pub async fn part(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let part = tokio::time::timeout(STALLED, self.response.chunk()).await.map_err(|_| Error::Stalled)?;
        Ok(part.map_err(Error::transport)?.map(Into::into))
    }
}

/// serde_json's text may quote the value at fault, which may be a token: only the place is told.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::Answer(format!("{:?} error in column {}", error.classify(), error.column())))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read(mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Error::transport)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Error::Answer(format!("longer than {MAX_ANSWER_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
