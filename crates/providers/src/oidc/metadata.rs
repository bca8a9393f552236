//! What an issuer says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414).

use crate::Outside;
use crate::ProviderError;
use downcity_core::Failure;
use serde::Deserialize;

/// The part of an issuer's metadata that is used here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    #[serde(default)]
    pub(crate) userinfo_endpoint: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    scopes_supported: Option<Vec<String>>,
    #[serde(default)]
    response_modes_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// Why metadata can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistake {
    /// Something else, or without what is needed.
    #[error(
        "its metadata is not what OpenID Connect Discovery describes (issuer, authorization_endpoint, token_endpoint, jwks_uri)"
    )]
    Unreadable,
    /// Nearly the issuer's name.
    #[error(
        "its metadata names it differently: only the slash at the end differs, so add or remove that in the setting"
    )]
    Slash,
    /// Another name.
    #[error("its metadata names another issuer: set the issuer exactly as its metadata has it")]
    OtherIssuer,
    /// It leads where we don't go, and why.
    #[error("its metadata names an address that is refused: {0}")]
    Refused(&'static str),
}

/// Where an issuer's metadata is (Discovery §4.1).
pub(crate) fn address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

impl Metadata {
    /// As [`Metadata::parse`], with the mistake in words.
    pub(crate) fn read(body: &[u8], issuer: &str, outside: &Outside) -> Result<Self, ProviderError> {
        Self::parse(body, issuer, outside).map_err(|mistake| {
            let what = format!("The issuer {issuer} can't be used: {mistake}.");
            let error = ProviderError::new(Failure::ProviderMisconfigured, what);
            // Something else than metadata is mostly the page of a proxy whose issuer is down.
            if mistake == Mistake::Unreadable { error.silent() } else { error }
        })
    }

    /// Reads metadata and checks that it is this issuer's own (Discovery §4.3: exactly the same text) and
    /// leads nowhere that is forbidden.
    pub(crate) fn parse(body: &[u8], issuer: &str, outside: &Outside) -> Result<Self, Mistake> {
        let found: Self = serde_json::from_slice(body).map_err(|_| Mistake::Unreadable)?;
        if found.issuer != issuer {
            let slash = found.issuer.strip_suffix('/').unwrap_or(&found.issuer)
                == issuer.strip_suffix('/').unwrap_or(issuer);
            return Err(if slash { Mistake::Slash } else { Mistake::OtherIssuer });
        }
        let userinfo = found.userinfo_endpoint.as_ref();
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        for endpoint in endpoints.into_iter().chain(userinfo) {
            outside.allows(endpoint).map_err(Mistake::Refused)?;
        }
        Ok(found)
    }

    /// Whether PKCE with S256 is sent. Where nothing is said it is: what an issuer doesn't know it ignores
    /// (RFC 6749 §3.1), and some that know it don't say so.
    pub(crate) fn takes_pkce(&self) -> bool {
        self.code_challenge_methods_supported
            .as_ref()
            .is_none_or(|all| all.iter().any(|method| method == "S256"))
    }

    /// Whether it can answer by POST. Where nothing is said, it answers by query and fragment only (Discovery §3).
    pub(crate) fn can_post(&self) -> bool {
        self.response_modes_supported.as_ref().is_some_and(|all| all.iter().any(|mode| mode == "form_post"))
    }

    /// Whether the client secret goes into the body instead of the header. The header is what every issuer
    /// takes unless it says otherwise (Discovery §3).
    pub(crate) fn secret_in_body(&self) -> bool {
        let has = |all: &Vec<String>, one: &str| all.iter().any(|method| method == one);
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_some_and(|all| !has(all, "client_secret_basic") && has(all, "client_secret_post"))
    }

    /// The scopes to ask for: no more than is used, and none that the issuer says it doesn't have.
    pub(crate) fn scope(&self) -> String {
        let known = |scope: &&str| match &self.scopes_supported {
            Some(all) => *scope == "openid" || all.iter().any(|one| one == scope),
            None => true,
        };
        ["openid", "profile", "email"].into_iter().filter(known).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://id.example.com/realms/main";

    fn read(changes: &serde_json::Value, outside: &Outside) -> Result<Metadata, ProviderError> {
        let mut document = json!({"issuer": ISSUER, "authorization_endpoint": "https://id.example.com/a",
            "token_endpoint": "https://id.example.com/t", "jwks_uri": "https://keys.example.com/k"});
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        Metadata::read(document.to_string().as_bytes(), ISSUER, outside)
    }

    /// A public issuer must not lead inside.
    #[test]
    fn oidc_issuer_ssrf_by_metadata() {
        let (guarded, open) = (Outside::real().unwrap(), Outside::real().unwrap().allow_private_issuers());
        assert!(read(&json!({}), &guarded).is_ok());
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for inside in
                ["https://10.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/", "http://127.0.0.1:80/"]
            {
                let error = read(&json!({name: inside}), &guarded).unwrap_err();
                assert_eq!(error.failure, Failure::ProviderMisconfigured);
                assert!(read(&json!({name: inside}), &open).is_ok(), "{name} {inside}");
            }
            for never in ["http://id.example.com/x", "javascript:alert(1)", "/x", ""] {
                assert!(read(&json!({name: never}), &open).is_err(), "{name} {never}");
            }
        }
    }

    #[test]
    fn only_what_says_so_can_post() {
        let can = |modes: serde_json::Value| {
            read(&json!({"response_modes_supported": modes}), &Outside::real().unwrap()).unwrap().can_post()
        };
        assert!(can(json!(["query", "form_post"])));
        for modes in [json!(null), json!([]), json!(["query", "fragment", "form_post.jwt"])] {
            assert!(!can(modes.clone()), "{modes}");
        }
    }

    #[test]
    fn the_metadata_is_where_discovery_says_and_a_slash_too_many_is_explained() {
        assert_eq!(address("https://a.example"), "https://a.example/.well-known/openid-configuration");
        assert_eq!(address("https://a.example/b/"), "https://a.example/b/.well-known/openid-configuration");
        let slash = read(&json!({"issuer": format!("{ISSUER}/")}), &Outside::real().unwrap()).unwrap_err();
        assert!(slash.report.contains("slash"), "{}", slash.report);
    }
}
