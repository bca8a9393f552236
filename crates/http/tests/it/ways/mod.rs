//! Ways in through somebody else: GitHub, Google, and OpenID Connect issuers by configuration.

mod github;
mod google;
mod id_token;
mod issuer;
mod keys;
mod mix_up;
mod openid;
mod secrecy;
mod ssrf;
