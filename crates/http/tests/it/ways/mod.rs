//! Ways in through somebody else: GitHub, Google, and OpenID Connect issuers by configuration.

mod broken;
pub(crate) mod github;
mod google;
mod id_token;
pub(crate) mod issuer;
mod keys;
mod mix_up;
pub(crate) mod openid;
mod posted;
mod secrecy;
mod ssrf;
